/* What check and verify may look at in the catalogs: one function a form. All wait, run in the
 * caller's READ ONLY transaction, and give verdict and text in detail (run_kind_check_verdict()).
 */
#ifndef HEADGATE_RUN_FORM_H
#define HEADGATE_RUN_FORM_H

#include "db/conn.h"
#include "plan/plan.h"

/// What a check or verify looks with.
typedef struct RunLook {
    DbConn *conn;
    DbConn *other; ///< the database of another target; NULL = none, or not to be asked
    const PlanNode *node;
    int64_t run;        ///< 0 in a dry run
    const json_t *base; ///< what was there when the run started (run_kind_check_base()), or NULL
} RunLook;

/// exists = { … } and absent = { … }: detail gets "objects" (how many) and "wrong", a list of
/// {kind, name, problem}.
NODISCARD bool run_form_exists(const RunLook *look, json_t *detail, Error *err);
NODISCARD bool run_form_absent(const RunLook *look, json_t *detail, Error *err);
/// plan_uses_index = { … }: detail gets "scans", the plan's nodes as texts. Sets planner settings
/// for the rest of the transaction.
NODISCARD bool run_form_index(const RunLook *look, json_t *detail, Error *err);
/// checksums = …: detail gets "differing", up to 10 keys, when two tables differ.
NODISCARD bool run_form_checksums(const RunLook *look, json_t *detail, Error *err);
/// What checksums of node will be compared with: digests by table into bases. Tables that are not
/// there yet are left out.
NODISCARD bool run_form_checksums_base(DbConn *conn, const PlanNode *node, json_t *bases,
                                       Error *err);
/// schema_equal = { … }: detail gets "differing", up to 100 texts, and "differences", how many.
NODISCARD bool run_form_schema(const RunLook *look, json_t *detail, Error *err);
/// What the database is made of, once, when schema_equal of node will ask for it (*catalog is NULL
/// until then).
NODISCARD bool run_form_schema_base(DbConn *conn, const PlanNode *node, json_t **catalog,
                                    Error *err);
/// Can the file of schema_equal be read? ERROR_INPUT with file and line.
NODISCARD bool run_form_schema_check(const PlanNode *node, Error *err);

#endif
