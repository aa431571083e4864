/* libuv streams for a fiber that asks once. */
#include "loop/socket.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { READ_BYTES = 4096 };

/* One question on its way; freed when its handle is closed. */
typedef struct Exchange {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
    } peer;
    uv_connect_t connect;
    uv_write_t write;
    char *question;
    char buffer[READ_BYTES];
    Text answer;
    bool ended;
    int status; /* of libuv; 0 = the whole answer is there */
    FiberEvent changed;
} Exchange;

/* ------------------------------------------------------------------ events of the loop */

static void end(Exchange *exchange, int status)
{
    if (exchange->ended)
        return;
    exchange->ended = true;
    exchange->status = status;
    fiber_event_broadcast(&exchange->changed);
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    UNUSED(suggested);
    Exchange *exchange = handle->data;
    *ret_buffer = uv_buf_init(exchange->buffer, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer)
{
    Exchange *exchange = stream->data;
    if (bytes > 0)
        text_append_bytes(&exchange->answer, buffer->base, (size_t)bytes);
    if (bytes < 0)
        end(exchange, bytes == UV_EOF ? 0 : (int)bytes);
    else if (exchange->answer.overflowed)
        end(exchange, UV_EMSGSIZE);
}

static void on_written(uv_write_t *write, int status)
{
    Exchange *exchange = write->data;
    if (status < 0)
        end(exchange, status);
}

static void on_connected(uv_connect_t *connect, int status)
{
    Exchange *exchange = connect->data;
    uv_buf_t question = uv_buf_init(exchange->question, (unsigned)strlen(exchange->question));
    exchange->write.data = exchange;
    if (status == 0)
        status = uv_write(&exchange->write, &exchange->peer.stream, &question, 1, on_written);
    if (status == 0)
        status = uv_read_start(&exchange->peer.stream, on_buffer, on_read);
    if (status < 0)
        end(exchange, status);
}

static void on_closed(uv_handle_t *handle)
{
    Exchange *exchange = handle->data;
    text_done(&exchange->answer);
    free(exchange->question);
    free(exchange);
}

/* ------------------------------------------------------------------ asking */

static Exchange *begin(Loop *loop, const SocketAsk *ask, const struct sockaddr_storage *address)
{
    Exchange *exchange = base_alloc(sizeof(*exchange));
    text_init(&exchange->answer, ask->max_bytes);
    exchange->question = base_strdup(ask->question);
    exchange->connect.data = exchange;
    if (address->ss_family == AF_UNIX) {
        invariant(uv_pipe_init(loop_uv(loop), &exchange->peer.pipe, 0) == 0);
        exchange->peer.handle.data = exchange;
        uv_pipe_connect(&exchange->connect, &exchange->peer.pipe, ask->address, on_connected);
        return exchange;
    }
    invariant(uv_tcp_init(loop_uv(loop), &exchange->peer.tcp) == 0);
    exchange->peer.handle.data = exchange;
    int status = uv_tcp_connect(&exchange->connect, &exchange->peer.tcp,
                                (const struct sockaddr *)address, on_connected);
    if (status < 0)
        end(exchange, status);
    return exchange;
}

static bool wait_end(Exchange *exchange, const SocketAsk *ask, Error *err)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)ask->timeout_ms * 1000;
    while (!exchange->ended) {
        int64_t left_ms = (until_us - clock_monotonic_us()) / 1000;
        unsigned seen = exchange->changed.broadcasts;
        if (fiber_cancelled())
            return error_set(err, ERROR_CANCELLED, "cancelled");
        if (left_ms <= 0)
            return error_set(err, ERROR_UNREACHABLE, "%s does not answer within %d ms",
                             ask->address, ask->timeout_ms);
        (void)fiber_event_wait_beyond(&exchange->changed, seen, left_ms);
    }
    if (exchange->status == UV_EMSGSIZE)
        return error_set(err, ERROR_REFUSED, "the answer of %s is longer than %zu bytes",
                         ask->address, ask->max_bytes);
    return exchange->status == 0 ||
           error_set(err, ERROR_UNREACHABLE, "%s: %s", ask->address, uv_strerror(exchange->status));
}

bool socket_ask(Loop *loop, const SocketAsk *ask, char **ret_answer, Error *err)
{
    struct sockaddr_storage address;
    if (!address_local(ask->address, &address, err))
        return false;
    Exchange *exchange = begin(loop, ask, &address);
    bool ok = wait_end(exchange, ask, err);
    if (ok)
        *ret_answer = text_take(&exchange->answer);
    uv_close(&exchange->peer.handle, on_closed);
    return ok;
}
