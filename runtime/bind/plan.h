/* A plan's Lua, evaluated from its bundle: the graph, and the functions (run, undo, map) by node
 * path. */
#ifndef HEADGATE_BIND_PLAN_H
#define HEADGATE_BIND_PLAN_H

#include "db/conn.h"
#include "plan/bundle.h"
#include "plan/plan.h"

typedef struct BindPlan BindPlan;

/// Waits. Evaluates plan.lua in the sandbox (no database, no side effects) and builds its graph.
/// Errors are ERROR_INPUT "plan.lua:40: ..." (wrong plan) or ERROR_SCRIPT (raised, looped, out of
/// memory). bundle is borrowed: it must outlive the plan, whose functions may require its files.
NODISCARD bool bind_plan_load(Loop *loop, const Bundle *bundle, BindPlan **ret_plan, Error *err);
/// The graph as plan_from_graph() takes it; borrowed.
json_t *bind_plan_graph(const BindPlan *plan);
void bind_plan_free(BindPlan *plan);
/// From now on the plan's functions may read params.name: values are the run's (plan/param.h),
/// borrowed. Before, and while loading, reading one raises.
NODISCARD bool bind_plan_params(BindPlan *plan, json_t *values, Error *err);
/// From now on answer("gate", "field") gives what stands here: [{path, name, fields: {name: true},
/// values} or {…, why}] of the gates that ask for fields; borrowed. why says why there is none.
NODISCARD bool bind_plan_answers(BindPlan *plan, json_t *gates, Error *err);
/// False: no file of the plan names answer, so nothing need be read for it.
bool bind_plan_reads_answers(const Bundle *bundle);

/// The first statement of a task that failed: the script may have caught the error.
typedef struct BindCaught {
    Error error;     ///< ERROR_NONE: none failed
    char where[128]; ///< "plan.lua:12"
} BindCaught;

/// What a running task may use.
typedef struct BindTask {
    DbConn *conn;       ///< the step's connection; in its transaction when transactional
    bool transactional; ///< then any wait but db:* is an error
    void (*log)(void *ctx, const char *line); ///< log("...") of the script
    void *ctx;
    BindCaught *caught; ///< for bind/ itself; callers leave it NULL
} BindTask;
/// Waits. Runs the function under key ("run", "undo") of the node at path: fn(db). Its return value
/// (data only, may be NULL) goes to *ret_result (owned by the caller; may be NULL). A function
/// that went on after a statement had failed leaves an aborted transaction: that is a failure, with
/// that statement's error.
NODISCARD bool bind_plan_call(BindPlan *plan, const char *path, const char *key,
                              const BindTask *task, json_t **ret_result, Error *err);

#endif
