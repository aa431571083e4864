/* The dry run of an import: reads and maps every record, writes nothing, and counts by file. Needs
 * no ledger. */
#ifndef HEADGATE_DATA_IMPORT_DRY_H
#define HEADGATE_DATA_IMPORT_DRY_H

#include "data/dry.h"

typedef struct DataDryFile {
    const char *name;
    int64_t size_bytes;
    int64_t records;
    int64_t errors; ///< that cannot be read, or whose map raises or rejects
} DataDryFile;

typedef struct DataImportDry {
    DataDryCounts counts; ///< samples' keys are places: "users/a.json:17"
    DataDryFile *files;
    size_t files_count;
} DataImportDry;

/// Waits. Fails as data_dry() does, and for files that cannot be read. With no_table the records
/// are only read: what they would become cannot be known yet. Memory from arena.
NODISCARD bool data_import_dry(const DataDryOptions *options, bool no_table, Arena *arena,
                               DataImportDry *ret, Error *err);

#endif
