/* Passwords: what may be one, hashing off the loop, so many at once, and what the database keeps.
 */
#include "access/password.h"
#include "base/clock.h"
#include "db/sql.h"

#include "../db/with_cluster.h"

#include <sodium/crypto_pwhash.h>

static DbConn *state_conn;
static const char GOOD[] = "four words of mine";

static void expect_message(bool ok, const Error *err, ErrorKind kind, const char *message)
{
    assert_false(ok);
    assert_int_equal(err->kind, kind);
    assert_string_equal(err->message, message);
}

static void some_cannot_be_one(void **state)
{
    UNUSED(state);
    Error why = {0};
    char long_one[400];
    memset(long_one, 'x', sizeof(long_one));
    long_one[sizeof(long_one) - 1] = '\0';
    long_one[0] = 'y';
    assert_true(access_password_allowed("alice", GOOD, &why));
    assert_true(access_password_allowed("alice",
                                        "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc"
                                        "abcdef",
                                        &why));
    expect_message(
        access_password_allowed("alice", "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc", &why),
        &why, ERROR_INPUT, "a password has at least 12 characters");
    expect_message(access_password_allowed("alice", "elevenchars", &why), &why, ERROR_INPUT,
                   "a password has at least 12 characters");
    expect_message(access_password_allowed("alice", long_one, &why), &why, ERROR_INPUT,
                   "a password has at most 256 bytes");
    expect_message(access_password_allowed("alice", "aaaaaaaaaaaaaa", &why), &why, ERROR_INPUT,
                   "this password is the first that anybody would try");
    expect_message(access_password_allowed("alice-of-wonderland", "alice-of-wonderland", &why),
                   &why, ERROR_INPUT, "this password is the first that anybody would try");
}

DB_CASE(the_right_one_is_known_and_no_other)
{
    AccessHasher hasher = {0};
    char hash[ACCESS_PASSWORD_HASH_BYTES];
    char again[ACCESS_PASSWORD_HASH_BYTES];
    char newer[ACCESS_PASSWORD_HASH_BYTES];
    bool right = false;
    must(access_password_hash(&hasher, GOOD, hash, &err));
    must(access_password_hash(&hasher, GOOD, again, &err));
    assert_string_not_equal(hash, again);
    assert_true(text_starts(hash, "$argon2id$"));
    must(access_password_verify(&hasher, hash, GOOD, &right, newer, &err));
    assert_true(right);
    assert_string_equal(newer, "");
    must(access_password_verify(&hasher, hash, "four words of his", &right, newer, &err));
    assert_false(right);
    must(access_password_verify(&hasher, hash, "", &right, newer, &err));
    assert_false(right);
    must(access_password_verify(&hasher, "", GOOD, &right, newer, &err));
    assert_false(right);
    must(access_password_verify(&hasher, "no hash at all", GOOD, &right, newer, &err));
    assert_false(right);
}

DB_CASE(an_old_hash_is_renewed)
{
    AccessHasher hasher = {0};
    char old[crypto_pwhash_STRBYTES];
    char newer[ACCESS_PASSWORD_HASH_BYTES];
    char none[ACCESS_PASSWORD_HASH_BYTES];
    bool right = false;
    assert_int_equal(crypto_pwhash_str(old, GOOD, strlen(GOOD), crypto_pwhash_OPSLIMIT_MIN,
                                       crypto_pwhash_MEMLIMIT_MIN),
                     0);
    must(access_password_verify(&hasher, old, "four words of his", &right, newer, &err));
    assert_false(right);
    assert_string_equal(newer, "");
    must(access_password_verify(&hasher, old, GOOD, &right, newer, &err));
    assert_true(right);
    assert_true(text_starts(newer, "$argon2id$"));
    must(access_password_verify(&hasher, newer, GOOD, &right, none, &err));
    assert_true(right);
    assert_string_equal(none, "");
}

static int64_t time_of(AccessHasher *hasher, const char *hash)
{
    char newer[ACCESS_PASSWORD_HASH_BYTES];
    bool right = false;
    int64_t from_us = clock_monotonic_us();
    must(access_password_verify(hasher, hash, "wrong words of mine", &right, newer, &err));
    return clock_monotonic_us() - from_us;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

DB_CASE(an_unknown_person_costs_the_same)
{
    AccessHasher hasher = {0};
    char hash[ACCESS_PASSWORD_HASH_BYTES];
    must(access_password_hash(&hasher, GOOD, hash, &err));
    int64_t known_us = INT64_MAX;
    int64_t unknown_us = INT64_MAX;
    for (int i = 0; i < 8; i++) { /* in turn: what else the machine does hurts both */
        known_us = smaller(known_us, time_of(&hasher, hash));
        unknown_us = smaller(unknown_us, time_of(&hasher, ""));
    }
    assert_true(known_us > 5000);
    assert_true(unknown_us > known_us / 2 && unknown_us < known_us * 2);
}

/* ------------------------------------------------------------------ many at once */

enum { CROWD = 30 };
static struct {
    AccessHasher hasher;
    int most_running;
    int done;
    int refused;
    int ticks;
    FiberEvent ended;
} crowd;

static void one_of_the_crowd(void *arg)
{
    UNUSED(arg);
    Error err = {0};
    char hash[ACCESS_PASSWORD_HASH_BYTES];
    bool ok = access_password_hash(&crowd.hasher, GOOD, hash, &err);
    crowd.done++;
    crowd.refused += !ok && err.kind == ERROR_UNREACHABLE;
    fiber_event_broadcast(&crowd.ended);
}

DB_CASE(a_crowd_waits_or_is_refused_and_the_loop_goes_on)
{
    Error err = {0};
    for (int i = 0; i < CROWD; i++)
        fiber_start(fixture.loop, "crowd", one_of_the_crowd, NULL);
    while (crowd.done < CROWD) {
        if (crowd.hasher.running > crowd.most_running)
            crowd.most_running = crowd.hasher.running;
        crowd.ticks++;
        assert_true(fiber_sleep(1, &err));
    }
    assert_int_equal(crowd.most_running, ACCESS_HASHER_AT_ONCE);
    assert_int_equal(crowd.refused, CROWD - ACCESS_HASHER_AT_ONCE - ACCESS_HASHER_WAITING);
    assert_int_equal(crowd.hasher.running, 0);
    assert_int_equal(crowd.hasher.waiting, 0);
    assert_true(crowd.ticks > 20); /* it was not the loop that hashed */
}

/* Somebody who guesses the name of nobody. */
static void a_guess(void *arg)
{
    bool *refused = arg;
    Error err = {0};
    char newer[ACCESS_PASSWORD_HASH_BYTES];
    bool right = false;
    if (!access_password_verify(&crowd.hasher, "", GOOD, &right, newer, &err))
        *refused = err.kind == ERROR_UNREACHABLE;
    assert_false(right);
    crowd.done++;
    fiber_event_broadcast(&crowd.ended);
}

DB_CASE(who_has_waited_is_not_refused_for_those_who_come_later)
{
    enum { FIRST = ACCESS_HASHER_AT_ONCE + ACCESS_HASHER_WAITING, ALL = 3 * FIRST };
    bool refused[ALL] = {false};
    int started = 0;
    memset(&crowd, 0, sizeof(crowd));
    for (; started < FIRST; started++)
        fiber_start(fixture.loop, "first", a_guess, &refused[started]);
    while (crowd.done < started) {
        Error err = {0};
        for (; crowd.hasher.waiting < ACCESS_HASHER_WAITING && started < ALL; started++) {
            fiber_start(fixture.loop, "later", a_guess, &refused[started]);
            assert_true(fiber_sleep(0, &err));
        }
        assert_true(fiber_sleep(1, &err));
    }
    for (int i = 0; i < FIRST; i++)
        assert_false(refused[i]);
}

/* ------------------------------------------------------------------ in the database */

static AccessProven proven(const char *hash)
{
    return (AccessProven){.person = "alice", .password_hash = hash};
}

DB_CASE(a_session_needs_the_password_that_was_proven)
{
    Error why = {0};
    char hash[ACCESS_PASSWORD_HASH_BYTES];
    char session[ACCESS_TOKEN_BYTES];
    char second[ACCESS_TOKEN_BYTES];
    AccessIdentity who;
    state_conn = open_as("test");
    must(db_exec(state_conn, db_sql("schema_001"), NULL, NULL, &err));
    must(db_exec(state_conn, db_sql("schema_002"), NULL, NULL, &err));
    must(access_person_add(state_conn, "alice", "operator", &err));
    must(access_password_read(state_conn, "alice", hash, &err));
    assert_string_equal(hash, "");
    must(access_password_set(state_conn, "alice", "$first", &err));
    must(access_password_read(state_conn, "alice", hash, &err));
    assert_string_equal(hash, "$first");
    must(access_session(state_conn, &(AccessProven){.person = "alice", .password_hash = "$first"},
                        session, &who, &err));
    assert_string_equal(who.person, "alice");
    assert_int_equal(who.role, ACCESS_OPERATOR);
    AccessProven other = proven("$another");
    expect_message(access_session(state_conn, &other, second, &who, &why), &why, ERROR_REFUSED,
                   "this token is not valid (any more)");
    AccessProven again = proven("$first");
    must(access_identify(state_conn, session, &who, &err));
    char before[HASH_HEX_BYTES];
    memcpy(before, who.hash, sizeof(before));
    again.before = before;
    must(access_session(state_conn, &again, second, &who, &err));
    expect_message(access_identify(state_conn, session, &who, &why), &why, ERROR_REFUSED,
                   "this token is not valid (any more)");
    must(access_identify(state_conn, second, &who, &err));
    must(access_password_renew(state_conn, "alice", "$another", "$evil", &err));
    must(access_password_read(state_conn, "alice", hash, &err));
    assert_string_equal(hash, "$first");
    must(access_password_renew(state_conn, "alice", "$first", "$newer", &err));
    must(access_identify(state_conn, second, &who, &err));
    must(access_password_set(state_conn, "alice", "$third", &err));
    expect_message(access_identify(state_conn, second, &who, &why), &why, ERROR_REFUSED,
                   "this token is not valid (any more)");
}

DB_CASE(disabled_means_no_password)
{
    Error why = {0};
    char hash[ACCESS_PASSWORD_HASH_BYTES];
    char session[ACCESS_TOKEN_BYTES];
    AccessIdentity who;
    must(access_person_disable(state_conn, "alice", &err));
    must(access_password_read(state_conn, "alice", hash, &err));
    assert_string_equal(hash, "");
    AccessProven still = proven(NULL);
    expect_message(access_session(state_conn, &still, session, &who, &why), &why, ERROR_REFUSED,
                   "this token is not valid (any more)");
    expect_message(access_password_set(state_conn, "alice", "$x", &why), &why, ERROR_INPUT,
                   "there is no person \"alice\", or they are disabled");
    expect_message(access_password_set(state_conn, "nobody", "$x", &why), &why, ERROR_INPUT,
                   "there is no person \"nobody\", or they are disabled");
    must(access_person_change(state_conn, "alice", "viewer", &err));
    must(access_password_read(state_conn, "alice", hash, &err));
    assert_string_equal(hash, "");
    must(access_session(state_conn, &still, session, &who, &err));
    db_close(state_conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_cannot_be_one),
        cmocka_unit_test(the_right_one_is_known_and_no_other),
        cmocka_unit_test(an_old_hash_is_renewed),
        cmocka_unit_test(an_unknown_person_costs_the_same),
        cmocka_unit_test(a_crowd_waits_or_is_refused_and_the_loop_goes_on),
        cmocka_unit_test(who_has_waited_is_not_refused_for_those_who_come_later),
        cmocka_unit_test(a_session_needs_the_password_that_was_proven),
        cmocka_unit_test(disabled_means_no_password),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
