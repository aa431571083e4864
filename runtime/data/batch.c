/* Reading, mapping and committing a batch. */
#include "data/batch.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"
#include "data/queue.h"
#include "data/set.h"
#include "data/unkept.h"
#include "data/wrote.h"
#include "db/sql.h"
#include "ledger/fence.h"

#include <stdlib.h>
#include <string.h>

bool data_mapper_open(DataMapper *mapper, Loop *loop, const DbTarget *target, Error *err)
{
    DbTarget reader = *target;
    DbConn *conn = NULL;
    reader.read_only = true;
    if (!db_open(loop, &reader, &conn, err))
        return false;
    if (!db_query(conn, db_sql("data_session_reader"), NULL, NULL, err)) {
        db_close(conn);
        return false;
    }
    mapper->reader = conn;
    return true;
}

bool data_mapper_lock(DataMapper *mapper, Error *err)
{
    bool cancelled = false;
    mapper->waiting++;
    while (mapper->busy && !cancelled)
        cancelled = !fiber_event_wait(&mapper->idle, -1) && fiber_cancelled();
    mapper->waiting--;
    if (cancelled)
        return error_set(err, ERROR_CANCELLED, "stopped");
    mapper->busy = true;
    return true;
}

void data_mapper_unlock(DataMapper *mapper)
{
    mapper->busy = false;
    fiber_event_broadcast(&mapper->idle);
}

/* Gives it to who waits for it, and has it again. */
static void hand_over(DataMapper *mapper)
{
    Error none;
    if (mapper->waiting == 0)
        return;
    data_mapper_unlock(mapper);
    while (mapper->waiting > 0 && !mapper->busy)
        fiber_yield();
    bool shielded = fiber_shield(true); /* whoever called us has it when we return */
    invariant(data_mapper_lock(mapper, &none));
    fiber_shield(shielded);
}

/* ---------------------------------------------------------------- reading */

void data_batch_take_row(const DataJob *job, Arena *arena, const DbResult *result, int at,
                         DbConn *reader, DataUpdateRow *ret_row)
{
    const DataTable *table = &job->table;
    const char **key = arena_alloc(arena, table->key_count * sizeof(*key));
    DataValue *values = arena_alloc(arena, (job->read_count + 1) * sizeof(*values));
    int column = 1; /* behind the version */
    for (size_t k = 0; k < table->key_count; k++)
        key[k] = arena_strdup(arena, db_value(result, at, column++));
    for (size_t c = 0; c < job->read_count; c++, column++) {
        if (db_is_null(result, at, column))
            continue;
        values[c].bytes = (size_t)db_value_bytes(result, at, column);
        values[c].text = arena_memdup(arena, db_value(result, at, column), values[c].bytes);
    }
    *ret_row = (DataUpdateRow){
        .version = arena_strdup(arena, db_value(result, at, 0)),
        .row = {.table = table,
                .columns = job->read,
                .values = values,
                .count = job->read_count,
                .key = key,
                .key_count = table->key_count,
                .db = reader},
    };
}

static const char *read_statement(const DataJob *job, Arena *arena, const DataRange *range,
                                  const char *const *from, int limit, DataList *list)
{
    DataParts parts = {0};
    /* Copies: the statement is sent after others were waited for, and the range may move on. */
    char **behind = data_cursor_key(arena, from != NULL ? from : (const char *const *)range->lower,
                                    job->cursor_parts);
    char **upper = data_cursor_key(arena, (const char *const *)range->upper, job->cursor_parts);
    data_parts_set(&parts, "version", job->version);
    data_parts_set(&parts, "columns", job->read_list);
    data_parts_set(&parts, "source", job->source);
    data_parts_set(
        &parts, "range",
        data_job_range(job, arena, (const char *const *)behind, (const char *const *)upper, list));
    data_parts_set(&parts, "where", job->where);
    data_parts_set(&parts, "order", job->key_list);
    data_parts_set(&parts, "limit", arena_printf(arena, "%d", limit));
    return data_statement(arena, "data_batch_read", &parts);
}

/* Rows as they come, until the batch is full. */
typedef struct Taking {
    const DataJob *job;
    DataBatch *batch;
    DbConn *reader;
    size_t capacity;
    bool full;
    bool drains; /* the rest is read and dropped: stopping the server would end the transaction */
} Taking;

static bool take_row(void *ctx, const DbResult *result)
{
    Taking *taking = ctx;
    DataBatch *batch = taking->batch;
    if (taking->full)
        return taking->drains;
    if (batch->rows_count == taking->capacity) {
        taking->capacity = taking->capacity == 0 ? 256 : taking->capacity * 2;
        batch->rows = base_realloc(batch->rows, taking->capacity * sizeof(DataUpdateRow));
    }
    DataUpdateRow *row = &batch->rows[batch->rows_count++];
    data_batch_take_row(taking->job, batch->arena, result, 0, taking->reader, row);
    taking->full = arena_size(batch->arena) > BOUND_BATCH_READ_BYTES;
    return !taking->full || taking->drains;
}

/* One query as the role that user tables are read under. */
static bool read_as_role(Taking *taking, const char *sql, const DbParams *params, Error *err)
{
    const DataJob *job = taking->job;
    DbConn *conn = taking->reader;
    /* Without a name for the statement: each read is planned for the values it has. */
    if (job->role_set == NULL || taking->drains)
        return db_query_each(conn, sql, params, take_row, taking, err);
    if (!db_begin(conn, err))
        return false;
    bool ok =
        data_job_role_on(job, conn, err) && db_query_each(conn, sql, params, take_row, taking, err);
    db_rollback(conn);
    return ok;
}

bool data_batch_read(const DataJob *job, DataMapper *mapper, const DataRange *range,
                     const char *const *from, int limit, DataBatch **ret_batch, Error *err)
{
    DataBatch *batch = base_alloc(sizeof(DataBatch));
    batch->arena = arena_new();
    DataList *list = arena_alloc(batch->arena, sizeof(DataList));
    const char *sql = read_statement(job, batch->arena, range, from, limit, list);
    DbParams params = data_list_params(list);
    Taking taking = {.job = job,
                     .batch = batch,
                     .reader = mapper->reader,
                     .drains = db_in_transaction(mapper->reader)};
    if (!read_as_role(&taking, sql, &params, err)) {
        data_batch_free(batch);
        return error_wrap(err, "reading %s", job->table.shown);
    }
    batch->ends_range = batch->rows_count < (size_t)limit && !taking.full;
    if (range->pass > 1 && batch->rows_count > 0 &&
        !data_queue_exclude(job, mapper->reader, batch->rows, batch->rows_count, err)) {
        data_batch_free(batch);
        return false;
    }
    *ret_batch = batch;
    return true;
}

const char *const *data_batch_last(const DataBatch *batch)
{
    return batch->rows_count == 0 ? NULL : batch->rows[batch->rows_count - 1].row.key;
}

size_t data_batch_row_bytes(const DataBatch *batch)
{
    size_t count = batch->rows_count;
    return count == 0 ? 0 : arena_size(batch->arena) / count + sizeof(DataUpdateRow);
}

void data_batch_free(DataBatch *batch)
{
    if (batch == NULL)
        return;
    free(batch->rows);
    arena_free(batch->arena);
    base_free(&batch);
}

/* ---------------------------------------------------------------- mapping */

static bool about_the_row(const Error *err)
{
    return err->kind == ERROR_SCRIPT || err->kind == ERROR_INPUT;
}

static bool map_row(const DataJob *job, DataMapper *mapper, DataBatch *batch, DataUpdateRow *row,
                    Error *err)
{
    row->mapped = (DataMapped){0};
    row->failed = NULL;
    bool ok = mapper->map(mapper->ctx, &row->row, batch->arena, &row->mapped, err);
    if (ok && row->mapped.verdict == MAPPED_WRITE && row->mapped.writes_count == 0)
        ok = error_set(err, ERROR_SCRIPT, "map returned no columns to write");
    ok = ok && data_unkept_check(job, &row->mapped, err);
    if (ok)
        return true;
    if (!about_the_row(err) || job->spec->fail_on_error)
        return error_wrap(err, "row %s of %s",
                          data_job_key_shown(batch->arena, row->row.key, row->row.key_count),
                          job->table.shown);
    row->failed = arena_strdup(batch->arena, err->message);
    return true;
}

bool data_batch_map(const DataJob *job, DataMapper *mapper, DataBatch *batch, Error *err)
{
    enum { ROWS_A_LOOK = 16, TURN_US = 5000 };
    if (mapper->map == NULL)
        return true;
    int64_t turn_began_us = clock_monotonic_us();
    size_t most = arena_size(batch->arena) + BOUND_BATCH_BYTES;
    for (size_t i = 0; i < batch->rows_count; i++) {
        hand_over(mapper);
        if (!batch->rows[i].gone && !map_row(job, mapper, batch, &batch->rows[i], err))
            return false;
        if (arena_size(batch->arena) > most && i + 1 < batch->rows_count) {
            batch->rows_count = i + 1;
            batch->ends_range = false;
        }
        if (i % ROWS_A_LOOK == 0 && clock_monotonic_us() - turn_began_us > TURN_US) {
            fiber_yield(); /* the batch before this one is being written meanwhile */
            turn_began_us = clock_monotonic_us();
        }
    }
    return true;
}

/* ---------------------------------------------------------------- rows that moved */

/* A batch on its way into the database. */
typedef struct Writing {
    DataBatch *batch;
    const DataCommit *commit;
    const DataJob *job;
    DbConn *conn;
    DataCounts counts;
} Writing;

static const char *again_statement(const Writing *writing, DataUpdateRow *const *rows, size_t count,
                                   DataArray *keys, DataList *list)
{
    const DataTable *table = &writing->job->table;
    Arena *arena = writing->batch->arena;
    for (size_t k = 0; k < table->key_count; k++) {
        data_array_init(&keys[k]);
        for (size_t i = 0; i < count; i++)
            data_array_add(&keys[k], rows[i]->row.key[k], strlen(rows[i]->row.key[k]));
    }
    DataParts parts = {0};
    data_job_join(writing->job, arena, keys, list, &parts);
    data_parts_set(&parts, "version", writing->job->version);
    data_parts_set(&parts, "columns", writing->job->read_list);
    data_parts_set(&parts, "where", writing->job->where);
    data_parts_set(&parts, "alias", table->alias);
    return data_statement(arena, "data_batch_again", &parts);
}

static bool read_again(const Writing *writing, DataUpdateRow *const *rows, size_t count,
                       DbResult **ret_result, Error *err)
{
    const DataTable *table = &writing->job->table;
    Arena *arena = writing->batch->arena;
    DataArray *keys = arena_alloc(arena, table->key_count * sizeof(DataArray));
    DataList *list = arena_alloc(arena, sizeof(DataList));
    const char *sql = again_statement(writing, rows, count, keys, list);
    DbParams params = data_list_params(list);
    bool ok = db_query(writing->conn, sql, &params, ret_result, err);
    for (size_t k = 0; k < table->key_count; k++)
        data_array_done(&keys[k]);
    return ok || error_wrap(err, "reading rows that changed");
}

/* Rows that were not written, as they are now: deleted or no longer wanted, or to be mapped again.
 * They are locked, so that the second try is the last. *count becomes the number of rows to try
 * again. */
static bool map_again(Writing *writing, DataUpdateRow **rows, size_t *count, Error *err)
{
    DataBatch *batch = writing->batch;
    DataMapper *mapper = writing->commit->mapper;
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!read_again(writing, rows, *count, &result, err))
        return false;
    int number = db_columns(result) - 1;
    for (size_t i = 0; i < *count; i++)
        rows[i]->gone = true;
    size_t left = 0;
    for (int i = 0; i < db_rows(result); i++) {
        DataUpdateRow *row = rows[db_int(result, i, number) - 1];
        bool same = strcmp(row->version, db_value(result, i, 0)) == 0;
        data_batch_take_row(writing->job, batch->arena, result, i, mapper->reader, row);
        if (same)
            row->failed = "a trigger kept the row from being written";
        else if (!map_row(writing->job, mapper, batch, row, err))
            return false;
        if (row->failed == NULL && row->mapped.verdict == MAPPED_WRITE)
            rows[left++] = row;
    }
    writing->counts.moved += (int64_t)*count;
    *count = left;
    return true;
}

static bool map_again_locked(Writing *writing, DataUpdateRow **rows, size_t *count, Error *err)
{
    DataMapper *mapper = writing->commit->mapper;
    if (!data_mapper_lock(mapper, err))
        return false;
    bool ok = map_again(writing, rows, count, err);
    data_mapper_unlock(mapper);
    return ok;
}

/* ---------------------------------------------------------------- writing */

/* Writes rows in key order; those it could not write are left in rows, *count of them. */
static bool write_once(Writing *writing, DataUpdateRow **rows, size_t *count, Error *err)
{
    DataUpdater *updater = writing->commit->updater;
    if (!writing->job->spec->map) {
        if (!data_set_run(updater, writing->batch->arena, rows, *count, err))
            return false;
        for (size_t i = 0; i < *count; i++)
            rows[i]->gone |=
                !rows[i]->written; /* the server found that it needs nothing any more */
        *count = 0;
        return true;
    }
    if (!data_update_run(updater, writing->batch->arena, rows, *count, err))
        return false;
    size_t left = 0;
    for (size_t i = 0; i < *count; i++) {
        if (!rows[i]->written)
            rows[left++] = rows[i];
    }
    *count = left;
    return true;
}

bool data_batch_row_error(const Error *err)
{
    static const char *const CLASSES[] = {
        "22", /* data exception */
        "23", /* integrity constraint violation */
        "54", /* program limit exceeded */
        "P0", /* raised by a trigger */
    };
    if (err->kind != ERROR_DATABASE)
        return false;
    for (size_t i = 0; i < COUNT_OF(CLASSES); i++) {
        if (strncmp(err->sqlstate, CLASSES[i], 2) == 0)
            return true;
    }
    return false;
}

/* Under a savepoint, with what a deferred constraint would say at COMMIT, while it can still be
 * said of single rows. When it fails, rows are as they were. */
static bool write_checked(Writing *writing, DataUpdateRow **rows, size_t *count, Error *err)
{
    size_t all = *count;
    DataUpdateRow **before = arena_memdup(writing->batch->arena, rows, all * sizeof(*rows));
    if (!db_exec(writing->conn, "SAVEPOINT hg_rows", NULL, NULL, err))
        return false;
    if (write_once(writing, rows, count, err) &&
        db_exec(writing->conn, "SET CONSTRAINTS ALL IMMEDIATE; RELEASE SAVEPOINT hg_rows", NULL,
                NULL, err))
        return true;
    memcpy(rows, before, all * sizeof(*rows));
    for (size_t i = 0; i < all; i++)
        rows[i]->written = rows[i]->gone = false;
    return false;
}

/* Halves until the rows that the server refuses stand alone. */
static bool write_careful(Writing *writing, DataUpdateRow **rows, size_t count, size_t *ret_left,
                          Error *err)
{
    size_t left = count;
    *ret_left = 0;
    if (count == 0)
        return true;
    if (write_checked(writing, rows, &left, err)) {
        *ret_left = left;
        return true;
    }
    Error why = *err;
    if (!data_batch_row_error(&why) ||
        !db_exec(writing->conn, "ROLLBACK TO SAVEPOINT hg_rows; RELEASE SAVEPOINT hg_rows", NULL,
                 NULL, err))
        return false;
    if (count == 1) {
        rows[0]->failed = arena_strdup(writing->batch->arena, why.message);
        return true;
    }
    size_t half = count / 2;
    size_t left_second = 0;
    if (!write_careful(writing, rows, half, &left, err) ||
        !write_careful(writing, rows + half, count - half, &left_second, err))
        return false;
    memmove(rows + left, rows + half, left_second * sizeof(*rows));
    *ret_left = left + left_second;
    return true;
}

static bool write_rows(Writing *writing, DataUpdateRow **rows, size_t count, Error *err)
{
    for (int round = 0; count > 0 && round < BOUND_ROW_RETRIES; round++) {
        size_t left = count;
        bool ok = writing->commit->careful ? write_careful(writing, rows, count, &left, err)
                                           : write_once(writing, rows, &left, err);
        if (!ok)
            return error_wrap(err, "writing %s", writing->job->table.shown);
        if (left > 0 && !map_again_locked(writing, rows, &left, err))
            return false;
        count = left;
    }
    for (size_t i = 0; i < count; i++)
        rows[i]->failed = "the row keeps changing while it is written";
    return true;
}

static bool wants_write(const DataUpdateRow *row)
{
    return !row->gone && row->failed == NULL && row->mapped.verdict == MAPPED_WRITE;
}

static bool write_effect(Writing *writing, Error *err)
{
    DataBatch *batch = writing->batch;
    DataUpdateRow **rows = arena_alloc(batch->arena, (batch->rows_count + 1) * sizeof(*rows));
    size_t count = 0;
    for (size_t i = 0; i < batch->rows_count; i++) {
        batch->rows[i].written = false;
        if (wants_write(&batch->rows[i]))
            rows[count++] = &batch->rows[i];
    }
    if (count == 0)
        return true;
    return data_job_role_on(writing->job, writing->conn, err) &&
           write_rows(writing, rows, count, err) &&
           data_job_role_off(writing->job, writing->conn, err);
}

static bool write_ledger(Writing *writing, Error *err)
{
    DataBatch *batch = writing->batch;
    FAULT("worker.effect");
    for (size_t i = 0; i < batch->rows_count; i++)
        writing->counts.changed += batch->rows[i].written;
    if (!data_wrote_add(writing->job, writing->conn, batch->rows, batch->rows_count, err) ||
        !data_queue_old(writing->job, writing->conn, batch->rows, batch->rows_count, err) ||
        !data_queue_add(writing->job, writing->conn, batch->rows, batch->rows_count,
                        &writing->counts, err))
        return false;
    DataMove move = {.last = data_batch_last(batch),
                     .done = batch->ends_range,
                     .batch_rows = writing->commit->batch_rows,
                     .counts = writing->counts};
    return data_cursor_move(writing->job, writing->conn, writing->commit->range, &move, err);
}

bool data_batch_commit(DataBatch *batch, const DataCommit *commit, DataCounts *ret_counts,
                       Error *err)
{
    Writing writing = {.batch = batch,
                       .commit = commit,
                       .job = commit->updater->job,
                       .conn = commit->updater->conn};
    const DataJobOptions *options = &writing.job->options;
    if (!ledger_fence_begin(writing.conn, options->run, options->epoch, err) ||
        !write_effect(&writing, err) ||
        (BUG("checkpoint_apart") &&
         (!db_commit(writing.conn, err) || !db_begin(writing.conn, err))) ||
        !write_ledger(&writing, err)) {
        db_rollback(writing.conn);
        return false;
    }
    if (!db_commit(writing.conn, err))
        return false;
    FAULT("worker.committed");
    *ret_counts = writing.counts;
    return true;
}
