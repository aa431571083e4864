/* Where to cut. */
#include "data/range.h"

#include "db/sql.h"

#include <stdio.h>
#include <string.h>

enum {
    ROWS_WORTH_A_RANGE = 10000,
    RANGES_A_WORKER = 4,
    SAMPLE_ROWS = 2000,
    CHOICE = 16 /* so many keys a range to choose from, where that is ours to say */
};

int data_range_count(int64_t rows, int workers)
{
    int64_t worth = rows / ROWS_WORTH_A_RANGE;
    int64_t most = (int64_t)workers * RANGES_A_WORKER;
    if (workers <= 1 || worth < 2)
        return 1;
    return (int)(worth < most ? worth : most);
}

/* Weights n, n - 1, … 1: trapezoid self-scheduling, Tzen and Ni, IEEE Transactions on Parallel and
 * Distributed Systems 4 (1993). */
double data_range_share(int cut, int ranges)
{
    double n = ranges;
    return cut * (2 * n - cut + 1) / (n * (n + 1));
}

/* Keys that were found, cut down to what is asked for. */
typedef struct Cuts {
    const DataJob *job;
    Arena *arena;
    char ***keys;
    size_t count;
} Cuts;

static bool same(const Cuts *cuts, char *const *a, char *const *b)
{
    for (size_t k = 0; k < cuts->job->table.key_count; k++) {
        if (strcmp(a[k], b[k]) != 0)
            return false;
    }
    return true;
}

static void add_cut(Cuts *cuts, char **key)
{
    if (cuts->count == 0 || !same(cuts, cuts->keys[cuts->count - 1], key))
        cuts->keys[cuts->count++] = key;
}

/* ranges - 1 of the found keys, which are evenly spread. */
static void pick(Cuts *cuts, char ***found, size_t found_count, int ranges)
{
    size_t wanted = (size_t)ranges;
    cuts->keys = arena_alloc(cuts->arena, wanted * sizeof(*cuts->keys));
    if (found_count < wanted)
        wanted = found_count;
    for (size_t i = 1; i < wanted; i++)
        add_cut(cuts, found[(size_t)(data_range_share((int)i, (int)wanted) * (double)found_count)]);
}

bool data_range_histogram(DbConn *conn, const char *oid, const char *column, Arena *arena,
                          char ***ret_ends, size_t *ret_count, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    *ret_count = 0;
    if (!db_query(conn, db_sql("data_bounds_stats"), DB_PARAMS(oid, column), &found, err))
        return false;
    return db_rows(found) == 0 || db_is_null(found, 0, 0) ||
           db_array_parse(arena, db_value(found, 0, 0), ret_ends, ret_count, err);
}

static bool from_statistics(Cuts *cuts, DbConn *conn, int ranges, Error *err)
{
    const DataTable *table = &cuts->job->table;
    char oid[16];
    char **values = NULL;
    size_t count = 0;
    snprintf(oid, sizeof(oid), "%u", table->oid);
    if (!data_range_histogram(conn, oid, table->key[0]->name, cuts->arena, &values, &count, err))
        return false;
    if (count == 0)
        return true;
    char ***found = arena_alloc(cuts->arena, (count + 1) * sizeof(*found));
    for (size_t i = 0; i < count; i++)
        found[i] = &values[i];
    pick(cuts, found, count, ranges);
    return true;
}

static bool from_query(Cuts *cuts, DbConn *conn, const char *sql, int ranges, Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    size_t key_count = cuts->job->table.key_count;
    if (!db_query(conn, sql, NULL, &result, err))
        return false;
    size_t count = (size_t)db_rows(result);
    char ***found = arena_alloc(cuts->arena, (count + 1) * sizeof(*found));
    for (size_t i = 0; i < count; i++) {
        found[i] = arena_alloc(cuts->arena, key_count * sizeof(char *));
        for (size_t k = 0; k < key_count; k++)
            found[i][k] = arena_strdup(cuts->arena, db_value(result, (int)i, (int)k));
    }
    pick(cuts, found, count, ranges);
    return true;
}

static bool from_ends(Cuts *cuts, DbConn *conn, int ranges, Error *err)
{
    const DataTable *table = &cuts->job->table;
    DataParts parts = {0};
    data_parts_set(&parts, "count", arena_printf(cuts->arena, "%d", ranges * CHOICE));
    data_parts_set(&parts, "key",
                   arena_printf(cuts->arena, "%s.%s", table->alias, table->key[0]->quoted));
    data_parts_set(&parts, "source", cuts->job->source);
    return from_query(cuts, conn, data_statement(cuts->arena, "data_bounds_even", &parts), ranges,
                      err);
}

static bool from_sample(Cuts *cuts, DbConn *conn, int ranges, Error *err)
{
    const DataTable *table = &cuts->job->table;
    double percent = 100.0 * SAMPLE_ROWS / (double)(table->rows_estimate + 1);
    DataParts parts = {0};
    data_parts_set(&parts, "columns", cuts->job->key_list);
    data_parts_set(&parts, "table", table->quoted);
    data_parts_set(&parts, "alias", table->alias);
    data_parts_set(&parts, "percent",
                   arena_printf(cuts->arena, "%.6f", percent > 100 ? 100 : percent));
    return from_query(cuts, conn, data_statement(cuts->arena, "data_bounds_sample", &parts), ranges,
                      err);
}

bool data_range_split(const DataJob *job, DbConn *conn, int ranges, Arena *arena, char ****ret_keys,
                      size_t *ret_count, Error *err)
{
    Cuts cuts = {.job = job, .arena = arena};
    bool single = job->table.key_count == 1;
    if (ranges > 1 && single && !from_statistics(&cuts, conn, ranges, err))
        return false;
    if (ranges > 1 && cuts.count == 0) {
        bool ok = single && job->table.key[0]->class == DATA_INTEGER
                      ? from_ends(&cuts, conn, ranges, err)
                      : from_sample(&cuts, conn, ranges, err);
        if (!ok)
            return error_wrap(err, "cutting %s into ranges", job->table.shown);
    }
    *ret_keys = cuts.keys;
    *ret_count = cuts.count;
    return true;
}
