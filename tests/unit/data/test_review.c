/* After the batches: decisions on queued rows; and the dry run before them. */
#include "review.h"

#include "base/json.h"
#include "data/dry.h"
#include "data/queue.h"

/* ---------------------------------------------------------------- decisions */

FIBER_TEST(test_choices_keep_decimals)
{
    make_table();
    Review review;
    review_open(&review, &SPEC);
    assert_string_equal(decide(&review, "1", "{\"choice\": 1}"), "applied");
    expect("SELECT doc::text || n FROM t WHERE id = 1", "{\"e\": [], \"p\": 100.00}7.10");
    expect("SELECT state || (settled_at IS NOT NULL) FROM headgate.queued_row WHERE key = '{1}'",
           "appliedtrue");
    expect("SELECT old::text FROM headgate.old_value WHERE key = '{1}'",
           "{\"n\": \"1.50\", \"doc\": null}");
    assert_string_equal(decide(&review, "1", "{\"choice\": 0}"), "before");
    review_close(&review);
}

FIBER_TEST(test_skip_and_set)
{
    make_table();
    Review review;
    review_open(&review, &SPEC);
    assert_string_equal(decide(&review, "1", "{\"skip\": true}"), "skipped");
    assert_string_equal(decide(&review, "2", "{\"set\": {\"doc\": {\"mine\": true}, \"n\": null}}"),
                        "applied");
    expect("SELECT string_agg(state, ' ' ORDER BY key) FROM headgate.queued_row",
           "skipped applied open");
    expect("SELECT doc::text || (n IS NULL) FROM t WHERE id = 2", "{\"mine\": true}true");
    review_close(&review);
}

/* 0.1 + 0.2, 100.00, more digits than a double has: what people typed is what the row gets. */
FIBER_TEST(test_set_keeps_every_digit)
{
    make_table();
    Review review;
    review_open(&review, &SPEC);
    assert_string_equal(decide(&review, "1",
                               "{\"set\": {\"n\": 123456789012345678901234567890.10, \"doc\": "
                               "{\"p\": 100.00, \"i\": 820982911946154508, \"e\": []}}}"),
                        "applied");
    expect("SELECT n FROM t WHERE id = 1", "123456789012345678901234567890.10");
    expect("SELECT doc::text FROM t WHERE id = 1",
           "{\"e\": [], \"i\": 820982911946154508, \"p\": 100.00}");
    assert_string_equal(
        decide(&review, "2", "{\"set\": {\"n\": \"7.10\", \"doc\": \"t\\u00e9xt\"}}"), "applied");
    expect("SELECT n || doc::text FROM t WHERE id = 2", "7.10\"téxt\"");
    review_close(&review);
}

/* As a record or a row that a map writes: NULL, not a document that says null. */
FIBER_TEST(test_a_null_is_no_document)
{
    make_table();
    sql("UPDATE headgate.queued_row SET choices = '[{\"set\": {\"doc\": null, \"n\": null}}]';"
        "ALTER TABLE t ADD j json; UPDATE headgate.queued_row SET before = before || '{\"j\": "
        "null}'");
    Review review;
    review_open(&review, &SPEC);
    assert_string_equal(decide(&review, "1", "{\"choice\": 0}"), "applied");
    assert_string_equal(decide(&review, "2", "{\"set\": {\"n\": 7, \"j\": null, \"doc\": null}}"),
                        "applied");
    assert_string_equal(decide(&review, "3", "{\"set\": {\"doc\": [null], \"j\": {\"a\": null}}}"),
                        "applied");
    expect("SELECT string_agg(concat_ws('|', id, n, doc, j), ' ' ORDER BY id) FROM t",
           "1 2|7 3|3|[null]|{\"a\": null}");
    review_close(&review);
}

FIBER_TEST(test_rows_that_changed_or_went)
{
    make_table();
    Review review;
    review_open(&review, &SPEC);
    sql("UPDATE t SET a = 'other' WHERE id = 1; DELETE FROM t WHERE id = 2;"
        "UPDATE t SET doc = '{}' WHERE id = 3");
    assert_string_equal(decide(&review, "1", "{\"choice\": 0}"), "changed");
    expect("SELECT state || (before ->> 'a') FROM headgate.queued_row WHERE key = '{1}'",
           "openother");
    assert_string_equal(decide(&review, "1", "{\"choice\": 0}"), "applied");
    assert_string_equal(decide(&review, "2", "{\"choice\": 0}"), "gone");
    assert_string_equal(decide(&review, "3", "{\"choice\": 0}"), "gone");
    expect("SELECT string_agg(state, ' ' ORDER BY key) FROM headgate.queued_row",
           "applied skipped skipped");
    review_close(&review);
}

FIBER_TEST(test_decisions_refused)
{
    static const struct {
        const char *decision;
        const char *message;
    } CASES[] = {
        {"{}", "a decision is {choice: n}, {skip: true} or {set: {…}}"},
        {"{\"choice\": 2}", "there is no choice 2"},
        {"{\"choice\": -1}", "there is no choice -1"},
        {"{\"set\": {}}", "the decision sets no column"},
        {"{\"set\": {\"a\": 1}}", "column \"a\" stands in keep: it must not change"},
        {"{\"set\": {\"id\": 1}}", "column \"id\" is part of the key that rows are found by"},
        {"{\"set\": {\"n\": \"x\"}}", "invalid input syntax for type numeric: \"x\""},
    };
    make_table();
    Review review;
    review_open(&review, &SPEC);
    for (size_t i = 0; i < COUNT_OF(CASES); i++)
        assert_string_equal(decide(&review, "1", CASES[i].decision), CASES[i].message);
    sql("UPDATE headgate.fence SET epoch = 4");
    assert_string_equal(decide(&review, "1", "{\"skip\": true}"),
                        "another runner has taken over run 7");
    expect("SELECT string_agg(DISTINCT state, ' ') FROM headgate.queued_row", "open");
    review_close(&review);
}

/* ---------------------------------------------------------------- what people do not see changes
 */

static const char *decide_with(Work *work, const char *key, const char *decision)
{
    DataDecided decided;
    if (!data_decide(&work->updater, &key, 1, decision, &decided, &work->err))
        return work->err.message;
    return data_decided_name(decided);
}

/* A set carries no column of the row, only its digest. */
FIBER_TEST(test_a_decision_leaves_what_the_application_wrote_since)
{
    static const DataSet SET[] = {{"email", "lower(email)"}};
    DataSpec spec = {.where = "email <> lower(email)", .set = SET, .set_count = 1};
    sql("CREATE TABLE t (id bigint PRIMARY KEY, email text UNIQUE);"
        "INSERT INTO t VALUES (1, 'BOB@x'), (2, 'bob@x')");
    Work work;
    work_open(&work, &spec, NULL);
    DataBatch *batch = read_and_map(&work, 100);
    if (!commit_with(&work, batch, true))
        fail_msg("%s", work.err.message);
    data_batch_free(batch);
    assert_int_equal(work.counts.queued, 1);
    sql("UPDATE t SET email = 'ANN@x' WHERE id = 1");
    const char *set = "{\"set\": {\"email\": \"bob2@x\"}}";
    assert_string_equal(decide_with(&work, "1", set), "changed");
    expect("SELECT email FROM t WHERE id = 1", "ANN@x");
    assert_string_equal(decide_with(&work, "1", set), "applied");
    expect("SELECT email FROM t WHERE id = 1", "bob2@x");
    work_close(&work);
}

static bool map_undecided(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    UNUSED(ctx), UNUSED(row), UNUSED(arena), UNUSED(err);
    ret->verdict = MAPPED_AMBIGUOUS;
    ret->reason = "two match";
    ret->choices = "[{\"set\": {\"b\": \"chosen\"}}]";
    return true;
}

/* A column that the map does not read; bytes that people are not shown; a change between map and
 * queue. A row that nobody touched is written at once. */
FIBER_TEST(test_a_decision_compares_the_whole_row)
{
    static const char CHOICE[] = "{\"choice\": 0}";
    DataSpec spec = {.where = "TRUE", .columns = NAMES("a")};
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b text, t text);"
        "INSERT INTO t SELECT i, repeat('a', 5000), 'b', 't' FROM generate_series(1, 4) i");
    Work work;
    work_open(&work, &spec, map_undecided);
    DataBatch *batch = read_and_map(&work, 100);
    sql("UPDATE t SET b = 'early' WHERE id = 3");
    commit(&work, batch);
    data_batch_free(batch);
    assert_int_equal(work.counts.queued, 4);
    sql("UPDATE t SET b = 'theirs' WHERE id = 1; UPDATE t SET a = a || 'a' WHERE id = 2");
    assert_string_equal(decide_with(&work, "1", CHOICE), "changed");
    assert_string_equal(decide_with(&work, "2", CHOICE), "changed");
    assert_string_equal(decide_with(&work, "3", CHOICE), "changed");
    assert_string_equal(decide_with(&work, "4", CHOICE), "applied");
    expect("SELECT string_agg(b, ' ' ORDER BY id) FROM t", "theirs b early chosen");
    assert_string_equal(decide_with(&work, "3", CHOICE), "applied");
    work_close(&work);
}

/* ---------------------------------------------------------------- columns without old values */

static bool map_three(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    UNUSED(ctx);
    ret->verdict = MAPPED_AMBIGUOUS;
    ret->reason = "two match";
    ret->choices = "[{\"label\": null, \"set\": {\"fresh\": 1}}]";
    if (atoi(row->key[0]) == 1)
        ret->choices = "[{\"set\": {\"fresh\": 1}}, {\"set\": {\"fresh\": 1, \"othe\\u0072\": 2}}]";
    if (atoi(row->key[0]) != 2)
        return true;
    ret->verdict = MAPPED_WRITE;
    ret->writes = arena_alloc(arena, sizeof(DataWrite));
    ret->writes_count = 1;
    ret->writes[0] = (DataWrite){.text = "2", .bytes = 1};
    return data_map_target(row->table, "other", &ret->writes[0].column, err);
}

/* The rollback drops fresh, and would leave in other what a decision wrote. */
FIBER_TEST(test_columns_without_old_values_are_not_decided)
{
    DataSpec spec = {.where = "fresh IS NULL"};
    sql("CREATE TABLE t (id bigint PRIMARY KEY, fresh int, other int);"
        "INSERT INTO t SELECT i FROM generate_series(1, 3) i");
    Work work;
    work_open(&work, &spec, map_three);
    work.job.options.dropped = (DataNames)NAMES("fresh");
    run_batch(&work);
    expect("SELECT string_agg(key::text || kind || left(reason, 25), ' ' ORDER BY key)"
           " FROM headgate.queued_row",
           "{1}errormap writes column \"other\" {2}errormap writes column \"other\" "
           "{3}ambiguoustwo match");
    static const char REFUSED[] = "column \"other\" must not be written: its old value is not "
                                  "kept, and no undo of an earlier step drops it";
    assert_string_equal(decide_with(&work, "3", "{\"set\": {\"fresh\": 1, \"other\": 2}}"),
                        REFUSED);
    sql("UPDATE headgate.queued_row SET choices = '[{\"set\": {\"other\": 2}}]' WHERE key = '{1}'");
    assert_string_equal(decide_with(&work, "1", "{\"choice\": 0}"), REFUSED);
    assert_string_equal(decide_with(&work, "3", "{\"choice\": 0}"), "applied");
    work.job.options.dropped = (DataNames)NAMES("*");
    assert_string_equal(decide_with(&work, "1", "{\"choice\": 0}"), "applied");
    work.job.options.dropped = (DataNames){0}; /* it is one-way */
    assert_string_equal(decide_with(&work, "2", "{\"set\": {\"other\": 2}}"), "applied");
    expect("SELECT string_agg(concat_ws('|', id, fresh, other), ' ' ORDER BY id) FROM t",
           "1|2 2|2 3|1");
    work_close(&work);
}

/* ---------------------------------------------------------------- dry run */

static bool map_by_id(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    UNUSED(ctx);
    int id = atoi(row->key[0]);
    const DataColumn *column;
    if (!data_map_target(row->table, "fresh", &column, err))
        return false;
    if (id % 10 == 1)
        return error_set(err, ERROR_SCRIPT, "oops");
    ret->verdict = id % 10 == 2 ? MAPPED_SKIP : id % 10 == 3 ? MAPPED_AMBIGUOUS : MAPPED_WRITE;
    ret->reason = "why";
    ret->writes = arena_alloc(arena, sizeof(DataWrite));
    ret->writes[0].column = column;
    ret->writes_count = 1;
    return true;
}

FIBER_TEST(test_dry_run_writes_nothing)
{
    static const DataExpected EXPECTED[] = {{"fresh", "jsonb"}, {"id", "bigint"}};
    sql("DROP SCHEMA headgate CASCADE; CREATE TABLE t (id bigint PRIMARY KEY, a text);"
        "INSERT INTO t SELECT i, 'v' FROM generate_series(1, 2500) i");
    AUTO(db_result_auto) DbResult *before = NULL;
    Error err = {0};
    assert_true(db_query(fixture_conn, "SELECT pg_snapshot_xmax(pg_current_snapshot())", NULL,
                         &before, &err));
    DataSpec spec = {.step = "x",
                     .table = "t",
                     .map = true,
                     .where = "fresh IS NULL AND id <= 2400",
                     .fail_on_error = true};
    DataDryOptions options = {.loop = fixture_loop,
                              .spec = &spec,
                              .target = {.conninfo = fixture_conninfo, .search_path = "public"},
                              .expected = EXPECTED,
                              .expected_count = 2,
                              .samples_max = 3,
                              .map = map_by_id};
    Arena *arena = arena_new();
    DataDryCounts counts = {0};
    if (!data_dry(&options, arena, &counts, &err))
        fail_msg("%s", err.message);
    assert_int_equal(counts.rows, 2400);
    assert_int_equal(counts.error, 240);
    assert_int_equal(counts.skip, 240);
    assert_int_equal(counts.ambiguous, 240);
    assert_int_equal(counts.write, 1680);
    assert_int_equal(counts.samples_count, 3);
    assert_string_equal(counts.samples[0].key, "1");
    assert_string_equal(counts.samples[0].reason, "oops");
    assert_string_equal(counts.samples[1].kind, "ambiguous");
    assert_int_equal(counts.changes_count, 3);
    assert_string_equal(counts.changes[0].key, "4");
    assert_non_null(strstr(counts.changes[0].before, "\"a\""));
    assert_true(json_is_null(json_object_get(counts.changes[0].after, "fresh")));
    data_dry_done(&counts);
    expect("SELECT pg_snapshot_xmax(pg_current_snapshot())", db_value(before, 0, 0));
    static const DataSet SET[] = {{"a", "upper(a)"}};
    spec = (DataSpec){.step = "x", .table = "t", .set = SET, .set_count = 1};
    options.map = NULL;
    assert_true(data_dry(&options, arena, &counts, &err));
    assert_int_equal(counts.write, 2500);
    assert_int_equal(counts.changes_count, 0);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices_keep_decimals),
        cmocka_unit_test(test_skip_and_set),
        cmocka_unit_test(test_set_keeps_every_digit),
        cmocka_unit_test(test_a_null_is_no_document),
        cmocka_unit_test(test_rows_that_changed_or_went),
        cmocka_unit_test(test_decisions_refused),
        cmocka_unit_test(test_a_decision_leaves_what_the_application_wrote_since),
        cmocka_unit_test(test_a_decision_compares_the_whole_row),
        cmocka_unit_test(test_columns_without_old_values_are_not_decided),
        cmocka_unit_test(test_dry_run_writes_nothing),
    };
    return cmocka_run_group_tests_name("review", tests, fixture_setup, fixture_teardown);
}
