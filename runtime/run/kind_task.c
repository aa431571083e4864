/* task: plain Lua in one transaction with its ledger row, or (transaction = false) at least once.
 */
#include "base/bounds.h"
#include "base/clock.h"
#include "db/sql.h"
#include "run/kind.h"
#include "run/once.h"

typedef struct TaskCall {
    const char *key;
    bool transactional;
    int64_t limit_us;    /* all tries together; < 0 = none */
    int64_t deadline_us; /* 0 = no try has begun */
} TaskCall;

/* One call in a fiber of its own, so that it can be asked to end: that cancels the statement it
 * waits for, and no pcall of the script holds it. */
typedef struct Limited {
    Run *run;
    const char *path;
    const TaskCall *call;
    DbConn *conn;
    json_t *result;
    bool ok;
    bool ended;
    Error why;
    FiberEvent done;
} Limited;

static void limited_main(void *arg)
{
    Limited *limited = arg;
    const RunHooks *hooks = limited->run->options.hooks;
    limited->ok = hooks->call(hooks->ctx, limited->path, limited->call->key, limited->conn,
                              limited->call->transactional, &limited->result, &limited->why);
    limited->ended = true;
    fiber_event_broadcast(&limited->done);
}

static int64_t left_ms(const TaskCall *call)
{
    int64_t left_us = call->deadline_us - clock_monotonic_us();
    return left_us <= 0 ? 0 : (left_us + 999) / 1000;
}

/* Waits until the fiber has ended, and asks it to at the deadline. */
static void wait_limited(Limited *limited, Fiber *fiber)
{
    bool before = fiber_shield(false);
    bool asked = false;
    while (!limited->ended) {
        if (!asked && (left_ms(limited->call) == 0 || fiber_cancelled())) {
            fiber_cancel(fiber);
            asked = true;
            fiber_shield(true); /* its end is near, and it uses our memory */
        }
        fiber_event_wait(&limited->done, asked ? -1 : left_ms(limited->call));
    }
    fiber_shield(before);
}

static bool too_long(const PlanNode *node, const TaskCall *call, Error *err)
{
    PlanPosition at = plan_key_position(node, "timeout");
    return error_set(err, ERROR_SCRIPT, "%s:%d:%d: the task took longer than its timeout of %s: %s",
                     at.file, at.line, at.column, plan_text(node, "timeout"),
                     call->transactional ? "its transaction was rolled back"
                                         : "what it did until then stays");
}

static bool call_limited(Run *run, const PlanNode *node, DbConn *conn, const TaskCall *call,
                         json_t **ret_result, Error *err)
{
    Limited *limited = base_alloc(sizeof(*limited));
    *limited = (Limited){.run = run, .path = node->path, .call = call, .conn = conn};
    wait_limited(limited, fiber_start(run->loop, "task", limited_main, limited));
    bool ok = limited->ok && left_ms(call) > 0;
    if (ok)
        *ret_result = limited->result;
    else if (left_ms(call) == 0)
        too_long(node, call, err);
    else
        *err = limited->why;
    if (!ok)
        json_decref(limited->result);
    base_free(&limited);
    return ok;
}

static bool call_effect(Run *run, const PlanNode *node, DbConn *conn, void *ctx, json_t *detail,
                        Error *err)
{
    TaskCall *call = ctx;
    const RunHooks *hooks = run->options.hooks;
    json_t *result = NULL;
    if (call->limit_us >= 0 && call->deadline_us == 0)
        call->deadline_us = clock_monotonic_us() + call->limit_us;
    bool ok = call->limit_us >= 0 ? call_limited(run, node, conn, call, &result, err)
                                  : hooks->call(hooks->ctx, node->path, call->key, conn,
                                                call->transactional, &result, err);
    if (!ok)
        return false;
    json_object_set_new(detail, call->key, result == NULL ? json_null() : result);
    return true;
}

/* Of run only: an undo that may not take its time would leave the run without a way back. */
static int64_t limit_of(const PlanNode *node, const char *key)
{
    return text_equal(key, "run") ? plan_duration_us(node, "timeout") : -1;
}

static bool in_transaction(Run *run, const PlanNode *node, const char *key, StepEvent event,
                           Error *err)
{
    TaskCall call = {.key = key, .transactional = true, .limit_us = limit_of(node, key)};
    return run_effect(
        run, node,
        &(RunEffectOptions){
            .event = event, .effect = call_effect, .ctx = &call, .as_role = true, .user_sql = true},
        err);
}

/* On a connection of its own, so that what it does stays, whatever becomes of the ledger's row. */
static bool call_outside(Run *run, const PlanNode *node, const char *key, json_t *detail,
                         Error *err)
{
    DbConn *conn = NULL;
    if (!run_connect(run, run->options.target, false, &conn, err))
        return false;
    const char *role = run->options.target->run_as;
    TaskCall call = {.key = key, .transactional = false, .limit_us = limit_of(node, key)};
    bool ok = db_query_prepared(conn, db_sql("task_session"), DB_PARAMS(run->search_path, role),
                                NULL, err) &&
              call_effect(run, node, conn, &call, detail, err);
    db_close(conn);
    return ok;
}

static bool act_run(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    return call_outside(run, node, "run", detail, err);
}

static bool act_undo(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    return call_outside(run, node, "undo", detail, err);
}

/* Once for each life: retry tries the task again, in a process that was not told so. */
static bool not_hung(const Run *run, Error *err)
{
    return !run->options.hung ||
           error_set(err, ERROR_SCRIPT,
                     "its Lua did not react (a string pattern that never ends?) and was killed, %d "
                     "times in a row",
                     BOUND_SCRIPT_RESTARTS);
}

bool run_kind_task_forward(Run *run, const PlanNode *node, Error *err)
{
    if (!not_hung(run, err))
        return false;
    if (!plan_bool(node, "transaction"))
        return run_once_forward(run, node, act_run, err);
    if (run->state == RUN_HELD && !run_wait_go(run, err))
        return false;
    run_step_started(run, node);
    return in_transaction(run, node, "run", STEP_EVENT_FINISH, err);
}

bool run_kind_task_back(Run *run, const PlanNode *node, Error *err)
{
    bool transactional = plan_bool(node, "transaction");
    bool nothing = false;
    if (!not_hung(run, err))
        return false;
    if (transactional)
        nothing = run_step_state(run, node) == STEP_FAILED ||
                  json_object_get(node->keys, "no_effect") != NULL;
    else if (!run_once_nothing(run, node, &nothing, err))
        return false;
    if (nothing)
        return run_step_apply(run, node, STEP_EVENT_UNDO_FINISH, NULL, NULL, err);
    if (!plan_has_function(node, "undo"))
        return error_set(err, ERROR_REFUSED, "there is no way back: %s",
                         json_get_string(node->keys, "one_way", "it has no undo"));
    if (transactional)
        return in_transaction(run, node, "undo", STEP_EVENT_UNDO_FINISH, err);
    return run_once_back(run, node, act_undo, err);
}
