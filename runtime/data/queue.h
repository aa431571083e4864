/* The review queue and the old values: what a batch writes into the ledger besides its cursor. All
 * in the batch's transaction. */
#ifndef HEADGATE_DATA_QUEUE_H
#define HEADGATE_DATA_QUEUE_H

#include "data/cursor.h"
#include "data/update.h"

/// Waits. Queues the rows that were skipped, ambiguous or failed, and adds them to counts.
NODISCARD bool data_queue_add(const DataJob *job, DbConn *conn, const DataUpdateRow *rows,
                              size_t count, DataCounts *counts, Error *err);
/// Appends the row for people: a JSON object of its columns, long values cut.
NODISCARD bool data_queue_before(Text *out, const DataRow *row, Error *err);
/// The same as the queue keeps it: with digest, of the whole row, under the name that no column can
/// have. What people are shown leaves it out.
NODISCARD bool data_queue_guarded(Text *out, const DataRow *row, const char *digest, Error *err);
/// Waits. Remembers the old values of the rows that have them.
NODISCARD bool data_queue_old(const DataJob *job, DbConn *conn, const DataUpdateRow *rows,
                              size_t count, Error *err);
/// Waits. Marks those rows gone that stand in the queue already: a later pass leaves them to
/// people.
NODISCARD bool data_queue_exclude(const DataJob *job, DbConn *conn, DataUpdateRow *rows,
                                  size_t count, Error *err);

#endif
