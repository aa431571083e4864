/* By which door somebody came, for the audit: browser, command line or API, and from which address.
 */
#include "server/private.h"

#include <arpa/inet.h>
#include <string.h>

const char *door_address(Arena *arena, const struct sockaddr_storage *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    const void *number =
        address->ss_family == AF_INET6
            ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
            : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    bool known = address->ss_family == AF_INET || address->ss_family == AF_INET6;
    if (!known || inet_ntop(address->ss_family, number, text, sizeof(text)) == NULL)
        return "";
    return arena_strdup(arena, text_starts(text, "::ffff:") ? text + strlen("::ffff:") : text);
}

json_t *door_of(const ServerRequest *request)
{
    bool ours = request->agent != NULL && text_starts(request->agent, "headgate/");
    json_t *via = json_object();
    json_set_string(via, "door", request->by_cookie ? "browser" : ours ? "cli" : "api");
    json_set_string(via, "from", request->from);
    return via;
}
