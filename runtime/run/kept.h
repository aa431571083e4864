/* What the application wrote into columns and tables that an undo removes (P8): copied to
 * headgate.kept_<run> first, in the transaction that removes them (docs/decisions/014-kept.md). */
#ifndef HEADGATE_RUN_KEPT_H
#define HEADGATE_RUN_KEPT_H

#include "run/run.h"

/// Waits. In the transaction of the undo of node, before the statements of sql: locks what they
/// remove, copies, and says so in detail: kept = [{relation, columns, rows}]. Nothing when they
/// remove no column, table or schema.
NODISCARD bool run_kept_copy(Run *run, const PlanNode *node, const char *sql, DbConn *conn,
                             json_t *detail, Error *err);
/// Waits. For the question before a rollback: what undoing the steps of a run would copy now, as a
/// list of {path, relation, columns, rows}, newest step first. Looks through a connection of its
/// own; fails when counting takes longer than BOUND_KEPT_COUNT_MS.
NODISCARD bool run_kept_count(Loop *loop, DbConn *state, const Config *config, int64_t run,
                              json_t **ret_list, Error *err);

#endif
