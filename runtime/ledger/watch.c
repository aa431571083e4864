/* Watch windows and samples. */
#include "ledger/watch.h"

#include <math.h>
#include <stdio.h>

static bool window_as(DbConn *state, const LedgerWriter *writer, const char *name,
                      LedgerParams *params, LedgerWatch *ret_watch, Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!ledger_call_as(state, writer, name, params, &result, err))
        return false;
    *ret_watch = (LedgerWatch){.window_us = db_int(result, 0, 0),
                               .counted_us = db_int(result, 0, 1),
                               .closed = db_bool(result, 0, 2)};
    return true;
}

bool ledger_watch_open(DbConn *state, const LedgerWriter *writer, const char *stage,
                       int64_t window_us, LedgerWatch *ret_watch, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_text(&params, stage);
    ledger_param_int(&params, window_us);
    ledger_param_int(&params, writer->epoch);
    return window_as(state, writer, "watch_open", &params, ret_watch, err);
}

static bool add_sample(DbConn *state, const LedgerWriter *writer, const char *stage,
                       const LedgerSample *sample, Error *err)
{
    char value[40];
    snprintf(value, sizeof(value), "%.17g", sample->value);
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_text(&params, stage);
    ledger_param_text(&params, sample->guard);
    ledger_param_text(&params, sample->has_value && isfinite(sample->value) ? value : NULL);
    ledger_param_text(&params, sample->verdict);
    ledger_param_int(&params, writer->epoch);
    return ledger_call_as(state, writer, "sample_add", &params, NULL, err);
}

bool ledger_watch_tick(DbConn *state, const LedgerWriter *writer, const char *stage,
                       const LedgerSample *samples, size_t samples_count, bool counts,
                       int64_t limit_us, LedgerWatch *ret_watch, Error *err)
{
    for (size_t i = 0; i < samples_count; i++) {
        if (!add_sample(state, writer, stage, &samples[i], err))
            return false;
    }
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_text(&params, stage);
    ledger_param_text(&params, counts ? "true" : "false");
    ledger_param_int(&params, limit_us);
    ledger_param_int(&params, writer->epoch);
    return window_as(state, writer, "watch_tick", &params, ret_watch, err);
}

bool ledger_watch_close(DbConn *state, const LedgerWriter *writer, const char *stage, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_text(&params, stage);
    ledger_param_int(&params, writer->epoch);
    return ledger_call_as(state, writer, "watch_close", &params, NULL, err);
}

bool ledger_watch_advance(DbConn *state, const LedgerWriter *writer, const char *stage,
                          const json_t *data, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_text(&params, stage);
    ledger_param_int(&params, writer->epoch);
    ledger_param_json(&params, data);
    return ledger_call_as(state, writer, "watch_advance", &params, NULL, err);
}
