/* The HTTP client against a small server on the same loop. */
#include "http/http.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

/* -- the server: answers by path; /echo tells what it was asked -- */

typedef struct Peer {
    uv_tcp_t tcp;
    uv_write_t write;
    Text request;
    char buffer[4096];
    char answer[8192];
} Peer;

static struct {
    Loop *loop;
    uv_tcp_t listener;
    char base[64];
    int open_peers;
    FiberEvent asked;
    void (*body)(void);
} fixture;

static void on_peer_closed(uv_handle_t *handle)
{
    Peer *peer = handle->data;
    fixture.open_peers--;
    text_done(&peer->request);
    free(peer);
}

static void peer_close(Peer *peer)
{
    if (!uv_is_closing((uv_handle_t *)&peer->tcp))
        uv_close((uv_handle_t *)&peer->tcp, on_peer_closed);
}

static void on_peer_written(uv_write_t *write, int status)
{
    UNUSED(status);
    peer_close(write->data);
}

static void peer_answer(Peer *peer, const char *head, const char *body)
{
    int length = snprintf(peer->answer, sizeof(peer->answer), "%s\r\n\r\n%s", head, body);
    uv_buf_t buffer = uv_buf_init(peer->answer, (unsigned)length);
    peer->write.data = peer;
    uv_write(&peer->write, (uv_stream_t *)&peer->tcp, &buffer, 1, on_peer_written);
}

static const struct Route {
    const char *path;
    const char *head; ///< NULL = say nothing at all
    const char *body;
} ROUTES[] = {
    {"GET /plain", "HTTP/1.1 200 OK\r\nETag:  \"abc\" \r\nx-empty:\r\nContent-Length: 5", "hello"},
    {"GET /missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 0", ""},
    {"GET /moved", "HTTP/1.1 302 Found\r\nLocation: /plain\r\nContent-Length: 0", ""},
    {"GET /short", "HTTP/1.1 200 OK\r\nContent-Length: 50", "cut"},
    {"HEAD /plain", "HTTP/1.1 200 OK\r\nContent-Length: 5", ""},
    {"GET /silent", NULL, NULL},
};

static void peer_route(Peer *peer)
{
    const char *request = text_string(&peer->request);
    for (size_t i = 0; i < COUNT_OF(ROUTES); i++) {
        if (!text_starts(request, ROUTES[i].path))
            continue;
        if (ROUTES[i].head != NULL)
            peer_answer(peer, ROUTES[i].head, ROUTES[i].body);
        fiber_event_broadcast(&fixture.asked);
        return;
    }
    peer_answer(peer, "HTTP/1.1 100 Continue\r\nx-early: 1\r\n\r\nHTTP/1.1 200 OK\r\nx-late: 2",
                request);
}

static void on_peer_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    UNUSED(suggested);
    Peer *peer = handle->data;
    *buffer = uv_buf_init(peer->buffer, sizeof(peer->buffer));
}

static void on_peer_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer)
{
    Peer *peer = stream->data;
    if (bytes < 0) {
        peer_close(peer);
        return;
    }
    text_append_bytes(&peer->request, buffer->base, (size_t)bytes);
    const char *head_end = strstr(text_string(&peer->request), "\r\n\r\n");
    const char *length = strstr(text_string(&peer->request), "Content-Length: ");
    size_t wanted = length == NULL ? 0 : (size_t)atoi(length + strlen("Content-Length: "));
    if (head_end != NULL && strlen(head_end + 4) >= wanted)
        peer_route(peer);
}

static void on_connection(uv_stream_t *listener, int status)
{
    assert_int_equal(status, 0);
    Peer *peer = calloc(1, sizeof(*peer));
    text_init(&peer->request, 4096);
    uv_tcp_init(listener->loop, &peer->tcp);
    peer->tcp.data = peer;
    fixture.open_peers++;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&peer->tcp), 0);
    uv_read_start((uv_stream_t *)&peer->tcp, on_peer_alloc, on_peer_read);
}

static int setup(void **state)
{
    UNUSED(state);
    fixture.loop = loop_new();
    uv_tcp_init(loop_uv(fixture.loop), &fixture.listener);
    struct sockaddr_in address;
    uv_ip4_addr("127.0.0.1", 0, &address);
    assert_int_equal(uv_tcp_bind(&fixture.listener, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&fixture.listener, 16, on_connection), 0);
    int size = sizeof(address);
    uv_tcp_getsockname(&fixture.listener, (struct sockaddr *)&address, &size);
    snprintf(fixture.base, sizeof(fixture.base), "http://127.0.0.1:%d", ntohs(address.sin_port));
    return 0;
}

static int teardown(void **state)
{
    UNUSED(state);
    loop_run(fixture.loop);
    assert_int_equal(fixture.open_peers, 0);
    loop_free(fixture.loop);
    return 0;
}

static void body_main(void *arg)
{
    UNUSED(arg);
    fixture.body();
    uv_close((uv_handle_t *)&fixture.listener, NULL);
}

static void run_body(void (*body)(void))
{
    fixture.body = body;
    fiber_start(fixture.loop, "test", body_main, NULL);
    loop_run(fixture.loop);
}

#define HTTP_CASE(name)                                                                            \
    static void name##_body(void);                                                                 \
    static void name(void **state)                                                                 \
    {                                                                                              \
        UNUSED(state);                                                                             \
        run_body(name##_body);                                                                     \
    }                                                                                              \
    static void name##_body(void)

static const char *url_of(const char *path)
{
    static char url[128];
    snprintf(url, sizeof(url), "%s%s", fixture.base, path);
    return url;
}

static HttpResponse get(HttpRequest request)
{
    HttpResponse response = {0};
    Error err = {0};
    if (!http_request(fixture.loop, &request, &response, &err))
        fail_msg("%s", err.message);
    return response;
}

static Error failure(HttpRequest request)
{
    HttpResponse response = {0};
    Error err = {0};
    assert_false(http_request(fixture.loop, &request, &response, &err));
    assert_null(response.body);
    return err;
}

/* -- cases -- */

HTTP_CASE(status_headers_and_body)
{
    AUTO(http_response_done) HttpResponse response = get((HttpRequest){.url = url_of("/plain")});
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, "hello");
    assert_int_equal(response.body_bytes, 5);
    char value[8];
    assert_true(http_header(&response, "etag", value, sizeof(value)));
    assert_string_equal(value, "\"abc\"");
    assert_true(http_header(&response, "X-Empty", value, sizeof(value)));
    assert_string_equal(value, "");
    assert_false(http_header(&response, "absent", value, sizeof(value)));
    assert_false(http_header(&response, "etag", value, 5));
}

HTTP_CASE(a_body_is_sent_with_its_headers)
{
    const char *headers[] = {"X-Key: one", "Content-Type: application/json", NULL};
    AUTO(http_response_done)
    HttpResponse response = get((HttpRequest){.method = "PUT",
                                              .url = url_of("/echo?x=1"),
                                              .headers = headers,
                                              .body = "{\"a\":1}",
                                              .body_bytes = 7});
    assert_true(text_starts(response.body, "PUT /echo?x=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(response.body, "X-Key: one\r\n"));
    assert_non_null(strstr(response.body, "Content-Length: 7\r\n"));
    assert_non_null(strstr(response.body, "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(response.body, "Expect:"));
    char value[8];
    assert_false(http_header(&response, "x-early", value, sizeof(value)));
    assert_true(http_header(&response, "x-late", value, sizeof(value)));
}

HTTP_CASE(other_statuses_are_answers_and_redirects_are_not_followed)
{
    AUTO(http_response_done) HttpResponse missing = get((HttpRequest){.url = url_of("/missing")});
    assert_int_equal(missing.status, 404);
    assert_string_equal(missing.body, "");
    AUTO(http_response_done) HttpResponse moved = get((HttpRequest){.url = url_of("/moved")});
    assert_int_equal(moved.status, 302);
    AUTO(http_response_done)
    HttpResponse head = get((HttpRequest){.method = "HEAD", .url = url_of("/plain")});
    assert_int_equal(head.status, 200);
    assert_int_equal(head.body_bytes, 0);
}

HTTP_CASE(what_cannot_be_asked_or_answered_says_why)
{
    Error err = failure((HttpRequest){.url = "file:///etc/passwd"});
    assert_int_equal(err.kind, ERROR_INPUT);
    err = failure((HttpRequest){.url = "http://user:geheim@127.0.0.1:1/path?token=geheim"});
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_true(text_starts(err.message, "GET http://127.0.0.1:1/path: "));
    assert_null(strstr(err.message, "geheim"));
    err = failure((HttpRequest){.url = url_of("/plain"), .max_bytes = 4});
    assert_int_equal(err.kind, ERROR_REFUSED);
    assert_non_null(strstr(err.message, "larger than 4 bytes"));
    err = failure((HttpRequest){.url = url_of("/short")});
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    err = failure((HttpRequest){.url = url_of("/silent"), .timeout_ms = 20});
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    err =
        failure((HttpRequest){.url = url_of("/plain"), .unix_socket_path = "/nonexistent/socket"});
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    const char *smuggled[] = {"X-Key: one\r\nX-Other: two", NULL};
    err = failure((HttpRequest){.url = url_of("/plain"), .headers = smuggled});
    assert_int_equal(err.kind, ERROR_INPUT);
    err = failure((HttpRequest){.url = url_of("/plain"), .method = "GET /other"});
    assert_int_equal(err.kind, ERROR_INPUT);
}

static void ask_silent(void *arg)
{
    Error *err = arg;
    *err = failure((HttpRequest){.url = url_of("/silent")});
    fiber_event_broadcast(&fixture.asked);
}

HTTP_CASE(a_cancelled_fiber_does_not_wait_for_the_answer)
{
    Error err = {0};
    Fiber *asking = fiber_start(fixture.loop, "asking", ask_silent, &err);
    assert_true(fiber_event_wait(&fixture.asked, -1));
    fiber_cancel(asking);
    while (err.kind == ERROR_NONE)
        fiber_event_wait(&fixture.asked, -1);
    assert_int_equal(err.kind, ERROR_CANCELLED);
}

static void ask_plain(void *arg)
{
    int *left = arg;
    AUTO(http_response_done) HttpResponse response = get((HttpRequest){.url = url_of("/plain")});
    assert_int_equal(response.status, 200);
    if (--*left == 0)
        fiber_event_broadcast(&fixture.asked);
}

HTTP_CASE(many_requests_run_beside_each_other)
{
    int left = 50;
    for (int i = 0; i < 50; i++)
        fiber_start(fixture.loop, "asking", ask_plain, &left);
    while (left > 0)
        fiber_event_wait(&fixture.asked, -1);
}

int main(void)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1); /* must not be used for this machine */
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(status_headers_and_body),
        CASE(a_body_is_sent_with_its_headers),
        CASE(other_statuses_are_answers_and_redirects_are_not_followed),
        CASE(what_cannot_be_asked_or_answered_says_why),
        CASE(a_cancelled_fiber_does_not_wait_for_the_answer),
        CASE(many_requests_run_beside_each_other),
    };
    return cmocka_run_group_tests_name("http/http", tests, NULL, NULL);
}
