/* Watch windows and samples. */
#include "ledger/watch.h"

#include <math.h>
#include <stdio.h>

static bool window_of(DbResult *result, const char *stage, LedgerWatch *ret_watch, Error *err)
{
    if (db_rows(result) != 1)
        return error_set(err, ERROR_INTERNAL, "stage \"%s\" has no watch window", stage);
    *ret_watch =
        (LedgerWatch){.window_us = db_int(result, 0, 0), .counted_us = db_int(result, 0, 1)};
    return true;
}

bool ledger_watch_open(DbConn *state, int64_t run, const char *stage, int64_t window_us,
                       LedgerWatch *ret_watch, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, stage);
    ledger_param_int(&params, window_us);
    AUTO(db_result_auto) DbResult *result = NULL;
    return ledger_call(state, "watch_open", &params, &result, err) &&
           window_of(result, stage, ret_watch, err);
}

static bool add_sample(DbConn *state, int64_t run, const char *stage, const LedgerSample *sample,
                       Error *err)
{
    char value[40];
    snprintf(value, sizeof(value), "%.17g", sample->value);
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, stage);
    ledger_param_text(&params, sample->guard);
    ledger_param_text(&params, sample->has_value && isfinite(sample->value) ? value : NULL);
    ledger_param_text(&params, sample->verdict);
    return ledger_call(state, "sample_add", &params, NULL, err);
}

bool ledger_watch_tick(DbConn *state, int64_t run, const char *stage, const LedgerSample *samples,
                       size_t samples_count, bool counts, int64_t limit_us, LedgerWatch *ret_watch,
                       Error *err)
{
    for (size_t i = 0; i < samples_count; i++) {
        if (!add_sample(state, run, stage, &samples[i], err))
            return false;
    }
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, stage);
    ledger_param_text(&params, counts ? "true" : "false");
    ledger_param_int(&params, limit_us);
    AUTO(db_result_auto) DbResult *result = NULL;
    return ledger_call(state, "watch_tick", &params, &result, err) &&
           window_of(result, stage, ret_watch, err);
}

bool ledger_watch_close(DbConn *state, int64_t run, const char *stage, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, stage);
    return ledger_call(state, "watch_close", &params, NULL, err);
}
