/* Requests come from the table of states, the undo list from the table of steps: the same that the
 * engine follows. */
#include "run/undo.h"

#include "plan/word.h"

#define BIT(state) (1u << (state))

const RunRequest RUN_REQUESTS[] = {
    {"pause", RUN_EVENT_PAUSE, 0, REQUEST_MOVES},
    {"resume", RUN_EVENT_GO, BIT(RUN_PAUSED) | BIT(RUN_HELD), REQUEST_MOVES},
    {"retry", RUN_EVENT_GO, BIT(RUN_FAILED) | BIT(RUN_ROLLBACK_BLOCKED) | BIT(RUN_HELD),
     REQUEST_MOVES},
    {"rollback", RUN_EVENT_ROLL_BACK, ~BIT(RUN_ROLLBACK_BLOCKED), REQUEST_MOVES},
    {"abort", RUN_EVENT_ABORT, 0, REQUEST_MOVES},
    {"skip", RUN_EVENT_ROLL_BACK, BIT(RUN_ROLLBACK_BLOCKED), REQUEST_MENDS},
    {"repair", RUN_EVENT_ROLL_BACK, BIT(RUN_ROLLBACK_BLOCKED), REQUEST_MENDS},
    {"tune", RUN_EVENT_GO, BIT(RUN_RUNNING) | BIT(RUN_THROTTLED), REQUEST_TUNES},
    {"advance", RUN_EVENT_GO, BIT(RUN_WATCHING), REQUEST_ADVANCES},
};
const size_t RUN_REQUESTS_COUNT = COUNT_OF(RUN_REQUESTS);

const RunRequest *run_request_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(RUN_REQUESTS); i++) {
        if (text_equal(RUN_REQUESTS[i].name, name))
            return &RUN_REQUESTS[i];
    }
    return NULL;
}

bool run_request_allowed(const RunRequest *request, RunState state)
{
    if (state == RUN_STATES)
        return false;
    if (request->about != REQUEST_MOVES) /* these make no transition of their own */
        return (request->offered & BIT(state)) != 0;
    bool goes = request->event == RUN_EVENT_GO;
    bool on = state == RUN_RUNNING || state == RUN_ROLLING_BACK || state == RUN_ROLLBACK_BLOCKED;
    return run_row_find(state, request->event) != NULL || (goes && on);
}

bool run_request_offered(const RunRequest *request, RunState state)
{
    bool offered = request->offered == 0 || (request->offered & BIT(state)) != 0;
    return offered && run_request_allowed(request, state);
}

json_t *run_requests_json(void)
{
    json_t *table = json_object();
    for (size_t i = 0; i < COUNT_OF(RUN_REQUESTS); i++) {
        json_t *states = json_array();
        for (RunState state = 0; state < RUN_STATES; state++) {
            if (run_request_offered(&RUN_REQUESTS[i], state))
                json_array_append_new(states, json_string(run_state_name(state)));
        }
        json_object_set_new(table, RUN_REQUESTS[i].name, states);
    }
    return table;
}

/* ------------------------------------------------------------------ undo */

static const struct HowRow {
    const char *kind;
    const char *how;
} HOWS[] = {
    {"step", "its down"},
    {"backfill", "old values, where ours still stand"},
    {"import", "its rows are deleted, where ours still stand"},
    {"rollout", "0 % and off"},
};

static const char *how_of(const json_t *node)
{
    const char *kind = json_get_string(node, "kind", "");
    if (json_object_get(json_object_get(node, "keys"), "no_effect") != NULL)
        return "nothing: it only looked";
    for (size_t i = 0; i < COUNT_OF(HOWS); i++) {
        if (text_equal(HOWS[i].kind, kind))
            return HOWS[i].how;
    }
    return "its undo";
}

static void index_nodes(json_t *index, json_t *node) // NOLINT(misc-no-recursion): BOUND_PLAN_DEPTH
{
    size_t i = 0;
    json_t *child = NULL;
    json_object_set(index, json_get_string(node, "path", ""), node);
    json_array_foreach (json_object_get(node, "children"), i, child)
        index_nodes(index, child);
}

static json_t *item_of(const json_t *node)
{
    json_t *item = json_object();
    json_set_string(item, "path", json_get_string(node, "path", ""));
    json_set_string(item, "kind", json_get_string(node, "kind", ""));
    json_set_string(item, "name", json_get_string(node, "name", ""));
    return item;
}

/* As the engine's walk back: what changes something and can still be undone by the table. */
static void add_row(const json_t *node, StepState state, json_t *steps, json_t *no_way_back)
{
    const PlanWord *word = plan_word_find(json_get_string(node, "kind", ""));
    if (word == NULL || !word->mutates || state == STEP_STATES ||
        step_row_find(state, STEP_EVENT_UNDO_FINISH) == NULL)
        return;
    const char *one_way = json_get_string(json_object_get(node, "keys"), "one_way", NULL);
    json_t *item = item_of(node);
    if (one_way != NULL && state == STEP_DONE) {
        json_set_string(item, "why", one_way);
        json_array_append_new(no_way_back, item);
        return;
    }
    json_set_string(item, "state", step_state_name(state));
    json_set_string(item, "how", how_of(node));
    json_array_append_new(steps, item);
}

json_t *run_undo_list(json_t *graph, const json_t *rows)
{
    AUTO(json_auto) json_t *index = json_object();
    json_t *steps = json_array();
    json_t *no_way_back = json_array();
    index_nodes(index, graph);
    for (size_t i = json_array_size(rows); i > 0; i--) {
        const json_t *row = json_array_get(rows, i - 1);
        const json_t *node = json_object_get(index, json_get_string(row, "path", ""));
        add_row(node, step_state_parse(json_get_string(row, "state", "")), steps, no_way_back);
    }
    json_t *list = json_object();
    json_object_set_new(list, "steps", steps);
    json_object_set_new(list, "no_way_back", no_way_back);
    return list;
}
