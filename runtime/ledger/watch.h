/* Durable watch windows and guard samples (STATE), by the database's clock. All of it is written by
 * the runner that has the lease: ERROR_FENCED for one that was replaced. */
#ifndef HEADGATE_LEDGER_WATCH_H
#define HEADGATE_LEDGER_WATCH_H

#include "ledger/call.h"

typedef struct LedgerSample {
    const char *guard;
    bool has_value;
    double value;
    const char *verdict; ///< ok, breach, no_data
} LedgerSample;

typedef struct LedgerWatch {
    int64_t window_us;
    int64_t counted_us;
    bool closed; ///< by a runner that did not get further
} LedgerWatch;

/// Waits. Opens the window of a stage, or finds it as it was left: time between is not counted.
NODISCARD bool ledger_watch_open(DbConn *state, const LedgerWriter *writer, const char *stage,
                                 int64_t window_us, LedgerWatch *ret_watch, Error *err);
/// Waits. Records samples and, when counts, adds the time since the last call, at most limit_us (3
/// intervals), to the window.
NODISCARD bool ledger_watch_tick(DbConn *state, const LedgerWriter *writer, const char *stage,
                                 const LedgerSample *samples, size_t samples_count, bool counts,
                                 int64_t limit_us, LedgerWatch *ret_watch, Error *err);
/// Waits. Closes it before its window is over, with the event rollout.advanced. data: {percent,
/// gate, by, why, approved_by}; counted_us and window_us are added.
NODISCARD bool ledger_watch_advance(DbConn *state, const LedgerWriter *writer, const char *stage,
                                    const json_t *data, Error *err);
NODISCARD bool ledger_watch_close(DbConn *state, const LedgerWriter *writer, const char *stage,
                                  Error *err);

#endif
