/* Logging in, by a token or by a password, and out. However somebody logs in, their browser gets a
 * session made at that moment, and the one it had ends: a planted cookie is worth nothing. */
#include "server/handlers.h"
#include "server/private.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)PEER_KEY_BYTES == (int)ACCESS_ADDRESS_BYTES, "what addresses are counted by");

enum { TOKEN_MAX_BYTES = 200, BUSY_S = 1 };

static const char *cookie_of(ServerRequest *request, const char *session, int lasts_s)
{
    bool secure = request->server->guard.secure;
    return arena_printf(request->arena, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
                        head_cookie_name(secure), session, lasts_s, secure ? "; Secure" : "");
}

/* The hash of the session that the browser still has, or NULL. */
static const char *session_before(ServerRequest *request)
{
    if (!request->by_cookie || !access_token_plausible(request->token))
        return NULL;
    char *hash = arena_alloc(request->arena, HASH_HEX_BYTES);
    hash_sha256_hex(request->token, strlen(request->token), hash);
    return hash;
}

static bool welcome(ServerRequest *request, const char *session, const char *before,
                    json_t **ret_body, Error *err)
{
    if (before != NULL)
        ws_end_session(request->server, before);
    request->answer.cookie = cookie_of(request, session, ACCESS_SESSION_S);
    return session_me(request, ret_body, err);
}

/* ------------------------------------------------------------------ by token */

static bool wrong_token(ServerRequest *request, Error *err)
{
    if (err->kind != ERROR_REFUSED)
        return false;
    if (request->connection != NULL)
        peer_failed(connection_peer(request->connection), clock_monotonic_us());
    request->answer.status = STATUS_UNAUTHORIZED;
    return error_hint(
        err, "a log-in link works once: headgate token create NAME --once prints a new one");
}

static bool by_token(ServerRequest *request, json_t **ret_body, Error *err)
{
    static const char *const KEYS[] = {"token", NULL};
    const char *token = NULL;
    char session[ACCESS_TOKEN_BYTES];
    const char *before = session_before(request);
    if (session_throttled(request, err) || !request_body_keys(request, KEYS, err) ||
        !request_body_text(request, "token", TOKEN_MAX_BYTES, &token, err))
        return false;
    bool ok = access_token_plausible(token)
                  ? access_login(request->conn, token, before, session, &request->who, err)
                  : error_set(err, ERROR_REFUSED, "this token is not valid (any more)");
    if (!ok)
        return wrong_token(request, err);
    if (request->connection != NULL)
        peer_succeeded(connection_peer(request->connection));
    return welcome(request, session, before, ret_body, err);
}

/* ------------------------------------------------------------------ by password */

typedef struct Guess {
    const char *person;
    const char *password;
    uint8_t address[ACCESS_ADDRESS_BYTES];
    char hash[ACCESS_PASSWORD_HASH_BYTES];
    char newer[ACCESS_PASSWORD_HASH_BYTES];
} Guess;

/* What is wrong is not said: neither which names there are nor who has a password. */
static bool wrong_password(ServerRequest *request, Error *err)
{
    request_fail(request, STATUS_UNAUTHORIZED, err, ERROR_REFUSED,
                 "this name and password do not belong together");
    return error_hint(err, "headgate user passwd NAME sets a new one; headgate token create NAME "
                           "--once prints a log-in link");
}

static bool may_guess(ServerRequest *request, Guess *guess, Error *err)
{
    if (request->connection != NULL)
        memcpy(guess->address, peer_key(connection_peer(request->connection)),
               sizeof(guess->address));
    int wait_s = access_throttle_try(request->server->guesses, guess->person, guess->address,
                                     clock_monotonic_us());
    if (wait_s == 0)
        return true;
    request->answer.retry_after_s = wait_s;
    return request_fail(request, STATUS_TOO_MANY, err, ERROR_REFUSED,
                        "too many wrong passwords from this address: try again in %d s", wait_s);
}

/* Hashing takes long and needs no database: others may have the connection meanwhile. */
static bool compare(ServerRequest *request, Guess *guess, bool *ret_right, Error *err)
{
    if (!access_password_read(request->conn, guess->person, guess->hash, err))
        return false;
    request_leave_state(request);
    bool ok = access_password_verify(&request->server->hasher, guess->hash, guess->password,
                                     ret_right, guess->newer, err);
    if (!ok && err->kind == ERROR_UNREACHABLE)
        request->answer.retry_after_s = BUSY_S;
    return ok && request_enter_state(request, err);
}

static bool prove(ServerRequest *request, Guess *guess, Error *err)
{
    bool right = false;
    AccessThrottle *guesses = request->server->guesses;
    if (!compare(request, guess, &right, err)) {
        access_throttle_untried(guesses, guess->person, guess->address);
        return false;
    }
    if (!right) {
        if (guess->hash[0] !=
            '\0') /* what is no name of ours may be a password in the wrong field */
            log_info("a wrong password for \"%s\"", guess->person);
        return wrong_password(request, err);
    }
    access_throttle_right(guesses, guess->person, guess->address);
    return true;
}

/* The parameters of the hash have changed since it was made: now is the only time to mend it. */
static const char *renewed(ServerRequest *request, const Guess *guess)
{
    Error err = {0};
    if (guess->newer[0] == '\0')
        return guess->hash;
    if (access_password_renew(request->conn, guess->person, guess->hash, guess->newer, &err))
        return guess->newer;
    log_warn("the password of \"%s\" keeps its old hash: %s", guess->person, err.message);
    return guess->hash;
}

static bool read_guess(ServerRequest *request, Guess *guess, Error *err)
{
    static const char *const KEYS[] = {"person", "password", NULL};
    return request_body_keys(request, KEYS, err) &&
           request_body_text(request, "person", ACCESS_NAME_BYTES - 1, &guess->person, err) &&
           request_body_text(request, "password", ACCESS_PASSWORD_MAX_BYTES, &guess->password, err);
}

static bool by_password(ServerRequest *request, json_t **ret_body, Error *err)
{
    Guess guess = {0};
    char session[ACCESS_TOKEN_BYTES];
    const char *before = session_before(request);
    if (!read_guess(request, &guess, err) || !may_guess(request, &guess, err) ||
        !prove(request, &guess, err))
        return false;
    AccessProven proven = {
        .person = guess.person, .password_hash = renewed(request, &guess), .before = before};
    if (!access_session(request->conn, &proven, session, &request->who, err))
        return err->kind == ERROR_REFUSED ? wrong_password(request, err) : false;
    return welcome(request, session, before, ret_body, err);
}

/* ------------------------------------------------------------------ by a proxy that is trusted */

static bool by_proxy(ServerRequest *request, json_t **ret_body, Error *err)
{
    static const char *const KEYS[] = {"proxy", NULL};
    char session[ACCESS_TOKEN_BYTES];
    const char *before = session_before(request);
    if (!request_body_keys(request, KEYS, err))
        return false;
    if (request->proxied == NULL)
        return request_fail(request, STATUS_UNAUTHORIZED, err, ERROR_REFUSED,
                            "no proxy that is trusted says who you are");
    AccessProven proven = {.person = request->proxied, .before = before};
    if (access_session(request->conn, &proven, session, &request->who, err))
        return welcome(request, session, before, ret_body, err);
    if (err->kind != ERROR_REFUSED)
        return false;
    request_fail(request, STATUS_FORBIDDEN, err, ERROR_REFUSED,
                 "there is no person \"%.80s\" here, or they are disabled", request->proxied);
    return error_hint(err, "headgate user add NAME");
}

/* ------------------------------------------------------------------ routes */

bool post_login(ServerRequest *request, json_t **ret_body, Error *err)
{
    bool password = json_object_get(request->body, "person") != NULL ||
                    json_object_get(request->body, "password") != NULL;
    if (json_object_get(request->body, "proxy") != NULL)
        return by_proxy(request, ret_body, err);
    return password ? by_password(request, ret_body, err) : by_token(request, ret_body, err);
}

bool post_logout(ServerRequest *request, json_t **ret_body, Error *err)
{
    if (!access_logout(request->conn, request->who.hash, err))
        return false;
    ws_end_session(request->server, request->who.hash);
    request->answer.cookie = cookie_of(request, "", 0);
    *ret_body = json_object();
    return true;
}
