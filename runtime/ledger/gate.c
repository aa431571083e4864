/* Gates and what people say about them. */
#include "ledger/gate.h"

static bool list_of_node(DbConn *state, const char *name, int64_t run, const char *path,
                         json_t **ret_rows, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, path);
    return ledger_call_json(state, name, &params, ret_rows, err);
}

bool ledger_gate_open(DbConn *state, const LedgerWriter *writer, const LedgerGate *gate, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_text(&params, gate->path);
    ledger_param_text(&params, gate->digest);
    ledger_param_text(&params, gate->question);
    ledger_param_json(&params, gate->approvers);
    ledger_param_int(&params, gate->need);
    ledger_param_json(&params, gate->evidence);
    ledger_param_json(&params, gate->next);
    ledger_param_int(&params, gate->expires_us);
    ledger_param_int(&params, writer->epoch);
    AUTO(json_auto) json_t *none = json_array();
    ledger_param_json(&params, gate->fields == NULL ? none : gate->fields);
    ledger_param_int(&params, gate->wait_us);
    ledger_param_json(&params, gate->hours);
    return ledger_call_as(state, writer, "gate_open", &params, NULL, err);
}

bool ledger_gate_read(DbConn *state, int64_t run, const char *path, json_t **ret_gate, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    if (!list_of_node(state, "gate_read", run, path, &rows, err))
        return false;
    *ret_gate = json_incref(json_array_get(rows, 0));
    return true;
}

bool ledger_gate_close(DbConn *state, const LedgerWriter *writer, const LedgerGateClose *gate,
                       bool *ret_closed, Error *err)
{
    AUTO(db_result_auto) DbResult *closed = NULL;
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_text(&params, gate->path);
    ledger_param_text(&params, gate->state);
    ledger_param_int(&params, writer->epoch);
    if (gate->said < 0)
        ledger_param_text(&params, NULL);
    else
        ledger_param_int(&params, gate->said);
    ledger_param_text(&params, gate->glass ? "true" : "false");
    ledger_param_json(&params, gate->data);
    if (!ledger_call_as(state, writer, "gate_close", &params, &closed, err))
        return false;
    *ret_closed = db_bool(closed, 0, 0);
    return true;
}

bool ledger_gate_wait(DbConn *state, const LedgerWriter *writer, const char *path,
                      const char *since, int64_t said, const json_t *data, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_text(&params, path);
    ledger_param_text(&params, since);
    ledger_param_int(&params, writer->epoch);
    ledger_param_int(&params, said);
    ledger_param_json(&params, data);
    return ledger_call_as(state, writer, "gate_wait", &params, NULL, err);
}

bool ledger_gate_clock(DbConn *state, const char *since, int64_t wait_us, const json_t *hours,
                       json_t **ret_clock, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    LedgerParams params = {0};
    ledger_param_text(&params, since);
    ledger_param_int(&params, wait_us);
    ledger_param_json(&params, hours);
    if (!ledger_call_json(state, "gate_clock", &params, &rows, err))
        return false;
    *ret_clock = json_incref(json_array_get(rows, 0));
    return true;
}

bool ledger_gate_checked(DbConn *state, const LedgerWriter *writer, const char *path,
                         const json_t *evidence, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_text(&params, path);
    ledger_param_json(&params, evidence);
    ledger_param_int(&params, writer->epoch);
    return ledger_call_as(state, writer, "gate_checked", &params, NULL, err);
}

bool ledger_decisions(DbConn *state, int64_t run, const char *step, json_t **ret_decisions,
                      Error *err)
{
    return list_of_node(state, "decision_list", run, step, ret_decisions, err);
}

bool ledger_answers(DbConn *state, int64_t run, const char *path, json_t **ret_answers, Error *err)
{
    return list_of_node(state, "answer_list", run, path, ret_answers, err);
}

bool ledger_decision_forget(DbConn *state, const LedgerWriter *writer, const char *step,
                            const char *key, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_text(&params, step);
    ledger_param_text(&params, key);
    ledger_param_int(&params, writer->epoch);
    return ledger_call_as(state, writer, "decision_delete", &params, NULL, err);
}
