/* What check and verify may look at in the catalogs: one function a form. All wait, run in the
 * caller's READ ONLY transaction, and give verdict and text in detail (run_kind_check_verdict()).
 */
#ifndef HEADGATE_RUN_FORM_H
#define HEADGATE_RUN_FORM_H

#include "db/conn.h"
#include "plan/plan.h"

/// exists = { … } and absent = { … }: detail gets "objects" (how many) and "wrong", a list of
/// {kind, name, problem}.
NODISCARD bool run_form_exists(DbConn *conn, const PlanNode *node, json_t *detail, Error *err);
NODISCARD bool run_form_absent(DbConn *conn, const PlanNode *node, json_t *detail, Error *err);
/// plan_uses_index = { … }: detail gets "scans", the plan's nodes as texts. Sets planner settings
/// for the rest of the transaction.
NODISCARD bool run_form_index(DbConn *conn, const PlanNode *node, json_t *detail, Error *err);

#endif
