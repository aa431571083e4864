/* Setting columns to expressions, range by range. */
#include "data/set.h"

#include <string.h>

/* One statement over the rows from the first to the last of a run without gaps. */
typedef struct SetRun {
    const DataJob *job;
    Arena *arena;
    DataUpdateRow *const *rows;
    size_t count;
    bool keep; /* a BEFORE trigger could change what the plan keeps */
    bool old;  /* the statement needs the rows as they were */
} SetRun;

static const char *range_of(const SetRun *run, DataList *list)
{
    const char *low = data_job_compare(run->job, run->arena, ">=", run->rows[0]->row.key, list);
    const char *high =
        data_job_compare(run->job, run->arena, "<=", run->rows[run->count - 1]->row.key, list);
    return arena_printf(run->arena, "%s AND %s", low, high);
}

static const char *set_list(const SetRun *run)
{
    const char *list = "";
    for (size_t i = 0; i < run->job->spec->set_count; i++)
        list = arena_printf(run->arena, "%s%s%s = (%s\n)", list, i > 0 ? ", " : "",
                            run->job->set[i]->quoted, run->job->spec->set[i].expression);
    return list;
}

/* The fragments that need the rows as they were: the joined subquery, its match, and what is
 * returned. */
typedef struct OldParts {
    const char *columns;
    const char *arrays;
    const char *names;
    const char *chosen;
    const char *match;
    const char *old;
    const char *digests;
    const char *kept;
} OldParts;

/* The rows of the run and no others: one that was inserted between them would be written without an
 * old value. */
static void choose_rows(const SetRun *run, DataList *list, OldParts *parts)
{
    const DataTable *table = &run->job->table;
    for (size_t k = 0; k < table->key_count; k++) {
        const char **keys = arena_alloc(run->arena, run->count * sizeof(*keys));
        for (size_t i = 0; i < run->count; i++)
            keys[i] = run->rows[i]->row.key[k];
        int number = data_list_text(list, db_array_text(run->arena, keys, run->count));
        const char *comma = k > 0 ? ", " : "";
        parts->arrays = arena_printf(run->arena, "%s%spg_catalog.unnest($%d::text[])",
                                     parts->arrays, comma, number);
        parts->names = arena_printf(run->arena, "%sk%zu, ", parts->names, k);
        parts->chosen =
            arena_printf(run->arena, "%s%shg_t.%s = hg_i.k%zu::%s", parts->chosen,
                         k > 0 ? " AND " : "", table->key[k]->quoted, k, table->key[k]->type);
    }
}

static OldParts old_parts(const SetRun *run, DataList *list)
{
    const DataTable *table = &run->job->table;
    OldParts parts = {"", "", "", "", "", "", "", ""};
    choose_rows(run, list, &parts);
    for (size_t k = 0; k < table->key_count; k++) {
        const char *quoted = table->key[k]->quoted;
        parts.columns = arena_printf(run->arena, "%s%shg_t.%s AS hg_k%zu", parts.columns,
                                     k > 0 ? ", " : "", quoted, k);
        parts.match = arena_printf(run->arena, "%s%s%s.%s = hg_o.hg_k%zu", parts.match,
                                   k > 0 ? " AND " : "", table->alias, quoted, k);
    }
    for (size_t i = 0; run->job->options.save_old && i < run->job->spec->set_count; i++) {
        const DataColumn *column = run->job->set[i];
        const char *comma = i > 0 ? ", " : "";
        const char *name = data_job_literal(run->arena, column->name);
        parts.columns = arena_printf(run->arena, "%s, hg_t.%s::text AS hg_c%zu", parts.columns,
                                     column->quoted, i);
        parts.old = arena_printf(run->arena, "%s%s%s, hg_o.hg_c%zu", parts.old, comma, name, i);
        parts.digests =
            arena_printf(run->arena, "%s%s%s, coalesce(pg_catalog.md5(%s.%s::text), 'null')",
                         parts.digests, comma, name, table->alias, column->quoted);
    }
    for (size_t c = 0; run->keep && c < table->columns_count; c++) {
        const DataColumn *column = &table->columns[c];
        if (!column->keep)
            continue;
        parts.columns = arena_printf(run->arena, "%s, hg_t.%s::text AS hg_keep%zu", parts.columns,
                                     column->quoted, c);
        parts.kept = arena_printf(
            run->arena, "%s, CASE WHEN hg_o.hg_keep%zu IS DISTINCT FROM %s.%s::text THEN %s END",
            parts.kept, c, table->alias, column->quoted,
            data_job_literal(run->arena, column->name));
    }
    return parts;
}

static const char *make_statement(const SetRun *run, DataList *list)
{
    const DataTable *table = &run->job->table;
    OldParts old = {0};
    if (run->old)
        old = old_parts(run, list);
    DataParts parts = {0};
    bool save_old = run->job->options.save_old;
    data_parts_set(&parts, "table", table->quoted);
    data_parts_set(&parts, "alias", table->alias);
    data_parts_set(&parts, "set", set_list(run));
    data_parts_set(&parts, "old",
                   !run->old ? ""
                             : arena_printf(run->arena,
                                            " FROM (SELECT %s, hg_i.n AS hg_n FROM ROWS FROM (%s) "
                                            "WITH ORDINALITY AS hg_i(%sn) "
                                            "JOIN %s AS hg_t ON %s) AS hg_o",
                                            old.columns, old.arrays, old.names, table->quoted,
                                            old.chosen));
    data_parts_set(&parts, "match", run->old ? old.match : "TRUE");
    data_parts_set(&parts, "range", range_of(run, list));
    data_parts_set(&parts, "where", run->job->where);
    data_parts_set(
        &parts, "returning",
        arena_printf(
            run->arena, "%s, %s, %s, %s, %s", run->job->key_list,
            save_old ? arena_printf(run->arena, "pg_catalog.jsonb_build_object(%s)", old.old)
                     : "NULL",
            save_old ? arena_printf(run->arena, "pg_catalog.jsonb_build_object(%s)", old.digests)
                     : "NULL",
            run->keep ? arena_printf(run->arena, "pg_catalog.concat_ws(', '%s)", old.kept) : "''",
            run->old ? "hg_o.hg_n" : "NULL"));
    return data_statement(run->arena, "data_batch_set", &parts);
}

/* The old values come from the statement's snapshot: without the locks somebody could write between
 * it and the UPDATE. */
static bool lock_rows(const SetRun *run, DbConn *conn, Error *err)
{
    DataList *list = arena_alloc(run->arena, sizeof(DataList));
    DataParts parts = {0};
    data_parts_set(&parts, "table", run->job->table.quoted);
    data_parts_set(&parts, "alias", run->job->table.alias);
    data_parts_set(&parts, "range", range_of(run, list));
    data_parts_set(&parts, "where", run->job->where);
    DbParams params = data_list_params(list);
    return db_query(conn, data_statement(run->arena, "data_batch_lock", &parts), &params, NULL,
                    err);
}

static bool same_key(const DataRow *row, const DbResult *result, int at)
{
    for (size_t k = 0; k < row->key_count; k++) {
        if (strcmp(row->key[k], db_value(result, at, (int)k)) != 0)
            return false;
    }
    return true;
}

/* The server returns rows in the order it wrote them, which is nearly always ours: look ahead from
 * the last one found. Where an old value hangs on it the server says which one it is: an equal key
 * may be written another way than when it was read (1.0 and 1.00, citext). */
static DataUpdateRow *row_of(const SetRun *run, const DbResult *result, int at, size_t *hint)
{
    if (run->old)
        return run->rows[db_int(result, at, (int)run->job->table.key_count + 3) - 1];
    for (size_t tried = 0; tried < run->count; tried++) {
        size_t i = (*hint + tried) % run->count;
        if (same_key(&run->rows[i]->row, result, at)) {
            *hint = i + 1;
            return run->rows[i];
        }
    }
    return NULL;
}

static bool take_results(const SetRun *run, const DbResult *result, Error *err)
{
    int old = (int)run->job->table.key_count;
    size_t hint = 0;
    for (int i = 0; i < db_rows(result); i++) {
        DataUpdateRow *row = row_of(run, result, i, &hint);
        if (row == NULL)
            continue; /* inserted between the others since they were read: set like them */
        if (db_value_bytes(result, i, old + 2) > 0)
            return error_set(err, ERROR_REFUSED,
                             "a trigger on %s changed %s of row %s, which the plan keeps",
                             run->job->table.shown, db_value(result, i, old + 2),
                             data_job_key_shown(run->arena, row->row.key, row->row.key_count));
        row->written = true;
        if (run->job->options.save_old) {
            row->old = arena_strdup(run->arena, db_value(result, i, old));
            row->digests = arena_strdup(run->arena, db_value(result, i, old + 1));
        }
    }
    return true;
}

static bool set_rows(DataUpdater *updater, const SetRun *run, Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (run->old && !lock_rows(run, updater->conn, err))
        return false;
    DataList *list = arena_alloc(run->arena, sizeof(DataList));
    const char *sql = make_statement(run, list);
    const char *stable = data_updater_statement(updater, sql);
    DbParams params = data_list_params(list);
    bool ok = stable != NULL ? db_query_prepared(updater->conn, stable, &params, &result, err)
                             : db_query(updater->conn, sql, &params, &result, err);
    return ok && take_results(run, result, err);
}

bool data_set_run(DataUpdater *updater, Arena *arena, DataUpdateRow *const *rows, size_t count,
                  Error *err)
{
    const DataJob *job = updater->job;
    SetRun run = {.job = job, .arena = arena};
    run.keep = job->spec->keep.count > 0 &&
               data_table_rewrites(&job->table, job->set, job->spec->set_count);
    run.old = run.keep || job->options.save_old;
    /* Rows that lie in the queue are not in rows, but between them: each stretch without a gap is
     * one statement. */
    for (size_t start = 0; start < count; start += run.count) {
        run.rows = rows + start;
        run.count = 1;
        while (start + run.count < count && rows[start + run.count] == rows[start] + run.count)
            run.count++;
        if (!set_rows(updater, &run, err))
            return false;
    }
    return true;
}
