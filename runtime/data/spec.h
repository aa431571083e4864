/* A backfill or an import as its plan describes it. Plain data: nothing here has looked at a
 * database yet (data/job.h does). */
#ifndef HEADGATE_DATA_SPEC_H
#define HEADGATE_DATA_SPEC_H

#include "data/scan.h"
#include "plan/plan.h"

/// A list of column names.
typedef struct DataNames {
    const char *const *items;
    size_t count;
} DataNames;

/// column = SQL expression over the row.
typedef struct DataSet {
    const char *column;
    const char *expression;
} DataSet;

/// Where an import reads.
typedef struct DataImport {
    const char *store; ///< its name in headgate.yaml
    const char *root;  ///< its folder; whoever knows the configuration puts it in
    DataNames from;    ///< names and patterns below root
    DataFormat format; ///< FORMATS: by each file's ending
} DataImport;

typedef struct DataSpec {
    const char *step;  ///< the node's path: the name of its rows in the ledger
    const char *table; ///< as the plan says it, perhaps with a schema
    DataNames key;     ///< empty = the primary key
    const char *where; ///< rows that still need work; NULL = all rows, once
    bool map;          ///< rows go through a DataMap; else set
    const DataSet *set;
    size_t set_count;
    DataNames columns; ///< what map reads; empty = all
    DataNames keep;    ///< columns that must not change
    int batch_rows;    ///< rows of the first batch; 0 = the controller's choice
    int64_t
        batch_us; ///< how long a batch should take; an import's: one COPY, or a batch of its undo
    int64_t load_us;  ///< how long an import's transaction should take, whose rows nobody else has
    int64_t pause_us; ///< rest between two batches of a worker
    int workers;      ///< 0 = "auto"
    bool fail_on_error;  ///< on_error = "fail": a row whose map raises fails the step
    const char *sync_up; ///< SQL that installs what keeps new rows right; NULL = none
    DataImport *import;  ///< NULL: a backfill
    PlanPosition at;
} DataSpec;

/// Reads a backfill or import node (checked by plan_from_graph). Strings live as long as the plan
/// and the arena. ERROR_INPUT with file:line:column when a column stands in keep and in set, or
/// where and set are not single expressions.
NODISCARD bool data_spec_read(const PlanNode *node, Arena *arena, DataSpec *ret_spec, Error *err);

/// The files that keys name (data, from, format). Strings live as long as keys and the arena.
DataImport *data_spec_files(const json_t *keys, Arena *arena);
/// The files of keys beside the table of keys (table, columns), as a check of node compares them.
void data_spec_beside(const PlanNode *node, const json_t *keys, Arena *arena, DataSpec *ret_spec);

/// True when name is among names.
bool data_names_have(const DataNames *names, const char *name);

#endif
