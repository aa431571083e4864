/* Digests: the statements as text, and what they see on a server. */
#include "data/digest.h"

#include "fixture.h"

static const DataDigestColumn COLUMNS[] = {{"id", "id", "integer", true},
                                           {"doc", "\"Doc\"", "jsonb", false}};
static const DataDigestColumn KEY[] = {{"id", "id", "integer", true}};

static void check_sql(DataDigestWay way, bool from, bool upper, int64_t limit, const char *expected)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DataDigestForm form = {.way = way,
                           .columns = COLUMNS,
                           .columns_count = 2,
                           .key = KEY,
                           .key_count = 1,
                           .where = limit > 0 ? "id > 7 -- odd" : NULL};
    assert_string_equal(data_digest_sql(arena, &form, "s.t", from, upper, limit), expected);
}

static void test_sql(void **state)
{
    UNUSED(state);
    check_sql(DIGEST_RECORD, false, false, 0,
              "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(h.hash), 0)::text FROM (SELECT "
              "pg_catalog.hashint8extended(pg_catalog.hash_record_extended(ROW(r.id, "
              "r.\"Doc\"::text), 0), 0) AS hash FROM s.t AS r WHERE (TRUE\n)) AS h");
    check_sql(
        DIGEST_TEXT, true, true, 5,
        "SELECT ARRAY[r.id::text] AS key, pg_catalog.hashtextextended(ROW(r.id::text, "
        "r.\"Doc\"::text)::text, 0) AS hash FROM s.t AS r WHERE (id > 7 -- odd\n) AND (r.id) > "
        "($1::text::integer) AND (r.id) <= ($2::text::integer) ORDER BY r.id LIMIT 5");
}

/* The digest of a table in ranges of two rows, as one text. */
static char *digest_of(const char *name, bool portable)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Error err = {0};
    DataDigestTable table;
    DataDigestForm form;
    char **from = NULL;
    char **upper = NULL;
    char *all = strdup("");
    if (!data_digest_meet(fixture_conn, arena, name, &table, NULL, &err))
        fail_msg("%s", err.message);
    assert_null(data_digest_choose(arena, &table, NULL, (DataNames){0}, portable, &form));
    do {
        DataDigest digest;
        if (!data_digest_bound(&table, &form, from, NULL, 2, arena, &upper, &err) ||
            !data_digest_range(&table, &form, from, upper, arena, &digest, &err))
            fail_msg("%s", err.message);
        char *more = base_printf("%s%d:%s ", all, (int)digest.rows, digest.sum);
        free(all);
        all = more;
        from = upper;
    } while (upper != NULL);
    return all;
}

/* The same in one pass over ranges that somebody else has cut: ends that no row has, and no rows
 * between two of them. */
static void expect_one_pass(const char *name, bool portable)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Error err = {0};
    DataDigestTable table;
    DataDigestForm form;
    char *ends[][1] = {{"0"}, {"2"}, {"4"}, {"90"}};
    char **keys[COUNT_OF(ends)];
    DataDigest *ranges = NULL;
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        keys[i] = ends[i];
    const DataDigestCuts cuts = {.keys = keys, .count = COUNT_OF(ends)};
    assert_true(data_digest_meet(fixture_conn, arena, name, &table, NULL, &err));
    assert_null(data_digest_choose(arena, &table, NULL, (DataNames){0}, portable, &form));
    if (!data_digest_ranges(&table, &form, &cuts, arena, &ranges, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i <= cuts.count; i++) {
        DataDigest alone;
        assert_true(data_digest_range(&table, &form, i == 0 ? NULL : keys[i - 1],
                                      i == cuts.count ? NULL : keys[i], arena, &alone, &err));
        assert_int_equal(ranges[i].rows, alone.rows);
        assert_string_equal(ranges[i].sum, alone.sum);
    }
}

static void expect_digests(const char *a, const char *b, bool same)
{
    for (int portable = 0; portable <= 1; portable++) {
        char *left = digest_of(a, portable == 1);
        char *right = digest_of(b, portable == 1);
        if ((strcmp(left, right) == 0) != same)
            fail_msg("%s [%s] and %s [%s] should%s be the same", a, left, b, right,
                     same ? "" : " not");
        free(left);
        free(right);
    }
}

/* Pairs of tables that a weaker digest calls equal. */
static void differ(const char *type, const char *a, const char *b)
{
    char text[600];
    snprintf(
        text, sizeof(text),
        "DROP TABLE IF EXISTS one, two; CREATE TABLE one (id int PRIMARY KEY, v %s, w %s);"
        "CREATE TABLE two (LIKE one INCLUDING ALL); INSERT INTO one VALUES %s; INSERT INTO two "
        "VALUES %s",
        type, type, a, b);
    sql(text);
    expect_digests("one", "two", strcmp(a, b) == 0);
}

FIBER_TEST(test_what_differs_is_seen)
{
    differ("int", "(1, 1, 2), (2, 3, 4), (3, 5, 6)", "(1, 1, 2), (2, 3, 4), (3, 5, 6)");
    /* two rows exchange one value: a sum of PostgreSQL's record hashes is the same */
    differ("int", "(1, 1, 2), (2, 3, 4)", "(1, 1, 4), (2, 3, 2)");
    differ("text", "(1, 'a', 'b'), (2, 'c', 'd')", "(1, 'c', 'b'), (2, 'a', 'd')");
    differ("jsonb", "(1, '{\"a\": [1]}', NULL)", "(1, '{\"a\": [[[1]]]}', NULL)");
    differ("jsonb", "(1, '1', NULL)", "(1, '1.00', NULL)");
    differ("numeric", "(1, 1.0, 2)", "(1, 1.00, 2)");
    differ("float8", "(1, '0', 2)", "(1, '-0', 2)");
    differ("text", "(1, NULL, '')", "(1, '', NULL)");
    differ("text", "(1, 'a,b', 'c')", "(1, 'a', 'b,c')");
    differ("text", "(1, 'a', 'b')", "(1, 'a', 'b'), (2, 'a', 'b')");
    differ("int[]", "(1, '{1,2}', NULL)", "(1, '{{1,2}}', NULL)");
    sql("DROP TABLE IF EXISTS one, two; CREATE TABLE one (v int); CREATE TABLE two (v int);"
        "INSERT INTO one VALUES (1), (2), (2); INSERT INTO two VALUES (2), (1), (2)");
    expect_digests("one", "two", true);
    sql("INSERT INTO two VALUES (2)");
    expect_digests("one", "two", false);
}

FIBER_TEST(test_ranges_in_one_pass)
{
    sql("DROP TABLE IF EXISTS one; CREATE TABLE one (id int PRIMARY KEY, v jsonb);"
        "INSERT INTO one SELECT n, jsonb_build_object('n', n) FROM generate_series(1, 9) AS n");
    expect_one_pass("one", false);
    expect_one_pass("one", true);
    sql("DROP TABLE one; CREATE TABLE one (id varchar(9) PRIMARY KEY, v numeric);"
        "INSERT INTO one SELECT n, n FROM generate_series(1, 9) AS n");
    expect_one_pass("one", false);
}

/* Where the statistics say it, ranges are cut without a look at the rows. */
FIBER_TEST(test_cuts)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Error err = {0};
    DataDigestTable table;
    DataDigestForm form;
    DataDigestCuts cuts;
    sql("DROP TABLE IF EXISTS one; CREATE TABLE one (id int PRIMARY KEY);"
        "INSERT INTO one SELECT generate_series(1, 10); ANALYZE one");
    assert_true(data_digest_meet(fixture_conn, arena, "one", &table, NULL, &err));
    assert_null(data_digest_choose(arena, &table, NULL, (DataNames){0}, false, &form));
    assert_true(data_digest_cut(&table, &form, 4, 10, arena, &cuts, &err));
    assert_int_equal(cuts.count, 2);
    assert_string_equal(cuts.keys[0][0], "4");
    assert_string_equal(cuts.keys[1][0], "8");
    assert_true(data_digest_cut(&table, &form, 2, 2, arena, &cuts, &err));
    assert_int_equal(cuts.count, 1);
    assert_string_equal(cuts.keys[0][0], "5");
    table.rows_estimate = 1000000; /* as if it were large */
    if (!data_digest_cut(&table, &form, 250000, 10, arena, &cuts, &err))
        fail_msg("%s", err.message);
    assert_int_equal(cuts.count, 3);
    assert_string_equal(cuts.keys[0][0], "3");
    assert_string_equal(cuts.keys[2][0], "8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sql),
        cmocka_unit_test(test_what_differs_is_seen),
        cmocka_unit_test(test_ranges_in_one_pass),
        cmocka_unit_test(test_cuts),
    };
    return cmocka_run_group_tests_name("digest", tests, fixture_setup, fixture_teardown);
}
