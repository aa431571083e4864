/* Restoring old values. */
#include "data/undo.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"
#include "data/controller.h"
#include "data/cursor.h"
#include "data/sync.h"
#include "db/sql.h"
#include "ledger/fence.h"

#include <string.h>

typedef struct Undo {
    const DataJob *job;
    DbConn *conn;
    Arena *arena;
    DataUpdater updater;
    const DataColumn **columns; /* that have old values */
    size_t columns_count;
} Undo;

/* Ledger statements by run and step, and more parameters in list. */
static bool ledger(const DataJob *job, DbConn *conn, const char *name, DataList *list,
                   DbResult **ret_result, Error *err)
{
    DbParams params = data_list_params(list);
    UNUSED(job);
    return db_query_prepared(conn, db_sql(name), &params, ret_result, err) ||
           error_wrap(err, "%s", name);
}

static void list_start(const DataJob *job, DataList *list)
{
    list->count = 0;
    data_list_text(list, job->run_text);
    data_list_text(list, job->spec->step);
}

static bool ledger_plain(const DataJob *job, DbConn *conn, const char *name, DbResult **ret_result,
                         Error *err)
{
    DataList list = {0};
    list_start(job, &list);
    return ledger(job, conn, name, &list, ret_result, err);
}

bool data_undo_forget(const DataJob *job, DbConn *conn, Error *err)
{
    return ledger_plain(job, conn, "data_undo_forget", NULL, err);
}

/* Something in a fenced transaction. */
typedef bool UndoWork(Undo *undo, void *ctx, Error *err);

static bool fenced(Undo *undo, UndoWork *work, void *ctx, Error *err)
{
    const DataJobOptions *options = &undo->job->options;
    if (!ledger_fence_begin(undo->conn, options->run, options->epoch, err) ||
        !work(undo, ctx, err)) {
        db_rollback(undo->conn);
        return false;
    }
    return db_commit(undo->conn, err);
}

/* ---------------------------------------------------------------- begin and end */

static bool begin(Undo *undo, void *drops, Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!ledger_plain(undo->job, undo->conn, "data_undo_begin", &result, err))
        return false;
    if (db_affected(result) == 0)
        return true; /* goes on: the triggers are gone already */
    return data_job_role_on(undo->job, undo->conn, err) && data_sync_drop(undo->conn, drops, err) &&
           data_job_role_off(undo->job, undo->conn, err);
}

static bool end(Undo *undo, void *ctx, Error *err)
{
    UNUSED(ctx);
    return ledger_plain(undo->job, undo->conn, "data_undo_end", NULL, err);
}

static bool find_columns(Undo *undo, Error *err)
{
    AUTO(db_result_auto) DbResult *names = NULL;
    if (!ledger_plain(undo->job, undo->conn, "data_undo_columns", &names, err))
        return false;
    undo->columns = arena_alloc(undo->arena, ((size_t)db_rows(names) + 1) * sizeof(*undo->columns));
    for (int i = 0; i < db_rows(names); i++) {
        const DataColumn *column = data_table_column(&undo->job->table, db_value(names, i, 0));
        if (column == NULL)
            return error_set(err, ERROR_REFUSED,
                             "column \"%s\" of %s is gone: its old values cannot "
                             "go back",
                             db_value(names, i, 0), undo->job->table.shown);
        undo->columns[undo->columns_count++] = column;
    }
    return true;
}

/* ---------------------------------------------------------------- a batch */

typedef struct UndoBatch {
    int rows;
    int64_t taken;
    int64_t restored; /* of the taken ones; the others were changed by somebody else */
    size_t bytes;     /* of the old values of the taken ones */
} UndoBatch;

/* The arrays of a batch: one for each key column, then old and written. */
typedef struct UndoArrays {
    DataArray *items;
    size_t count;
    DataArray keys; /* whole, as array literals */
} UndoArrays;

static void arrays_init(UndoArrays *arrays, const Undo *undo)
{
    arrays->count = undo->job->table.key_count + 2;
    arrays->items = arena_alloc(undo->arena, arrays->count * sizeof(DataArray));
    for (size_t i = 0; i < arrays->count; i++)
        data_array_init(&arrays->items[i]);
    data_array_init(&arrays->keys);
}

static void arrays_done(UndoArrays *arrays)
{
    for (size_t i = 0; i < arrays->count; i++)
        data_array_done(&arrays->items[i]);
    data_array_done(&arrays->keys);
}

static void add_value(DataArray *array, const DbResult *rows, int row, int column)
{
    data_array_add(array, db_value(rows, row, column), (size_t)db_value_bytes(rows, row, column));
}

static bool arrays_fill(UndoArrays *arrays, const Undo *undo, const DbResult *rows, Error *err)
{
    enum { KEY, OLD, WRITTEN };
    size_t key_count = undo->job->table.key_count;
    for (int i = 0; i < db_rows(rows); i++) {
        char **key = NULL;
        size_t count = 0;
        if (!db_array_parse(undo->arena, db_value(rows, i, KEY), &key, &count, err))
            return false;
        if (count != key_count)
            return error_set(err, ERROR_INTERNAL, "an old value of %s has a key of %zu columns",
                             undo->job->table.shown, count);
        for (size_t k = 0; k < key_count; k++)
            data_array_add(&arrays->items[k], key[k], strlen(key[k]));
        add_value(&arrays->items[key_count], rows, i, OLD);
        add_value(&arrays->items[key_count + 1], rows, i, WRITTEN);
        add_value(&arrays->keys, rows, i, KEY);
    }
    return true;
}

/* "Ours still stands" for one column, and what it becomes. */
static void column_sql(const Undo *undo, const DataColumn *column, const char **set,
                       const char **stands)
{
    const DataTable *table = &undo->job->table;
    Arena *arena = undo->arena;
    const char *name = data_job_literal(arena, column->name);
    const char *ours =
        BUG("ours_not_checked")
            ? arena_printf(arena, "(hg_u.hg_old ? %s)", name)
            : arena_printf(arena,
                           "(hg_u.hg_old ? %s AND coalesce(pg_catalog.md5(%s.%s::text), 'null') = "
                           "hg_u.hg_written ->> %s)",
                           name, table->alias, column->quoted, name);
    *set = arena_printf(arena, "%s%s%s = CASE WHEN %s THEN (hg_u.hg_old ->> %s)::%s ELSE %s.%s END",
                        *set, (*set)[0] == '\0' ? "" : ", ", column->quoted, ours, name,
                        column->type, table->alias, column->quoted);
    *stands = arena_printf(arena, "%s%s%s", *stands, (*stands)[0] == '\0' ? "" : " OR ", ours);
}

static const char *restore_statement(const Undo *undo, UndoArrays *arrays, DataList *list)
{
    const DataTable *table = &undo->job->table;
    Arena *arena = undo->arena;
    const char *set = "";
    const char *stands = "";
    const char *inputs = "";
    const char *names = "";
    const char *match = "";
    const char *unnests = "";
    for (size_t i = 0; i < arrays->count; i++)
        unnests = arena_printf(arena, "%s%spg_catalog.unnest($%d)", unnests, i > 0 ? ", " : "",
                               data_list_array(list, &arrays->items[i]));
    for (size_t k = 0; k < table->key_count; k++) {
        const char *comma = k > 0 ? ", " : "";
        names = arena_printf(arena, "%s%sk%zu", names, comma, k);
        inputs = arena_printf(arena, "%s%shg_i.k%zu::%s AS hg_k%zu", inputs, comma, k,
                              table->key[k]->type, k);
        match = arena_printf(arena, "%s%s%s.%s = hg_u.hg_k%zu", match, k > 0 ? " AND " : "",
                             table->alias, table->key[k]->quoted, k);
    }
    for (size_t i = 0; i < undo->columns_count; i++)
        column_sql(undo, undo->columns[i], &set, &stands);
    DataParts parts = {0};
    data_parts_set(&parts, "table", table->quoted);
    data_parts_set(&parts, "alias", table->alias);
    data_parts_set(&parts, "set", set);
    data_parts_set(&parts, "inputs", inputs);
    data_parts_set(&parts, "arrays", unnests);
    data_parts_set(&parts, "names", names);
    data_parts_set(&parts, "match", match);
    data_parts_set(&parts, "stands", stands);
    return data_statement(arena, "data_undo_restore", &parts);
}

static bool restore(Undo *undo, UndoArrays *arrays, int64_t *ret_restored, Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    DataList *list = arena_alloc(undo->arena, sizeof(DataList));
    const char *sql = restore_statement(undo, arrays, list);
    const char *stable = data_updater_statement(&undo->updater, sql);
    DbParams params = data_list_params(list);
    invariant(stable != NULL); /* one shape */
    if (!data_job_role_on(undo->job, undo->conn, err) ||
        !db_query_prepared(undo->conn, stable, &params, &result, err) ||
        !data_job_role_off(undo->job, undo->conn, err))
        return error_wrap(err, "restoring %s", undo->job->table.shown);
    *ret_restored = db_affected(result);
    return true;
}

static bool book(Undo *undo, UndoArrays *arrays, int64_t taken, int64_t restored, Error *err)
{
    DataList list = {0};
    list_start(undo->job, &list);
    data_list_array(&list, &arrays->keys);
    if (!ledger(undo->job, undo->conn, "data_undo_drop", &list, NULL, err))
        return false;
    list_start(undo->job, &list);
    data_list_int(&list, restored);
    data_list_int(&list, taken - restored);
    return ledger(undo->job, undo->conn, "data_undo_move", &list, NULL, err);
}

static bool batch_in_transaction(Undo *undo, void *ctx, Error *err)
{
    UndoBatch *batch = ctx;
    AUTO(db_result_auto) DbResult *rows = NULL;
    DataList *list = arena_alloc(undo->arena, sizeof(DataList));
    list_start(undo->job, list);
    data_list_int(list, batch->rows);
    data_list_int(list, BOUND_BATCH_BYTES);
    if (!ledger(undo->job, undo->conn, "data_undo_take", list, &rows, err))
        return false;
    batch->taken = db_rows(rows);
    if (batch->taken == 0)
        return true;
    UndoArrays arrays;
    arrays_init(&arrays, undo);
    bool ok = arrays_fill(&arrays, undo, rows, err) &&
              restore(undo, &arrays, &batch->restored, err) &&
              book(undo, &arrays, batch->taken, batch->restored, err);
    batch->bytes = arrays.items[undo->job->table.key_count].bytes.length_bytes;
    arrays_done(&arrays);
    return ok;
}

/* ---------------------------------------------------------------- the whole */

static bool sum(Undo *undo, DataUndoCounts *ret, Error *err)
{
    AUTO(db_result_auto) DbResult *row = NULL;
    if (!ledger_plain(undo->job, undo->conn, "data_undo_sum", &row, err))
        return false;
    *ret = (DataUndoCounts){.restored = db_int(row, 0, 0),
                            .changed_since = db_int(row, 0, 1),
                            .left = db_int(row, 0, 2)};
    return true;
}

/* One batch in an arena of its own. */
static bool one_batch(Undo *undo, UndoBatch *batch, DataController *controller, Error *err)
{
    Arena *forever = undo->arena;
    int64_t began_us = clock_monotonic_us();
    batch->rows = data_controller_rows(controller);
    undo->arena = arena_new();
    bool ok = fenced(undo, batch_in_transaction, batch, err);
    arena_free(undo->arena);
    undo->arena = forever;
    if (ok && batch->taken > 0) {
        data_controller_sample(controller, (int)batch->taken, clock_monotonic_us() - began_us);
        data_controller_row_bytes(controller, batch->bytes / (size_t)batch->taken);
    }
    return ok;
}

static bool restore_all(Undo *undo, const DataUndoHooks *hooks, DataUndoCounts *ret, Error *err)
{
    DataController controller;
    data_controller_init(&controller, undo->job->spec->batch_rows, undo->job->spec->batch_us);
    while (hooks->should_stop == NULL || !hooks->should_stop(hooks->ctx)) {
        UndoBatch batch = {0};
        if (!one_batch(undo, &batch, &controller, err))
            return false;
        if (batch.taken == 0) {
            ret->ended = fenced(undo, end, NULL, err);
            return ret->ended;
        }
        ret->restored += batch.restored;
        ret->changed_since += batch.taken - batch.restored;
        ret->left -= batch.taken;
        if (hooks->progress != NULL)
            hooks->progress(hooks->ctx, ret);
    }
    return true;
}

bool data_undo_run(const DataJob *job, DbConn *conn, const json_t *sync_drops,
                   const DataUndoHooks *hooks, DataUndoCounts *ret, Error *err)
{
    Undo undo = {.job = job, .conn = conn, .arena = arena_new()};
    data_updater_init(&undo.updater, job, conn);
    bool ok = data_cursor_close(job, conn, err) && fenced(&undo, begin, (void *)sync_drops, err) &&
              find_columns(&undo, err) && sum(&undo, ret, err) &&
              restore_all(&undo, hooks, ret, err);
    data_updater_done(&undo.updater);
    arena_free(undo.arena);
    return ok;
}
