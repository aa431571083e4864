/* Addresses, hosts and origins. */
#include "server/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void addresses_are_parsed(void **state)
{
    UNUSED(state);
    static const struct {
        const char *text;
        const char *host; /* NULL = refused */
        int port;
        bool loopback;
    } CASES[] = {
        {"127.0.0.1:8080", "127.0.0.1", 8080, true},
        {"8081", "127.0.0.1", 8081, true},
        {":0", "127.0.0.1", 0, true},
        {"127.0.0.1", "127.0.0.1", 8080, true},
        {"127.9.9.9:1", "127.9.9.9", 1, true},
        {"localhost:9", "localhost", 9, true},
        {"[::1]:80", "::1", 80, true},
        {"[::1]", "::1", 8080, true},
        {"0.0.0.0:80", "0.0.0.0", 80, false},
        {"[::]:80", "::", 80, false},
        {"10.0.0.1:443", "10.0.0.1", 443, false},
        {"::1:80", NULL, 0, false},
        {"127.0.0.1:x", NULL, 0, false},
        {"127.0.0.1:", NULL, 0, false},
        {"127.0.0.1:65536", NULL, 0, false},
        {"[::1", NULL, 0, false},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        ServerAddress address = {0};
        Error err = {0};
        bool ok = guard_parse_address(CASES[i].text, &address, &err);
        if (ok != (CASES[i].host != NULL))
            fail_msg("%s: %s", CASES[i].text, ok ? "was taken" : err.message);
        if (!ok) {
            assert_non_null(strstr(err.message, "is not an address to listen on"));
            continue;
        }
        assert_string_equal(address.host, CASES[i].host);
        assert_int_equal(address.port, CASES[i].port);
        assert_int_equal(address.loopback, CASES[i].loopback);
    }
}

static ServerGuard guard_of(Arena *arena, const char *address_text, const char *public_url)
{
    ServerGuard guard;
    ServerAddress address;
    Error err = {0};
    assert_true(guard_parse_address(address_text, &address, &err));
    if (!guard_init(&guard, arena, &address, public_url, &err))
        fail_msg("%s", err.message);
    return guard;
}

static void only_our_names_are_ours(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    ServerGuard guard = guard_of(arena, "127.0.0.1:8080", NULL);
    assert_string_equal(guard.url, "http://127.0.0.1:8080");
    assert_true(guard_host_allowed(&guard, "127.0.0.1:8080"));
    assert_true(guard_host_allowed(&guard, "LocalHost:8080"));
    assert_true(guard_origin_allowed(&guard, "http://localhost:8080"));
    static const char *const HOSTS[] = {"127.0.0.1", "127.0.0.1:8081", "evil.example:8080", "",
                                        "127.0.0.1:8080 "};
    for (size_t i = 0; i < COUNT_OF(HOSTS); i++)
        assert_false(guard_host_allowed(&guard, HOSTS[i]));
    static const char *const ORIGINS[] = {"null",
                                          "",
                                          "http://127.0.0.1",
                                          "https://127.0.0.1:8080",
                                          "http://127.0.0.1:8080.evil.example",
                                          "http://127.0.0.1:8080/",
                                          "http://x@127.0.0.1:8080",
                                          "HTTP://127.0.0.1:8080",
                                          "http://LOCALHOST:8080",
                                          "127.0.0.1:8080"};
    for (size_t i = 0; i < COUNT_OF(ORIGINS); i++)
        assert_false(guard_origin_allowed(&guard, ORIGINS[i]));
    assert_false(guard_host_allowed(&guard, NULL));
    assert_false(guard_origin_allowed(&guard, NULL));
}

static void port_80_needs_no_port(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    ServerGuard guard = guard_of(arena, "[::1]:80", NULL);
    assert_true(guard_host_allowed(&guard, "[::1]"));
    assert_true(guard_host_allowed(&guard, "[::1]:80"));
    assert_true(guard_host_allowed(&guard, "localhost"));
}

static void nothing_secret_crosses_a_network_in_the_clear(void **state)
{
    UNUSED(state);
    static const struct {
        const char *address;
        bool tls;
        const char *url;
        const char *origin; /* NULL: refused */
        bool secure;
    } CASES[] = {
        {"127.0.0.1:80", false, NULL, "http://127.0.0.1", false},
        {"127.0.0.1:443", true, NULL, "https://127.0.0.1", true},
        {"127.0.0.1:8443", true, NULL, "https://127.0.0.1:8443", true},
        {"127.0.0.1:8080", false, "http://localhost:9000", "http://localhost:9000", false},
        {"127.0.0.1:8080", false, "http://[::1]:9000", "http://[::1]:9000", false},
        {"127.0.0.1:8080", false, "https://headgate.example", "https://headgate.example", true},
        {"127.0.0.1:8080", false, "http://headgate.example", NULL, false},
        {"127.0.0.1:8080", true, "http://headgate.example", NULL, false},
        {"10.0.0.5:8443", true, NULL, "https://10.0.0.5:8443", true},
        {"10.0.0.5:8080", false, NULL, NULL, false},
        {"10.0.0.5:8080", false, "https://headgate.example", "https://headgate.example", true},
        {"10.0.0.5:8080", false, "http://headgate.example", NULL, false},
        {"10.0.0.5:8080", false, "http://localhost", NULL, false},
        {"0.0.0.0:8443", true, NULL, NULL, false},
        {"0.0.0.0:8443", true, "https://headgate.example", "https://headgate.example", true},
        {"[::]:8443", false, "https://headgate.example", "https://headgate.example", true},
    };
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        ServerGuard guard;
        ServerAddress address;
        Error err = {0};
        assert_true(guard_parse_address(CASES[i].address, &address, &err));
        address.tls = CASES[i].tls;
        bool ok = guard_init(&guard, arena, &address, CASES[i].url, &err);
        if (ok != (CASES[i].origin != NULL))
            fail_msg("case %zu %s", i, ok ? "was taken" : err.message);
        if (!ok)
            continue;
        assert_string_equal(guard.url, CASES[i].origin);
        assert_true(guard_origin_allowed(&guard, CASES[i].origin));
        assert_int_equal(guard.secure, CASES[i].secure);
    }
}

static void a_public_url_is_a_name_of_ours(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    ServerGuard guard = guard_of(arena, "0.0.0.0:8080", "https://HeadGate.example.org/");
    assert_true(guard.secure);
    assert_string_equal(guard.url, "https://headgate.example.org");
    assert_true(guard_host_allowed(&guard, "headgate.example.org"));
    assert_true(guard_origin_allowed(&guard, "https://headgate.example.org"));
    assert_false(guard_origin_allowed(&guard, "http://headgate.example.org"));
    assert_false(guard_host_allowed(&guard, "127.0.0.1:8080"));
}

static void what_others_can_reach_is_refused(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    ServerGuard guard;
    ServerAddress address;
    Error err = {0};
    assert_true(guard_parse_address("0.0.0.0:8080", &address, &err));
    assert_false(guard_init(&guard, arena, &address, NULL, &err));
    assert_int_equal(err.kind, ERROR_REFUSED);
    assert_string_equal(err.message,
                        "0.0.0.0 can be reached by others, and this server speaks plain HTTP");
    static const char *const URLS[] = {"headgate.example.org", "ftp://x", "https://", "https://a@b",
                                       "https://a/path"};
    for (size_t i = 0; i < COUNT_OF(URLS); i++) {
        assert_false(guard_init(&guard, arena, &address, URLS[i], &err));
        assert_non_null(strstr(err.message, "is not a public URL"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_parsed),
        cmocka_unit_test(only_our_names_are_ours),
        cmocka_unit_test(port_80_needs_no_port),
        cmocka_unit_test(nothing_secret_crosses_a_network_in_the_clear),
        cmocka_unit_test(a_public_url_is_a_name_of_ours),
        cmocka_unit_test(what_others_can_reach_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
