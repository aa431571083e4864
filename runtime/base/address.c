/* Loopback or a path: what has no authentication must not be asked over a network. */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { HOST_BYTES = 64, PORT_MAX = 65535 };

static bool path_of(const char *text, struct sockaddr_storage *ret_address, Error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(text) >= sizeof(address.sun_path))
        return error_set(err, ERROR_INPUT, "the path of a socket has at most %zu bytes: %.40s…",
                         sizeof(address.sun_path) - 1, text);
    memcpy(address.sun_path, text, strlen(text) + 1);
    memset(ret_address, 0, sizeof(*ret_address));
    memcpy(ret_address, &address, sizeof(address));
    return true;
}

static bool split(const char *text, char host[HOST_BYTES], long *ret_port)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || (size_t)(colon - text) >= HOST_BYTES ||
        colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    *ret_port = strtol(colon + 1, NULL, 10);
    return *ret_port >= 1 && *ret_port <= PORT_MAX;
}

static bool loopback(const char *text, struct sockaddr_storage *ret_address)
{
    char host[HOST_BYTES];
    long port = 0;
    if (!split(text, host, &port))
        return false;
    memset(ret_address, 0, sizeof(*ret_address));
    if (strcmp(host, "[::1]") == 0) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                       .sin6_port = htons((uint16_t)port),
                                       .sin6_addr = in6addr_loopback};
        memcpy(ret_address, &address, sizeof(address));
        return true;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const char *name = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (!text_starts(name, "127.") || inet_pton(AF_INET, name, &address.sin_addr) != 1)
        return false;
    memcpy(ret_address, &address, sizeof(address));
    return true;
}

bool address_local(const char *text, struct sockaddr_storage *ret_address, Error *err)
{
    if (text[0] == '/')
        return path_of(text, ret_address, err);
    return loopback(text, ret_address) ||
           error_set(err, ERROR_INPUT,
                     "\"%.100s\" is no socket of this machine: it must be an absolute path or a "
                     "loopback address like 127.0.0.1:9999",
                     text);
}
