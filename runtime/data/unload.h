/* Undo of an import: the rows that still are as we wrote them are deleted. A row says so by its
 * xmin: it is that of a transaction of the import (headgate.wrote), and becomes another as soon as
 * anybody changes the row. Nothing is kept per row for it. */
#ifndef HEADGATE_DATA_UNLOAD_H
#define HEADGATE_DATA_UNLOAD_H

#include "data/undo.h"

/// Waits. Deletes from the table, a piece of it at a time, each piece fenced and resumable. Rows
/// that others' rows refer to stay: a cascade would delete what is not ours. table_goes: the undo
/// of an earlier step drops the table, so nothing need be deleted. In *ret, restored counts deleted
/// rows, changed_since those written by the import that stay; left > 0 when should_stop said so.
NODISCARD bool data_unload_run(const DataJob *job, DbConn *conn, bool table_goes,
                               const DataUndoHooks *hooks, DataUndoCounts *ret, Error *err);

#endif
