/* Files of a store beside a table: their records as rows of a temporary table, whose columns have
 * the table's types, so that both are compared as two tables are (data/digest.h). Decision 046. */
#ifndef HEADGATE_DATA_STAGE_H
#define HEADGATE_DATA_STAGE_H

#include "data/spec.h"
#include "db/conn.h"

/// What the records become: in the session of conn, gone with it.
#define DATA_STAGE_TABLE "pg_temp.hg_files"

typedef struct DataStaged {
    int64_t records;  ///< in all files
    int64_t refused;  ///< that cannot be rows of the table, or are there twice
    json_t *problems; ///< the first of them as texts, "users/a.json:17: …"; owned by the caller
    size_t problems_max;
} DataStaged;

/// Waits. Reads the files of spec->import and fills DATA_STAGE_TABLE of conn, a chunk at a time.
/// Fails as data_import_files() and data_job_open() do, and when a file cannot be read to its end;
/// a record that cannot be a row is a problem, not a failure.
NODISCARD bool data_stage(DbConn *conn, const DataSpec *spec, DataStaged *ret, Error *err);
/// Waits. How many records the files have, without a database.
NODISCARD bool data_stage_count(const DataImport *import, int64_t *ret_records, Error *err);

#endif
