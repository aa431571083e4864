/* Host and Origin. */
#include "server/guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_MAX = 65535, PORT_DEFAULT = 8080, HTTP_PORT = 80, HTTPS_PORT = 443 };

static bool parse_port(const char *text, int *ret_port)
{
    size_t length = strlen(text);
    if (length == 0 || length > 5 || strspn(text, "0123456789") != length)
        return false;
    long port = strtol(text, NULL, 10);
    *ret_port = (int)port;
    return port <= PORT_MAX;
}

bool guard_is_loopback(const char *host)
{
    struct in6_addr six;
    struct in_addr four;
    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static bool no_address(const char *text, Error *err)
{
    error_set(err, ERROR_INPUT, "\"%.200s\" is not an address to listen on", text);
    return error_hint(err, "for example 127.0.0.1:8080, [::1]:8080 or 8080");
}

bool guard_parse_address(const char *text, ServerAddress *ret_address, Error *err)
{
    ServerAddress address = {.port = PORT_DEFAULT};
    const char *colon = strrchr(text, ':');
    const char *bracket = strrchr(text, ']');
    const char *port = colon != NULL && (bracket == NULL || colon > bracket) ? colon + 1 : NULL;
    bool only_port = colon == NULL && strspn(text, "0123456789") == strlen(text) && *text != '\0';
    if (only_port)
        port = text;
    if (port != NULL && !parse_port(port, &address.port))
        return no_address(text, err);
    const char *start = text[0] == '[' ? text + 1 : text;
    const char *end = text[0] == '[' ? bracket : port == NULL ? text + strlen(text) : port - 1;
    if (only_port || end == start) {
        start = "127.0.0.1";
        end = start + strlen(start);
    }
    if (end == NULL || end < start || (size_t)(end - start) >= sizeof(address.host))
        return no_address(text, err);
    memcpy(address.host, start, (size_t)(end - start));
    if (text[0] != '[' && strchr(address.host, ':') != NULL)
        return no_address(text, err);
    address.loopback = guard_is_loopback(address.host);
    *ret_address = address;
    return true;
}

static void add(ServerGuard *guard, const char *host, const char *origin)
{
    invariant(guard->count < GUARD_NAMES_MAX);
    guard->hosts[guard->count] = host;
    guard->origins[guard->count] = origin;
    guard->count++;
}

/* As browsers spell it in Origin. */
static const char *lower(Arena *arena, const char *name, size_t length)
{
    char *copy = arena_strndup(arena, name, length);
    for (char *at = copy; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return copy;
}

/* Browsers leave out the port that a scheme implies. */
static void add_name(ServerGuard *guard, Arena *arena, const char *name,
                     const ServerAddress *address)
{
    const char *scheme = address->tls ? "https" : "http";
    if (address->port == (address->tls ? HTTPS_PORT : HTTP_PORT))
        add(guard, name, arena_printf(arena, "%s://%s", scheme, name));
    add(guard, arena_printf(arena, "%s:%d", name, address->port),
        arena_printf(arena, "%s://%s:%d", scheme, name, address->port));
}

/* "[::1]:8080", "name:80" or "name": is it this machine? */
static bool is_own_host(Arena *arena, const char *host)
{
    const char *start = host[0] == '[' ? host + 1 : host;
    size_t length = host[0] == '[' ? strcspn(start, "]") : strcspn(start, ":");
    return guard_is_loopback(arena_strndup(arena, start, length));
}

static bool add_public(ServerGuard *guard, Arena *arena, const char *url, Error *err)
{
    bool https = text_starts(url, "https://");
    if (!https && !text_starts(url, "http://"))
        return error_set(err, ERROR_INPUT,
                         "\"%.200s\" is not a public URL: it begins with https://", url);
    const char *name = url + (https ? 8 : 7);
    size_t length = strcspn(name, "/?#");
    if (length == 0 || strspn(name + length, "/") != strlen(name + length) ||
        memchr(name, '@', length) != NULL)
        return error_set(err, ERROR_INPUT,
                         "\"%.200s\" is not a public URL: it has a host and no path", url);
    const char *host = lower(arena, name, length);
    if (!https && !is_own_host(arena, host)) {
        error_set(err, ERROR_REFUSED, "%.200s is plain HTTP: passwords could be read on the way",
                  url);
        return error_hint(err, "let the proxy speak TLS and give its address as https://…");
    }
    add(guard, host, arena_printf(arena, "%s%s", https ? "https://" : "http://", host));
    guard->secure = guard->secure || https;
    return true;
}

static bool is_private(const ServerAddress *address, const ServerGuard *guard, Error *err)
{
    if (address->loopback || address->tls || guard->secure)
        return true;
    error_set(err, ERROR_REFUSED, "%s can be reached by others, and this server speaks plain HTTP",
              address->host);
    return error_hint(err,
                      "give it --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy "
                      "with TLS and say its --public-url");
}

static void add_own_names(ServerGuard *guard, Arena *arena, const ServerAddress *address)
{
    const char *host = lower(arena, address->host, strlen(address->host));
    const char *name = strchr(host, ':') != NULL ? arena_printf(arena, "[%s]", host) : host;
    add_name(guard, arena, name, address);
    if (address->loopback && strcmp(name, "localhost") != 0)
        add_name(guard, arena, "localhost", address);
}

bool guard_init(ServerGuard *guard, Arena *arena, const ServerAddress *address,
                const char *public_url, Error *err)
{
    *guard = (ServerGuard){.secure = address->tls};
    if ((public_url != NULL && !add_public(guard, arena, public_url, err)) ||
        !is_private(address, guard, err))
        return false;
    bool all = text_equal(address->host, "0.0.0.0") || text_equal(address->host, "::");
    if (all && public_url == NULL) {
        error_set(err, ERROR_INPUT, "listening on %s needs the name that browsers use",
                  address->host);
        return error_hint(err, "--public-url https://NAME:PORT");
    }
    if (!all && (address->loopback || address->tls))
        add_own_names(guard, arena, address);
    guard->url = guard->origins[0];
    return true;
}

bool guard_host_allowed(const ServerGuard *guard, const char *host)
{
    for (size_t i = 0; host != NULL && i < guard->count; i++) {
        if (strcasecmp(guard->hosts[i], host) == 0)
            return true;
    }
    return false;
}

bool guard_origin_allowed(const ServerGuard *guard, const char *origin)
{
    for (size_t i = 0; origin != NULL && i < guard->count; i++) {
        if (strcmp(guard->origins[i], origin) == 0)
            return true;
    }
    return false;
}
