/* A reverse proxy that has logged people in itself, and says who they are in a header. Pure: which
 * addresses are believed, and for whom a request of theirs came. */
#ifndef HEADGATE_SERVER_TRUST_H
#define HEADGATE_SERVER_TRUST_H

#include "base/arena.h"
#include "base/error.h"

#include <sys/socket.h>

enum { TRUST_NETWORKS_MAX = 32, TRUST_HEADER_MAX = 64 };

typedef struct TrustNetwork {
    uint8_t bytes[16]; ///< IPv4 as its mapped address
    int bits;          ///< 0 … 128
} TrustNetwork;

typedef struct ServerTrust {
    const char
        *header; ///< "x-forwarded-user:", as libwebsockets wants it; NULL: nobody is believed
    TrustNetwork networks[TRUST_NETWORKS_MAX];
    size_t count;
} ServerTrust;

/// header: a name, or NULL. proxies: "10.0.0.0/8,::1", or NULL. ERROR_INPUT: neither without the
/// other makes sense, except proxies alone (then only X-Forwarded-For is read). From arena.
NODISCARD bool trust_init(ServerTrust *trust, Arena *arena, const char *header, const char *proxies,
                          Error *err);
/// Does this address belong to a proxy that is trusted?
bool trust_address(const ServerTrust *trust, const struct sockaddr *address);
/// The client as the trusted proxies saw it: the last address of X-Forwarded-For that is none of
/// theirs. false when there is none; what stands before it anybody may have written.
bool trust_client(const ServerTrust *trust, const char *forwarded_for,
                  struct sockaddr_storage *ret_address);

#endif
