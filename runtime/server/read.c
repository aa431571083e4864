/* From libwebsockets' header table to a request. Everything is checked here that can be without the
 * database. */
#include "server/private.h"

#include "base/bounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEADER_MAX = 8192, KEY_MAX_BYTES = 100 };

static const char COOKIE[] = "headgate_session=";

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

static const char *cookie_value(Arena *arena, const char *cookies)
{
    for (const char *at = cookies; at != NULL && *at != '\0';) {
        at += strspn(at, " ;,");
        size_t length = strcspn(at, ";, ");
        if (strncmp(at, COOKIE, sizeof(COOKIE) - 1) == 0)
            return arena_strndup(arena, at + sizeof(COOKIE) - 1, length - (sizeof(COOKIE) - 1));
        at += length;
    }
    return NULL;
}

const char *read_token(struct lws *wsi, Arena *arena, bool *ret_by_cookie)
{
    *ret_by_cookie = false;
    const char *authorization = read_header(wsi, arena, WSI_TOKEN_HTTP_AUTHORIZATION);
    if (authorization != NULL)
        return strncasecmp(authorization, "Bearer ", 7) == 0 ? authorization + 7 : "";
    const char *token = cookie_value(arena, read_header(wsi, arena, WSI_TOKEN_HTTP_COOKIE));
    *ret_by_cookie = token != NULL;
    return token;
}

bool read_is_ours(Server *server, struct lws *wsi, Arena *arena, int *ret_status, Error *err)
{
    *ret_status = STATUS_BAD_REQUEST;
    const char *host = read_header(wsi, arena, WSI_TOKEN_HOST);
    if (host == NULL || repeated(wsi, WSI_TOKEN_HOST))
        return error_set(err, ERROR_INPUT, "the request names no host");
    *ret_status = STATUS_FORBIDDEN;
    if (!guard_host_allowed(&server->guard, host)) {
        error_set(err, ERROR_REFUSED, "this server is not \"%.100s\"", host);
        return error_hint(err, "it is %s", server->guard.url);
    }
    const char *origin = read_header(wsi, arena, WSI_TOKEN_ORIGIN);
    if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0 &&
        !guard_origin_allowed(&server->guard, origin))
        return error_set(err, ERROR_REFUSED, "requests of pages of \"%.100s\" are not accepted",
                         origin == NULL ? "?" : origin);
    return true;
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

static bool read_length(ServerRequest *request, struct lws *wsi, Error *err)
{
    const char *length = read_header(wsi, request->arena, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
        return request_fail(request, STATUS_LENGTH_REQUIRED, err, ERROR_INPUT,
                            "send the body with Content-Length: chunked bodies are not accepted");
    if (length == NULL && request->method != METHOD_GET)
        return request_fail(request, STATUS_LENGTH_REQUIRED, err, ERROR_INPUT,
                            "the header Content-Length is missing");
    if (length != NULL && (repeated(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) || strlen(length) > 15 ||
                           strspn(length, "0123456789") != strlen(length)))
        return request_fail(request, STATUS_BAD_REQUEST, err, ERROR_INPUT,
                            "Content-Length is not a number");
    request->length = length == NULL ? 0 : strtoull(length, NULL, 10);
    if (request->method == METHOD_GET && request->length > 0)
        return request_fail(request, STATUS_BAD_REQUEST, err, ERROR_INPUT, "a GET has no body");
    if (request->length > BOUND_HTTP_BODY_BYTES)
        return request_fail(request, STATUS_TOO_LARGE, err, ERROR_INPUT,
                            "the body has %zu bytes; at most %d are accepted", request->length,
                            (int)BOUND_HTTP_BODY_BYTES);
    return true;
}

static bool read_headers(ServerRequest *request, struct lws *wsi, Error *err)
{
    Arena *arena = request->arena;
    request->origin = read_header(wsi, arena, WSI_TOKEN_ORIGIN);
    request->token = read_token(wsi, arena, &request->by_cookie);
    request->csrf = read_custom(wsi, arena, "x-headgate-csrf:");
    request->content_type = read_header(wsi, arena, WSI_TOKEN_HTTP_CONTENT_TYPE);
    request->accept_encoding = read_header(wsi, arena, WSI_TOKEN_HTTP_ACCEPT_ENCODING);
    request->if_match = read_header(wsi, arena, WSI_TOKEN_HTTP_IF_MATCH);
    request->if_none_match = read_header(wsi, arena, WSI_TOKEN_HTTP_IF_NONE_MATCH);
    request->idempotency_key = read_custom(wsi, arena, "idempotency-key:");
    if (request->idempotency_key != NULL &&
        (request->idempotency_key[0] == '\0' || strlen(request->idempotency_key) > KEY_MAX_BYTES))
        return request_fail(request, STATUS_BAD_REQUEST, err, ERROR_INPUT,
                            "Idempotency-Key has 1 to %d bytes", (int)KEY_MAX_BYTES);
    return true;
}

bool read_head(ServerRequest *request, struct lws *wsi, Error *err)
{
    read_line(request, wsi);
    if (!read_length(request, wsi, err))
        return false;
    int status = 0;
    if (!read_is_ours(request->server, wsi, request->arena, &status, err)) {
        request->answer.status = status;
        return false;
    }
    const char *allow = NULL;
    bool api = text_starts(request->path, "/api/");
    request->route =
        api ? route_find(request->method, request->path, request->arena, request->values, &allow)
            : NULL;
    if (api && request->route == NULL && allow == NULL)
        return request_fail(request, STATUS_NOT_FOUND, err, ERROR_INPUT, "there is no %.200s",
                            request->path);
    if (request->method == METHOD_OTHER ||
        (request->route == NULL && (api || request->method != METHOD_GET))) {
        request->answer.allow = api && allow != NULL ? allow : "GET";
        return request_fail(request, STATUS_METHOD_NOT_ALLOWED, err, ERROR_INPUT,
                            "this address takes only %s", request->answer.allow);
    }
    return read_headers(request, wsi, err);
}
