/* One run: everything its page shows. */
#include "server/view_run.h"

#include "base/bounds.h"
#include "db/sql.h"
#include "ledger/call.h"
#include "run/tune.h"
#include "run/undo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rows of a statement whose only parameter is the run. */
static bool rows_of(DbConn *conn, const char *statement, int64_t run, json_t **ret_rows, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    return ledger_call_json(conn, statement, &params, ret_rows, err);
}

static bool no_run(int64_t run, Error *err)
{
    return error_set(err, ERROR_INPUT, "there is no run %" PRId64, run);
}

bool server_view_graph(DbConn *state, int64_t run, json_t **ret_graph, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    if (!rows_of(state, "server_run_graph", run, &rows, err))
        return false;
    if (json_array_size(rows) == 0)
        return no_run(run, err);
    *ret_graph = json_incref(json_array_get(rows, 0));
    return true;
}

const json_t *server_view_node(const json_t *graph,
                               const char *path) // NOLINT(misc-no-recursion): <= BOUND_PLAN_DEPTH
{
    if (text_equal(json_get_string(graph, "path", NULL), path))
        return graph;
    size_t i = 0;
    json_t *child = NULL;
    json_array_foreach (json_object_get(graph, "children"), i, child) {
        const json_t *found = server_view_node(child, path);
        if (found != NULL)
            return found;
    }
    return NULL;
}

bool view_head(DbConn *state, int64_t run, json_t **ret_heads, Error *err)
{
    char ids[32];
    snprintf(ids, sizeof(ids), "{%" PRId64 "}", run);
    AUTO(json_auto) json_t *heads = NULL;
    const ServerFilter filter = {.ids = ids, .limit = 1};
    if (!server_view_heads(state, &filter, &heads, err))
        return false;
    if (json_array_size(heads) == 0)
        return no_run(run, err);
    *ret_heads = json_incref(heads);
    return true;
}

bool server_view_target(DbConn *state, ServerTargets *targets, int64_t run,
                        ServerTarget *ret_target, Error *err)
{
    AUTO(json_auto) json_t *heads = NULL;
    if (!view_head(state, run, &heads, err))
        return false;
    const json_t *head = json_array_get(heads, 0);
    const ServerPlace place = target_place(head);
    return target_take(targets, state, &place, ret_target, err);
}

/* Gates without evidence, as lists show them. */
static bool gates_of(DbConn *state, int64_t run, bool with_evidence, json_t **ret_gates, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, NULL);
    ledger_param_text(&params, with_evidence ? "true" : "false");
    if (!ledger_call_json(state, "server_gates", &params, ret_gates, err))
        return false;
    size_t i = 0;
    json_t *gate = NULL;
    json_array_foreach (*ret_gates, i, gate) {
        json_object_del(gate, "about");
    }
    return true;
}

/* The first row of a statement about the run, under key. */
static bool add_first(DbConn *conn, const char *statement, int64_t run, json_t *whole,
                      const char *key, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    if (!rows_of(conn, statement, run, &rows, err))
        return false;
    if (key == NULL)
        json_object_update(whole, json_array_get(rows, 0));
    else
        json_object_set(whole, key, json_array_get(rows, 0));
    return true;
}

static bool add_rows(DbConn *conn, const char *statement, int64_t run, json_t *whole,
                     const char *key, Error *err)
{
    json_t *rows = NULL;
    if (!rows_of(conn, statement, run, &rows, err))
        return false;
    json_object_set_new(whole, key, rows);
    return true;
}

/* ------------------------------------------------------------------ what the target says */

/* Of one run. */
static bool look_run(void *ctx, DbConn *conn, json_t *runs, Error *err)
{
    json_t *whole = json_array_get(runs, 0);
    int64_t run = strtoll(json_get_string(whole, "id", "0"), NULL, 10);
    return add_rows(conn, "server_steps", run, whole, "steps", err) &&
           add_first(conn, "server_review_counts", run, whole, "review", err) &&
           view_steps_done(ctx, conn, runs, err);
}

static void add_nothing(json_t *whole)
{
    json_object_set_new(whole, "steps", json_array());
    json_object_set_new(whole, "steps_done", json_null());
    json_object_set_new(whole, "review", json_pack("{s:n,s:n,s:n}", "open", "applied", "skipped"));
}

/* ------------------------------------------------------------------ one run */

/* What may be asked in which state, and what a rollback would undo: from the engine's own tables.
 */
static void add_requests(json_t *graph, json_t *whole, bool known)
{
    json_object_set_new(whole, "may", run_requests_json());
    json_object_set_new(whole, "tunes", run_tunes_json());
    json_object_set_new(
        whole, "undo", known ? run_undo_list(graph, json_object_get(whole, "steps")) : json_null());
}

/* Of the step that the run is at, if that is row work which has told one. */
static bool add_pace(DbConn *state, int64_t run, json_t *whole, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, json_get_string(whole, "node", ""));
    if (!ledger_call_json(state, "server_pace", &params, &rows, err))
        return false;
    json_t *pace = json_array_get(rows, 0);
    json_object_set(whole, "pace", pace != NULL ? pace : json_null());
    return true;
}

static bool fill(DbConn *state, int64_t run, bool with_evidence, json_t *whole, Error *err)
{
    json_t *graph = NULL;
    json_t *gates = NULL;
    json_t *rollouts = NULL;
    bool known = !json_is_string(json_object_get(whole, "unavailable"));
    if (!known)
        add_nothing(whole);
    if (!server_view_graph(state, run, &graph, err))
        return false;
    json_object_set_new(whole, "graph", graph);
    if (!gates_of(state, run, with_evidence, &gates, err))
        return false;
    add_requests(graph, whole, known);
    json_object_set_new(whole, "gates", gates);
    if (known && !server_view_rollouts(state, whole, graph, &rollouts, err))
        return false;
    json_object_set_new(whole, "rollouts", known ? rollouts : json_array());
    return add_pace(state, run, whole, err) &&
           add_first(state, "server_times", run, whole, NULL, err);
}

static bool whole_of(DbConn *state, ServerTargets *targets, int64_t run, bool with_evidence,
                     json_t **ret_whole, Error *err)
{
    AUTO(json_auto) json_t *heads = NULL;
    if (!view_head(state, run, &heads, err) ||
        !targets_each(targets, state, heads, look_run, NULL, err))
        return false;
    json_t *whole = json_array_get(heads, 0);
    view_hide(whole);
    if (!fill(state, run, with_evidence, whole, err))
        return false;
    *ret_whole = json_incref(whole);
    return true;
}

bool server_view_run(DbConn *state, ServerTargets *targets, int64_t run, json_t **ret_run,
                     Error *err)
{
    return whole_of(state, targets, run, false, ret_run, err);
}

bool server_view_report(DbConn *state, ServerTargets *targets, int64_t run, json_t **ret_report,
                        Error *err)
{
    AUTO(json_auto) json_t *whole = NULL;
    AUTO(db_result_auto) DbResult *now = NULL;
    if (!whole_of(state, targets, run, true, &whole, err) ||
        !add_rows(state, "server_report_states", run, whole, "states", err) ||
        !add_rows(state, "server_report_checks", run, whole, "checks", err) ||
        !add_rows(state, "server_report_answers", run, whole, "answers", err) ||
        !add_rows(state, "server_report_requests", run, whole, "requests", err) ||
        !db_query_prepared(state, db_sql("server_now"), NULL, &now, err))
        return false;
    json_set_string(whole, "reported_at", db_value(now, 0, 0));
    *ret_report = json_incref(whole);
    return true;
}
