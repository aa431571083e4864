/* Batches whose user tables are read and written under another role, in a transaction of each read.
 */
#include "angle.h"

static void let_writer(void)
{
    sql("DROP ROLE IF EXISTS hg_writer; CREATE ROLE hg_writer;"
        "GRANT USAGE ON SCHEMA public TO hg_writer; GRANT SELECT, UPDATE ON t TO hg_writer");
}

static void as_writer(Work *work)
{
    work->job.options.role = "hg_writer";
    work->job.role_set = "SET LOCAL ROLE hg_writer";
}

FIBER_TEST(test_partitions_and_roles)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b text) PARTITION BY RANGE (id);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (5);"
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (5) TO (50);"
        "INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 10) i");
    let_writer();
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    as_writer(&work);
    DataBatch *batch = read_and_map(&work, 100);
    sql("UPDATE t SET a = 'new' WHERE id = 7");
    commit(&work, batch);
    data_batch_free(batch);
    expect(
        "SELECT count(*) || ' ' || max(b) FILTER (WHERE id = 7) FROM t WHERE b = '<' || a || '>'",
        "10 <new>");
    work_close(&work);
    sql("DROP TABLE t; DROP OWNED BY hg_writer; DROP ROLE hg_writer");
}

/* A range's keys while its next batch is read, freed when the one before it was written. */
typedef struct Moving {
    Arena *arena;
    DataRange range;
} Moving;

static void move_on(void *arg)
{
    Moving *moving = arg;
    moving->range.upper[0][0] = '1'; /* as memory that is used again */
    arena_free(moving->arena);
    moving->range = (DataRange){0};
}

FIBER_TEST(test_the_range_may_move_while_it_is_read)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b text);"
        "INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 10) i");
    let_writer();
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    as_writer(&work);
    Moving moving = {.arena = arena_new(), .range = work.range};
    moving.range.upper = arena_alloc(moving.arena, sizeof(char *));
    moving.range.upper[0] = arena_strdup(moving.arena, "7");
    fiber_start(fixture_loop, "move on", move_on, &moving); /* at the reader's first wait */
    DataBatch *batch = NULL;
    if (!data_batch_read(&work.job, &work.mapper, &moving.range, NULL, 100, &batch, &work.err))
        fail_msg("%s", work.err.message);
    assert_null(moving.range.upper);
    assert_int_equal(batch->rows_count, 7);
    data_batch_free(batch);
    work_close(&work);
    sql("DROP TABLE t; DROP OWNED BY hg_writer; DROP ROLE hg_writer");
}

FIBER_TEST(test_a_trigger_that_leaves_the_role_is_refused)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b text);"
        "INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 10) i;"
        "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RESET ROLE; RETURN NEW; END';"
        "CREATE TRIGGER leave BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION leave()");
    let_writer();
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    as_writer(&work);
    DataBatch *batch = read_and_map(&work, 100);
    assert_false(commit_with(&work, batch, false));
    assert_int_equal(work.err.kind, ERROR_REFUSED);
    assert_non_null(strstr(work.err.message, "\"hg_writer\""));
    data_batch_free(batch);
    expect("SELECT count(*)::text FROM t WHERE b IS NOT NULL", "0");
    sql("DROP TRIGGER leave ON t");
    run_batch(&work);
    expect("SELECT count(*)::text FROM t WHERE b IS NOT NULL", "10");
    work_close(&work);
    sql("DROP TABLE t; DROP OWNED BY hg_writer; DROP ROLE hg_writer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions_and_roles),
        cmocka_unit_test(test_the_range_may_move_while_it_is_read),
        cmocka_unit_test(test_a_trigger_that_leaves_the_role_is_refused),
    };
    return cmocka_run_group_tests_name("batch_role", tests, fixture_setup, fixture_teardown);
}
