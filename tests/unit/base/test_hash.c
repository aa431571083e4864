/* The processor's SHA-256 and libsodium's give the same. */
#include "base/hash.h"
#include "base/sha.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium/crypto_hash_sha256.h>

enum { LENGTHS = 300, SHIFTS = 4 };

static void known_texts_have_their_known_hashes(void **state)
{
    UNUSED(state);
    char hex[HASH_HEX_BYTES];
    hash_sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void every_length_is_padded_as_libsodium_does(void **state)
{
    UNUSED(state);
    uint8_t bytes[LENGTHS + SHIFTS];
    uint8_t ours[SHA_BYTES];
    uint8_t theirs[crypto_hash_sha256_BYTES];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t size = 0; size <= LENGTHS; size++) {
        const uint8_t *from = bytes + size % SHIFTS;
        if (!sha_hash(from, size, ours))
            skip(); /* this processor has no such instructions */
        crypto_hash_sha256(theirs, from, size);
        if (memcmp(ours, theirs, sizeof(ours)) != 0)
            fail_msg("%zu bytes", size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_their_known_hashes),
        cmocka_unit_test(every_length_is_padded_as_libsodium_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
