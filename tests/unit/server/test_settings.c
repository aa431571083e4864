/* What the server was told, the flags that rollouts set, and one's own tokens. */
#include "seed.h"

static void settings_show_who_may_and_no_secrets(void **state)
{
    UNUSED(state);
    Reply reply = ask_as("vera", "GET", "/api/settings", "", NULL);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_at(reply.json, "environments.0.environment"), "demo");
    assert_string_equal(text_at(reply.json, "environments.0.approvers.admin.0"), "alice");
    assert_string_equal(text_at(reply.json, "measured.0.guard"), "error_rate < 1%");
    assert_true(json_is_real(at(reply.json, "measured.0.value")));
    assert_string_equal(text_at(reply.json, "environments.0.metrics.p95.url"),
                        "http://***@mon.example/p95?***");
    assert_string_equal(text_at(reply.json, "environments.0.variables.token"), "${HOME}");
    assert_string_equal(text_at(reply.json, "environments.0.variables.prefixed"), "(hidden)");
    assert_null(strstr(reply.body, "password"));
    assert_null(strstr(reply.body, "sha256"));
    reply_done(&reply);
}

static void flags_are_those_of_the_newest_run(void **state)
{
    UNUSED(state);
    Reply reply = ask_as("vera", "GET", "/api/flags", "", NULL);
    if (json_array_size(at(reply.json, "flags")) != 1)
        fail_msg("%s", reply.body);
    assert_string_equal(text_at(reply.json, "flags.0.flag"), "v2");
    assert_true(json_is_null(at(reply.json, "flags.0.percent")));
    reply_done(&reply);
    sql("SELECT headgate.event_append(7, 3, 'flag', 1, 'rollout.flag', 'v2', '{\"percent\": 10, "
        "\"enabled\": true}')");
    reply = ask_as("vera", "GET", "/api/flags", "", NULL);
    assert_int_equal(json_integer_value(at(reply.json, "flags.0.percent")), 10);
    assert_true(json_is_true(at(reply.json, "flags.0.enabled")));
    assert_string_equal(text_at(reply.json, "flags.0.run"), "7");
    assert_string_equal(text_at(reply.json, "flags.0.environment"), "demo");
    reply_done(&reply);
}

/* The session of a token, as the headers of a POST. */
static void log_in_with(const char *token, char *headers, size_t size)
{
    char body[200];
    char cookie[ACCESS_TOKEN_BYTES + 64];
    snprintf(body, sizeof(body), "{\"token\": \"%s\"}", token);
    char origin[64];
    snprintf(origin, sizeof(origin), "Origin: http://127.0.0.1:%d\r\n", served.port);
    Reply reply = ask("POST", "/api/login", origin, body);
    assert_int_equal(reply.status, 200);
    const char *set = header_of(&reply, "set-cookie");
    snprintf(cookie, sizeof(cookie), "%.*s", (int)strcspn(set, ";"), set);
    snprintf(headers, size, "Cookie: %s\r\nX-Headgate-CSRF: %s\r\n%s", cookie,
             text_at(reply.json, "csrf"), origin);
    reply_done(&reply);
}

/* By their log-in link. */
static void log_in(const char *name, char *headers, size_t size)
{
    log_in_with(served.once[person(name)], headers, size);
}

static void tokens_are_ones_own(void **state)
{
    UNUSED(state);
    char headers[512];
    expect_error(ask_as("bob", "POST", "/api/tokens", "", "{\"label\": \"ci\", \"days\": 1}"), 403,
                 "a token is made by whoever has logged in, not by another token");
    log_in("bob", headers, sizeof(headers));
    expect_error(ask("POST", "/api/tokens", headers, "{\"label\": \"ci\", \"days\": 366}"), 400,
                 "\"days\" is a number from 1 to 365");
    expect_error(ask("POST", "/api/tokens", headers, "{\"days\": 1}"), 400,
                 "the body needs \"label\"");
    Reply reply = ask("POST", "/api/tokens", headers, "{\"label\": \"ci\", \"days\": 30}");
    assert_int_equal(reply.status, 201);
    char mine[160];
    snprintf(mine, sizeof(mine), "Authorization: Bearer %s\r\n", text_at(reply.json, "token"));
    reply_done(&reply);
    reply = ask("GET", "/api/tokens", mine, NULL);
    assert_string_equal(text_at(reply.json, "tokens.0.label"), "ci");
    size_t i = 0;
    json_t *token = NULL;
    json_array_foreach (at(reply.json, "tokens"), i, token) {
        assert_string_equal(text_at(token, "person"), "bob");
    }
    char revoke[100];
    snprintf(revoke, sizeof(revoke), "/api/tokens/%s/revoke", text_at(reply.json, "tokens.0.id"));
    reply_done(&reply);
    reply = ask_as("vera", "POST", revoke, "", "{}");
    assert_int_equal(reply.status, 404);
    reply_done(&reply);
    reply = ask("POST", revoke, mine, "{}");
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    reply = ask("GET", "/api/tokens", mine, NULL);
    assert_int_equal(reply.status, 401);
    reply_done(&reply);
}

static void expect_status(Reply reply, int status)
{
    assert_int_equal(reply.status, status);
    reply_done(&reply);
}

/* Whoever has stolen a token must not keep what they got by it when it is revoked. */
static void what_a_token_gives_ends_with_it(void **state)
{
    UNUSED(state);
    char link[512];
    char stolen[512];
    char revoke[100];
    log_in("carol", link, sizeof(link));
    Reply reply = ask("POST", "/api/tokens", link, "{\"label\": \"ci\", \"days\": 1}");
    assert_int_equal(reply.status, 201);
    log_in_with(text_at(reply.json, "token"), stolen, sizeof(stolen));
    reply_done(&reply);
    expect_status(ask("GET", "/api/me", stolen, NULL), 200);
    expect_error(ask("POST", "/api/tokens", stolen, "{\"label\": \"more\", \"days\": 365}"), 403,
                 "you have logged in with an API token, and a token makes no other");
    reply = ask("GET", "/api/tokens", link, NULL);
    assert_string_equal(text_at(reply.json, "tokens.0.label"), "ci");
    snprintf(revoke, sizeof(revoke), "/api/tokens/%s/revoke", text_at(reply.json, "tokens.0.id"));
    reply_done(&reply);
    expect_status(ask("POST", revoke, link, "{}"), 200);
    expect_status(ask("GET", "/api/me", stolen, NULL), 401);
    expect_status(ask("GET", "/api/me", link, NULL), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_show_who_may_and_no_secrets),
        cmocka_unit_test(flags_are_those_of_the_newest_run),
        cmocka_unit_test(tokens_are_ones_own),
        cmocka_unit_test(what_a_token_gives_ends_with_it),
    };
    return cmocka_run_group_tests(tests, serve_seeded, unserve);
}
