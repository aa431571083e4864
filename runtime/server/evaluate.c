/* Counting turns. */
#include "server/evaluate.h"
#include "server/private.h"

#include "base/clock.h"

enum {
    AT_ONCE = 4, ///< a child process each
    WAIT_US = 30 * 1000000,
    LOOK_MS = 1000, ///< nobody says that a client has gone
    AGAIN_S = 2,
};

bool evaluate_begin(ServerRequest *request, EvaluateWhy why, Error *err)
{
    Server *server = request->server;
    int64_t deadline_us = clock_monotonic_us() + WAIT_US;
    request_leave_state(request);
    while (server->evaluations[why] >= AT_ONCE && !share_in_vain(request)) {
        if (clock_monotonic_us() >= deadline_us) {
            request->answer.retry_after_s = AGAIN_S;
            return request_fail(request, STATUS_TOO_MANY, err, ERROR_REFUSED,
                                "%d plans are being evaluated: ask again", (int)AT_ONCE);
        }
        if (!fiber_event_wait(&server->evaluated, LOOK_MS) && fiber_cancelled())
            return error_set(err, ERROR_CANCELLED, "the server stops");
    }
    if (share_in_vain(request))
        return error_set(err, ERROR_CANCELLED, "the client has gone");
    server->evaluations[why]++;
    return true;
}

void evaluate_end(ServerRequest *request, EvaluateWhy why)
{
    request->server->evaluations[why]--;
    fiber_event_broadcast(&request->server->evaluated);
}
