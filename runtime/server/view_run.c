/* One run: everything its page shows. */
#include "server/view.h"

#include "base/bounds.h"
#include "db/sql.h"
#include "ledger/call.h"
#include "run/undo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The rows of a statement whose only parameter is the run. */
static bool rows_of(DbConn *state, const char *statement, int64_t run, json_t **ret_rows,
                    Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    return ledger_call_json(state, statement, &params, ret_rows, err);
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

static bool head_of(DbConn *state, int64_t run, json_t **ret_head, Error *err)
{
    char ids[32];
    snprintf(ids, sizeof(ids), "{%" PRId64 "}", run);
    AUTO(json_auto) json_t *heads = NULL;
    const ServerFilter filter = {.ids = ids, .limit = 1};
    if (!server_view_heads(state, &filter, &heads, err))
        return false;
    if (json_array_size(heads) == 0)
        return no_run(run, err);
    *ret_head = json_incref(json_array_get(heads, 0));
    return true;
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
static bool add_first(DbConn *state, const char *statement, int64_t run, json_t *whole,
                      const char *key, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    if (!rows_of(state, statement, run, &rows, err))
        return false;
    if (key == NULL)
        json_object_update(whole, json_array_get(rows, 0));
    else
        json_object_set(whole, key, json_array_get(rows, 0));
    return true;
}

static bool add_rows(DbConn *state, const char *statement, int64_t run, json_t *whole,
                     const char *key, Error *err)
{
    json_t *rows = NULL;
    if (!rows_of(state, statement, run, &rows, err))
        return false;
    json_object_set_new(whole, key, rows);
    return true;
}

/* What may be asked in which state, and what a rollback would undo: from the engine's own tables.
 */
static void add_requests(json_t *graph, json_t *whole)
{
    json_object_set_new(whole, "may", run_requests_json());
    json_object_set_new(whole, "undo", run_undo_list(graph, json_object_get(whole, "steps")));
}

static bool fill(DbConn *state, int64_t run, bool with_evidence, json_t *whole, Error *err)
{
    json_t *graph = NULL;
    json_t *gates = NULL;
    json_t *rollouts = NULL;
    if (!server_view_graph(state, run, &graph, err))
        return false;
    json_object_set_new(whole, "graph", graph);
    if (!add_rows(state, "server_steps", run, whole, "steps", err) ||
        !gates_of(state, run, with_evidence, &gates, err))
        return false;
    add_requests(graph, whole);
    json_object_set_new(whole, "gates", gates);
    if (!server_view_rollouts(state, whole, graph, &rollouts, err))
        return false;
    json_object_set_new(whole, "rollouts", rollouts);
    return add_first(state, "server_review_counts", run, whole, "review", err) &&
           add_first(state, "server_times", run, whole, NULL, err);
}

bool server_view_run(DbConn *state, int64_t run, json_t **ret_run, Error *err)
{
    AUTO(json_auto) json_t *whole = NULL;
    if (!head_of(state, run, &whole, err) || !fill(state, run, false, whole, err))
        return false;
    *ret_run = json_incref(whole);
    return true;
}

bool server_view_report(DbConn *state, int64_t run, json_t **ret_report, Error *err)
{
    AUTO(json_auto) json_t *whole = NULL;
    AUTO(db_result_auto) DbResult *now = NULL;
    if (!head_of(state, run, &whole, err) || !fill(state, run, true, whole, err) ||
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

bool server_view_events(DbConn *state, const ServerEvents *page, json_t **ret_events, Error *err)
{
    int limit = page->limit <= 0 || page->limit > BOUND_EVENT_PAGE ? BOUND_EVENT_PAGE : page->limit;
    LedgerParams params = {0};
    ledger_param_int(&params, page->run);
    ledger_param_int(&params, page->since);
    ledger_param_int(&params, page->before);
    ledger_param_int(&params, limit);
    ledger_param_text(&params, page->type);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(state, "server_events", &params, &rows, err))
        return false;
    if (json_array_size(rows) == 0)
        return no_run(page->run, err);
    *ret_events = json_incref(json_array_get(rows, 0));
    return true;
}
