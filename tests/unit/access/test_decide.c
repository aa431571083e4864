/* Who may approve: every relation a person can have to a gate, against both decisions. */
#include "access/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *ADMINS[] = {"alice", "bob", "dora", "wendy"};
static const char *PRODUCT[] = {"carol", "dora"};
static ConfigRole ROLES[] = {
    {.name = "admin", .people = ADMINS, .people_count = COUNT_OF(ADMINS)},
    {.name = "product", .people = PRODUCT, .people_count = COUNT_OF(PRODUCT)},
};
static const ConfigEnvironment DEMO = {
    .name = "demo", .roles = ROLES, .roles_count = COUNT_OF(ROLES)};
static const char *const ADMIN[] = {"admin"};
static const char *const BOTH[] = {"admin", "product"};

static AccessGate open_gate(void)
{
    return (AccessGate){.state = "open",
                        .digest = "d1",
                        .approvers = ADMIN,
                        .approvers_count = 1,
                        .need = 1,
                        .starter = "alice",
                        .author = "wendy"};
}

static AccessAnswer ask(const AccessGate *gate, const char *person, const char *decision)
{
    return access_decide(&(AccessQuestion){.gate = gate,
                                           .person = person,
                                           .decision = decision,
                                           .comment = "because",
                                           .digest = "d1",
                                           .environment = &DEMO});
}

static void everybody_against_both_decisions(void **state)
{
    UNUSED(state);
    static const struct {
        const char *person;
        const char *approve; /* NULL = may */
        const char *reject;
    } MATRIX[] = {
        {"alice", "you started this run", NULL},
        {"wendy", "you registered this plan", NULL},
        {"bob", NULL, NULL},
        {"dora", NULL, NULL},
        {"carol", "needs role admin", "needs role admin"},
        {"stranger", "needs role admin", "needs role admin"},
        {"", "nobody is logged in", "nobody is logged in"},
        {NULL, "nobody is logged in", "nobody is logged in"},
    };
    AccessGate gate = open_gate();
    for (size_t i = 0; i < COUNT_OF(MATRIX); i++) {
        for (int rejects = 0; rejects < 2; rejects++) {
            const char *why = rejects ? MATRIX[i].reject : MATRIX[i].approve;
            AccessAnswer answer = ask(&gate, MATRIX[i].person, rejects ? "reject" : "approve");
            assert_int_equal(answer.allowed, why == NULL);
            assert_string_equal(answer.why, why == NULL ? "" : why);
            assert_int_equal(answer.kind, why == NULL ? ERROR_NONE : ERROR_REFUSED);
        }
    }
}

static void a_changed_closed_or_expired_gate_is_a_conflict(void **state)
{
    UNUSED(state);
    AccessGate gate = open_gate();
    gate.digest = "d2";
    AccessAnswer answer = ask(&gate, "bob", "approve");
    assert_false(answer.allowed);
    assert_int_equal(answer.kind, ERROR_CONFLICT);
    assert_string_equal(answer.why, "the gate has changed since you opened it");
    gate = open_gate();
    gate.state = "rejected";
    answer = ask(&gate, "bob", "approve");
    assert_int_equal(answer.kind, ERROR_CONFLICT);
    assert_string_equal(answer.why, "the gate is rejected already");
    gate = open_gate();
    gate.expired = true;
    answer = ask(&gate, "bob", "approve");
    assert_int_equal(answer.kind, ERROR_CONFLICT);
    assert_string_equal(answer.why, "the gate has expired");
}

static void a_reject_needs_a_comment_and_words_are_checked(void **state)
{
    UNUSED(state);
    AccessGate gate = open_gate();
    AccessQuestion question = {.gate = &gate,
                               .person = "bob",
                               .decision = "reject",
                               .comment = "",
                               .digest = "d1",
                               .environment = &DEMO};
    AccessAnswer answer = access_decide(&question);
    assert_int_equal(answer.kind, ERROR_INPUT);
    assert_string_equal(answer.why, "a reject needs a comment that says why");
    question.decision = "maybe";
    assert_string_equal(access_decide(&question).why,
                        "a decision is \"approve\", \"reject\", \"revoke\" or \"break_glass\"");
    question.decision = "approve";
    question.environment = NULL;
    assert_string_equal(access_decide(&question).why,
                        "headgate.yaml has no such environment, so nobody has a role in it");
    question.environment = &DEMO;
    question.digest = NULL;
    assert_string_equal(access_decide(&question).why, "the gate has changed since you opened it");
}

static void saying_the_same_twice_is_one_approval(void **state)
{
    UNUSED(state);
    AccessApproval before[] = {
        {.person = "bob", .decision = "approve", .digest = "d1", .roles = ADMIN, .roles_count = 1},
        {.person = "dora",
         .decision = "approve",
         .digest = "d0",
         .roles = ADMIN,
         .roles_count = 1}};
    AccessGate gate = open_gate();
    gate.approvals = before;
    gate.approvals_count = COUNT_OF(before);
    AccessAnswer answer = ask(&gate, "bob", "approve");
    assert_true(answer.allowed);
    assert_true(answer.repeated);
    answer = ask(&gate, "bob", "reject");
    assert_false(answer.allowed);
    assert_string_equal(answer.why, "you have already approved this gate");
    answer = ask(&gate, "dora", "approve");
    assert_true(answer.allowed);
    assert_false(answer.repeated);
}

static void the_answer_names_the_roles_that_count(void **state)
{
    UNUSED(state);
    AccessGate gate = open_gate();
    gate.approvers = BOTH;
    gate.approvers_count = 2;
    AccessAnswer answer = ask(&gate, "dora", "approve");
    assert_int_equal(answer.roles_count, 2);
    assert_string_equal(answer.roles[0], "admin");
    assert_string_equal(answer.roles[1], "product");
    assert_string_equal(ask(&gate, "stranger", "approve").why, "needs role admin or product");
}

static AccessQuorum quorum_of(const AccessApproval *approvals, size_t count, int need)
{
    AccessGate gate = open_gate();
    gate.approvers = BOTH;
    gate.approvers_count = 2;
    gate.need = need;
    gate.approvals = approvals;
    gate.approvals_count = count;
    return access_quorum(&gate);
}

#define SAYS(who, what, list, on)                                                                  \
    {                                                                                              \
        .person = (who), .decision = (what), .digest = (on), .roles = (list),                      \
        .roles_count = COUNT_OF(list)                                                              \
    }

static const char *const ONLY_PRODUCT[] = {"product"};
static const char *const OTHER[] = {"dba"};

static void a_quorum_needs_a_person_for_each_role(void **state)
{
    UNUSED(state);
    const AccessApproval approvals[] = {
        SAYS("dora", "approve", BOTH, "d1"),
        SAYS("dora", "approve", BOTH, "d1"),
        SAYS("bob", "approve", ADMIN, "d1"),
    };
    AccessQuorum one = quorum_of(approvals, 1, 1);
    assert_false(one.approved);
    assert_int_equal(one.need, 2);
    assert_string_equal(one.missing, "product");
    AccessQuorum twice = quorum_of(approvals, 2, 2);
    assert_false(twice.approved);
    assert_int_equal(twice.persons, 1);
    AccessQuorum two = quorum_of(approvals, 3, 2);
    assert_true(two.approved);
    assert_null(two.missing);
    assert_false(quorum_of(approvals, 3, 3).approved);
}

static void starter_author_old_digest_and_strangers_do_not_count(void **state)
{
    UNUSED(state);
    const AccessApproval approvals[] = {
        SAYS("alice", "approve", ADMIN, "d1"),        SAYS("wendy", "approve", ADMIN, "d1"),
        SAYS("bob", "approve", ADMIN, "d0"),          SAYS("eve", "approve", OTHER, "d1"),
        SAYS("carol", "approve", ONLY_PRODUCT, "d1"),
    };
    AccessQuorum quorum = quorum_of(approvals, COUNT_OF(approvals), 2);
    assert_false(quorum.approved);
    assert_int_equal(quorum.persons, 1);
    assert_string_equal(quorum.missing, "admin");
}

static void one_reject_is_enough_if_it_concerns_the_gate(void **state)
{
    UNUSED(state);
    const AccessApproval approvals[] = {
        SAYS("bob", "approve", ADMIN, "d1"),  SAYS("carol", "approve", ONLY_PRODUCT, "d1"),
        SAYS("eve", "reject", OTHER, "d1"),   SAYS("dora", "reject", BOTH, "d0"),
        SAYS("alice", "reject", ADMIN, "d1"),
    };
    assert_true(quorum_of(approvals, 4, 2).approved);
    AccessQuorum rejected = quorum_of(approvals, 5, 2);
    assert_true(rejected.rejected);
    assert_false(rejected.approved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_against_both_decisions),
        cmocka_unit_test(a_changed_closed_or_expired_gate_is_a_conflict),
        cmocka_unit_test(a_reject_needs_a_comment_and_words_are_checked),
        cmocka_unit_test(saying_the_same_twice_is_one_approval),
        cmocka_unit_test(the_answer_names_the_roles_that_count),
        cmocka_unit_test(a_quorum_needs_a_person_for_each_role),
        cmocka_unit_test(starter_author_old_digest_and_strangers_do_not_count),
        cmocka_unit_test(one_reject_is_enough_if_it_concerns_the_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
