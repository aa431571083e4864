/* What a client says before the body, as plain texts, and everything about it that can be judged
 * without the database. Pure: the tables of libwebsockets end in read.c. */
#ifndef HEADGATE_SERVER_HEAD_H
#define HEADGATE_SERVER_HEAD_H

#include "server/guard.h"
#include "server/route.h"

/// As it was sent; NULL = absent, or longer than is taken.
typedef struct ServerHead {
    ServerMethod method;
    const char *path; ///< percent-decoded, without the query; never NULL
    const char *host;
    bool host_repeated;
    const char *origin;
    bool has_origin; ///< there is one, even when it is too long to be taken
    const char *authorization;
    const char *cookie;
    const char *content_length;
    bool content_length_repeated;
    bool chunked; ///< there is a Transfer-Encoding
    const char *idempotency_key;
} ServerHead;

/// What follows from it.
typedef struct ServerHeadRead {
    size_t length; ///< of the body
    const ServerRoute *route;
    const char *values[ROUTE_VALUES_MAX];
    const char *allow; ///< with 405: the methods that this address takes
    int status;        ///< of a refusal
} ServerHeadRead;

/// May this request be worked on? Memory from arena. false: ret->status and err say why not, and
/// ret->allow belongs to it.
NODISCARD bool head_check(const ServerHead *head, const ServerGuard *guard, Arena *arena,
                          ServerHeadRead *ret, Error *err);
/// Host and Origin of any request, upgrades included; false with a status in *ret_status.
NODISCARD bool head_is_ours(const ServerHead *head, const ServerGuard *guard, int *ret_status,
                            Error *err);
/// The session cookie. Over https it has the prefix __Host-: a browser takes it only from this very
/// host, over https, for all of it, so no neighbour can plant one.
const char *head_cookie_name(bool secure);
/// The token of "Authorization: Bearer" or of the session cookie, or NULL. From arena or borrowed.
const char *head_token(const ServerHead *head, bool secure, Arena *arena, bool *ret_by_cookie);
/// Does Sec-WebSocket-Protocol (NULL = absent) name ours?
bool head_names_subprotocol(const char *list, const char *ours);

#endif
