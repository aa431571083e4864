/* Copying before dropping. */
#include "run/kept.h"

#include "base/bounds.h"
#include "ledger/call.h"
#include "sql/columns.h"

#include <inttypes.h>
#include <stdlib.h>

/* The columns of kept_parts.sql. */
enum { TABLE, WHOLE, COLUMNS, KEY, VALUES, CONDITION };

static bool find_parts(DbConn *conn, const char *run, const PlanNode *node, const char *sql,
                       DbResult **ret_parts, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlColumns gone = {.arena = arena};
    sql_columns_dropped(sql, &gone);
    if (gone.count == 0)
        return true;
    const char **names = arena_alloc(arena, gone.count * sizeof(*names));
    const char **columns = arena_alloc(arena, gone.count * sizeof(*columns));
    for (size_t i = 0; i < gone.count; i++) {
        names[i] = gone.items[i].relation;
        columns[i] = gone.items[i].column;
    }
    LedgerParams params = {0};
    ledger_param_text(&params, db_array_text(arena, names, gone.count));
    ledger_param_text(&params, db_array_text(arena, columns, gone.count));
    ledger_param_text(&params, run);
    ledger_param_text(&params, node->path);
    return ledger_call(conn, "kept_parts", &params, ret_parts, err) ||
           error_wrap(err, "looking for what its undo removes");
}

static json_t *item_of(const DbResult *parts, int row, int64_t rows)
{
    json_t *item = json_object();
    json_set_string(item, "relation", db_value(parts, row, TABLE));
    json_object_set_new(item, "columns",
                        db_bool(parts, row, WHOLE)
                            ? json_null()
                            : json_loads(db_value(parts, row, COLUMNS), 0, NULL));
    json_set_int(item, "rows", rows);
    return item;
}

/* ------------------------------------------------------------------ copying */

static bool lock_tables(DbConn *conn, const DbResult *parts, Error *err)
{
    for (int i = 0; i < db_rows(parts); i++) {
        AUTO(base_free)
        char *sql =
            base_printf("LOCK TABLE %s IN ACCESS EXCLUSIVE MODE", db_value(parts, i, TABLE));
        if (!db_exec(conn, sql, NULL, NULL, err))
            return error_wrap(err, "locking %s before it is copied", db_value(parts, i, TABLE));
    }
    return true;
}

/* Plan SQL runs under its own role, which has no rights on our schema; copying is ours. */
static bool become_ourselves(DbConn *conn, Error *err)
{
    return db_exec(conn, "RESET ROLE; SET LOCAL search_path = pg_catalog", NULL, NULL, err);
}

static bool become_the_plan(Run *run, DbConn *conn, Error *err)
{
    LedgerParams params = {0};
    ledger_param_text(&params, run->options.target->run_as);
    ledger_param_text(&params, run->search_path);
    return ledger_call(conn, "kept_role", &params, NULL, err);
}

static bool make_table(Run *run, DbConn *conn, bool *ret_made, Error *err)
{
    AUTO(base_free) char *name = base_printf("headgate.kept_%s", run->id_text);
    AUTO(db_result_auto) DbResult *there = NULL;
    if (!db_query(conn, "SELECT pg_catalog.to_regclass($1::text) IS NOT NULL", DB_PARAMS(name),
                  &there, err))
        return false;
    *ret_made = !db_bool(there, 0, 0);
    if (!*ret_made)
        return true;
    AUTO(base_free)
    char *sql = base_printf("CREATE TABLE %s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
                            "step text NOT NULL, relation text NOT NULL, key jsonb NOT NULL, "
                            "columns jsonb NOT NULL, kept_at timestamptz NOT NULL DEFAULT "
                            "pg_catalog.clock_timestamp())",
                            name);
    return db_exec(conn, sql, NULL, NULL, err);
}

/* Values stand as PostgreSQL writes them: a cast to the column's type reads them back. */
static const char *object_sql(Arena *arena, const char *pairs)
{
    if (pairs[0] == '\0')
        return "'{}'::jsonb";
    return arena_printf(
        arena, "(SELECT pg_catalog.jsonb_object_agg(x.k, x.v) FROM (VALUES %s) AS x(k, v))", pairs);
}

static bool copy_one(Run *run, const PlanNode *node, DbConn *conn, const DbResult *parts, int row,
                     int64_t *ret_rows, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(db_result_auto) DbResult *copied = NULL;
    const char *sql = arena_printf(
        arena,
        "INSERT INTO headgate.kept_%s (step, relation, key, columns) SELECT $1, $2, %s, %s FROM %s "
        "AS t WHERE %s",
        run->id_text, object_sql(arena, db_value(parts, row, KEY)),
        object_sql(arena, db_value(parts, row, VALUES)), db_value(parts, row, TABLE),
        db_value(parts, row, CONDITION));
    if (!db_query(conn, sql, DB_PARAMS(node->path, db_value(parts, row, TABLE)), &copied, err))
        return error_wrap(err, "copying %s before it goes", db_value(parts, row, TABLE));
    *ret_rows = db_affected(copied);
    return true;
}

static bool copy_all(Run *run, const PlanNode *node, DbConn *conn, const DbResult *parts,
                     json_t *kept, Error *err)
{
    int64_t total = 0;
    bool made = false;
    if (!make_table(run, conn, &made, err))
        return false;
    for (int i = 0; i < db_rows(parts); i++) {
        int64_t rows = 0;
        if (!copy_one(run, node, conn, parts, i, &rows, err))
            return false;
        if (rows > 0)
            json_array_append_new(kept, item_of(parts, i, rows));
        total += rows;
    }
    AUTO(base_free) char *drop = base_printf("DROP TABLE headgate.kept_%s", run->id_text);
    return total > 0 || !made || db_exec(conn, drop, NULL, NULL, err);
}

static void say(const Run *run, const json_t *kept, json_t *detail)
{
    int64_t total = 0;
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach ((json_t *)kept, i, item)
        total += json_get_int(item, "rows", 0);
    AUTO(base_free)
    char *text = base_printf("%" PRId64 " row(s) that the application wrote were copied to "
                             "headgate.kept_%s first",
                             total, run->id_text);
    json_set_string(detail, "text",
                    total == 0 ? "the application had written nothing into it" : text);
}

bool run_kept_copy(Run *run, const PlanNode *node, const char *sql, DbConn *conn, json_t *detail,
                   Error *err)
{
    AUTO(db_result_auto) DbResult *parts = NULL;
    if (!find_parts(conn, run->id_text, node, sql, &parts, err) || parts == NULL ||
        db_rows(parts) == 0)
        return err->kind == ERROR_NONE;
    AUTO(json_auto) json_t *kept = json_array();
    if (!lock_tables(conn, parts, err) || !become_ourselves(conn, err) ||
        !copy_all(run, node, conn, parts, kept, err) || !become_the_plan(run, conn, err))
        return false;
    json_object_set(detail, "kept", kept);
    say(run, kept, detail);
    return true;
}

/* ------------------------------------------------------------------ counting */

static bool count_one(DbConn *conn, const PlanNode *node, const DbResult *parts, int row,
                      json_t *list, Error *err)
{
    AUTO(db_result_auto) DbResult *count = NULL;
    AUTO(base_free)
    char *sql = base_printf("SELECT pg_catalog.count(*) FROM %s AS t WHERE %s",
                            db_value(parts, row, TABLE), db_value(parts, row, CONDITION));
    bool ok = db_begin_snapshot(conn, err) && db_query(conn, sql, NULL, &count, err);
    db_rollback(conn); /* with what a cast of the application has set */
    if (!ok)
        return error_wrap(err, "counting what would be copied of %s", db_value(parts, row, TABLE));
    json_t *item = item_of(parts, row, db_int(count, 0, 0));
    json_set_string(item, "path", node->path);
    json_array_append_new(list, item);
    return true;
}

static bool count_node(DbConn *conn, int64_t run, const PlanNode *node, json_t *list, Error *err)
{
    AUTO(db_result_auto) DbResult *parts = NULL;
    AUTO(base_free) char *run_text = base_printf("%" PRId64, run);
    if (!find_parts(conn, run_text, node, plan_sql(node, "down"), &parts, err))
        return false;
    for (int i = 0; parts != NULL && i < db_rows(parts); i++) {
        if (!count_one(conn, node, parts, i, list, err))
            return false;
    }
    return true;
}

/* Did the step change anything that its undo would take back? */
static bool to_undo(const json_t *row, const PlanNode *node)
{
    StepState state = step_state_parse(json_get_string(row, "state", ""));
    return node != NULL && node->kind == PLAN_STEP && plan_sql(node, "down") != NULL &&
           (state == STEP_DONE || state == STEP_UNDOING || state == STEP_UNDO_FAILED);
}

static bool count_all(DbConn *conn, int64_t run, const Plan *plan, json_t *list, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    AUTO(db_result_auto) DbResult *path = NULL;
    if (!ledger_step_list(conn, run, &rows, err) ||
        !ledger_call(conn, "search_path_default", NULL, &path, err) ||
        !db_query(conn, "SELECT pg_catalog.set_config('search_path', $1, false)",
                  DB_PARAMS(db_value(path, 0, 0)), NULL, err))
        return false;
    for (size_t i = json_array_size(rows); i > 0; i--) {
        const json_t *row = json_array_get(rows, i - 1);
        const PlanNode *node = plan_find(plan, json_get_string(row, "path", ""));
        if (to_undo(row, node) && !count_node(conn, run, node, list, err))
            return false;
    }
    return true;
}

/* The configuration may name another one by now, with runs of its own under the same numbers. */
static bool began_here(DbConn *conn, const json_t *head, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *system = NULL;
    const char *database = NULL;
    if (!ledger_run_identity(conn, arena, &system, &database, err))
        return false;
    if (text_equal(system, json_get_string(head, "system_identifier", "")) &&
        text_equal(database, json_get_string(head, "database", "")))
        return true;
    return error_set(
        err, ERROR_REFUSED,
        "the configuration names database \"%s\"; the run began in another one, \"%s\"", database,
        json_get_string(head, "database", ""));
}

static bool count_on(Loop *loop, const ConfigTarget *target, const json_t *head, const Plan *plan,
                     json_t *list, Error *err)
{
    AUTO(db_close_auto) DbConn *conn = NULL;
    DbTarget options = {.conninfo = target->url,
                        .application_name = "headgate rollback preview",
                        .statement_timeout_ms = BOUND_KEPT_COUNT_MS,
                        .pooler_session = target->pooler_session,
                        .read_only = true};
    return db_open(loop, &options, &conn, err) && began_here(conn, head, err) &&
           count_all(conn, json_get_int(head, "id", 0), plan, list, err);
}

static const ConfigTarget *target_of(const Config *config, const json_t *head, const Plan *plan,
                                     Error *err)
{
    const char *name = json_get_string(head, "environment", "");
    const ConfigEnvironment *environment = config_environment(config, name);
    const ConfigTarget *target =
        environment == NULL ? NULL : config_target(environment, plan_text(plan->root, "target"));
    if (target == NULL)
        error_set(err, ERROR_INPUT, "headgate.yaml has no target \"%s\" for \"%s\"",
                  plan_text(plan->root, "target"), name);
    return target;
}

bool run_kept_count(Loop *loop, DbConn *state, const Config *config, int64_t run, json_t **ret_list,
                    Error *err)
{
    AUTO(json_auto) json_t *head = NULL;
    AUTO(json_auto) json_t *graph = NULL;
    Bundle *bundle = NULL;
    Plan *plan = NULL;
    json_t *list = json_array();
    bool ok = ledger_run_read(state, run, &head, err) &&
              ledger_plan_load(state, json_get_string(head, "plan", ""), &bundle, &graph, err) &&
              plan_from_graph(graph, &plan, err);
    const ConfigTarget *target = ok ? target_of(config, head, plan, err) : NULL;
    ok = target != NULL && count_on(loop, target, head, plan, list, err);
    plan_free(plan);
    bundle_free(bundle);
    if (ok)
        *ret_list = list;
    else
        json_decref(list);
    return ok;
}
