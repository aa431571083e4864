/* Calling an embedded statement with typed parameters and reading its rows as JSON: the shape of
 * all ledger access. */
#ifndef HEADGATE_LEDGER_CALL_H
#define HEADGATE_LEDGER_CALL_H

#include "base/json.h"
#include "db/conn.h"

enum { LEDGER_PARAMS_MAX = 20 };

/// Who writes STATE: a runner, by its run and the epoch of its lease. Every statement that a runner
/// writes there with finds this epoch in headgate.lease or changes nothing
/// (tests/style/epochs.lua).
typedef struct LedgerWriter {
    int64_t run;
    int64_t epoch;
} LedgerWriter;

/// Parameters in order. Texts are borrowed; numbers are kept inside.
typedef struct LedgerParams {
    const char *values[LEDGER_PARAMS_MAX];
    char numbers[LEDGER_PARAMS_MAX][24];
    char *owned[LEDGER_PARAMS_MAX]; ///< JSON texts, freed by ledger_params_done()
    int count;
} LedgerParams;

void ledger_param_text(LedgerParams *params, const char *text); ///< NULL = SQL NULL
void ledger_param_int(LedgerParams *params, int64_t number);
void ledger_param_above_0(LedgerParams *params, int64_t number);   ///< 0 and below = SQL NULL
void ledger_param_json(LedgerParams *params, const json_t *value); ///< NULL = SQL NULL
void ledger_params_done(LedgerParams *params);

/// Waits. Runs the embedded statement of that name.
NODISCARD bool ledger_call(DbConn *conn, const char *name, LedgerParams *params,
                           DbResult **ret_result, Error *err);
/// Waits. The statement's rows, whose only column is JSON, as an array owned by the caller.
NODISCARD bool ledger_call_json(DbConn *conn, const char *name, LedgerParams *params,
                                json_t **ret_rows, Error *err);

/// Waits. A write that returns a row unless another epoch has the lease: then it fails with
/// ERROR_FENCED. ret_result: its rows, owned by the caller; NULL = not wanted.
NODISCARD bool ledger_call_as(DbConn *conn, const LedgerWriter *writer, const char *name,
                              LedgerParams *params, DbResult **ret_result, Error *err);
/// ERROR_FENCED and false: another runner has taken over run.
bool ledger_fenced(int64_t run, Error *err);

#endif
