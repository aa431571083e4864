/* Connections that cross a network: they are encrypted, and the server proves who it is, unless
 * somebody says otherwise. libpq's own default ("prefer") gives a password to whoever answers. */
#include "db/private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST_BYTES = 256 };

static bool is_this_machine(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (host[0] == '\0' || host[0] == '/' || host[0] == '@' || strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* Several hosts stand between commas; one that is elsewhere is enough. */
static bool any_elsewhere(const char *hosts)
{
    for (const char *at = hosts; at != NULL;) {
        char host[HOST_BYTES];
        size_t length = strcspn(at, ",");
        if (length >= sizeof(host))
            return true;
        memcpy(host, at, length);
        host[length] = '\0';
        if (!is_this_machine(host))
            return true;
        at = at[length] == ',' ? at + length + 1 : NULL;
    }
    return false;
}

static const char *given(const PQconninfoOption *options, const char *keyword, const char *variable)
{
    for (; options != NULL && options->keyword != NULL; options++) {
        if (strcmp(options->keyword, keyword) == 0 && options->val != NULL)
            return options->val;
    }
    return getenv(variable);
}

bool db_needs_certificate(const char *conninfo)
{
    /* a plain name of a database is no connection string, and says nothing about hosts */
    PQconninfoOption *options = text_empty(conninfo) ? NULL : pq->conninfoParse(conninfo, NULL);
    const char *address = given(options, "hostaddr", "PGHOSTADDR");
    const char *host = given(options, "host", "PGHOST");
    bool said = given(options, "sslmode", "PGSSLMODE") != NULL ||
                given(options, "service", "PGSERVICE") != NULL; /* it is the service's to say */
    bool elsewhere = any_elsewhere(address != NULL ? address : host);
    pq->conninfoFree(options);
    return !said && elsewhere;
}
