/* Acting outside the database, and looking whether it has happened: programs and requests. Nothing
 * here writes to the ledger. */
#ifndef HEADGATE_RUN_ACT_H
#define HEADGATE_RUN_ACT_H

#include "http/http.h"
#include "run/run.h"

/// The same for every attempt at one effect of a node, and for no other: effect is "" or "undo".
const char *run_act_key(const Run *run, const PlanNode *node, const char *effect, Arena *arena);

typedef struct RunActExec {
    const json_t *argv;
    const json_t *env; ///< name → text with ${variables}; may be NULL
    const char *key;   ///< idempotency key; NULL for a program that only looks
    int64_t timeout_us;
    const char *folder; ///< part of its folder's name, for programs that run beside each other;
                        ///< NULL = "run"
    char **ret_stdout;  ///< all that it printed there; free() releases it. NULL = not wanted
} RunActExec;
/// Waits, to the end whatever people ask meanwhile: a program that was stopped half-way has done
/// nobody knows what. detail gets "exit" and the end of its "output". False when it could not be
/// started, was ended by a signal or by its timeout.
NODISCARD bool run_act_exec(Run *run, const PlanNode *node, const RunActExec *exec, int *ret_code,
                            json_t *detail, Error *err);

typedef struct RunActHttp {
    const json_t *ask; ///< url, method, headers, body, timeout as in the plan
    const char *method;
    const char *key;  ///< idempotency key; NULL for a request that only looks
    const char *body; ///< instead of the ask's; NULL = the ask's
} RunActHttp;
/// Waits. What was answered, whatever it is. No answer is an ERROR_INTERNAL: the database is not to
/// blame.
NODISCARD bool run_act_http(Run *run, const RunActHttp *http, HttpResponse *ret_response,
                            Error *err);
/// Is the answer what the ask wants: status (any_2xx where the ask names none, otherwise 200) and a
/// text? why says what is wrong.
bool run_act_http_right(Run *run, const json_t *ask, bool any_2xx, const HttpResponse *response,
                        char *why, size_t size);

typedef enum RunFound { RUN_FOUND_NOTHING, RUN_FOUND_DONE, RUN_FOUND_UNKNOWN } RunFound;
/// Waits. Asks the node's done = { … } whether its effect has happened; RUN_FOUND_UNKNOWN when it
/// has none.
NODISCARD bool run_act_probe(Run *run, const PlanNode *node, RunFound *ret_found, Error *err);

#endif
