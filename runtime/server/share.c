/* Nobody has all of the server: requests with one token have at most so many connections at once,
 * so many waiting, and so many bytes of answers that were not read yet. Requests without a token
 * share what one token has. */
#include "server/private.h"

#include "base/clock.h"

enum {
    CONNS_MAX = SERVER_POOL - 1,
    WAITING_MAX = 32,
    WAIT_US = 5000000,
};

typedef struct Share {
    size_t conns;
    size_t working;
    size_t unsent_bytes;
} Share;

bool share_in_vain(const ServerRequest *request)
{
    return request->wsi == NULL && request->conn == NULL && request->method == METHOD_GET;
}

static Share share_of(const ServerRequest *request)
{
    Share share = {0};
    for (const ServerRequest *other = request->server->requests; other != NULL;
         other = other->next) {
        if (other == request || other->route == NULL || !text_equal(other->token, request->token))
            continue;
        share.conns += other->conn != NULL;
        share.working += other->stage == REQUEST_WORKING && !share_in_vain(other);
        if (other->stage == REQUEST_SENDING)
            share.unsent_bytes += other->answer.size_bytes - other->sent_bytes;
    }
    return share;
}

/* Without a token it is no one's fault: too many others ask at this moment. */
static bool too_many(ServerRequest *request, const char *why, Error *err)
{
    request->answer.retry_after_s = 1;
    if (request->token == NULL)
        return request_fail(request, STATUS_UNAVAILABLE, err, ERROR_UNREACHABLE,
                            "too many people log in at this moment: try again in a second");
    return request_fail(request, STATUS_TOO_MANY, err, ERROR_REFUSED, "%s", why);
}

bool share_take(ServerRequest *request, Error *err)
{
    Server *server = request->server;
    Share share = share_of(request);
    if (share.unsent_bytes > BOUND_HTTP_UNSENT_BYTES)
        return too_many(request, "you have not read the answers to earlier requests", err);
    if (share.working > WAITING_MAX)
        return too_many(request, "you ask too much at once", err);
    int64_t deadline_us = clock_monotonic_us() + WAIT_US;
    while (share.conns >= CONNS_MAX) {
        int64_t left_us = deadline_us - clock_monotonic_us();
        if (left_us <= 0)
            return too_many(request, "your earlier requests are still being answered", err);
        if (!fiber_event_wait(&server->returned, left_us / 1000 + 1) && fiber_cancelled())
            return error_set(err, ERROR_CANCELLED, "the server stops");
        share = share_of(request);
    }
    if (share_in_vain(request))
        return error_set(err, ERROR_CANCELLED, "the client has gone");
    return pool_take(server->pool, &request->conn, err);
}

void share_put(ServerRequest *request)
{
    pool_put(request->server->pool, request->conn);
    request->conn = NULL;
    fiber_event_broadcast(&request->server->returned);
}
