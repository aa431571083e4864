/* backup: pg_dump in custom format beside the project, verified by listing it with pg_restore. */
#include "run/kind.h"

#include "base/fault.h"
#include "base/file.h"
#include "db/env.h"
#include "loop/child.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { OUTPUT_MAX_BYTES = 64 * 1024 * 1024, POLL_MS = 500 };

static bool run_program(Run *run, const char *const *argv, const char *const *env,
                        size_t *ret_lines, Error *err)
{
    Child *child = NULL;
    ChildOptions options = {.argv = argv,
                            .env = env,
                            .output = CHILD_CAPTURE,
                            .capture_max_bytes = OUTPUT_MAX_BYTES,
                            .own_group = true};
    if (!child_start(run->loop, &options, &child, err))
        return false;
    ChildExit ended = {0};
    bool ok = true;
    while (ok && child_running(child)) {
        Error timeout = {0};
        if (!child_wait(child, POLL_MS, &ended, &timeout))
            ok = !run_interrupted(run) || run_stop_here(err);
    }
    ok = ok && child_wait(child, -1, &ended, err);
    if (ok && ended.code != 0)
        ok = error_set(err, ERROR_INTERNAL, "%s failed: %.400s", strrchr(argv[0], '/') + 1,
                       child_stderr(child));
    for (const char *at = child_stdout(child); ok && at != NULL && *at != '\0'; at++)
        *ret_lines += *at == '\n' && at[1] != ';';
    child_free(child);
    return ok;
}

static bool dump(Run *run, const char *path, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *pg_dump = NULL;
    const char *pg_restore = NULL;
    const char **env = NULL;
    if (!db_env_program(arena, "pg_dump", &pg_dump, err) ||
        !db_env_program(arena, "pg_restore", &pg_restore, err) ||
        !db_env(arena, run->options.target->url, &env, err))
        return false;
    size_t lines = 0;
    const char *const dump_argv[] = {
        pg_dump, "--format=custom", "--no-password", "--exclude-schema=headgate", "--file", path,
        NULL};
    const char *const list_argv[] = {pg_restore, "--list", path, NULL};
    FAULT("backup.dump");
    if (!run_program(run, dump_argv, env, &lines, err))
        return false;
    FAULT("backup.dumped");
    lines = 0;
    if (!run_program(run, list_argv, env, &lines, err))
        return error_wrap(err, "verifying the backup");
    struct stat info;
    if (lines == 0 || stat(path, &info) != 0)
        return error_set(err, ERROR_INTERNAL, "the backup lists nothing");
    char text[256];
    snprintf(text, sizeof(text), "%zu objects in %lld bytes, listed by pg_restore", lines,
             (long long)info.st_size);
    json_set_string(detail, "verdict", "pass");
    json_set_string(detail, "text", text);
    json_set_string(detail, "file", path);
    json_set_int(detail, "size_bytes", (int64_t)info.st_size);
    return true;
}

bool run_kind_backup_forward(Run *run, const PlanNode *node, Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    const char *folder = run->options.hooks->backup_folder;
    if (!file_make_folder(folder, err))
        return error_wrap(err, "backups");
    AUTO(base_free)
    char *path = base_printf("%s/%s-%s.dump", folder, run->plan->root->name, run->id_text);
    run_step_started(run, node);
    if (!dump(run, path, detail, err))
        return false;
    json_set_string(detail, "retain", plan_text(node, "retain"));
    return run_step_apply(run, node, STEP_EVENT_FINISH, detail, NULL, err);
}
