/* A gate's JSON as the rules of access/ take it. Private to this folder. */
#ifndef HEADGATE_SERVER_VIEW_GATE_H
#define HEADGATE_SERVER_VIEW_GATE_H

#include "server/view.h"

/// An AccessGate with the memory it points to; its texts are borrowed from the JSON.
typedef struct GateParts {
    AccessGate gate;
    AccessApproval approvals[ACCESS_APPROVALS_MAX];
    const char *approvers[ACCESS_ROLES_MAX];
} GateParts;

/// Waits. GATE with "about": {expired, starter, author, environment,
/// of_plan, said: [{person, decision, nth}]}. ERROR_INPUT when there is
/// none.
NODISCARD bool view_gate_read(DbConn *state, int64_t run, const char *path, json_t **ret_gate,
                              Error *err);
/// Has the person a role that the gate asks for? environment may be NULL.
bool view_gate_role(const json_t *gate, const ConfigEnvironment *environment, const char *person);
/// May the person answer for the glass of a gate of view_gate_read()? ERROR_REFUSED says why not.
NODISCARD bool view_gate_may_answer(const json_t *gate, const ServerReader *reader, Error *err);
void view_gate_parts(const json_t *gate, GateParts *parts);

#endif
