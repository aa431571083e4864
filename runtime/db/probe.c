/* Is the server still there? A statement may rightly take hours, and a server that is stopped, or
 * behind a network that swallows what we send, looks the same from here: keepalives are answered by
 * its kernel or by something in between. So while a statement has no answer, the same server is
 * asked now and then for a new connection. When it does not react twice in a row, the connection is
 * lost. */
#include "db/private.h"

#include <stdio.h>
#include <stdlib.h>

enum { PROBE_AFTER_MS = 3000, PROBE_TIMEOUT_S = 4, PROBE_TRIES = 2, PROBE_PARAMETERS = 8 };

/// One question on its way; conn is NULL once the connection was closed.
struct DbProbeJob {
    uv_work_t request;
    DbConn *conn;
    uint64_t exchange; ///< the one it is asked for
    char *conninfo;
    char *host;
    char *address;
    char *port;
    char timeout_s[16];
    PGPing answer;
};

static void job_free(DbProbeJob *job)
{
    free(job->conninfo);
    free(job->host);
    free(job->address);
    free(job->port);
    free(job);
}

/* The host that this connection found, not another one of its list. libpq takes the last of several
 * values, and ignores empty ones. */
static void run_probe(uv_work_t *request)
{
    DbProbeJob *job = request->data;
    const char *keywords[PROBE_PARAMETERS] = {"dbname",
                                              "host",
                                              "hostaddr",
                                              "port",
                                              "connect_timeout",
                                              "application_name",
                                              "target_session_attrs"};
    const char *values[PROBE_PARAMETERS] = {
        job->conninfo, job->host, job->address, job->port, job->timeout_s, "headgate probe", "any"};
    job->answer = pq->pingParams(keywords, values, 1);
}

static void ask(DbConn *conn);

static void on_probed(uv_work_t *request, int status)
{
    DbProbeJob *job = request->data;
    DbConn *conn = job->conn;
    UNUSED(status);
    PGPing answer = job->answer;
    bool same = conn != NULL && conn->exchange == job->exchange && conn->user != NULL;
    job_free(job);
    if (conn == NULL)
        return;
    conn->probe_job = NULL;
    if (conn->user == NULL || conn->lost)
        return;
    conn->probe_failures = same && answer == PQPING_NO_RESPONSE ? conn->probe_failures + 1 : 0;
    if (conn->probe_failures == 0) {
        db_probe_begin(conn);
    } else if (conn->probe_failures < PROBE_TRIES) {
        ask(conn);
    } else {
        conn->deadline_passed = true;
        db_lose(conn);
        fiber_wake(conn->user);
    }
}

static void ask(DbConn *conn)
{
    DbProbeJob *job = base_alloc(sizeof(*job));
    *job = (DbProbeJob){.conn = conn,
                        .exchange = conn->exchange,
                        .conninfo = base_strdup(conn->conninfo),
                        .host = base_strdup(pq->host(conn->pg)),
                        .address = base_strdup(pq->hostaddr(conn->pg)),
                        .port = base_strdup(pq->port(conn->pg))};
    snprintf(job->timeout_s, sizeof(job->timeout_s), "%d", conn->probe_timeout_s);
    job->request.data = job;
    conn->probe_job = job;
    invariant(uv_queue_work(loop_uv(conn->loop), &job->request, run_probe, on_probed) == 0);
}

static void on_probe_due(uv_timer_t *timer)
{
    DbConn *conn = timer->data;
    if (conn->user != NULL && conn->probe_job == NULL && !conn->lost)
        ask(conn);
}

void db_probe_init(DbConn *conn, const char *conninfo)
{
    conn->conninfo = base_strdup(conninfo == NULL ? "" : conninfo);
    conn->probe_after_ms = PROBE_AFTER_MS;
    conn->probe_timeout_s = PROBE_TIMEOUT_S;
}

void db_probe_begin(DbConn *conn)
{
    conn->exchange++;
    conn->probe_failures = 0;
    uv_timer_start(&conn->handles->probe, on_probe_due, (uint64_t)conn->probe_after_ms, 0);
}

void db_probe_end(DbConn *conn)
{
    uv_timer_stop(&conn->handles->probe);
}

void db_probe_done(DbConn *conn)
{
    if (conn->probe_job != NULL)
        conn->probe_job->conn = NULL;
    free(conn->conninfo);
}
