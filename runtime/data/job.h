/* A backfill or an import that has met its table: names resolved, key chosen, columns known.
 * Runner, workers and dry run each open their own; the rules are checked every time. */
#ifndef HEADGATE_DATA_JOB_H
#define HEADGATE_DATA_JOB_H

#include "data/map.h"
#include "data/statement.h"

/// Texts in a cursor of an import (data/record.h).
enum { DATA_PLACE_PARTS = 4 };

/// A column that an earlier step will add: the dry run supplies it as a typed NULL.
typedef struct DataExpected {
    const char *column;
    const char *type;
} DataExpected;

typedef struct DataJobOptions {
    int64_t run;
    int64_t epoch;
    const char
        *role;     ///< the target's run_as: user tables are read and written under it; NULL = ours
    bool save_old; ///< keep old values for the undo
    DataNames dropped; ///< without save_old: the columns that the undo of an earlier step drops
                       ///< ("*": all), the only ones that may be written; none = whatever it likes
    const DataExpected *expected;
    size_t expected_count;
} DataJobOptions;

typedef struct DataJob {
    Arena *arena; ///< borrowed; the job lives in it
    const DataSpec *spec;
    DataJobOptions options;
    char run_text[24];
    DataTable table;
    const DataColumn **read; ///< what a row carries
    size_t read_count;
    const DataColumn **set; ///< the columns of spec->set, in its order
    const char *where;      ///< "TRUE" when the spec has none
    const char *source;     ///< what stands in FROM: the table and its alias
    const char *version;    ///< the row's xmin
    const char *key_list;   ///< alias.k1, alias.k2
    const char *read_list;  ///< alias.k1, alias.k2, alias.column…: as rows are read
    size_t cursor_parts;    ///< texts in a cursor: the key's, or an import's place in a file
    const char *role_set;   ///< SET LOCAL ROLE "…"; NULL = none
} DataJob;

/// Waits. Checks everything that can be known before the first row. Fails as data_table_get() does,
/// and for wrong columns, where and set.
NODISCARD bool data_job_open(DbConn *conn, Arena *arena, const DataSpec *spec,
                             const DataJobOptions *options, DataJob *ret_job, Error *err);

/// A key as an array literal.
const char *data_job_key_text(Arena *arena, const char *const *key, size_t count);
/// A key for people: 42, or (42, x).
const char *data_job_key_shown(Arena *arena, const char *const *key, size_t count);
/// "alias.k1 > $1::type" or the row comparison for more columns, with key's values appended to
/// list.
const char *data_job_compare(const DataJob *job, Arena *arena, const char *operator_text,
                             const char *const *key, DataList *list);
/// Both ends of a range: behind from (NULL = the start) and up to upper (NULL = the end).
const char *data_job_range(const DataJob *job, Arena *arena, const char *const *from,
                           const char *const *upper, DataList *list);
/// The rows with keys (an array for each key column, filled) and the numbers n of their places:
/// appends them to list and sets parts "arrays", "names", "source" and "match".
void data_job_join(const DataJob *job, Arena *arena, DataArray *keys, DataList *list,
                   DataParts *parts);
/// 'quoted' for SQL.
const char *data_job_literal(Arena *arena, const char *text);

/// Waits. Becomes the spec's role inside the open transaction, and goes back: ERROR_REFUSED when
/// what ran in between left another one. What was deferred to COMMIT runs before. Nothing without
/// one.
NODISCARD bool data_job_role_on(const DataJob *job, DbConn *conn, Error *err);
NODISCARD bool data_job_role_off(const DataJob *job, DbConn *conn, Error *err);
/// Waits. data_job_role_off() that leaves deferred what is: the transaction goes on to write.
NODISCARD bool data_job_role_rest(const DataJob *job, DbConn *conn, Error *err);

#endif
