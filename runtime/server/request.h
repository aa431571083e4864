/* One HTTP request on its way: what came in, who sent it, what goes out. Handlers see this and
 * nothing of libwebsockets. Private to this folder. */
#ifndef HEADGATE_SERVER_REQUEST_H
#define HEADGATE_SERVER_REQUEST_H

#include "access/token.h"
#include "base/text.h"
#include "server/route.h"
#include "server/server.h"

enum { REQUEST_ARGS_MAX = 32 };

/// Every status we answer with (docs/protocol.md).
typedef enum ServerStatus {
    STATUS_OK = 200,
    STATUS_CREATED = 201,
    STATUS_ACCEPTED = 202,
    STATUS_NOT_MODIFIED = 304,
    STATUS_BAD_REQUEST = 400,
    STATUS_UNAUTHORIZED = 401,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404,
    STATUS_METHOD_NOT_ALLOWED = 405,
    STATUS_CONFLICT = 409,
    STATUS_LENGTH_REQUIRED = 411,
    STATUS_TOO_LARGE = 413,
    STATUS_UNSUPPORTED_TYPE = 415,
    STATUS_PRECONDITION_REQUIRED = 428,
    STATUS_TOO_MANY = 429,
    STATUS_INTERNAL = 500,
    STATUS_UNAVAILABLE = 503,
} ServerStatus;

struct lws;

typedef struct ServerAnswer {
    int status;
    const char *type;  ///< Content-Type
    const char *bytes; ///< borrowed: from the arena or embedded
    size_t size_bytes;
    const char *etag;     ///< with its quotes; NULL = none
    const char *caching;  ///< Cache-Control
    const char *encoding; ///< "gzip" or NULL
    const char *cookie;   ///< Set-Cookie or NULL
    const char *allow;    ///< methods, for 405
    const char *download; ///< Content-Disposition or NULL
    int retry_after_s;    ///< 0 = none
} ServerAnswer;

/// Where a request stands.
typedef enum RequestStage {
    REQUEST_ARRIVING,  ///< its body comes in
    REQUEST_WORKING,   ///< a fiber answers it
    REQUEST_SENDING,   ///< the answer goes out
    REQUEST_LINGERING, ///< it is out, and what the client still sends is read away before the end
} RequestStage;

typedef struct ServerRequest ServerRequest;
struct ServerRequest {
    Server *server;
    Arena *arena;
    struct lws *wsi; ///< NULL once the connection has gone: nobody waits for the answer
    struct ServerConnection *connection;
    Fiber *fiber; ///< while REQUEST_WORKING
    RequestStage stage;
    int64_t started_at_us;
    int64_t answered_at_us;
    int64_t moved_at_us; ///< when the answer last got further

    ServerMethod method;
    bool head; ///< HEAD: no body goes out
    const char *path;
    const char *args[REQUEST_ARGS_MAX]; ///< "name=value"
    size_t args_count;
    const ServerRoute *route;
    const char *values[ROUTE_VALUES_MAX]; ///< what :names of the pattern matched, in order
    const char *origin;
    const char *token; ///< bearer or cookie
    bool by_cookie;
    const char *proxied; ///< who it is, by the header of a trusted proxy; NULL = it does not say
    const char *from;    ///< the client's address; "" = not known
    const char *agent;   ///< User-Agent, as the client says; NULL = it does not
    const char *csrf;
    const char *content_type;
    const char *accept_encoding;
    const char *if_match;
    const char *if_none_match;
    const char *idempotency_key;
    size_t length; ///< Content-Length
    Text body_text;
    json_t *body; ///< an object; {} when there was none

    AccessIdentity who;
    DbConn *conn; ///< state database, for the handler; NULL for routes without
    ServerAnswer answer;
    size_t sent_bytes; ///< of header and body together
    Text header;

    ServerRequest *next; ///< of the server's list
    ServerRequest *previous;
};

/// The value of :name in the route's pattern; never NULL.
const char *request_value(const ServerRequest *request, const char *name);
/// The run's id from the path. ERROR_INPUT and 404 when it is no number.
NODISCARD bool request_run(ServerRequest *request, int64_t *ret_run, Error *err);
/// A query argument, or NULL.
const char *request_arg(const ServerRequest *request, const char *name);
/// A query argument as a number in [0, max]; otherwise when absent. ERROR_INPUT when it is none.
NODISCARD bool request_arg_int(const ServerRequest *request, const char *name, int64_t otherwise,
                               int64_t max, int64_t *ret_number, Error *err);
/// Only keys in allowed (ends with NULL) may stand in the body. ERROR_INPUT names the first other
/// one.
NODISCARD bool request_body_keys(const ServerRequest *request, const char *const *allowed,
                                 Error *err);
/// A text of the body with 1 … max bytes. ERROR_INPUT when it is missing, no text or longer.
NODISCARD bool request_body_text(const ServerRequest *request, const char *key, size_t max,
                                 const char **ret_text, Error *err);
/// Sets the status and the error and returns false.
bool request_fail(ServerRequest *request, int status, Error *err, ErrorKind kind,
                  const char *format, ...) PRINTF_LIKE(5, 6);
/// ok; when it is not, what a view calls wrong input is missing: 404.
bool request_found(ServerRequest *request, bool ok, const Error *err);
/// If-Match without its quotes. 428 when it is missing.
NODISCARD bool request_if_match(ServerRequest *request, const char **ret_tag, Error *err);

/// Gives the connection to the state database back while the handler waits for something else.
/// Waits for one again: false as pool_take().
void request_leave_state(ServerRequest *request);
NODISCARD bool request_enter_state(ServerRequest *request, Error *err);

/// Idempotency-Key, kept apart by person, or NULL.
const char *request_key(const ServerRequest *request);
/// The environment of a name in headgate.yaml, or NULL.
const ConfigEnvironment *request_environment(const ServerRequest *request, const char *name);

#endif
