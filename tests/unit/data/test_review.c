/* After the batches: decisions on queued rows, undo, and the dry run before them. */
#include "fixture.h"

#include "base/json.h"
#include "data/decide.h"
#include "data/dry.h"
#include "data/queue.h"
#include "data/undo.h"

typedef struct Review {
    Arena *arena;
    DataSpec spec;
    DataJob job;
    DataUpdater updater;
    Error err;
} Review;

static void review_open(Review *review, const DataSpec *spec)
{
    DataJobOptions options = {.run = RUN, .epoch = EPOCH, .save_old = true};
    *review = (Review){.arena = arena_new(), .spec = *spec};
    review->spec.step = "backfill/t";
    review->spec.table = "t";
    review->spec.batch_us = 300000;
    if (!data_job_open(fixture_conn, review->arena, &review->spec, &options, &review->job,
                       &review->err))
        fail_msg("%s", review->err.message);
    data_updater_init(&review->updater, &review->job, fixture_conn);
}

static void review_close(Review *review)
{
    data_updater_done(&review->updater);
    arena_free(review->arena);
}

static const DataSpec SPEC = {.map = true, .where = "doc IS NULL", .keep = NAMES("a")};

static void make_table(void)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, n numeric, doc jsonb);"
        "INSERT INTO t VALUES (1, 'x', 1.50), (2, 'y', 2), (3, 'z', 3);"
        "INSERT INTO headgate.queued_row (run, step, key, kind, reason, choices, before) SELECT 7,"
        " 'backfill/t', ARRAY[id::text], 'ambiguous', 'two match', '[{\"set\": {\"doc\": [1]}},"
        " {\"set\": {\"doc\": {\"p\": 100.00, \"e\": []}, \"n\": 7.10}}]',"
        " jsonb_build_object('id', id, 'a', a, 'n', n, 'doc', NULL) FROM t");
}

/* ---------------------------------------------------------------- decisions */

/* What became of it, or the error. */
static const char *decide(Review *review, const char *key, const char *decision)
{
    DataDecided decided;
    if (!data_decide(&review->updater, &key, 1, decision, &decided, &review->err))
        return review->err.message;
    return data_decided_name(decided);
}

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

/* ---------------------------------------------------------------- undo */

static void undo_progress(void *ctx, const DataUndoCounts *counts)
{
    int *calls = ctx;
    UNUSED(counts);
    ++*calls;
}

static bool stop_after_one(void *ctx)
{
    const int *calls = ctx;
    return *calls >= 1;
}

FIBER_TEST(test_undo_restores_what_is_ours)
{
    make_table();
    Review review;
    review_open(&review, &SPEC);
    decide(&review, "1", "{\"choice\": 1}");
    decide(&review, "2", "{\"choice\": 1}");
    decide(&review, "3", "{\"choice\": 0}");
    sql("UPDATE t SET n = 99 WHERE id = 2; UPDATE t SET doc = '{\"theirs\": 1}' WHERE id = 3;"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER s BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()");
    AUTO(json_auto) json_t *drops = json_pack("[ss]", "DROP TRIGGER s ON t", "DROP FUNCTION f()");
    DataUndoCounts counts = {0};
    int calls = 0;
    DataUndoHooks hooks = {.progress = undo_progress, .should_stop = stop_after_one, .ctx = &calls};
    review.spec.batch_rows = 1;
    if (!data_undo_run(&review.job, fixture_conn, drops, &hooks, &counts, &review.err))
        fail_msg("%s", review.err.message);
    assert_int_equal(counts.restored, 1);
    assert_int_equal(counts.left, 2);
    assert_false(counts.ended);
    hooks.should_stop = NULL;
    if (!data_undo_run(&review.job, fixture_conn, drops, &hooks, &counts, &review.err))
        fail_msg("%s", review.err.message);
    assert_int_equal(counts.restored, 2);
    assert_int_equal(counts.changed_since, 1);
    assert_int_equal(counts.left, 0);
    assert_true(counts.ended);
    expect(
        "SELECT string_agg(concat_ws('|', n, coalesce(doc::text, 'null')), ' ' ORDER BY id) FROM t",
        "1.50|null 99|null 3|{\"theirs\": 1}");
    expect("SELECT count(*) FROM pg_proc WHERE proname = 'f'", "0");
    expect("SELECT count(*) FROM headgate.queued_row", "0");
    review_close(&review);
}

/* How many rows the largest batch had; left = before the one that comes. */
typedef struct Largest {
    int64_t left;
    int64_t rows;
} Largest;

static void note_largest(void *ctx, const DataUndoCounts *counts)
{
    Largest *largest = ctx;
    if (largest->left - counts->left > largest->rows)
        largest->rows = largest->left - counts->left;
    largest->left = counts->left;
}

/* Old values of two mebibytes, however many rows the time of a batch would allow. */
FIBER_TEST(test_undo_takes_large_values_a_few_at_a_time)
{
    make_table();
    Review review;
    review_open(&review, &SPEC);
    sql("DELETE FROM headgate.old_value;"
        "WITH large AS MATERIALIZED"
        " (SELECT string_agg(md5(n::text), '') AS doc FROM generate_series(1, 65536) AS n)"
        "INSERT INTO headgate.old_value (run, step, key, old, written)"
        " SELECT 7, 'backfill/t', ARRAY[n::text], jsonb_build_object('doc', doc), '{}'"
        " FROM large, generate_series(1, 6) AS n");
    Largest largest = {.left = 6};
    DataUndoCounts counts = {0};
    DataUndoHooks hooks = {.progress = note_largest, .ctx = &largest};
    if (!data_undo_run(&review.job, fixture_conn, NULL, &hooks, &counts, &review.err))
        fail_msg("%s", review.err.message);
    assert_int_equal(counts.changed_since, 6);
    assert_true(counts.ended);
    assert_in_range(largest.rows, 2, 4);
    review_close(&review);
}

static bool stop_at_once(void *ctx)
{
    UNUSED(ctx);
    return true;
}

/* A runner that was told to stop between the last batch and the end would have left the ranges and
 * the queue behind. */
FIBER_TEST(test_undo_without_rows_has_not_ended_when_it_was_stopped)
{
    make_table();
    Review review;
    review_open(&review, &SPEC);
    sql("DELETE FROM headgate.old_value");
    DataUndoCounts counts = {0};
    DataUndoHooks hooks = {.should_stop = stop_at_once};
    if (!data_undo_run(&review.job, fixture_conn, NULL, &hooks, &counts, &review.err))
        fail_msg("%s", review.err.message);
    assert_int_equal(counts.left, 0);
    assert_false(counts.ended);
    hooks.should_stop = NULL;
    if (!data_undo_run(&review.job, fixture_conn, NULL, &hooks, &counts, &review.err))
        fail_msg("%s", review.err.message);
    assert_true(counts.ended);
    expect("SELECT count(*) FROM headgate.cursor WHERE range >= 0", "0");
    review_close(&review);
}

FIBER_TEST(test_undo_is_fenced)
{
    make_table();
    Review review;
    review_open(&review, &SPEC);
    decide(&review, "1", "{\"choice\": 1}");
    sql("UPDATE headgate.fence SET epoch = 4");
    DataUndoCounts counts;
    DataUndoHooks hooks = {0};
    assert_false(data_undo_run(&review.job, fixture_conn, NULL, &hooks, &counts, &review.err));
    assert_int_equal(review.err.kind, ERROR_FENCED);
    expect("SELECT n FROM t WHERE id = 1", "7.10");
    review_close(&review);
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
        cmocka_unit_test(test_rows_that_changed_or_went),
        cmocka_unit_test(test_decisions_refused),
        cmocka_unit_test(test_undo_restores_what_is_ours),
        cmocka_unit_test(test_undo_takes_large_values_a_few_at_a_time),
        cmocka_unit_test(test_undo_without_rows_has_not_ended_when_it_was_stopped),
        cmocka_unit_test(test_undo_is_fenced),
        cmocka_unit_test(test_dry_run_writes_nothing),
    };
    return cmocka_run_group_tests_name("review", tests, fixture_setup, fixture_teardown);
}
