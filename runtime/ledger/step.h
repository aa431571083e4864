/* What is true about the nodes of a run (TARGET). A step's row is written in the transaction of its
 * effect. */
#ifndef HEADGATE_LEDGER_STEP_H
#define HEADGATE_LEDGER_STEP_H

#include "ledger/call.h"

/// A transition of one node. from NULL = there is no row yet.
typedef struct LedgerStepChange {
    int64_t run;
    int64_t epoch;
    const char *path;
    const char *kind;
    const char *to;
    int attempt;
    json_t *detail;           ///< borrowed; NULL keeps what is there
    json_t *error;            ///< borrowed; NULL clears it
    bool finished;            ///< sets finished_at
    int64_t since_us;         ///< how long ago the attempt began, where this is its first row
    const DbStatement *first; ///< runs in front of it in the same round trip; NULL = nothing
    bool commit;              ///< COMMIT behind it in the same round trip: db_pipeline_commit()
} LedgerStepChange;

/// What the ledger made of a transition. Times are RFC 3339, "" = not yet.
typedef struct LedgerStepChanged {
    int64_t version; ///< what its event carries
    char started_at[40];
    char finished_at[40];
} LedgerStepChanged;
/// Waits. Writes a transition in the open transaction of conn (or by itself when none is open).
NODISCARD bool ledger_step_change(DbConn *conn, const LedgerStepChange *change,
                                  LedgerStepChanged *ret_changed, Error *err);
/// Waits. All rows of a run in start order, as an array of objects (every column).
NODISCARD bool ledger_step_list(DbConn *conn, int64_t run, json_t **ret_steps, Error *err);

#endif
