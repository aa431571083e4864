/* Statements and their answers: one exchange at a time, the fiber waits while libpq fills its
 * buffers. Every public function here is db_exchange_begin() → send… → db_exchange_collect →
 * db_exchange_finish().
 */
#include "db/private.h"

#include "base/bounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CANCEL_WAIT_MS = 5000, ///< for a cancel request that is still on its way
    PIPELINE_FLUSH_EVERY = 64,
};

/* -- deadlines -- */

static void on_deadline(uv_timer_t *timer)
{
    DbConn *conn = timer->data;
    if (conn->user == NULL)
        return;
    if (conn->deadline_stage == DEADLINE_CANCEL) {
        conn->deadline_stage = DEADLINE_LOSE;
        db_cancel(conn);
        uv_timer_start(timer, on_deadline, (uint64_t)conn->answer_grace_ms, 0);
        return;
    }
    conn->deadline_passed = true;
    db_lose(conn);
    fiber_wake(conn->user);
}

/* The server ends statements by statement_timeout itself: ours only notices a server that is
 * stopped or cut off. */
static void deadline_start(DbConn *conn, DeadlineStage stage, int64_t statements)
{
    conn->deadline_passed = false;
    conn->deadline_stage = stage;
    if (conn->statement_timeout_ms <= 0 || statements <= 0)
        return;
    uv_update_time(loop_uv(conn->loop));
    int64_t ms = conn->statement_timeout_ms * statements + conn->answer_grace_ms;
    uv_timer_start(&conn->handles->timer, on_deadline, (uint64_t)ms, 0);
}

/* -- begin and finish -- */

static bool lost_error(const DbConn *conn, Error *err)
{
    if (conn->deadline_passed)
        return error_set(err, ERROR_UNREACHABLE,
                         "the connection was given up: the server did not answer in time");
    if (conn->fatal_message[0] == '\0')
        return error_set(err, ERROR_UNREACHABLE, "the connection to the server was lost");
    error_set(err, ERROR_UNREACHABLE, "the connection to the server was lost: %s",
              conn->fatal_message);
    if (err != NULL)
        memcpy(err->sqlstate, conn->fatal_sqlstate, sizeof(err->sqlstate));
    return false;
}

/* A cancel request that is still on its way would hit the next statement. */
static void wait_for_cancel_job(DbConn *conn)
{
    bool before = fiber_shield(true);
    bool waits = true;
    while (conn->cancel_job != NULL && waits)
        waits = fiber_event_wait(&conn->cancel_done, CANCEL_WAIT_MS);
    fiber_shield(before);
    if (conn->cancel_job != NULL)
        db_lose(conn);
}

static bool begin(DbConn *conn, Error *err)
{
    invariant(fiber_current() != NULL);
    invariant(conn->user == NULL);
    if (fiber_cancelled())
        return error_set(err, ERROR_CANCELLED, "%s was asked to stop", fiber_name(fiber_current()));
    conn->user = fiber_current();
    wait_for_cancel_job(conn);
    conn->cancel_asked = false;
    if (!conn->lost) {
        db_probe_begin(conn);
        return true;
    }
    conn->user = NULL;
    return lost_error(conn, err);
}

bool db_exchange_begin(DbConn *conn, const char *sql, int64_t statements, Error *err)
{
    if (!begin(conn, err))
        return false;
    deadline_start(conn, DEADLINE_CANCEL, statements);
    DB_FAULT_BEFORE(conn, sql);
    UNUSED(sql);
    return true;
}

bool db_exchange_failed(const PGresult *result)
{
    ExecStatusType status = pq->resultStatus(result);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
}

/* Takes result (may be NULL). */
bool db_exchange_finish(DbConn *conn, PGresult *result, DbResult **ret_result, int *ret_position,
                        Error *err)
{
    uv_timer_stop(&conn->handles->timer);
    db_probe_end(conn);
    conn->user = NULL;
    if (!conn->lost)
        db_take_notifications(conn);
    if (result != NULL && !db_exchange_failed(result) && !conn->lost) {
        db_result_give(result, ret_result);
        return true;
    }
    Error local = {0};
    bool told = result != NULL && db_exchange_failed(result) &&
                pq->resultErrorField(result, PG_DIAG_SQLSTATE) != NULL;
    if (told)
        db_result_error(conn, result, ret_position, &local);
    else if (result != NULL && db_exchange_failed(result) && !conn->lost &&
             pq->status(conn->pg) == CONNECTION_OK)
        error_set(&local, ERROR_INTERNAL, "%s", pq->resultErrorMessage(result));
    else
        lost_error(conn, &local);
    pq->clear(result);
    if (local.kind == ERROR_UNREACHABLE || pq->status(conn->pg) == CONNECTION_BAD)
        db_lose(conn);
    if (conn->cancel_asked && strcmp(local.sqlstate, "57014") == 0)
        local.kind = ERROR_CANCELLED;
    if (err != NULL)
        *err = local;
    return false;
}

/* Whether a broken connection has told all: one NULL ends an answer of a pipeline, two in a row end
 * everything. *nulls counts them. */
static bool told_all(const PGresult *result, int *nulls)
{
    *nulls = result == NULL ? *nulls + 1 : 0;
    return *nulls >= 2;
}

/* Of a broken connection: the first error that the server told, or NULL. */
static PGresult *last_words(DbConn *conn)
{
    for (int nulls = 0;;) {
        PGresult *result = pq->getResult(conn->pg);
        if (told_all(result, &nulls))
            return NULL;
        if (result != NULL && pq->resultErrorField(result, PG_DIAG_SQLSTATE) != NULL)
            return result;
        ExecStatusType status = pq->resultStatus(result);
        pq->clear(result);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
            return NULL; /* libpq would say so for ever */
    }
}

/* What could not even be sent: too many parameters, or the connection is gone. */
bool db_exchange_send_failed(DbConn *conn, Error *err)
{
    if (pq->status(conn->pg) == CONNECTION_BAD)
        return db_exchange_finish(conn, last_words(conn), NULL, NULL, err);
    uv_timer_stop(&conn->handles->timer);
    db_probe_end(conn);
    conn->user = NULL;
    if (conn->lost)
        return lost_error(conn, err);
    return error_set(err, ERROR_INTERNAL, "sending a statement: %s", pq->errorMessage(conn->pg));
}

/* -- answers -- */

static void cancel_if_asked(DbConn *conn)
{
    if (!fiber_cancelled() || conn->cancel_asked)
        return;
    conn->cancel_asked = true;
    db_cancel(conn);
}

/* The next result, or NULL at the end of the answer. */
PGresult *db_exchange_next(DbConn *conn)
{
    while (!conn->lost && pq->isBusy(conn->pg)) {
        cancel_if_asked(conn);
        fiber_wait();
    }
    /* getResult() blocks on a connection that is only given up by us, not broken. Of a broken one
     * it gives what the server said last. */
    if (conn->lost && pq->status(conn->pg) != CONNECTION_BAD)
        return NULL;
    return pq->getResult(conn->pg);
}

/* Reads and drops what COPY … TO STDOUT sends. */
static void drop_copy_out(DbConn *conn)
{
    conn->copying = true;
    for (;;) {
        char *buffer = NULL;
        int bytes = pq->getCopyData(conn->pg, &buffer, 1);
        if (buffer != NULL)
            pq->freemem(buffer);
        if (bytes < 0 || (bytes == 0 && conn->lost))
            break;
        if (bytes == 0) {
            cancel_if_asked(conn);
            fiber_wait();
        }
    }
    conn->copying = false;
}

static void refuse_copy_in(DbConn *conn)
{
    if (pq->putCopyEnd(conn->pg, "Headgate has no data for COPY ... FROM STDIN") != 1)
        db_lose(conn);
    else
        db_flush(conn);
}

static void give_row(DbConn *conn, PGresult *result)
{
    DbResult row = {.pg = result};
    if (conn->each != NULL && !conn->each(conn->each_ctx, &row)) {
        conn->each = NULL;
        db_cancel(conn);
    }
    pq->clear(result);
}

/* The last result, or the first error: what follows an error is only its echo. */
PGresult *db_exchange_collect(DbConn *conn, bool *ret_copy_out)
{
    PGresult *kept = NULL;
    for (;;) {
        PGresult *result = db_exchange_next(conn);
        if (result == NULL)
            return kept;
        ExecStatusType status = pq->resultStatus(result);
        if (status == PGRES_SINGLE_TUPLE) {
            give_row(conn, result);
            continue;
        }
        if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN) {
            pq->clear(result);
            *ret_copy_out = *ret_copy_out || status == PGRES_COPY_OUT;
            if (status == PGRES_COPY_OUT)
                drop_copy_out(conn);
            else
                refuse_copy_in(conn);
            continue;
        }
        if (kept != NULL && db_exchange_failed(kept)) {
            pq->clear(result);
            continue;
        }
        pq->clear(kept);
        kept = result;
    }
}

static bool take_answer(DbConn *conn, DbResult **ret_result, int *ret_position, Error *err)
{
    bool copied_out = false;
    PGresult *result = db_exchange_collect(conn, &copied_out);
    if (!copied_out || result == NULL || db_exchange_failed(result) || conn->lost)
        return db_exchange_finish(conn, result, ret_result, ret_position, err);
    if (!db_exchange_finish(conn, result, NULL, ret_position, err))
        return false;
    return error_set(err, ERROR_INPUT, "COPY ... TO STDOUT has nowhere to go here");
}

static bool receive(DbConn *conn, DbResult **ret_result, int *ret_position, Error *err)
{
    db_flush(conn);
    DB_FAULT_SENT(conn);
    bool ok = take_answer(conn, ret_result, ret_position, err);
    DB_FAULT_AFTER(conn);
    return ok;
}

/* -- statements -- */

static const DbParams NO_PARAMS = {0};

static bool send_params(DbConn *conn, const char *sql, const DbParams *params)
{
    const DbParams *p = params == NULL ? &NO_PARAMS : params;
    return pq->sendQueryParams(conn->pg, sql, p->count, p->types, p->values, p->lengths, p->formats,
                               0) == 1;
}

bool db_query(DbConn *conn, const char *sql, const DbParams *params, DbResult **ret_result,
              Error *err)
{
    if (!db_exchange_begin(conn, sql, 1, err))
        return false;
    if (!send_params(conn, sql, params))
        return db_exchange_send_failed(conn, err);
    return receive(conn, ret_result, NULL, err);
}

bool db_query_each(DbConn *conn, const char *sql, const DbParams *params, DbEach *each, void *ctx,
                   Error *err)
{
    static const char CANCELED[] = "57014";
    if (!db_exchange_begin(conn, sql, 1, err))
        return false;
    if (!send_params(conn, sql, params) || pq->setSingleRowMode(conn->pg) != 1)
        return db_exchange_send_failed(conn, err);
    Error why = {0};
    conn->each = each;
    conn->each_ctx = ctx;
    bool ok = receive(conn, NULL, NULL, &why);
    bool stopped = conn->each == NULL;
    conn->each = NULL;
    ok |= stopped && why.kind == ERROR_DATABASE && strcmp(why.sqlstate, CANCELED) == 0;
    if (!ok && err != NULL)
        *err = why;
    return ok;
}

bool db_exec(DbConn *conn, const char *sql, DbResult **ret_result, int *ret_position, Error *err)
{
    if (ret_position != NULL)
        *ret_position = 0;
    if (!db_exchange_begin(conn, sql, 0, err))
        return false;
    if (pq->sendQuery(conn->pg, sql) != 1)
        return db_exchange_send_failed(conn, err);
    return receive(conn, ret_result, ret_position, err);
}

/* -- prepared statements -- */

static bool prepare(DbConn *conn, const char *name, const char *sql, const DbParams *params,
                    Error *err)
{
    if (!db_exchange_begin(conn, "PREPARE", 1, err))
        return false;
    if (pq->sendPrepare(conn->pg, name, sql, params->count, params->types) != 1)
        return db_exchange_send_failed(conn, err);
    return receive(conn, NULL, NULL, err);
}

/* Prepares sql unless the server knows it or the table is full. */
static bool know_prepared(DbConn *conn, const char *sql, const DbParams *params, Error *err)
{
    char name[DB_PREPARED_NAME_BYTES];
    if (db_prepared_find(conn, sql, name) || db_prepared_full(conn))
        return true;
    if (!prepare(conn, name, sql, params, err))
        return false;
    db_prepared_add(conn, sql);
    return true;
}

bool db_query_prepared(DbConn *conn, const char *sql, const DbParams *params, DbResult **ret_result,
                       Error *err)
{
    if (params == NULL)
        params = &NO_PARAMS;
    char name[DB_PREPARED_NAME_BYTES];
    if (!know_prepared(conn, sql, params, err))
        return false;
    if (!db_prepared_find(conn, sql, name))
        return db_query(conn, sql, params, ret_result, err);
    if (!db_exchange_begin(conn, sql, 1, err))
        return false;
    if (pq->sendQueryPrepared(conn->pg, name, params->count, params->values, params->lengths,
                              params->formats, 0) != 1)
        return db_exchange_send_failed(conn, err);
    return receive(conn, ret_result, NULL, err);
}

/* -- pipelines -- */

/* In a pipeline nothing can be looked up: what is not known to the server yet is prepared before.
 */
static bool prepare_unknown(DbConn *conn, const DbStatement *statements, size_t count, Error *err)
{
    for (size_t i = 0; i < count; i++) {
        const DbParams *params = statements[i].params == NULL ? &NO_PARAMS : statements[i].params;
        if (statements[i].prepared && !know_prepared(conn, statements[i].sql, params, err))
            return false;
    }
    return true;
}

static bool send_statement(DbConn *conn, const DbStatement *statement)
{
    const DbParams *params = statement->params == NULL ? &NO_PARAMS : statement->params;
    char name[DB_PREPARED_NAME_BYTES];
    if (!statement->prepared || !db_prepared_find(conn, statement->sql, name))
        return send_params(conn, statement->sql, params);
    return pq->sendQueryPrepared(conn->pg, name, params->count, params->values, params->lengths,
                                 params->formats, 0) == 1;
}

static bool send_pipeline(DbConn *conn, const DbStatement *statements, size_t count)
{
    if (pq->enterPipelineMode(conn->pg) != 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        DB_FAULT_BEFORE(conn, statements[i].sql);
        if (!send_statement(conn, &statements[i]))
            return false;
        if (i % PIPELINE_FLUSH_EVERY == PIPELINE_FLUSH_EVERY - 1)
            db_flush(conn);
    }
    if (pq->pipelineSync(conn->pg) != 1)
        return false;
    db_flush(conn);
    return true;
}

/* A failed pipeline: its first error (NULL: none, or the connection was lost) and the statement
 * that it belongs to. */
typedef struct PipelineError {
    PGresult *result;
    size_t statement;
} PipelineError;

/* The result of each statement into kept, up to the synchronization point, or to the last word of a
 * connection that is gone. */
static PipelineError collect_pipeline(DbConn *conn, PGresult **kept, size_t count)
{
    PipelineError error = {0};
    int nulls = 0;
    for (size_t i = 0;;) {
        PGresult *result = db_exchange_next(conn);
        bool over = told_all(result, &nulls);
        if (result == NULL) { /* the end of a statement, or the connection is gone */
            bool gone = conn->lost || pq->status(conn->pg) == CONNECTION_BAD;
            if (gone && (over || error.result != NULL))
                return error.result != NULL ? error : (PipelineError){NULL, i - 1};
            i++;
            continue;
        }
        ExecStatusType status = pq->resultStatus(result);
        bool is_end = status == PGRES_PIPELINE_SYNC;
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
            db_lose(conn); /* libpq has no way on from here */
        if (!is_end && status != PGRES_PIPELINE_ABORTED && db_exchange_failed(result) &&
            error.result == NULL) {
            error = (PipelineError){result, i};
        } else if (is_end || db_exchange_failed(result) || i >= count || kept[i] != NULL) {
            pq->clear(result);
        } else {
            kept[i] = result;
        }
        if (is_end)
            return error;
    }
}

/* deadline_statements 0: none. place may be NULL. */
static bool pipeline(DbConn *conn, const DbStatement *statements, size_t count, DeadlineStage stage,
                     size_t deadline_statements, DbResult **ret_results, DbPlace *place, Error *err)
{
    invariant(count > 0);
    if (!prepare_unknown(conn, statements, count, err) || !begin(conn, err))
        return false;
    deadline_start(conn, stage, (int64_t)deadline_statements);
    /* Cancelling a COMMIT that waits for a standby would report as done what no standby has. */
    conn->uncancellable = stage == DEADLINE_LOSE;
    bool sent = send_pipeline(conn, statements, count);
    if (!sent) {
        db_lose(conn); /* half a pipeline cannot be taken back */
        conn->uncancellable = false;
        return db_exchange_send_failed(conn, err);
    }
    DB_FAULT_SENT(conn);
    PGresult **kept = base_alloc(count * sizeof(PGresult *));
    PipelineError error = collect_pipeline(conn, kept, count);
    if (!conn->lost && pq->exitPipelineMode(conn->pg) != 1)
        db_lose(conn);
    conn->uncancellable = false;
    bool failed = error.result != NULL;
    if (place != NULL)
        place->statement = error.statement;
    bool ok = db_exchange_finish(conn, failed ? error.result : kept[count - 1],
                                 ret_results == NULL ? NULL : &ret_results[count - 1],
                                 place == NULL ? NULL : &place->position, err);
    for (size_t i = 0; i < count - (failed ? 0 : 1); i++) {
        if (ok)
            db_result_give(kept[i], ret_results == NULL ? NULL : &ret_results[i]);
        else
            pq->clear(kept[i]);
    }
    free(kept);
    DB_FAULT_AFTER(conn);
    return ok;
}

bool db_pipeline(DbConn *conn, const DbStatement *statements, size_t count, DbResult **ret_results,
                 Error *err)
{
    return pipeline(conn, statements, count, DEADLINE_CANCEL, count, ret_results, NULL, err);
}

bool db_script(DbConn *conn, const DbStatement *statements, size_t count, DbResult **ret_results,
               DbPlace *ret_place, Error *err)
{
    *ret_place = (DbPlace){0};
    return pipeline(conn, statements, count, DEADLINE_CANCEL, 0, ret_results, ret_place, err);
}

/* -- commit -- */

/* The server answers COMMIT with "ROLLBACK" when a statement had failed before. */
static bool committed(const DbResult *result, Error *err)
{
    if (strcmp(db_command(result), "COMMIT") == 0 || BUG("rollback_taken_for_commit"))
        return true;
    error_set(err, ERROR_DATABASE, "the transaction had failed before and was rolled back");
    if (err != NULL)
        memcpy(err->sqlstate, "25P02", sizeof(err->sqlstate));
    return false;
}

bool db_pipeline_commit(DbConn *conn, const DbStatement *statements, size_t count,
                        DbResult **ret_results, Error *err)
{
    if (!conn->lost && !db_in_transaction(conn))
        return error_set(err, ERROR_INTERNAL, "there is no transaction to commit");
    AUTO(arena_auto) Arena *arena = arena_new();
    DbStatement *all = arena_alloc(arena, (count + 1) * sizeof(*all));
    DbResult **results = arena_alloc(arena, (count + 1) * sizeof(DbResult *));
    for (size_t i = 0; i < count; i++)
        all[i] = statements[i];
    all[count] = (DbStatement){.sql = "COMMIT"};
    bool before = fiber_shield(true);
    bool ok = pipeline(conn, all, count + 1, DEADLINE_LOSE, count + 1, results, NULL, err);
    fiber_shield(before);
    if (!ok)
        return false;
    AUTO(db_result_auto) DbResult *end = results[count];
    ok = committed(end, err);
    for (size_t i = 0; i < count; i++) {
        if (ok && ret_results != NULL)
            ret_results[i] = results[i];
        else
            db_result_free(results[i]);
    }
    return ok;
}

bool db_commit(DbConn *conn, Error *err)
{
    return db_pipeline_commit(conn, NULL, 0, NULL, err) || (BUG("commit_assumed") && conn->lost);
}
