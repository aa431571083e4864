/* Every combination of person, gate and decision against rules that are written here a second time,
 * as a list of objections and without any order; and quorums against trying out who could stand for
 * which role. */
#include "access/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static const char *const ME = "me";
static const char *const WANTED[] = {"dba", "product"};
static const char *ONE_PERSON[] = {"me"};

enum {
    RELATIONS = 4, /* bits: author, starter */
    ROLES = 4,     /* viewer, operator, administrator, nobody logged in */
    LISTED = 5,    /* bits: dba, product; the last: another role, which the gate does not ask for */
    STATES = 6,
    DIGESTS = 3,
    WORDS = ACCESS_VERBS + 1,
    BEFORE = 6,
    SWITCHES = 16, /* bits: comment, answered, environment known, a gate of the plan */
};

typedef struct Cell {
    bool author, starter;
    AccessRole role;
    size_t listed;
    const char *state;
    bool expired;
    const char *digest;
    AccessVerb verb;
    const char *before; /* NULL = nothing */
    bool before_old;    /* it was about another digest */
    bool comment, answered, environment, of_plan;
} Cell;

/* ------------------------------------------------------------------ the second opinion */

typedef struct Objections {
    unsigned kinds; /* bits of 1u << ErrorKind */
} Objections;

static void object_if(Objections *objections, bool holds, ErrorKind kind)
{
    if (holds)
        objections->kinds |= 1u << kind;
}

static bool is(const Cell *cell, const char *word)
{
    return cell->before != NULL && !cell->before_old && strcmp(cell->before, word) == 0;
}

static bool repeats(const Cell *cell)
{
    static const char *const NAMES[] = {"approve", "reject", "revoke", "break_glass"};
    return cell->role != ACCESS_NOBODY && cell->verb < ACCESS_VERBS &&
           is(cell, NAMES[cell->verb]) && cell->digest != NULL && strcmp(cell->digest, "d1") == 0;
}

static Objections objections_to(const Cell *cell)
{
    Objections all = {0};
    bool approve = cell->verb == ACCESS_APPROVE;
    bool glass = cell->verb == ACCESS_BREAK_GLASS;
    bool revoke = cell->verb == ACCESS_REVOKE;
    bool waiting = strcmp(cell->state, "approved") == 0;
    bool open = strcmp(cell->state, "open") == 0;
    bool in_list = cell->listed != 0 && cell->listed < 4;
    object_if(&all, cell->role == ACCESS_NOBODY, ERROR_REFUSED);
    object_if(&all, cell->verb == ACCESS_VERBS, ERROR_INPUT);
    object_if(&all, !open && !waiting, ERROR_CONFLICT);
    object_if(&all, waiting && approve, ERROR_CONFLICT);
    object_if(&all, open && cell->expired && !revoke, ERROR_CONFLICT);
    object_if(&all, cell->digest == NULL || strcmp(cell->digest, "d1") != 0, ERROR_CONFLICT);
    object_if(&all, (approve || glass) && (cell->starter || cell->author), ERROR_REFUSED);
    object_if(&all, glass && cell->role != ACCESS_ADMINISTRATOR, ERROR_REFUSED);
    object_if(&all, glass && !cell->of_plan, ERROR_REFUSED);
    object_if(&all, !glass && !revoke && (!cell->environment || !in_list), ERROR_REFUSED);
    object_if(&all, revoke && !is(cell, "approve") && !is(cell, "break_glass"), ERROR_CONFLICT);
    object_if(&all,
              !revoke && (is(cell, "approve") || is(cell, "reject") || is(cell, "break_glass")),
              ERROR_CONFLICT);
    object_if(&all, !cell->comment && !approve && !revoke, ERROR_INPUT);
    object_if(&all, approve && !cell->answered, ERROR_INPUT);
    return all;
}

/* ------------------------------------------------------------------ asking */

static AccessAnswer answer_to(const Cell *cell)
{
    ConfigRole roles[] = {
        {.name = "dba",
         .people = ONE_PERSON,
         .people_count = (cell->listed & 1u) != 0 && cell->listed < 4},
        {.name = "product",
         .people = ONE_PERSON,
         .people_count = (cell->listed & 2u) != 0 && cell->listed < 4},
        {.name = "other", .people = ONE_PERSON, .people_count = cell->listed == 4},
    };
    const ConfigEnvironment environment = {
        .name = "prod", .roles = roles, .roles_count = COUNT_OF(roles)};
    const AccessApproval before = {
        .person = ME, .decision = cell->before, .digest = cell->before_old ? "d0" : "d1", .nth = 3};
    const AccessGate gate = {.state = cell->state,
                             .of_plan = cell->of_plan,
                             .digest = "d1",
                             .expired = cell->expired,
                             .approvers = WANTED,
                             .approvers_count = COUNT_OF(WANTED),
                             .need = 1,
                             .starter = cell->starter ? ME : "alice",
                             .author = cell->author ? ME : "wendy",
                             .approvals = &before,
                             .approvals_count = cell->before != NULL};
    return access_decide(&(AccessQuestion){
        .gate = &gate,
        .person = cell->role == ACCESS_NOBODY ? NULL : ME,
        .role = cell->role,
        .decision = cell->verb < ACCESS_VERBS ? access_verb_name(cell->verb) : "wave through",
        .comment = cell->comment ? "because" : "",
        .digest = cell->digest,
        .unanswered = cell->answered ? NULL : "\"percent\" is missing",
        .environment = cell->environment ? &environment : NULL});
}

static void describe(const Cell *cell, const AccessAnswer *answer, unsigned kinds)
{
    fprintf(
        stderr,
        "verb %d, role %d, listed %zu, %s%s%s%s, digest %s, before %s%s, comment %d answered %d "
        "environment %d of_plan %d: allowed %d, kind %d (\"%s\"), objections %x\n",
        (int)cell->verb, (int)cell->role, cell->listed, cell->state,
        cell->expired ? " expired" : "", cell->author ? " author" : "",
        cell->starter ? " starter" : "", cell->digest == NULL ? "none" : cell->digest,
        cell->before == NULL ? "nothing" : cell->before, cell->before_old ? " (old)" : "",
        cell->comment, cell->answered, cell->environment, cell->of_plan, answer->allowed,
        (int)answer->kind, answer->why, kinds);
}

static bool agrees(const Cell *cell)
{
    AccessAnswer answer = answer_to(cell);
    unsigned kinds = objections_to(cell).kinds;
    int nth = cell->before != NULL && !cell->before_old ? 4 : 1;
    bool right;
    if (repeats(cell)) /* saying it again does nothing, whatever became of the gate */
        right = answer.allowed && answer.repeated;
    else if (kinds == 0)
        right = answer.allowed && !answer.repeated && answer.kind == ERROR_NONE &&
                answer.nth == nth && answer.why[0] == '\0';
    else
        right = !answer.allowed && !answer.repeated && (kinds & (1u << answer.kind)) != 0 &&
                answer.why[0] != '\0';
    if (!right)
        describe(cell, &answer, kinds);
    return right;
}

static Cell cell_at(size_t number)
{
    static const AccessRole ROLE[] = {ACCESS_NOBODY, ACCESS_VIEWER, ACCESS_OPERATOR,
                                      ACCESS_ADMINISTRATOR};
    static const char *const STATE[] = {"open",     "open",    "approved",
                                        "rejected", "expired", "passed"};
    static const char *const DIGEST[] = {"d1", "d0", NULL};
    static const char *const SAID[] = {NULL,     "approve",     "reject",
                                       "revoke", "break_glass", "approve"};
#define NEXT(count)                                                                                \
    (number / (scale) % (count));                                                                  \
    scale *= (count)
    size_t scale = 1;
    size_t relation = NEXT(RELATIONS);
    size_t role = NEXT(ROLES);
    size_t listed = NEXT(LISTED);
    size_t state = NEXT(STATES);
    size_t digest = NEXT(DIGESTS);
    size_t word = NEXT(WORDS);
    size_t before = NEXT(BEFORE);
    size_t switches = NEXT(SWITCHES);
#undef NEXT
    return (Cell){.author = (relation & 1u) != 0,
                  .starter = (relation & 2u) != 0,
                  .role = ROLE[role],
                  .listed = listed,
                  .state = STATE[state],
                  .expired = state == 1,
                  .digest = DIGEST[digest],
                  .verb = (AccessVerb)word,
                  .before = SAID[before],
                  .before_old = before == BEFORE - 1,
                  .comment = (switches & 1u) != 0,
                  .answered = (switches & 2u) != 0,
                  .environment = (switches & 4u) != 0,
                  .of_plan = (switches & 8u) != 0};
}

static void every_cell_agrees_with_the_second_opinion(void **state)
{
    enum { CELLS = RELATIONS * ROLES * LISTED * STATES * DIGESTS * WORDS * BEFORE * SWITCHES };
    UNUSED(state);
    size_t allowed = 0;
    size_t wrong = 0;
    for (size_t number = 0; number < CELLS && wrong < 5; number++) {
        Cell cell = cell_at(number);
        wrong += !agrees(&cell);
        allowed += objections_to(&cell).kinds == 0;
    }
    assert_int_equal(wrong, 0);
    assert_true(allowed > CELLS / 200);
}

/* ------------------------------------------------------------------ quorums */

enum { PERSONS = 5, SAYINGS = 8, TRIES = 40000 };
static const char *const PERSON[PERSONS] = {"alice", "wendy", "bob", "carol", "dora"};
static const char *const ADMINISTRATOR[] = {"administrator"};

static uint32_t drawn;
static size_t draw(size_t below)
{
    drawn = drawn * 1664525u + 1013904223u;
    return (drawn >> 8) % below;
}

/* Can the roles from `role` on be given to different persons that are not taken yet? */
static bool stand_for(const AccessApproval *const *standing, size_t role, unsigned taken)
{
    if (role == COUNT_OF(WANTED))
        return true;
    for (size_t i = 0; i < PERSONS; i++) {
        bool has = false;
        for (size_t r = 0; standing[i] != NULL && r < standing[i]->roles_count; r++)
            has = has || strcmp(standing[i]->roles[r], WANTED[role]) == 0;
        if (has && (taken & (1u << i)) == 0 && stand_for(standing, role + 1, taken | (1u << i)))
            return true;
    }
    return false;
}

static void judge(const AccessGate *gate, bool *ret_approved, bool *ret_rejected, bool *ret_glass)
{
    const AccessApproval *standing[PERSONS] = {NULL};
    int approving = 0;
    int administrators = 0;
    *ret_rejected = false;
    for (size_t p = 0; p < PERSONS; p++) {
        const AccessApproval *last = NULL;
        for (size_t i = 0; i < gate->approvals_count; i++) {
            const AccessApproval *one = &gate->approvals[i];
            if (strcmp(one->person, PERSON[p]) == 0 && strcmp(one->digest, "d1") == 0 &&
                (last == NULL || one->nth > last->nth))
                last = one;
        }
        if (last == NULL)
            continue;
        bool has = false;
        for (size_t r = 0; r < last->roles_count; r++)
            has =
                has || strcmp(last->roles[r], "dba") == 0 || strcmp(last->roles[r], "product") == 0;
        *ret_rejected = *ret_rejected || (has && strcmp(last->decision, "reject") == 0);
        if (p < 2)
            continue; /* starter and author */
        if (has && strcmp(last->decision, "approve") == 0) {
            standing[p] = last;
            approving++;
        }
        administrators +=
            last->roles == ADMINISTRATOR && strcmp(last->decision, "break_glass") == 0;
    }
    bool full = stand_for(standing, 0, 0) && approving >= (gate->need < 2 ? 2 : gate->need);
    *ret_glass = !*ret_rejected && !full && gate->of_plan && administrators >= 2;
    *ret_approved = !*ret_rejected && (full || *ret_glass);
}

static void quorums_are_those_of_trying_everything(void **state)
{
    static const char *const DBA[] = {"dba"};
    static const char *const PRODUCT[] = {"product"};
    static const char *const OTHER[] = {"other"};
    static const struct {
        const char *const *roles;
        size_t count;
    } LIST[] = {{DBA, 1}, {PRODUCT, 1}, {WANTED, 2}, {OTHER, 1}};
    UNUSED(state);
    size_t approved = 0;
    size_t glass = 0;
    drawn = 20261121;
    for (size_t n = 0; n < TRIES; n++) {
        AccessApproval said[SAYINGS];
        size_t count = draw(SAYINGS + 1);
        for (size_t i = 0; i < count; i++) {
            AccessVerb verb = (AccessVerb)draw(ACCESS_VERBS);
            size_t list = draw(COUNT_OF(LIST));
            bool breaks = verb == ACCESS_BREAK_GLASS && draw(8) > 0;
            said[i] = (AccessApproval){.person = PERSON[draw(PERSONS)],
                                       .decision = access_verb_name(verb),
                                       .digest = draw(6) == 0 ? "d0" : "d1",
                                       .roles = breaks ? ADMINISTRATOR : LIST[list].roles,
                                       .roles_count = breaks ? 1 : LIST[list].count,
                                       .nth = (int)i};
        }
        const AccessGate gate = {.state = "open",
                                 .of_plan = draw(4) > 0,
                                 .digest = "d1",
                                 .approvers = WANTED,
                                 .approvers_count = COUNT_OF(WANTED),
                                 .need = (int)draw(4),
                                 .starter = PERSON[0],
                                 .author = PERSON[1],
                                 .approvals = said,
                                 .approvals_count = count};
        bool is_approved;
        bool is_rejected;
        bool is_glass;
        judge(&gate, &is_approved, &is_rejected, &is_glass);
        AccessQuorum quorum = access_quorum(&gate);
        assert_int_equal(quorum.approved, is_approved);
        assert_int_equal(quorum.rejected, is_rejected);
        assert_int_equal(quorum.glass, is_glass);
        approved += is_approved;
        glass += is_glass;
    }
    assert_true(approved > 100 && glass > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_agrees_with_the_second_opinion),
        cmocka_unit_test(quorums_are_those_of_trying_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
