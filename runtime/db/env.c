/* conninfo to environment. */
#include "db/env.h"

#include "db/cluster.h"
#include "db/library.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static bool overridden(const PQconninfoOption *options, const char *entry)
{
    size_t length = strcspn(entry, "=");
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val != NULL && option->envvar != NULL && strlen(option->envvar) == length &&
            strncmp(option->envvar, entry, length) == 0)
            return true;
    }
    return false;
}

/* What libpq and the loader read. No other password of ours goes along, by whatever name. */
static bool is_needed(const char *entry)
{
    static const char *const NAMES[] = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR"};
    static const char *const FAMILIES[] = {"PG", "LC_", "LD_", "SSL_", "OPENSSL_", "KRB5"};
    size_t length = strcspn(entry, "=");
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        if (strlen(NAMES[i]) == length && strncmp(entry, NAMES[i], length) == 0)
            return true;
    }
    for (size_t i = 0; i < COUNT_OF(FAMILIES); i++) {
        if (text_starts(entry, FAMILIES[i]))
            return true;
    }
    return false;
}

bool db_env(Arena *arena, const char *conninfo, const char ***ret_env, Error *err)
{
    char *problem = NULL;
    if (!db_library(err))
        return false;
    PQconninfoOption *options = pq->conninfoParse(conninfo, &problem);
    if (options == NULL) {
        error_set(err, ERROR_INPUT, "the connection settings do not parse");
        pq->freemem(problem);
        return false;
    }
    size_t count = 1;
    for (char **entry = environ; *entry != NULL; entry++)
        count++;
    for (PQconninfoOption *option = options; option->keyword != NULL; option++)
        count++;
    const char **env = arena_alloc(arena, count * sizeof(*env));
    size_t used = 0;
    for (char **entry = environ; *entry != NULL; entry++) {
        if (is_needed(*entry) && !overridden(options, *entry))
            env[used++] = *entry;
    }
    for (PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val != NULL && option->envvar != NULL)
            env[used++] = arena_printf(arena, "%s=%s", option->envvar, option->val);
    }
    pq->conninfoFree(options);
    *ret_env = env;
    return true;
}

bool db_env_program(Arena *arena, const char *name, const char **ret_path, Error *err)
{
    const char *bin = db_cluster_bin();
    const char *folders = getenv("PATH");
    AUTO(base_free)
    char *all = base_printf("%s%s%s", bin == NULL ? "" : bin, bin == NULL ? "" : ":",
                            folders == NULL ? "" : folders);
    char *rest = NULL;
    for (char *folder = strtok_r(all, ":", &rest); folder != NULL;
         folder = strtok_r(NULL, ":", &rest)) {
        const char *path = arena_printf(arena, "%s/%s", folder, name);
        if (access(path, X_OK) == 0) {
            *ret_path = path;
            return true;
        }
    }
    error_set(err, ERROR_INPUT, "%s is not installed", name);
    return error_hint(err, "install the package postgresql-client");
}
