/* The least that a run with nothing to do can be: minimal FOLDER reads every file of a folder, adds
 * up its bytes, and asks the database that the PG* variables name one question. No hash, no
 * configuration, no plan: what a process, the files and a new connection take on this machine. */
#include <dirent.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <unistd.h>

static char bytes[1 << 20];

static long sum_of(int folder, const char *name)
{
    long sum = 0;
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? 0 : read(file, bytes, sizeof(bytes));
    for (ssize_t i = 0; i < got; i++)
        sum += (unsigned char)bytes[i];
    close(file);
    return sum;
}

int main(int argc, char **argv)
{
    long sum = 0;
    DIR *entries = argc == 2 ? opendir(argv[1]) : NULL;
    if (entries == NULL)
        return 2;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_type == DT_REG)
            sum += sum_of(dirfd(entries), entry->d_name);
    }
    closedir(entries);
    PGconn *conn = PQconnectdb("");
    PGresult *result = PQexec(conn, "SELECT count(*) FROM headgate.run WHERE state = 'done'");
    int ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    printf("%ld %s\n", sum, ok ? PQgetvalue(result, 0, 0) : PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    return !ok;
}
