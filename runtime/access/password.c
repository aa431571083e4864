/* Hashing passwords off the loop, and where their hashes are kept. */
#include "access/password.h"

#include "db/sql.h"

#include <sodium/core.h>
#include <sodium/crypto_pwhash.h>
#include <stdio.h>
#include <string.h>

_Static_assert(ACCESS_PASSWORD_HASH_BYTES == crypto_pwhash_STRBYTES, "libsodium's size");

static const unsigned long long OPERATIONS = crypto_pwhash_OPSLIMIT_INTERACTIVE;
static const size_t MEMORY_BYTES = crypto_pwhash_MEMLIMIT_INTERACTIVE;

/* Characters, not bytes: a password in another script is not shorter than one in ours. */
static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static bool one_character(const char *text)
{
    return strspn(text, (const char[]){text[0], '\0'}) == strlen(text);
}

bool access_password_allowed(const char *person, const char *password, Error *err)
{
    if (strlen(password) > ACCESS_PASSWORD_MAX_BYTES)
        return error_set(err, ERROR_INPUT, "a password has at most %d bytes",
                         (int)ACCESS_PASSWORD_MAX_BYTES);
    if (characters(password) < ACCESS_PASSWORD_MIN) {
        error_set(err, ERROR_INPUT, "a password has at least %d characters",
                  (int)ACCESS_PASSWORD_MIN);
        return error_hint(err, "four words that do not belong together are easy to remember");
    }
    if (one_character(password) || strcmp(password, person) == 0)
        return error_set(err, ERROR_INPUT, "this password is the first that anybody would try");
    return true;
}

/* ------------------------------------------------------------------ the thread pool */

typedef struct Work {
    const char *hash; ///< NULL: hash the password
    const char *password;
    bool right;
    char made[ACCESS_PASSWORD_HASH_BYTES]; ///< "" when there is not enough memory
} Work;

static void make_hash(Work *work)
{
    if (crypto_pwhash_str(work->made, work->password, strlen(work->password), OPERATIONS,
                          MEMORY_BYTES) != 0)
        work->made[0] = '\0';
}

/* On a thread of the pool. */
static void run(void *arg)
{
    Work *work = arg;
    if (work->hash == NULL) {
        make_hash(work);
        return;
    }
    work->right = crypto_pwhash_str_verify(work->hash, work->password, strlen(work->password)) == 0;
    if (work->right && crypto_pwhash_str_needs_rehash(work->hash, OPERATIONS, MEMORY_BYTES) != 0)
        make_hash(work);
}

static bool enter(AccessHasher *hasher, Error *err)
{
    if (hasher->waiting >= ACCESS_HASHER_WAITING)
        return error_set(err, ERROR_UNREACHABLE,
                         "too many people log in at this moment: try again in a second");
    hasher->waiting++;
    while (hasher->running >= ACCESS_HASHER_AT_ONCE && !fiber_cancelled())
        fiber_event_wait(&hasher->freed, -1);
    hasher->waiting--;
    if (fiber_cancelled())
        return error_set(err, ERROR_CANCELLED, "the server stops");
    hasher->running++;
    return true;
}

static void leave(AccessHasher *hasher)
{
    hasher->running--;
    fiber_event_broadcast(&hasher->freed);
}

static bool work_off_the_loop(AccessHasher *hasher, Work *work, Error *err)
{
    invariant(sodium_init() >= 0);
    if (!enter(hasher, err))
        return false;
    fiber_run_blocking(run, work);
    leave(hasher);
    return true;
}

bool access_password_hash(AccessHasher *hasher, const char *password,
                          char ret_hash[ACCESS_PASSWORD_HASH_BYTES], Error *err)
{
    Work work = {.password = password};
    if (!work_off_the_loop(hasher, &work, err))
        return false;
    if (work.made[0] == '\0')
        return error_set(err, ERROR_INTERNAL, "there is not enough memory to hash a password");
    memcpy(ret_hash, work.made, sizeof(work.made));
    return true;
}

bool access_password_verify(AccessHasher *hasher, const char *hash, const char *password,
                            bool *ret_right, char ret_newer[ACCESS_PASSWORD_HASH_BYTES], Error *err)
{
    bool known = hash[0] != '\0';
    Work work = {.password = password, .hash = known ? hash : NULL}; /* either is one hash */
    if (!work_off_the_loop(hasher, &work, err))
        return false;
    *ret_right = work.right;
    snprintf(ret_newer, ACCESS_PASSWORD_HASH_BYTES, "%s", work.right ? work.made : "");
    return true;
}

/* ------------------------------------------------------------------ where they are kept */

bool access_password_read(DbConn *state, const char *person,
                          char ret_hash[ACCESS_PASSWORD_HASH_BYTES], Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query_prepared(state, db_sql("access_password_read"), DB_PARAMS(person), &found, err))
        return error_wrap(err, "access_password_read");
    snprintf(ret_hash, ACCESS_PASSWORD_HASH_BYTES, "%s",
             db_rows(found) == 0 ? "" : db_value(found, 0, 0));
    return true;
}

bool access_password_set(DbConn *state, const char *person, const char *hash, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query_prepared(state, db_sql("access_password_set"), DB_PARAMS(person, hash), &found,
                           err))
        return error_wrap(err, "access_password_set");
    if (db_rows(found) == 1)
        return true;
    error_set(err, ERROR_INPUT, "there is no person \"%s\", or they are disabled", person);
    return error_hint(err, "headgate user list");
}

bool access_password_renew(DbConn *state, const char *person, const char *old, const char *newer,
                           Error *err)
{
    return db_query_prepared(state, db_sql("access_password_renew"), DB_PARAMS(person, old, newer),
                             NULL, err) ||
           error_wrap(err, "access_password_renew");
}
