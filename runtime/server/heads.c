/* The heads of the audit chains of runs that have not ended, at the start and once an hour: to the
 * log and the file of heads, where the runners write theirs at every change of state. A run that
 * waits for days is known elsewhere all the same (docs/audit.md). */
#include "server/private.h"

#include "base/log.h"
#include "ledger/audit.h"
#include "run/head.h"
#include "run/state.h"

enum { HOUR_MS = 3600 * 1000, AGAIN_MS = 10000 };

static bool write_heads(Server *server, Error *err)
{
    DbConn *conn = NULL;
    AUTO(json_auto) json_t *heads = NULL;
    if (!pool_take(server->pool, &conn, err))
        return false;
    bool ok = ledger_audit_heads(conn, 0, &heads, err);
    pool_put(server->pool, conn);
    size_t i = 0;
    json_t *head = NULL;
    json_array_foreach (heads, i, head) {
        RunState state = run_state_parse(json_get_string(head, "state", ""));
        if (state != RUN_STATES && run_state_rest(state) != RUN_ENDED)
            run_head_write(server->hooks.heads_file, head);
    }
    return ok;
}

static void heads_main(void *arg)
{
    Server *server = arg;
    while (!fiber_cancelled()) {
        Error err = {0};
        Error ignored = {0};
        bool ok = write_heads(server, &err);
        if (!ok && err.kind != ERROR_CANCELLED)
            log_debug("audit: the heads were not written: %s", err.message);
        if (!fiber_sleep(ok ? HOUR_MS : AGAIN_MS, &ignored))
            break;
    }
    server->heads = NULL;
    fiber_event_broadcast(&server->ended);
}

void heads_start(Server *server)
{
    if (server->hooks.heads_file != NULL)
        server->heads = fiber_start(server->loop, "heads", heads_main, server);
}

void heads_stop(Server *server)
{
    if (server->heads != NULL)
        fiber_cancel(server->heads);
    while (server->heads != NULL) {
        if (!fiber_event_wait(&server->ended, -1) && server->heads != NULL)
            fiber_yield();
    }
}
