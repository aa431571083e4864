/* How each kind of node is run and undone: one function pair a kind. The table that names them is
 * in cli/ (rollout adds its own). */
#ifndef HEADGATE_RUN_KIND_H
#define HEADGATE_RUN_KIND_H

#include "data/spec.h"
#include "run/form.h"
#include "run/step.h"
#include "sql/columns.h"
#include "sql/split.h"

RunNodeFn run_kind_step_forward;
RunNodeFn run_kind_step_back;
RunNodeFn run_kind_task_forward;
RunNodeFn run_kind_task_back;
RunNodeFn run_kind_check_forward; ///< check and verify
RunAgainFn run_kind_check_again;
RunNodeFn run_kind_backup_forward;
RunAgainFn run_kind_backup_again;
RunNodeFn run_kind_backfill_forward;
RunNodeFn run_kind_backfill_back;  ///< both also of import
RunNodeFn run_kind_manual_forward; ///< manual and checklist
RunNodeFn run_kind_exec_forward;
RunNodeFn run_kind_http_forward;
RunNodeFn run_kind_outside_back; ///< exec and http
RunNodeFn run_kind_notify_forward;
RunNodeFn run_kind_soak_forward;

/// Columns that the undo of steps before node drops: what node writes into them needs no undo of
/// its own.
void run_kind_backfill_dropped(const Plan *plan, const PlanNode *node, SqlColumns *ret_columns);
/// Must the old values of what node writes be kept for its undo? The same answer in runner and
/// workers.
bool run_kind_backfill_saves_old(const Plan *plan, const PlanNode *node, const DataSpec *spec);
/// For a backfill that keeps none: the columns of its table that it may write all the same, "*" for
/// all of them; none when it has no way back anyway. From arena.
DataNames run_kind_backfill_unkept(const Plan *plan, const PlanNode *node, const DataSpec *spec,
                                   Arena *arena);

/// May the SQL of a node run at all (before anything starts): refused statements, mixed files,
/// syntax, with file:line.
NODISCARD bool run_kind_sql_check(const PlanNode *node, Error *err);
/// May the SQL under key of a step run, and outside a transaction?
NODISCARD bool run_kind_step_check(const PlanNode *node, const char *key, bool *ret_outside,
                                   Error *err);
/// Waits. Runs the plan's SQL under key of node (NULL: none) on run->effects and behind it, in the
/// same round trip, the statements own of ours, whose results go to ret_own (NULL: dropped). An
/// error names file and line of the plan's statement.
NODISCARD bool run_kind_sql(Run *run, const PlanNode *node, const char *key, const DbStatement *own,
                            size_t own_count, DbResult **ret_own, Error *err);
/// Puts "file:line:column: " of a failing statement in front of err. position counts characters of
/// the statement, from 1; 0 = the server named none. Returns false.
bool run_kind_sql_at(const PlanNode *node, const char *key, const SqlStatement *statement,
                     int position, Error *err);
/// Waits. Evaluates a check or verify in the caller's READ ONLY transaction. detail gets verdict
/// ("pass", "fail") and text. False with ERROR_REFUSED when it does not hold, or with the error of
/// its query (then there is no verdict).
NODISCARD bool run_kind_check_evaluate(const RunLook *look, json_t *detail, Error *err);
/// Waits. The same for a check or verify that looks over HTTP (run/kind_look.c).
NODISCARD bool run_kind_look(Run *run, const PlanNode *node, json_t *detail, Error *err);
/// The target whose database a check or verify looks at too, or NULL.
const char *run_kind_check_other(const PlanNode *node);
/// Compares a value with what the node wants; detail gets value, verdict and text.
NODISCARD bool run_kind_check_compare(const PlanNode *node, const char *value, json_t *detail,
                                      Error *err);
/// Sets verdict and text; false with ERROR_REFUSED when it does not hold.
NODISCARD bool run_kind_check_verdict(json_t *detail, bool holds, const char *text, Error *err);
/// Waits. Once a run, before its first node: counts and digests of the tables, and the schema, that
/// a verify will compare (ledger row of the plan itself, path "").
NODISCARD bool run_kind_check_base(Run *run, Error *err);

#endif
