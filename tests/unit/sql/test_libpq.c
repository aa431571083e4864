/* libpq and libpg_query in one binary: both export pg_utf_mblen, and the linker keeps one of the
 * two. */
#include "sql/split.h"

#include <libpq-fe.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const LETTERS[] = {"a", "é", "€", "😀"};

static void both_measure_letters_alike(void **state)
{
    UNUSED(state);
    enum { UTF8 = 6 }; /* the server's number of the encoding, part of libpq's binary interface */
    assert_int_equal(pg_char_to_encoding("UTF8"), UTF8);
    for (size_t i = 0; i < COUNT_OF(LETTERS); i++) {
        assert_int_equal(PQmblen(LETTERS[i], UTF8), strlen(LETTERS[i]));
        AUTO(arena_auto) Arena *arena = arena_new();
        SqlStatement *statements;
        size_t count;
        Error err = {0};
        AUTO(base_free) char *text = base_printf("SELECT '%s%s' x x", LETTERS[i], LETTERS[i]);
        assert_true(sql_split(arena, text, &statements, &count, &err));
        assert_int_equal(count, 1);
        assert_int_equal(statements[0].fault_column, 15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_measure_letters_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
