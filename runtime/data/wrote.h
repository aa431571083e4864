/* Which transaction of ours wrote which columns: what it wrote needs no copy when a rollback
 * removes them. */
#ifndef HEADGATE_DATA_WROTE_H
#define HEADGATE_DATA_WROTE_H

#include "data/update.h"

/// Waits. In the transaction that wrote rows: remembers the columns that every written row has got.
/// Nothing when none was written.
NODISCARD bool data_wrote_add(const DataJob *job, DbConn *conn, const DataUpdateRow *rows,
                              size_t count, Error *err);

#endif
