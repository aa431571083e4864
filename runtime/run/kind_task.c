/* task: plain Lua in one transaction with its ledger row, or (transaction = false) at least once.
 */
#include "run/kind.h"

typedef struct TaskCall {
    const char *key;
    bool transactional;
} TaskCall;

static bool call_effect(Run *run, const PlanNode *node, DbConn *conn, void *ctx, json_t *detail,
                        Error *err)
{
    const TaskCall *call = ctx;
    json_t *result = NULL;
    if (!run->options.hooks->call(run->options.hooks->ctx, node->path, call->key, conn,
                                  call->transactional, &result, err))
        return false;
    json_object_set_new(detail, call->key, result == NULL ? json_null() : result);
    return true;
}

static bool in_transaction(Run *run, const PlanNode *node, const char *key, StepEvent event,
                           Error *err)
{
    TaskCall call = {.key = key, .transactional = true};
    return run_effect(
        run, node,
        &(RunEffectOptions){
            .event = event, .effect = call_effect, .ctx = &call, .as_role = true, .user_sql = true},
        err);
}

/* At least once: the ledger says "running" first, and "done" when it came back. */
static bool at_least_once(Run *run, const PlanNode *node, const char *key, StepEvent start,
                          StepEvent finish, Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    DbConn *conn = NULL;
    if (!run_step_apply(run, node, start, NULL, NULL, err) ||
        !run_connect(run, run->options.target, false, &conn, err))
        return false;
    TaskCall call = {.key = key, .transactional = false};
    bool ok = call_effect(run, node, conn, &call, detail, err);
    db_close(conn);
    return ok && run_step_apply(run, node, finish, detail, NULL, err);
}

bool run_kind_task_forward(Run *run, const PlanNode *node, Error *err)
{
    run_step_started(run, node);
    if (plan_bool(node, "transaction"))
        return in_transaction(run, node, "run", STEP_EVENT_FINISH, err);
    return at_least_once(run, node, "run", STEP_EVENT_START, STEP_EVENT_FINISH, err);
}

bool run_kind_task_back(Run *run, const PlanNode *node, Error *err)
{
    bool transactional = plan_bool(node, "transaction");
    bool nothing_happened = transactional && run_step_state(run, node) == STEP_FAILED;
    if (nothing_happened || json_object_get(node->keys, "no_effect") != NULL)
        return run_step_apply(run, node, STEP_EVENT_UNDO_FINISH, NULL, NULL, err);
    if (!plan_has_function(node, "undo"))
        return error_set(err, ERROR_REFUSED, "there is no way back: %s",
                         json_get_string(node->keys, "one_way", "it has no undo"));
    if (transactional)
        return in_transaction(run, node, "undo", STEP_EVENT_UNDO_FINISH, err);
    return at_least_once(run, node, "undo", STEP_EVENT_UNDO, STEP_EVENT_UNDO_FINISH, err);
}
