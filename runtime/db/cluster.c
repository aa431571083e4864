/* Private clusters: finding the server's programs, initdb, start, ready, stop, removal.
 * The server is a child of ours (no pg_ctl), so its end is seen at once. */
#include "db/cluster.h"

#include "base/arena.h"
#include "base/clock.h"
#include "db/conn.h"

#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INITDB_MS = 120000,
    START_MS = 30000,
    RETRY_MS = 20,
    STOP_MS = 30000,
    OUTPUT_BYTES = 64 * 1024,
    LAST_WORDS_BYTES = 700,
    SOCKET_FOLDER_MAX = 90, ///< sockaddr_un has 108 bytes, "/.s.PGSQL.5432.lock" needs its part
};

struct DbCluster {
    Arena *arena;
    Loop *loop;
    const char *directory;     ///< absolute
    const char *data;          ///< directory/data
    const char *socket_folder; ///< directory, or a folder of its own when that path will not do
    const char *conninfo;
    bool keep;
    bool created; ///< the directory did not exist before
    int user_id;  ///< the account of the server when we are root; 0 = ours
    int group_id;
    Child *server;
};

/* -- the programs -- */

static bool has_initdb(const char *folder)
{
    AUTO(base_free) char *path = base_printf("%s/initdb", folder);
    return access(path, X_OK) == 0;
}

/* /usr/lib/postgresql/15/bin → 15 */
static int folder_version(const char *path)
{
    const char *digits = strpbrk(path, "0123456789");
    return digits == NULL ? 0 : (int)strtol(digits, NULL, 10);
}

static bool find_by_pattern(const char *pattern, char *out, size_t size)
{
    glob_t found = {0};
    int best = -1;
    if (glob(pattern, 0, NULL, &found) != 0)
        found.gl_pathc = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int version = folder_version(found.gl_pathv[i]);
        if (version <= best || !has_initdb(found.gl_pathv[i]))
            continue;
        best = version;
        snprintf(out, size, "%s", found.gl_pathv[i]);
    }
    globfree(&found);
    return best >= 0;
}

static bool find_in_path(char *out, size_t size)
{
    const char *path = getenv("PATH");
    AUTO(base_free) char *copy = base_strdup(path == NULL ? "" : path);
    char *rest = NULL;
    for (char *folder = strtok_r(copy, ":", &rest); folder != NULL;
         folder = strtok_r(NULL, ":", &rest)) {
        if (has_initdb(folder)) {
            snprintf(out, size, "%s", folder);
            return true;
        }
    }
    return false;
}

const char *db_cluster_bin(void)
{
    /* Debian and Red Hat; pg_config is not asked: it names the newest headers, not a server. */
    static const char *const PATTERNS[] = {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"};
    static char folder[PATH_MAX];
    const char *wanted = getenv("HEADGATE_PG_BIN");
    if (!text_empty(wanted))
        return has_initdb(wanted) ? wanted : NULL;
    if (folder[0] != '\0')
        return folder;
    for (size_t i = 0; i < COUNT_OF(PATTERNS); i++) {
        if (find_by_pattern(PATTERNS[i], folder, sizeof(folder)))
            return folder;
    }
    return find_in_path(folder, sizeof(folder)) ? folder : NULL;
}

/* -- folders -- */

static bool choose_account(DbCluster *cluster, Error *err)
{
    if (geteuid() != 0)
        return true;
    const struct passwd *user = getpwnam("postgres");
    if (user == NULL)
        user = getpwnam("nobody");
    if (user == NULL)
        return error_set(
            err, ERROR_REFUSED,
            "PostgreSQL does not run as root, and there is no user postgres or nobody");
    cluster->user_id = (int)user->pw_uid;
    cluster->group_id = (int)user->pw_gid;
    return true;
}

static bool make_folder(const DbCluster *cluster, const char *path, Error *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return error_set(err, ERROR_INTERNAL, "cannot create %s: %s", path, strerror(errno));
    if (cluster->user_id > 0 && chown(path, (uid_t)cluster->user_id, (gid_t)cluster->group_id) != 0)
        return error_set(err, ERROR_INTERNAL, "cannot give %s away: %s", path, strerror(errno));
    return true;
}

static bool make_temp_folder(const DbCluster *cluster, const char **ret_path, Error *err)
{
    char *path = arena_strdup(cluster->arena, "/tmp/headgate-XXXXXX");
    if (mkdtemp(path) == NULL)
        return error_set(err, ERROR_INTERNAL, "cannot create %s: %s", path, strerror(errno));
    *ret_path = path;
    return make_folder(cluster, path, err);
}

static bool make_given_folder(DbCluster *cluster, const char *directory, Error *err)
{
    cluster->created = access(directory, F_OK) != 0;
    if (!make_folder(cluster, directory, err))
        return false;
    char absolute[PATH_MAX];
    if (realpath(directory, absolute) == NULL)
        return error_set(err, ERROR_INTERNAL, "%s: %s", directory, strerror(errno));
    cluster->directory = arena_strdup(cluster->arena, absolute);
    return true;
}

/* Short enough for a socket's address, and nothing that configuration or conninfo would have to
 * quote. */
static bool fits_socket(const char *path)
{
    static const char PLAIN[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    return strlen(path) <= SOCKET_FOLDER_MAX && path[strspn(path, PLAIN)] == '\0';
}

static bool make_folders(DbCluster *cluster, const DbClusterOptions *options, Error *err)
{
    if (options->directory != NULL) {
        if (!make_given_folder(cluster, options->directory, err))
            return false;
    } else {
        if (!make_temp_folder(cluster, &cluster->directory, err))
            return false;
        cluster->created = true;
    }
    invariant(cluster->directory != NULL);
    cluster->data = arena_printf(cluster->arena, "%s/data", cluster->directory);
    cluster->socket_folder = cluster->directory;
    return fits_socket(cluster->directory) ||
           make_temp_folder(cluster, &cluster->socket_folder, err);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    UNUSED(info);
    UNUSED(type);
    UNUSED(walk);
    (void)remove(path);
    return 0;
}

static void remove_tree(void *path)
{
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* -- initdb -- */

/* Nothing of the user's PG* variables may lead a private server elsewhere; messages in English. */
static const char *const CLEAN_ENV[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL};

static const char *utf8_locale(void)
{
    locale_t found = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    if (found == (locale_t)0)
        return "--locale=C";
    freelocale(found);
    return "--locale=C.UTF-8";
}

/* What a program said at its end, as much as fits an error. */
static const char *last_words(const char *text)
{
    size_t length = strlen(text);
    return length <= LAST_WORDS_BYTES ? text : text + length - LAST_WORDS_BYTES;
}

static bool run_initdb(DbCluster *cluster, const char *bin, Error *err)
{
    const char *program = arena_printf(cluster->arena, "%s/initdb", bin);
    const char *argv[] = {program, "-D", cluster->data, "-U",          "headgate",  "-A",
                          "trust", "-E", "UTF8",        utf8_locale(), "--no-sync", NULL};
    ChildOptions options = {.argv = argv,
                            .env = CLEAN_ENV,
                            .directory = "/",
                            .output = CHILD_CAPTURE,
                            .capture_max_bytes = OUTPUT_BYTES,
                            .own_group = true,
                            .user_id = cluster->user_id};
    Child *child = NULL;
    ChildExit ended = {0};
    if (!child_start(cluster->loop, &options, &child, err))
        return false;
    bool ok = child_wait(child, INITDB_MS, &ended, err);
    if (ok && ended.code != 0)
        ok = error_set(err, ERROR_INTERNAL, "initdb failed: %s", last_words(child_stderr(child)));
    child_free(child);
    return ok;
}

static bool write_file(const char *path, const char *mode, const char *text, Error *err)
{
    FILE *file = fopen(path, mode);
    bool ok = file != NULL && fputs(text, file) >= 0;
    if (file != NULL)
        ok = fclose(file) == 0 && ok;
    return ok || error_set(err, ERROR_INTERNAL, "cannot write %s: %s", path, strerror(errno));
}

static bool write_settings(DbCluster *cluster, const DbClusterOptions *options, Error *err)
{
    const char *fsync = options->durable ? "on" : "off";
    const char *text = arena_printf(
        cluster->arena,
        "listen_addresses = ''\nport = 5432\nunix_socket_directories = '%s'\n"
        "unix_socket_permissions = 0700\nfsync = %s\nfull_page_writes = %s\n"
        "shared_buffers = 64MB\nmax_connections = 100\nlogging_collector = off\n"
        "log_destination = stderr\n%s\n",
        cluster->socket_folder, fsync, fsync, options->settings == NULL ? "" : options->settings);
    return write_file(arena_printf(cluster->arena, "%s/headgate.conf", cluster->data), "w", text,
                      err);
}

static bool prepare_data(DbCluster *cluster, const DbClusterOptions *options, const char *bin,
                         Error *err)
{
    const char *main_file = arena_printf(cluster->arena, "%s/postgresql.conf", cluster->data);
    const char *version = arena_printf(cluster->arena, "%s/PG_VERSION", cluster->data);
    if (access(version, F_OK) != 0) {
        /* Half an earlier attempt would stop initdb. */
        fiber_run_blocking(remove_tree, (void *)(uintptr_t)cluster->data);
        if (!run_initdb(cluster, bin, err) ||
            !write_file(main_file, "a", "\ninclude 'headgate.conf'\n", err))
            return false;
    }
    return write_settings(cluster, options, err);
}

/* -- start and stop -- */

/* Without setpriv a server whose owner was killed would live on and keep its data locked; with it
 * the kernel asks the server for a fast shutdown then. */
static bool start_server(DbCluster *cluster, const char *bin, Error *err)
{
    static const char SETPRIV[] = "/usr/bin/setpriv";
    const char *program = arena_printf(cluster->arena, "%s/postgres", bin);
    const char *argv[] = {SETPRIV, "--pdeathsig", "INT", "--", program, "-D", cluster->data, NULL};
    const char *const *without = argv + 4;
    ChildOptions options = {.argv = access(SETPRIV, X_OK) == 0 ? argv : without,
                            .env = CLEAN_ENV,
                            .directory = "/",
                            .output = CHILD_CAPTURE,
                            .capture_max_bytes = OUTPUT_BYTES,
                            .own_group = true,
                            .user_id = cluster->user_id};
    return child_start(cluster->loop, &options, &cluster->server, err);
}

static bool wait_until_ready(DbCluster *cluster, Error *err)
{
    int64_t until = clock_monotonic_us() + INT64_C(1000) * START_MS;
    DbTarget target = {.conninfo = cluster->conninfo, .application_name = "headgate: start"};
    for (;;) {
        DbConn *conn = NULL;
        if (db_open(cluster->loop, &target, &conn, err)) {
            db_close(conn);
            return true;
        }
        if (!child_running(cluster->server))
            return error_set(err, ERROR_INTERNAL, "the private server did not start: %s",
                             last_words(child_stderr(cluster->server)));
        if (err->kind != ERROR_UNREACHABLE)
            return false;
        if (clock_monotonic_us() > until)
            return error_wrap(err, "the private server is not ready after %d s", START_MS / 1000);
        if (!fiber_sleep(RETRY_MS, err))
            return false;
    }
}

static void stop_server(DbCluster *cluster)
{
    if (cluster->server == NULL)
        return;
    child_kill(cluster->server, SIGINT); /* fast shutdown */
    if (!child_wait(cluster->server, STOP_MS, NULL, NULL)) {
        child_kill(cluster->server, SIGQUIT);
        (void)!child_wait(cluster->server, STOP_MS, NULL, NULL);
    }
    child_free(cluster->server);
}

static void remove_folders(const DbCluster *cluster)
{
    if (cluster->socket_folder != NULL && cluster->socket_folder != cluster->directory)
        fiber_run_blocking(remove_tree, (void *)(uintptr_t)cluster->socket_folder);
    if (cluster->keep || cluster->directory == NULL)
        return;
    /* A folder that was there before may hold other things than ours. */
    const char *ours = cluster->created ? cluster->directory : cluster->data;
    if (ours != NULL)
        fiber_run_blocking(remove_tree, (void *)(uintptr_t)ours);
}

void db_cluster_free(DbCluster *cluster)
{
    if (cluster == NULL)
        return;
    bool before = fiber_shield(true); /* a cancelled fiber must still end the server */
    stop_server(cluster);
    remove_folders(cluster);
    fiber_shield(before);
    arena_free(cluster->arena);
    free(cluster);
}

static bool start(DbCluster *cluster, const DbClusterOptions *options, Error *err)
{
    const char *bin = db_cluster_bin();
    if (bin == NULL) {
        error_set(err, ERROR_REFUSED, "no PostgreSQL server is installed");
        return error_hint(err, "Install it (Debian: postgresql), or set HEADGATE_PG_BIN to the "
                               "folder of initdb.");
    }
    if (!choose_account(cluster, err) || !make_folders(cluster, options, err))
        return false;
    cluster->conninfo = arena_printf(
        cluster->arena, "host=%s port=5432 user=headgate dbname=postgres", cluster->socket_folder);
    return prepare_data(cluster, options, bin, err) && start_server(cluster, bin, err) &&
           wait_until_ready(cluster, err);
}

bool db_cluster_start(Loop *loop, const DbClusterOptions *options, DbCluster **ret_cluster,
                      Error *err)
{
    static const DbClusterOptions DEFAULTS = {0};
    if (options == NULL)
        options = &DEFAULTS;
    DbCluster *cluster = base_alloc(sizeof(*cluster));
    *cluster = (DbCluster){.arena = arena_new(), .loop = loop, .keep = options->keep};
    Error local = {0};
    if (!start(cluster, options, &local)) {
        db_cluster_free(cluster);
        error_wrap(&local, "starting a private PostgreSQL");
        if (err != NULL)
            *err = local;
        return false;
    }
    *ret_cluster = cluster;
    return true;
}

const char *db_cluster_conninfo(const DbCluster *cluster)
{
    return cluster->conninfo;
}

const char *db_cluster_directory(const DbCluster *cluster)
{
    return cluster->directory;
}
