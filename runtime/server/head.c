/* The checks of a request's head, in the order in which they are answered. */
#include "server/head.h"

#include "base/bounds.h"
#include "server/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KEY_MAX_BYTES = 100, LENGTH_MAX_DIGITS = 15 };

const char *head_cookie_name(bool secure)
{
    return secure ? "__Host-headgate_session" : "headgate_session";
}

static const char *cookie_value(Arena *arena, const char *cookies, const char *name)
{
    size_t name_length = strlen(name);
    for (const char *at = cookies; at != NULL && *at != '\0';) {
        at += strspn(at, " ;,");
        size_t length = strcspn(at, ";, ");
        if (length > name_length && strncmp(at, name, name_length) == 0 && at[name_length] == '=')
            return arena_strndup(arena, at + name_length + 1, length - name_length - 1);
        at += length;
    }
    return NULL;
}

const char *head_token(const ServerHead *head, bool secure, Arena *arena, bool *ret_by_cookie)
{
    *ret_by_cookie = false;
    if (head->authorization != NULL)
        return strncasecmp(head->authorization, "Bearer ", 7) == 0 ? head->authorization + 7 : "";
    const char *token = cookie_value(arena, head->cookie, head_cookie_name(secure));
    *ret_by_cookie = token != NULL;
    return token;
}

bool head_names_subprotocol(const char *list, const char *ours)
{
    size_t length = strlen(ours);
    for (const char *at = list; at != NULL && *at != '\0';) {
        at += strspn(at, " ,");
        size_t word = strcspn(at, " ,");
        if (word == length && strncmp(at, ours, length) == 0)
            return true;
        at += word;
    }
    return false;
}

bool head_is_ours(const ServerHead *head, const ServerGuard *guard, int *ret_status, Error *err)
{
    *ret_status = STATUS_BAD_REQUEST;
    if (head->host == NULL || head->host_repeated)
        return error_set(err, ERROR_INPUT, "the request names no host");
    *ret_status = STATUS_FORBIDDEN;
    if (!guard_host_allowed(guard, head->host)) {
        error_set(err, ERROR_REFUSED, "this server is not \"%.100s\"", head->host);
        return error_hint(err, "it is %s", guard->url);
    }
    if (head->has_origin && !guard_origin_allowed(guard, head->origin))
        return error_set(err, ERROR_REFUSED, "requests of pages of \"%.100s\" are not accepted",
                         head->origin == NULL ? "?" : head->origin);
    return true;
}

static bool check_length(const ServerHead *head, ServerHeadRead *ret, Error *err)
{
    const char *length = head->content_length;
    ret->status = STATUS_LENGTH_REQUIRED;
    if (head->chunked)
        return error_set(err, ERROR_INPUT,
                         "send the body with Content-Length: chunked bodies are not accepted");
    if (length == NULL && head->method != METHOD_GET)
        return error_set(err, ERROR_INPUT, "the header Content-Length is missing");
    ret->status = STATUS_BAD_REQUEST;
    if (length != NULL && (head->content_length_repeated || strlen(length) > LENGTH_MAX_DIGITS ||
                           strspn(length, "0123456789") != strlen(length)))
        return error_set(err, ERROR_INPUT, "Content-Length is not a number");
    ret->length = length == NULL ? 0 : strtoull(length, NULL, 10);
    if (head->method == METHOD_GET && ret->length > 0)
        return error_set(err, ERROR_INPUT, "a GET has no body");
    ret->status = STATUS_TOO_LARGE;
    return ret->length <= BOUND_HTTP_BODY_BYTES ||
           error_set(err, ERROR_INPUT, "the body has %zu bytes; at most %d are accepted",
                     ret->length, (int)BOUND_HTTP_BODY_BYTES);
}

static bool check_route(const ServerHead *head, Arena *arena, ServerHeadRead *ret, Error *err)
{
    const char *allow = NULL;
    bool api = text_starts(head->path, "/api/");
    if (api)
        ret->route = route_find(head->method, head->path, arena, ret->values, &allow);
    ret->status = STATUS_NOT_FOUND;
    if (api && ret->route == NULL && allow == NULL)
        return error_set(err, ERROR_INPUT, "there is no %.200s", head->path);
    bool takes = api ? ret->route != NULL : head->method == METHOD_GET;
    if (takes)
        return true;
    ret->status = STATUS_METHOD_NOT_ALLOWED;
    ret->allow = api ? allow : "GET";
    return error_set(err, ERROR_INPUT, "this address takes only %s", ret->allow);
}

static bool check_key(const ServerHead *head, ServerHeadRead *ret, Error *err)
{
    const char *key = head->idempotency_key;
    ret->status = STATUS_BAD_REQUEST;
    return key == NULL || (key[0] != '\0' && strlen(key) <= KEY_MAX_BYTES) ||
           error_set(err, ERROR_INPUT, "Idempotency-Key has 1 to %d bytes", (int)KEY_MAX_BYTES);
}

bool head_check(const ServerHead *head, const ServerGuard *guard, Arena *arena, ServerHeadRead *ret,
                Error *err)
{
    *ret = (ServerHeadRead){0};
    return check_length(head, ret, err) && head_is_ours(head, guard, &ret->status, err) &&
           check_route(head, arena, ret, err) && check_key(head, ret, err);
}
