/* A backup that nobody has restored is a hope. The counts are of the snapshot that pg_dump reads,
 * so that an application at work changes nothing about the verdict. */
#include "run/restore.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "db/env.h"
#include "db/sql.h"
#include "run/program.h"
#include "run/step.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CREATE, CLOSE, COMMENT, DROP, STATEMENTS, DIGEST_CHARS = 24 };

struct RunRestore {
    Run *run;
    const PlanNode *node;
    Arena *arena;
    DbConn *snapshot; /* REPEATABLE READ, until the tables are counted */
    DbConn *admin;    /* creates and drops */
    const char *snapshot_id;
    const char *database;
    const char *statements[STATEMENTS];
    bool created; /* or nearly so */
    int64_t began_us;
    json_t *wanted; /* table → "rows digest" */
    int64_t rows;
};

static const json_t *options_of(const PlanNode *node)
{
    return json_object_get(node->keys, "restore_test");
}

bool run_restore_wanted(const PlanNode *node)
{
    const json_t *options = options_of(node);
    return node->kind == PLAN_BACKUP && (json_is_true(options) || json_is_object(options));
}

/* ------------------------------------------------------------------ scratch databases */

static const char *database_of(const Run *run, const PlanNode *node, Arena *arena)
{
    char hex[HASH_HEX_BYTES];
    const char *text =
        arena_printf(arena, "%s\n%s\n%s\n%s", json_get_string(run->head, "system_identifier", ""),
                     json_get_string(run->head, "database", ""), run->id_text, node->path);
    hash_sha256_hex(text, strlen(text), hex);
    return arena_printf(arena, "headgate_restore_%s_%.*s", run->id_text, (int)DIGEST_CHARS, hex);
}

/* Not bound by the limits of a step's statements: creating, counting and dropping take their time.
 */
static bool connect_to(Run *run, const char *database, DbConn **ret_conn, Error *err)
{
    const ConfigTarget *target = run->options.target;
    const DbTarget options = {.conninfo = target->url,
                              .database = database,
                              .application_name = run->application,
                              .statement_timeout_ms = -1,
                              .pooler_session = target->pooler_session};
    return db_open(run->loop, &options, ret_conn, err);
}

static bool read_statements(RunRestore *restore, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    const char *comment = arena_printf(restore->arena, "headgate: restore test of run %s, %s",
                                       restore->run->id_text, restore->node->path);
    if (!db_query(restore->admin, db_sql("restore_create"), DB_PARAMS(restore->database, comment),
                  &found, err))
        return false;
    for (int i = 0; i < STATEMENTS; i++)
        restore->statements[i] = arena_strdup(restore->arena, db_value(found, 0, i));
    return true;
}

static bool create(RunRestore *restore, Error *err)
{
    restore->created = true;
    for (int i = CREATE; i <= COMMENT; i++) {
        if (!db_exec(restore->admin, restore->statements[i], NULL, NULL, err))
            return error_wrap(err, "the scratch database");
    }
    return true;
}

static bool may_create(DbConn *conn, const PlanNode *node, Error *err)
{
    AUTO(db_result_auto) DbResult *may = NULL;
    if (!db_query(conn, db_sql("restore_may"), NULL, &may, err))
        return false;
    return db_bool(may, 0, 0) ||
           error_set(err, ERROR_REFUSED,
                     "the restore test of \"%s\" makes a scratch database, and the role %s may not "
                     "create databases: ALTER ROLE %s CREATEDB, or leave restore_test out",
                     node->path, db_value(may, 0, 1), db_value(may, 0, 1));
}

bool run_restore_ready(Run *run, const PlanNode **ret_node, Error *err)
{
    for (size_t i = 0; i < run->plan->nodes_count; i++) {
        const PlanNode *node = run->plan->nodes[i];
        *ret_node = node;
        if (run_restore_wanted(node) && run_step_state(run, node) != STEP_DONE)
            return may_create(run->effects, node, err);
    }
    return true;
}

bool run_restore_sweep(Run *run, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < run->plan->nodes_count; i++) {
        const PlanNode *node = run->plan->nodes[i];
        if (!run_restore_wanted(node))
            continue;
        AUTO(db_result_auto) DbResult *left = NULL;
        RunRestore restore = {
            .run = run, .node = node, .arena = arena, .database = database_of(run, node, arena)};
        if (!db_query(run->effects, db_sql("restore_left"), DB_PARAMS(restore.database), &left,
                      err))
            return false;
        if (db_rows(left) == 0)
            continue;
        run_log(run, node->path, "info",
                "drops the scratch database %s, which a runner left behind", restore.database);
        bool ok = connect_to(run, NULL, &restore.admin, err) && read_statements(&restore, err) &&
                  db_exec(restore.admin, restore.statements[DROP], NULL, NULL, err);
        db_close(restore.admin);
        if (!ok)
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ what is in it */

/* Every row of a table counts, in no order; what it holds only where digests are wanted. */
static bool measure_table(DbConn *conn, const char *table, bool digests, Arena *arena,
                          int64_t *ret_rows, const char **ret_measure, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    AUTO(base_free)
    char *sql =
        base_printf("SELECT count(*), %s FROM ONLY %s AS headgate_row",
                    digests ? "coalesce(sum(pg_catalog.hashtextextended((headgate_row.*)::text "
                              "COLLATE \"C\", 0)::numeric), 0)"
                            : "NULL",
                    table);
    if (!db_query(conn, sql, NULL, &found, err))
        return error_wrap(err, "%s", table);
    *ret_rows = db_int(found, 0, 0);
    *ret_measure = arena_printf(arena, "%s %s", db_value(found, 0, 0), db_value(found, 0, 1));
    return true;
}

static bool measure_snapshot(RunRestore *restore, Error *err)
{
    AUTO(db_result_auto) DbResult *tables = NULL;
    bool digests = json_get_bool(options_of(restore->node), "digests", false);
    if (!db_query(restore->snapshot, db_sql("restore_tables"), NULL, &tables, err))
        return false;
    for (int i = 0; i < db_rows(tables); i++) {
        int64_t rows = 0;
        const char *measure = NULL;
        if (run_interrupted(restore->run) && !run_stop_here(err))
            return false;
        if (!measure_table(restore->snapshot, db_value(tables, i, 0), digests, restore->arena,
                           &rows, &measure, err))
            return false;
        json_set_string(restore->wanted, db_value(tables, i, 0), measure);
        restore->rows += rows;
    }
    db_close(restore->snapshot);
    restore->snapshot = NULL;
    return true;
}

static bool compare(RunRestore *restore, Error *err)
{
    AUTO(db_close_auto) DbConn *scratch = NULL;
    bool digests = json_get_bool(options_of(restore->node), "digests", false);
    const char *table = NULL;
    json_t *wanted = NULL;
    if (!connect_to(restore->run, restore->database, &scratch, err))
        return false;
    json_object_foreach (restore->wanted, table, wanted) {
        int64_t rows = 0;
        const char *measure = NULL;
        const char *was = json_string_value(wanted);
        if (run_interrupted(restore->run) && !run_stop_here(err))
            return false;
        if (!measure_table(scratch, table, digests, restore->arena, &rows, &measure, err))
            return false;
        if (strcmp(was, measure) == 0)
            continue;
        int64_t dumped = strtoll(was, NULL, 10);
        if (dumped != rows)
            return error_set(err, ERROR_REFUSED,
                             "the restore test fails: %s had %" PRId64
                             " rows when it was dumped, and %" PRId64 " after it was restored",
                             table, dumped, rows);
        return error_set(err, ERROR_REFUSED,
                         "the restore test fails: the %" PRId64
                         " rows of %s are other ones after they were restored",
                         rows, table);
    }
    return true;
}

/* ------------------------------------------------------------------ restoring */

static void tell_progress(void *ctx)
{
    const RunRestore *restore = ctx;
    AUTO(db_result_auto) DbResult *size = NULL;
    AUTO(json_auto) json_t *data = json_object();
    Error ignored = {0};
    if (!db_query(restore->admin, db_sql("restore_left"), DB_PARAMS(restore->database), &size,
                  &ignored) ||
        db_rows(size) == 0)
        return;
    json_set_string(data, "phase", "restoring into a scratch database");
    json_set_string(data, "unit", "bytes");
    json_set_int(data, "done", db_int(size, 0, 0));
    json_object_set_new(data, "total", json_null());
    json_set_int(data, "running_s", (clock_monotonic_us() - restore->began_us) / 1000000);
    run_tell(restore->run, "step.progress", restore->node->path, data);
}

/* Owners, grants and subscriptions are left out: they are of the server, not of the data, and a
 * subscription would begin to work. */
static bool restore_file(RunRestore *restore, const char *path, Error *err)
{
    const char *program = NULL;
    const char **env = NULL;
    Arena *arena = restore->arena;
    int64_t jobs = json_get_int(options_of(restore->node), "jobs", 1);
    if (!db_env_program(arena, "pg_restore", &program, err) ||
        !db_env(arena, restore->run->options.target->url, &env, err))
        return false;
    const char *const argv[] = {program,
                                "--no-password",
                                "--exit-on-error",
                                "--no-owner",
                                "--no-privileges",
                                "--no-subscriptions",
                                "--no-publications",
                                arena_printf(arena, "--jobs=%" PRId64, jobs),
                                "--dbname",
                                restore->database,
                                path,
                                NULL};
    return run_program(
               restore->run,
               &(RunProgram){.argv = argv, .env = env, .progress = tell_progress, .ctx = restore},
               NULL, err) ||
           error_wrap(err, "the restore test fails");
}

static void note(const RunRestore *restore, json_t *detail)
{
    AUTO(json_auto) json_t *found = json_object();
    bool digests = json_get_bool(options_of(restore->node), "digests", false);
    int64_t us = clock_monotonic_us() - restore->began_us;
    char took[32];
    AUTO(base_free)
    char *text = base_printf(
        "restored into a scratch database in %s: %zu tables with %" PRId64 " rows, %s as dumped",
        duration_text(us - us % 1000, took, sizeof(took)), json_object_size(restore->wanted),
        restore->rows, digests ? "all counts and contents" : "all counts");
    json_set_string(found, "verdict", "pass");
    json_set_string(found, "text", text);
    json_set_int(found, "tables", (int64_t)json_object_size(restore->wanted));
    json_set_int(found, "rows", restore->rows);
    json_set_int(found, "seconds", us / 1000000);
    json_object_set(detail, "restore", found);
}

static bool open_snapshot(RunRestore *restore, Error *err)
{
    AUTO(db_result_auto) DbResult *exported = NULL;
    if (!connect_to(restore->run, NULL, &restore->snapshot, err) ||
        !db_begin_snapshot(restore->snapshot, err) ||
        !db_exec(restore->snapshot, "SET LOCAL idle_in_transaction_session_timeout = 0", NULL, NULL,
                 err) ||
        !db_query(restore->snapshot, "SELECT pg_catalog.pg_export_snapshot()", NULL, &exported,
                  err))
        return false;
    restore->snapshot_id = arena_strdup(restore->arena, db_value(exported, 0, 0));
    return true;
}

bool run_restore_begin(Run *run, const PlanNode *node, RunRestore **ret_restore, Error *err)
{
    RunRestore *restore = base_alloc(sizeof(*restore));
    Arena *arena = arena_new();
    *restore = (RunRestore){.run = run,
                            .node = node,
                            .arena = arena,
                            .database = database_of(run, node, arena),
                            .wanted = json_object()};
    *ret_restore = restore;
    return may_create(run->effects, node, err) && connect_to(run, NULL, &restore->admin, err) &&
           read_statements(restore, err) && open_snapshot(restore, err);
}

const char *run_restore_snapshot(const RunRestore *restore)
{
    return restore->snapshot_id;
}

bool run_restore_test(RunRestore *restore, const char *path, json_t *detail, Error *err)
{
    if (!measure_snapshot(restore, err))
        return false;
    restore->began_us = clock_monotonic_us();
    if (!create(restore, err) || !restore_file(restore, path, err) || !compare(restore, err))
        return false;
    note(restore, detail);
    return true;
}

void run_restore_done(RunRestore *restore)
{
    if (restore == NULL)
        return;
    Error why = {0};
    bool shielded = fiber_shield(true);
    if (restore->created && !db_exec(restore->admin, restore->statements[DROP], NULL, NULL, &why))
        log_warn("the scratch database %s stays until the run goes on: %s", restore->database,
                 why.message);
    fiber_shield(shielded);
    db_close(restore->snapshot);
    db_close(restore->admin);
    json_decref(restore->wanted);
    arena_free(restore->arena);
    free(restore);
}
