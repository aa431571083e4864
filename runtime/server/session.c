/* Who sends a request: cookie, bearer token, CSRF. Logging in and out is login.c's. */
#include "access/decide.h"
#include "server/handlers.h"
#include "server/private.h"

#include "base/clock.h"
#include "db/sql.h"

#include <stdio.h>
#include <string.h>

bool session_throttled(ServerRequest *request, Error *err)
{
    const ServerConnection *connection = request->connection;
    int wait_s =
        connection == NULL ? 0 : peer_wait_s(connection_peer(connection), clock_monotonic_us());
    if (wait_s == 0)
        return false;
    request->answer.retry_after_s = wait_s;
    request_fail(request, STATUS_TOO_MANY, err, ERROR_REFUSED,
                 "too many wrong tokens from this address: try again in %d s", wait_s);
    return true;
}

static bool not_logged_in(ServerRequest *request, Error *err)
{
    request_fail(request, STATUS_UNAUTHORIZED, err, ERROR_REFUSED,
                 "you are not logged in (any more)");
    return error_hint(err, "headgate token create NAME --once prints a log-in link");
}

/* A wrong token costs its address; a cookie that has merely ended does not. */
static bool wrong_token(ServerRequest *request, Error *err)
{
    if (err->kind != ERROR_REFUSED)
        return false;
    if (request->connection != NULL && !request->by_cookie)
        peer_failed(connection_peer(request->connection), clock_monotonic_us());
    return not_logged_in(request, err);
}

/* *ret_waits: its address does, for wrong ones before. A good token passes all the same. */
static bool may_be_looked_at(ServerRequest *request, bool *ret_waits, Error *err)
{
    const ServerConnection *connection = request->connection;
    int64_t now_us = clock_monotonic_us();
    *ret_waits = connection != NULL && peer_wait_s(connection_peer(connection), now_us) > 0;
    return !*ret_waits || peer_may_look(connection_peer(connection), now_us) ||
           !session_throttled(request, err);
}

bool session_identify(ServerRequest *request, Error *err)
{
    if (request->token == NULL || !access_token_plausible(request->token))
        return not_logged_in(request, err);
    bool waits = false;
    if (!request->by_cookie && !may_be_looked_at(request, &waits, err))
        return false;
    if (!access_identify(request->conn, request->token, &request->who, err)) {
        if (waits && err->kind == ERROR_REFUSED && session_throttled(request, err))
            return false;
        return wrong_token(request, err);
    }
    /* the proxy has logged in somebody else meanwhile, on the same browser */
    bool same = request->proxied == NULL || text_equal(request->proxied, request->who.person);
    return !request->by_cookie || same || not_logged_in(request, err);
}

bool session_check_post(ServerRequest *request, Error *err)
{
    if (!request->by_cookie || request->route->needs == ACCESS_NOBODY)
        return true;
    if (request->origin == NULL) /* a foreign one was refused before */
        return request_fail(request, STATUS_FORBIDDEN, err, ERROR_REFUSED,
                            "a POST with a session cookie needs the header Origin");
    if (!access_secret_equal(request->csrf, request->who.csrf))
        return request_fail(
            request, STATUS_FORBIDDEN, err, ERROR_REFUSED,
            "the header X-Headgate-CSRF is missing or wrong: GET /api/me has the right one");
    return true;
}

/* {"demo": ["admin"]}: what a person may approve, by environment. */
static json_t *roles_of(const Config *config, const char *person)
{
    json_t *roles = json_object();
    for (size_t i = 0; config != NULL && i < config->environments_count; i++) {
        const ConfigEnvironment *environment = &config->environments[i];
        const char *names[ACCESS_ROLES_MAX];
        size_t count = access_roles(environment, person, names, COUNT_OF(names));
        json_t *list = json_array();
        for (size_t n = 0; n < count; n++)
            json_array_append_new(list, json_string(names[n]));
        json_object_set_new(roles, environment->name, list);
    }
    return roles;
}

/* When a session ends by itself; null for an API token, which a page has none of. */
static json_t *limits_of(const DbResult *found)
{
    if (db_is_null(found, 0, 1))
        return json_null();
    json_t *session = json_object();
    json_set_string(session, "ends_at", db_value(found, 0, 1));
    json_set_string(session, "idle_at", db_value(found, 0, 2));
    return session;
}

bool session_me(ServerRequest *request, json_t **ret_body, Error *err)
{
    char idle[16];
    snprintf(idle, sizeof(idle), "%d", (int)ACCESS_SESSION_IDLE_S);
    AUTO(db_result_auto) DbResult *now = NULL;
    if (!db_query_prepared(request->conn, db_sql("server_me"), DB_PARAMS(request->who.hash, idle),
                           &now, err))
        return false;
    json_t *body = json_object();
    json_set_string(body, "person", request->who.person);
    json_set_string(body, "role", access_role_name(request->who.role));
    json_object_set_new(body, "roles", roles_of(request->server->config, request->who.person));
    json_set_string(body, "csrf", request->who.csrf);
    json_set_string(body, "version", HEADGATE_VERSION);
    json_set_string(body, "now", db_value(now, 0, 0));
    json_object_set_new(body, "session", limits_of(now));
    *ret_body = body;
    return true;
}

bool get_me(ServerRequest *request, json_t **ret_body, Error *err)
{
    return session_me(request, ret_body, err);
}
