/* Which Host and Origin are ours. Pure. A page of another site that points its own name at
 * 127.0.0.1 (DNS rebinding) sends its own Host; a page that opens a WebSocket sends its own Origin.
 */
#ifndef HEADGATE_SERVER_GUARD_H
#define HEADGATE_SERVER_GUARD_H

#include "base/arena.h"
#include "base/error.h"

enum { GUARD_NAMES_MAX = 8 };

typedef struct ServerGuard {
    const char *hosts[GUARD_NAMES_MAX];   ///< "127.0.0.1:8080", as Host spells it
    const char *origins[GUARD_NAMES_MAX]; ///< "http://127.0.0.1:8080"
    size_t count;
    const char *url; ///< the first origin: what people are told
    bool secure;     ///< browsers come by https
} ServerGuard;

typedef struct ServerAddress {
    char host[256]; ///< without brackets
    int port;
    bool loopback;
    bool tls; ///< we speak it ourselves
} ServerAddress;

/// Parses "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" or "8080".
NODISCARD bool guard_parse_address(const char *text, ServerAddress *ret_address, Error *err);
/// Is this the name or address of this very machine?
bool guard_is_loopback(const char *host);
/// Builds the lists for an address (its port is known now) and an optional public URL. From arena.
/// ERROR_REFUSED when passwords and cookies would cross a network in the clear: an address that
/// others can reach needs TLS or a public URL with https, and a public URL is https unless it is of
/// this machine.
NODISCARD bool guard_init(ServerGuard *guard, Arena *arena, const ServerAddress *address,
                          const char *public_url, Error *err);
/// Exactly one of ours; the letters of a host in any case, an origin as browsers spell it.
bool guard_host_allowed(const ServerGuard *guard, const char *host);
bool guard_origin_allowed(const ServerGuard *guard, const char *origin);

#endif
