/* What the application wrote into columns and tables that an undo removes (P8): copied to
 * headgate.kept_<run> first, in the transaction that removes them (docs/decisions/013-kept.md). */
#ifndef HEADGATE_RUN_KEPT_H
#define HEADGATE_RUN_KEPT_H

#include "run/run.h"

/// Waits. In the transaction of the undo of node, before its statements: locks what they remove,
/// copies, and says so in detail: kept = [{relation, columns, rows}]. Nothing when down removes no
/// column, table or schema.
NODISCARD bool run_kept_copy(Run *run, const PlanNode *node, DbConn *conn, json_t *detail,
                             Error *err);
/// Waits. What an undo of node would copy now, appended to list: {path, relation, columns, rows}.
/// For the question before a rollback: conn is a connection to the target with its own search_path,
/// outside of a transaction.
NODISCARD bool run_kept_count(DbConn *conn, int64_t run, const PlanNode *node, json_t *list,
                              Error *err);

#endif
