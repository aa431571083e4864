/* A column that a map wrote in some rows only is not ours in all of them: it is left out. */
#include "data/wrote.h"

#include "db/sql.h"

#include <stdio.h>

static bool writes(const DataUpdateRow *row, const DataColumn *column)
{
    for (size_t i = 0; i < row->mapped.writes_count; i++) {
        if (row->mapped.writes[i].column == column)
            return true;
    }
    return false;
}

static bool all_write(const DataUpdateRow *rows, size_t count, const DataColumn *column)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].written && !writes(&rows[i], column))
            return false;
    }
    return true;
}

static const DataUpdateRow *first_written(const DataUpdateRow *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].written)
            return &rows[i];
    }
    return NULL;
}

/* The names of the columns that every written row has got. */
static size_t common_columns(const DataJob *job, const DataUpdateRow *rows, size_t count,
                             Arena *arena, const char ***ret_names)
{
    const DataUpdateRow *first = first_written(rows, count);
    size_t found = 0;
    size_t most = job->spec->map ? first->mapped.writes_count : job->spec->set_count;
    *ret_names = arena_alloc(arena, (most + 1) * sizeof(**ret_names));
    for (size_t i = 0; i < most; i++) {
        const DataColumn *column = job->spec->map ? first->mapped.writes[i].column : job->set[i];
        if (!job->spec->map || all_write(rows, count, column))
            (*ret_names)[found++] = column->name;
    }
    return found;
}

bool data_wrote_add(const DataJob *job, DbConn *conn, const DataUpdateRow *rows, size_t count,
                    Error *err)
{
    if (first_written(rows, count) == NULL)
        return true;
    AUTO(arena_auto) Arena *arena = arena_new();
    const char **names = NULL;
    char oid[16];
    size_t found = common_columns(job, rows, count, arena, &names);
    snprintf(oid, sizeof(oid), "%u", job->table.oid);
    return db_query_prepared(
               conn, db_sql("wrote_add"),
               DB_PARAMS(job->run_text, job->spec->step, oid, db_array_text(arena, names, found)),
               NULL, err) ||
           error_wrap(err, "wrote_add");
}
