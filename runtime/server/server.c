/* The server: one libwebsockets context on our loop, the fibers behind it, and their end. */
#include "server/tls.h"
#include "server/viewer.h"

#include "base/clock.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    HEADER_TIMEOUT_S = 10,
    KEEPALIVE_S = 60,
    PING_S = 20,
    HANGUP_S = 30,
    HEADER_BYTES = 8192,
    SPARE_FDS = 200, ///< for the databases, children and files of this process
    TICK_MS = 1000,
    CLOSE_TURNS = 10,
};

static const struct lws_protocols PROTOCOLS[] = {
    {.name = "http", .callback = http_callback, .rx_buffer_size = 4096},
    /* lws keeps such a buffer for each viewer; what they say is short, and may come in pieces */
    {.name = "headgate.v1", .callback = ws_callback, .rx_buffer_size = 512},
    {0},
};

static const lws_retry_bo_t IDLE = {.secs_since_valid_ping = PING_S,
                                    .secs_since_valid_hangup = HANGUP_S};

/* What lws has to say matters to those who debug it; its errors are usually the fault of a client.
 */
static void lws_said(int level, const char *line)
{
    size_t length = strcspn(line, "\n");
    if (level & LLL_ERR)
        log_debug("libwebsockets: %.*s", (int)length, line);
}

/* ------------------------------------------------------------------ listening */

/* A port that is taken is the one mistake everybody makes; lws would only say that there is no
 * vhost. */
static bool check_address(const ServerAddress *address, Error *err)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;
    const char *host = text_equal(address->host, "localhost") ? "127.0.0.1" : address->host;
    socklen_t size = sizeof(*four);
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)address->port);
    } else if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)address->port);
        size = sizeof(*six);
    } else {
        error_set(err, ERROR_INPUT, "\"%s\" is not an IP address", address->host);
        return error_hint(err, "for example --listen 127.0.0.1:8080");
    }
    int probe = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    bool ok = probe >= 0 && setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
              bind(probe, (struct sockaddr *)&storage, size) == 0 && listen(probe, 1) == 0;
    int problem = errno;
    if (probe >= 0)
        close(probe);
    if (ok)
        return true;
    if (problem != EADDRINUSE)
        return error_set(err, ERROR_INPUT, "listening on %s port %d: %s", address->host,
                         address->port, strerror(problem));
    error_set(err, ERROR_INPUT, "port %d is in use: choose another with --listen", address->port);
    return error_hint(err, "--listen %s:0 takes any free port", address->host);
}

/* Connections of strangers must leave file descriptors for databases and children. */
static size_t room_for_connections(void)
{
    struct rlimit limit;
    rlim_t wanted = BOUND_HTTP_CONNECTIONS + SPARE_FDS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return SPARE_FDS;
    if (limit.rlim_cur < wanted) {
        struct rlimit raised = {.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted,
                                .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    size_t room = limit.rlim_cur > wanted ? wanted : limit.rlim_cur;
    return room > (size_t)2 * SPARE_FDS ? room - SPARE_FDS : room / 2;
}

static bool make_context(Server *server, Error *err)
{
    void *loops[] = {loop_uv(server->loop)};
    lws_set_log_level(LLL_ERR, lws_said);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = (server->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0) |
                   LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS |
                   LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN,
        .foreign_loops = loops,
        .user = server,
        .pcontext = &server->lws,
        .fd_limit_per_thread = BOUND_HTTP_CONNECTIONS + SPARE_FDS,
        .max_http_header_data2 = HEADER_BYTES,
        .max_http_header_pool2 = BOUND_HTTP_CONNECTIONS,
        .timeout_secs = (unsigned int)server->header_timeout_s,
        .retry_and_idle_policy = &IDLE,
        .gid = -1,
        .uid = -1,
    };
    server->lws = lws_create_context(&info);
    if (server->lws != NULL)
        return true;
    error_set(err, ERROR_INTERNAL, "libwebsockets could not be set up");
    return error_hint(err, "is the package libwebsockets-evlib-uv installed?");
}

static bool make_vhost(Server *server, const ServerAddress *address, const ServerOptions *options,
                       Error *err)
{
    const char *host = text_equal(address->host, "localhost") ? "127.0.0.1" : address->host;
    struct lws_context_creation_info info = {
        .port = address->port,
        .iface = arena_strdup(server->arena, host),
        .protocols = PROTOCOLS,
        .vhost_name = "headgate",
        .keepalive_timeout = KEEPALIVE_S,
        .timeout_secs = (unsigned int)server->header_timeout_s,
        .retry_and_idle_policy = &IDLE,
        .options = strchr(host, ':') == NULL ? LWS_SERVER_OPTION_DISABLE_IPV6 : 0,
        .user = server,
    };
    if (server->tls)
        tls_configure(&info, options->tls_cert, options->tls_key);
    server->vhost = lws_create_vhost(server->lws, &info);
    if (server->vhost == NULL)
        return error_set(err, ERROR_INPUT, "listening on %s port %d failed", address->host,
                         address->port);
    server->port = lws_get_vhost_listen_port(server->vhost);
    return true;
}

/* On a foreign loop the handles of lws close in later turns (connections in one, its own in the
 * next), and only a second call frees the context. pcontext tells when it is gone. */
static void end_context(Server *server)
{
    lws_context_destroy(server->lws);
    for (int i = 0; i < CLOSE_TURNS && server->lws != NULL; i++)
        fiber_yield();
    lws_context_destroy(server->lws);
    invariant(server->viewers_count == 0 && server->requests_count == 0);
}

/* ------------------------------------------------------------------ the clock */

static void clock_main(void *arg)
{
    Server *server = arg;
    Error err = {0};
    while (fiber_sleep(TICK_MS, &err)) {
        int64_t now_us = clock_monotonic_us();
        http_sweep(server, now_us);
        ws_tick(server, now_us);
    }
    server->clock = NULL;
    fiber_event_broadcast(&server->ended);
}

static void clock_stop(Server *server)
{
    if (server->clock != NULL)
        fiber_cancel(server->clock);
    while (server->clock != NULL) {
        if (!fiber_event_wait(&server->ended, -1) && server->clock != NULL)
            fiber_yield();
    }
}

/* ------------------------------------------------------------------ start and stop */

static void copy_state(Server *server, const DbTarget *state)
{
    server->state = *state;
    server->state.conninfo = arena_strdup(server->arena, state->conninfo);
    server->state.application_name = "headgate:supervisor";
    server->state.search_path = arena_strdup(server->arena, state->search_path);
    server->state.connect_timeout_ms = SERVER_CONNECT_MS;
    server->state.statement_timeout_ms = SERVER_STATEMENT_MS;
}

static bool open_server(Server *server, const ServerOptions *options, Error *err)
{
    ServerAddress address;
    const char *listen_on = options->listen == NULL ? "127.0.0.1:8080" : options->listen;
    if (!tls_check(options->tls_cert, options->tls_key, err) ||
        !guard_parse_address(listen_on, &address, err))
        return false;
    server->tls = options->tls_cert != NULL;
    address.tls = server->tls;
    if (!guard_init(&server->guard, server->arena, &address, options->public_url, err) ||
        !trust_init(&server->trust, server->arena, options->trust_header, options->trusted_proxy,
                    err))
        return false;
    invariant(options->key_folder != NULL);
    if (!access_signer_open(options->key_folder, &server->signer, err))
        return error_wrap(err, "reading the key that signs approvals");
    if ((address.port != 0 && !check_address(&address, err)) || !make_context(server, err) ||
        !make_vhost(server, &address, options, err))
        return false;
    address.port = server->port;
    return guard_init(&server->guard, server->arena, &address, options->public_url, err);
}

static void free_server(Server *server)
{
    audit_free(server);
    targets_free(server->targets);
    pool_free(server->pool);
    peers_free(server->peers);
    access_throttle_free(server->guesses);
    access_signer_done(&server->signer);
    watch_done(&server->watches);
    arena_free(server->arena);
    free(server);
}

bool server_start(Loop *loop, const ServerOptions *options, Server **ret_server, Error *err)
{
    Server *server = base_alloc(sizeof(*server));
    server->loop = loop;
    server->arena = arena_new();
    server->config = options->config;
    server->hooks = options->hooks;
    server->web_root = arena_strdup(server->arena, options->web_root);
    server->header_timeout_s =
        options->header_timeout_s > 0 ? options->header_timeout_s : HEADER_TIMEOUT_S;
    server->connections_max = room_for_connections();
    watch_start(&server->watches);
    server->peers = peers_new(BOUND_HTTP_PER_ADDRESS);
    server->guesses = access_throttle_new();
    copy_state(server, &options->state);
    server->pool = pool_new(loop, &server->state,
                            &(PoolOptions){.name = "state database",
                                           .max = SERVER_POOL,
                                           .again_ms = SERVER_POOL_AGAIN_MS});
    server->targets = targets_new(loop, &server->state, server->config);
    if (!open_server(server, options, err)) {
        end_context(server);
        free_server(server);
        return false;
    }
    server->feed = feed_start(server);
    http_start(server);
    launch_start(server);
    notice_start(server);
    heads_start(server);
    server->clock = fiber_start(loop, "clock", clock_main, server);
    *ret_server = server;
    return true;
}

int server_port(const Server *server)
{
    return server->port;
}

const char *server_url(const Server *server)
{
    return server->guard.url;
}

size_t server_viewers(const Server *server)
{
    return server->viewers_count;
}

void server_stop(Server *server)
{
    if (server == NULL)
        return;
    server->stopping = true;
    launch_stop(server);
    notice_stop(server);
    heads_stop(server);
    clock_stop(server);
    http_stop(server);
    feed_stop(server->feed);
    end_context(server);
    while (server->working > 0) {
        if (!fiber_event_wait(&server->ended, -1) && server->working > 0)
            fiber_yield();
    }
    free_server(server);
}
