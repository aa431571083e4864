/* Gates that somebody asks for beside those of the plan: PATH/skip, PATH/repair, PATH/advance.
 * What was asked is what their approvals bind; people of the environment approve, not of the plan.
 */
#ifndef HEADGATE_ROLLOUT_ASKED_H
#define HEADGATE_ROLLOUT_ASKED_H

#include "plan/config.h"
#include "run/run.h"

/// [{"kind": "skip", "need": 2, "approvers": ["admin"], "auto": false}, …]: who would have to
/// approve each in an environment; no approvers = nobody could. NULL for environment: nobody is
/// known. The caller's.
json_t *rollout_asked_ways(const ConfigEnvironment *environment);
/// ERROR_REFUSED where nobody could approve anything.
NODISCARD bool rollout_asked_possible(const Run *run, Error *err);

/// What is asked of people. All borrowed.
typedef struct RolloutAsk {
    const char *path;     ///< of the gate
    const char *kind;     ///< "skip", …: how many must approve
    const json_t *bound;  ///< what else its approvals bind; NULL = nothing
    const char *question; ///< as the gate's page asks it
    json_t *evidence;     ///< what was asked, and why
    json_t *next;         ///< what follows, as gate.next
} RolloutAsk;

/// [{path, kind, verdict, text, at: null, request, why}]: what somebody asked for about a node, to
/// which the caller may add. The caller's.
json_t *rollout_asked_evidence(const PlanNode *node, const char *verdict, const char *text,
                               const json_t *request);
/// Waits. Opens the gate, and tells so. Asked again with other evidence it is another gate.
NODISCARD bool rollout_asked_open(Run *run, const RolloutAsk *ask, Error *err);

/// What people said about it. Ended by rollout_asked_done().
typedef struct RolloutAsked {
    json_t *row;    ///< of ledger_gate_read(); NULL: nobody has asked
    bool open;      ///< passed is not open
    bool passed;    ///< by us, or by a runner before us
    bool changed;   ///< its row, or what it binds, is not what was asked about: nothing counts
    bool approved;  ///< by people, or by the policy of an environment whose gates are automatic
    bool rejected;  ///< one reject is enough
    json_t *people; ///< who approved: names, or ["policy"]
    int64_t said;   ///< how much had been said when this was looked at
} RolloutAsked;

/// Waits. path, kind and bound as it was opened with.
NODISCARD bool rollout_asked_look(Run *run, const RolloutAsk *ask, RolloutAsked *ret, Error *err);
void rollout_asked_done(RolloutAsked *asked);
/// What was asked: the first item of its evidence; NULL when there is none.
const json_t *rollout_asked_what(const RolloutAsked *asked);

/// Waits. Closes it as "passed", "rejected" or "withdrawn"; why (NULL = nothing to say) is told.
/// said: of the look, or < 0: whatever was said. *ret_closed false: something was said since.
NODISCARD bool rollout_asked_close(Run *run, const char *path, const char *how, int64_t said,
                                   const char *why, bool *ret_closed, Error *err);

#endif
