/* Orphans that found their parents: read before them in another chunk, or written by a decision. */
#include "data/import.h"

#include "data/load.h"
#include "db/sql.h"
#include "ledger/fence.h"

#include <string.h>

enum { PAGE = 500 };

typedef struct Settling {
    const DataJob *job;
    DbConn *conn;
    int64_t settled;
    char *after; /* the last key looked at, as an array literal; NULL = from the start */
    bool more;
} Settling;

static bool take_page(Settling *settling, DbResult **ret_page, Error *err)
{
    const DataJob *job = settling->job;
    return db_query_prepared(settling->conn, db_sql("data_settle_take"),
                             DB_PARAMS(job->run_text, job->spec->step, settling->after), ret_page,
                             err) ||
           error_wrap(err, "data_settle_take");
}

static bool read_records(const Settling *settling, Arena *arena, const DbResult *page,
                         DataRecord *records, Error *err)
{
    enum { KEY, ROW };
    bool ok = true;
    for (int i = 0; ok && i < db_rows(page); i++) {
        DataDocument row = {0};
        ok = data_document_parse(&row, db_value(page, i, ROW), (size_t)db_value_bytes(page, i, ROW),
                                 err) &&
             data_record_by_name(settling->job, arena, &row, &records[i].mapped, err);
        data_document_done(&row);
    }
    return ok;
}

static bool forget(Settling *settling, const DbResult *page, const DataRecord *records, Error *err)
{
    DataArray keys;
    DataList list = {0};
    data_array_init(&keys);
    for (int i = 0; i < db_rows(page); i++) {
        if (records[i].failed == NULL)
            data_array_add(&keys, db_value(page, i, 0), (size_t)db_value_bytes(page, i, 0));
    }
    data_list_text(&list, settling->job->run_text);
    data_list_text(&list, settling->job->spec->step);
    data_list_array(&list, &keys);
    DbParams params = data_list_params(&list);
    bool ok = db_query_prepared(settling->conn, db_sql("data_settle_drop"), &params, NULL, err) ||
              error_wrap(err, "data_settle_drop");
    data_array_done(&keys);
    return ok;
}

static bool settle_page(Settling *settling, Arena *arena, Error *err)
{
    AUTO(db_result_auto) DbResult *page = NULL;
    int64_t written = 0;
    if (!take_page(settling, &page, err))
        return false;
    int count = db_rows(page);
    DataRecord *records = arena_alloc(arena, ((size_t)count + 1) * sizeof(*records));
    settling->more = count == PAGE;
    if (count == 0)
        return true;
    if (!read_records(settling, arena, page, records, err) ||
        !data_load_write(settling->job, settling->conn, arena, records, (size_t)count, true,
                         &written, err) ||
        (written > 0 && (!data_load_wrote(settling->job, settling->conn, err) ||
                         !forget(settling, page, records, err))))
        return false;
    settling->settled += written;
    base_free(&settling->after);
    settling->after = base_strdup(db_value(page, count - 1, 0));
    return true;
}

static bool one_pass(Settling *settling, Error *err)
{
    const DataJobOptions *options = &settling->job->options;
    base_free(&settling->after);
    settling->after = NULL;
    settling->more = true;
    while (settling->more) {
        AUTO(arena_auto) Arena *arena = arena_new();
        if (!ledger_fence_begin(settling->conn, options->run, options->epoch, err) ||
            !settle_page(settling, arena, err)) {
            db_rollback(settling->conn);
            return false;
        }
        if (!db_commit(settling->conn, err))
            return false;
        if (fiber_cancelled())
            return error_set(err, ERROR_CANCELLED, "stopped");
    }
    return true;
}

bool data_import_settle(const DataJob *job, DbConn *conn, int64_t *ret_settled, Error *err)
{
    Settling settling = {.job = job, .conn = conn};
    int64_t before = -1;
    bool ok = true;
    while (ok && settling.settled != before) {
        before = settling.settled;
        ok = one_pass(&settling, err);
    }
    base_free(&settling.after);
    *ret_settled = settling.settled;
    return ok;
}
