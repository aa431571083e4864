/* One UPDATE for the rows of a batch that a map wants to write: binary arrays through unnest, each
 * row only while it still is the version that was mapped (xmin). Columns by reference are put in by
 * the server. */
#ifndef HEADGATE_DATA_UPDATE_H
#define HEADGATE_DATA_UPDATE_H

#include "data/job.h"

typedef struct DataUpdateRow {
    DataRow row;
    const char *version; ///< xmin when it was read
    DataMapped mapped;
    const char *failed;  ///< why its map raised or the server refused the values; NULL = it did not
    bool gone;           ///< it was deleted, or where no longer finds it: nothing to do
    bool written;        ///< by data_update_run
    const char *old;     ///< with save_old: {"column": "text before"}
    const char *digests; ///< with save_old: {"column": "md5 of what was written"}
} DataUpdateRow;

/// Remembers its statements, so that they are prepared once. One per connection.
typedef struct DataUpdater {
    const DataJob *job;
    DbConn *conn;
    Arena *arena;
    const char *statements[32];
    size_t statements_count;
} DataUpdater;

void data_updater_init(DataUpdater *updater, const DataJob *job, DbConn *conn);
void data_updater_done(DataUpdater *updater);

/// Waits. Writes rows (all MAPPED_WRITE) in the open transaction and marks those it has written;
/// the others were changed meanwhile. ERROR_REFUSED when a trigger changed a column that the plan
/// keeps. Memory from arena.
NODISCARD bool data_update_run(DataUpdater *updater, Arena *arena, DataUpdateRow *const *rows,
                               size_t count, Error *err);
/// The stable twin of a statement's text, for db_query_prepared; NULL when there are too many
/// shapes.
const char *data_updater_statement(DataUpdater *updater, const char *sql);

#endif
