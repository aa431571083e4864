/* Names for the statements that pass, and connections that drop. */
#include "db/fault.h"

#include "base/embed.h"
#include "db/library.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#ifdef HEADGATE_FAULTS

extern const EmbedFile db_sql_files[];

/* What makes a statement a write, as whole words outside comments. */
static const char *const WRITES[] = {
    "insert",       "update",        "delete",  "create",    "alter",
    "drop",         "truncate",      "reindex", "copy",      "comment",
    "grant",        "revoke",        "vacuum",  "pg_notify", "pg_terminate_backend",
    "event_append", "events_append",
};

static bool is_write(const char *word, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(WRITES); i++) {
        if (strlen(WRITES[i]) == length && strncasecmp(WRITES[i], word, length) == 0)
            return true;
    }
    return false;
}

static bool writes(const char *sql)
{
    while (*sql != '\0') {
        if (strncmp(sql, "--", 2) == 0) {
            sql += strcspn(sql, "\n");
            continue;
        }
        size_t length = 0;
        while (isalnum((unsigned char)sql[length]) || sql[length] == '_')
            length++;
        if (length > 0 && is_write(sql, length))
            return true;
        sql += length > 0 ? length : 1;
    }
    return false;
}

/* Ours begin with a comment, which stays when the rest is filled in. */
static void name_of(const char *sql, char *out, size_t size)
{
    out[0] = '\0';
    if (!writes(sql))
        return;
    snprintf(out, size, "plan_sql");
    size_t line = strcspn(sql, "\n");
    if (strncmp(sql, "--", 2) != 0)
        return;
    for (const EmbedFile *file = db_sql_files; file->name != NULL; file++) {
        if (strncmp(file->start, sql, line + 1) != 0)
            continue;
        snprintf(out, size, "%.*s", (int)strcspn(file->name, "."), file->name);
        return;
    }
}

static void drop(PGconn *pg)
{
    shutdown(pq->socket(pg), SHUT_RDWR);
}

static void pass(PGconn *pg, const char *point)
{
    if (fault_pass(point) == FAULT_DROP_CONNECTION)
        drop(pg);
}

static void pass_named(PGconn *pg, const char *name, const char *where)
{
    char point[DB_FAULT_NAME_BYTES + 32];
    if (name[0] == '\0')
        return;
    snprintf(point, sizeof(point), "%s.%s", name, where);
    pass(pg, point);
}

static void remember_write(DbFault *fault)
{
    if (fault->statement[0] != '\0')
        snprintf(fault->write, sizeof(fault->write), "%s", fault->statement);
    fault->statement[0] = '\0';
}

void db_fault_before(DbFault *fault, PGconn *pg, const char *sql)
{
    pass(pg, "libpq.send");
    fault->commit = strcmp(sql, "COMMIT") == 0;
    if (fault->commit) {
        remember_write(fault); /* a pipeline may hold the write and its COMMIT */
        pass_named(pg, fault->write, "before_commit");
        return;
    }
    if (strcmp(sql, "BEGIN") == 0 || strcmp(sql, "ROLLBACK") == 0)
        fault->write[0] = '\0';
    char name[DB_FAULT_NAME_BYTES];
    name_of(sql, name, sizeof(name));
    if (name[0] == '\0')
        return;
    snprintf(fault->statement, sizeof(fault->statement), "%s", name);
    pass_named(pg, name, "before");
}

void db_fault_sent(DbFault *fault, PGconn *pg)
{
    if (fault->commit)
        pass_named(pg, fault->write, "commit_sent");
    else
        pass_named(pg, fault->statement, "sent");
    pass(pg, "libpq.receive");
}

void db_fault_after(DbFault *fault, PGconn *pg)
{
    if (fault->commit) {
        pass_named(pg, fault->write, "after_commit");
        fault->write[0] = '\0';
        return;
    }
    pass_named(pg, fault->statement, "after");
    remember_write(fault);
}

#endif
