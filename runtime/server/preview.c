/* One plan with its source, and what a run would do: simulated by a child that may be killed. */
#include "server/handlers.h"
#include "server/private.h"

#include "ledger/run.h"

#include <inttypes.h>
#include <stdio.h>

enum { PREVIEWS_MAX = 2 };

static bool no_plans(ServerRequest *request, Error *err)
{
    request_fail(request, STATUS_NOT_FOUND, err, ERROR_REFUSED, "this server offers no plans");
    return error_hint(err, "headgate serve --plans DIR");
}

bool get_plan(ServerRequest *request, json_t **ret_body, Error *err)
{
    const ServerHooks *hooks = &request->server->hooks;
    if (hooks->plan == NULL)
        return no_plans(request, err);
    if (!evaluate_begin(request, EVALUATE_TO_SHOW, err))
        return false;
    bool ok = hooks->plan(hooks->ctx, request_value(request, "plan"), ret_body, err);
    evaluate_end(request, EVALUATE_TO_SHOW);
    return request_found(request, ok, err);
}

/* Few at a time: each is a process, and reads what may be a large table. Waits. */
static bool simulate(ServerRequest *request, const ServerStart *start, json_t **ret_body,
                     Error *err)
{
    Server *server = request->server;
    if (server->previews >= PREVIEWS_MAX) {
        request->answer.retry_after_s = 2;
        return request_fail(request, STATUS_TOO_MANY, err, ERROR_REFUSED,
                            "%d plans are being simulated: ask again", (int)PREVIEWS_MAX);
    }
    request_leave_state(request); /* it takes up to a minute */
    server->previews++;
    bool ok = server->hooks.preview(server->hooks.ctx, start, ret_body, err);
    server->previews--;
    return ok;
}

bool post_preview(ServerRequest *request, json_t **ret_body, Error *err)
{
    ServerStart start;
    if (request->server->hooks.preview == NULL)
        return no_plans(request, err);
    AUTO(json_auto) json_t *no_params = json_object();
    if (!launch_read_start(request, request_value(request, "plan"), &start, err))
        return false;
    if (start.params == NULL)
        start.params = no_params;
    return simulate(request, &start, ret_body, err);
}

bool post_run_preview(ServerRequest *request, json_t **ret_body, Error *err)
{
    static const char *const NO_KEYS[] = {NULL};
    int64_t run = 0;
    AUTO(json_auto) json_t *head = NULL;
    if (request->server->hooks.preview == NULL)
        return no_plans(request, err);
    if (!request_run(request, &run, err) || !request_body_keys(request, NO_KEYS, err) ||
        !request_found(request, ledger_run_read(request->conn, run, &head, err), err))
        return false;
    char name[32];
    snprintf(name, sizeof(name), "#%" PRId64, run);
    const ServerStart start = {.plan = name,
                               .environment = json_get_string(head, "environment", NULL),
                               .params = json_object_get(head, "params"),
                               .person = request->who.person};
    return simulate(request, &start, ret_body, err);
}
