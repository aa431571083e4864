/* Every address of the API as data: method, pattern, who may, what it does. docs/http-routes.md is
 * written from this table. */
#ifndef HEADGATE_SERVER_ROUTE_H
#define HEADGATE_SERVER_ROUTE_H

#include "access/person.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

struct ServerRequest;

typedef enum ServerMethod { METHOD_GET, METHOD_POST, METHOD_OTHER } ServerMethod;

enum { ROUTE_VALUES_MAX = 4 };

/// Answers a request. *ret_body becomes the answer; false: request->answer.status and err (a status
/// that was not set follows from the error's kind). May wait; request->conn is the state database.
typedef bool ServerHandler(struct ServerRequest *request, json_t **ret_body, Error *err);

typedef struct ServerRoute {
    ServerMethod method;
    const char *pattern; ///< ":name" matches one segment, "*name" one or more
    ServerHandler *handler;
    AccessRole needs; ///< ACCESS_NOBODY: no log-in needed
    const char *doc;
} ServerRoute;

extern const ServerRoute SERVER_ROUTES[];
extern const size_t SERVER_ROUTES_COUNT;

/// Does path match pattern? values (ROUTE_VALUES_MAX) are copied into arena, in the order of the
/// pattern.
bool route_match(const char *pattern, const char *path, Arena *arena, const char **values);
/// The route of a request, or NULL; then *ret_allow is what the path would take ("GET, POST") or
/// NULL.
const ServerRoute *route_find(ServerMethod method, const char *path, Arena *arena,
                              const char **values, const char **ret_allow);
const char *route_method_name(ServerMethod method);

#endif
