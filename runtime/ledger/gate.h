/* Gates, approvals, decisions and answers (STATE): opened and closed by the runner, decided through
 * the supervisor. */
#ifndef HEADGATE_LEDGER_GATE_H
#define HEADGATE_LEDGER_GATE_H

#include "ledger/call.h"

typedef struct LedgerGate {
    const char *path;
    const char *digest;
    const char *question;
    json_t *approvers; ///< list of role names
    int need;
    json_t *evidence;
    json_t *next;
    int64_t expires_us; ///< after opening; 0 = never
    json_t *fields;     ///< what approvers are asked besides; NULL = nothing
    int64_t wait_us;    ///< after the last approval
    json_t *hours;      ///< {days, from, to, zone}; NULL = always
} LedgerGate;

typedef struct LedgerGateClose {
    const char *path;
    const char *state; ///< rejected, expired, passed
    int64_t said;      ///< the row's "said" that was counted; < 0: whatever was said
    bool glass;
    json_t *data; ///< of the event gate.closed
} LedgerGateClose;

/// Waits. Opens a gate, or opens it again when its digest changed (approvals of the old digest stay
/// but do not count).
NODISCARD bool ledger_gate_open(DbConn *state, const LedgerWriter *writer, const LedgerGate *gate,
                                Error *err);
/// Waits. The gate as an object, with "opened_us", "expires" (RFC 3339 or null), "expired": bool,
/// "ask": somebody wants its evidence looked at again, "said": how often something was said about
/// it, "approvals": [{person, nth, roles, decision, comment, fields, at, signature, digest}], every
/// word about its present digest, and "gone": how many of those have no row any more, "told": the
/// digest of its newest opening in the chain; NULL when there is none.
NODISCARD bool ledger_gate_read(DbConn *state, int64_t run, const char *path, json_t **ret_gate,
                                Error *err);
/// Waits. Closes an open or approved gate, with its event. *ret_closed false: something was said
/// since; nothing was written.
NODISCARD bool ledger_gate_close(DbConn *state, const LedgerWriter *writer,
                                 const LedgerGateClose *gate, bool *ret_closed, Error *err);
/// Waits. The gate has its approvals since a moment (RFC 3339) and waits for its clock; NULL: it
/// lacks them again. With its event; nothing is written when something was said since.
NODISCARD bool ledger_gate_wait(DbConn *state, const LedgerWriter *writer, const char *path,
                                const char *since, int64_t said, const json_t *data, Error *err);
/// Waits. {passes_at, left_us} of a gate with its approvals since a moment.
NODISCARD bool ledger_gate_clock(DbConn *state, const char *since, int64_t wait_us,
                                 const json_t *hours, json_t **ret_clock, Error *err);
/// Waits. The evidence was looked at again and has the same verdicts.
NODISCARD bool ledger_gate_checked(DbConn *state, const LedgerWriter *writer, const char *path,
                                   const json_t *evidence, Error *err);

/// Waits. Decisions about rows of a step: [{key: […], decision, decided_by}].
NODISCARD bool ledger_decisions(DbConn *state, int64_t run, const char *step,
                                json_t **ret_decisions, Error *err);
/// Waits. Forgets the decision about a row that changed since: people are asked again. key is an
/// array literal.
NODISCARD bool ledger_decision_forget(DbConn *state, const LedgerWriter *writer, const char *step,
                                      const char *key, Error *err);
/// Waits. Answers to a manual step or check-list: [{item, note, by, at}].
NODISCARD bool ledger_answers(DbConn *state, int64_t run, const char *path, json_t **ret_answers,
                              Error *err);

#endif
