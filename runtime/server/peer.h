/* Addresses that are connected: how many connections each has, and how often it failed to log in.
 * libwebsockets 4.1.6 of Debian has no peer limits compiled in. Pure: the caller brings the time.
 */
#ifndef HEADGATE_SERVER_PEER_H
#define HEADGATE_SERVER_PEER_H

#include "base/base.h"

#include <sys/socket.h>

typedef struct ServerPeers ServerPeers;
typedef struct ServerPeer ServerPeer;

ServerPeers *peers_new(size_t per_address);
void peers_free(ServerPeers *peers);

/// May this address open another connection? IPv6 counts by its first 64 bits.
bool peers_allow(const ServerPeers *peers, const struct sockaddr *address);
/// Counts a connection; ended by peer_release(). NULL when the address has too many.
ServerPeer *peers_take(ServerPeers *peers, const struct sockaddr *address);
void peer_release(ServerPeers *peers, ServerPeer *peer, int64_t now_us);

/// How many seconds (rounded up) until this address may try to log in again; 0 = now.
int peer_wait_s(const ServerPeer *peer, int64_t now_us);
/// A token was wrong. After 5 of them each costs twice the wait of the one before, up to 60 s.
void peer_failed(ServerPeer *peer, int64_t now_us);
void peer_succeeded(ServerPeer *peer);

enum { PEER_KEY_BYTES = 8 };
/// May a token from an address that waits be looked at all the same? Ten times a second: so a good
/// one is not refused for its neighbours, and wrong ones still cost little.
bool peer_may_look(ServerPeer *peer, int64_t now_us);
/// What the address is counted by: PEER_KEY_BYTES bytes.
const uint8_t *peer_key(const ServerPeer *peer);

#endif
