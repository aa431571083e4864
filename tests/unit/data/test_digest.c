/* Digests: the statements as text, and what they see on a server. */
#include "data/digest.h"
#include "data/pass.h"

#include "fixture.h"

static const DataDigestColumn COLUMNS[] = {{"id", "id", "integer", true, NULL, true},
                                           {"doc", "\"Doc\"", "jsonb", false, NULL, false}};
static const DataDigestColumn KEY[] = {{"id", "id", "integer", true, NULL, true}};

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
              "pg_catalog.hashtextextended(pg_catalog.hash_record_extended(ROW(r.id, "
              "r.\"Doc\"::text), 0)::text COLLATE pg_catalog.\"C\", 0) AS hash FROM s.t AS r WHERE "
              "(TRUE\n)) AS h");
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

/* The same in one pass, or in parts, over ranges that somebody else has cut: ends that no row has,
 * and no rows between two of them. */
static void expect_one_pass(const char *name, bool portable)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Error err = {0};
    DataDigestTable table;
    DataDigestForm form;
    char *ends[][1] = {{"0"}, {"2"}, {"4"}, {"90"}};
    char **keys[COUNT_OF(ends)];
    DataDigest ranges[COUNT_OF(ends) + 1];
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        keys[i] = ends[i];
    const DataDigestCuts cuts = {.keys = keys, .count = COUNT_OF(ends)};
    assert_true(data_digest_meet(fixture_conn, arena, name, &table, NULL, &err));
    assert_null(data_digest_choose(arena, &table, NULL, (DataNames){0}, portable, &form));
    for (size_t part = 1; part <= cuts.count + 1; part++) {
        for (size_t i = 0; i <= cuts.count; i += part) {
            size_t count = part < cuts.count + 1 - i ? part : cuts.count + 1 - i;
            if (!data_digest_ranges(&table, &form, &cuts, i, count, arena, &ranges[i], &err))
                fail_msg("%s", err.message);
        }
        for (size_t i = 0; i <= cuts.count; i++) {
            DataDigest alone;
            assert_true(data_digest_range(&table, &form, i == 0 ? NULL : keys[i - 1],
                                          i == cuts.count ? NULL : keys[i], arena, &alone, &err));
            assert_int_equal(ranges[i].rows, alone.rows);
            assert_string_equal(ranges[i].sum, alone.sum);
        }
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
    /* types of 64 bits: their hash folds these, so that a lost sign is not seen */
    differ("bigint", "(1, -1, 0)", "(1, 4294967295, 0)");
    differ("bigint", "(1, 1, 0)", "(1, 4294967296, 0)");
    differ("timestamp", "(1, '2024-01-01 00:00:00', NULL)",
           "(1, '2023-12-31 22:48:25.032705', NULL)");
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

/* The sums of all ranges behind these ends, in one pass where the key has one column. */
static char *ranges_of(const char *name, const char *other, char ***keys, size_t count)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Error err = {0};
    DataDigestTable tables[2];
    DataDigestForm form;
    DataDigest ranges[4];
    const DataDigestCuts cuts = {.keys = keys, .count = count};
    char *all = strdup("");
    assert_true(data_digest_meet(fixture_conn, arena, name, &tables[0], NULL, &err));
    assert_true(data_digest_meet(fixture_conn, arena, other, &tables[1], NULL, &err));
    assert_null(data_digest_choose(arena, &tables[0], &tables[1], (DataNames){0}, false, &form));
    assert_true(data_digest_ranges(&tables[1], &form, &cuts, 0, 2, arena, ranges, &err));
    assert_true(
        data_digest_ranges(&tables[1], &form, &cuts, 2, count - 1, arena, &ranges[2], &err));
    for (size_t i = 0; i <= count; i++) {
        char *more = base_printf("%s%d:%s ", all, (int)ranges[i].rows, ranges[i].sum);
        free(all);
        all = more;
    }
    return all;
}

/* Rows of the second table that no bound holds: without a key, or with a part of one. */
FIBER_TEST(test_rows_without_a_key_are_compared)
{
    char *ends[][2] = {{"2", "2"}, {"4", "4"}, {"6", "6"}};
    char **keys[] = {ends[0], ends[1], ends[2]};
    static const struct {
        const char *key;
        const char *more;
    } CASES[] = {{"id", "(NULL, 1, 'x')"},
                 {"id, part", "(NULL, 1, 'x')"},
                 {"id, part", "(9, NULL, 'x')"},
                 {"id, part", "(4, NULL, 'x')"}};
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        char text[400];
        snprintf(
            text, sizeof(text),
            "DROP TABLE IF EXISTS one, two; CREATE TABLE one (id int, part int, v text, "
            "PRIMARY KEY (%s)); INSERT INTO one SELECT n, n, n FROM generate_series(1, 8) AS n; "
            "CREATE TABLE two (id int, part int, v text); INSERT INTO two SELECT * FROM one",
            CASES[i].key);
        sql(text);
        char *before = ranges_of("one", "two", keys, COUNT_OF(keys));
        assert_true(strncmp(before, "2:", 2) == 0);
        snprintf(text, sizeof(text), "INSERT INTO two VALUES %s", CASES[i].more);
        sql(text);
        char *after = ranges_of("one", "two", keys, COUNT_OF(keys));
        assert_true(strncmp(after, "3:", 2) == 0); /* in the first range, and in no other */
        assert_string_equal(strchr(after, ' '), strchr(before, ' '));
        free(before);
        free(after);
    }
}

/* What an index only carries is no part of its key. */
FIBER_TEST(test_included_columns)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Error err = {0};
    DataDigestTable table;
    sql("DROP TABLE IF EXISTS one; CREATE TABLE one (id int, v int, PRIMARY KEY (id) INCLUDE (v))");
    assert_true(data_digest_meet(fixture_conn, arena, "one", &table, NULL, &err));
    assert_int_equal(table.key_count, 1);
    assert_string_equal(table.key[0]->name, "id");
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

/* What a pass calls, as a text: "0:2 1:2 |" are two ranges of two rows and the end of a part. */
typedef struct Calls {
    char text[400];
    size_t stop; /* at the end of the part that ends here; 0 = not */
} Calls;

static bool on_range(void *ctx, size_t range, const DataDigest *digest, const DataDigest *other,
                     Error *err)
{
    UNUSED(err);
    Calls *calls = ctx;
    size_t used = strlen(calls->text);
    assert_non_null(other);
    assert_string_equal(digest->sum, other->sum);
    snprintf(calls->text + used, sizeof(calls->text) - used, "%zu:%d ", range, (int)digest->rows);
    return true;
}

static bool on_part(void *ctx, size_t next, Error *err)
{
    Calls *calls = ctx;
    size_t used = strlen(calls->text);
    snprintf(calls->text + used, sizeof(calls->text) - used, "| ");
    return next != calls->stop || error_set(err, ERROR_CANCELLED, "stopped");
}

/* Tables of 23 rows in 12 ranges, which say that they are large. */
static void open_pass(Arena *arena, const char *order, DataDigestTable tables[2],
                      DataDigestForm *form, DataDigestCuts *cuts)
{
    Error err = {0};
    char text[400];
    snprintf(text, sizeof(text),
             "DROP TABLE IF EXISTS one, two; CREATE TABLE one (id int PRIMARY KEY, v text);"
             "CREATE TABLE two (LIKE one INCLUDING ALL);"
             "INSERT INTO one SELECT n, n FROM generate_series(1, 23) AS n;"
             "INSERT INTO two SELECT * FROM one ORDER BY %s; ANALYZE one; ANALYZE two",
             order);
    sql(text);
    assert_true(data_digest_meet(fixture_conn, arena, "one", &tables[0], NULL, &err));
    assert_true(data_digest_meet(fixture_conn, arena, "two", &tables[1], NULL, &err));
    assert_null(data_digest_choose(arena, &tables[0], &tables[1], (DataNames){0}, false, form));
    assert_true(data_digest_cut(&tables[0], form, 2, 100, arena, cuts, &err));
    assert_int_equal(cuts->count, 11);
    tables[0].rows_estimate = 2400000;
}

FIBER_TEST(test_parts)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Error err = {0};
    DataDigestTable tables[2];
    DataDigestForm form;
    DataDigestCuts cuts;
    open_pass(arena, "id", tables, &form, &cuts);
    Calls calls = {.stop = 1};
    DataPass pass = {&tables[0], &tables[1], &form, &cuts, .range = on_range, .ctx = &calls};
    assert_true(data_pass_parts(&pass, &pass.parts, &err));
    assert_true(pass.parts);
    pass.part = on_part;
    assert_false(data_pass_run(&pass, &err)); /* the first part is a twelfth */
    assert_int_equal(err.kind, ERROR_CANCELLED);
    assert_string_equal(calls.text, "0:2 | ");
    calls = (Calls){.stop = 0};
    pass.first = 9;
    pass.parts = false;
    assert_true(data_pass_run(&pass, &err));
    assert_string_equal(calls.text, "9:2 10:2 11:1 | ");
}

/* Small ones are read at once, and those whose rows lie in another order than their key's. */
FIBER_TEST(test_no_parts)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Error err = {0};
    DataDigestTable tables[2];
    DataDigestForm form;
    DataDigestCuts cuts;
    DataPass pass = {&tables[0], &tables[1], &form, &cuts, .parts = true};
    open_pass(arena, "pg_catalog.md5(id::text)", tables, &form, &cuts);
    assert_true(data_pass_parts(&pass, &pass.parts, &err));
    assert_false(pass.parts);
    pass.other = NULL;
    assert_true(data_pass_parts(&pass, &pass.parts, &err));
    assert_true(pass.parts);
    tables[0].rows_estimate = 23;
    assert_true(data_pass_parts(&pass, &pass.parts, &err));
    assert_false(pass.parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sql),
        cmocka_unit_test(test_what_differs_is_seen),
        cmocka_unit_test(test_ranges_in_one_pass),
        cmocka_unit_test(test_rows_without_a_key_are_compared),
        cmocka_unit_test(test_included_columns),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_no_parts),
    };
    return cmocka_run_group_tests_name("digest", tests, fixture_setup, fixture_teardown);
}
