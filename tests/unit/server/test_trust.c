/* Which proxies are believed, and whom they speak for. */
#include "server/trust.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static ServerTrust trust_of(Arena *arena, const char *header, const char *proxies)
{
    ServerTrust trust;
    Error err = {0};
    if (!trust_init(&trust, arena, header, proxies, &err))
        fail_msg("%s", err.message);
    return trust;
}

static bool trusted(const ServerTrust *trust, const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return trust_address(trust, (const struct sockaddr *)&four);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return trust_address(trust, (const struct sockaddr *)&six);
}

static void networks_hold_their_addresses_and_no_others(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    ServerTrust trust = trust_of(arena, "X-Forwarded-User", "10.1.0.0/16, 192.0.2.7,fd00::/8 ,::1");
    assert_string_equal(trust.header, "x-forwarded-user:");
    static const char *const OURS[] = {"10.1.0.1",        "10.1.255.255", "192.0.2.7",
                                       "::ffff:10.1.2.3", "fd12::1",      "::1"};
    static const char *const OTHERS[] = {"10.2.0.1", "11.1.0.1", "192.0.2.6",  "127.0.0.1",
                                         "fe80::1",  "::2",      "::10.1.0.1", "::ffff:10.2.0.1"};
    for (size_t i = 0; i < COUNT_OF(OURS); i++)
        assert_true(trusted(&trust, OURS[i]));
    for (size_t i = 0; i < COUNT_OF(OTHERS); i++)
        assert_false(trusted(&trust, OTHERS[i]));
    ServerTrust everybody = trust_of(arena, NULL, "0.0.0.0/0");
    assert_true(trusted(&everybody, "203.0.113.9"));
    assert_false(trusted(&everybody, "2001:db8::1"));
    ServerTrust nobody = trust_of(arena, NULL, NULL);
    assert_false(trusted(&nobody, "127.0.0.1"));
    struct sockaddr unix_socket = {.sa_family = AF_UNIX};
    assert_false(trust_address(&everybody, &unix_socket));
}

static void what_makes_no_sense_is_refused(void **state)
{
    UNUSED(state);
    static const char *const CASES[][3] = {
        {"X-User", NULL, "--trust-header needs --trusted-proxy"},
        {"X-User", "", "--trusted-proxy names no network"},
        {"X-User", "proxy.example", "\"proxy.example\" is not a network"},
        {"X-User", "10.0.0.0/33", "\"10.0.0.0/33\": a network has 0 to 32 bits"},
        {"X-User", "10.0.0.0/", "\"10.0.0.0/\": a network has 0 to 32 bits"},
        {"X-User", "::/129", "\"::/129\": a network has 0 to 128 bits"},
        {"X-User", "10.0.0.0/-1", "\"10.0.0.0/-1\": a network has 0 to 32 bits"},
        {"Host", "::1", "\"Host\" cannot be the header that says who somebody is"},
        {"Cookie", "::1", "\"Cookie\" cannot be the header that says who somebody is"},
        {"X-", "::1", "\"X-\" cannot be the header that says who somebody is"},
        {"X-Forwarded-For", "::1",
         "\"X-Forwarded-For\" cannot be the header that says who somebody is"},
        {"X-Headgate-CSRF", "::1",
         "\"X-Headgate-CSRF\" cannot be the header that says who somebody is"},
        {"X-User: alice", "::1",
         "\"X-User: alice\" cannot be the header that says who somebody is"},
    };
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        ServerTrust trust;
        Error err = {0};
        assert_false(trust_init(&trust, arena, CASES[i][0], CASES[i][1], &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_string_equal(err.message, CASES[i][2]);
    }
}

static void the_client_is_the_last_that_is_no_proxy(void **state)
{
    UNUSED(state);
    static const char *const CASES[][2] = {
        {"203.0.113.9", "203.0.113.9"},
        {"203.0.113.9, 10.0.0.2", "203.0.113.9"},
        {"1.2.3.4, 203.0.113.9, 10.0.0.2,10.0.0.3", "203.0.113.9"},
        {"nonsense, 203.0.113.9", "203.0.113.9"},
        {"2001:db8::7, 10.0.0.2", "2001:db8::7"},
        {"10.0.0.2, 10.0.0.3", NULL},
        {"203.0.113.9, nonsense", NULL},
        {"203.0.113.9,", NULL},
        {"", NULL},
        {" ", NULL},
        {",", NULL},
    };
    AUTO(arena_auto) Arena *arena = arena_new();
    ServerTrust trust = trust_of(arena, "X-User", "10.0.0.0/8");
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        struct sockaddr_storage client;
        bool found = trust_client(&trust, CASES[i][0], &client);
        if (found != (CASES[i][1] != NULL))
            fail_msg("\"%s\" %s", CASES[i][0], found ? "was believed" : "was not believed");
        if (!found)
            continue;
        char text[INET6_ADDRSTRLEN];
        const struct in6_addr *six = &((const struct sockaddr_in6 *)&client)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(six))
            inet_ntop(AF_INET, six->s6_addr + 12, text, sizeof(text));
        else
            inet_ntop(AF_INET6, six, text, sizeof(text));
        assert_string_equal(text, CASES[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_hold_their_addresses_and_no_others),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(the_client_is_the_last_that_is_no_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
