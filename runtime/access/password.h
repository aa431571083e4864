/* Passwords of people: argon2id by libsodium, hashed on the thread pool (docs/decisions/050). What
 * is stored is the hash's text; a password itself is never kept, logged or shown. */
#ifndef HEADGATE_ACCESS_PASSWORD_H
#define HEADGATE_ACCESS_PASSWORD_H

#include "access/token.h"

enum {
    ACCESS_PASSWORD_MIN = 12,        ///< characters
    ACCESS_PASSWORD_MAX_BYTES = 256, ///< more is refused before it is hashed
    ACCESS_PASSWORD_HASH_BYTES = 128,
    ACCESS_HASHER_AT_ONCE = 2,  ///< each takes 64 MiB and about 50 ms of a core
    ACCESS_HASHER_WAITING = 16, ///< more are refused
};

/// May this be the password of that person? ERROR_INPUT says what is wrong, never the password.
NODISCARD bool access_password_allowed(const char *person, const char *password, Error *err);

/// The door to the thread pool: so many at once, so many in front of it.
typedef struct AccessHasher {
    int running;
    int waiting;
    FiberEvent freed;
} AccessHasher;

/// Waits. The text to store. ERROR_UNREACHABLE when too many are in front.
NODISCARD bool access_password_hash(AccessHasher *hasher, const char *password,
                                    char ret_hash[ACCESS_PASSWORD_HASH_BYTES], Error *err);
/// Waits. Is this the password that hash was made of? A hash of "" (nobody of that name, or one
/// without a password) costs the same and is never right. ret_newer: the hash to store instead when
/// it is right and was made with other parameters than today's, else "". ERROR_UNREACHABLE when too
/// many are in front.
NODISCARD bool access_password_verify(AccessHasher *hasher, const char *hash, const char *password,
                                      bool *ret_right, char ret_newer[ACCESS_PASSWORD_HASH_BYTES],
                                      Error *err);

/// Waits. "" for nobody, somebody disabled, or one without a password.
NODISCARD bool access_password_read(DbConn *state, const char *person,
                                    char ret_hash[ACCESS_PASSWORD_HASH_BYTES], Error *err);
/// Waits. Gives a person a password and ends their sessions. ERROR_INPUT for nobody.
NODISCARD bool access_password_set(DbConn *state, const char *person, const char *hash, Error *err);
/// Waits. Stores the newer hash of the same password unless it was changed meanwhile.
NODISCARD bool access_password_renew(DbConn *state, const char *person, const char *old,
                                     const char *newer, Error *err);

#endif
