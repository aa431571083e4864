/* Addresses, in a small hash table; an entry lives while it has connections or a penalty to wait
 * for. */
#include "server/peer.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 256,
    KEY_BYTES = PEER_KEY_BYTES,
    FREE_FAILURES = 5,
    WAIT_MAX_S = 60,
    SECOND_US = 1000000,
    LOOK_EVERY_US = SECOND_US / 10,
};

struct ServerPeer {
    ServerPeer *next;
    uint8_t key[KEY_BYTES];
    size_t connections;
    int failures;
    int64_t blocked_until_us;
    int64_t looked_us; ///< when a token was looked at although the address waits
};

struct ServerPeers {
    size_t per_address;
    ServerPeer *buckets[BUCKETS];
};

/* IPv4 (mapped or not) as itself, IPv6 by its network; anything else is one address. */
static void key_of(const struct sockaddr *address, uint8_t key[KEY_BYTES])
{
    memset(key, 0, KEY_BYTES);
    if (address->sa_family == AF_INET) {
        memcpy(key + 4, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *six =
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(six))
            memcpy(key + 4, six->s6_addr + 12, 4);
        else
            memcpy(key, six->s6_addr, KEY_BYTES);
    }
}

static size_t bucket_of(const uint8_t key[KEY_BYTES])
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < KEY_BYTES; i++)
        hash = (hash ^ key[i]) * 16777619U;
    return hash % BUCKETS;
}

static ServerPeer *find(const ServerPeers *peers, const uint8_t key[KEY_BYTES])
{
    ServerPeer *peer = peers->buckets[bucket_of(key)];
    while (peer != NULL && memcmp(peer->key, key, KEY_BYTES) != 0)
        peer = peer->next;
    return peer;
}

ServerPeers *peers_new(size_t per_address)
{
    ServerPeers *peers = base_alloc(sizeof(*peers));
    peers->per_address = per_address;
    return peers;
}

void peers_free(ServerPeers *peers)
{
    if (peers == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (peers->buckets[i] != NULL) {
            ServerPeer *peer = peers->buckets[i];
            peers->buckets[i] = peer->next;
            free(peer);
        }
    }
    free(peers);
}

bool peers_allow(const ServerPeers *peers, const struct sockaddr *address)
{
    uint8_t key[KEY_BYTES];
    key_of(address, key);
    const ServerPeer *peer = find(peers, key);
    return peer == NULL || peer->connections < peers->per_address;
}

ServerPeer *peers_take(ServerPeers *peers, const struct sockaddr *address)
{
    if (!peers_allow(peers, address))
        return NULL;
    uint8_t key[KEY_BYTES];
    key_of(address, key);
    ServerPeer *peer = find(peers, key);
    if (peer == NULL) {
        peer = base_alloc(sizeof(*peer));
        memcpy(peer->key, key, KEY_BYTES);
        peer->next = peers->buckets[bucket_of(key)];
        peers->buckets[bucket_of(key)] = peer;
    }
    peer->connections++;
    return peer;
}

/* Entries nobody needs any more go when their bucket is touched, so the table cannot grow without
 * end. */
static void sweep(ServerPeers *peers, size_t bucket, int64_t now_us)
{
    for (ServerPeer **at = &peers->buckets[bucket]; *at != NULL;) {
        ServerPeer *peer = *at;
        if (peer->connections > 0 ||
            peer->blocked_until_us + (int64_t)WAIT_MAX_S * SECOND_US > now_us) {
            at = &peer->next;
            continue;
        }
        *at = peer->next;
        free(peer);
    }
}

void peer_release(ServerPeers *peers, ServerPeer *peer, int64_t now_us)
{
    if (peer == NULL)
        return;
    invariant(peer->connections > 0);
    peer->connections--;
    sweep(peers, bucket_of(peer->key), now_us);
}

int peer_wait_s(const ServerPeer *peer, int64_t now_us)
{
    int64_t left_us = peer->blocked_until_us - now_us;
    return left_us <= 0 ? 0 : (int)((left_us + SECOND_US - 1) / SECOND_US);
}

void peer_failed(ServerPeer *peer, int64_t now_us)
{
    peer->failures++;
    int over = peer->failures - FREE_FAILURES;
    int64_t wait_s = over < 0 ? 0 : over > 5 ? WAIT_MAX_S : (int64_t)1 << over;
    peer->blocked_until_us = now_us + wait_s * SECOND_US;
}

void peer_succeeded(ServerPeer *peer)
{
    peer->failures = 0;
    peer->blocked_until_us = 0;
}

bool peer_may_look(ServerPeer *peer, int64_t now_us)
{
    if (peer->looked_us + LOOK_EVERY_US > now_us)
        return false;
    peer->looked_us = now_us;
    return true;
}

const uint8_t *peer_key(const ServerPeer *peer)
{
    return peer->key;
}
