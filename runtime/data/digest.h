/* Digests of what tables hold: the same rows give the same digest in whatever order they lie.
 *
 * A row's hash is taken over its values; the digest is the sum of the rows' hashes and their
 * number. Sound (decision 026): a value whose type calls different texts equal (jsonb, numeric,
 * float, …) is hashed as text, and one of 64 bits as bytes, because its type's hash folds it to 32;
 * the row's hash is hashed once more, as text for the same reason, because PostgreSQL's hash of a
 * record is linear in its values, and a sum of those would not see two rows that exchange one. */
#ifndef HEADGATE_DATA_DIGEST_H
#define HEADGATE_DATA_DIGEST_H

#include "base/json.h"
#include "data/spec.h"
#include "db/conn.h"

/// How a row becomes a number.
typedef enum DataDigestWay {
    DIGEST_RECORD,   ///< the server's own hash of records: one server, version 14 or newer
    DIGEST_TEXT,     ///< the server's own hash of the row's text: one server
    DIGEST_PORTABLE, ///< MD5 of the row's text: any two servers
} DataDigestWay;

typedef struct DataDigestColumn {
    const char *name;
    const char *quoted;
    const char *type;
    bool plain;        ///< its type's own hash is sound
    const char *bytes; ///< … of what this function gives; NULL: of the value itself
    bool not_null;
} DataDigestColumn;

/// Of DIGEST_RECORD and DIGEST_TEXT: a digest that was kept is compared with those of its own
/// version only.
enum { DATA_DIGEST_VERSION = 2 };

/// A table as it stands. Memory from the arena given.
typedef struct DataDigestTable {
    DbConn *conn;
    const char *shown;    ///< as the plan calls it
    const char *relation; ///< "schema"."name"
    const char *oid;
    DataDigestColumn *columns;
    size_t columns_count;
    const DataDigestColumn **key; ///< what it is walked along
    size_t key_count;             ///< 0: it has no key, and is read in one piece
    int64_t rows_estimate;
} DataDigestTable;

/// What is hashed: the same for all sides of a comparison.
typedef struct DataDigestForm {
    DataDigestWay way;
    const DataDigestColumn *columns; ///< plain: hashed as it is, else as text
    size_t columns_count;
    const DataDigestColumn *key; ///< borrowed from the first table
    size_t key_count;
    bool key_nulls;    ///< the second table may have rows without it: they are in the first range
    const char *where; ///< a checked condition, or NULL
} DataDigestForm;

typedef struct DataDigest {
    int64_t rows;
    const char *sum; ///< decimal, or two of them; "" before the first
} DataDigest;

/// Waits. ERROR_INPUT when there is no such table (*ret_there, which may be NULL, says so instead).
NODISCARD bool data_digest_meet(DbConn *conn, Arena *arena, const char *name,
                                DataDigestTable *ret_table, bool *ret_there, Error *err);
/// What can be compared of table and other (NULL = of table alone): columns (empty = all). Gives
/// NULL, or what makes them differ before any row is read ("b has no column x"), from arena.
const char *data_digest_choose(Arena *arena, const DataDigestTable *table,
                               const DataDigestTable *other, DataNames columns, bool portable,
                               DataDigestForm *ret_form);
/// The statement over a range: behind from, up to upper (NULL = no bound); their values are $1, $2,
/// … in that order. rows: each row's key and hash, at most limit of them; else their sum.
const char *data_digest_sql(Arena *arena, const DataDigestForm *form, const char *relation,
                            bool from, bool upper, int64_t rows_limit);
/// Waits. The digest of a range of the table.
NODISCARD bool data_digest_range(const DataDigestTable *table, const DataDigestForm *form,
                                 char *const *from, char *const *upper, Arena *arena,
                                 DataDigest *ret, Error *err);
/// Waits. The key that ends the range of so many rows behind from; NULL when fewer are left up to
/// upper, or there is no key.
NODISCARD bool data_digest_bound(const DataDigestTable *table, const DataDigestForm *form,
                                 char *const *from, char *const *upper, int64_t rows, Arena *arena,
                                 char ***ret_bound, Error *err);

/// Where a table is cut: range i lies behind key i - 1 and up to key i, so there is one more of
/// them.
typedef struct DataDigestCuts {
    char ***keys;
    size_t count;
} DataDigestCuts;
/// Range i lies behind this key; NULL: it is the first.
char **data_digest_from(const DataDigestCuts *cuts, size_t i);
/// Range i reaches up to this key; NULL: it is the last.
char **data_digest_upper(const DataDigestCuts *cuts, size_t i);
/// Waits. Cuts into ranges of about so many rows, at most so many ranges; where there is no key,
/// not at all.
NODISCARD bool data_digest_cut(const DataDigestTable *table, const DataDigestForm *form,
                               int64_t rows, size_t most, Arena *arena, DataDigestCuts *ret,
                               Error *err);
/// The statement that reads ranges of a key of one column in one pass; $1 is the array of the ends
/// between them, then come from and upper, when there are such bounds.
const char *data_digest_ranges_sql(Arena *arena, const DataDigestForm *form, const char *relation,
                                   bool from, bool upper);
/// Waits. The digests of count ranges from the first on, at digests. Call it in a transaction: it
/// changes settings of the planner while it reads.
NODISCARD bool data_digest_ranges(const DataDigestTable *table, const DataDigestForm *form,
                                  const DataDigestCuts *cuts, size_t first, size_t count,
                                  Arena *arena, DataDigest *digests, Error *err);
/// Waits. Do the table's rows lie in the order of the form's key, as far as the server's statistics
/// know? Then a range of keys can be read without the rest of the table.
NODISCARD bool data_digest_in_order(const DataDigestTable *table, const DataDigestForm *form,
                                    bool *ret_in_order, Error *err);
/// Waits. Keys in the range whose rows differ between the tables, appended to keys as texts
/// ("42: only in a", "42: differs") until there are max of them.
NODISCARD bool data_digest_differing(const DataDigestTable *table, const DataDigestTable *other,
                                     const DataDigestForm *form, char *const *from,
                                     char *const *upper, json_t *keys, size_t max, Error *err);

#endif
