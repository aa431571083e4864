/* Cursor rows. */
#include "data/cursor.h"

#include "db/sql.h"
#include "ledger/fence.h"

/* A key as text[] input; NULL for an open end. */
static const char *key_text(const DataJob *job, Arena *arena, const char *const *key)
{
    return key == NULL ? NULL : data_job_key_text(arena, key, job->cursor_parts);
}

static void list_start(const DataJob *job, DataList *list)
{
    data_list_text(list, job->run_text);
    data_list_text(list, job->spec->step);
}

static bool run(DbConn *conn, const char *name, const DataList *list, DbResult **ret_result,
                Error *err)
{
    DbParams params = data_list_params(list);
    return db_query_prepared(conn, db_sql(name), &params, ret_result, err) ||
           error_wrap(err, "%s", name);
}

bool data_cursor_create(const DataJob *job, DbConn *conn, int number, const char *const *lower,
                        const char *const *upper, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DataList list = {0};
    list_start(job, &list);
    data_list_int(&list, number);
    data_list_text(&list, key_text(job, arena, lower));
    data_list_text(&list, key_text(job, arena, upper));
    return run(conn, "data_cursor_create", &list, NULL, err);
}

static bool read_key(const DbResult *row, int column, Arena *arena, char ***ret_key, Error *err)
{
    size_t count;
    *ret_key = NULL;
    return db_is_null(row, 0, column) ||
           db_array_parse(arena, db_value(row, 0, column), ret_key, &count, err);
}

static bool read_range(const DbResult *row, Arena *arena, DataRange *range, Error *err)
{
    enum { RANGE, PASS, LOWER, UPPER, LAST, BATCH_ROWS };
    range->number = (int)db_int(row, 0, RANGE);
    range->pass = (int)db_int(row, 0, PASS);
    range->batch_rows = (int)db_int(row, 0, BATCH_ROWS);
    return read_key(row, LOWER, arena, &range->lower, err) &&
           read_key(row, UPPER, arena, &range->upper, err) &&
           read_key(row, LAST, arena, &range->last, err);
}

/* One statement of ours in a fenced transaction of its own. */
static bool run_fenced(const DataJob *job, DbConn *conn, const char *name, const DataList *list,
                       Error *err)
{
    if (!ledger_fence_begin(conn, job->options.run, job->options.epoch, err) ||
        !run(conn, name, list, NULL, err)) {
        db_rollback(conn);
        return false;
    }
    return db_commit(conn, err);
}

bool data_cursor_take(const DataJob *job, DbConn *conn, const char *owner, Arena *arena,
                      DataRange *ret_range, bool *ret_found, Error *err)
{
    AUTO(db_result_auto) DbResult *row = NULL;
    DataList list = {0};
    list_start(job, &list);
    data_list_text(&list, owner);
    if (!run(conn, "data_cursor_claim", &list, &row, err))
        return false;
    *ret_found = db_rows(row) == 1;
    return !*ret_found || read_range(row, arena, ret_range, err);
}

bool data_cursor_claim(const DataJob *job, DbConn *conn, const char *owner, Arena *arena,
                       DataRange *ret_range, bool *ret_found, Error *err)
{
    if (!ledger_fence_begin(conn, job->options.run, job->options.epoch, err) ||
        !data_cursor_take(job, conn, owner, arena, ret_range, ret_found, err)) {
        db_rollback(conn);
        return false;
    }
    return db_commit(conn, err);
}

char **data_cursor_key(Arena *arena, const char *const *key, size_t parts)
{
    if (key == NULL)
        return NULL;
    char **copy = arena_alloc(arena, parts * sizeof(*copy));
    for (size_t i = 0; i < parts; i++)
        copy[i] = arena_strdup(arena, key[i]);
    return copy;
}

DataRange data_cursor_moved(const DataJob *job, const DataRange *range, const char *const *last,
                            Arena *arena)
{
    DataRange moved = *range;
    moved.lower = data_cursor_key(arena, (const char *const *)range->lower, job->cursor_parts);
    moved.upper = data_cursor_key(arena, (const char *const *)range->upper, job->cursor_parts);
    moved.last = data_cursor_key(arena, last, job->cursor_parts);
    return moved;
}

bool data_cursor_release(const DataJob *job, DbConn *conn, const char *owner, Error *err)
{
    DataList list = {0};
    list_start(job, &list);
    data_list_text(&list, owner);
    return run_fenced(job, conn, "data_cursor_release", &list, err);
}

bool data_cursor_release_gone(const DataJob *job, DbConn *conn, Error *err)
{
    char application[48];
    DataList list = {0};
    list_start(job, &list);
    data_list_text(&list, ledger_fence_application(job->options.run, job->options.epoch,
                                                   application, sizeof(application)));
    return run_fenced(job, conn, "data_cursor_release_gone", &list, err);
}

bool data_cursor_close(const DataJob *job, DbConn *conn, Error *err)
{
    DataList list = {0};
    list_start(job, &list);
    return run_fenced(job, conn, "data_cursor_close", &list, err);
}

bool data_cursor_pass(const DataJob *job, DbConn *conn, int pass, Error *err)
{
    DataList list = {0};
    list_start(job, &list);
    data_list_int(&list, pass);
    return run(conn, "data_cursor_pass", &list, NULL, err);
}

bool data_cursor_sum(const DataJob *job, DbConn *conn, DataProgressSum *ret_sum, Error *err)
{
    enum { RANGES, DONE, PASS, CHANGED, SKIPPED, QUEUED, MOVED, BATCHES, BATCH_ROWS, WORKING };
    AUTO(db_result_auto) DbResult *row = NULL;
    DataList list = {0};
    list_start(job, &list);
    if (!run(conn, "data_cursor_sum", &list, &row, err))
        return false;
    *ret_sum = (DataProgressSum){
        .ranges = db_int(row, 0, RANGES),
        .ranges_done = db_int(row, 0, DONE),
        .pass = (int)db_int(row, 0, PASS),
        .counts = {.changed = db_int(row, 0, CHANGED),
                   .skipped = db_int(row, 0, SKIPPED),
                   .queued = db_int(row, 0, QUEUED),
                   .moved = db_int(row, 0, MOVED)},
        .batches = db_int(row, 0, BATCHES),
        .batch_rows = (int)db_int(row, 0, BATCH_ROWS),
        .working = db_int(row, 0, WORKING),
    };
    return true;
}

bool data_cursor_move(const DataJob *job, DbConn *conn, const DataRange *range,
                      const DataMove *move, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(db_result_auto) DbResult *result = NULL;
    const char *from = key_text(job, arena, (const char *const *)range->last);
    DataList list = {0};
    list_start(job, &list);
    data_list_int(&list, range->number);
    data_list_int(&list, range->pass);
    data_list_text(&list, from);
    data_list_text(&list, move->last == NULL ? from : key_text(job, arena, move->last));
    data_list_text(&list, move->done ? "t" : "f");
    data_list_int(&list, move->batch_rows);
    data_list_int(&list, move->counts.changed);
    data_list_int(&list, move->counts.skipped);
    data_list_int(&list, move->counts.queued);
    data_list_int(&list, move->counts.moved);
    if (!run(conn, "data_cursor_move", &list, &result, err))
        return false;
    if (db_affected(result) != 1)
        return error_set(err, ERROR_CONFLICT, "range %d was moved by another worker",
                         range->number);
    return true;
}
