/* What the catalog says about tables, and which are refused by name. */
#include "fixture.h"

#include "data/table.h"

static void refuses(const DataTableOptions *options, const char *message)
{
    Arena *arena = arena_new();
    DataTable table;
    Error err = {0};
    assert_false(data_table_get(fixture_conn, arena, options, &table, &err));
    assert_string_equal(err.message, message);
    arena_free(arena);
}

FIBER_TEST(test_keys_refused_by_name)
{
    sql("CREATE TABLE none (a int NOT NULL, b int NOT NULL);"
        "CREATE TABLE nullable (a int UNIQUE);"
        "CREATE TABLE late (a int NOT NULL, UNIQUE (a) DEFERRABLE);"
        "CREATE TABLE part (a int NOT NULL); CREATE UNIQUE INDEX part_i ON part (a) WHERE a > 0;"
        "CREATE TABLE ex (a int NOT NULL); CREATE UNIQUE INDEX ex_i ON ex (a, (a + 1));"
        "CREATE TABLE mixed (a int NOT NULL, b int NOT NULL);"
        "CREATE UNIQUE INDEX mixed_i ON mixed (a, b DESC);"
        "CREATE VIEW v AS SELECT 1 AS a;"
        "CREATE TABLE parent (a int PRIMARY KEY); CREATE TABLE child () INHERITS (parent)");
    DataNames a = NAMES("a");
    DataNames both = NAMES("a", "b");
    DataNames other = NAMES("x");
    refuses(&(DataTableOptions){.name = "nowhere"}, "there is no table nowhere");
    refuses(&(DataTableOptions){.name = "none"}, "table public.none has no primary key");
    refuses(&(DataTableOptions){.name = "none", .key = both},
            "table public.none has no unique index on exactly (a, b)");
    refuses(&(DataTableOptions){.name = "none", .key = other},
            "key: table public.none has no column \"x\"");
    refuses(&(DataTableOptions){.name = "nullable", .key = a},
            "table public.nullable: index nullable_a_key cannot be the key: not all of its columns "
            "are NOT NULL");
    refuses(&(DataTableOptions){.name = "late", .key = a},
            "table public.late: index late_a_key cannot be the key: it is deferrable, so rows can "
            "share a value for a moment");
    refuses(&(DataTableOptions){.name = "part", .key = a},
            "table public.part: index part_i cannot be the key: it is partial: rows outside its "
            "WHERE have no key");
    refuses(&(DataTableOptions){.name = "mixed", .key = both},
            "table public.mixed: index mixed_i cannot be the key: it mixes ASC and DESC");
    refuses(&(DataTableOptions){.name = "v"}, "public.v is a view");
    refuses(&(DataTableOptions){.name = "parent"},
            "public.parent has inheritance children: no index is unique over them together");
}

/* Its values would be compared as texts, and walked in another order than that. */
FIBER_TEST(test_a_key_whose_operators_are_not_found_is_refused)
{
    static const DataTableOptions OPTIONS = {.name = "odd"};
    sql("DROP SCHEMA IF EXISTS ext CASCADE; CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;"
        "CREATE TABLE odd (a ext.citext PRIMARY KEY)");
    refuses(&OPTIONS, "table public.odd: index odd_pkey cannot be the key: the operators of its "
                      "columns' types are not on the search_path");
    sql("SET search_path = public, ext");
    AUTO(arena_auto) Arena *arena = arena_new();
    DataTable table;
    Error err = {0};
    if (!data_table_get(fixture_conn, arena, &OPTIONS, &table, &err))
        fail_msg("%s", err.message);
    assert_int_equal(table.key_count, 1);
    sql("RESET search_path; DROP TABLE odd; DROP SCHEMA ext CASCADE");
}

FIBER_TEST(test_row_level_security_is_refused)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY)");
    sql("DROP ROLE IF EXISTS hg_app; CREATE ROLE hg_app; ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY own ON t USING (id = 1)");
    refuses(&(DataTableOptions){.name = "t", .role = "hg_app"},
            "role hg_app may not read public.t");
    sql("GRANT SELECT, UPDATE ON t TO hg_app");
    refuses(&(DataTableOptions){.name = "t", .role = "hg_app"},
            "row-level security on public.t would hide rows from role hg_app (policies: own)");
    sql("DROP TABLE t; DROP ROLE hg_app");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_refused_by_name),
        cmocka_unit_test(test_a_key_whose_operators_are_not_found_is_refused),
        cmocka_unit_test(test_row_level_security_is_refused),
    };
    return cmocka_run_group_tests_name("table", tests, fixture_setup, fixture_teardown);
}
