/* backup: pg_dump in custom format beside the project, verified by listing it with pg_restore, and
 * by restoring it where the plan asks for that. */
#include "run/kind.h"
#include "run/program.h"
#include "run/restore.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "db/env.h"

#include <stdio.h>
#include <sys/stat.h>

/* A dump on its way: what its progress is told by. */
typedef struct Dump {
    Run *run;
    const PlanNode *node;
    const char *path;
    const char *snapshot; ///< NULL: pg_dump takes its own
    int64_t began_us;
} Dump;

static void tell_progress(void *ctx)
{
    const Dump *dump = ctx;
    struct stat info;
    AUTO(json_auto) json_t *data = json_object();
    if (stat(dump->path, &info) != 0)
        return;
    json_set_string(data, "phase", "dumping");
    json_set_string(data, "unit", "bytes");
    json_set_int(data, "done", (int64_t)info.st_size);
    json_object_set_new(data, "total", json_null());
    json_set_int(data, "running_s", (clock_monotonic_us() - dump->began_us) / 1000000);
    run_tell(dump->run, "step.progress", dump->node->path, data);
}

static bool dump_and_list(Dump *dump, size_t *ret_objects, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *pg_dump = NULL;
    const char *pg_restore = NULL;
    const char **env = NULL;
    if (!db_env_program(arena, "pg_dump", &pg_dump, err) ||
        !db_env_program(arena, "pg_restore", &pg_restore, err) ||
        !db_env(arena, dump->run->options.target->url, &env, err))
        return false;
    const char *const dump_argv[] = {
        pg_dump,
        "--format=custom",
        "--no-password",
        "--exclude-schema=headgate",
        "--file",
        dump->path,
        dump->snapshot == NULL ? NULL : arena_printf(arena, "--snapshot=%s", dump->snapshot),
        NULL};
    const char *const list_argv[] = {pg_restore, "--list", dump->path, NULL};
    FAULT("backup.dump");
    if (!run_program(
            dump->run,
            &(RunProgram){.argv = dump_argv, .env = env, .progress = tell_progress, .ctx = dump},
            NULL, err))
        return false;
    FAULT("backup.dumped");
    return run_program(dump->run, &(RunProgram){.argv = list_argv, .env = env}, ret_objects, err) ||
           error_wrap(err, "verifying the backup");
}

static bool dump_file(Dump *dump, json_t *detail, Error *err)
{
    size_t objects = 0;
    struct stat info;
    if (!dump_and_list(dump, &objects, err))
        return false;
    if (objects == 0 || stat(dump->path, &info) != 0)
        return error_set(err, ERROR_INTERNAL, "the backup lists nothing");
    char text[256];
    snprintf(text, sizeof(text), "%zu objects in %lld bytes, listed by pg_restore", objects,
             (long long)info.st_size);
    json_set_string(detail, "verdict", "pass");
    json_set_string(detail, "text", text);
    json_set_string(detail, "file", dump->path);
    json_set_int(detail, "size_bytes", (int64_t)info.st_size);
    return true;
}

static bool dump_and_restore(Dump *dump, json_t *detail, Error *err)
{
    RunRestore *restore = NULL;
    bool ok = run_restore_begin(dump->run, dump->node, &restore, err);
    if (ok) {
        dump->snapshot = run_restore_snapshot(restore);
        ok = dump_file(dump, detail, err) && run_restore_test(restore, dump->path, detail, err);
    }
    run_restore_done(restore);
    if (!ok)
        return false;
    AUTO(base_free)
    char *text = base_printf("%s; %s", json_get_string(detail, "text", ""),
                             json_get_string(json_object_get(detail, "restore"), "text", ""));
    json_set_string(detail, "text", text);
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
    Dump dump = {.run = run, .node = node, .path = path, .began_us = clock_monotonic_us()};
    if (!(run_restore_wanted(node) ? dump_and_restore(&dump, detail, err)
                                   : dump_file(&dump, detail, err)))
        return false;
    json_set_string(detail, "retain", plan_text(node, "retain"));
    return run_step_apply(run, node, STEP_EVENT_FINISH, detail, NULL, err);
}
