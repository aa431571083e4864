/* Ranges of keys: all of them in one pass, and rows of those that differ. */
#include "data/digest.h"

#include "base/text.h"
#include "data/job.h"
#include "data/range.h"
#include "data/statement.h"
#include "db/sql.h"
#include "ledger/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SQL_BYTES = 256 * 1024,
    RECORD_VERSION = 140000,
    DRILL_ROWS = 50000,
    WALKED_ROWS = 200000, /* of a larger table the statistics say where to cut */
};

bool data_digest_meet(DbConn *conn, Arena *arena, const char *name, DataDigestTable *ret_table,
                      bool *ret_there, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    LedgerParams params = {0};
    ledger_param_text(&params, name);
    if (!ledger_call(conn, "digest_columns", &params, &found, err))
        return error_wrap(err, "table \"%s\"", name);
    size_t count = (size_t)db_rows(found);
    if (ret_there != NULL)
        *ret_there = count > 0;
    if (count == 0)
        return ret_there != NULL || error_set(err, ERROR_INPUT, "there is no table \"%s\"", name);
    *ret_table = (DataDigestTable){.conn = conn,
                                   .shown = name,
                                   .relation = arena_strdup(arena, db_value(found, 0, 0)),
                                   .oid = arena_strdup(arena, db_value(found, 0, 7))};
    ret_table->columns = arena_alloc(arena, count * sizeof(*ret_table->columns));
    ret_table->key = arena_alloc(arena, count * sizeof(*ret_table->key));
    ret_table->columns_count = count;
    ret_table->rows_estimate = db_int(found, 0, 6);
    for (size_t i = 0; i < count; i++) {
        int row = (int)i;
        ret_table->columns[i] = (DataDigestColumn){
            .name = arena_strdup(arena, db_value(found, row, 1)),
            .quoted = arena_strdup(arena, db_value(found, row, 2)),
            .type = arena_strdup(arena, db_value(found, row, 3)),
            .plain = db_bool(found, row, 4),
            .bytes =
                db_is_null(found, row, 8) ? NULL : arena_strdup(arena, db_value(found, row, 8)),
            .not_null = db_bool(found, row, 9)};
        if (db_is_null(found, row, 5))
            continue;
        ret_table->key[db_int(found, row, 5)] = &ret_table->columns[i];
        ret_table->key_count++;
    }
    return true;
}

/* ---- what is compared ---- */

static const DataDigestColumn *find(const DataDigestTable *table, const char *name)
{
    for (size_t i = 0; i < table->columns_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    }
    return NULL;
}

static const char *missing(Arena *arena, const DataDigestTable *table, const char *name)
{
    return arena_printf(arena, "%s has no column \"%s\"", table->shown, name);
}

/* Without a list of columns both must have the same ones. */
static const char *compare_columns(Arena *arena, const DataDigestTable *table,
                                   const DataDigestTable *other)
{
    for (size_t i = 0; i < other->columns_count; i++) {
        if (find(table, other->columns[i].name) == NULL)
            return missing(arena, table, other->columns[i].name);
    }
    return NULL;
}

static bool is_text(const char *type)
{
    return strcmp(type, "text") == 0 || strcmp(type, "character varying") == 0 ||
           strcmp(type, "character") == 0;
}

/* Rows are walked along the key of the first table, when the second has its columns too. */
static void choose_key(Arena *arena, const DataDigestTable *table, const DataDigestTable *other,
                       DataDigestForm *form)
{
    DataDigestColumn *key = arena_alloc(arena, (table->key_count + 1) * sizeof(*key));
    form->key = key;
    form->key_count = table->key_count;
    for (size_t i = 0; i < table->key_count; i++) {
        const DataDigestColumn *same = other == NULL ? NULL : find(other, table->key[i]->name);
        key[i] = *table->key[i];
        /* two servers may order texts differently: the same bounds would be other rows */
        if (form->way == DIGEST_PORTABLE && is_text(key[i].type))
            form->key_count = 0;
        if (other != NULL && (same == NULL || strcmp(same->type, key[i].type) != 0))
            form->key_count = 0;
        form->key_nulls = form->key_nulls || (same != NULL && !same->not_null);
    }
}

const char *data_digest_choose(Arena *arena, const DataDigestTable *table,
                               const DataDigestTable *other, DataNames columns, bool portable,
                               DataDigestForm *ret_form)
{
    size_t count = columns.count > 0 ? columns.count : table->columns_count;
    DataDigestColumn *chosen = arena_alloc(arena, count * sizeof(*chosen));
    bool records = db_server_version(table->conn) >= RECORD_VERSION;
    *ret_form = (DataDigestForm){.way = portable  ? DIGEST_PORTABLE
                                        : records ? DIGEST_RECORD
                                                  : DIGEST_TEXT,
                                 .columns = chosen,
                                 .columns_count = count};
    for (size_t i = 0; i < count; i++) {
        const char *name = columns.count > 0 ? columns.items[i] : table->columns[i].name;
        const DataDigestColumn *own = find(table, name);
        const DataDigestColumn *same = other == NULL ? own : find(other, name);
        if (own == NULL || same == NULL)
            return missing(arena, own == NULL ? table : other, name);
        chosen[i] = *own;
        chosen[i].plain = own->plain && same->plain && strcmp(own->type, same->type) == 0;
    }
    choose_key(arena, table, other, ret_form);
    return other != NULL && columns.count == 0 ? compare_columns(arena, table, other) : NULL;
}

/* ---- SQL ---- */

static void row_list(Text *sql, const DataDigestForm *form)
{
    text_append(sql, "ROW(");
    for (size_t i = 0; i < form->columns_count; i++) {
        const DataDigestColumn *column = &form->columns[i];
        bool plain = column->plain && form->way == DIGEST_RECORD;
        const char *comma = i == 0 ? "" : ", ";
        if (plain && column->bytes != NULL)
            text_printf(sql, "%s%s(r.%s)", comma, column->bytes, column->quoted);
        else
            text_printf(sql, "%sr.%s%s", comma, column->quoted, plain ? "" : "::text");
    }
    text_append(sql, ")");
}

static void hash(Text *sql, const DataDigestForm *form)
{
    static const struct {
        const char *before;
        const char *after;
    } WAYS[] = {
        [DIGEST_RECORD] = {"pg_catalog.hashtextextended(pg_catalog.hash_record_extended(",
                           ", 0)::text COLLATE pg_catalog.\"C\", 0)"},
        [DIGEST_TEXT] = {"pg_catalog.hashtextextended(", "::text, 0)"},
        [DIGEST_PORTABLE] = {"pg_catalog.md5(", "::text)"},
    };
    text_append(sql, WAYS[form->way].before);
    row_list(sql, form);
    text_append(sql, WAYS[form->way].after);
}

static void key_list(Text *sql, const DataDigestForm *form, const char *after)
{
    for (size_t i = 0; i < form->key_count; i++)
        text_printf(sql, "%sr.%s%s", i == 0 ? "" : ", ", form->key[i].quoted, after);
}

static void bound(Text *sql, const DataDigestForm *form, const char *operator_text, int *number)
{
    text_append(sql, " AND (");
    key_list(sql, form, "");
    text_printf(sql, ") %s (", operator_text);
    for (size_t i = 0; i < form->key_count; i++)
        text_printf(sql, "%s$%d::text::%s", i == 0 ? "" : ", ", (*number)++, form->key[i].type);
    text_append(sql, ")");
}

/* Rows without a key, or with a part of one, are between no bounds: the first range has them. */
static void any_null(Text *sql, const DataDigestForm *form)
{
    text_append(sql, "(");
    for (size_t i = 0; i < form->key_count; i++)
        text_printf(sql, "%sr.%s IS NULL", i == 0 ? "" : " OR ", form->key[i].quoted);
    text_append(sql, ")");
}

/* … FROM the table's rows of the range, whose bounds are the parameters from number on. */
static void source(Text *sql, const DataDigestForm *form, const char *relation, bool from,
                   bool upper, int number)
{
    text_printf(sql, " FROM %s AS r WHERE (%s\n)", relation,
                form->where == NULL ? "TRUE" : form->where);
    bool nulls = form->key_nulls && (from || upper);
    text_append(sql, nulls ? " AND (TRUE" : "");
    if (from)
        bound(sql, form, ">", &number);
    if (upper)
        bound(sql, form, "<=", &number);
    if (nulls) {
        text_append(sql, from ? " AND NOT " : " OR ");
        any_null(sql, form);
        text_append(sql, ")");
    }
}

static const char *sums(DataDigestWay way)
{
    if (way != DIGEST_PORTABLE)
        return "coalesce(pg_catalog.sum(h.hash), 0)::text";
    return "coalesce(pg_catalog.sum(('x' || pg_catalog.substr(h.hash, 1, 16))::bit(64)::bigint), 0)"
           "::text || ' ' || "
           "coalesce(pg_catalog.sum(('x' || pg_catalog.substr(h.hash, 17))::bit(64)::bigint), 0)"
           "::text";
}

const char *data_digest_sql(Arena *arena, const DataDigestForm *form, const char *relation,
                            bool from, bool upper, int64_t rows_limit)
{
    AUTO(text_done) Text sql;
    text_init(&sql, SQL_BYTES);
    if (rows_limit > 0) {
        text_append(&sql, "SELECT ARRAY[");
        key_list(&sql, form, "::text");
        text_append(&sql, "] AS key, ");
    } else {
        text_printf(&sql, "SELECT pg_catalog.count(*), %s FROM (SELECT ", sums(form->way));
    }
    hash(&sql, form);
    text_append(&sql, " AS hash");
    source(&sql, form, relation, from, upper, 1);
    if (rows_limit > 0) {
        text_append(&sql, " ORDER BY ");
        key_list(&sql, form, "");
        text_printf(&sql, " LIMIT %" PRId64, rows_limit);
    } else {
        text_append(&sql, ") AS h");
    }
    return arena_strdup(arena, text_string(&sql));
}

const char *data_digest_ranges_sql(Arena *arena, const DataDigestForm *form, const char *relation,
                                   bool from, bool upper)
{
    AUTO(text_done) Text sql;
    const DataDigestColumn *key = form->key;
    text_init(&sql, SQL_BYTES);
    text_printf(&sql,
                "SELECT h.range, pg_catalog.count(*), %s FROM (SELECT coalesce("
                "pg_catalog.width_bucket(r.%s, $1::%s[]) - (r.%s = ANY ($1::%s[]))::integer, 0) "
                "AS range, ",
                sums(form->way), key->quoted, key->type, key->quoted, key->type);
    hash(&sql, form);
    text_append(&sql, " AS hash");
    source(&sql, form, relation, from, upper, 2);
    text_append(&sql, ") AS h GROUP BY h.range");
    return arena_strdup(arena, text_string(&sql));
}

/* ---- reading ---- */

static DbParams params_of(const DataDigestForm *form, char *const *from, char *const *upper,
                          Arena *arena)
{
    const char **values = arena_alloc(arena, (2 * form->key_count + 1) * sizeof(*values));
    int count = 0;
    for (size_t i = 0; from != NULL && i < form->key_count; i++)
        values[count++] = from[i];
    for (size_t i = 0; upper != NULL && i < form->key_count; i++)
        values[count++] = upper[i];
    return (DbParams){.count = count, .values = values};
}

bool data_digest_range(const DataDigestTable *table, const DataDigestForm *form, char *const *from,
                       char *const *upper, Arena *arena, DataDigest *ret, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    DbParams params = params_of(form, from, upper, arena);
    const char *sql = data_digest_sql(arena, form, table->relation, from != NULL, upper != NULL, 0);
    if (!db_query(table->conn, sql, &params, &found, err))
        return error_wrap(err, "reading %s", table->shown);
    *ret = (DataDigest){db_int(found, 0, 0), arena_strdup(arena, db_value(found, 0, 1))};
    return true;
}

bool data_digest_bound(const DataDigestTable *table, const DataDigestForm *form, char *const *from,
                       char *const *upper, int64_t rows, Arena *arena, char ***ret_bound,
                       Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    AUTO(text_done) Text sql;
    DbParams params = params_of(form, from, upper, arena);
    text_init(&sql, SQL_BYTES);
    *ret_bound = NULL;
    if (form->key_count == 0)
        return true;
    text_append(&sql, "SELECT ");
    key_list(&sql, form, "::text");
    source(&sql, form, table->relation, from != NULL, upper != NULL, 1);
    text_append(&sql, " ORDER BY ");
    key_list(&sql, form, "");
    text_printf(&sql, " OFFSET %" PRId64 " LIMIT 1", rows - 1);
    if (!db_query(table->conn, text_string(&sql), &params, &found, err))
        return error_wrap(err, "reading %s", table->shown);
    if (db_rows(found) == 0)
        return true;
    *ret_bound = arena_alloc(arena, form->key_count * sizeof(char *));
    for (size_t i = 0; i < form->key_count; i++)
        (*ret_bound)[i] = arena_strdup(arena, db_value(found, 0, (int)i));
    return true;
}

/* ---- all ranges ---- */

/* At the ends of the histogram's buckets, which hold about as many rows each; nowhere when the
 * server has none. */
static bool cut_by_statistics(const DataDigestTable *table, const DataDigestForm *form,
                              size_t ranges, Arena *arena, DataDigestCuts *ret, Error *err)
{
    char **ends = NULL;
    size_t count = 0;
    if (!data_range_histogram(table->conn, table->oid, form->key[0].name, arena, &ends, &count,
                              err))
        return error_wrap(err, "reading %s", table->shown);
    if (count == 0)
        return true;
    ranges = ranges > count ? count : ranges;
    ret->keys = arena_alloc(arena, (ranges + 1) * sizeof(*ret->keys));
    for (size_t i = 1; i < ranges; i++)
        ret->keys[ret->count++] = &ends[i * count / ranges];
    return true;
}

/* Behind every so many rows. */
static bool cut_by_walking(const DataDigestTable *table, const DataDigestForm *form, int64_t rows,
                           size_t most, Arena *arena, DataDigestCuts *ret, Error *err)
{
    char **from = NULL;
    ret->keys = arena_alloc(arena, most * sizeof(*ret->keys));
    while (ret->count + 1 < most) {
        if (!data_digest_bound(table, form, from, NULL, rows, arena, &from, err))
            return false;
        if (from == NULL)
            break;
        ret->keys[ret->count++] = from;
    }
    return true;
}

bool data_digest_cut(const DataDigestTable *table, const DataDigestForm *form, int64_t rows,
                     size_t most, Arena *arena, DataDigestCuts *ret, Error *err)
{
    int64_t ranges = table->rows_estimate / rows;
    *ret = (DataDigestCuts){0};
    if (ranges > (int64_t)most) {
        ranges = (int64_t)most;
        rows = table->rows_estimate / ranges;
    }
    if (form->key_count == 1 && table->rows_estimate > WALKED_ROWS &&
        !cut_by_statistics(table, form, (size_t)ranges, arena, ret, err))
        return false;
    return ret->count > 0 || cut_by_walking(table, form, rows, most, arena, ret, err);
}

/* The ranges are few, which the planner cannot know: it would sort whole rows by them. *ret_before:
 * the settings as they were. */
static bool plan_for_few(const DataDigestTable *table, DbResult **ret_before, Error *err)
{
    return db_query(table->conn, db_sql("digest_planner"), DB_PARAMS("off", "off"), ret_before,
                    err);
}

static bool plan_as_before(const DataDigestTable *table, const DbResult *before, Error *err)
{
    return db_query(table->conn, db_sql("digest_planner"),
                    DB_PARAMS(db_value(before, 0, 0), db_value(before, 0, 1)), NULL, err);
}

char **data_digest_from(const DataDigestCuts *cuts, size_t i)
{
    return i == 0 ? NULL : cuts->keys[i - 1];
}

char **data_digest_upper(const DataDigestCuts *cuts, size_t i)
{
    return i == cuts->count ? NULL : cuts->keys[i];
}

/* One pass over their rows, in the parallel plan that the server has for it. */
static bool in_one_pass(const DataDigestTable *table, const DataDigestForm *form,
                        const DataDigestCuts *cuts, size_t first, size_t count, Arena *arena,
                        DataDigest *digests, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    AUTO(db_result_auto) DbResult *before = NULL;
    char **from = data_digest_from(cuts, first);
    char **upper = data_digest_upper(cuts, first + count - 1);
    const char **ends = arena_alloc(arena, count * sizeof(*ends));
    const char *values[3] = {NULL};
    DbParams params = {.count = 1, .values = values};
    for (size_t i = 0; i + 1 < count; i++)
        ends[i] = cuts->keys[first + i][0];
    values[0] = db_array_text(arena, ends, count - 1);
    if (from != NULL)
        values[params.count++] = from[0];
    if (upper != NULL)
        values[params.count++] = upper[0];
    const char *sql =
        data_digest_ranges_sql(arena, form, table->relation, from != NULL, upper != NULL);
    if (!plan_for_few(table, &before, err) || !db_query(table->conn, sql, &params, &found, err) ||
        !plan_as_before(table, before, err))
        return error_wrap(err, "reading %s", table->shown);
    for (size_t i = 0; i < count; i++)
        digests[i] = (DataDigest){0, form->way == DIGEST_PORTABLE ? "0 0" : "0"};
    for (int i = 0; i < db_rows(found); i++)
        digests[db_int(found, i, 0)] =
            (DataDigest){db_int(found, i, 1), arena_strdup(arena, db_value(found, i, 2))};
    return true;
}

bool data_digest_ranges(const DataDigestTable *table, const DataDigestForm *form,
                        const DataDigestCuts *cuts, size_t first, size_t count, Arena *arena,
                        DataDigest *digests, Error *err)
{
    if (form->key_count == 1 && count > 1)
        return in_one_pass(table, form, cuts, first, count, arena, digests, err);
    for (size_t i = 0; i < count; i++) {
        if (!data_digest_range(table, form, data_digest_from(cuts, first + i),
                               data_digest_upper(cuts, first + i), arena, &digests[i], err))
            return false;
    }
    return true;
}

bool data_digest_in_order(const DataDigestTable *table, const DataDigestForm *form,
                          bool *ret_in_order, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query(table->conn, db_sql("data_bounds_stats"),
                  DB_PARAMS(table->oid, form->key[0].name), &found, err))
        return error_wrap(err, "reading %s", table->shown);
    *ret_in_order = db_rows(found) == 1 && db_bool(found, 0, 1);
    return true;
}

/* ---- differences ---- */

static bool rows_of(const DataDigestTable *table, const DataDigestForm *form, char *const *from,
                    char *const *upper, DbResult **ret_rows, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DbParams params = params_of(form, from, upper, arena);
    const char *sql =
        data_digest_sql(arena, form, table->relation, from != NULL, upper != NULL, DRILL_ROWS);
    return db_query(table->conn, sql, &params, ret_rows, err) ||
           error_wrap(err, "reading %s", table->shown);
}

static void add_key(json_t *keys, size_t max, const char *key, const char *what,
                    const DataDigestTable *table)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    char **values = NULL;
    size_t count = 0;
    Error none;
    if (json_array_size(keys) >= max || !db_array_parse(arena, key, &values, &count, &none))
        return;
    AUTO(base_free)
    char *text =
        base_printf("%s %s%s", data_job_key_shown(arena, (const char *const *)values, count), what,
                    table == NULL ? "" : table->shown);
    json_array_append_new(keys, json_string(text));
}

bool data_digest_differing(const DataDigestTable *table, const DataDigestTable *other,
                           const DataDigestForm *form, char *const *from, char *const *upper,
                           json_t *keys, size_t max, Error *err)
{
    AUTO(db_result_auto) DbResult *here = NULL;
    AUTO(db_result_auto) DbResult *there = NULL;
    AUTO(json_auto) json_t *hashes = json_object();
    if (form->key_count == 0 || json_array_size(keys) >= max)
        return true;
    if (!rows_of(table, form, from, upper, &here, err) ||
        !rows_of(other, form, from, upper, &there, err))
        return false;
    for (int i = 0; i < db_rows(there); i++)
        json_object_set_new(hashes, db_value(there, i, 0), json_string(db_value(there, i, 1)));
    for (int i = 0; i < db_rows(here); i++) {
        const char *hash = json_get_string(hashes, db_value(here, i, 0), NULL);
        if (hash == NULL)
            add_key(keys, max, db_value(here, i, 0), "is only in ", table);
        else if (strcmp(hash, db_value(here, i, 1)) != 0)
            add_key(keys, max, db_value(here, i, 0), "differs", NULL);
        json_object_del(hashes, db_value(here, i, 0));
    }
    for (int i = 0; i < db_rows(there); i++) {
        if (json_object_get(hashes, db_value(there, i, 0)) != NULL)
            add_key(keys, max, db_value(there, i, 0), "is only in ", other);
    }
    return true;
}
