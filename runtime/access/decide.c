/* Deciding. The order of the rules is the order in which a person would want to hear them. */
#include "access/decide.h"

#include <stdio.h>
#include <string.h>

enum { WHY_BYTES = sizeof(((AccessAnswer *)NULL)->why), GLASS_NEED = 2 };

static const struct Verb {
    const char *name;
    const char *said; ///< "you have already … this gate"
    bool passes;      ///< it may let the run go on: not for its starter or author
    bool comment;     ///< it must say why
    bool waiting;     ///< also while an approved gate waits for its clock
} VERBS[ACCESS_VERBS] = {
    [ACCESS_APPROVE] = {"approve", "approved", true, false, false},
    [ACCESS_REJECT] = {"reject", "rejected", false, true, true},
    [ACCESS_REVOKE] = {"revoke", "taken back your approval of", false, false, true},
    [ACCESS_BREAK_GLASS] = {"break_glass", "broken the glass of", true, true, true},
};

const char *access_verb_name(AccessVerb verb)
{
    invariant(verb < ACCESS_VERBS);
    return VERBS[verb].name;
}

AccessVerb access_verb_parse(const char *name)
{
    AccessVerb verb = ACCESS_APPROVE;
    while (verb < ACCESS_VERBS && !text_equal(VERBS[verb].name, name))
        verb++;
    return verb;
}

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

const AccessApproval *access_said(const AccessGate *gate, const char *person)
{
    const AccessApproval *last = NULL;
    for (size_t i = 0; i < gate->approvals_count; i++) {
        const AccessApproval *approval = &gate->approvals[i];
        if (text_equal(approval->person, person) && text_equal(approval->digest, gate->digest) &&
            (last == NULL || approval->nth > last->nth))
            last = approval;
    }
    return last;
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
    AccessVerb verb = access_verb_parse(before->decision);
    snprintf(answer.why, WHY_BYTES, "you have already %s this gate",
             verb == ACCESS_VERBS ? "decided about" : VERBS[verb].said);
    return answer;
}

/* Whatever the person may do: does the gate stand as they think it does? */
static bool stands(const AccessQuestion *question, AccessVerb verb, AccessAnswer *answer)
{
    const AccessGate *gate = question->gate;
    bool waiting = text_equal(gate->state, "approved");
    if (!text_equal(gate->state, "open") && !(waiting && VERBS[verb].waiting))
        *answer = deny_closed(gate);
    else if (gate->expired && !waiting && verb != ACCESS_REVOKE)
        *answer = deny(ERROR_CONFLICT, "the gate has expired");
    else if (text_empty(question->digest) || !text_equal(question->digest, gate->digest))
        *answer = deny(ERROR_CONFLICT, "the gate has changed since you opened it");
    else
        return true;
    return false;
}

/* What the person is to this run, and the roles it takes. */
static bool entitled(const AccessQuestion *question, AccessVerb verb, AccessAnswer *answer)
{
    static const char NO_ENVIRONMENT[] =
        "headgate.yaml has no such environment, so nobody has a role in it";
    const AccessGate *gate = question->gate;
    if (verb == ACCESS_REVOKE)
        return true; /* what is one's own anybody may take back */
    if (VERBS[verb].passes && text_equal(question->person, gate->starter))
        *answer = deny(ERROR_REFUSED, "you started this run");
    else if (VERBS[verb].passes && text_equal(question->person, gate->author))
        *answer = deny(ERROR_REFUSED, "you registered this plan");
    else if (verb == ACCESS_BREAK_GLASS && question->role < ACCESS_ADMINISTRATOR)
        *answer = deny(ERROR_REFUSED, "breaking the glass needs the role administrator");
    else if (verb == ACCESS_BREAK_GLASS && !gate->of_plan)
        *answer = deny(ERROR_REFUSED, "only gates of the plan can be passed that way");
    else if (verb != ACCESS_BREAK_GLASS && question->environment == NULL)
        *answer = deny(ERROR_REFUSED, NO_ENVIRONMENT);
    else
        return true;
    return false;
}

static void take_roles(const AccessQuestion *question, AccessVerb verb, AccessAnswer *answer)
{
    if (verb == ACCESS_BREAK_GLASS)
        answer->roles[answer->roles_count++] = access_role_name(ACCESS_ADMINISTRATOR);
    else if (verb != ACCESS_REVOKE)
        keep_roles(question, answer);
}

AccessAnswer access_decide(const AccessQuestion *question)
{
    const AccessGate *gate = question->gate;
    AccessVerb verb = access_verb_parse(question->decision);
    AccessAnswer answer = {.kind = ERROR_REFUSED};
    if (text_empty(question->person))
        return deny(ERROR_REFUSED, "nobody is logged in");
    if (verb == ACCESS_VERBS)
        return deny(ERROR_INPUT,
                    "a decision is \"approve\", \"reject\", \"revoke\" or \"break_glass\"");
    const AccessApproval *before = access_said(gate, question->person);
    bool took_back = before != NULL && text_equal(before->decision, VERBS[ACCESS_REVOKE].name);
    if (before != NULL && text_equal(before->decision, question->decision) &&
        text_equal(question->digest, gate->digest))
        return (AccessAnswer){.allowed = true, .repeated = true};
    if (!stands(question, verb, &answer) || !entitled(question, verb, &answer))
        return answer;
    take_roles(question, verb, &answer);
    if (answer.roles_count == 0 && verb != ACCESS_REVOKE) {
        name_roles(gate, answer.why, WHY_BYTES);
        return answer;
    }
    if (verb == ACCESS_REVOKE &&
        (before == NULL || took_back || text_equal(before->decision, VERBS[ACCESS_REJECT].name)))
        return deny(ERROR_CONFLICT, "you have not approved this gate");
    if (verb != ACCESS_REVOKE && before != NULL && !took_back)
        return deny_said(before);
    if (VERBS[verb].comment && text_empty(question->comment))
        return deny(ERROR_INPUT, verb == ACCESS_REJECT
                                     ? "a reject needs a comment that says why"
                                     : "breaking the glass needs a comment that says why");
    if (verb == ACCESS_APPROVE && question->unanswered != NULL)
        return deny(ERROR_INPUT, question->unanswered);
    answer.allowed = true;
    answer.kind = ERROR_NONE;
    answer.nth = before == NULL ? 1 : before->nth + 1;
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

/* Is it what this person said last, and does it say verb? */
static bool says(const AccessGate *gate, const AccessApproval *approval, AccessVerb verb)
{
    return text_equal(approval->decision, VERBS[verb].name) &&
           access_said(gate, approval->person) == approval;
}

static bool own(const AccessGate *gate, const AccessApproval *approval)
{
    return text_equal(approval->person, gate->starter) ||
           text_equal(approval->person, gate->author);
}

static bool counts(const AccessGate *gate, const AccessApproval *approval)
{
    return says(gate, approval, ACCESS_APPROVE) && concerns(gate, approval) && !own(gate, approval);
}

/* Two administrators, neither of them starter or author. */
static bool glass_broken(const AccessGate *gate)
{
    const char *role = access_role_name(ACCESS_ADMINISTRATOR);
    int persons = 0;
    for (size_t i = 0; i < gate->approvals_count && gate->of_plan; i++) {
        const AccessApproval *approval = &gate->approvals[i];
        persons += says(gate, approval, ACCESS_BREAK_GLASS) && !own(gate, approval) &&
                   lists(approval->roles, approval->roles_count, role);
    }
    return persons >= GLASS_NEED;
}

static void take_persons(const AccessGate *gate, Matching *matching)
{
    for (size_t i = 0; i < gate->approvals_count; i++) {
        const AccessApproval *approval = &gate->approvals[i];
        if (!counts(gate, approval) || matching->persons_count == ACCESS_APPROVALS_MAX)
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
        if (says(gate, approval, ACCESS_REJECT) && concerns(gate, approval))
            quorum.rejected = true;
    }
    for (size_t role = 0; role < gate->approvers_count && quorum.missing == NULL; role++) {
        memset(matching.tried, 0, sizeof(matching.tried));
        if (!place(&matching, role))
            quorum.missing = gate->approvers[role];
    }
    bool full = quorum.missing == NULL && quorum.persons >= quorum.need;
    quorum.glass = !quorum.rejected && !full && glass_broken(gate);
    quorum.approved = (!quorum.rejected && full) || quorum.glass;
    return quorum;
}
