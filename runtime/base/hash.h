/* SHA-256, for bundles, digests, flag buckets and tokens. */
#ifndef HEADGATE_BASE_HASH_H
#define HEADGATE_BASE_HASH_H

#include "base/base.h"

enum { HASH_BYTES = 32, HASH_HEX_BYTES = 65 };

void hash_sha256(const void *bytes, size_t size, uint8_t ret_hash[HASH_BYTES]);
/// Lower-case hexadecimal with a NUL behind it.
void hash_hex(const uint8_t hash[HASH_BYTES], char ret_hex[HASH_HEX_BYTES]);
/// Both at once.
void hash_sha256_hex(const void *bytes, size_t size, char ret_hex[HASH_HEX_BYTES]);
/// HMAC-SHA256 (RFC 2104) under a key of any length, as lower-case hexadecimal.
void hash_hmac_sha256_hex(const void *key, size_t key_size, const void *bytes, size_t size,
                          char ret_hex[HASH_HEX_BYTES]);

#endif
