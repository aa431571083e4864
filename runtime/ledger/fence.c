/* The fence. */
#include "ledger/fence.h"

#include "base/clock.h"
#include "db/sql.h"
#include "ledger/call.h"
#include "loop/fiber.h"

#include <inttypes.h>
#include <stdio.h>

enum { END_LIMIT_MS = 5000, END_PAUSE_LEAST_MS = 5, END_PAUSE_MOST_MS = 160 };

typedef struct FenceText {
    char run[24];
    char epoch[24];
} FenceText;

static FenceText fence_text(int64_t run, int64_t epoch)
{
    FenceText text;
    snprintf(text.run, sizeof(text.run), "%" PRId64, run);
    snprintf(text.epoch, sizeof(text.epoch), "%" PRId64, epoch);
    return text;
}

bool ledger_fence_begin_with(DbConn *conn, int64_t run, int64_t epoch, const DbStatement *then,
                             size_t count, DbResult **ret_results, Error *err)
{
    enum { BEGIN, FENCE, THEN, STATEMENTS = THEN + LEDGER_FENCE_THEN };
    FenceText text = fence_text(run, epoch);
    DbStatement statements[STATEMENTS] = {
        [BEGIN] = {.sql = "BEGIN"},
        [FENCE] = {db_sql("fence_check"), DB_PARAMS(text.run, text.epoch), .prepared = true},
    };
    DbResult *results[STATEMENTS] = {NULL};
    invariant(count <= LEDGER_FENCE_THEN);
    invariant(!db_usable(conn) || !db_in_transaction(conn));
    for (size_t i = 0; i < count; i++)
        statements[THEN + i] = then[i];
    if (!db_pipeline(conn, statements, THEN + count, results, err))
        return error_wrap(err, "beginning");
    bool ours = db_rows(results[FENCE]) == 1 || ledger_fenced(run, err);
    for (size_t i = 0; i < count; i++) {
        if (ours)
            ret_results[i] = results[THEN + i];
        else
            db_result_free(results[THEN + i]);
    }
    db_result_free(results[BEGIN]);
    db_result_free(results[FENCE]);
    return ours;
}

bool ledger_fence_begin(DbConn *conn, int64_t run, int64_t epoch, Error *err)
{
    return ledger_fence_begin_with(conn, run, epoch, NULL, 0, NULL, err);
}

/* A backend ends soon after it is asked to, so the pauses begin short. Servers before version 14
 * cannot wait for its end themselves. */
bool ledger_fence_end_backends(DbConn *conn, int64_t run, int64_t epoch,
                               LedgerFenceBuilders builders, Error *err)
{
    FenceText text = fence_text(run, epoch);
    const char *all = builders == LEDGER_FENCE_END ? "true" : "false";
    int64_t until_us = clock_monotonic_us() + END_LIMIT_MS * (int64_t)1000;
    int64_t pause_ms = END_PAUSE_LEAST_MS;
    while (true) {
        AUTO(db_result_auto) DbResult *there = NULL;
        if (!db_query(conn, db_sql("fence_end_backends"), DB_PARAMS(text.run, text.epoch, all),
                      &there, err))
            return error_wrap(err, "ending the connections of the runner before");
        if (db_int(there, 0, 0) == 0)
            return true;
        if (clock_monotonic_us() >= until_us)
            return error_set(err, ERROR_UNREACHABLE,
                             "a connection of the runner before could not be ended within %d s",
                             END_LIMIT_MS / 1000);
        if (!fiber_sleep(pause_ms, err))
            return false;
        if (pause_ms < END_PAUSE_MOST_MS)
            pause_ms *= 2;
    }
}

bool ledger_fence_raise(DbConn *conn, int64_t run, int64_t epoch, Error *err)
{
    FenceText text = fence_text(run, epoch);
    if (!ledger_fence_end_backends(conn, run, epoch, LEDGER_FENCE_SPARE, err))
        return false;
    AUTO(db_result_auto) DbResult *raised = NULL;
    if (!db_query(conn, db_sql("fence_raise"), DB_PARAMS(text.run, text.epoch), &raised, err))
        return error_wrap(err, "raising the fence");
    return db_rows(raised) == 1 || ledger_fenced(run, err);
}

const char *ledger_fence_application(int64_t run, int64_t epoch, char *out, size_t size)
{
    snprintf(out, size, "headgate:%" PRId64 ":%" PRId64, run, epoch);
    return out;
}
