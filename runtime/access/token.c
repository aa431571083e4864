/* Making, finding and ending tokens. */
#include "access/token.h"

#include "base/log.h"
#include "db/sql.h"

#include <inttypes.h>
#include <sodium/core.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>

static const char PREFIX[] = "hgt_";
enum { PREFIX_BYTES = sizeof(PREFIX) - 1, RANDOM_BYTES = 32, BODY_BYTES = 43, ID_MIN = 6 };

static void make_token(char out[ACCESS_TOKEN_BYTES])
{
    uint8_t bytes[RANDOM_BYTES];
    invariant(sodium_init() >= 0);
    randombytes_buf(bytes, sizeof(bytes));
    memcpy(out, PREFIX, PREFIX_BYTES);
    sodium_bin2base64(out + PREFIX_BYTES, ACCESS_TOKEN_BYTES - PREFIX_BYTES, bytes, sizeof(bytes),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof(bytes));
}

bool access_token_plausible(const char *text)
{
    return text != NULL && text_starts(text, PREFIX) && strlen(text) == PREFIX_BYTES + BODY_BYTES &&
           strspn(text + PREFIX_BYTES,
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == BODY_BYTES;
}

bool access_secret_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL || strlen(a) != strlen(b))
        return false;
    return sodium_memcmp(a, b, strlen(a)) == 0;
}

static bool call_json(DbConn *state, const char *statement, const DbParams *params,
                      json_t **ret_value, Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!db_query_prepared(state, db_sql(statement), params, &result, err))
        return error_wrap(err, "%s", statement);
    json_t *value = json_parse(db_value(result, 0, 0), (size_t)db_value_bytes(result, 0, 0), err);
    if (value == NULL)
        return error_wrap(err, "%s", statement);
    *ret_value = value;
    return true;
}

bool access_token_create(DbConn *state, const AccessTokenNew *options,
                         char ret_token[ACCESS_TOKEN_BYTES], Error *err)
{
    if (!text_equal(options->kind, "api") && !text_equal(options->kind, "once"))
        return error_set(err, ERROR_INPUT, "there is no kind of token \"%s\"", options->kind);
    char token[ACCESS_TOKEN_BYTES];
    make_token(token);
    char hash[HASH_HEX_BYTES];
    hash_sha256_hex(token, strlen(token), hash);
    char lasts[24];
    snprintf(lasts, sizeof(lasts), "%" PRId64, options->lasts_us);
    const char *label = options->label == NULL ? "" : options->label;
    AUTO(db_result_auto) DbResult *created = NULL;
    if (!db_query_prepared(state, db_sql("access_token_create"),
                           DB_PARAMS(hash, options->person, options->kind, label, lasts), &created,
                           err))
        return error_wrap(err, "access_token_create");
    if (db_rows(created) == 0) {
        error_set(err, ERROR_INPUT, "there is no person \"%s\", or they are disabled",
                  options->person);
        return error_hint(err, "headgate user list");
    }
    log_secret(token);
    memcpy(ret_token, token, sizeof(token));
    return true;
}

bool access_token_revoke(DbConn *state, const char *id, Error *err)
{
    if (strlen(id) < ID_MIN || strspn(id, "0123456789abcdef") != strlen(id))
        return error_set(err, ERROR_INPUT, "\"%.80s\" is not the id of a token", id);
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query_prepared(state, db_sql("access_token_revoke"), DB_PARAMS(id), &found, err))
        return error_wrap(err, "access_token_revoke");
    if (db_int(found, 0, 0) == 1)
        return true;
    error_set(err, ERROR_INPUT,
              db_int(found, 0, 0) == 0 ? "there is no token %s"
                                       : "more than one token begins with %s",
              id);
    return error_hint(err, "headgate token list");
}

bool access_token_list(DbConn *state, json_t **ret_tokens, Error *err)
{
    return call_json(state, "access_token_list", NULL, ret_tokens, err);
}

/* One row: person, role, csrf, hash, is it a session of an API token. */
static bool take_identity(const DbResult *result, AccessIdentity *identity, Error *err)
{
    if (db_rows(result) != 1)
        return error_set(err, ERROR_REFUSED, "this token is not valid (any more)");
    *identity = (AccessIdentity){.role = access_role_parse(db_value(result, 0, 1)),
                                 .by_token = db_bool(result, 0, 4)};
    snprintf(identity->person, sizeof(identity->person), "%s", db_value(result, 0, 0));
    snprintf(identity->csrf, sizeof(identity->csrf), "%s", db_value(result, 0, 2));
    snprintf(identity->hash, sizeof(identity->hash), "%s", db_value(result, 0, 3));
    return true;
}

/* What a session is made of, and what the database keeps of it. */
typedef struct Fresh {
    char session[ACCESS_TOKEN_BYTES];
    char csrf[ACCESS_TOKEN_BYTES];
    char hash[HASH_HEX_BYTES];
    char lasts[16];
} Fresh;

static void make_session(Fresh *fresh)
{
    make_token(fresh->session);
    make_token(fresh->csrf);
    hash_sha256_hex(fresh->session, strlen(fresh->session), fresh->hash);
    snprintf(fresh->lasts, sizeof(fresh->lasts), "%d", (int)ACCESS_SESSION_S);
}

static bool take_session(const DbResult *result, const Fresh *fresh,
                         char ret_session[ACCESS_TOKEN_BYTES], AccessIdentity *identity, Error *err)
{
    if (!take_identity(result, identity, err))
        return false;
    memcpy(ret_session, fresh->session, sizeof(fresh->session));
    return true;
}

bool access_login(DbConn *state, const char *token, const char *before,
                  char ret_session[ACCESS_TOKEN_BYTES], AccessIdentity *ret_identity, Error *err)
{
    Fresh fresh;
    char given[HASH_HEX_BYTES];
    make_session(&fresh);
    hash_sha256_hex(token, strlen(token), given);
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query_prepared(state, db_sql("access_login"),
                           DB_PARAMS(given, fresh.hash, fresh.csrf, fresh.lasts, before), &found,
                           err))
        return error_wrap(err, "access_login");
    return take_session(found, &fresh, ret_session, ret_identity, err);
}

bool access_session(DbConn *state, const AccessProven *proven, char ret_session[ACCESS_TOKEN_BYTES],
                    AccessIdentity *ret_identity, Error *err)
{
    Fresh fresh;
    make_session(&fresh);
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query_prepared(state, db_sql("access_session"),
                           DB_PARAMS(proven->person, fresh.hash, fresh.csrf, fresh.lasts,
                                     proven->password_hash, proven->before),
                           &found, err))
        return error_wrap(err, "access_session");
    return take_session(found, &fresh, ret_session, ret_identity, err);
}

bool access_identify(DbConn *state, const char *token, AccessIdentity *ret_identity, Error *err)
{
    char hash[HASH_HEX_BYTES];
    hash_sha256_hex(token, strlen(token), hash);
    char idle[16];
    snprintf(idle, sizeof(idle), "%d", (int)ACCESS_SESSION_IDLE_S);
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query_prepared(state, db_sql("access_identify"), DB_PARAMS(hash, idle), &found, err))
        return error_wrap(err, "access_identify");
    return take_identity(found, ret_identity, err);
}

bool access_logout(DbConn *state, const char *hash, Error *err)
{
    return db_query_prepared(state, db_sql("access_logout"), DB_PARAMS(hash), NULL, err) ||
           error_wrap(err, "access_logout");
}

bool access_still_good(DbConn *state, const char *hashes, const char *roles, json_t **ret_good,
                       Error *err)
{
    char idle[16];
    snprintf(idle, sizeof(idle), "%d", (int)ACCESS_SESSION_IDLE_S);
    return call_json(state, "access_still_good", DB_PARAMS(hashes, idle, roles), ret_good, err);
}
