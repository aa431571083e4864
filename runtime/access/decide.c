/* Deciding. The order of the rules is the order in which a person would want to hear them. */
#include "access/decide.h"

#include <stdio.h>
#include <string.h>

enum { WHY_BYTES = sizeof(((AccessAnswer *)NULL)->why) };

size_t access_roles(const ConfigEnvironment *environment, const char *person,
                    const char **ret_roles, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; environment != NULL && i < environment->roles_count && count < max; i++) {
        if (config_role_has(&environment->roles[i], person))
            ret_roles[count++] = environment->roles[i].name;
    }
    return count;
}

static bool lists(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(names[i], name))
            return true;
    }
    return false;
}

static void keep_roles(const AccessQuestion *question, AccessAnswer *answer)
{
    const char *all[ACCESS_ROLES_MAX];
    size_t count = access_roles(question->environment, question->person, all, COUNT_OF(all));
    for (size_t i = 0; i < count; i++) {
        if (lists(question->gate->approvers, question->gate->approvers_count, all[i]))
            answer->roles[answer->roles_count++] = all[i];
    }
}

static const AccessApproval *said_before(const AccessGate *gate, const char *person)
{
    for (size_t i = 0; i < gate->approvals_count; i++) {
        const AccessApproval *approval = &gate->approvals[i];
        if (text_equal(approval->person, person) && text_equal(approval->digest, gate->digest))
            return approval;
    }
    return NULL;
}

/* "role admin", "role admin or product" */
static void name_roles(const AccessGate *gate, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "needs role ");
    for (size_t i = 0; i < gate->approvers_count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : " or ",
                                 gate->approvers[i]);
}

static AccessAnswer deny(ErrorKind kind, const char *why)
{
    AccessAnswer answer = {.kind = kind};
    snprintf(answer.why, WHY_BYTES, "%s", why);
    return answer;
}

static AccessAnswer deny_closed(const AccessGate *gate)
{
    AccessAnswer answer = {.kind = ERROR_CONFLICT};
    snprintf(answer.why, WHY_BYTES, "the gate is %s already", gate->state);
    return answer;
}

static AccessAnswer deny_said(const AccessApproval *before)
{
    AccessAnswer answer = {.kind = ERROR_CONFLICT};
    snprintf(answer.why, WHY_BYTES, "you have already %s this gate",
             text_equal(before->decision, "approve") ? "approved" : "rejected");
    return answer;
}

AccessAnswer access_decide(const AccessQuestion *question)
{
    const AccessGate *gate = question->gate;
    bool approves = text_equal(question->decision, "approve");
    if (text_empty(question->person))
        return deny(ERROR_REFUSED, "nobody is logged in");
    if (!approves && !text_equal(question->decision, "reject"))
        return deny(ERROR_INPUT, "a decision is \"approve\" or \"reject\"");
    const AccessApproval *before = said_before(gate, question->person);
    bool same = before != NULL && text_equal(before->decision, question->decision) &&
                text_equal(question->digest, gate->digest);
    if (same)
        return (AccessAnswer){.allowed = true, .repeated = true};
    if (!text_equal(gate->state, "open"))
        return deny_closed(gate);
    if (gate->expired)
        return deny(ERROR_CONFLICT, "the gate has expired");
    if (text_empty(question->digest) || !text_equal(question->digest, gate->digest))
        return deny(ERROR_CONFLICT, "the gate has changed since you opened it");
    if (approves && text_equal(question->person, gate->starter))
        return deny(ERROR_REFUSED, "you started this run");
    if (approves && text_equal(question->person, gate->author))
        return deny(ERROR_REFUSED, "you registered this plan");
    if (question->environment == NULL)
        return deny(ERROR_REFUSED,
                    "headgate.yaml has no such environment, so nobody has a role in it");
    AccessAnswer answer = {.kind = ERROR_REFUSED};
    keep_roles(question, &answer);
    if (answer.roles_count == 0) {
        name_roles(gate, answer.why, WHY_BYTES);
        return answer;
    }
    if (before != NULL)
        return deny_said(before);
    if (!approves && text_empty(question->comment))
        return deny(ERROR_INPUT, "a reject needs a comment that says why");
    answer.allowed = true;
    answer.kind = ERROR_NONE;
    return answer;
}

/* Roles to persons, one to one: the well-known augmenting path, small enough for plain recursion.
 */
typedef struct Matching {
    const AccessGate *gate;
    const AccessApproval *persons[ACCESS_APPROVALS_MAX];
    size_t persons_count;
    int role_of[ACCESS_APPROVALS_MAX]; /* by person; -1 = free */
    bool tried[ACCESS_APPROVALS_MAX];
} Matching;

static bool place(Matching *matching,
                  size_t role) // NOLINT(misc-no-recursion): at most one level a person
{
    const char *name = matching->gate->approvers[role];
    for (size_t i = 0; i < matching->persons_count; i++) {
        const AccessApproval *person = matching->persons[i];
        if (matching->tried[i] || !lists(person->roles, person->roles_count, name))
            continue;
        matching->tried[i] = true;
        if (matching->role_of[i] < 0 || place(matching, (size_t)matching->role_of[i])) {
            matching->role_of[i] = (int)role;
            return true;
        }
    }
    return false;
}

/* About the gate as it stands, by somebody who has one of its roles. */
static bool concerns(const AccessGate *gate, const AccessApproval *approval)
{
    for (size_t i = 0; i < approval->roles_count && text_equal(approval->digest, gate->digest);
         i++) {
        if (lists(gate->approvers, gate->approvers_count, approval->roles[i]))
            return true;
    }
    return false;
}

static bool counts(const AccessGate *gate, const AccessApproval *approval)
{
    return text_equal(approval->decision, "approve") && concerns(gate, approval) &&
           !text_equal(approval->person, gate->starter) &&
           !text_equal(approval->person, gate->author);
}

static void take_persons(const AccessGate *gate, Matching *matching)
{
    for (size_t i = 0; i < gate->approvals_count; i++) {
        const AccessApproval *approval = &gate->approvals[i];
        bool known = false;
        for (size_t p = 0; p < matching->persons_count; p++)
            known = known || text_equal(matching->persons[p]->person, approval->person);
        if (known || !counts(gate, approval) || matching->persons_count == ACCESS_APPROVALS_MAX)
            continue;
        matching->role_of[matching->persons_count] = -1;
        matching->persons[matching->persons_count++] = approval;
    }
}

AccessQuorum access_quorum(const AccessGate *gate)
{
    Matching matching = {.gate = gate};
    take_persons(gate, &matching);
    AccessQuorum quorum = {.persons = (int)matching.persons_count,
                           .need = gate->need < 1 ? 1 : gate->need};
    if (quorum.need < (int)gate->approvers_count)
        quorum.need = (int)gate->approvers_count;
    for (size_t i = 0; i < gate->approvals_count; i++) {
        const AccessApproval *approval = &gate->approvals[i];
        if (text_equal(approval->decision, "reject") && concerns(gate, approval))
            quorum.rejected = true;
    }
    for (size_t role = 0; role < gate->approvers_count && quorum.missing == NULL; role++) {
        memset(matching.tried, 0, sizeof(matching.tried));
        if (!place(&matching, role))
            quorum.missing = gate->approvers[role];
    }
    quorum.approved = !quorum.rejected && quorum.missing == NULL && quorum.persons >= quorum.need;
    return quorum;
}
