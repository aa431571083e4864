/* The dry run of a backfill: reads and maps every row that needs work, in READ ONLY transactions,
 * and counts. Needs no ledger. */
#ifndef HEADGATE_DATA_DRY_H
#define HEADGATE_DATA_DRY_H

#include "data/job.h"

typedef struct DataDryOptions {
    Loop *loop;
    const DataSpec *spec;
    DbTarget target;
    const char *role;             ///< run_as; NULL = ours
    const DataExpected *expected; ///< columns that earlier steps will have added by then
    size_t expected_count;
    size_t samples_max; ///< rows of each kind that are kept
    DataMap *map;       ///< NULL for a spec with set: its rows are only counted
    void *map_ctx;
} DataDryOptions;

/// A row that would go to the queue.
typedef struct DataDrySample {
    const char *key;  ///< for people
    const char *kind; ///< ambiguous, error
    const char *reason;
} DataDrySample;

/// A row that would be written.
typedef struct DataDryChange {
    const char *key;    ///< for people
    const char *before; ///< a JSON object of its columns, long values cut
    json_t *after;      ///< column → text, cut; null = SQL NULL. Freed by data_dry_done().
} DataDryChange;

typedef struct DataDryCounts {
    int64_t rows;
    int64_t write;
    int64_t skip;
    int64_t ambiguous;
    int64_t error;
    DataDrySample *samples; ///< the first ones
    size_t samples_count;
    DataDryChange *changes; ///< the first ones, as many; none of a spec with set
    size_t changes_count;
} DataDryCounts;

/// Waits. Opens a connection of its own. Fails like data_job_open(); a row whose map raises is
/// counted. Memory from arena.
NODISCARD bool data_dry(const DataDryOptions *options, Arena *arena, DataDryCounts *ret,
                        Error *err);

/// Frees what stands outside the arena.
void data_dry_done(DataDryCounts *counts);

#endif
