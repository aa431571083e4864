/* Secrets, hashes, embedded files, suggestions. */
#include "base/log.h"

#include "base/embed.h"
#include "base/hash.h"
#include "base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void secrets_are_replaced_wherever_they_occur(void **state)
{
    UNUSED(state);
    log_secret(NULL);
    log_secret("short");
    log_secret("geheim99");
    log_secret("geheim99");
    char text[] = "geheim99 short geheim99geheim99 geheim9";
    log_redact(text);
    assert_string_equal(text, "*** short ****** geheim9");
}

static void no_secret_is_one_too_many(void **state)
{
    UNUSED(state);
    enum { MANY = 500 };
    char secret[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(secret, sizeof(secret), "token-%03d-of-many", i);
        log_secret(secret);
    }
    for (int i = 0; i < MANY; i++) {
        char text[64];
        snprintf(text, sizeof(text), "key=token-%03d-of-many;", i);
        log_redact(text);
        assert_string_equal(text, "key=***;");
    }
}

static void a_secret_inside_another_leaves_nothing_of_it(void **state)
{
    UNUSED(state);
    log_secret("inner-secret");
    log_secret("prefix inner-secret suffix");
    char text[] = "a prefix inner-secret suffix b inner-secret c";
    log_redact(text);
    assert_string_equal(text, "a *** b *** c");
}

static void hashes_match_the_standard(void **state)
{
    UNUSED(state);
    char hex[HASH_HEX_BYTES];
    hash_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    /* RFC 4231, test case 2 */
    hash_hmac_sha256_hex("Jefe", 4, "what do ya want for nothing?", 28, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void embedded_files_are_found_by_name(void **state)
{
    UNUSED(state);
    static const char TEXT[] = "text";
    const EmbedFile files[] = {{"a", TEXT, TEXT}, {"b", TEXT, TEXT + 4}, {NULL, NULL, NULL}};
    assert_ptr_equal(embed_find(files, "b"), &files[1]);
    assert_int_equal(embed_bytes(&files[1]), 4);
    assert_null(embed_find(files, "c"));
}

static const char *nearest(const char *word)
{
    static const char *const WORDS[] = {"approvers", "need", "evidence", "expires"};
    Suggest suggest;
    suggest_init(&suggest, word);
    for (size_t i = 0; i < COUNT_OF(WORDS); i++)
        suggest_offer(&suggest, WORDS[i]);
    return suggest.best;
}

static void near_words_are_suggested(void **state)
{
    UNUSED(state);
    assert_string_equal(nearest("aprovers"), "approvers");
    assert_string_equal(nearest("nede"), "need");
    assert_string_equal(nearest("evidenec"), "evidence");
    assert_null(nearest("colour"));
    assert_null(nearest("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_replaced_wherever_they_occur),
        cmocka_unit_test(no_secret_is_one_too_many),
        cmocka_unit_test(a_secret_inside_another_leaves_nothing_of_it),
        cmocka_unit_test(hashes_match_the_standard),
        cmocka_unit_test(embedded_files_are_found_by_name),
        cmocka_unit_test(near_words_are_suggested),
    };
    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
