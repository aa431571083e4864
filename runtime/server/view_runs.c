/* Lists of runs: heads, and what needs a person. */
#include "server/view_run.h"

#include "base/bounds.h"
#include "base/text.h"
#include "db/sql.h"
#include "ledger/call.h"
#include "server/view_gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 500, PLANS_KEPT = 64 };

/* ------------------------------------------------------------------ what a plan says */

/* Plans never change under their hash, so this is only ever right. */
typedef struct Kept {
    char hash[65];
    char target[BOUND_NAME_BYTES + 1];
    int steps; /* how many it has */
} Kept;
static Kept plans[PLANS_KEPT];
static size_t plans_next;

static bool is_container(const char *kind)
{
    return text_equal(kind, "plan") || text_equal(kind, "phase") || text_equal(kind, "rollout");
}

static int count_steps(const json_t *node) // NOLINT(misc-no-recursion): depth <= BOUND_PLAN_DEPTH
{
    int count = is_container(json_get_string(node, "kind", "")) ? 0 : 1;
    size_t i = 0;
    json_t *child = NULL;
    json_array_foreach (json_object_get(node, "children"), i, child) {
        count += count_steps(child);
    }
    return count;
}

static bool plan_of(DbConn *state, const char *hash, const Kept **ret_plan, Error *err)
{
    for (size_t i = 0; i < PLANS_KEPT; i++) {
        if (strcmp(plans[i].hash, hash) == 0) {
            *ret_plan = &plans[i];
            return true;
        }
    }
    LedgerParams params = {0};
    ledger_param_text(&params, hash);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(state, "server_plan_graph", &params, &rows, err))
        return false;
    const json_t *graph = json_array_get(rows, 0);
    Kept *plan = &plans[plans_next];
    *plan = (Kept){.steps = count_steps(graph)};
    snprintf(plan->hash, sizeof(plan->hash), "%s", hash);
    snprintf(plan->target, sizeof(plan->target), "%s",
             json_get_string(json_object_get(graph, "keys"), "target", "app"));
    plans_next = (plans_next + 1) % PLANS_KEPT;
    *ret_plan = plan;
    return true;
}

/* ------------------------------------------------------------------ heads */

/* "{42,43}" of the runs in a list. */
static char *ids_of(const json_t *runs)
{
    Text ids;
    text_init(&ids, BOUND_JSON_BYTES);
    text_append_char(&ids, '{');
    size_t i = 0;
    json_t *run = NULL;
    json_array_foreach (runs, i, run) {
        text_printf(&ids, "%s%s", i == 0 ? "" : ",", json_get_string(run, "id", ""));
    }
    text_append_char(&ids, '}');
    return text_take(&ids);
}

static bool add_plans(DbConn *state, json_t *runs, Error *err)
{
    size_t i = 0;
    json_t *run = NULL;
    json_array_foreach (runs, i, run) {
        const Kept *plan = NULL;
        if (!plan_of(state, json_get_string(run, "hash", ""), &plan, err))
            return false;
        json_set_string(run, "target", plan->target);
        json_object_set_new(run, "steps_done", json_null());
        json_set_int(run, "steps_total", plan->steps);
    }
    return true;
}

bool view_steps_done(void *ctx, DbConn *conn, json_t *runs, Error *err)
{
    UNUSED(ctx);
    AUTO(base_free) char *ids = ids_of(runs);
    LedgerParams params = {0};
    ledger_param_text(&params, ids);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(conn, "server_steps_done", &params, &rows, err))
        return false;
    const json_t *done = json_array_get(rows, 0);
    size_t i = 0;
    json_t *run = NULL;
    json_array_foreach (runs, i, run) {
        json_set_int(run, "steps_done", json_get_int(done, json_get_string(run, "id", ""), 0));
    }
    return true;
}

void view_hide(json_t *run)
{
    json_object_del(run, "system");
}

bool server_view_heads(DbConn *state, const ServerFilter *filter, json_t **ret_runs, Error *err)
{
    int limit = filter->limit <= 0          ? LIMIT_DEFAULT
                : filter->limit > LIMIT_MAX ? LIMIT_MAX
                                            : filter->limit;
    LedgerParams params = {0};
    ledger_param_text(&params, filter->ids);
    ledger_param_text(&params, filter->states);
    ledger_param_text(&params, filter->plan);
    ledger_param_text(&params, filter->environment);
    ledger_param_text(&params, filter->text);
    ledger_param_int(&params, filter->before);
    ledger_param_int(&params, limit);
    AUTO(json_auto) json_t *runs = NULL;
    if (!ledger_call_json(state, "server_runs", &params, &runs, err))
        return false;
    if (!add_plans(state, runs, err))
        return false;
    *ret_runs = json_incref(runs);
    return true;
}

/* ------------------------------------------------------------------ what needs a person */

typedef struct Needs {
    DbConn *state;
    ServerTargets *targets;
    const ServerReader *reader;
    bool operates;
    json_t *list;
    json_t *unavailable; ///< targets that could not be asked, each once
} Needs;

static json_t *need_new(const json_t *run, const char *kind, const char *path)
{
    json_t *need = json_object();
    json_object_set(need, "run", json_object_get(run, "id"));
    json_object_set(need, "plan", json_object_get(run, "plan"));
    json_object_set(need, "environment", json_object_get(run, "environment"));
    json_set_string(need, "kind", kind);
    json_set_string(need, "path", path);
    json_object_set(need, "since", json_object_get(run, "state_since"));
    return need;
}

static void need_text(json_t *need, const char *text, bool mine)
{
    json_set_string(need, "text", text);
    json_object_set_new(need, "mine", json_boolean(mine));
}

static bool add_gate(Needs *needs, const json_t *run, const char *path, Error *err)
{
    AUTO(json_auto) json_t *gate = NULL;
    int64_t id = strtoll(json_get_string(run, "id", "0"), NULL, 10);
    if (!server_view_gate(needs->state, id, path, needs->reader, &gate, err))
        return false;
    AUTO(text_done) Text text;
    text_init(&text, BOUND_EVENT_BYTES);
    text_printf(&text, "%s needs %d × ", path, (int)json_get_int(gate, "need", 1));
    size_t i = 0;
    json_t *role = NULL;
    json_array_foreach (json_object_get(gate, "approvers"), i, role) {
        text_printf(&text, "%s%s", i == 0 ? "" : ", ", json_string_value(role));
    }
    json_t *need = need_new(run, "gate", path);
    json_object_set(need, "since", json_object_get(gate, "opened_at"));
    need_text(need, text_string(&text),
              json_get_bool(json_object_get(gate, "may"), "approve", false));
    json_array_append_new(needs->list, need);
    return true;
}

/* A run stands at one place; what it waits for there is in its reason. */
static bool add_reason(Needs *needs, const json_t *run, Error *err)
{
    const char *state = json_get_string(run, "state", "");
    const json_t *reason = json_object_get(run, "reason");
    const char *kind = json_get_string(reason, "kind", "");
    const char *path = json_get_string(reason, "path", "");
    bool stuck = text_equal(state, "held") || text_equal(state, "failed") ||
                 text_equal(state, "rollback_blocked");
    if (text_equal(state, "waiting") && text_equal(kind, "gate"))
        return add_gate(needs, run, path, err);
    if (!stuck && !(text_equal(state, "waiting") && text_equal(kind, "manual")))
        return true;
    json_t *need = need_new(run, stuck ? "held" : "manual", path);
    need_text(need, json_get_string(reason, "text", state), needs->operates);
    json_array_append_new(needs->list, need);
    return true;
}

/* What somebody asks for while a stage is watched: the run does not wait for it. */
static bool add_asked(Needs *needs, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(needs->state, "server_asked", NULL, &rows, err))
        return false;
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (rows, i, row) {
        if (!add_gate(needs, row, json_get_string(row, "path", ""), err))
            return false;
    }
    return true;
}

/* Of runs that may have ended long ago: the glass of a gate was broken, and nobody has looked. */
static bool add_obligations(Needs *needs, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(needs->state, "server_obligations", NULL, &rows, err))
        return false;
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (rows, i, row) {
        char text[400];
        const char *path = json_get_string(row, "path", "");
        const Config *config = needs->reader->config;
        const ConfigEnvironment *environment =
            config == NULL ? NULL
                           : config_environment(config, json_get_string(row, "environment", ""));
        snprintf(text, sizeof(text), "the glass of %.300s was broken: say what was looked at",
                 path);
        json_t *need = need_new(row, "obligation", path);
        json_object_set(need, "since", json_object_get(row, "since"));
        need_text(need, text,
                  needs->reader->role >= ACCESS_ADMINISTRATOR ||
                      view_gate_role(row, environment, needs->reader->person));
        json_array_append_new(needs->list, need);
    }
    return true;
}

static bool look_reviews(void *ctx, DbConn *conn, json_t *runs, Error *err)
{
    Needs *needs = ctx;
    AUTO(base_free) char *ids = ids_of(runs);
    LedgerParams params = {0};
    ledger_param_text(&params, ids);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(conn, "server_review_open", &params, &rows, err))
        return false;
    const json_t *counts = json_array_get(rows, 0);
    size_t i = 0;
    json_t *run = NULL;
    json_array_foreach (runs, i, run) {
        const json_t *open = json_object_get(counts, json_get_string(run, "id", ""));
        if (open == NULL)
            continue;
        char text[64];
        int64_t count = json_get_int(open, "count", 0);
        snprintf(text, sizeof(text), "%" PRId64 " row%s to decide", count, count == 1 ? "" : "s");
        json_t *need = need_new(run, "review", json_get_string(open, "step", ""));
        json_object_set(need, "since", json_object_get(open, "since"));
        need_text(need, text, needs->operates);
        json_array_append_new(needs->list, need);
    }
    return true;
}

/* What a person is needed for may be in a target that could not be asked. */
static void add_unavailable(json_t *list, const json_t *run)
{
    const json_t *text = json_object_get(run, "unavailable");
    if (!json_is_string(text))
        return;
    size_t i = 0;
    json_t *known = NULL;
    json_array_foreach (list, i, known) {
        if (json_equal(json_object_get(known, "text"), text) &&
            json_equal(json_object_get(known, "environment"), json_object_get(run, "environment")))
            return;
    }
    json_t *item = json_object();
    json_object_set(item, "environment", json_object_get(run, "environment"));
    json_object_set(item, "target", json_object_get(run, "target"));
    json_object_set(item, "text", (json_t *)text);
    json_array_append_new(list, item);
}

/* Rows of queues are in the targets' ledgers: counts by run. */
static bool add_reviews(Needs *needs, json_t *runs, Error *err)
{
    if (!targets_each(needs->targets, needs->state, runs, look_reviews, needs, err))
        return false;
    size_t i = 0;
    json_t *run = NULL;
    json_array_foreach (runs, i, run) {
        add_unavailable(needs->unavailable, run);
    }
    return true;
}

static bool add_needs(Needs *needs, Error *err)
{
    static const ServerFilter UNFINISHED = {.states =
                                                "pending,running,waiting,watching,held,throttled,"
                                                "paused,rolling_back,rollback_blocked,failed",
                                            .limit = LIMIT_MAX};
    AUTO(json_auto) json_t *runs = NULL;
    if (!server_view_heads(needs->state, &UNFINISHED, &runs, err))
        return false;
    size_t i = 0;
    json_t *run = NULL;
    json_array_foreach (runs, i, run) {
        if (!add_reason(needs, run, err))
            return false;
    }
    return add_asked(needs, err) && add_reviews(needs, runs, err) && add_obligations(needs, err);
}

static bool list_runs(DbConn *state, ServerTargets *targets, const ServerFilter *filter,
                      json_t **ret_runs, Error *err)
{
    AUTO(json_auto) json_t *runs = NULL;
    if (!server_view_heads(state, filter, &runs, err) ||
        !targets_each(targets, state, runs, view_steps_done, NULL, err))
        return false;
    size_t i = 0;
    json_t *run = NULL;
    json_array_foreach (runs, i, run) {
        view_hide(run);
    }
    *ret_runs = json_incref(runs);
    return true;
}

bool server_view_runs(DbConn *state, ServerTargets *targets, const ServerFilter *filter,
                      const ServerReader *reader, json_t **ret_list, Error *err)
{
    AUTO(json_auto) json_t *runs = NULL;
    AUTO(json_auto) json_t *list = json_array();
    AUTO(json_auto) json_t *unavailable = json_array();
    Needs needs = {.state = state,
                   .targets = targets,
                   .reader = reader,
                   .operates = reader->role >= ACCESS_OPERATOR,
                   .list = list,
                   .unavailable = unavailable};
    AUTO(db_result_auto) DbResult *now = NULL;
    if (!list_runs(state, targets, filter, &runs, err) || !add_needs(&needs, err) ||
        !db_query_prepared(state, db_sql("server_now"), NULL, &now, err))
        return false;
    json_t *all = json_object();
    json_set_string(all, "now", db_value(now, 0, 0));
    json_object_set(all, "needs_you", list);
    json_object_set(all, "unavailable", unavailable);
    json_object_set(all, "runs", runs);
    *ret_list = all;
    return true;
}
