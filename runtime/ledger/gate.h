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
} LedgerGate;

/// Waits. Opens a gate, or opens it again when its digest changed (approvals of the old digest stay
/// but do not count).
NODISCARD bool ledger_gate_open(DbConn *state, const LedgerWriter *writer, const LedgerGate *gate,
                                Error *err);
/// Waits. The gate as an object, with "opened_us", "expires" (RFC 3339 or null), "expired": bool
/// and "approvals": [{person, roles, decision, comment, at, signature, digest}] of its present
/// digest; NULL when there is none.
NODISCARD bool ledger_gate_read(DbConn *state, int64_t run, const char *path, json_t **ret_gate,
                                Error *err);
/// Waits. state: approved, rejected, expired, passed.
NODISCARD bool ledger_gate_close(DbConn *state, const LedgerWriter *writer, const char *path,
                                 const char *gate_state, Error *err);

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
