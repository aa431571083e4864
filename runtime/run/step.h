/* Steps in the ledger: the setter of a step's state, and the transaction in which an effect and its
 * ledger row are one. */
#ifndef HEADGATE_RUN_STEP_H
#define HEADGATE_RUN_STEP_H

#include "run/run.h"

/// The row of a node as last written, or NULL.
json_t *run_step_row(const Run *run, const char *path);
StepState run_step_state(const Run *run, const PlanNode *node);
/// The attempt a start now would be: 1, or one more than the last that failed.
int run_step_attempt(const Run *run, const PlanNode *node);

/// Tells that a node has started (an event only; the ledger row comes with its effect).
void run_step_started(Run *run, const PlanNode *node);

/// What an effect does inside its transaction. detail (an object) becomes the step's detail.
typedef bool RunEffect(Run *run, const PlanNode *node, DbConn *conn, void *ctx, json_t *detail,
                       Error *err);
/// Asked in the round trip that begins each try, under its role and search_path.
typedef struct RunQuestion {
    DbStatement asks;
    DbResult *answer; ///< of the try at work; NULL before the first and behind the last
} RunQuestion;
typedef struct RunEffectOptions {
    StepEvent event; ///< the transition that commits with the effect
    RunEffect *effect;
    void *ctx;
    bool as_role;          ///< run under the target's run_as role
    bool user_sql;         ///< check afterwards that the transaction is still ours, reset role and
                           ///< search_path
    const char *sql;       ///< key of the plan's SQL that runs behind the effect, or NULL
    RunQuestion *question; ///< with user_sql; NULL = none
} RunEffectOptions;
/// Waits. begin, fence, effect, ledger row, commit, then the event. Lock timeouts, deadlocks and
/// serialization failures are tried again with longer lock_timeouts and jittered pauses; then it
/// fails.
NODISCARD bool run_effect(Run *run, const PlanNode *node, const RunEffectOptions *options,
                          Error *err);
/// One transition on its way: written to the ledger first, remembered and told after the commit.
typedef struct RunTransition {
    const PlanNode *node;
    StepState from;
    StepState to;
    int attempt;
    LedgerStepChanged changed;
    json_t *detail; ///< borrowed while it is written; then in run->steps
    json_t *error;
} RunTransition;
/// Waits. For effects with transactions of their own (backfills): writes the transition in the open
/// transaction of conn, whose owner has checked the fence. After its commit the caller says
/// run_step_tell().
NODISCARD bool run_step_record(Run *run, DbConn *conn, const PlanNode *node, StepEvent event,
                               json_t *detail, RunTransition *ret, Error *err);
void run_step_tell(Run *run, RunTransition *transition);

/// Waits. A transition without an effect, in its own fenced transaction. detail and error are
/// borrowed, may be NULL.
NODISCARD bool run_step_apply(Run *run, const PlanNode *node, StepEvent event, json_t *detail,
                              const Error *error, Error *err);

#endif
