/* What the files of this folder know of each other. */
#ifndef HEADGATE_SERVER_PRIVATE_H
#define HEADGATE_SERVER_PRIVATE_H

#include "access/password.h"
#include "access/sign.h"
#include "access/throttle.h"
#include "base/bounds.h"
#include "base/embed.h"
#include "server/evaluate.h"
#include "server/guard.h"
#include "server/head.h"
#include "server/peer.h"
#include "server/pool.h"
#include "server/request.h"
#include "server/target.h"
#include "server/trust.h"
#include "server/watch.h"

#include <libwebsockets.h>

enum {
    SERVER_CHUNK_BYTES = 64 * 1024, ///< written per turn and connection
    SERVER_FRAME_BYTES = BOUND_WS_FRAME_BYTES,
    SERVER_REQUESTS_MAX = 512, ///< being answered at once; more get 503
    SERVER_POOL = 4,
    SERVER_POOL_AGAIN_MS = 500,
    SERVER_STATEMENT_MS = 15000,
    SERVER_CONNECT_MS = 3000,
};

typedef struct ServerFeed ServerFeed;
typedef struct ServerLaunch ServerLaunch;
typedef struct ServerAudit ServerAudit;
typedef struct ServerNotice ServerNotice;

struct Server {
    Loop *loop;
    Arena *arena;
    DbTarget state;
    const Config *config;
    ServerHooks hooks;
    const char *web_root;
    int header_timeout_s;
    ServerGuard guard;
    ServerTrust trust;
    bool tls; ///< we speak it ourselves
    int port;
    AccessSigner signer;
    ServerPeers *peers;
    AccessHasher hasher;     ///< of passwords
    AccessThrottle *guesses; ///< of passwords
    ServerPool *pool;
    ServerTargets *targets;
    struct lws_context *lws;
    struct lws_vhost *vhost;
    ServerFeed *feed;
    ServerLaunch *launch;
    ServerNotice *notices;   ///< webhooks that are told
    Fiber *heads;            ///< writes heads by the hour
    int previews;            ///< children that simulate a plan now
    ServerAudit *audit;      ///< chains that were verified lately; NULL = none yet
    Fiber *clock;            ///< once a second: deadlines and ticks
    Fiber *sender;           ///< answers and frames that could not go out at once
    FiberEvent unsent;       ///< there is one
    bool frames_due;         ///< some viewer has something to be sent
    int64_t flushed_at_us;   ///< when frames last left
    int64_t sessions_at_us;  ///< the viewers' sessions are looked at again then
    ServerRequest *requests; ///< all that are alive
    size_t requests_count;
    struct ServerConnection *connections; ///< all that are open
    size_t connections_count;
    size_t connections_max;
    size_t working; ///< requests that a fiber answers
    ServerViewer *viewers;
    size_t viewers_count;
    ServerWatches watches;
    bool stopping;
    size_t evaluations[EVALUATE_WHYS];                 ///< children that evaluate a plan now
    FiberEvent evaluated;                              ///< one of them has ended
    FiberEvent returned;                               ///< a request has given its connection back
    FiberEvent ended;                                  ///< a fiber of ours has ended
    unsigned char frame[LWS_PRE + SERVER_FRAME_BYTES]; ///< one being sent to a viewer
};

/// One TCP connection, from accept to close. Hangs on its wsi as opaque user data.
typedef struct ServerConnection {
    Server *server;
    struct lws *wsi;
    int64_t connected_at_us;
    ServerPeer *peer;
    bool trusted;           ///< it is a proxy that is believed
    ServerPeer *client;     ///< whom that proxy speaks for, once it said so
    ServerRequest *request; ///< in flight
    ServerViewer *viewer;   ///< after the upgrade
    struct ServerConnection *next;
    struct ServerConnection *previous;
} ServerConnection;

Server *server_of(struct lws *wsi);
ServerConnection *connection_of(struct lws *wsi);
/// Whose guesses are counted: the client's that a trusted proxy speaks for, or the peer's.
ServerPeer *connection_peer(const ServerConnection *connection);

/* door.c */
/// "10.0.0.5", from arena; "" when it is no address of the internet.
const char *door_address(Arena *arena, const struct sockaddr_storage *address);
/// {door: browser, cli (by its own word) or api; from: the address}, for what people decided. The
/// caller's.
json_t *door_of(const ServerRequest *request);

/* http.c: the protocol "http" */
int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t bytes);
/// Requests whose body does not come or whose client does not read are ended.
void http_sweep(Server *server, int64_t now_us);
/// Ends the requests that are still worked on. Waits.
void http_stop(Server *server);
/// Ends a connection soon; may be called from anywhere.
void http_end_connection(struct lws *wsi);
/// Starts the fiber that sends what the sockets did not take at once.
void http_start(Server *server);

/* read.c: what came in */
/// Reads method, path and headers of the request on wsi; false: answer is set.
NODISCARD bool read_head(ServerRequest *request, struct lws *wsi, Error *err);
/// The part of a head that an upgrade is judged by.
void read_upgrade(struct lws *wsi, Arena *arena, ServerHead *ret_head);
/// Who sends it according to a trusted proxy (NULL: it does not say). ERROR_REFUSED when somebody
/// else sends that header.
NODISCARD bool read_proxied(struct lws *wsi, Arena *arena, const char **ret_person, Error *err);
/// A header by its lws token, from arena; NULL when absent or given twice where that is not
/// allowed.
const char *read_header(struct lws *wsi, Arena *arena, enum lws_token_indexes token);

/* share.c */
/// Waits. A connection for request->conn, when whoever sends it has not too much already (429).
NODISCARD bool share_take(ServerRequest *request, Error *err);
void share_put(ServerRequest *request);
/// It waits for something, its client has gone, and nobody misses the answer.
bool share_in_vain(const ServerRequest *request);

/* write.c: what goes out */
void write_json(ServerRequest *request, int status, const json_t *body);
/// 200 with text as a file to download; name is ours.
void write_file(ServerRequest *request, const char *type, const char *name, const Text *text);
void write_error(ServerRequest *request, const Error *err);
typedef enum WriteResult { WRITE_DONE, WRITE_LATER, WRITE_FAILED } WriteResult;
/// Sends as much of the answer as the socket takes now.
WriteResult write_some(ServerRequest *request);
/// A whole small answer at once, for requests that end with their connection (refused upgrades).
void write_refusal(struct lws *wsi, int status, const Error *err);
int status_of(const Error *err);

/* assets.c */
/// Answers a request for the dashboard. Waits when it is served from a folder.
void assets_answer(ServerRequest *request);

/* session.c */
/// Waits. Who sends the request, from its token. 401 when nobody.
NODISCARD bool session_identify(ServerRequest *request, Error *err);
/// A cookie's POST must bring the CSRF token of its session and an Origin.
NODISCARD bool session_check_post(ServerRequest *request, Error *err);
/// Has this address sent too many wrong tokens? Then answer and err say how long it has to wait.
bool session_throttled(ServerRequest *request, Error *err);
/// Waits. The answer of /api/me.
NODISCARD bool session_me(ServerRequest *request, json_t **ret_body, Error *err);

/* ws.c: the protocol "headgate.v1" */
int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                size_t bytes);
/// May this request become a WebSocket? Otherwise a refusal was written.
bool ws_may_upgrade(struct lws *wsi);
/// Once a second.
void ws_tick(Server *server, int64_t now_us);
/// Waits. Closes the viewers whose session has ended or whose role has changed meanwhile. Each is
/// asked about once a minute; all: now.
NODISCARD bool ws_check_sessions(Server *server, DbConn *conn, bool all, Error *err);
/// Closes the viewers of a session.
void ws_end_session(Server *server, const char *hash);

/* audit.c */
void audit_free(Server *server);

/* frame.c */
/// Writes to every viewer that has something, at most once in BOUND_WS_FLUSH_MS. Returns after how
/// many milliseconds it should be called again; -1: when frame_want() says so.
int frame_flush(Server *server);

/* launch.c */
/// A run that is asked for, from the body; plan comes from the body too unless it is given.
NODISCARD bool launch_read_start(ServerRequest *request, const char *plan, ServerStart *ret_start,
                                 Error *err);
void launch_start(Server *server);
void launch_stop(Server *server); ///< Waits.
void launch_wake(Server *server); ///< somebody asked something of a run

/* notice.c: webhooks */
void notice_start(Server *server);
void notice_stop(Server *server); ///< Waits.

/* heads.c: heads of audit chains by the hour */
void heads_start(Server *server);
void heads_stop(Server *server); ///< Waits.

#endif
