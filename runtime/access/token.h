/* Tokens: 32 random bytes as "hgt_" and base64url; the database keeps only their SHA-256. Kinds:
 * api (scripts), once (a log-in link), session (a browser's cookie). Times are the database's. */
#ifndef HEADGATE_ACCESS_TOKEN_H
#define HEADGATE_ACCESS_TOKEN_H

#include "access/person.h"
#include "base/hash.h"

enum {
    ACCESS_TOKEN_BYTES = 48, ///< "hgt_", 43 characters and NUL
    ACCESS_NAME_BYTES = 64,
    ACCESS_SESSION_S = 12 * 3600,     ///< a session ends after this,
    ACCESS_SESSION_IDLE_S = 2 * 3600, ///< and after this long without a request
};

typedef struct AccessTokenNew {
    const char *person;
    const char *kind;  ///< "api" or "once"
    const char *label; ///< for people; "" = none
    int64_t lasts_us;
} AccessTokenNew;

/// Waits. The token itself is never stored and cannot be shown again. It is registered with
/// log_secret().
NODISCARD bool access_token_create(DbConn *state, const AccessTokenNew *options,
                                   char ret_token[ACCESS_TOKEN_BYTES], Error *err);
/// Waits. Its sessions end too. id: the first characters (>= 6) of a token's hash, as
/// access_token_list() shows them.
NODISCARD bool access_token_revoke(DbConn *state, const char *id, Error *err);
/// Waits. [{id, person, kind, label, created_at, seen_at, expires_at, used_at}], newest first, no
/// sessions.
NODISCARD bool access_token_list(DbConn *state, json_t **ret_tokens, Error *err);

/// Does text look like a token of ours? Saves asking the database.
bool access_token_plausible(const char *text);
/// In constant time.
bool access_secret_equal(const char *a, const char *b);

/// Somebody, as a request knows them.
typedef struct AccessIdentity {
    char person[ACCESS_NAME_BYTES];
    AccessRole role;
    char csrf[ACCESS_TOKEN_BYTES]; ///< "" for API tokens: they need none
    char hash[HASH_HEX_BYTES];     ///< of the token; names the session
    bool by_token;                 ///< a session that an API token was turned into
} AccessIdentity;

/// Waits. Turns a log-in link's token (once) or an API token into a session; an API token's ends
/// with it. ERROR_REFUSED when it is unknown, used, expired or its person is disabled: the message
/// does not say which. before: the hash of the session that the browser had until now, which ends;
/// NULL = none.
NODISCARD bool access_login(DbConn *state, const char *token, const char *before,
                            char ret_session[ACCESS_TOKEN_BYTES], AccessIdentity *ret_identity,
                            Error *err);

/// Somebody whose identity is proven already: by their password, or by a proxy that is trusted.
typedef struct AccessProven {
    const char *person;
    const char *password_hash; ///< what it was compared with: still theirs; NULL = not by password
    const char *before;        ///< as of access_login()
} AccessProven;
/// Waits. A session for them. ERROR_REFUSED when there is no such person (any more), they are
/// disabled, or have another password meanwhile.
NODISCARD bool access_session(DbConn *state, const AccessProven *proven,
                              char ret_session[ACCESS_TOKEN_BYTES], AccessIdentity *ret_identity,
                              Error *err);
/// Waits. Who a session or API token belongs to. ERROR_REFUSED like access_login().
NODISCARD bool access_identify(DbConn *state, const char *token, AccessIdentity *ret_identity,
                               Error *err);
/// Waits. Ends a session.
NODISCARD bool access_logout(DbConn *state, const char *hash, Error *err);
/// Waits. Which of these token hashes are still good ("{hash,…}" as an array text), and their
/// persons still have the roles given beside them? ["hash role", …]. They count as used now.
NODISCARD bool access_still_good(DbConn *state, const char *hashes, const char *roles,
                                 json_t **ret_good, Error *err);

#endif
