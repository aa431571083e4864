/* Columns that SQL adds and drops. */
#include "sql/columns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_added_columns_have_their_types(void **state)
{
    UNUSED(state);
    SqlColumns columns = {.arena = arena_new()};
    sql_columns_added("ALTER TABLE events ADD COLUMN canonical_event jsonb; ALTER TABLE app.c ADD "
                      "COLUMN tags text[], ADD n int, ADD o public.\"order\", ADD q \"a\"\"b\"",
                      &columns);
    assert_int_equal(columns.count, 5);
    assert_string_equal(sql_columns_find(&columns, "public.events", "canonical_event")->type,
                        "\"jsonb\"");
    assert_string_equal(sql_columns_find(&columns, "c", "tags")->type, "\"text\"[]");
    assert_string_equal(sql_columns_find(&columns, "c", "n")->type, "\"int4\"");
    assert_string_equal(sql_columns_find(&columns, "c", "o")->type, "\"public\".\"order\"");
    assert_string_equal(sql_columns_find(&columns, "c", "q")->type, "\"a\"\"b\"");
    assert_null(sql_columns_find(&columns, "events", "tags"));
    arena_free(columns.arena);
}

static void test_a_dropped_table_drops_all_its_columns(void **state)
{
    UNUSED(state);
    SqlColumns columns = {.arena = arena_new()};
    sql_columns_dropped("ALTER TABLE events DROP COLUMN a; DROP TABLE app.flags", &columns);
    assert_non_null(sql_columns_find(&columns, "events", "a"));
    assert_null(sql_columns_find(&columns, "events", "b"));
    assert_non_null(sql_columns_find(&columns, "flags", "anything"));
    arena_free(columns.arena);
}

static void test_dropped_things_are_named_as_sql_reads_them(void **state)
{
    static const char *const EXPECTED[][2] = {{"\"app\".\"E\"\"v\"", "a"},
                                              {"\"app\".\"flags\"", "*"},
                                              {"\"notes\"", "*"},
                                              {"\"Old\"", "**"}};
    UNUSED(state);
    SqlColumns columns = {.arena = arena_new()};
    sql_columns_dropped("ALTER TABLE app.\"E\"\"v\" DROP COLUMN a; DROP TABLE app.flags, notes; "
                        "DROP SCHEMA \"Old\" CASCADE; DROP VIEW seen",
                        &columns);
    assert_int_equal(columns.count, COUNT_OF(EXPECTED));
    for (size_t i = 0; i < COUNT_OF(EXPECTED); i++) {
        assert_string_equal(columns.items[i].relation, EXPECTED[i][0]);
        assert_string_equal(columns.items[i].column, EXPECTED[i][1]);
    }
    arena_free(columns.arena);
}

static void test_what_does_not_parse_says_nothing(void **state)
{
    UNUSED(state);
    SqlColumns columns = {.arena = arena_new()};
    sql_columns_added("ALTER TABLE nonsense nonsense", &columns);
    assert_int_equal(columns.count, 0);
    arena_free(columns.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_added_columns_have_their_types),
        cmocka_unit_test(test_a_dropped_table_drops_all_its_columns),
        cmocka_unit_test(test_dropped_things_are_named_as_sql_reads_them),
        cmocka_unit_test(test_what_does_not_parse_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
