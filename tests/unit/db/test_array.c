/* PostgreSQL's text form of arrays, there and back. */
#include "base/clock.h"
#include "db/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void same(const char *const *expected, size_t count, const char *text)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    char **items = NULL;
    size_t found = 0;
    Error err = {0};
    if (!db_array_parse(arena, text, &items, &found, &err))
        fail_msg("%s", err.message);
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(items[i], expected[i]))
            fail_msg("%s: item %zu is %s", text, i, items[i] == NULL ? "NULL" : items[i]);
    }
}

static void forms_of_the_server_are_read(void **state)
{
    UNUSED(state);
    same(NULL, 0, "{}");
    same(NULL, 0, " { } ");
    same((const char *[]){"a", "b c", NULL, "NULL", ""}, 5, "{a,\"b c\",NULL,\"NULL\",\"\"}");
    same((const char *[]){"a b", "\"\\"}, 2, "{ a b , \"\\\"\\\\\" }");
    same((const char *[]){"a,b", "x}"}, 2, "{a\\,b,\"x}\"}");
    same((const char *[]){NULL, NULL}, 2, "{null,NuLL}");
}

static void other_texts_are_refused(void **state)
{
    UNUSED(state);
    static const char *const BAD[] = {"",       "a",        "{",     "{a",      "{a,",
                                      "{a,}",   "{,a}",     "{\"a}", "{a}b",    "{{a}}",
                                      "{\"a\\", "{\"a\"b}", "{a\\",  "{a\"b\"}"};
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        char **items = NULL;
        size_t count = 0;
        Error err = {0};
        if (db_array_parse(arena, BAD[i], &items, &count, &err))
            fail_msg("%s was read as %zu items", BAD[i], count);
        assert_int_equal(err.kind, ERROR_INPUT);
    }
}

static void what_is_written_is_read_again(void **state)
{
    UNUSED(state);
    static const char ALPHABET[] = "a,{}\"\\ \tN\nu\xc3\xa4";
    for (int round = 0; round < 2000; round++) {
        AUTO(arena_auto) Arena *arena = arena_new();
        const char *items[8];
        size_t count = clock_random(COUNT_OF(items) + 1);
        for (size_t i = 0; i < count; i++) {
            char item[16] = {0};
            size_t length = clock_random(sizeof(item));
            for (size_t j = 0; j < length; j++)
                item[j] = ALPHABET[clock_random(sizeof(ALPHABET) - 1)];
            items[i] = clock_random(5) == 0 ? NULL : arena_strdup(arena, item);
        }
        same(items, count, db_array_text(arena, items, count));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_the_server_are_read),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(what_is_written_is_read_again),
    };
    return cmocka_run_group_tests_name("db/array", tests, NULL, NULL);
}
