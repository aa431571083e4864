/* Keys on disk, and signatures. */
#include "access/sign.h"

#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium/core.h>
#include <sodium/crypto_sign.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(ACCESS_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(ACCESS_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "Ed25519");
_Static_assert(ACCESS_SIGNATURE_TEXT == 2 * crypto_sign_BYTES + 1, "Ed25519");

enum { PATH_BYTES = 4096, KEY_TEXT_MAX = 2 * ACCESS_SECRET_BYTES + 2 };

static bool join(const char *folder, const char *name, char *out, Error *err)
{
    int length = snprintf(out, PATH_BYTES, "%s/%s", folder, name);
    return (length > 0 && length < PATH_BYTES) ||
           error_set(err, ERROR_INPUT, "the path of the key folder is too long");
}

static bool read_open_key(int fd, const char *path, uint8_t *key, size_t bytes, Error *err)
{
    char text[KEY_TEXT_MAX] = {0};
    ssize_t length = read(fd, text, sizeof(text) - 1);
    size_t decoded = 0;
    bool ok = length > 0 &&
              sodium_hex2bin(key, bytes, text, (size_t)length, "\n", &decoded, NULL) == 0 &&
              decoded == bytes;
    sodium_memzero(text, sizeof(text));
    return ok || error_set(err, ERROR_INPUT, "%s is not a key of ours", path);
}

/* *ret_found false: there is no such file. secret: nobody else may read it. */
static bool read_key(const char *path, bool secret, uint8_t *key, size_t bytes, bool *ret_found,
                     Error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *ret_found = fd >= 0;
    if (fd < 0)
        return errno == ENOENT ||
               error_set(err, ERROR_INPUT, "opening %s: %s", path, strerror(errno));
    struct stat about;
    bool ok = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    if (!ok)
        error_set(err, ERROR_INPUT, "%s is not a regular file", path);
    else if (secret && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        ok = error_set(err, ERROR_REFUSED, "%s may be read by others", path);
        error_hint(err, "chmod 600 %s", path);
    }
    ok = ok && read_open_key(fd, path, key, bytes, err);
    close(fd);
    return ok;
}

static bool write_text(int fd, mode_t mode, const char *text, size_t length)
{
    return fd >= 0 && fchmod(fd, mode) == 0 && !FAULT_FAILS("file.key") &&
           write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
}

/* Whole or not there: a half-written key, left by a crash or a full disk, would stop every later
 * start. */
static bool write_key(const char *path, mode_t mode, const uint8_t *key, size_t bytes, Error *err)
{
    char text[KEY_TEXT_MAX];
    char draft[PATH_BYTES + 8];
    snprintf(draft, sizeof(draft), "%s.new", path);
    sodium_bin2hex(text, sizeof(text), key, bytes);
    size_t length = 2 * bytes;
    text[length++] = '\n';
    unlink(draft);
    int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    bool ok = write_text(fd, mode, text, length) && link(draft, path) == 0;
    int problem = errno;
    sodium_memzero(text, sizeof(text));
    if (fd >= 0)
        close(fd);
    unlink(draft);
    return ok || error_set(err, ERROR_INTERNAL, "writing %s: %s", path, strerror(problem));
}

static bool make_pair(const char *secret_path, const char *public_path, AccessSigner *signer,
                      Error *err)
{
    invariant(sodium_init() >= 0);
    crypto_sign_keypair(signer->public_key, signer->secret_key);
    return write_key(secret_path, S_IRUSR | S_IWUSR, signer->secret_key, ACCESS_SECRET_BYTES,
                     err) &&
           write_key(public_path, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, signer->public_key,
                     ACCESS_PUBLIC_BYTES, err);
}

bool access_signer_open(const char *folder, AccessSigner *ret_signer, Error *err)
{
    char secret_path[PATH_BYTES];
    char public_path[PATH_BYTES];
    if (!join(folder, "approval.key", secret_path, err) ||
        !join(folder, "approval.pub", public_path, err))
        return false;
    if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST)
        return error_set(err, ERROR_INPUT, "making the key folder %s: %s", folder, strerror(errno));
    AccessSigner signer;
    bool found = false;
    if (!read_key(secret_path, true, signer.secret_key, ACCESS_SECRET_BYTES, &found, err))
        return false;
    if (!found && !make_pair(secret_path, public_path, &signer, err))
        return false;
    crypto_sign_ed25519_sk_to_pk(signer.public_key, signer.secret_key);
    uint8_t stored[ACCESS_PUBLIC_BYTES];
    bool ok = read_key(public_path, false, stored, ACCESS_PUBLIC_BYTES, &found, err);
    if (ok && !found)
        ok = write_key(public_path, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, signer.public_key,
                       ACCESS_PUBLIC_BYTES, err);
    else if (ok && memcmp(stored, signer.public_key, ACCESS_PUBLIC_BYTES) != 0)
        ok = error_set(err, ERROR_INPUT, "%s does not belong to %s", public_path, secret_path);
    if (ok)
        *ret_signer = signer;
    access_signer_done(&signer);
    return ok;
}

void access_signer_done(AccessSigner *signer)
{
    sodium_memzero(signer, sizeof(*signer));
}

bool access_verifier_open(const char *folder, AccessVerifier *ret_verifier, Error *err)
{
    char path[PATH_BYTES];
    bool found = false;
    if (!join(folder, "approval.pub", path, err) ||
        !read_key(path, false, ret_verifier->public_key, ACCESS_PUBLIC_BYTES, &found, err))
        return false;
    if (found)
        return true;
    error_set(err, ERROR_INPUT, "%s is missing, so no approval can be verified", path);
    return error_hint(
        err, "headgate serve makes the key pair; a runner on another machine needs approval.pub");
}

/* Sorted keys, no blanks; 64-bit numbers as text. */
static char *canonical(const AccessRecord *record)
{
    AUTO(json_auto) json_t *object = json_object();
    json_set_string(object, "at", record->at);
    json_set_string(object, "comment", record->comment);
    json_set_string(object, "decision", record->decision);
    json_set_string(object, "digest", record->digest);
    json_object_set_new(object, "fields", json_deep_copy(record->fields));
    json_set_string(object, "gate", record->gate);
    json_set_int(object, "nth", record->nth);
    json_set_string(object, "person", record->person);
    json_object_set_new(object, "roles", json_deep_copy(record->roles));
    json_set_id(object, "run", record->run);
    return json_canonical(object);
}

void access_sign(const AccessSigner *signer, const AccessRecord *record,
                 char ret_signature[ACCESS_SIGNATURE_TEXT])
{
    AUTO(base_free) char *text = canonical(record);
    uint8_t signature[crypto_sign_BYTES];
    crypto_sign_detached(signature, NULL, (const unsigned char *)text, strlen(text),
                         signer->secret_key);
    sodium_bin2hex(ret_signature, ACCESS_SIGNATURE_TEXT, signature, sizeof(signature));
}

bool access_verify(const AccessVerifier *verifier, const AccessRecord *record,
                   const char *signature)
{
    uint8_t bytes[crypto_sign_BYTES];
    size_t decoded = 0;
    if (signature == NULL ||
        sodium_hex2bin(bytes, sizeof(bytes), signature, strlen(signature), NULL, &decoded, NULL) !=
            0 ||
        decoded != sizeof(bytes) || strlen(signature) != ACCESS_SIGNATURE_TEXT - 1)
        return false;
    AUTO(base_free) char *text = canonical(record);
    return crypto_sign_verify_detached(bytes, (const unsigned char *)text, strlen(text),
                                       verifier->public_key) == 0;
}
