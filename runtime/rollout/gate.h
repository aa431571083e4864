/* Gates: opened with their evidence and digest (gate_open.c), passed when enough signed approvals
 * of that digest are there (gate_count.c), its clock has passed and the evidence still says the
 * same (gate_check.c). What was answered there is read by later steps (gate_answer.c). Deciding who
 * may approve is access/decide.h; an approval is a row that only the supervisor writes and signs.
 */
#ifndef HEADGATE_ROLLOUT_GATE_H
#define HEADGATE_ROLLOUT_GATE_H

#include "access/decide.h"
#include "run/step.h"

/// Forward through a gate node (of a phase, the plan or a stage).
RunNodeFn rollout_gate_forward;

/// What follows the gate, as gate.next: [{kind, path, text, sql?}], until the next gate.
json_t *rollout_gate_next(const Plan *plan, const ConfigEnvironment *environment,
                          const PlanNode *gate);
/// The digest that an approval binds: SHA-256 over plan, parameters, targets, configuration, gate
/// and each evidence item's definition and verdict (DESIGN P11). ret_hex has HASH_HEX_BYTES.
void rollout_gate_digest(const Run *run, const PlanNode *gate, const json_t *evidence, int attempt,
                         char *ret_hex);
/// Waits until it is durable that the gate was opened as its row says; telling the same opening
/// again does nothing. *told_us: which one, as the row's opened_us.
NODISCARD bool rollout_gate_tell(Run *run, const char *path, int64_t *told_us, Error *err);
/// Waits. Opens the gate, unless it is open as plan and evidence have it. found: its evidence as
/// looked at again, with a verdict that changed; NULL = as the run recorded it. *told_us: the
/// opening that this process told of; a poll that finds it as it was writes nothing.
NODISCARD bool rollout_gate_open(Run *run, const PlanNode *gate, json_t *found, int64_t *told_us,
                                 Error *err);
/// When what follows may begin, with all defaults: {days, from, to, zone}; NULL = always. The
/// caller's.
json_t *rollout_gate_hours(const ConfigEnvironment *environment, const PlanNode *gate);
/// How long it waits after the last approval; 0 = not.
int64_t rollout_gate_wait_us(const PlanNode *gate);

/// Who has to approve, as the plan or the engine asks it: what the gate's row says is not believed.
typedef struct GateAsks {
    const json_t *approvers; ///< roles
    int need;
    const json_t *fields; ///< plan_param_items(); NULL = none
    bool of_plan;
} GateAsks;

/// What was said about a gate and is believed.
typedef struct GateFound {
    AccessQuorum quorum; ///< missing is NULL
    char since[40];      ///< when the newest of those that count was given, as it was signed
    json_t *people;      ///< who let it pass
    json_t *answers;     ///< to its fields, by name
} GateFound;

/// The run that a gate belongs to.
typedef struct GateRun {
    int64_t id;
    const char *started_by;
    const char *author;
    const char *key_folder; ///< where approval.pub is
    Run *run;               ///< whose log tells what is not believed; NULL = only ours does
} GateRun;
GateRun rollout_gate_run(Run *run);

/// Waits. Counts what stands in a gate's row (ledger_gate_read): only what has a valid signature.
/// ERROR_REFUSED when the chain tells of an approval or revoke that has no row any more.
NODISCARD bool rollout_gate_count(const GateRun *of, const char *path, const json_t *row,
                                  const GateAsks *asks, GateFound *ret, Error *err);
void rollout_gate_found_done(GateFound *found);

/// Waits. What a function of reader may know of the gates that ask for fields, as
/// bind_plan_answers() takes it: the values that signed approvals of passed gates hold, with
/// defaults; or why there are none. automatic: gates are passed by policy here. The caller's.
NODISCARD bool rollout_gate_answers(DbConn *state, const GateRun *of, const Plan *plan,
                                    const PlanNode *reader, bool automatic, json_t **ret_gates,
                                    Error *err);
/// The same where nobody has been asked: a dry run.
json_t *rollout_gate_unasked(const Plan *plan);

/// Waits. Looks at the evidence of a gate's row again, as far as it can be asked. When a verdict
/// has changed, *ret_found is the evidence as it is now and the gate's step has failed, so that no
/// approval counts any more; otherwise NULL, and the row has the newer texts and times.
NODISCARD bool rollout_gate_look_again(Run *run, const PlanNode *gate, const json_t *row,
                                       json_t **ret_found, Error *err);

#endif
