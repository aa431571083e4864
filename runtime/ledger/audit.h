/* The audit chain: every event of a run carries a hash over what it says and the hash of the event
 * before, so that nothing told can be changed, left out or put in between without a trace; rows of
 * decisions are compared with the events that tell of them (decision 041).
 *
 * A chain proves nothing about its end: whoever may write the tables may write all of them anew. So
 * its head is told to the outside, and is compared with what was told. */
#ifndef HEADGATE_LEDGER_AUDIT_H
#define HEADGATE_LEDGER_AUDIT_H

#include "ledger/call.h"

/// Waits. The heads of all runs, or of one (run > 0): [{run, seq, hash, at, plan, state}], owned by
/// the caller.
NODISCARD bool ledger_audit_heads(DbConn *state, int64_t run, json_t **ret_heads, Error *err);
/// Waits. Verifies the chains of all runs, or of one (run > 0), in one snapshot. heads: what was
/// exported, [{run, seq, hash}], or NULL. *ret_runs, owned by the caller: [{run, entries, head,
/// pruned, heads (how many were compared), rewound (how many of them a failover explains), broken:
/// the first broken entry {seq or null, node, text} or null, faults: how many}].
NODISCARD bool ledger_audit_verify(DbConn *state, int64_t run, const json_t *heads,
                                   json_t **ret_runs, Error *err);

/// Which entries of people are wanted; 0 and NULL = all.
typedef struct LedgerAuditFilter {
    const char *person;
    const char *what; ///< types of events, joined by commas
    const char *plan;
    const char *text; ///< somewhere in it
    int64_t run;
    int64_t since_us; ///< since 1970
    int64_t until_us;
    int64_t after[3]; ///< time, run, seq of the last entry of the page before
    int64_t limit;
} LedgerAuditFilter;

/// Waits. What people did to runs, newest first: [{run, seq, at, plan, environment, who, what,
/// node, why, data, cursor}], owned by the caller. data has "via", {door, from}, where it is known
/// by which door somebody came; cursor is "after" of the next page, joined by dots.
NODISCARD bool ledger_audit_list(DbConn *state, const LedgerAuditFilter *filter,
                                 json_t **ret_entries, Error *err);

#endif
