/* From libwebsockets' header table to a request. What is right and wrong about it is head.c's. */
#include "server/private.h"

#include <string.h>

enum { HEADER_MAX = 8192 };

const char *read_header(struct lws *wsi, Arena *arena, enum lws_token_indexes token)
{
    int length = lws_hdr_total_length(wsi, token);
    if (length <= 0 || length > HEADER_MAX)
        return NULL;
    char *text = arena_alloc(arena, (size_t)length + 2);
    return lws_hdr_copy(wsi, text, length + 1, token) < 0 ? NULL : text;
}

static const char *read_custom(struct lws *wsi, Arena *arena, const char *name)
{
    char text[HEADER_MAX];
    int length = lws_hdr_custom_copy(wsi, text, (int)sizeof(text), name, (int)strlen(name));
    return length < 0 ? NULL : arena_strndup(arena, text, (size_t)length);
}

/* Was the header sent more than once? */
static bool repeated(struct lws *wsi, enum lws_token_indexes token)
{
    char text[HEADER_MAX];
    return lws_hdr_copy_fragment(wsi, text, (int)sizeof(text), token, 1) >= 0;
}

/* What of a head any request has, upgrades included. */
static void read_common(struct lws *wsi, Arena *arena, ServerHead *head)
{
    head->host = read_header(wsi, arena, WSI_TOKEN_HOST);
    head->host_repeated = repeated(wsi, WSI_TOKEN_HOST);
    head->origin = read_header(wsi, arena, WSI_TOKEN_ORIGIN);
    head->has_origin = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0;
    head->authorization = read_header(wsi, arena, WSI_TOKEN_HTTP_AUTHORIZATION);
    head->cookie = read_header(wsi, arena, WSI_TOKEN_HTTP_COOKIE);
}

void read_upgrade(struct lws *wsi, Arena *arena, ServerHead *ret_head)
{
    *ret_head = (ServerHead){.method = METHOD_GET};
    const char *path = read_header(wsi, arena, WSI_TOKEN_GET_URI);
    ret_head->path = path == NULL ? "" : path;
    read_common(wsi, arena, ret_head);
}

bool read_proxied(struct lws *wsi, Arena *arena, const char **ret_person, Error *err)
{
    const char *name = server_of(wsi)->trust.header;
    *ret_person = NULL;
    if (name == NULL || lws_hdr_custom_length(wsi, name, (int)strlen(name)) < 0)
        return true;
    int length = (int)strlen(name);
    if (!connection_of(wsi)->trusted)
        return error_set(err, ERROR_REFUSED, "the header %.*s is believed only from our proxy",
                         length - 1, name);
    *ret_person = read_custom(wsi, arena, name);
    return true;
}

/* Behind a proxy all clients have its address; what they guess is counted by their own. The
 * address. */
static const char *read_client(ServerConnection *connection, struct lws *wsi, Arena *arena)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    const char *list =
        connection->trusted ? read_header(wsi, arena, WSI_TOKEN_X_FORWARDED_FOR) : NULL;
    bool behind = list != NULL && trust_client(&connection->server->trust, list, &address);
    if (behind && connection->client == NULL)
        connection->client =
            peers_take(connection->server->peers, (const struct sockaddr *)&address);
    if (!behind && getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&address, &length) != 0)
        return "";
    return door_address(arena, &address);
}

typedef struct MethodToken {
    enum lws_token_indexes token;
    ServerMethod method;
    bool head;
} MethodToken;

static const MethodToken METHODS[] = {
    {WSI_TOKEN_GET_URI, METHOD_GET, false},       {WSI_TOKEN_HEAD_URI, METHOD_GET, true},
    {WSI_TOKEN_POST_URI, METHOD_POST, false},     {WSI_TOKEN_PUT_URI, METHOD_OTHER, false},
    {WSI_TOKEN_PATCH_URI, METHOD_OTHER, false},   {WSI_TOKEN_DELETE_URI, METHOD_OTHER, false},
    {WSI_TOKEN_OPTIONS_URI, METHOD_OTHER, false},
};

static void read_line(ServerRequest *request, struct lws *wsi)
{
    request->method = METHOD_OTHER;
    request->path = "";
    for (size_t i = 0; i < COUNT_OF(METHODS); i++) {
        const char *path = read_header(wsi, request->arena, METHODS[i].token);
        if (path == NULL)
            continue;
        request->method = METHODS[i].method;
        request->head = METHODS[i].head;
        request->path = path;
    }
    char text[HEADER_MAX];
    while (request->args_count < REQUEST_ARGS_MAX &&
           lws_hdr_copy_fragment(wsi, text, (int)sizeof(text), WSI_TOKEN_HTTP_URI_ARGS,
                                 (int)request->args_count) >= 0)
        request->args[request->args_count++] = arena_strdup(request->arena, text);
}

static void read_headers(ServerRequest *request, struct lws *wsi, const ServerHead *head)
{
    Arena *arena = request->arena;
    request->origin = head->origin;
    request->token = head_token(head, request->server->guard.secure, arena, &request->by_cookie);
    request->csrf = read_custom(wsi, arena, "x-headgate-csrf:");
    request->content_type = read_header(wsi, arena, WSI_TOKEN_HTTP_CONTENT_TYPE);
    request->accept_encoding = read_header(wsi, arena, WSI_TOKEN_HTTP_ACCEPT_ENCODING);
    request->if_match = read_header(wsi, arena, WSI_TOKEN_HTTP_IF_MATCH);
    request->if_none_match = read_header(wsi, arena, WSI_TOKEN_HTTP_IF_NONE_MATCH);
    request->idempotency_key = head->idempotency_key;
}

bool read_head(ServerRequest *request, struct lws *wsi, Error *err)
{
    read_line(request, wsi);
    Arena *arena = request->arena;
    ServerHead head = {.method = request->method, .path = request->path};
    read_common(wsi, arena, &head);
    head.content_length = read_header(wsi, arena, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    head.content_length_repeated = repeated(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    head.chunked = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
    head.idempotency_key = read_custom(wsi, arena, "idempotency-key:");
    ServerHeadRead read;
    request->from = read_client(request->connection, wsi, arena);
    request->agent = read_header(wsi, arena, WSI_TOKEN_HTTP_USER_AGENT);
    if (!read_proxied(wsi, arena, &request->proxied, err)) {
        request->answer.status = STATUS_FORBIDDEN;
        return false;
    }
    if (!head_check(&head, &request->server->guard, arena, &read, err)) {
        request->answer.status = read.status;
        request->answer.allow = read.allow;
        return false;
    }
    request->length = read.length;
    request->route = read.route;
    memcpy(request->values, read.values, sizeof(read.values));
    read_headers(request, wsi, &head);
    return true;
}
