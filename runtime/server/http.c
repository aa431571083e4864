/* The life of a request on libwebsockets: it arrives in callbacks, is answered by a fiber, and goes
 * out in callbacks again. Facts about 4.1.6 that shape this file:
 *   - While a request is worked on, the connection's rx is switched off: in that state lws does not
 * read, and a level-triggered poll would spin; after a POST it would even take later bytes for more
 * body.
 *   - The path is percent-decoded already, "//" and "/../" are gone.
 *   - CLOSED comes without ESTABLISHED, WSI_DESTROY without a connection of ours. */
#include "server/private.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_LIMIT_US = 30 * 1000000, SEND_LIMIT_S = 30, WORK_LIMIT_S = 120, HEADER_BYTES = 8192 };

Server *server_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

ServerConnection *connection_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
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

void http_send(ServerRequest *request)
{
    request->stage = REQUEST_SENDING;
    lws_set_timeout(request->wsi, PENDING_TIMEOUT_HTTP_CONTENT, SEND_LIMIT_S);
    lws_callback_on_writable(request->wsi);
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
    if (!pool_take(request->server->pool, &request->conn, err))
        return false;
    bool ok = allowed(request, err) && request->route->handler(request, ret_body, err);
    pool_put(request->server->pool, request->conn);
    request->conn = NULL;
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
    if (request->route == NULL)
        assets_answer(request);
    else
        answer_api(request);
    request->fiber = NULL;
    server->working--;
    if (request->wsi != NULL)
        http_send(request);
    else
        request_free(request);
    fiber_event_broadcast(&server->ended);
}

static void start_work(ServerRequest *request)
{
    Server *server = request->server;
    lws_rx_flow_control(request->wsi, 0);
    if (server->working >= SERVER_REQUESTS_MAX || server->stopping) {
        Error err = {0};
        error_set(&err, ERROR_UNREACHABLE,
                  server->stopping ? "the server stops" : "the server is busy");
        request->answer.retry_after_s = 1;
        write_error(request, &err);
        http_send(request);
        return;
    }
    request->stage = REQUEST_WORKING;
    server->working++;
    lws_set_timeout(request->wsi, PENDING_TIMEOUT_HTTP_CONTENT, WORK_LIMIT_S);
    request->fiber = fiber_start(server->loop, "request", work, request);
}

/* ------------------------------------------------------------------ callbacks */

static int begin(ServerConnection *connection, struct lws *wsi)
{
    if (connection->request != NULL) /* never: rx is off while there is one */
        return -1;
    ServerRequest *request = request_new(connection, wsi);
    Error err = {0};
    if (!read_head(request, wsi, &err)) {
        write_error(request, &err);
        if (request->length > 0 && !request->answer.closes)
            return 0; /* the body is read away first: begin_answer() follows */
        lws_rx_flow_control(wsi, 0);
        http_send(request);
        return 0;
    }
    if (request->length == 0 && request->method == METHOD_GET)
        start_work(request);
    return 0;
}

static int body_part(ServerRequest *request, const void *bytes, size_t size)
{
    bool refused = request->answer.status != 0;
    if (request->stage == REQUEST_ARRIVING && !refused && size > 0)
        text_append_bytes(&request->body_text, bytes, size);
    return 0;
}

static int body_done(ServerRequest *request)
{
    if (request->stage != REQUEST_ARRIVING)
        return 0;
    if (request->answer.status != 0) {
        lws_rx_flow_control(request->wsi, 0);
        http_send(request);
        return 0;
    }
    start_work(request);
    return 0;
}

static int writeable(ServerConnection *connection, struct lws *wsi)
{
    ServerRequest *request = connection->request;
    if (request == NULL || request->stage != REQUEST_SENDING)
        return 0;
    int result = 0;
    if (!write_some(request, wsi, &result)) {
        lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, SEND_LIMIT_S);
        lws_callback_on_writable(wsi);
        return 0;
    }
    bool closes = request->answer.closes || result < 0;
    request_leave(connection);
    if (closes)
        return -1;
    lws_rx_flow_control(wsi, 1);
    return lws_http_transaction_completed(wsi) ? -1 : 0;
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
    *connection = (ServerConnection){.server = server, .peer = peer};
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
        return peers_allow(server->peers, (const struct sockaddr *)&peer->cli_addr) ? 0 : -1;
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
        return connection->request == NULL ? 0 : body_part(connection->request, in, bytes);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return connection->request == NULL ? 0 : body_done(connection->request);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return writeable(connection, wsi);
    case LWS_CALLBACK_CLOSED_HTTP:
        request_leave(connection);
        return 0;
    default:
        return 0;
    }
}

/* ------------------------------------------------------------------ time and the end */

void http_sweep(Server *server, int64_t now_us)
{
    for (ServerRequest *request = server->requests; request != NULL; request = request->next) {
        if (request->stage == REQUEST_ARRIVING && request->wsi != NULL &&
            now_us - request->started_at_us > BODY_LIMIT_US)
            lws_set_timeout(request->wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
    }
}

void http_stop(Server *server)
{
    for (ServerRequest *request = server->requests; request != NULL; request = request->next) {
        if (request->fiber != NULL)
            fiber_cancel(request->fiber);
    }
    while (server->working > 0) {
        if (!fiber_event_wait(&server->ended, -1) && server->working > 0)
            fiber_yield();
    }
}
