/* Logging in with a password, over HTTP: what is told, how often one may guess, the cookie, and how
 * fast a stream ends when its person may not look any more. */
#include "access/password.h"
#include "access/throttle.h"
#include "stream.h"

#include <sodium/crypto_pwhash.h>

static const char GOOD[] = "four words of mine";
enum { FLOOD = 1000 };

/* An old, cheap hash: the first log-in renews it. */
static void give_password(const char *name, const char *password)
{
    char hash[crypto_pwhash_STRBYTES];
    char text[400];
    assert_int_equal(crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_MIN,
                                       crypto_pwhash_MEMLIMIT_MIN),
                     0);
    snprintf(text, sizeof(text), "UPDATE headgate.person SET password = '%s' WHERE name = '%s'",
             hash, name);
    sql(text);
}

static Reply log_in_from(const char *source, const char *headers, const char *name,
                         const char *password)
{
    char body[600];
    snprintf(body, sizeof(body), "{\"person\": \"%s\", \"password\": \"%s\"}", name, password);
    int fd = dial_from(source);
    char *text = compose("POST", "/api/login", headers, body);
    send_text(fd, text);
    free(text);
    Reply reply = read_reply(fd, true);
    close(fd);
    return reply;
}

static Reply log_in(const char *name, const char *password)
{
    return log_in_from("127.0.0.1", "", name, password);
}

static void cookie_of(const Reply *reply, char *out, size_t size)
{
    const char *cookie = header_of(reply, "set-cookie");
    assert_non_null(cookie);
    snprintf(out, size, "%.*s", (int)strcspn(cookie, ";"), cookie);
}

static void the_right_password_logs_in(void **state)
{
    UNUSED(state);
    give_password("alice", GOOD);
    Reply reply = log_in("alice", GOOD);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_at(reply.json, "person"), "alice");
    assert_string_equal(text_at(reply.json, "role"), "administrator");
    const char *cookie = header_of(&reply, "set-cookie");
    assert_true(text_starts(cookie, "headgate_session=hgt_"));
    assert_non_null(strstr(cookie, "; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"));
    assert_null(strstr(cookie, "Secure"));
    reply_done(&reply);
    const char *hash = sql_value("SELECT password FROM headgate.person WHERE name = 'alice'");
    assert_int_equal(crypto_pwhash_str_needs_rehash(hash, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                                    crypto_pwhash_MEMLIMIT_INTERACTIVE),
                     0);
    reply = log_in("alice", GOOD);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static void nothing_is_told_about_who_there_is(void **state)
{
    UNUSED(state);
    static const char WRONG[] = "this name and password do not belong together";
    expect_error(log_in("alice", "four words of his"), 401, WRONG);
    expect_error(log_in("vera", "four words of his"), 401, WRONG); /* she has none */
    expect_error(log_in("mallory", "four words of his"), 401, WRONG);
    expect_error(log_in("no' name; --", GOOD), 401, WRONG);
    expect_error(ask("POST", "/api/login", "", "{\"person\": \"alice\"}"), 400,
                 "the body needs \"password\"");
    expect_error(ask("POST", "/api/login", "", "{\"person\": \"alice\", \"password\": \"\"}"), 400,
                 "\"password\" is a text");
    expect_error(ask("POST", "/api/login", "",
                     "{\"person\": \"alice\", \"password\": \"x\", \"token\": \"x\"}"),
                 400, "the body has an unknown key \"token\"");
    expect_error(ask("POST", "/api/login", "Origin: http://evil.example\r\n",
                     "{\"person\": \"alice\", \"password\": \"four words of mine\"}"),
                 403, "requests of pages of \"http://evil.example\" are not accepted");
}

static void a_planted_session_is_worth_nothing(void **state)
{
    UNUSED(state);
    char planted[128];
    char headers[200];
    char mine[128];
    Reply reply = log_in("alice", GOOD);
    cookie_of(&reply, planted, sizeof(planted));
    reply_done(&reply);
    snprintf(headers, sizeof(headers), "Cookie: %s\r\n", planted);
    reply = log_in_from("127.0.0.1", headers, "alice", GOOD);
    assert_int_equal(reply.status, 200);
    cookie_of(&reply, mine, sizeof(mine));
    reply_done(&reply);
    assert_string_not_equal(planted, mine);
    expect_error(ask("GET", "/api/me", headers, NULL), 401, "you are not logged in (any more)");
    snprintf(headers, sizeof(headers), "Cookie: __Host-%s\r\n", mine);
    expect_error(ask("GET", "/api/me", headers, NULL), 401, "you are not logged in (any more)");
    snprintf(headers, sizeof(headers), "Cookie: %s\r\n", mine);
    reply = ask("GET", "/api/me", headers, NULL);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    sql("UPDATE headgate.token SET expires_at = now() WHERE kind = 'session'");
    expect_error(ask("GET", "/api/me", headers, NULL), 401, "you are not logged in (any more)");
}

/* One flood on many connections at once: all requests go out before any answer is read. */
static int flood(const char *source, const char *name, int count)
{
    enum { AT_ONCE = 100 };
    char body[200];
    int fds[AT_ONCE];
    int tried = 0;
    for (int sent = 0; sent < count; sent += AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++) {
            snprintf(body, sizeof(body), "{\"person\": \"%s\", \"password\": \"guess number %d\"}",
                     name, sent + i);
            char *text = compose("POST", "/api/login", "", body);
            fds[i] = dial_from(source);
            send_text(fds[i], text);
            free(text);
        }
        for (int i = 0; i < AT_ONCE; i++) {
            Reply reply = read_reply(fds[i], true);
            tried += reply.status == 401;
            assert_true(reply.status == 401 || reply.status == 429 || reply.status == 503);
            assert_true(reply.status == 401 || header_of(&reply, "retry-after") != NULL);
            reply_done(&reply);
            close(fds[i]);
        }
    }
    return tried;
}

/* Guesses until the wait that is told for the next try is long: what is asked then is asked within
 * it, on a slow machine too. */
static void guess_into_a_long_wait(const char *source, const char *name)
{
    enum { LONG_S = 3 };
    for (long wait_s = 0; wait_s < LONG_S;) {
        Reply reply = log_in_from(source, "", name, "guess number x");
        wait_s = reply.status == 429 ? strtol(header_of(&reply, "retry-after"), NULL, 10) : 0;
        reply_done(&reply);
    }
}

static void many_guesses_are_few_tries(void **state)
{
    UNUSED(state);
    give_password("bob", GOOD);
    int tried = flood("127.0.0.10", "bob", FLOOD);
    assert_in_range(tried, ACCESS_THROTTLE_FREE, 12);
    guess_into_a_long_wait("127.0.0.10", "bob");
    Reply reply = log_in_from("127.0.0.10", "", "bob", GOOD);
    assert_int_equal(reply.status, 429);
    assert_true(text_starts(text_at(reply.json, "error.message"),
                            "too many wrong passwords from this address: try again in "));
    reply_done(&reply);
    reply = log_in_from("127.0.0.99", "", "bob", GOOD);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static void a_crowd_is_told_to_come_again(void **state)
{
    UNUSED(state);
    enum { CROWD = 60 };
    int fds[CROWD];
    int counts[600] = {0};
    for (int i = 0; i < CROWD; i++) {
        char source[20];
        snprintf(source, sizeof(source), "127.0.1.%d", i + 1);
        char *text = compose("POST", "/api/login", "",
                             "{\"person\": \"dora\", \"password\": \"four words of hers\"}");
        fds[i] = dial_from(source);
        send_text(fds[i], text);
        free(text);
    }
    for (int i = 0; i < CROWD; i++) {
        Reply reply = read_reply(fds[i], true);
        counts[reply.status]++;
        const char *after = header_of(&reply, "retry-after");
        if (reply.status != 401 && (after == NULL || strcmp(after, "1") != 0))
            fail_msg("%d, Retry-After: %s", reply.status, after == NULL ? "(none)" : after);
        reply_done(&reply);
        close(fds[i]);
    }
    assert_int_equal(counts[401] + counts[503] + counts[429], CROWD);
    assert_true(counts[401] >= ACCESS_HASHER_AT_ONCE + ACCESS_HASHER_WAITING);
    assert_true(counts[503] > 0);
}

/* ------------------------------------------------------------------ streams */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void expect_end_after(const char *name, const char *statement)
{
    Stream stream = stream_as(name);
    assert_non_null(stream_next(&stream, "hello"));
    assert_non_null(stream_next(&stream, "tick"));
    int64_t from_ms = now_ms();
    sql(statement);
    expect_close(&stream, 4401, "the session has ended, or the role changed");
    assert_true(now_ms() - from_ms < 5000);
}

/* What the command line does in another process, each as its statement. */
static void a_stream_ends_with_the_right_to_it(void **state)
{
    UNUSED(state);
    expect_end_after("vera", "UPDATE headgate.person SET role = 'operator' WHERE name = 'vera' "
                             "RETURNING pg_notify('headgate_access', name)");
    expect_end_after("carol", "WITH t AS (DELETE FROM headgate.token WHERE person = 'carol') "
                              "SELECT pg_notify('headgate_access', '')");
    expect_end_after("vera", "UPDATE headgate.person SET disabled_at = now() WHERE name = 'vera' "
                             "RETURNING pg_notify('headgate_access', name)");
    Stream other = stream_as("bob");
    assert_non_null(stream_next(&other, "hello"));
    sql("SELECT pg_notify('headgate_access', '')");
    assert_non_null(stream_next(&other, "tick"));
    assert_non_null(stream_next(&other, "tick"));
    stream_done(&other);
}

static void no_password_is_in_the_log(void **state)
{
    UNUSED(state);
    char path[128];
    snprintf(path, sizeof(path), "%s/log", served.folder);
    FILE *log = fopen(path, "r");
    assert_non_null(log);
    char line[4096];
    int wrong = 0;
    while (fgets(line, sizeof(line), log) != NULL) {
        wrong += strstr(line, "a wrong password for \"bob\"") != NULL;
        assert_null(strstr(line, "four words"));
        assert_null(strstr(line, "guess number"));
        assert_null(strstr(line, "mallory"));
    }
    fclose(log);
    assert_true(wrong > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_password_logs_in),
        cmocka_unit_test(nothing_is_told_about_who_there_is),
        cmocka_unit_test(a_planted_session_is_worth_nothing),
        cmocka_unit_test(many_guesses_are_few_tries),
        cmocka_unit_test(a_crowd_is_told_to_come_again),
        cmocka_unit_test(a_stream_ends_with_the_right_to_it),
        cmocka_unit_test(no_password_is_in_the_log),
    };
    return cmocka_run_group_tests(tests, serve, unserve);
}
