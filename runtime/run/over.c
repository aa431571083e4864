/* Budgets grow no faster than the clock, so a look that finds some left need not be repeated before
 * that is gone. */
#include "run/over.h"

#include "base/clock.h"
#include "base/log.h"
#include "ledger/call.h"
#include "run/budget.h"

#include <stdio.h>

enum { TEXT_BYTES = 160 };

static const json_t *budgets_of(const Run *run)
{
    return json_object_get(run->plan->root->keys, "budgets");
}

static bool measure(Run *run, DbConn *conn, json_t **ret_budgets, Error *err)
{
    AUTO(json_auto) json_t *moves = NULL;
    AUTO(json_auto) json_t *now = NULL;
    AUTO(arena_auto) Arena *arena = arena_new();
    LedgerParams params = {0};
    LedgerParams none = {0};
    ledger_param_int(&params, run->id);
    if (!ledger_call_json(conn, "report_moves", &params, &moves, err) ||
        !ledger_call_json(conn, "report_now", &none, &now, err))
        return false;
    const Spent spent =
        run_spent(arena, run->plan, moves, json_get_int(json_array_get(now, 0), "now_us", 0));
    *ret_budgets = run_budget_json(run->plan, &spent);
    return true;
}

static void describe(const json_t *budget, char text[TEXT_BYTES])
{
    char spent[32];
    char allowed[32];
    snprintf(text, TEXT_BYTES, "%s is over budget: %s of %s", json_get_string(budget, "name", ""),
             duration_text(json_get_int(budget, "measured_us", 0), spent, sizeof(spent)),
             duration_text(json_get_int(budget, "budget_us", 0), allowed, sizeof(allowed)));
}

/* Its key is its name: a successor finds it told. */
static bool tell_over(Run *run, DbConn *conn, const json_t *budget, Error *err)
{
    char source[64];
    char text[TEXT_BYTES];
    AUTO(json_auto) json_t *data = json_deep_copy(budget);
    describe(budget, text);
    snprintf(source, sizeof(source), "budget %s", json_get_string(budget, "name", ""));
    json_set_string(data, "text", text);
    if (!ledger_event_append(conn, &run->writer, source, 1, "budget.over", "", data, err))
        return false;
    ledger_events_nudge(run->events);
    log_warn("run %s: %s", run->id_text, text);
    return true;
}

static bool look(Run *run, DbConn *conn, Error *err)
{
    AUTO(json_auto) json_t *budgets = NULL;
    if (!measure(run, conn, &budgets, err))
        return false;
    int64_t left_us = INT64_MAX;
    size_t i = 0;
    json_t *budget = NULL;
    json_array_foreach (budgets, i, budget) {
        int64_t rest_us =
            json_get_int(budget, "budget_us", 0) - json_get_int(budget, "measured_us", 0);
        bool told = json_object_get(run->over, json_get_string(budget, "name", "")) != NULL;
        if (!told && rest_us >= 0 && rest_us < left_us)
            left_us = rest_us;
        if (told || rest_us >= 0)
            continue;
        json_object_set(run->over, json_get_string(budget, "name", ""), budget);
        if (!tell_over(run, conn, budget, err))
            return false;
    }
    run->budgets_due_us = left_us == INT64_MAX ? INT64_MAX : clock_monotonic_us() + left_us;
    return true;
}

bool run_over_look(Run *run, DbConn *conn, Error *err)
{
    if (budgets_of(run) == NULL || clock_monotonic_us() < run->budgets_due_us)
        return true;
    return look(run, conn, err);
}

bool run_over_look_last(Run *run, Error *err)
{
    return budgets_of(run) == NULL ||
           (ledger_events_flush(run->events, err) && look(run, run->ledger, err));
}

/* ------------------------------------------------------------------ holding */

static bool held_before(Run *run, const char *name, bool *ret_held, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    LedgerParams params = {0};
    ledger_param_int(&params, run->id);
    ledger_param_text(&params, name);
    if (!ledger_call(run->ledger, "budget_held", &params, &found, err))
        return false;
    *ret_held = db_bool(found, 0, 0);
    return true;
}

static bool hold(Run *run, const PlanNode *node, const json_t *budget, Error *err)
{
    char text[TEXT_BYTES];
    bool held = false;
    const char *name = json_get_string(budget, "name", "");
    if (!held_before(run, name, &held, err))
        return false;
    if (held)
        return true;
    describe(budget, text);
    AUTO(json_auto) json_t *reason = run_reason("budget", node->path, NULL, "%s", text);
    json_set_string(reason, "budget", name);
    return run_hold(run, node->path, reason, err) && run_wait_go(run, err);
}

bool run_over_hold(Run *run, const PlanNode *node, Error *err)
{
    if (!text_equal(json_get_string(budgets_of(run), "on_over", "tell"), "hold"))
        return true;
    if (clock_monotonic_us() >= run->budgets_due_us && !run_over_look_last(run, err))
        return false;
    const char *name = NULL;
    json_t *budget = NULL;
    AUTO(json_auto) json_t *over = json_copy(run->over); /* it may grow while we wait */
    json_object_foreach (over, name, budget) {
        if (json_object_get(run->over_held, name) != NULL)
            continue;
        json_object_set(run->over_held, name, budget);
        if (!hold(run, node, budget, err))
            return false;
    }
    return true;
}
