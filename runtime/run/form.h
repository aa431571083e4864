/* What check and verify may look at in the catalogs: one function a form. All wait, run in the
 * caller's READ ONLY transaction, and give verdict and text in detail (run_kind_check_verdict()).
 */
#ifndef HEADGATE_RUN_FORM_H
#define HEADGATE_RUN_FORM_H

#include "db/conn.h"
#include "plan/config.h"
#include "run/pass.h"

/// As many records that cannot be rows are named.
enum { RUN_FORM_PROBLEMS = 10 };

/// What a check or verify looks with.
typedef struct RunLook {
    DbConn *conn;
    DbConn *other;          ///< the database of another target, or where files were laid down
                            ///< (run_form_files_open()); NULL = none, or not to be asked
    const json_t *problems; ///< of the files, or NULL
    int64_t refused;        ///< how many
    const ConfigEnvironment *environment; ///< whose stores can be read; NULL = none
    const PlanNode *node;
    int64_t run;        ///< 0 in a dry run
    const json_t *base; ///< what was there when the run started (run_kind_check_base()), or NULL
    RunPassKeep *keep;  ///< where comparisons of tables are told and kept; NULL = nowhere
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
/// there yet are left out. Of large ones the progress is told.
NODISCARD bool run_form_checksums_base(Run *run, DbConn *conn, const PlanNode *node, json_t *bases,
                                       Error *err);
/// Do checksums or counts of node read files of a store?
bool run_form_files_named(const PlanNode *node);
/// Lays the files of checksums down in a session of its own (data/stage.h), which is then in a
/// transaction that only reads. *ret_conn stays as it is when there are none. *ret_problems: the
/// first of *ret_refused records that cannot be rows, owned by the caller.
NODISCARD bool run_form_files_open(Run *run, const PlanNode *node, DbConn **ret_conn,
                                   json_t **ret_problems, int64_t *ret_refused, Error *err);
/// How many records the files {data, from, format} have.
NODISCARD bool run_form_files_count(const RunLook *look, const json_t *files, int64_t *ret_records,
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
