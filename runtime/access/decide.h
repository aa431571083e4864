/* The one function that decides who may say what about a gate, called before anything changes.
 * Pure: no database, no clock. Nobody approves their own plan or run, administrators included
 * (P11). A person may say several things one after the other; the newest stands. */
#ifndef HEADGATE_ACCESS_DECIDE_H
#define HEADGATE_ACCESS_DECIDE_H

#include "access/person.h"
#include "plan/config.h"

enum { ACCESS_ROLES_MAX = 32, ACCESS_APPROVALS_MAX = 256 };

/// What can be said about a gate.
typedef enum AccessVerb {
    ACCESS_APPROVE,
    ACCESS_REJECT,
    ACCESS_REVOKE,      ///< takes one's own approve or break_glass back
    ACCESS_BREAK_GLASS, ///< two administrators together pass it without its approvers
    ACCESS_VERBS,       ///< how many; also: no such word
} AccessVerb;

/// "approve", "reject", "revoke", "break_glass".
const char *access_verb_name(AccessVerb verb);
/// ACCESS_VERBS for an unknown word.
AccessVerb access_verb_parse(const char *name);

/// What somebody said about a gate before. Texts are borrowed.
typedef struct AccessApproval {
    const char *person;
    const char *decision;     ///< a verb's name
    const char *digest;       ///< of the gate when it was said; of another digest it does not count
    const char *const *roles; ///< roles the person had at that time
    size_t roles_count;
    int nth; ///< the person's nth word about this digest; the highest stands
} AccessApproval;

/// A gate as it stands.
typedef struct AccessGate {
    const char *state; ///< "open"; "approved": it has its quorum and waits for its clock; ...
    bool of_plan;      ///< false: the engine asks, about an undo that failed
    const char *digest;
    bool expired; ///< by the database's clock
    const char *const *approvers;
    size_t approvers_count;
    int need;            ///< distinct persons
    const char *starter; ///< of the run
    const char *author;  ///< whoever registered the plan
    const AccessApproval *approvals;
    size_t approvals_count;
} AccessGate;

typedef struct AccessQuestion {
    const AccessGate *gate;
    const char *person;
    AccessRole role; ///< of the person
    const char *decision;
    const char *comment; ///< a reject needs one, and a break_glass
    const char *digest;  ///< what the person saw
    const char
        *unanswered; ///< which of the gate's questions an approve does not answer; NULL = none
    const ConfigEnvironment
        *environment; ///< whose roles count; NULL when headgate.yaml has no such one
} AccessQuestion;

typedef struct AccessAnswer {
    bool allowed;
    bool repeated;  ///< allowed, but the same person said the same before: nothing is to be written
    ErrorKind kind; ///< REFUSED (not yours), CONFLICT (it changed meanwhile), INPUT (incomplete)
    char why[256];  ///< "" when allowed; a sentence for the person asking
    const char
        *roles[ACCESS_ROLES_MAX]; ///< the gate's roles this person has; borrowed from the gate
    size_t roles_count;
    int nth; ///< of what is to be written: one more than the person's last
} AccessAnswer;

AccessAnswer access_decide(const AccessQuestion *question);

/// What a gate still needs.
typedef struct AccessQuorum {
    bool approved;
    bool rejected; ///< one reject is enough
    bool glass;    ///< approved by two administrators instead of its approvers
    int persons;   ///< distinct persons whose approval counts
    int need; ///< at least as many as there are roles, because one person stands for one role only
    const char *missing; ///< a role nobody stands for yet; NULL when all roles have somebody
} AccessQuorum;

/// Counts what stands about the gate's present digest: distinct persons, each listed role by a
/// person of its own; starter and author do not count. The caller has verified the signatures.
AccessQuorum access_quorum(const AccessGate *gate);

/// What a person said last about the gate's present digest, a revoke included; NULL = nothing.
const AccessApproval *access_said(const AccessGate *gate, const char *person);

/// The names of the roles a person has in an environment, in its order; returns how many (<= max).
size_t access_roles(const ConfigEnvironment *environment, const char *person,
                    const char **ret_roles, size_t max);

#endif
