/* Limits by address, with a clock of the test's own. */
#include "server/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { LIMIT = 3, SECOND = 1000000 };

static const struct sockaddr *address_of(const char *text)
{
    static struct sockaddr_storage storage;
    struct sockaddr_in *four = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;
    storage = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
        six->sin6_family = AF_INET6;
    }
    return (const struct sockaddr *)&storage;
}

static void each_address_has_its_own_limit(void **state)
{
    UNUSED(state);
    ServerPeers *peers = peers_new(LIMIT);
    ServerPeer *peer = NULL;
    for (int i = 0; i < LIMIT; i++)
        peer = peers_take(peers, address_of("10.0.0.1"));
    assert_non_null(peer);
    assert_false(peers_allow(peers, address_of("10.0.0.1")));
    assert_null(peers_take(peers, address_of("10.0.0.1")));
    assert_false(peers_allow(peers, address_of("::ffff:10.0.0.1")));
    assert_true(peers_allow(peers, address_of("10.0.0.2")));
    peer_release(peers, peer, 0);
    assert_true(peers_allow(peers, address_of("10.0.0.1")));
    peers_free(peers);
}

static void ipv6_counts_by_network(void **state)
{
    UNUSED(state);
    ServerPeers *peers = peers_new(LIMIT);
    assert_non_null(peers_take(peers, address_of("2001:db8::1")));
    assert_non_null(peers_take(peers, address_of("2001:db8::2")));
    assert_non_null(peers_take(peers, address_of("2001:db8::ffff:1:2:3")));
    assert_false(peers_allow(peers, address_of("2001:db8::9")));
    assert_true(peers_allow(peers, address_of("2001:db8:0:1::1")));
    peers_free(peers);
}

static void wrong_tokens_wait_longer_and_longer(void **state)
{
    UNUSED(state);
    ServerPeers *peers = peers_new(LIMIT);
    ServerPeer *peer = peers_take(peers, address_of("10.0.0.1"));
    static const int WAITS[] = {0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60};
    int64_t now_us = 5 * SECOND;
    for (size_t i = 0; i < COUNT_OF(WAITS); i++) {
        peer_failed(peer, now_us);
        assert_int_equal(peer_wait_s(peer, now_us), WAITS[i]);
        now_us += (int64_t)WAITS[i] * SECOND;
        assert_int_equal(peer_wait_s(peer, now_us), 0);
    }
    peer_failed(peer, now_us);
    assert_int_equal(peer_wait_s(peer, now_us + SECOND / 2), 60);
    peer_succeeded(peer);
    assert_int_equal(peer_wait_s(peer, now_us), 0);
    peers_free(peers);
}

/* The penalty stays while the address hangs up and comes back, and is forgotten some time after. */
static void a_penalty_outlives_the_connection(void **state)
{
    UNUSED(state);
    ServerPeers *peers = peers_new(LIMIT);
    ServerPeer *peer = peers_take(peers, address_of("10.0.0.1"));
    for (int i = 0; i < 8; i++)
        peer_failed(peer, 100 * SECOND);
    peer_release(peers, peer, 100 * SECOND);
    peer = peers_take(peers, address_of("10.0.0.1"));
    assert_int_equal(peer_wait_s(peer, 100 * SECOND), 8);
    peer_release(peers, peer, 200 * (int64_t)SECOND);
    peer = peers_take(peers, address_of("10.0.0.1"));
    peer_failed(peer, 200 * (int64_t)SECOND);
    assert_int_equal(peer_wait_s(peer, 200 * (int64_t)SECOND), 0);
    peers_free(peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_its_own_limit),
        cmocka_unit_test(ipv6_counts_by_network),
        cmocka_unit_test(wrong_tokens_wait_longer_and_longer),
        cmocka_unit_test(a_penalty_outlives_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
