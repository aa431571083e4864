/* Columns set to expressions, a batch at a time, against a real server. */
#include "angle.h"

FIBER_TEST(test_set)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b text);"
        "INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 10) i");
    Work work;
    static const DataSet SET[] = {{"b", "upper(a) -- a comment"}};
    DataSpec spec = {.where = "b IS NULL -- still", .set = SET, .set_count = 1};
    work_open(&work, &spec, NULL);
    DataBatch *batch = read_and_map(&work, 6);
    sql("UPDATE t SET a = 'new' WHERE id = 3; UPDATE t SET b = 'theirs' WHERE id = 4;"
        "DELETE FROM t WHERE id = 5");
    commit(&work, batch);
    assert_int_equal(work.counts.changed, 4);
    data_batch_free(batch);
    expect("SELECT string_agg(coalesce(b, '-'), ',' ORDER BY id) FROM t",
           "V1,V2,NEW,theirs,V6,-,-,-,-");
    work_close(&work);
}

FIBER_TEST(test_set_with_old_values_and_errors)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b int);"
        "INSERT INTO t SELECT i, CASE i WHEN 4 THEN 'x' ELSE i::text END, -i FROM "
        "generate_series(1, 6) i");
    Work work;
    static const DataSet SET[] = {{"b", "a::int"}};
    DataSpec spec = {.where = "b < 0", .set = SET, .set_count = 1};
    work_open_with(&work, &spec, NULL, true);
    DataBatch *batch = read_and_map(&work, 100);
    assert_false(commit_with(&work, batch, false));
    assert_true(data_batch_row_error(&work.err));
    if (!commit_with(&work, batch, true))
        fail_msg("%s", work.err.message);
    data_batch_free(batch);
    expect("SELECT string_agg(b::text, ',' ORDER BY id) FROM t", "1,2,3,-4,5,6");
    expect("SELECT string_agg(old::text, ',' ORDER BY key) FROM headgate.old_value",
           "{\"b\": \"-1\"},{\"b\": \"-2\"},{\"b\": \"-3\"},{\"b\": \"-5\"},{\"b\": \"-6\"}");
    expect("SELECT key::text || reason FROM headgate.queued_row",
           "{4}invalid input syntax for type integer: \"x\"");
    work_close(&work);
}

/* 1.0 and 1.00 are one key: the row is set, and its old value is kept. */
FIBER_TEST(test_a_key_that_is_written_another_way)
{
    sql("CREATE TABLE t (id numeric PRIMARY KEY, b int);"
        "INSERT INTO t SELECT i, -i FROM generate_series(1, 3) i");
    Work work;
    static const DataSet SET[] = {{"b", "-b"}};
    const DataSpec spec = {.where = "b < 0", .set = SET, .set_count = 1};
    work_open_with(&work, &spec, NULL, true);
    DataBatch *batch = read_and_map(&work, 100);
    sql("UPDATE t SET id = 2.00 WHERE id = 2");
    commit(&work, batch);
    assert_int_equal(work.counts.changed, 3);
    data_batch_free(batch);
    expect("SELECT string_agg(b::text, ',' ORDER BY id) FROM t", "1,2,3");
    expect("SELECT string_agg(old ->> 'b', ',' ORDER BY key) FROM headgate.old_value", "-1,-2,-3");
    work_close(&work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_set_with_old_values_and_errors),
        cmocka_unit_test(test_a_key_that_is_written_another_way),
    };
    return cmocka_run_group_tests_name("set", tests, fixture_setup, fixture_teardown);
}
