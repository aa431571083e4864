/* Gates and what people say about them. */
#include "ledger/gate.h"

bool ledger_gate_open(DbConn *state, const LedgerGate *gate, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, gate->run);
    ledger_param_text(&params, gate->path);
    ledger_param_text(&params, gate->digest);
    ledger_param_text(&params, gate->question);
    ledger_param_json(&params, gate->approvers);
    ledger_param_int(&params, gate->need);
    ledger_param_json(&params, gate->evidence);
    ledger_param_json(&params, gate->next);
    ledger_param_int(&params, gate->expires_us);
    return ledger_call(state, "gate_open", &params, NULL, err);
}

bool ledger_gate_read(DbConn *state, int64_t run, const char *path, json_t **ret_gate, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, path);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(state, "gate_read", &params, &rows, err))
        return false;
    *ret_gate = json_incref(json_array_get(rows, 0));
    return true;
}

bool ledger_gate_close(DbConn *state, int64_t run, const char *path, const char *gate_state,
                       Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, path);
    ledger_param_text(&params, gate_state);
    return ledger_call(state, "gate_close", &params, NULL, err);
}

bool ledger_decisions(DbConn *state, int64_t run, const char *step, json_t **ret_decisions,
                      Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, step);
    return ledger_call_json(state, "decision_list", &params, ret_decisions, err);
}

bool ledger_answers(DbConn *state, int64_t run, const char *path, json_t **ret_answers, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, path);
    return ledger_call_json(state, "answer_list", &params, ret_answers, err);
}

bool ledger_decision_forget(DbConn *state, int64_t run, const char *step, const char *key,
                            Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, step);
    ledger_param_text(&params, key);
    return ledger_call(state, "decision_delete", &params, NULL, err);
}
