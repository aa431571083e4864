/* A connection's life: opening on the thread pool, the session's settings, the socket on the loop,
 * notifications, cancelling, closing. What is said over it stands in exchange.c. */
#include "db/private.h"

#include "base/bounds.h"
#include "base/log.h"
#include "db/sql.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVER_VERSION_LEAST = 130000, PARAMETERS_MAX = 12, ANSWER_GRACE_MS = 5000 };

/* -- the socket -- */

static void on_poll(uv_poll_t *poll, int status, int events);
static void on_handle_closed(uv_handle_t *handle);

static void arm(DbConn *conn, int events)
{
    if (conn->armed == events)
        return;
    conn->armed = events;
    invariant(uv_poll_start(&conn->handles->poll, events, on_poll) == 0);
}

void db_take_notifications(DbConn *conn)
{
    for (PGnotify *note = pq->notifies(conn->pg); note != NULL; note = pq->notifies(conn->pg)) {
        for (DbListener *listener = conn->listeners; listener != NULL; listener = listener->next) {
            if (strcmp(listener->channel, note->relname) == 0)
                fiber_event_broadcast(listener->event);
        }
        pq->freemem(note);
    }
}

/* At once, not with the connection: libpq has closed its socket, and the number soon belongs to
 * another connection, which libuv would stop watching in the place of this one. */
static void close_poll(DbHandles *handles)
{
    if (uv_is_closing((uv_handle_t *)&handles->poll))
        return;
    handles->poll.data = handles;
    uv_close((uv_handle_t *)&handles->poll, on_handle_closed);
}

void db_lose(DbConn *conn)
{
    if (conn->lost)
        return;
    conn->lost = true;
    close_poll(conn->handles);
    for (DbListener *listener = conn->listeners; listener != NULL; listener = listener->next)
        fiber_event_broadcast(listener->event);
}

void db_flush(DbConn *conn)
{
    if (conn->lost)
        return;
    int left = pq->flush(conn->pg);
    if (left < 0)
        db_lose(conn);
    else
        arm(conn, left > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    DbConn *conn = poll->data;
    bool readable = status < 0 || (events & UV_READABLE) != 0;
    if (status < 0)
        conn->armed = 0; /* libuv has stopped watching; the server's last words may come first */
    if (readable && !pq->consumeInput(conn->pg)) {
        db_take_notifications(conn); /* those that came before the end */
        db_lose(conn);
    } else if (status < 0 || (events & UV_WRITABLE) != 0) {
        db_flush(conn);
    }
    if (conn->user == NULL) {
        if (!conn->lost)
            db_take_notifications(conn);
        return;
    }
    if (conn->lost || conn->copying || !pq->isBusy(conn->pg))
        fiber_wake(conn->user);
}

/* The server's last words reach us as a notice when no statement is under way. */
static void on_notice(void *ctx, const PGresult *notice)
{
    DbConn *conn = ctx;
    const char *severity = pq->resultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *sqlstate = pq->resultErrorField(notice, PG_DIAG_SQLSTATE);
    const char *message = pq->resultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    if (severity == NULL || sqlstate == NULL || message == NULL)
        return;
    if (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0) {
        snprintf(conn->fatal_sqlstate, sizeof(conn->fatal_sqlstate), "%s", sqlstate);
        snprintf(conn->fatal_message, sizeof(conn->fatal_message), "%s", message);
    } else {
        log_debug("server says %s: %s", severity, message);
    }
}

void db_attach(DbConn *conn)
{
    uv_loop_t *uv = loop_uv(conn->loop);
    conn->handles = base_alloc(sizeof(*conn->handles));
    invariant(uv_poll_init(uv, &conn->handles->poll, pq->socket(conn->pg)) == 0);
    invariant(uv_timer_init(uv, &conn->handles->timer) == 0);
    invariant(uv_timer_init(uv, &conn->handles->probe) == 0);
    conn->handles->poll.data = conn;
    conn->handles->timer.data = conn;
    conn->handles->probe.data = conn;
    conn->handles->open = 3;
    conn->answer_grace_ms = ANSWER_GRACE_MS;
    pq->setnonblocking(conn->pg, 1);
    pq->setNoticeReceiver(conn->pg, on_notice, conn);
    arm(conn, UV_READABLE);
}

/* -- secrets and messages of connecting -- */

static bool is_conninfo(const char *text)
{
    return strchr(text, '=') != NULL || text_starts(text, "postgres://") ||
           text_starts(text, "postgresql://");
}

/* The password as it is written in postgres://user:password@host, percent signs included. */
static void hide_uri_password(const char *uri)
{
    const char *begin = strstr(uri, "://");
    if (begin == NULL)
        return;
    begin += 3;
    size_t authority = strcspn(begin, "/?");
    const char *colon = memchr(begin, ':', authority);
    const char *at = memchr(begin, '@', authority);
    if (colon == NULL || at == NULL || at < colon)
        return;
    AUTO(base_free) char *password = base_strndup(colon + 1, (size_t)(at - colon - 1));
    log_secret(password);
}

/* libpq quotes parts of the string it cannot parse, and one of them may be the password. */
static void mask_quoted(char *message)
{
    char *to = message;
    bool inside = false;
    for (const char *from = message; *from != '\0'; from++) {
        if (*from == '"')
            inside = !inside;
        if (!inside || *from == '"')
            *to++ = *from;
    }
    *to = '\0';
}

/* Tells the log what must never be shown, and refuses what libpq cannot read. */
static bool hide_secrets(const char *conninfo, Error *err)
{
    log_secret(getenv("PGPASSWORD"));
    if (!is_conninfo(conninfo))
        return true;
    hide_uri_password(conninfo);
    char *message = NULL;
    PQconninfoOption *options = pq->conninfoParse(conninfo, &message);
    if (options == NULL) {
        if (message != NULL)
            mask_quoted(message);
        error_set(err, ERROR_INPUT, "the connection string is wrong: %s",
                  message == NULL ? "out of memory" : message);
        pq->freemem(message);
        return false;
    }
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->dispchar[0] == '*')
            log_secret(option->val);
    }
    pq->conninfoFree(options);
    return true;
}

/* What a failed connection attempt means. The first row whose text occurs counts; anything else
 * means that no server could be reached. SQLSTATEs are not available here: libpq 15 keeps them to
 * itself. */
static const struct ConnectRow {
    const char *text;
    ErrorKind kind;
} CONNECT_ROWS[] = {
    {"the database system is", ERROR_UNREACHABLE}, /* starting up, shutting down, in recovery */
    {"too many clients", ERROR_UNREACHABLE},
    {"too many connections", ERROR_UNREACHABLE},
    {"remaining connection slots", ERROR_UNREACHABLE},
    {"terminating connection", ERROR_UNREACHABLE},
    {"FATAL:", ERROR_DATABASE}, /* no such database, role, wrong password */
    {"no password supplied", ERROR_DATABASE},
    {"invalid connection option", ERROR_INPUT},
    {"invalid port number", ERROR_INPUT},
    {"invalid integer value", ERROR_INPUT},
};

static bool connect_failed(const PGconn *pg, Error *err)
{
    const char *text = pq->errorMessage(pg);
    ErrorKind kind = ERROR_UNREACHABLE;
    for (size_t i = COUNT_OF(CONNECT_ROWS); i > 0; i--) {
        if (strstr(text, CONNECT_ROWS[i - 1].text) != NULL)
            kind = CONNECT_ROWS[i - 1].kind;
    }
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    error_set(err, kind, "%.*s", (int)length, text);
    if (err != NULL)
        log_redact(err->message);
    return false;
}

/* -- opening -- */

typedef struct LoadJob {
    bool ok;
    Error err;
} LoadJob;

static void run_load(void *arg)
{
    LoadJob *job = arg;
    job->ok = db_library(&job->err);
}

static bool load_on_pool(Error *err)
{
    LoadJob job = {.ok = pq != NULL};
    if (!job.ok)
        fiber_run_blocking(run_load, &job);
    if (!job.ok && err != NULL)
        *err = job.err;
    return job.ok;
}

typedef struct OpenJob {
    const char *keywords[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    size_t count;
    bool needs_certificate;
    char timeout_s[16];
    PGconn *pg;
} OpenJob;

static void add_parameter(OpenJob *job, const char *keyword, const char *value)
{
    invariant(job->count + 1 < PARAMETERS_MAX);
    job->keywords[job->count] = keyword;
    job->values[job->count++] = value;
}

/* libpq keeps the last of several values: what stands before the conninfo is a default, what stands
 * behind it is forced. */
static void collect_parameters(OpenJob *job, const DbTarget *target)
{
    int timeout_ms = target->connect_timeout_ms > 0 ? target->connect_timeout_ms : BOUND_CONNECT_MS;
    snprintf(job->timeout_s, sizeof(job->timeout_s), "%d", (timeout_ms + 999) / 1000);
    if (getenv("PGCONNECT_TIMEOUT") == NULL)
        add_parameter(job, "connect_timeout", job->timeout_s);
    /* A peer that vanished is noticed within about 11 seconds, like a lost lease. */
    add_parameter(job, "keepalives_idle", "5");
    add_parameter(job, "keepalives_interval", "2");
    add_parameter(job, "keepalives_count", "3");
    add_parameter(job, "tcp_user_timeout", "10000");
    job->needs_certificate = db_needs_certificate(target->conninfo);
    if (job->needs_certificate)
        add_parameter(job, "sslmode", "verify-full");
    if (!text_empty(target->conninfo))
        add_parameter(job, "dbname", target->conninfo);
    if (target->database != NULL) /* libpq expands the first dbname and takes the last */
        add_parameter(job, "dbname", target->database);
    add_parameter(job, "application_name",
                  text_empty(target->application_name) ? "headgate" : target->application_name);
    add_parameter(job, "client_encoding", "UTF8");
    if (target->connect_timeout_ms > 0)
        add_parameter(job, "connect_timeout", job->timeout_s);
}

static void run_connect(void *arg)
{
    OpenJob *job = arg;
    job->pg = pq->connectdbParams(job->keywords, job->values, 1);
}

static bool connect_on_pool(const DbTarget *target, PGconn **ret_pg, Error *err)
{
    if (fiber_cancelled())
        return error_set(err, ERROR_CANCELLED, "asked to stop before connecting");
    OpenJob job = {0};
    collect_parameters(&job, target);
    fiber_run_blocking(run_connect, &job);
    invariant(job.pg != NULL);
    log_secret(pq->pass(job.pg)); /* it may have come from .pgpass */
    bool ok = pq->status(job.pg) == CONNECTION_OK;
    if (!ok)
        connect_failed(job.pg, err);
    if (!ok && job.needs_certificate)
        error_hint(err,
                   "to other machines it is sslmode=verify-full: give sslrootcert=FILE, or say "
                   "another sslmode in the connection string");
    if (ok && fiber_cancelled())
        ok = error_set(err, ERROR_CANCELLED, "asked to stop while connecting");
    if (!ok) {
        pq->finish(job.pg);
        return false;
    }
    *ret_pg = job.pg;
    return true;
}

static int choose_ms(int wanted_ms, int default_ms)
{
    return wanted_ms < 0 ? 0 : wanted_ms == 0 ? default_ms : wanted_ms;
}

static bool version_check(const DbConn *conn, Error *err)
{
    if (conn->version >= SERVER_VERSION_LEAST)
        return true;
    const char *text = pq->parameterStatus(conn->pg, "server_version");
    return error_set(err, ERROR_REFUSED, "PostgreSQL %s is too old: Headgate needs 13 or newer",
                     text == NULL ? "of an unknown version" : text);
}

bool db_pooler_check(int announced_pid, int backend_pid, bool pooler_session, Error *err)
{
    if (announced_pid == backend_pid || pooler_session)
        return true;
    error_set(
        err, ERROR_REFUSED,
        "the connection goes through a pooler (it announced backend %d, statements run in %d)",
        announced_pid, backend_pid);
    return error_hint(err, "Connect to PostgreSQL itself. If the pooler works in session mode, "
                           "say so for the target: pooler: session");
}

static bool set_session(DbConn *conn, const DbTarget *target, int *ret_pid, Error *err)
{
    char lock[16];
    char statement[16];
    char idle[16];
    conn->statement_timeout_ms =
        choose_ms(target->statement_timeout_ms, BOUND_STATEMENT_TIMEOUT_MS);
    snprintf(lock, sizeof(lock), "%d", choose_ms(target->lock_timeout_ms, BOUND_LOCK_TIMEOUT_MS));
    snprintf(statement, sizeof(statement), "%d", conn->statement_timeout_ms);
    snprintf(idle, sizeof(idle), "%d", BOUND_LEASE_MS);
    const char *path = target->search_path == NULL ? "pg_catalog" : target->search_path;
    const char *read_only = target->read_only ? "on" : "off";
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!db_query(conn, db_sql("session"), DB_PARAMS(path, lock, statement, idle, read_only),
                  &result, err))
        return error_wrap(err, "preparing the session");
    *ret_pid = (int)db_int(result, 0, 0);
    return true;
}

/* Two connections through a pooler in session mode hold two backends; in transaction mode an open
 * transaction of the second makes the first one move, or both share one. */
static bool probe_pooler(DbConn *conn, const DbTarget *target, int first_pid, Error *err)
{
    PGconn *pg = NULL;
    if (!connect_on_pool(target, &pg, err))
        return false;
    AUTO(db_close_auto) DbConn *second = base_alloc(sizeof(*second));
    *second = (DbConn){.loop = conn->loop, .pg = pg};
    db_probe_init(second, target->conninfo);
    db_attach(second);
    AUTO(db_result_auto) DbResult *other = NULL;
    AUTO(db_result_auto) DbResult *again = NULL;
    if (!db_begin(second, err) ||
        !db_query(second, "SELECT pg_catalog.pg_backend_pid()", NULL, &other, err) ||
        !db_query(conn, "SELECT pg_catalog.pg_backend_pid()", NULL, &again, err))
        return error_wrap(err, "probing the pooler");
    db_rollback(second);
    if (db_int(again, 0, 0) == first_pid && db_int(other, 0, 0) != first_pid)
        return true;
    error_set(err, ERROR_REFUSED, "the pooler does not keep one backend for each session");
    return error_hint(err, "Connect to PostgreSQL itself, or set the pooler to session mode.");
}

static bool prepare_session(DbConn *conn, const DbTarget *target, Error *err)
{
    int backend_pid = 0;
    if (!version_check(conn, err) || !set_session(conn, target, &backend_pid, err) ||
        !db_pooler_check(conn->pid, backend_pid, target->pooler_session, err))
        return false;
    if (conn->pid != backend_pid && !probe_pooler(conn, target, backend_pid, err))
        return false;
    conn->pid = backend_pid;
    return true;
}

bool db_open(Loop *loop, const DbTarget *target, DbConn **ret_conn, Error *err)
{
    PGconn *pg = NULL;
    if (!load_on_pool(err) ||
        !hide_secrets(target->conninfo == NULL ? "" : target->conninfo, err) ||
        !connect_on_pool(target, &pg, err))
        return false;
    DbConn *conn = base_alloc(sizeof(*conn));
    conn->loop = loop;
    conn->pg = pg;
    conn->pid = pq->backendPID(pg);
    conn->version = pq->serverVersion(pg);
    db_probe_init(conn, target->conninfo);
    db_attach(conn);
    if (!prepare_session(conn, target, err)) {
        db_close(conn);
        return false;
    }
    *ret_conn = conn;
    return true;
}

/* -- closing -- */

static void on_handle_closed(uv_handle_t *handle)
{
    DbHandles *handles = handle->data;
    if (--handles->open == 0)
        free(handles);
}

static void close_handles(DbHandles *handles)
{
    close_poll(handles);
    handles->timer.data = handles;
    handles->probe.data = handles;
    uv_close((uv_handle_t *)&handles->timer, on_handle_closed);
    uv_close((uv_handle_t *)&handles->probe, on_handle_closed);
}

void db_close(DbConn *conn)
{
    if (conn == NULL)
        return;
    invariant(conn->user == NULL);
    db_lose(conn);
    close_handles(conn->handles); /* before finish, which closes the file descriptor */
    db_probe_done(conn);
    pq->finish(conn->pg);
    if (conn->cancel_job != NULL)
        conn->cancel_job->conn = NULL;
    fiber_event_broadcast(&conn->cancel_done);
    while (conn->listeners != NULL) {
        DbListener *next = conn->listeners->next;
        free(conn->listeners->channel);
        free(conn->listeners);
        conn->listeners = next;
    }
    for (size_t i = 0; i < DB_PREPARED_MAX; i++)
        free(conn->prepared[i]);
    free(conn);
}

void db_close_auto(DbConn **conn)
{
    db_close(*conn);
}

bool db_usable(const DbConn *conn)
{
    return !conn->lost;
}

bool db_in_transaction(const DbConn *conn)
{
    PGTransactionStatusType status = pq->transactionStatus(conn->pg);
    return !conn->lost && (status == PQTRANS_INTRANS || status == PQTRANS_INERROR);
}

bool db_in_aborted(const DbConn *conn)
{
    return !conn->lost && pq->transactionStatus(conn->pg) == PQTRANS_INERROR;
}

int db_backend_pid(const DbConn *conn)
{
    return conn->pid;
}

int db_server_version(const DbConn *conn)
{
    return conn->version;
}

/* -- cancelling and listening -- */

static void run_cancel(uv_work_t *request)
{
    DbCancelJob *job = request->data;
    char message[256];
    /* A failure shows as a statement that is not cancelled; there is nobody else to tell. */
    (void)pq->cancel(job->cancel, message, sizeof(message));
}

static void on_cancel_sent(uv_work_t *request, int status)
{
    UNUSED(status);
    DbCancelJob *job = request->data;
    if (job->conn != NULL) {
        job->conn->cancel_job = NULL;
        fiber_event_broadcast(&job->conn->cancel_done);
    }
    pq->freeCancel(job->cancel);
    free(job);
}

void db_cancel(DbConn *conn)
{
    if (conn->lost || conn->user == NULL || conn->uncancellable || conn->cancel_job != NULL)
        return;
    PGcancel *cancel = pq->getCancel(conn->pg);
    if (cancel == NULL)
        return;
    DbCancelJob *job = base_alloc(sizeof(*job));
    *job = (DbCancelJob){.cancel = cancel, .conn = conn};
    job->request.data = job;
    conn->cancel_job = job;
    invariant(uv_queue_work(loop_uv(conn->loop), &job->request, run_cancel, on_cancel_sent) == 0);
}

bool db_listen(DbConn *conn, const char *channel, FiberEvent *event, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *quoted = db_quote_identifier(conn, arena, channel, err);
    if (quoted == NULL)
        return false;
    if (!db_exec(conn, arena_printf(arena, "LISTEN %s", quoted), NULL, NULL, err))
        return error_wrap(err, "listening on %s", channel);
    DbListener *listener = base_alloc(sizeof(*listener));
    *listener =
        (DbListener){.channel = base_strdup(channel), .event = event, .next = conn->listeners};
    conn->listeners = listener;
    return true;
}
