/* manual and checklist: a person says that it is done. */
#include "run/kind.h"

#include "ledger/gate.h"

enum { POLL_MS = 1000 };

static size_t items_of(const PlanNode *node)
{
    const json_t *items = json_object_get(node->keys, "items");
    return json_is_array(items) ? json_array_size(items) : 1;
}

static bool wait_for_people(Run *run, const PlanNode *node, size_t left, Error *err)
{
    if (run->state == RUN_RUNNING) {
        AUTO(json_auto)
        json_t *reason = run_reason("manual", node->path, json_object_get(node->keys, "role"),
                                    "\"%s\": %zu left to do", node->name, left);
        if (!run_apply(run, RUN_EVENT_WAIT, node->path, reason, err))
            return false;
    }
    return run_wait(run, POLL_MS, err);
}

bool run_kind_manual_forward(Run *run, const PlanNode *node, Error *err)
{
    size_t items = items_of(node);
    if (run_step_state(run, node) != STEP_RUNNING &&
        !run_step_apply(run, node, STEP_EVENT_START, NULL, NULL, err))
        return false;
    while (true) {
        AUTO(json_auto) json_t *answers = NULL;
        if (!ledger_answers(run->ledger, run->id, node->path, &answers, err))
            return false;
        if (json_array_size(answers) >= items) {
            AUTO(json_auto) json_t *detail = json_object();
            json_set_string(detail, "verdict", "pass");
            json_object_set(detail, "answers", answers);
            return run_step_apply(run, node, STEP_EVENT_FINISH, detail, NULL, err);
        }
        if (!wait_for_people(run, node, items - json_array_size(answers), err))
            return false;
    }
}
