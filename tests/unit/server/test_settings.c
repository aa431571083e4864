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
    assert_null(strstr(reply.body, "password"));
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

/* The session of a person's log-in link, as the headers of a POST. */
static void log_in(const char *name, char *headers, size_t size)
{
    char body[200];
    char cookie[ACCESS_TOKEN_BYTES + 64];
    snprintf(body, sizeof(body), "{\"token\": \"%s\"}", served.once[person(name)]);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_show_who_may_and_no_secrets),
        cmocka_unit_test(flags_are_those_of_the_newest_run),
        cmocka_unit_test(tokens_are_ones_own),
    };
    return cmocka_run_group_tests(tests, serve_seeded, unserve);
}
