/* Networks of proxies, and the addresses they pass on. */
#include "server/trust.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 128, IPV4_BITS = 32, ADDRESS_TEXT = 64 };

static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/* *ret_four: it was written as IPv4. */
static bool parse_address(const char *text, uint8_t bytes[16], bool *ret_four)
{
    memcpy(bytes, MAPPED, sizeof(MAPPED));
    *ret_four = inet_pton(AF_INET, text, bytes + sizeof(MAPPED)) == 1;
    return *ret_four || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool bytes_of(const struct sockaddr *address, uint8_t bytes[16])
{
    if (address->sa_family == AF_INET) {
        memcpy(bytes, MAPPED, sizeof(MAPPED));
        memcpy(bytes + sizeof(MAPPED),
               &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    return true;
}

static bool holds(const TrustNetwork *network, const uint8_t bytes[16])
{
    for (int i = 0; i < 16; i++) {
        int bits = network->bits - 8 * i;
        int mask = bits >= 8 ? 0xFF : bits <= 0 ? 0 : 0xFF << (8 - bits);
        if ((network->bytes[i] ^ bytes[i]) & mask & 0xFF)
            return false;
    }
    return true;
}

static bool is_ours(const ServerTrust *trust, const uint8_t bytes[16])
{
    for (size_t i = 0; i < trust->count; i++) {
        if (holds(&trust->networks[i], bytes))
            return true;
    }
    return false;
}

static bool parse_network(const char *text, TrustNetwork *network, Error *err)
{
    char address[ADDRESS_TEXT];
    size_t length = strcspn(text, "/");
    bool four = false;
    if (length >= sizeof(address))
        return error_set(err, ERROR_INPUT, "\"%.80s\" is not a network", text);
    memcpy(address, text, length);
    address[length] = '\0';
    if (!parse_address(address, network->bytes, &four)) {
        error_set(err, ERROR_INPUT, "\"%.80s\" is not a network", text);
        return error_hint(err, "for example 127.0.0.1, 10.0.0.0/8 or fd00::/8");
    }
    int most = four ? IPV4_BITS : BITS;
    const char *size = text[length] == '/' ? text + length + 1 : NULL;
    long bits = size == NULL ? most : strtol(size, NULL, 10);
    if (size != NULL && (strlen(size) == 0 || strlen(size) > 3 ||
                         strspn(size, "0123456789") != strlen(size) || bits > most))
        return error_set(err, ERROR_INPUT, "\"%.80s\": a network has 0 to %d bits", text, most);
    network->bits = BITS - most + (int)bits;
    return true;
}

static bool add_networks(ServerTrust *trust, Arena *arena, const char *proxies, Error *err)
{
    for (const char *at = proxies; *at != '\0';) {
        at += strspn(at, ", ");
        size_t length = strcspn(at, ", ");
        if (length == 0)
            break;
        if (trust->count == TRUST_NETWORKS_MAX)
            return error_set(err, ERROR_INPUT, "at most %d networks of proxies",
                             (int)TRUST_NETWORKS_MAX);
        if (!parse_network(arena_strndup(arena, at, length), &trust->networks[trust->count], err))
            return false;
        trust->count++;
        at += length;
    }
    return trust->count > 0 || error_set(err, ERROR_INPUT, "--trusted-proxy names no network");
}

/* A header that every client or every proxy sends anyway would log in anybody. */
static bool check_header(const char *name, Error *err)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    static const char *const BEGINNINGS[] = {"x-", "remote-"};
    size_t length = strlen(name);
    bool ok = length < TRUST_HEADER_MAX && strspn(name, LETTERS) == length;
    bool own = false;
    for (size_t i = 0; i < COUNT_OF(BEGINNINGS); i++)
        own = own || (length > strlen(BEGINNINGS[i]) &&
                      strncasecmp(name, BEGINNINGS[i], strlen(BEGINNINGS[i])) == 0);
    if (ok && own && strncasecmp(name, "x-headgate-", strlen("x-headgate-")) != 0 &&
        strcasecmp(name, "x-forwarded-for") != 0)
        return true;
    error_set(err, ERROR_INPUT, "\"%.80s\" cannot be the header that says who somebody is", name);
    return error_hint(err, "for example X-Forwarded-User or Remote-User");
}

bool trust_init(ServerTrust *trust, Arena *arena, const char *header, const char *proxies,
                Error *err)
{
    *trust = (ServerTrust){0};
    if (header != NULL && proxies == NULL) {
        error_set(err, ERROR_INPUT, "--trust-header needs --trusted-proxy");
        return error_hint(err, "the header is believed from those addresses and from no other");
    }
    if ((header != NULL && !check_header(header, err)) ||
        (proxies != NULL && !add_networks(trust, arena, proxies, err)))
        return false;
    if (header == NULL)
        return true;
    char *name = arena_printf(arena, "%s:", header);
    for (char *at = name; *at != '\0'; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;
    trust->header = name;
    return true;
}

bool trust_address(const ServerTrust *trust, const struct sockaddr *address)
{
    uint8_t bytes[16];
    return bytes_of(address, bytes) && is_ours(trust, bytes);
}

/* The last of a list in [list, end), and where the list before it ends (NULL: there is none). */
static bool last_address(const char *list, const char *end, uint8_t bytes[16],
                         const char **ret_rest)
{
    char text[ADDRESS_TEXT];
    const char *start = end;
    bool four = false;
    while (start > list && start[-1] != ',')
        start--;
    const char *word = start;
    while (word < end && *word == ' ')
        word++;
    while (end > word && end[-1] == ' ')
        end--;
    size_t length = (size_t)(end - word);
    if (length >= sizeof(text))
        return false;
    memcpy(text, word, length);
    text[length] = '\0';
    *ret_rest = start == list ? NULL : start - 1;
    return parse_address(text, bytes, &four);
}

bool trust_client(const ServerTrust *trust, const char *forwarded_for,
                  struct sockaddr_storage *ret_address)
{
    uint8_t bytes[16];
    const char *end = forwarded_for + strlen(forwarded_for);
    do {
        if (end == NULL || !last_address(forwarded_for, end, bytes, &end))
            return false;
    } while (is_ours(trust, bytes));
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_address;
    memset(ret_address, 0, sizeof(*ret_address));
    six->sin6_family = AF_INET6;
    memcpy(&six->sin6_addr, bytes, sizeof(bytes));
    return true;
}
