/* Rows of headgate.step. */
#include "ledger/step.h"

#include "db/sql.h"

#include <stdio.h>

bool ledger_step_change(DbConn *conn, const LedgerStepChange *change,
                        LedgerStepChanged *ret_changed, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, change->run);
    ledger_param_int(&params, change->epoch);
    ledger_param_text(&params, change->path);
    ledger_param_text(&params, change->kind);
    ledger_param_text(&params, change->to);
    ledger_param_int(&params, change->attempt);
    ledger_param_json(&params, change->detail);
    ledger_param_json(&params, change->error);
    ledger_param_text(&params, change->finished ? "true" : "false");
    ledger_param_int(&params, change->since_us);
    AUTO(db_result_auto) DbResult *result = NULL;
    AUTO(db_result_auto) DbResult *first = NULL;
    DbParams list = {.count = params.count, .values = params.values};
    DbStatement statements[] = {change->first == NULL ? (DbStatement){0} : *change->first,
                                {db_sql("step_change"), &list, .prepared = true}};
    DbResult *results[COUNT_OF(statements)] = {NULL};
    size_t skip = change->first == NULL ? 1 : 0;
    bool ok = (change->commit ? db_pipeline_commit : db_pipeline)(
        conn, statements + skip, COUNT_OF(statements) - skip, results + skip, err);
    ledger_params_done(&params);
    if (!ok)
        return error_wrap(err, "recording %s of \"%s\"", change->to, change->path);
    first = results[0];
    result = results[1];
    ret_changed->version = db_int(result, 0, 0);
    snprintf(ret_changed->started_at, sizeof(ret_changed->started_at), "%s",
             db_value(result, 0, 1));
    snprintf(ret_changed->finished_at, sizeof(ret_changed->finished_at), "%s",
             db_value(result, 0, 2));
    return true;
}

bool ledger_step_list(DbConn *conn, int64_t run, json_t **ret_steps, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    return ledger_call_json(conn, "step_list", &params, ret_steps, err);
}
