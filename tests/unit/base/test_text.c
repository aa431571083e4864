/* Growing texts and arenas. */
#include "base/text.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_text_grows_and_is_taken(void **state)
{
    UNUSED(state);
    AUTO(text_done) Text text;
    text_init(&text, 1000);
    assert_string_equal(text_string(&text), "");
    for (int i = 0; i < 100; i++)
        text_printf(&text, "%d,", i);
    text_append_char(&text, '.');
    assert_int_equal(text.length_bytes, 291);
    assert_true(text_starts(text_string(&text), "0,1,2,"));
    char *taken = text_take(&text);
    assert_int_equal(strlen(taken), 291);
    free(taken);
    assert_string_equal(text_string(&text), "");
    taken = text_take(&text);
    assert_string_equal(taken, "");
    free(taken);
}

static void overflow_cuts_and_sticks(void **state)
{
    UNUSED(state);
    AUTO(text_done) Text text;
    text_init(&text, 5);
    text_append(&text, "12345");
    assert_false(text.overflowed);
    text_append(&text, "6");
    assert_true(text.overflowed);
    text_append_bytes(&text, "", 0);
    assert_true(text.overflowed);
    assert_string_equal(text_string(&text), "12345");
    text_clear(&text);
    text_append(&text, "123456789");
    assert_string_equal(text_string(&text), "12345");
}

static void an_arena_gives_zeroed_aligned_memory(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    for (int round = 0; round < 3; round++) {
        for (size_t bytes = 0; bytes < 20000; bytes = bytes * 2 + 1) {
            unsigned char *block = arena_alloc(arena, bytes);
            assert_int_equal((uintptr_t)block % 16, 0);
            for (size_t i = 0; i < bytes; i++)
                assert_int_equal(block[i], 0);
            memset(block, 0xFF, bytes);
        }
        arena_clear(arena);
        assert_int_equal(arena_size(arena), 0);
    }
}

static void an_arena_copies_texts(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    assert_null(arena_strdup(arena, NULL));
    assert_string_equal(arena_strdup(arena, "abc"), "abc");
    assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(arena, "ab", 3), "ab");
    assert_string_equal(arena_printf(arena, "%s-%d", "x", 5), "x-5");
    assert_memory_equal(arena_memdup(arena, "a\0b", 3), "a\0b", 4);
}

static void what_hides_or_reorders_is_a_control(void **state)
{
    UNUSED(state);
    static const struct Case {
        const char *text;
        size_t bytes;
    } CASES[] = {
        {"", 0},
        {"a", 0},
        {"\xC3\xA9", 0},
        {"\xE2\x82\xAC", 0},
        {"\xC2\xA0", 0},
        {"\n", 1},
        {"\x1B[2K", 1},
        {"\x7F", 1},
        {"\xC2\x9B", 2},
        {"\xC2", 1},
        {"\xE2\x80\x8E", 3},
        {"\xE2\x80\xAE", 3},
        {"\xE2\x81\xA6", 3},
        {"\xE2\x80\xA6", 0},
        {"\xE2\x81\xAA", 0},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++)
        assert_int_equal(text_control_bytes(CASES[i].text), CASES[i].bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_grows_and_is_taken),
        cmocka_unit_test(overflow_cuts_and_sticks),
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(an_arena_copies_texts),
        cmocka_unit_test(what_hides_or_reorders_is_a_control),
    };
    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
