/* Runs and their heads. */
#include "ledger/run.h"

#include "base/bounds.h"
#include "base/fault.h"

#include <inttypes.h>
#include <string.h>

bool ledger_run_identity(DbConn *conn, Arena *arena, const char **ret_system,
                         const char **ret_database, Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!ledger_call(conn, "run_identity", NULL, &result, err))
        return error_wrap(err, "asking the server who it is");
    *ret_system = arena_strdup(arena, db_value(result, 0, 0));
    *ret_database = arena_strdup(arena, db_value(result, 0, 1));
    return true;
}

static bool name_unfinished(DbConn *state, const LedgerRunNew *options, Error *err)
{
    LedgerParams params = {0};
    ledger_param_text(&params, options->plan_name);
    ledger_param_text(&params, options->system_identifier);
    ledger_param_text(&params, options->database);
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!ledger_call(state, "run_unfinished", &params, &found, err))
        return false;
    if (db_rows(found) == 0)
        return error_set(err, ERROR_CONFLICT, "another run of \"%s\" was starting: try again",
                         options->plan_name);
    error_set(err, ERROR_CONFLICT, "run %s of \"%s\" on this database is unfinished (%s)",
              db_value(found, 0, 0), options->plan_name, db_value(found, 0, 1));
    return error_hint(err, "headgate status %s; then resume, rollback or abort it",
                      db_value(found, 0, 0));
}

static bool remember_key(DbConn *state, const LedgerRunNew *options, int64_t run, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, options->started_by);
    ledger_param_text(&params, options->key);
    AUTO(db_result_auto) DbResult *result = NULL;
    if (options->key == NULL)
        return true;
    return ledger_call(state, "run_create_key", &params, &result, err) &&
           (db_rows(result) == 1 ||
            error_set(err, ERROR_CONFLICT, "another run was started under this Idempotency-Key"));
}

static bool create_in_transaction(DbConn *state, const LedgerRunNew *options, int64_t *ret_run,
                                  Error *err)
{
    LedgerParams params = {0};
    ledger_param_text(&params, options->plan_hash);
    ledger_param_text(&params, options->plan_name);
    ledger_param_text(&params, options->environment);
    ledger_param_json(&params, options->params);
    ledger_param_json(&params, options->config);
    ledger_param_text(&params, options->system_identifier);
    ledger_param_text(&params, options->database);
    ledger_param_text(&params, options->started_by);
    AUTO(db_result_auto) DbResult *created = NULL;
    if (!ledger_call(state, "run_create", &params, &created, err))
        return false;
    int64_t run = db_int(created, 0, 0);
    LedgerParams lease = {0};
    ledger_param_int(&lease, run);
    if (!ledger_call(state, "run_create_lease", &lease, NULL, err) ||
        !remember_key(state, options, run, err))
        return false;
    AUTO(json_auto) json_t *data = json_object();
    json_set_string(data, "plan", options->plan_name);
    json_set_string(data, "hash", options->plan_hash);
    json_set_string(data, "environment", options->environment);
    json_set_string(data, "started_by", options->started_by);
    json_object_set(data, "params", options->params);
    json_object_set(data, "via", options->via);
    LedgerParams event = {0};
    ledger_param_int(&event, run);
    ledger_param_int(&event, 0);
    ledger_param_text(&event, "run");
    ledger_param_int(&event, 1);
    ledger_param_text(&event, "run.created");
    ledger_param_text(&event, "");
    ledger_param_json(&event, data);
    *ret_run = run;
    return ledger_call(state, "event_append", &event, NULL, err);
}

bool ledger_run_create(DbConn *state, const LedgerRunNew *options, int64_t *ret_run, Error *err)
{
    if (!db_begin(state, err))
        return false;
    if (!create_in_transaction(state, options, ret_run, err)) {
        db_rollback(state);
        bool taken = strcmp(err->sqlstate, "23505") == 0;
        return taken ? name_unfinished(state, options, err) : error_wrap(err, "creating the run");
    }
    return db_commit(state, err);
}

bool ledger_run_read(DbConn *state, int64_t run, json_t **ret_run, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(state, "run_read", &params, &rows, err))
        return false;
    if (json_array_size(rows) == 0) {
        error_set(err, ERROR_INPUT, "there is no run %" PRId64 " here", run);
        return error_hint(err, "headgate status lists the runs");
    }
    *ret_run = json_incref(json_array_get(rows, 0));
    return true;
}

static bool why_not_changed(DbConn *state, const LedgerRunChange *change, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, change->run);
    AUTO(db_result_auto) DbResult *now = NULL;
    if (!ledger_call(state, "run_epoch_state", &params, &now, err))
        return false;
    if (db_rows(now) == 0 || db_int(now, 0, 0) != change->epoch)
        return ledger_fenced(change->run, err);
    return error_set(err, ERROR_CONFLICT, "run %" PRId64 " is %s, not %s any more", change->run,
                     db_value(now, 0, 1), change->from);
}

bool ledger_run_change(DbConn *state, const LedgerRunChange *change, Error *err)
{
    AUTO(json_auto) json_t *empty = json_object();
    LedgerParams params = {0};
    ledger_param_int(&params, change->run);
    ledger_param_int(&params, change->epoch);
    ledger_param_text(&params, change->from);
    ledger_param_text(&params, change->to);
    ledger_param_text(&params, change->direction);
    ledger_param_text(&params, change->rollback_why);
    ledger_param_text(&params, change->node);
    ledger_param_json(&params, change->reason == NULL ? empty : change->reason);
    ledger_param_text(&params, change->finished ? "true" : "false");
    ledger_param_text(&params, change->why);
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!ledger_call(state, "run_change", &params, &result, err))
        return false;
    return db_rows(result) == 1 || why_not_changed(state, change, err);
}

bool ledger_lease_take(DbConn *state, int64_t run, const char *owner, int64_t *ret_epoch,
                       Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, owner);
    ledger_param_int(&params, FAULT_HASTE(BOUND_LEASE_MS));
    AUTO(db_result_auto) DbResult *taken = NULL;
    if (!ledger_call(state, "lease_take", &params, &taken, err))
        return false;
    if (db_rows(taken) == 1) {
        *ret_epoch = db_int(taken, 0, 0);
        return true;
    }
    LedgerParams who = {0};
    ledger_param_int(&who, run);
    AUTO(db_result_auto) DbResult *left = NULL;
    if (!ledger_call(state, "lease_left", &who, &left, err))
        return false;
    return error_set(err, ERROR_CONFLICT,
                     "%s drives run %" PRId64 " (its lease lasts another %s ms)",
                     db_rows(left) == 1 ? db_value(left, 0, 1) : "nobody", run,
                     db_rows(left) == 1 ? db_value(left, 0, 0) : "0");
}

bool ledger_lease_renew(DbConn *state, int64_t run, int64_t epoch, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_int(&params, epoch);
    ledger_param_int(&params, FAULT_HASTE(BOUND_LEASE_MS));
    AUTO(db_result_auto) DbResult *renewed = NULL;
    if (!ledger_call(state, "lease_renew", &params, &renewed, err))
        return false;
    return db_rows(renewed) == 1 || ledger_fenced(run, err);
}

void ledger_lease_release(DbConn *state, int64_t run, int64_t epoch)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_int(&params, epoch);
    Error ignored = {0};
    if (!ledger_call(state, "lease_release", &params, NULL, &ignored))
        return;
}

bool ledger_request_add(DbConn *state, int64_t run, const char *kind, json_t *body,
                        const char *person, json_t *via, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, kind);
    ledger_param_json(&params, body);
    ledger_param_text(&params, person);
    ledger_param_json(&params, via);
    if (!ledger_call(state, "request_add", &params, NULL, err))
        return false;
    LedgerParams notify = {0};
    ledger_param_int(&notify, run);
    return ledger_call(state, "request_notify", &notify, NULL, err);
}

bool ledger_request_list(DbConn *state, int64_t run, json_t **ret_requests, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    return ledger_call_json(state, "request_list", &params, ret_requests, err);
}

bool ledger_request_done(DbConn *state, const LedgerWriter *writer, int64_t id, const char *outcome,
                         Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_int(&params, writer->epoch);
    ledger_param_int(&params, id);
    ledger_param_text(&params, outcome);
    return ledger_call_as(state, writer, "request_done", &params, NULL, err);
}

bool ledger_run_orphans(DbConn *state, json_t **ret_runs, Error *err)
{
    return ledger_call_json(state, "run_orphans", NULL, ret_runs, err);
}
