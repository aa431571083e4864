/* From an answer to bytes on the connection. */
#include "server/private.h"
#include "server/tls.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

static const char POLICY[] = "Content-Security-Policy: default-src 'self'; connect-src 'self'; "
                             "style-src 'self'; img-src 'self' data:; "
                             "frame-ancestors 'none'; base-uri 'none'\r\n"
                             "X-Content-Type-Options: nosniff\r\n"
                             "X-Frame-Options: DENY\r\n"
                             "Referrer-Policy: same-origin\r\n"
                             "Cross-Origin-Resource-Policy: same-origin\r\n";

typedef struct StatusRow {
    int status;
    const char *text;
} StatusRow;

static const StatusRow STATUSES[] = {
    {STATUS_OK, "OK"},
    {STATUS_CREATED, "Created"},
    {STATUS_ACCEPTED, "Accepted"},
    {STATUS_NOT_MODIFIED, "Not Modified"},
    {STATUS_BAD_REQUEST, "Bad Request"},
    {STATUS_UNAUTHORIZED, "Unauthorized"},
    {STATUS_FORBIDDEN, "Forbidden"},
    {STATUS_NOT_FOUND, "Not Found"},
    {STATUS_METHOD_NOT_ALLOWED, "Method Not Allowed"},
    {STATUS_CONFLICT, "Conflict"},
    {STATUS_LENGTH_REQUIRED, "Length Required"},
    {STATUS_TOO_LARGE, "Content Too Large"},
    {STATUS_UNSUPPORTED_TYPE, "Unsupported Media Type"},
    {STATUS_PRECONDITION_REQUIRED, "Precondition Required"},
    {STATUS_TOO_MANY, "Too Many Requests"},
    {STATUS_INTERNAL, "Internal Server Error"},
    {STATUS_UNAVAILABLE, "Service Unavailable"},
};

static const char *status_text(int status)
{
    for (size_t i = 0; i < COUNT_OF(STATUSES); i++) {
        if (STATUSES[i].status == status)
            return STATUSES[i].text;
    }
    invariant_failed(__FILE__, __LINE__, "every status we send has a text");
}

int status_of(const Error *err)
{
    static const int BY_KIND[] = {
        [ERROR_INPUT] = STATUS_BAD_REQUEST,     [ERROR_UNREACHABLE] = STATUS_UNAVAILABLE,
        [ERROR_CANCELLED] = STATUS_UNAVAILABLE, [ERROR_REFUSED] = STATUS_FORBIDDEN,
        [ERROR_CONFLICT] = STATUS_CONFLICT,
    };
    size_t kind = (size_t)err->kind;
    return kind < COUNT_OF(BY_KIND) && BY_KIND[kind] != 0 ? BY_KIND[kind] : STATUS_INTERNAL;
}

void write_json(ServerRequest *request, int status, const json_t *body)
{
    char *text = json_text(body);
    ServerAnswer *answer = &request->answer;
    answer->status = status;
    answer->type = "application/json";
    answer->size_bytes = strlen(text);
    answer->bytes = arena_memdup(request->arena, text, answer->size_bytes);
    answer->caching = "no-store";
    free(text);
}

void write_file(ServerRequest *request, const char *type, const char *name, const Text *text)
{
    ServerAnswer *answer = &request->answer;
    answer->status = STATUS_OK;
    answer->type = type;
    answer->size_bytes = text->length_bytes;
    answer->bytes = arena_memdup(request->arena, text_string(text), answer->size_bytes);
    answer->caching = "no-store";
    answer->download = arena_printf(request->arena, "attachment; filename=\"%s\"", name);
}

void write_error(ServerRequest *request, const Error *err)
{
    AUTO(json_auto) json_t *body = json_object();
    json_object_set_new(body, "error", json_from_error(err));
    int status = request->answer.status == 0 ? status_of(err) : request->answer.status;
    if (status == STATUS_UNAUTHORIZED && request->proxied != NULL) /* who they could log in as */
        json_set_string(body, "proxy", request->proxied);
    write_json(request, status, body);
}

/* Values in headers are ours or checked; a line break would still end the answer early. */
static void add(Text *header, const char *name, const char *value)
{
    if (value == NULL)
        return;
    invariant(strpbrk(value, "\r\n") == NULL);
    text_printf(header, "%s: %s\r\n", name, value);
}

static void compose(const ServerAnswer *answer, bool secure, Text *header)
{
    text_printf(header, "HTTP/1.1 %d %s\r\n", answer->status, status_text(answer->status));
    if (answer->status != STATUS_NOT_MODIFIED)
        text_printf(header, "Content-Length: %zu\r\n", answer->size_bytes);
    add(header, "Content-Type", answer->type);
    add(header, "Content-Encoding", answer->encoding);
    add(header, "Cache-Control", answer->caching);
    add(header, "ETag", answer->etag);
    add(header, "Content-Disposition", answer->download);
    add(header, "Vary", answer->type != NULL && answer->etag != NULL ? "Accept-Encoding" : NULL);
    add(header, "Set-Cookie", answer->cookie);
    add(header, "Allow", answer->allow);
    if (answer->retry_after_s > 0)
        text_printf(header, "Retry-After: %d\r\n", answer->retry_after_s);
    if (answer->status == STATUS_UNAUTHORIZED)
        add(header, "WWW-Authenticate", "Bearer realm=\"headgate\"");
    add(header, "Connection", "close");
    text_append(header, POLICY);
    if (secure)
        text_append(header, "Strict-Transport-Security: max-age=31536000\r\n");
    text_append(header, "\r\n");
}

/* The part of [from, from + size) that is not sent yet. */
static struct iovec rest_of(const char *from, size_t size, size_t sent)
{
    size_t skip = sent < size ? sent : size;
    return (struct iovec){.iov_base = (void *)(uintptr_t)(from + skip), .iov_len = size - skip};
}

static ssize_t send_parts(const ServerRequest *request, const struct iovec *parts, size_t count)
{
    const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                                   .msg_iovlen = count};
    if (!request->server->tls)
        return sendmsg(lws_get_socket_fd(request->wsi), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    const struct iovec *first = parts[0].iov_len > 0 ? &parts[0] : &parts[1];
    return tls_send(request->wsi, first->iov_base, first->iov_len);
}

WriteResult write_some(ServerRequest *request)
{
    const ServerAnswer *answer = &request->answer;
    if (request->header.length_bytes == 0)
        compose(answer, request->server->guard.secure, &request->header);
    size_t head_bytes = request->header.length_bytes;
    size_t body_bytes =
        request->head || answer->status == STATUS_NOT_MODIFIED ? 0 : answer->size_bytes;
    while (request->sent_bytes < head_bytes + body_bytes) {
        size_t sent = request->sent_bytes;
        size_t behind = sent > head_bytes ? sent - head_bytes : 0;
        struct iovec parts[] = {rest_of(request->header.data, head_bytes, sent),
                                rest_of(answer->bytes, body_bytes, behind)};
        ssize_t part = send_parts(request, parts, COUNT_OF(parts));
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? WRITE_LATER : WRITE_FAILED;
        request->sent_bytes += (size_t)part;
    }
    return WRITE_DONE;
}

void write_refusal(struct lws *wsi, int status, const Error *err)
{
    AUTO(json_auto) json_t *body = json_object();
    json_object_set_new(body, "error", json_from_error(err));
    AUTO(base_free) char *text = json_text(body);
    ServerAnswer answer = {.status = status,
                           .type = "application/json",
                           .size_bytes = strlen(text),
                           .caching = "no-store"};
    AUTO(text_done) Text whole;
    text_init(&whole, SERVER_FRAME_BYTES);
    compose(&answer, server_of(wsi)->guard.secure, &whole);
    text_append(&whole, text);
    unsigned char *out = server_of(wsi)->frame + LWS_PRE;
    memcpy(out, whole.data, whole.length_bytes);
    if (lws_write(wsi, out, whole.length_bytes, LWS_WRITE_HTTP) < 0)
        log_debug("a refusal could not be written");
}
