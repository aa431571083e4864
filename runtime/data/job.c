/* From a spec to a job. */
#include "data/job.h"

#include "base/bounds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *data_job_literal(Arena *arena, const char *text)
{
    char *quoted = arena_alloc(arena, 2 * strlen(text) + 3);
    char *at = quoted;
    *at++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            *at++ = '\'';
        *at++ = *text;
    }
    *at = '\'';
    return quoted;
}

const char *data_job_key_text(Arena *arena, const char *const *key, size_t count)
{
    return db_array_text(arena, key, count);
}

const char *data_job_key_shown(Arena *arena, const char *const *key, size_t count)
{
    const char *list = "";
    for (size_t i = 0; i < count; i++)
        list = arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "",
                            key[i] == NULL ? "NULL" : key[i]);
    return count == 1 ? list : arena_printf(arena, "(%s)", list);
}

const char *data_job_compare(const DataJob *job, Arena *arena, const char *operator_text,
                             const char *const *key, DataList *list)
{
    const DataTable *table = &job->table;
    const char *ours = "";
    const char *theirs = "";
    for (size_t i = 0; i < table->key_count; i++) {
        int number = data_list_text(list, key[i]);
        const char *comma = i > 0 ? ", " : "";
        ours = arena_printf(arena, "%s%s%s.%s", ours, comma, table->alias, table->key[i]->quoted);
        theirs = arena_printf(arena, "%s%s$%d::%s", theirs, comma, number, table->key[i]->type);
    }
    if (table->key_count == 1)
        return arena_printf(arena, "%s %s %s", ours, operator_text, theirs);
    return arena_printf(arena, "ROW(%s) %s ROW(%s)", ours, operator_text, theirs);
}

const char *data_job_range(const DataJob *job, Arena *arena, const char *const *from,
                           const char *const *upper, DataList *list)
{
    const char *above = from == NULL ? "TRUE" : data_job_compare(job, arena, ">", from, list);
    const char *below = upper == NULL ? "TRUE" : data_job_compare(job, arena, "<=", upper, list);
    return arena_printf(arena, "%s AND %s", above, below);
}

void data_job_join(const DataJob *job, Arena *arena, DataArray *keys, DataList *list,
                   DataParts *parts)
{
    const DataTable *table = &job->table;
    const char *arrays = "";
    const char *names = "";
    const char *match = "";
    for (size_t k = 0; k < table->key_count; k++) {
        const char *comma = k > 0 ? ", " : "";
        arrays = arena_printf(arena, "%s%spg_catalog.unnest($%d)", arrays, comma,
                              data_list_array(list, &keys[k]));
        names = arena_printf(arena, "%s%shg_k%zu", names, comma, k);
        match = arena_printf(arena, "%s%s%s.%s = hg_i.hg_k%zu::%s", match, k > 0 ? " AND " : "",
                             table->alias, table->key[k]->quoted, k, table->key[k]->type);
    }
    data_parts_set(parts, "arrays", arrays);
    data_parts_set(parts, "names", names);
    data_parts_set(parts, "source", job->source);
    data_parts_set(parts, "match", match);
}

/* ---------------------------------------------------------------- opening */

/* They are NULL in every row: only what a map may write into them matters. */
static DataClass expected_class(const char *type)
{
    return text_equal(type, "jsonb")  ? DATA_JSONB
           : text_equal(type, "json") ? DATA_JSON
                                      : DATA_TEXT;
}

/* The columns that the plan expects but the table does not have yet become columns of the job's
 * table, without a number. */
static bool add_expected(DbConn *conn, DataJob *job, Error *err)
{
    const DataJobOptions *options = &job->options;
    DataTable *table = &job->table;
    DataColumn *columns = arena_alloc(
        job->arena, (table->columns_count + options->expected_count + 1) * sizeof(DataColumn));
    memcpy(columns, table->columns, table->columns_count * sizeof(DataColumn));
    for (size_t i = 0; i < table->key_count; i++)
        table->key[i] = &columns[table->key[i] - table->columns];
    table->columns = columns;
    for (size_t i = 0; i < options->expected_count; i++) {
        const DataExpected *expected = &options->expected[i];
        if (data_table_column(table, expected->column) != NULL)
            continue;
        DataColumn column = {
            .name = expected->column,
            .quoted = db_quote_identifier(conn, job->arena, expected->column, err),
            .type = expected->type,
            .class = expected_class(expected->type),
            .keep = data_names_have(&job->spec->keep, expected->column),
        };
        if (column.quoted == NULL)
            return false;
        columns[table->columns_count++] = column;
    }
    return true;
}

static bool choose_columns(DataJob *job, Error *err)
{
    const DataSpec *spec = job->spec;
    DataTable *table = &job->table;
    size_t count = !spec->map || spec->import != NULL ? 0
                   : spec->columns.count > 0          ? spec->columns.count
                                                      : table->columns_count;
    job->read = arena_alloc(job->arena, (count + 1) * sizeof(*job->read));
    for (size_t i = 0; i < count; i++) {
        if (spec->columns.count == 0) {
            job->read[i] = &table->columns[i];
            continue;
        }
        job->read[i] = data_table_column(table, spec->columns.items[i]);
        if (job->read[i] == NULL)
            return error_set(err, ERROR_INPUT, "columns: table %s has no column \"%s\"",
                             table->shown, spec->columns.items[i]);
    }
    job->read_count = count;
    for (size_t i = 0; spec->import != NULL && i < spec->columns.count; i++) {
        const DataColumn *ignored;
        if (!data_map_target(table, spec->columns.items[i], &ignored, err))
            return error_wrap(err, "columns");
    }
    job->set = arena_alloc(job->arena, (spec->set_count + 1) * sizeof(*job->set));
    for (size_t i = 0; i < spec->set_count; i++) {
        if (!data_map_target(table, spec->set[i].column, &job->set[i], err))
            return error_wrap(err, "set");
    }
    return true;
}

/* The table under its alias; with columns that are not there yet, a subquery that supplies them. */
static void make_source(DataJob *job)
{
    const DataTable *table = &job->table;
    const char *missing = "";
    for (size_t i = 0; i < table->columns_count; i++) {
        if (table->columns[i].number == 0)
            missing = arena_printf(job->arena, "%s, NULL::%s AS %s", missing,
                                   table->columns[i].type, table->columns[i].quoted);
    }
    job->version = arena_printf(job->arena, "%s.xmin", table->alias);
    job->source = arena_printf(job->arena, "%s AS %s", table->quoted, table->alias);
    if (missing[0] == '\0')
        return;
    job->version = "'0'";
    job->source = arena_printf(job->arena, "(SELECT hg_t.*%s FROM %s AS hg_t) AS %s", missing,
                               table->quoted, table->alias);
}

static void make_lists(DataJob *job)
{
    const DataTable *table = &job->table;
    const char *list = "";
    for (size_t i = 0; i < table->key_count; i++)
        list = arena_printf(job->arena, "%s%s%s.%s", list, i > 0 ? ", " : "", table->alias,
                            table->key[i]->quoted);
    job->key_list = list;
    for (size_t i = 0; i < job->read_count; i++)
        list = arena_printf(job->arena, "%s, %s.%s", list, table->alias, job->read[i]->quoted);
    job->read_list = list;
}

bool data_job_open(DbConn *conn, Arena *arena, const DataSpec *spec, const DataJobOptions *options,
                   DataJob *ret_job, Error *err)
{
    DataJob job = {.arena = arena, .spec = spec, .options = *options};
    snprintf(job.run_text, sizeof(job.run_text), "%" PRId64, options->run);
    DataTableOptions wanted = {.name = spec->table,
                               .key = spec->key,
                               .keep = spec->keep,
                               .inserts = spec->import != NULL,
                               .role = options->role};
    if (!data_table_get(conn, arena, &wanted, &job.table, err) || !add_expected(conn, &job, err) ||
        !choose_columns(&job, err))
        return false;
    if (options->role != NULL) {
        const char *role = db_quote_identifier(conn, arena, options->role, err);
        if (role == NULL)
            return false;
        job.role_set = arena_printf(arena, "SET LOCAL ROLE %s", role);
    }
    job.cursor_parts = spec->import != NULL ? DATA_PLACE_PARTS : job.table.key_count;
    job.where = spec->where == NULL ? "TRUE" : spec->where;
    make_source(&job);
    make_lists(&job);
    *ret_job = job;
    return true;
}

bool data_job_role_on(const DataJob *job, DbConn *conn, Error *err)
{
    return job->role_set == NULL || db_exec(conn, job->role_set, NULL, NULL, err);
}

/* ends: the transaction writes no more under the role. What is deferred to COMMIT would run there
 * under the session's own, before PostgreSQL 18. */
static bool role_off(const DataJob *job, DbConn *conn, bool ends, Error *err)
{
    enum { DEFERRED, USER, RESET, STATEMENTS };
    const DbStatement statements[STATEMENTS] = {
        [DEFERRED] = {.sql = "SET CONSTRAINTS ALL IMMEDIATE"},
        [USER] = {.sql = "SELECT current_user", .prepared = true},
        [RESET] = {.sql = "RESET ROLE"},
    };
    DbResult *results[STATEMENTS] = {NULL};
    size_t from = ends ? DEFERRED : USER;
    if (!db_pipeline(conn, statements + from, STATEMENTS - from, results + from, err))
        return false;
    const char *now = db_value(results[USER], 0, 0);
    bool ok = text_equal(now, job->options.role) ||
              error_set(err, ERROR_REFUSED,
                        "a trigger or function of the application began as role \"%s\" and ended "
                        "as \"%s\": SET ROLE and RESET ROLE are not allowed in a batch",
                        job->options.role, now);
    for (size_t i = from; i < STATEMENTS; i++)
        db_result_free(results[i]);
    return ok;
}

bool data_job_role_off(const DataJob *job, DbConn *conn, Error *err)
{
    return job->role_set == NULL || role_off(job, conn, true, err);
}

bool data_job_role_rest(const DataJob *job, DbConn *conn, Error *err)
{
    return job->role_set == NULL || role_off(job, conn, false, err);
}
