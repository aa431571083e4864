/* Walking a plan without touching anything. */
#include "run/dry.h"

#include "base/clock.h"
#include "data/import_dry.h"
#include "run/kind.h"
#include "run/lint.h"
#include "run/proof_external.h"
#include "run/restore.h"
#include "sql/check.h"
#include "sql/classify.h"
#include "sql/columns.h"
#include "sql/lock.h"
#include "sql/rule.h"
#include "sql/split.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct Dry {
    const RunDryOptions *options;
    Arena *arena;
    DbConn *conn;
    json_t *items;
    const char *search_path;
    SqlColumns added; /* what the steps so far would add */
    bool changed; /* a step so far would change something: later questions cannot be answered now */
} Dry;

typedef void DryNode(Dry *dry, const PlanNode *node, json_t *item);

static void outcome(json_t *item, const char *word, const char *text)
{
    json_set_string(item, "outcome", word);
    json_set_string(item, "text", text);
}

static json_t *relations_of(const SqlVerdict *verdict)
{
    json_t *names = json_array();
    for (size_t i = 0; i < verdict->relations_count; i++)
        json_array_append_new(names, json_string(verdict->relations[i]));
    return names;
}

/* The strongest lock that changing an object may take, by its tables. */
static json_t *locks_of(Dry *dry, const char *statement, const SqlVerdict *verdict)
{
    json_t *list = json_array();
    SqlLocks locks = {.arena = dry->arena};
    if (verdict->class == SQL_DDL)
        sql_locks_of_statements(statement, &locks);
    for (size_t i = 0; i < locks.count; i++)
        json_array_append_new(list, json_pack("{s:s,s:s}", "table", locks.items[i].relation, "mode",
                                              sql_lock_mode_name(locks.items[i].mode)));
    return list;
}

static void dry_step(Dry *dry, const PlanNode *node, json_t *item)
{
    SqlStatement *statements = NULL;
    size_t count = 0;
    Error err = {0};
    json_t *list = json_array();
    json_object_set_new(item, "statements", list);
    dry->changed = true;
    sql_columns_added(plan_sql(node, "up"), &dry->added);
    if (!sql_split(dry->arena, plan_sql(node, "up"), &statements, &count, &err)) {
        outcome(item, "error", err.message);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        SqlVerdict verdict = sql_classify(dry->arena, statements[i].text);
        json_t *one = json_object();
        json_set_string(one, "class", sql_rule_class_name(verdict.class));
        json_set_string(one, "what", verdict.title);
        json_set_string(one, "sql", statements[i].text);
        json_object_set_new(one, "tables", relations_of(&verdict));
        json_object_set_new(one, "locks", locks_of(dry, statements[i].text, &verdict));
        json_array_append_new(list, one);
    }
    const char *one_way = json_get_string(node->keys, "one_way", NULL);
    outcome(item, "would_run",
            arena_printf(dry->arena, "%zu statement(s)%s%s", count,
                         one_way == NULL ? "" : "; no way back: ", one_way == NULL ? "" : one_way));
}

/* "what; reads percent, asked at gate "open-up"" */
static const char *with_answers(Dry *dry, const PlanNode *node, const char *what)
{
    for (size_t i = 0; i < node->answers_count; i++)
        what = arena_printf(dry->arena, "%s; reads %s, asked at gate \"%s\"", what,
                            node->answers[i].field, node->answers[i].gate->path);
    return what;
}

static void dry_task(Dry *dry, const PlanNode *node, json_t *item)
{
    dry->changed = dry->changed || json_object_get(node->keys, "no_effect") == NULL;
    outcome(item, "not_simulated",
            with_answers(dry, node, "Lua that may change things is not run"));
}

/* Its map needs what people will say: nothing can be mapped before. */
static bool needs_answers(Dry *dry, const PlanNode *node, json_t *item)
{
    if (node->answers_count > 0)
        outcome(item, "not_simulated", with_answers(dry, node, "its rows are not mapped"));
    return node->answers_count > 0;
}

static bool in_read_only(Dry *dry, const PlanNode *node, json_t *item, Error *err)
{
    bool ok = db_begin(dry->conn, err) &&
              db_exec(dry->conn, "SET TRANSACTION READ ONLY", NULL, NULL, err) &&
              run_kind_check_evaluate(&(RunLook){.conn = dry->conn, .node = node}, item, err);
    db_rollback(dry->conn);
    return ok;
}

static void dry_check(Dry *dry, const PlanNode *node, json_t *item)
{
    Error err = {0};
    if (dry->changed || json_object_get(node->keys, "ambiguous") != NULL) {
        outcome(item, "not_simulated", "it looks at what the steps before would have made");
        return;
    }
    if (json_object_get(node->keys, "http") != NULL) {
        outcome(item, "not_simulated", "it asks over HTTP");
        return;
    }
    if (run_kind_check_other(node) != NULL) {
        outcome(item, "not_simulated", "it reads another database");
        return;
    }
    if (run_form_files_named(node)) {
        outcome(item, "not_simulated", "it reads files");
        return;
    }
    bool holds = in_read_only(dry, node, item, &err);
    const char *text = json_get_string(item, "text", err.message);
    outcome(item,
            holds                                      ? "pass"
            : json_object_get(item, "verdict") != NULL ? "fail"
                                                       : "error",
            arena_strdup(dry->arena, text));
}

static bool missing_table(Dry *dry, const char *table)
{
    Error err = {0};
    AUTO(db_result_auto) DbResult *there = NULL;
    return db_query(dry->conn, "SELECT pg_catalog.to_regclass($1::text) IS NULL", DB_PARAMS(table),
                    &there, &err) &&
           db_bool(there, 0, 0);
}

static size_t expected_of(Dry *dry, const char *table, DataExpected **ret)
{
    size_t count = 0;
    *ret = arena_alloc(dry->arena, (dry->added.count + 1) * sizeof(**ret));
    for (size_t i = 0; i < dry->added.count; i++) {
        const SqlColumn *column = &dry->added.items[i];
        if (sql_columns_find(&(SqlColumns){.items = (SqlColumn *)column, .count = 1}, table,
                             column->column) != NULL)
            (*ret)[count++] = (DataExpected){.column = column->column, .type = column->type};
    }
    return count;
}

/* What a dry run of a backfill or an import is given, and the map that it opened. */
typedef struct Simulation {
    DataDryOptions options;
    DataExpected *expected;
    void *map_ctx;
} Simulation;

static bool simulation_open(Dry *dry, const PlanNode *node, const DataSpec *spec, bool maps,
                            Simulation *ret, Error *err)
{
    const RunDryOptions *options = dry->options;
    Simulation simulation = {0};
    if (maps) {
        simulation.map_ctx = options->map_open(options->ctx, node->path, err);
        if (simulation.map_ctx == NULL)
            return false;
    }
    simulation.options =
        (DataDryOptions){.loop = options->loop,
                         .spec = spec,
                         .target = {.conninfo = options->target->url,
                                    .application_name = "headgate plan",
                                    .search_path = dry->search_path,
                                    .pooler_session = options->target->pooler_session,
                                    .read_only = true},
                         .role = options->target->run_as,
                         .expected_count = expected_of(dry, spec->table, &simulation.expected),
                         .samples_max = (size_t)options->samples,
                         .map = maps ? options->map : NULL,
                         .map_ctx = simulation.map_ctx};
    simulation.options.expected = simulation.expected;
    *ret = simulation;
    return true;
}

static void simulation_close(Dry *dry, Simulation *simulation)
{
    if (simulation->map_ctx != NULL)
        dry->options->map_close(simulation->map_ctx);
}

static bool simulate(Dry *dry, const PlanNode *node, const DataSpec *spec, DataDryCounts *ret,
                     Error *err)
{
    Simulation simulation;
    if (!simulation_open(dry, node, spec, spec->map, &simulation, err))
        return false;
    bool ok = data_dry(&simulation.options, dry->arena, ret, err);
    simulation_close(dry, &simulation);
    return ok;
}

static json_t *samples_json(const DataDryCounts *counts)
{
    json_t *list = json_array();
    for (size_t i = 0; i < counts->samples_count; i++) {
        json_t *one = json_object();
        json_set_string(one, "key", counts->samples[i].key);
        json_set_string(one, "kind", counts->samples[i].kind);
        json_set_string(one, "reason", counts->samples[i].reason);
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *changes_json(const DataDryCounts *counts)
{
    json_t *list = json_array();
    for (size_t i = 0; i < counts->changes_count; i++) {
        const DataDryChange *change = &counts->changes[i];
        Error ignored = {0};
        json_t *one = json_object();
        json_t *before = json_parse(change->before, strlen(change->before), &ignored);
        json_set_string(one, "key", change->key);
        json_object_set_new(one, "before", before == NULL ? json_null() : before);
        json_object_set(one, "after", change->after);
        json_array_append_new(list, one);
    }
    return list;
}

static void dry_backfill(Dry *dry, const PlanNode *node, json_t *item)
{
    DataSpec spec;
    DataDryCounts counts = {0};
    Error err = {0};
    dry->changed = true;
    if (!data_spec_read(node, dry->arena, &spec, &err)) {
        outcome(item, "error", err.message);
    } else if (missing_table(dry, spec.table)) {
        outcome(item, "not_simulated", with_answers(dry, node, "its table is not there yet"));
    } else if (needs_answers(dry, node, item)) {
        json_object_set_new(item, "tables", json_pack("[s]", spec.table));
    } else if (!simulate(dry, node, &spec, &counts, &err)) {
        outcome(item, "error", err.message);
    } else {
        json_object_set_new(item, "tables", json_pack("[s]", spec.table));
        json_set_int(item, "rows", counts.rows);
        json_set_int(item, "migrate", counts.write);
        json_set_int(item, "skip", counts.skip);
        json_set_int(item, "ambiguous", counts.ambiguous);
        json_set_int(item, "errors", counts.error);
        json_object_set_new(item, "samples", samples_json(&counts));
        json_object_set_new(item, "changes", changes_json(&counts));
        outcome(item, "would_run",
                arena_printf(dry->arena,
                             "%" PRId64 " rows: %" PRId64 " migrate, %" PRId64 " skip, %" PRId64
                             " ambiguous, %" PRId64 " errors",
                             counts.rows, counts.write, counts.skip, counts.ambiguous,
                             counts.error));
    }
    data_dry_done(&counts);
}

/* ------------------------------------------------------------------ imports */

static json_t *files_json(const DataImportDry *found)
{
    json_t *files = json_array();
    for (size_t i = 0; i < found->files_count; i++) {
        const DataDryFile *file = &found->files[i];
        json_t *one = json_object();
        json_set_string(one, "file", file->name);
        json_set_int(one, "bytes", file->size_bytes);
        json_set_int(one, "records", file->records);
        json_set_int(one, "errors", file->errors);
        json_array_append_new(files, one);
    }
    return files;
}

static bool simulate_import(Dry *dry, const PlanNode *node, DataSpec *spec, bool no_table,
                            DataImportDry *ret, Error *err)
{
    Simulation simulation;
    if (!config_store_path(dry->options->environment, spec->import->store, &spec->import->root,
                           err) ||
        !simulation_open(dry, node, spec, spec->map && !no_table, &simulation, err))
        return false;
    bool ok = data_import_dry(&simulation.options, no_table, dry->arena, ret, err);
    simulation_close(dry, &simulation);
    return ok;
}

static void dry_import(Dry *dry, const PlanNode *node, json_t *item)
{
    DataSpec spec;
    DataImportDry found = {0};
    Error err = {0};
    dry->changed = true;
    bool ok = data_spec_read(node, dry->arena, &spec, &err);
    bool no_table = ok && missing_table(dry, spec.table);
    if (ok && needs_answers(dry, node, item)) {
        json_object_set_new(item, "tables", json_pack("[s]", spec.table));
        return;
    }
    if (!ok || !simulate_import(dry, node, &spec, no_table, &found, &err)) {
        outcome(item, "error", arena_strdup(dry->arena, err.message));
        return;
    }
    const DataDryCounts *counts = &found.counts;
    json_set_int(item, "rows", counts->rows);
    json_set_int(item, "errors", counts->error);
    json_object_set_new(item, "tables", json_pack("[s]", spec.table));
    json_object_set_new(item, "files", files_json(&found));
    json_object_set_new(item, "samples", samples_json(counts));
    const char *text = arena_printf(dry->arena, "%zu file(s), %" PRId64 " records",
                                    found.files_count, counts->rows);
    if (no_table) {
        outcome(item, "would_run",
                arena_printf(dry->arena,
                             "%s: %" PRId64 " cannot be read; what they become is not simulated, "
                             "their table is not there yet",
                             text, counts->error));
        return;
    }
    json_set_int(item, "migrate", counts->write);
    json_set_int(item, "skip", counts->skip);
    json_set_int(item, "ambiguous", counts->ambiguous);
    outcome(item, "would_run",
            arena_printf(dry->arena,
                         "%s: %" PRId64 " to write, %" PRId64 " skip, %" PRId64
                         " ambiguous, %" PRId64 " errors; foreign keys are not looked at",
                         text, counts->write, counts->skip, counts->ambiguous, counts->error));
}

static void dry_gate(Dry *dry, const PlanNode *node, json_t *item)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *names = plan_names(node, "approvers", arena);
    const char *needs =
        arena_printf(dry->arena, "needs %d × %s", (int)plan_number(node, "need"), names);
    const char *field;
    json_t *unused;
    json_object_foreach (json_object_get(node->keys, "fields"), field, unused)
        needs = arena_printf(dry->arena, "%s, asks %s", needs, field);
    outcome(item, "would_run",
            dry->options->environment->gates_auto
                ? arena_printf(dry->arena, "%s; passed by policy in this environment", needs)
                : needs);
}

static void dry_stage(Dry *dry, const PlanNode *node, json_t *item)
{
    char window[32];
    int64_t watch_us = config_watch_us(dry->options->environment, plan_number(node, "percent"),
                                       plan_duration_us(node, "watch"));
    outcome(item, "would_run",
            arena_printf(dry->arena, "%s to %g %%, watched %s", node->parent->name,
                         plan_number(node, "percent"),
                         duration_text(watch_us, window, sizeof(window))));
}

static void dry_person(Dry *dry, const PlanNode *node, json_t *item)
{
    UNUSED(dry);
    UNUSED(node);
    outcome(item, "would_run", "a person does it and says so");
}

static void dry_backup(Dry *dry, const PlanNode *node, json_t *item)
{
    UNUSED(dry);
    if (run_proof_external_wanted(node)) {
        outcome(item, "would_run",
                "asks a program for the time of a backup that another tool has made");
        return;
    }
    outcome(item, "would_run",
            run_restore_wanted(node)
                ? "pg_dump in custom format, verified by restoring it into a scratch database"
                : "pg_dump in custom format, verified by listing it");
}

/* As it is written: variables are not put in, so nothing of them is shown. */
static void dry_outside(Dry *dry, const PlanNode *node, json_t *item)
{
    AUTO(json_auto) json_t *unnamed = json_array();
    const json_t *argv = json_object_get(node->keys, "argv");
    AUTO(base_free) char *words = json_text(argv != NULL ? argv : unnamed);
    const char *one_way = json_get_string(node->keys, "one_way", NULL);
    const char *what = argv != NULL ? arena_printf(dry->arena, "runs %s", words)
                                    : arena_printf(dry->arena, "%s %s",
                                                   json_get_string(node->keys, "method", "POST"),
                                                   json_get_string(node->keys, "url", ""));
    dry->changed =
        dry->changed || (plan_mutates(node) && json_object_get(node->keys, "no_effect") == NULL);
    outcome(item, "would_run",
            arena_printf(dry->arena, "%s%s%s", what,
                         one_way == NULL ? "" : "; no way back: ", one_way == NULL ? "" : one_way));
}

static void dry_soak(Dry *dry, const PlanNode *node, json_t *item)
{
    int64_t soak_us = dry->options->environment->soak_us;
    char lasts[32];
    outcome(item, "would_run",
            arena_printf(dry->arena, "waits %s",
                         duration_text(soak_us >= 0 ? soak_us : plan_duration_us(node, "lasts"),
                                       lasts, sizeof(lasts))));
}

static DryNode *const NODES[PLAN_KINDS] = {
    [PLAN_STEP] = dry_step,     [PLAN_TASK] = dry_task,        [PLAN_CHECK] = dry_check,
    [PLAN_VERIFY] = dry_check,  [PLAN_BACKUP] = dry_backup,    [PLAN_BACKFILL] = dry_backfill,
    [PLAN_IMPORT] = dry_import, [PLAN_GATE] = dry_gate,        [PLAN_STAGE] = dry_stage,
    [PLAN_MANUAL] = dry_person, [PLAN_CHECKLIST] = dry_person, [PLAN_EXEC] = dry_outside,
    [PLAN_HTTP] = dry_outside,  [PLAN_NOTIFY] = dry_outside,   [PLAN_SOAK] = dry_soak,
};

/* The rollouts that an environment with `traffic: none` leaves out, with all that they hold. */
static bool passed_over(const Dry *dry, const PlanNode *node)
{
    for (; dry->options->environment->traffic_none && node != NULL; node = node->parent)
        if (json_object_get(node->keys, "traffic") != NULL)
            return true;
    return false;
}

static void walk(Dry *dry)
{
    const Plan *plan = dry->options->plan;
    for (size_t i = 0; i < plan->nodes_count; i++) {
        const PlanNode *node = plan->nodes[i];
        if (NODES[node->kind] == NULL)
            continue;
        json_t *item = json_object();
        json_set_string(item, "path", node->path);
        json_set_string(item, "kind", plan_kind_name(node->kind));
        json_set_string(item, "file", node->at.file);
        json_set_int(item, "line", node->at.line);
        if (passed_over(dry, node))
            outcome(item, "passed_over", "there is no load balancer in this environment");
        else
            NODES[node->kind](dry, node, item);
        json_array_append_new(dry->items, item);
    }
}

static bool open_conn(Dry *dry, Error *err)
{
    const ConfigTarget *target = dry->options->target;
    DbTarget options = {.conninfo = target->url,
                        .application_name = "headgate plan",
                        .pooler_session = target->pooler_session,
                        .read_only = true};
    AUTO(db_result_auto) DbResult *path = NULL;
    if (!db_open(dry->options->loop, &options, &dry->conn, err) ||
        !ledger_call(dry->conn, "search_path_default", NULL, &path, err))
        return false;
    dry->search_path = arena_strdup(dry->arena, db_value(path, 0, 0));
    return db_query(dry->conn, "SELECT pg_catalog.set_config('search_path', $1, false)",
                    DB_PARAMS(dry->search_path), NULL, err);
}

/* What cannot be asked (a schema that may not be used) counts as there. */
static bool is_there(const char *name, bool type, void *ctx)
{
    Dry *dry = ctx;
    Error err = {0};
    AUTO(db_result_auto) DbResult *there = NULL;
    const char *sql = type ? "SELECT pg_catalog.to_regtype($1::text) IS NOT NULL"
                           : "SELECT pg_catalog.to_regclass($1::text) IS NOT NULL";
    return !db_query(dry->conn, sql, DB_PARAMS(name), &there, &err) || db_bool(there, 0, 0);
}

bool run_dry(const RunDryOptions *options, json_t **ret_report, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(db_result_auto) DbResult *assigned = NULL;
    Dry dry = {
        .options = options, .arena = arena, .items = json_array(), .added = {.arena = arena}};
    bool ok = open_conn(&dry, err);
    if (ok) {
        walk(&dry);
        ok = db_query(dry.conn, "SELECT pg_catalog.pg_current_xact_id_if_assigned() IS NULL", NULL,
                      &assigned, err);
    }
    json_t *report = json_object();
    json_object_set_new(report, "warnings", run_lint(options->plan, ok ? is_there : NULL, &dry));
    json_set_string(report, "plan", options->plan->root->name);
    json_set_string(report, "hash", options->plan->hash);
    json_set_string(report, "environment", options->environment->name);
    json_set_string(report, "target", options->target->shown);
    json_object_set_new(report, "items", dry.items);
    json_object_set_new(report, "wrote", json_boolean(ok && !db_bool(assigned, 0, 0)));
    db_close(dry.conn);
    if (!ok) {
        json_decref(report);
        return false;
    }
    *ret_report = report;
    return true;
}
