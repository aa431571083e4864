/* The supervisor's face: HTTP API, WebSocket and dashboard on one port, over the tables of the
 * state database (docs/protocol.md). It never executes Lua; plans are evaluated and runners started
 * by the hooks. */
#ifndef HEADGATE_SERVER_SERVER_H
#define HEADGATE_SERVER_SERVER_H

#include "base/json.h"
#include "base/text.h"
#include "db/conn.h"
#include "plan/config.h"

typedef struct Server Server;

/// A run somebody asks for. Texts are borrowed for the call.
typedef struct ServerStart {
    const char *plan;        ///< a name below serve --plans DIR
    const char *environment; ///< NULL = the only one
    json_t *params;          ///< an object
    const char *person;      ///< becomes started_by
    json_t *via;             ///< by which door they came: {door, from}
    const char *key;         ///< idempotency key, to be kept with the run; NULL = none
} ServerStart;

/// What the command line gives the server. Each may wait. NULL: not offered (404).
typedef struct ServerHooks {
    void *ctx;
    /// Plans that can be started: [{name, doc, hash, error, environments, params, parts}].
    bool (*plans)(void *ctx, json_t **ret_plans, Error *err);
    /// One of them: also {graph, findings, boxes, files: [{path, bytes, text}]}; text is null where
    /// it is none, or too long. ERROR_INPUT when there is none of that name.
    bool (*plan)(void *ctx, const char *name, json_t **ret_plan, Error *err);
    /// What a run would do, asked in READ ONLY transactions; of plan "#42": what run 42 was started
    /// with. The report of `headgate plan --json`.
    bool (*preview)(void *ctx, const ServerStart *start, json_t **ret_report, Error *err);
    /// Creates the run, with its key in the same transaction, and starts its runner.
    bool (*start_run)(void *ctx, const ServerStart *start, int64_t *ret_run, Error *err);
    /// Starts a runner for a run that nobody drives. Called again, with pauses, while that stays
    /// so.
    bool (*adopt)(void *ctx, int64_t run, Error *err);
    const char *heads_file; ///< where heads of audit chains are written to by the hour; NULL = not
} ServerHooks;

typedef struct ServerOptions {
    const char
        *listen; ///< "127.0.0.1:8080", "[::1]:8080", "8080"; NULL = 127.0.0.1:8080; port 0 = any
    const char *public_url; ///< "https://headgate.example.org": what browsers see; NULL = the
                            ///< address itself
    const char
        *tls_cert;       ///< file with the certificate and what it is signed by, PEM; NULL = no TLS
    const char *tls_key; ///< file with its key
    const char *trust_header;  ///< the header in which trusted proxies say who somebody is; NULL
    const char *trusted_proxy; ///< their networks, "10.0.0.0/8,::1"; NULL = none
    DbTarget state;            ///< strings are copied
    const Config *config;      ///< borrowed; outlives the server
    const char *key_folder;    ///< approval.key and approval.pub, made when missing
    const char
        *web_root; ///< serve the dashboard from this folder instead (development); NULL = embedded
    ServerHooks hooks;
    int header_timeout_s; ///< for a whole request to arrive; 0 = 10
} ServerOptions;

/// Called in a fiber. Starts listening; needs no state database yet (requests are answered 503
/// until it is there). ERROR_INPUT for an address that cannot be used (the hint says what to do),
/// ERROR_REFUSED for one that others could reach without public_url.
NODISCARD bool server_start(Loop *loop, const ServerOptions *options, Server **ret_server,
                            Error *err);
int server_port(const Server *server);
/// "http://127.0.0.1:8080" or public_url; no slash at the end. Owned by the server.
const char *server_url(const Server *server);
/// How many viewers are connected now.
size_t server_viewers(const Server *server);
/// Waits. Ends requests, viewers and connections and frees the server. NULL is fine.
void server_stop(Server *server);

/// docs/http-routes.md.
void server_routes_docs(Text *out);
/// docs/openapi.json: the same routes with what goes in and out, for other programs.
void server_openapi_docs(Text *out);
/// docs/asyncapi.json: the messages of the stream.
void server_asyncapi_docs(Text *out);

#endif
