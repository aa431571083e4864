/* Walks the table's blocks; the cursor of range -1 holds the next one. */
#include "data/unload.h"

#include "base/fault.h"
#include "data/cursor.h"
#include "db/sql.h"
#include "ledger/fence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCKS_A_PIECE = 512 };

typedef struct Unload {
    const DataJob *job;
    DbConn *conn;
    Arena *arena;
    const char *statement;
    int64_t block; /* the next one */
    int64_t blocks;
    bool again;           /* rows of the table refer to each other: one pass may not be enough */
    bool deleted_in_pass; /* also when a pass was begun before our time */
} Unload;

static bool ledger(const Unload *unload, const char *name, const char *value, DbResult **ret_result,
                   Error *err)
{
    const DataJob *job = unload->job;
    return db_query_prepared(unload->conn, db_sql(name),
                             value == NULL ? DB_PARAMS(job->run_text, job->spec->step)
                                           : DB_PARAMS(job->run_text, job->spec->step, value),
                             ret_result, err) ||
           error_wrap(err, "%s", name);
}

static bool fence(const Unload *unload, Error *err)
{
    const DataJobOptions *options = &unload->job->options;
    return ledger_fence_begin(unload->conn, options->run, options->epoch, err);
}

/* "No row of another table refers to it", for each foreign key that points at the table. */
static bool make_statement(Unload *unload, Error *err)
{
    AUTO(db_result_auto) DbResult *row = NULL;
    char oid[16];
    snprintf(oid, sizeof(oid), "%u", unload->job->table.oid);
    if (!db_query(unload->conn, db_sql("data_unload_references"), DB_PARAMS(oid), &row, err))
        return error_wrap(err, "looking for what refers to %s", unload->job->table.shown);
    DataParts parts = {0};
    data_parts_set(&parts, "table", unload->job->table.quoted);
    data_parts_set(&parts, "references", arena_strdup(unload->arena, db_value(row, 0, 0)));
    unload->statement = data_statement(unload->arena, "data_unload_delete", &parts);
    unload->blocks = db_int(row, 0, 1);
    unload->again = db_bool(row, 0, 2);
    return true;
}

static bool begin(Unload *unload, Error *err)
{
    AUTO(db_result_auto) DbResult *begun = NULL;
    AUTO(db_result_auto) DbResult *at = NULL;
    if (!fence(unload, err) || !ledger(unload, "data_undo_begin", NULL, &begun, err) ||
        !ledger(unload, "data_unload_block", NULL, &at, err)) {
        db_rollback(unload->conn);
        return false;
    }
    unload->block = db_int(at, 0, 0);
    unload->deleted_in_pass = unload->block > 0;
    return db_commit(unload->conn, err);
}

static bool piece(Unload *unload, int64_t *ret_deleted, Error *err)
{
    AUTO(db_result_auto) DbResult *deleted = NULL;
    const DataJob *job = unload->job;
    DataList list = {0};
    char from[32];
    char to[32];
    snprintf(from, sizeof(from), "(%" PRId64 ",0)", unload->block);
    snprintf(to, sizeof(to), "(%" PRId64 ",0)", unload->block + BLOCKS_A_PIECE);
    AUTO(db_result_auto) DbResult *ours = NULL;
    if (!ledger(unload, "data_unload_ours", NULL, &ours, err) ||
        !data_job_role_on(job, unload->conn, err) ||
        !db_query(unload->conn, unload->statement, DB_PARAMS(db_value(ours, 0, 0), from, to),
                  &deleted, err) ||
        !data_job_role_off(job, unload->conn, err))
        return error_wrap(err, "deleting from %s", job->table.shown);
    FAULT("worker.effect");
    *ret_deleted = db_affected(deleted);
    data_list_text(&list, job->run_text);
    data_list_text(&list, job->spec->step);
    unload->deleted_in_pass |= *ret_deleted > 0;
    unload->block += BLOCKS_A_PIECE;
    if (unload->block >= unload->blocks && unload->again && unload->deleted_in_pass) {
        unload->block = 0;
        unload->deleted_in_pass = false;
    }
    data_list_int(&list, unload->block);
    data_list_int(&list, *ret_deleted);
    DbParams params = data_list_params(&list);
    return db_query_prepared(unload->conn, db_sql("data_unload_move"), &params, NULL, err) ||
           error_wrap(err, "data_unload_move");
}

static bool delete_all(Unload *unload, const DataUndoHooks *hooks, DataUndoCounts *ret, Error *err)
{
    while (unload->block < unload->blocks) {
        int64_t deleted = 0;
        if (hooks->should_stop != NULL && hooks->should_stop(hooks->ctx)) {
            ret->left = unload->blocks - unload->block;
            return true;
        }
        if (!fence(unload, err) || !piece(unload, &deleted, err)) {
            db_rollback(unload->conn);
            return false;
        }
        if (!db_commit(unload->conn, err))
            return false;
        ret->restored += deleted;
        if (hooks->progress != NULL)
            hooks->progress(hooks->ctx, ret);
    }
    return true;
}

/* What the import has written and the undo has not deleted. */
static bool end(Unload *unload, bool table_goes, DataUndoCounts *ret, Error *err)
{
    AUTO(db_result_auto) DbResult *sum = NULL;
    if (!fence(unload, err) || !ledger(unload, "data_unload_sum", NULL, &sum, err) ||
        !ledger(unload, "data_undo_end", NULL, NULL, err)) {
        db_rollback(unload->conn);
        return false;
    }
    ret->restored = db_int(sum, 0, 0);
    ret->changed_since = table_goes ? 0 : db_int(sum, 0, 1);
    ret->ended = db_commit(unload->conn, err);
    return ret->ended;
}

bool data_unload_run(const DataJob *job, DbConn *conn, bool table_goes, const DataUndoHooks *hooks,
                     DataUndoCounts *ret, Error *err)
{
    Unload unload = {.job = job, .conn = conn, .arena = arena_new()};
    *ret = (DataUndoCounts){0};
    bool ok =
        data_cursor_close(job, conn, err) && begin(&unload, err) && make_statement(&unload, err);
    if (table_goes)
        unload.blocks = 0;
    ok = ok && delete_all(&unload, hooks, ret, err) &&
         (ret->left > 0 || end(&unload, table_goes, ret, err));
    arena_free(unload.arena);
    return ok;
}
