/* The HTTP client: one request at a time for a fiber, on libcurl's multi interface over the loop.
 * No redirects are followed, no cookies kept; the proxy variables of the environment apply, but
 * never to this machine itself. */
#ifndef HEADGATE_HTTP_HTTP_H
#define HEADGATE_HTTP_HTTP_H

#include "loop/fiber.h"

typedef struct HttpRequest {
    const char *method;         ///< "GET", "POST", ...; NULL = GET
    const char *url;            ///< http or https
    const char *const *headers; ///< "Name: value", NULL-terminated; NULL = none
    const char *body;           ///< NULL = none
    size_t body_bytes;
    int timeout_ms;      ///< for all of it; 0 = BOUND_HTTP_TIMEOUT_MS
    size_t max_bytes;    ///< of the answer's body; 0 = BOUND_HTTP_BODY_BYTES
    const char *ca_file; ///< certificates that may sign an https server's; NULL = the system's
    const char *unix_socket_path; ///< connect there instead of to the URL's host; NULL = no
} HttpRequest;

/// An answer, whatever its status. Ends with http_response_done().
typedef struct HttpResponse {
    int status;
    char *body; ///< NUL-terminated, never NULL
    size_t body_bytes;
    char *headers; ///< the lines as they came; ask http_header()
} HttpResponse;

/// Waits. False when there is no answer: ERROR_UNREACHABLE (no connection, timeout, broken off),
/// ERROR_INPUT (not an http or https URL), ERROR_REFUSED (the answer exceeds max_bytes),
/// ERROR_CANCELLED. Messages show the URL without user, password and query.
NODISCARD bool http_request(Loop *loop, const HttpRequest *request, HttpResponse *ret_response,
                            Error *err);
/// Copies the value of the first header of that name (any case) into out; false when there is none
/// or it does not fit.
bool http_header(const HttpResponse *response, const char *name, char *out, size_t size);
void http_response_done(HttpResponse *response); ///< also a destructor for AUTO

#endif
