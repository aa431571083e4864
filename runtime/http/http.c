/* http_request(): libcurl tells which sockets and which timeout it wants, libuv tells it when they
 * are due. Each request has a multi handle of its own: nothing outlives it, and processes that
 * never ask pay nothing. */
#include "http/http.h"

#include "base/bounds.h"
#include "base/log.h"
#include "base/text.h"
#include "http/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

static const HttpLibrary *curl; /* since the first request */

typedef struct Transfer Transfer;

/// A socket that libcurl wants watched.
typedef struct TransferSocket {
    uv_poll_t poll;
    curl_socket_t fd;
    Transfer *transfer;
    struct TransferSocket *next;
} TransferSocket;

struct Transfer {
    Loop *loop;
    Fiber *fiber;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    char *no_proxy;
    uv_timer_t timer;
    TransferSocket *sockets;
    bool done;
    CURLcode result;
    char message[CURL_ERROR_SIZE];
    Text body;
    Text head;
};

/* -- between libcurl and libuv -- */

static void take_result(Transfer *transfer)
{
    int left = 0;
    for (CURLMsg *message = curl->multi_info_read(transfer->multi, &left); message != NULL;
         message = curl->multi_info_read(transfer->multi, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        transfer->done = true;
        transfer->result = message->data.result;
        fiber_wake(transfer->fiber);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    TransferSocket *socket = poll->data;
    Transfer *transfer = socket->transfer; /* libcurl may give the socket up meanwhile */
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    flags |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    int running = 0;
    curl->multi_socket_action(transfer->multi, socket->fd, flags, &running);
    take_result(transfer);
}

static void on_socket_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void socket_give_up(Transfer *transfer, TransferSocket *socket)
{
    for (TransferSocket **link = &transfer->sockets; *link != NULL; link = &(*link)->next) {
        if (*link == socket) {
            *link = socket->next;
            break;
        }
    }
    uv_close((uv_handle_t *)&socket->poll, on_socket_closed);
}

static TransferSocket *socket_new(Transfer *transfer, curl_socket_t fd)
{
    TransferSocket *socket = base_alloc(sizeof(*socket));
    *socket = (TransferSocket){.fd = fd, .transfer = transfer, .next = transfer->sockets};
    if (uv_poll_init_socket(loop_uv(transfer->loop), &socket->poll, fd) != 0) {
        free(socket);
        return NULL;
    }
    socket->poll.data = socket;
    transfer->sockets = socket;
    curl->multi_assign(transfer->multi, fd, socket);
    return socket;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    UNUSED(easy);
    Transfer *transfer = ctx;
    TransferSocket *socket = socket_ctx;
    if (what == CURL_POLL_REMOVE) {
        if (socket != NULL)
            socket_give_up(transfer, socket);
        return 0;
    }
    if (socket == NULL)
        socket = socket_new(transfer, fd);
    if (socket == NULL)
        return -1;
    int events = (what & CURL_POLL_IN) != 0 ? UV_READABLE : 0;
    events |= (what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0;
    return uv_poll_start(&socket->poll, events, on_poll);
}

static void on_timer(uv_timer_t *timer)
{
    Transfer *transfer = timer->data;
    int running = 0;
    curl->multi_socket_action(transfer->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_result(transfer);
}

/* libcurl must not be called from inside this callback, so "now" is the next millisecond. */
static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *ctx)
{
    UNUSED(multi);
    Transfer *transfer = ctx;
    if (timeout_ms < 0)
        return uv_timer_stop(&transfer->timer);
    uv_update_time(loop_uv(transfer->loop));
    return uv_timer_start(&transfer->timer, on_timer, timeout_ms == 0 ? 1 : (uint64_t)timeout_ms,
                          0);
}

/* -- what arrives -- */

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    Transfer *transfer = ctx;
    text_append_bytes(&transfer->body, bytes, size * count);
    return transfer->body.overflowed ? 0 : size * count;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
    Transfer *transfer = ctx;
    size_t length = size * count;
    if (length >= 5 && strncmp(bytes, "HTTP/", 5) == 0)
        text_clear(&transfer->head); /* what came before was "100 Continue" or a proxy's */
    text_append_bytes(&transfer->head, bytes, length);
    return transfer->head.overflowed ? 0 : length;
}

/* -- a request -- */

static void choose_body(CURL *easy, const HttpRequest *request, const char *method)
{
    bool is_plain = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (strcmp(method, "HEAD") == 0) {
        curl->easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request->body != NULL || !is_plain) {
        curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
        curl->easy_setopt(easy, CURLOPT_POSTFIELDS, request->body == NULL ? "" : request->body);
    }
    curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static void choose_headers(Transfer *transfer, const HttpRequest *request)
{
    /* Without this libcurl waits a second for "100 Continue" before it sends a larger body. */
    transfer->headers = curl->slist_append(NULL, "Expect:");
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
        transfer->headers = curl->slist_append(transfer->headers, request->headers[i]);
    curl->easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void choose_limits(Transfer *transfer, const HttpRequest *request)
{
    CURL *easy = transfer->easy;
    long timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : BOUND_HTTP_TIMEOUT_MS;
    curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                      timeout_ms < BOUND_CONNECT_MS ? timeout_ms : (long)BOUND_CONNECT_MS);
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    const char *no_proxy = getenv("no_proxy");
    transfer->no_proxy = base_printf("localhost,127.0.0.1,::1%s%s", no_proxy == NULL ? "" : ",",
                                     no_proxy == NULL ? "" : no_proxy);
    curl->easy_setopt(easy, CURLOPT_NOPROXY, transfer->no_proxy);
}

static Transfer *transfer_new(Loop *loop, const HttpRequest *request, const char *method)
{
    Transfer *transfer = base_alloc(sizeof(*transfer));
    transfer->loop = loop;
    transfer->fiber = fiber_current();
    text_init(&transfer->body,
              request->max_bytes > 0 ? request->max_bytes : (size_t)BOUND_HTTP_BODY_BYTES);
    text_init(&transfer->head, BOUND_HTTP_HEADERS_BYTES);
    invariant(uv_timer_init(loop_uv(loop), &transfer->timer) == 0);
    transfer->timer.data = transfer;
    transfer->multi = curl->multi_init();
    transfer->easy = curl->easy_init();
    invariant(transfer->multi != NULL && transfer->easy != NULL);
    curl->multi_setopt(transfer->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl->multi_setopt(transfer->multi, CURLMOPT_SOCKETDATA, transfer);
    curl->multi_setopt(transfer->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
    curl->multi_setopt(transfer->multi, CURLMOPT_TIMERDATA, transfer);
    CURL *easy = transfer->easy;
    curl->easy_setopt(easy, CURLOPT_URL, request->url);
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
    curl->easy_setopt(easy, CURLOPT_USERAGENT, "headgate/" HEADGATE_VERSION);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl->easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    if (request->ca_file != NULL)
        curl->easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
    if (request->unix_socket_path != NULL)
        curl->easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket_path);
    choose_body(easy, request, method);
    choose_headers(transfer, request);
    choose_limits(transfer, request);
    return transfer;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void transfer_end(Transfer *transfer)
{
    curl->multi_remove_handle(transfer->multi, transfer->easy);
    curl->easy_cleanup(transfer->easy);
    curl->multi_cleanup(transfer->multi);
    curl->slist_free_all(transfer->headers);
    while (transfer->sockets != NULL)
        socket_give_up(transfer, transfer->sockets);
    text_done(&transfer->body);
    text_done(&transfer->head);
    free(transfer->no_proxy);
    uv_close((uv_handle_t *)&transfer->timer, on_timer_closed);
}

/* -- the answer, or why there is none -- */

/* "https://user:password@host/path?token=x" → "https://host/path". free() it. */
static char *shown_url(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *rest = scheme == NULL ? url : scheme + 3;
    size_t authority = strcspn(rest, "/?#");
    const char *at = memrchr(rest, '@', authority);
    const char *host = at == NULL ? rest : at + 1;
    return base_printf("%.*s%.*s", (int)(rest - url), url, (int)strcspn(host, "?#"), host);
}

static ErrorKind kind_of(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return ERROR_INPUT;
    case CURLE_WRITE_ERROR: /* our own callbacks: too much */
        return ERROR_REFUSED;
    default:
        return ERROR_UNREACHABLE;
    }
}

static bool failed(const Transfer *transfer, const HttpRequest *request, const char *method,
                   Error *err)
{
    AUTO(base_free) char *url = shown_url(request->url);
    if (!transfer->done)
        return error_set(err, ERROR_CANCELLED, "%s %s: asked to stop", method, url);
    if (transfer->body.overflowed || transfer->head.overflowed)
        return error_set(
            err, ERROR_REFUSED, "%s %s: the answer is larger than %zu bytes", method, url,
            transfer->body.overflowed ? transfer->body.max_bytes : transfer->head.max_bytes);
    const char *reason =
        text_empty(transfer->message) ? curl->easy_strerror(transfer->result) : transfer->message;
    error_set(err, kind_of(transfer->result), "%s %s: %s", method, url, reason);
    if (err != NULL)
        log_redact(err->message);
    return false;
}

/* Line breaks would let a value add headers of its own. */
static bool check_request(const HttpRequest *request, const char *method, Error *err)
{
    if (method[0] == '\0' || method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0')
        return error_set(err, ERROR_INPUT, "\"%s\" is not an HTTP method", method);
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
        const char *header = request->headers[i];
        if (strchr(header, ':') == NULL || strpbrk(header, "\r\n") != NULL)
            return error_set(err, ERROR_INPUT, "HTTP header %zu is not of the form \"Name: value\"",
                             i + 1);
    }
    return true;
}

bool http_request(Loop *loop, const HttpRequest *request, HttpResponse *ret_response, Error *err)
{
    const char *method = request->method == NULL ? "GET" : request->method;
    if (fiber_cancelled())
        return error_set(err, ERROR_CANCELLED, "%s was asked to stop", fiber_name(fiber_current()));
    if (!check_request(request, method, err) || !http_library(&curl, err))
        return false;
    Transfer *transfer = transfer_new(loop, request, method);
    invariant(curl->multi_add_handle(transfer->multi, transfer->easy) == CURLM_OK);
    while (!transfer->done && !fiber_cancelled())
        fiber_wait();
    bool ok = transfer->done && transfer->result == CURLE_OK;
    if (ok) {
        long status = 0;
        curl->easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        size_t bytes = transfer->body.length_bytes;
        *ret_response = (HttpResponse){.status = (int)status,
                                       .body = text_take(&transfer->body),
                                       .body_bytes = bytes,
                                       .headers = text_take(&transfer->head)};
    } else {
        failed(transfer, request, method, err);
    }
    transfer_end(transfer);
    return ok;
}

bool http_header(const HttpResponse *response, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);
    for (const char *line = response->headers; *line != '\0';) {
        size_t line_bytes = strcspn(line, "\r\n");
        if (line_bytes > length && line[length] == ':' && strncasecmp(line, name, length) == 0) {
            const char *value = line + length + 1;
            value += strspn(value, " \t");
            size_t value_bytes = strcspn(value, "\r\n");
            while (value_bytes > 0 && strchr(" \t", value[value_bytes - 1]) != NULL)
                value_bytes--;
            if (value_bytes >= size)
                return false;
            memcpy(out, value, value_bytes);
            out[value_bytes] = '\0';
            return true;
        }
        line += line_bytes;
        line += strspn(line, "\r\n");
    }
    return false;
}

void http_response_done(HttpResponse *response)
{
    free(response->body);
    free(response->headers);
    *response = (HttpResponse){0};
}
