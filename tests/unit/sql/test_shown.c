/* Other people's statements without their values. */
#include "sql/shown.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_constants_are_taken_out(void **state)
{
    static const struct {
        const char *query;
        const char *shown;
    } CASES[] = {
        {"SELECT * FROM people WHERE mail = 'eve@example.com' AND age > 41",
         "SELECT * FROM people WHERE mail = $1 AND age > $2"},
        {"UPDATE people\n\tSET secret = $$hunter2$$", "UPDATE people  SET secret = $1"},
        {"ALTER ROLE app PASSWORD 'hunter2'", "ALTER ROLE app PASSWORD $1"},
        {"BEGIN", "BEGIN"},
        {"", ""},
    };
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(CASES); i++)
        assert_string_equal(sql_shown(arena, CASES[i].query), CASES[i].shown);
}

static void test_what_was_cut_off_ends_before_its_first_value(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    assert_string_equal(sql_shown(arena, "INSERT INTO people (mail) VALUES ('eve@exam"),
                        "INSERT INTO people (mail) VALUES (…");
    assert_string_equal(sql_shown(arena, "SELECT FROM WHERE 'hunter2"), "SELECT FROM WHERE …");
    assert_string_equal(sql_shown(arena, "SELECT $tag$hunter2"), "SELECT …");
}

static void test_long_texts_are_not_parsed(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    char *deep = arena_alloc(arena, 5001);
    memset(deep, '(', 5000);
    const char *shown = sql_shown(arena, arena_printf(arena, "SELECT %s'x'", deep));
    assert_null(strstr(shown, "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constants_are_taken_out),
        cmocka_unit_test(test_what_was_cut_off_ends_before_its_first_value),
        cmocka_unit_test(test_long_texts_are_not_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
