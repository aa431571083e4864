/* SHA-256 by OpenSSL, which uses the processor's own instructions (libsodium's takes twelve times
 * as long), and HMAC by libsodium. OpenSSL's newer functions look for a provider first, which costs
 * a start 2 ms and each short text four times its hash. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include <openssl/sha.h>
#include <sodium/crypto_auth_hmacsha256.h>

void hash_sha256(const void *bytes, size_t size, uint8_t ret_hash[HASH_BYTES])
{
    SHA256_CTX context;
    invariant(SHA256_Init(&context) == 1);
    SHA256_Update(&context, bytes, size);
    SHA256_Final(ret_hash, &context);
}

void hash_hex(const uint8_t hash[HASH_BYTES], char ret_hex[HASH_HEX_BYTES])
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < HASH_BYTES; i++) {
        ret_hex[2 * i] = DIGITS[hash[i] >> 4];
        ret_hex[2 * i + 1] = DIGITS[hash[i] & 15];
    }
    ret_hex[(size_t)2 * HASH_BYTES] = '\0';
}

void hash_sha256_hex(const void *bytes, size_t size, char ret_hex[HASH_HEX_BYTES])
{
    uint8_t hash[HASH_BYTES];
    hash_sha256(bytes, size, hash);
    hash_hex(hash, ret_hex);
}

void hash_hmac_sha256_hex(const void *key, size_t key_size, const void *bytes, size_t size,
                          char ret_hex[HASH_HEX_BYTES])
{
    crypto_auth_hmacsha256_state state;
    uint8_t hash[HASH_BYTES];
    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, bytes, size);
    crypto_auth_hmacsha256_final(&state, hash);
    hash_hex(hash, ret_hex);
}
