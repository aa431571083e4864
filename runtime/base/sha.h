/* SHA-256 by the processor's own instructions, where it has them: five times as fast as
 * libsodium's. Internal to base/hash.c and its tests. */
#ifndef HEADGATE_BASE_SHA_H
#define HEADGATE_BASE_SHA_H

#include "base/base.h"

enum { SHA_BYTES = 32 };

/// false: this processor has none, ret_hash is untouched.
NODISCARD bool sha_hash(const void *bytes, size_t size, uint8_t ret_hash[SHA_BYTES]);

#endif
