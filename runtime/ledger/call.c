/* Parameters in, JSON out. */
#include "ledger/call.h"

#include "db/sql.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void ledger_param_text(LedgerParams *params, const char *text)
{
    invariant(params->count < LEDGER_PARAMS_MAX);
    params->values[params->count++] = text;
}

void ledger_param_int(LedgerParams *params, int64_t number)
{
    invariant(params->count < LEDGER_PARAMS_MAX);
    char *digits = params->numbers[params->count];
    snprintf(digits, sizeof(params->numbers[0]), "%" PRId64, number);
    params->values[params->count++] = digits;
}

void ledger_param_above_0(LedgerParams *params, int64_t number)
{
    if (number > 0)
        ledger_param_int(params, number);
    else
        ledger_param_text(params, NULL);
}

void ledger_param_json(LedgerParams *params, const json_t *value)
{
    char *text = value == NULL ? NULL : json_text(value);
    params->owned[params->count] = text;
    ledger_param_text(params, text);
}

void ledger_params_done(LedgerParams *params)
{
    for (int i = 0; i < params->count; i++)
        free(params->owned[i]);
    *params = (LedgerParams){0};
}

bool ledger_call(DbConn *conn, const char *name, LedgerParams *params, DbResult **ret_result,
                 Error *err)
{
    DbParams list = {.count = params == NULL ? 0 : params->count,
                     .values = params == NULL ? NULL : params->values};
    bool ok = db_query_prepared(conn, db_sql(name), &list, ret_result, err);
    if (params != NULL)
        ledger_params_done(params);
    return ok || error_wrap(err, "%s", name);
}

bool ledger_call_json(DbConn *conn, const char *name, LedgerParams *params, json_t **ret_rows,
                      Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!ledger_call(conn, name, params, &result, err))
        return false;
    AUTO(json_auto) json_t *rows = json_array();
    for (int i = 0; i < db_rows(result); i++) {
        json_t *row = json_parse(db_value(result, i, 0), (size_t)db_value_bytes(result, i, 0), err);
        if (row == NULL)
            return error_wrap(err, "%s", name);
        json_array_append_new(rows, row);
    }
    *ret_rows = json_incref(rows);
    return true;
}

bool ledger_fenced(int64_t run, Error *err)
{
    error_set(err, ERROR_FENCED, "another runner has taken over run %" PRId64, run);
    return error_hint(err, "headgate status %" PRId64, run);
}

bool ledger_call_as(DbConn *conn, const LedgerWriter *writer, const char *name,
                    LedgerParams *params, DbResult **ret_result, Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!ledger_call(conn, name, params, &result, err))
        return false;
    if (db_rows(result) == 0)
        return ledger_fenced(writer->run, err);
    if (ret_result != NULL) {
        *ret_result = result;
        result = NULL;
    }
    return true;
}
