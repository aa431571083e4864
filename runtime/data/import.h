/* The runner's part of an import: the files it reads, cut into ranges, and orphans whose parents
 * have come. */
#ifndef HEADGATE_DATA_IMPORT_H
#define HEADGATE_DATA_IMPORT_H

#include "data/cursor.h"
#include "data/record.h"

/// A file of an import.
typedef struct DataFile {
    const char *name; ///< below the store's folder
    int64_t size_bytes;
    int64_t changed_ns; ///< when it was written last
    DataFormat format;
} DataFile;

/// Waits. The files that the patterns find, in the order of the patterns, then by name. ERROR_INPUT
/// when a pattern finds none, a name is not UTF-8, or the store's folder cannot be read. From
/// arena.
NODISCARD bool data_import_files(const DataImport *import, Arena *arena, DataFile **ret_files,
                                 size_t *ret_count, Error *err);
/// Opens a listed file from its beginning to its end. Fails as data_source_open().
NODISCARD bool data_import_open(const DataJob *job, const DataFile *file, DataSource **ret_source,
                                Error *err);
/// Waits. In the transaction that begins the step: the ranges. *ret_bytes of all files.
NODISCARD bool data_import_ranges(const DataJob *job, DbConn *conn, int64_t *ret_bytes, Error *err);
/// Waits. How many bytes of how many are dealt with.
NODISCARD bool data_import_bytes(const DataJob *job, DbConn *conn, int64_t *ret_done,
                                 int64_t *ret_total, Error *err);
/// Waits. Writes the orphans of the queue whose parents are there by now, until none can be
/// written any more. Each transaction is fenced. *ret_settled counts them.
NODISCARD bool data_import_settle(const DataJob *job, DbConn *conn, int64_t *ret_settled,
                                  Error *err);

#endif
