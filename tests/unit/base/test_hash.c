/* SHA-256 against published examples. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { LETTERS = 1000000 };

static void known_texts_have_their_known_hashes(void **state)
{
    UNUSED(state);
    char hex[HASH_HEX_BYTES];
    hash_sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* Of FIPS 180-4's examples: more than one block, and its million letters. */
static void long_texts_have_their_known_hashes(void **state)
{
    UNUSED(state);
    char hex[HASH_HEX_BYTES];
    static const char BLOCKS[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    hash_sha256_hex(BLOCKS, strlen(BLOCKS), hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    static char letters[LETTERS];
    memset(letters, 'a', sizeof(letters));
    hash_sha256_hex(letters, sizeof(letters), hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_their_known_hashes),
        cmocka_unit_test(long_texts_have_their_known_hashes),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
