/* backup: pg_dump in custom format beside the project, verified by listing it with pg_restore, and
 * by restoring it where the plan asks for that; or what another tool says of its own. */
#include "run/act.h"
#include "run/kind.h"
#include "run/program.h"
#include "run/proof_external.h"
#include "run/restore.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "db/env.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_CHARS = 12 };

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

/* One name for one step of one run in one database, whatever else keeps its backups in the folder:
 * a runner that comes after a dead one writes over what that left, and over nothing else. */
static char *path_of(const Run *run, const PlanNode *node)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *key = run_act_key(run, node, "dump", arena);
    return base_printf("%s/%s-%s-%.*s.dump", run->options.hooks->backup_folder,
                       run->plan->root->name, run->id_text, (int)KEY_CHARS, strchr(key, '-') + 1);
}

static bool dump(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    if (!file_make_folder(run->options.hooks->backup_folder, err))
        return error_wrap(err, "backups");
    AUTO(base_free) char *path = path_of(run, node);
    run_step_started(run, node);
    Dump dump = {.run = run, .node = node, .path = path, .began_us = clock_monotonic_us()};
    return run_restore_wanted(node) ? dump_and_restore(&dump, detail, err)
                                    : dump_file(&dump, detail, err);
}

/* A verdict is told at once, also where it fails. */
static bool look_for_proof(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    run_step_started(run, node);
    bool holds = run_proof_external(run, node, detail, err);
    if (json_object_get(detail, "verdict") == NULL)
        return false;
    AUTO(json_auto) json_t *data = json_copy(detail);
    json_set_string(data, "kind", plan_kind_name(node->kind));
    run_tell(run, "check.result", node->path, data);
    return holds;
}

bool run_kind_backup_forward(Run *run, const PlanNode *node, Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    const json_t *retain = json_object_get(node->keys, "retain");
    if (!(run_proof_external_wanted(node) ? look_for_proof(run, node, detail, err)
                                          : dump(run, node, detail, err)))
        return false;
    if (retain != NULL)
        json_object_set_new(detail, "retain", json_deep_copy(retain));
    return run_step_apply(run, node, STEP_EVENT_FINISH, detail, NULL, err);
}

/* Is the file that the run made still there, as it was? What another tool proves is asked again. */
bool run_kind_backup_again(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    if (run_proof_external_wanted(node))
        return run_proof_external(run, node, detail, err);
    const json_t *made = json_object_get(run_step_row(run, node->path), "detail");
    const char *path = json_get_string(made, "file", "");
    int64_t bytes = json_get_int(made, "size_bytes", 0);
    struct stat info;
    char text[512];
    bool there = stat(path, &info) == 0;
    if (!there)
        snprintf(text, sizeof(text), "%.300s is not there: %s", path, strerror(errno));
    else if (info.st_size != bytes)
        snprintf(text, sizeof(text), "%.300s has %lld bytes, had %lld", path,
                 (long long)info.st_size, (long long)bytes);
    else
        snprintf(text, sizeof(text), "%.300s is there, with its %lld bytes", path,
                 (long long)bytes);
    return run_kind_check_verdict(detail, there && info.st_size == bytes, text, err);
}
