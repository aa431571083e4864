/* The life of a request on libwebsockets: it arrives in callbacks, is answered by a fiber, goes out
 * by plain sends, and ends its connection. Facts about 4.1.6 that shape this file:
 *   - While a request is worked on, the connection's rx is switched off: in that state lws does not
 * read, and a level-triggered poll would spin. While rx is off, lws does not handle writability
 * either (it would spin again), so the answer is sent by ourselves, which plain HTTP/1.1 allows.
 *   - A POST that stands behind another request in lws's buffer is read with its own head as its
 * body, and with more behind it lws turns in a circle for ever. So one connection carries one
 * request (decision 021).
 *   - The path is percent-decoded already, "//" and "/../" are gone.
 *   - CLOSED comes without ESTABLISHED, WSI_DESTROY without a connection of ours. */
#include "server/private.h"
#include "server/tls.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    BODY_LIMIT_US = 30 * 1000000,
    SEND_LIMIT_US = 30 * 1000000, ///< without getting further
    SEND_WHOLE_LIMIT_US = 300 * 1000000,
    LINGER_US = 1000000,
    LINGER_READS = 64, ///< at a time
    WORK_LIMIT_S = 120,
    SEND_EVERY_MS = 10,
    HEADER_BYTES = 8192,
};

Server *server_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

ServerConnection *connection_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
}

ServerPeer *connection_peer(const ServerConnection *connection)
{
    return connection->client != NULL ? connection->client : connection->peer;
}

/* ------------------------------------------------------------------ life of the record */

static ServerRequest *request_new(ServerConnection *connection, struct lws *wsi)
{
    Server *server = connection->server;
    Arena *arena = arena_new();
    ServerRequest *request = arena_alloc(arena, sizeof(*request));
    *request = (ServerRequest){.server = server,
                               .arena = arena,
                               .wsi = wsi,
                               .connection = connection,
                               .started_at_us = clock_monotonic_us(),
                               .next = server->requests};
    text_init(&request->body_text, BOUND_HTTP_BODY_BYTES);
    text_init(&request->header, HEADER_BYTES);
    if (server->requests != NULL)
        server->requests->previous = request;
    server->requests = request;
    server->requests_count++;
    connection->request = request;
    return request;
}

static void request_free(ServerRequest *request)
{
    Server *server = request->server;
    if (request->previous != NULL)
        request->previous->next = request->next;
    else
        server->requests = request->next;
    if (request->next != NULL)
        request->next->previous = request->previous;
    server->requests_count--;
    json_decref(request->body);
    text_done(&request->body_text);
    text_done(&request->header);
    arena_free(request->arena);
}

/* The connection has gone, or is done with this request. A fiber that works on it frees it at its
 * end. */
static void request_leave(ServerConnection *connection)
{
    ServerRequest *request = connection->request;
    if (request == NULL)
        return;
    connection->request = NULL;
    request->connection = NULL;
    request->wsi = NULL;
    if (request->stage != REQUEST_WORKING)
        request_free(request);
}

/* ------------------------------------------------------------------ sending */

void http_end_connection(struct lws *wsi)
{
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
    lws_cancel_service(lws_get_context(
        wsi)); /* a timeout set outside of its callbacks is seen after an event only */
}

static void end_request(ServerRequest *request)
{
    struct lws *wsi = request->wsi;
    request_leave(request->connection);
    http_end_connection(wsi);
}

/* All is out. Closing with unread bytes would reset the connection, and the client might never see
 * the answer. */
static void linger(ServerRequest *request, int64_t now_us)
{
    char rest[4096];
    ssize_t part = 0;
    int fd = lws_get_socket_fd(request->wsi);
    for (int i = 0; i < LINGER_READS; i++) {
        part = recv(fd, rest, sizeof(rest), MSG_DONTWAIT);
        if (part <= 0)
            break;
    }
    bool more = part > 0 || (part < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
    if (!more || now_us - request->moved_at_us > LINGER_US)
        end_request(request);
}

static void push(ServerRequest *request)
{
    int64_t now_us = clock_monotonic_us();
    if (request->stage == REQUEST_LINGERING) {
        linger(request, now_us);
        return;
    }
    size_t before = request->sent_bytes;
    WriteResult result = write_some(request);
    if (request->sent_bytes > before)
        request->moved_at_us = now_us;
    if (result == WRITE_DONE) {
        if (request->server->tls)
            tls_finish(request->wsi);
        shutdown(lws_get_socket_fd(request->wsi), SHUT_WR);
        request->stage = REQUEST_LINGERING;
        linger(request, now_us);
    } else if (result == WRITE_FAILED || now_us - request->moved_at_us > SEND_LIMIT_US ||
               now_us - request->answered_at_us > SEND_WHOLE_LIMIT_US) {
        end_request(request);
    }
}

/* Pushes all that is unsent; is there more to do? */
static bool push_all(Server *server)
{
    bool more = false;
    ServerRequest *next = NULL;
    for (ServerRequest *request = server->requests; request != NULL; request = next) {
        next = request->next;
        if (request->stage != REQUEST_SENDING && request->stage != REQUEST_LINGERING)
            continue;
        more = true;
        push(request);
    }
    return more;
}

static void sender_main(void *arg)
{
    Server *server = arg;
    Error err = {0};
    while (!fiber_cancelled()) {
        bool more = push_all(server);
        int wait_ms = frame_flush(server);
        if (!more)
            fiber_event_wait(&server->unsent, wait_ms);
        else if (!fiber_sleep(SEND_EVERY_MS, &err))
            break;
    }
    server->sender = NULL;
    fiber_event_broadcast(&server->ended);
}

void http_start(Server *server)
{
    server->sender = fiber_start(server->loop, "sender", sender_main, server);
}

static void send_answer(ServerRequest *request)
{
    request->stage = REQUEST_SENDING;
    request->answered_at_us = request->moved_at_us = clock_monotonic_us();
    lws_set_timeout(request->wsi, NO_PENDING_TIMEOUT, 0);
    Server *server = request->server;
    push(request);
    fiber_event_broadcast(&server->unsent);
}

/* ------------------------------------------------------------------ answering */

static bool parse_body(ServerRequest *request, Error *err)
{
    if (request->length == 0) {
        request->body = json_object();
        return true;
    }
    static const char TYPE[] = "application/json";
    size_t length = sizeof(TYPE) - 1;
    const char *type = request->content_type;
    if (type == NULL || strncasecmp(type, TYPE, length) != 0 ||
        (type[length] != '\0' && type[length] != ';'))
        return request_fail(request, STATUS_UNSUPPORTED_TYPE, err, ERROR_INPUT,
                            "the body is not application/json");
    request->body = json_parse(request->body_text.data, request->body_text.length_bytes, err);
    if (request->body == NULL)
        return false;
    return json_is_object(request->body) ||
           error_set(err, ERROR_INPUT, "the body is not a JSON object");
}

static bool not_installed(const Error *err)
{
    return text_equal(err->sqlstate, "3F000") || text_equal(err->sqlstate, "42P01");
}

static bool allowed(ServerRequest *request, Error *err)
{
    const ServerRoute *route = request->route;
    if (route->needs != ACCESS_NOBODY && !session_identify(request, err))
        return false;
    if (request->method == METHOD_POST && !session_check_post(request, err))
        return false;
    if (request->who.role >= route->needs)
        return true;
    return request_fail(request, STATUS_FORBIDDEN, err, ERROR_REFUSED,
                        "this needs the role %s, you are %s", access_role_name(route->needs),
                        access_role_name(request->who.role));
}

static bool handle(ServerRequest *request, json_t **ret_body, Error *err)
{
    if (!share_take(request, err))
        return false;
    bool ok = allowed(request, err) && request->route->handler(request, ret_body, err);
    if (request->conn != NULL) /* a handler may have given it back */
        share_put(request);
    return ok;
}

/* A connection that was idle may have died with its server: what only reads is simply asked again.
 */
static bool handle_again(ServerRequest *request, json_t **ret_body, Error *err)
{
    if (handle(request, ret_body, err))
        return true;
    if (err->kind != ERROR_UNREACHABLE || request->method != METHOD_GET)
        return false;
    *err = (Error){0};
    return handle(request, ret_body, err);
}

static void answer_api(ServerRequest *request)
{
    Error err = {0};
    AUTO(json_auto) json_t *body = NULL;
    bool ok = request->method != METHOD_POST || parse_body(request, &err);
    if (ok && handle_again(request, &body, &err)) {
        if (request->answer.download != NULL) /* a file, which is written already */
            return;
        write_json(request, request->answer.status == 0 ? STATUS_OK : request->answer.status, body);
        return;
    }
    if (body != NULL) { /* a refusal that shows how things stand now */
        json_object_set_new(body, "error", json_from_error(&err));
        write_json(request, request->answer.status == 0 ? status_of(&err) : request->answer.status,
                   body);
        return;
    }
    if (not_installed(&err)) {
        request->answer.status = STATUS_UNAVAILABLE;
        error_set(&err, ERROR_UNREACHABLE, "the state database has no schema headgate");
        error_hint(&err, "headgate ledger install");
    }
    write_error(request, &err);
    if (request->answer.status == STATUS_INTERNAL)
        log_error("%s %s: %s", route_method_name(request->method), request->path, err.message);
}

static void work(void *arg)
{
    ServerRequest *request = arg;
    Server *server = request->server;
    bool refused = request->answer.status != 0;
    if (!refused && request->route == NULL)
        assets_answer(request);
    else if (!refused)
        answer_api(request);
    request->fiber = NULL;
    server->working--;
    if (request->wsi != NULL)
        send_answer(request);
    else
        request_free(request);
    fiber_event_broadcast(&server->ended);
}

/* Everything has arrived, or is refused: the rest happens in a fiber. -1: the connection ends at
 * once. */
static int start_work(ServerRequest *request)
{
    Server *server = request->server;
    if (server->working >= SERVER_REQUESTS_MAX || server->stopping) {
        Error err = {0};
        error_set(&err, ERROR_UNREACHABLE,
                  server->stopping ? "the server stops" : "the server is busy");
        write_refusal(request->wsi, STATUS_UNAVAILABLE, &err);
        return -1;
    }
    lws_rx_flow_control(request->wsi, 0);
    request->stage = REQUEST_WORKING;
    server->working++;
    lws_set_timeout(request->wsi, PENDING_TIMEOUT_HTTP_CONTENT, WORK_LIMIT_S);
    request->fiber = fiber_start(server->loop, "request", work, request);
    return 0;
}

/* ------------------------------------------------------------------ callbacks */

static int begin(ServerConnection *connection, struct lws *wsi)
{
    if (connection->request != NULL)
        return -1;
    ServerRequest *request = request_new(connection, wsi);
    Error err = {0};
    bool ok = read_head(request, wsi, &err);
    if (!ok)
        write_error(request, &err);
    return ok && request->method == METHOD_POST ? 0 : start_work(request);
}

static void body_part(ServerRequest *request, const void *bytes, size_t size)
{
    if (request->stage == REQUEST_ARRIVING && size > 0)
        text_append_bytes(&request->body_text, bytes, size);
}

static int body_done(ServerRequest *request)
{
    return request->stage == REQUEST_ARRIVING ? start_work(request) : 0;
}

static int connected(Server *server, struct lws *wsi)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&address, &length) != 0)
        return -1;
    ServerPeer *peer = peers_take(server->peers, (const struct sockaddr *)&address);
    if (peer == NULL)
        return -1;
    ServerConnection *connection = base_alloc(sizeof(*connection));
    *connection = (ServerConnection){
        .server = server,
        .wsi = wsi,
        .peer = peer,
        .trusted = trust_address(&server->trust, (const struct sockaddr *)&address),
        .connected_at_us = clock_monotonic_us(),
        .next = server->connections};
    if (server->connections != NULL)
        server->connections->previous = connection;
    server->connections = connection;
    server->connections_count++;
    lws_set_opaque_user_data(wsi, connection);
    return 0;
}

static void disconnected(Server *server, struct lws *wsi)
{
    ServerConnection *connection = connection_of(wsi);
    if (connection == NULL)
        return;
    request_leave(connection);
    peer_release(server->peers, connection->peer, clock_monotonic_us());
    peer_release(server->peers, connection->client, clock_monotonic_us());
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    server->connections_count--;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    lws_set_opaque_user_data(wsi, NULL);
    free(connection);
}

int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t bytes)
{
    Server *server = server_of(wsi);
    ServerConnection *connection = NULL;
    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION: {
        const struct lws_filter_network_conn_args *peer = user;
        bool room = server->connections_count < server->connections_max;
        return room && peers_allow(server->peers, (const struct sockaddr *)&peer->cli_addr) ? 0
                                                                                            : -1;
    }
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        return connected(server, wsi);
    case LWS_CALLBACK_WSI_DESTROY:
        disconnected(server, wsi);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: /* in may point to freed memory: never read it */
        return ws_may_upgrade(wsi) ? 0 : -1;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: /* a WebSocket without our subprotocol ends here
                                                   */
        return -1;
    default:
        break;
    }
    connection = connection_of(wsi);
    if (connection == NULL)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return begin(connection, wsi);
    case LWS_CALLBACK_HTTP_BODY:
        if (connection->request != NULL)
            body_part(connection->request, in, bytes);
        return 0;
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return connection->request == NULL ? 0 : body_done(connection->request);
    case LWS_CALLBACK_CLOSED_HTTP:
        request_leave(connection);
        return 0;
    default:
        return 0;
    }
}

/* ------------------------------------------------------------------ time and the end */

/* lws gives a head 10 s, and each part of a body again as long: the whole has one limit here. */
static bool takes_too_long(const ServerConnection *connection, int64_t now_us)
{
    int64_t lasted_us = now_us - connection->connected_at_us;
    if (connection->viewer != NULL)
        return false;
    if (connection->request == NULL)
        return lasted_us > (int64_t)connection->server->header_timeout_s * 1000000;
    return connection->request->stage == REQUEST_ARRIVING && lasted_us > BODY_LIMIT_US;
}

void http_sweep(Server *server, int64_t now_us)
{
    for (ServerConnection *connection = server->connections; connection != NULL;
         connection = connection->next) {
        if (takes_too_long(connection, now_us))
            http_end_connection(connection->wsi);
    }
}

void http_stop(Server *server)
{
    for (ServerRequest *request = server->requests; request != NULL; request = request->next) {
        if (request->fiber != NULL)
            fiber_cancel(request->fiber);
    }
    if (server->sender != NULL)
        fiber_cancel(server->sender);
    while (server->working > 0 || server->sender != NULL) {
        if (!fiber_event_wait(&server->ended, -1) && server->working > 0)
            fiber_yield();
    }
}
