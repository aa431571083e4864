/* After the batches: old values come back, whoever else is at work or stops us. */
#include "review.h"

#include "base/json.h"
#include "data/undo.h"

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

/* A worker on another machine that goes on: the epoch is still its own. */
typedef struct Joined {
    Review review;
    DbConn *conn;
    DataRange range;
} Joined;

static void joined_open(Joined *joined)
{
    bool found;
    make_table();
    sql("DELETE FROM headgate.queued_row");
    review_open(&joined->review, &SPEC);
    Error *err = &joined->review.err;
    const DataJob *job = &joined->review.job;
    joined->conn = fixture_open(false);
    assert_true(data_cursor_create(job, fixture_conn, 0, NULL, NULL, err));
    assert_true(data_cursor_claim(job, joined->conn, "joined:1:w", joined->review.arena,
                                  &joined->range, &found, err));
    assert_true(found);
}

/* All of a batch but its COMMIT. */
static bool joined_batch(Joined *joined)
{
    const char *key = "1";
    DataMove move = {.last = &key, .counts = {.changed = 1}};
    sql_on(joined->conn, "BEGIN; UPDATE t SET doc = '{}' WHERE id = 1;"
                         "INSERT INTO headgate.old_value (run, step, key, old, written) VALUES (7,"
                         " 'backfill/t', '{1}', '{\"doc\": null}',"
                         " jsonb_build_object('doc', md5('{}')))");
    return data_cursor_move(&joined->review.job, joined->conn, &joined->range, &move,
                            &joined->review.err);
}

static void joined_close(Joined *joined)
{
    db_close(joined->conn);
    review_close(&joined->review);
}

typedef struct UndoCall {
    const DataJob *job;
    DataUndoCounts counts;
    bool ok;
    bool done;
    Error err;
    FiberEvent changed;
} UndoCall;

static void undo_call(void *arg)
{
    UndoCall *call = arg;
    DataUndoHooks hooks = {0};
    call->ok = data_undo_run(call->job, fixture_conn, NULL, &hooks, &call->counts, &call->err);
    call->done = true;
    fiber_event_broadcast(&call->changed);
}

/* The batch was all but committed when the undo looked for old values. */
FIBER_TEST(test_undo_waits_for_a_batch_of_a_joined_worker)
{
    Joined joined;
    joined_open(&joined);
    DbConn *watcher = fixture_open(false);
    assert_true(joined_batch(&joined));
    UndoCall call = {.job = &joined.review.job};
    fiber_start(fixture_loop, "undo", undo_call, &call);
    until_it_waits(&call.done, watcher);
    sql_on(joined.conn, "COMMIT");
    while (!call.done)
        fiber_event_wait(&call.changed, -1);
    if (!call.ok)
        fail_msg("%s", call.err.message);
    assert_true(call.counts.ended);
    expect("SELECT count(*) FROM t WHERE doc IS NOT NULL", "0");
    assert_int_equal(call.counts.restored, 1);
    expect("SELECT count(*) FROM headgate.old_value", "0");
    db_close(watcher);
    joined_close(&joined);
}

/* Nor is another range to be had once it has begun, also by an undo that goes on. */
FIBER_TEST(test_undo_takes_the_ranges_from_joined_workers)
{
    Joined joined;
    joined_open(&joined);
    Review *review = &joined.review;
    DataUndoCounts counts = {0};
    DataUndoHooks hooks = {.should_stop = stop_at_once};
    assert_true(data_cursor_create(&review->job, fixture_conn, 1, NULL, NULL, &review->err));
    if (!data_undo_run(&review->job, fixture_conn, NULL, &hooks, &counts, &review->err))
        fail_msg("%s", review->err.message);
    assert_false(joined_batch(&joined));
    assert_int_equal(review->err.kind, ERROR_CONFLICT);
    sql_on(joined.conn, "ROLLBACK");
    bool found;
    assert_true(data_cursor_claim(&review->job, joined.conn, "joined:1:w", review->arena,
                                  &joined.range, &found, &review->err));
    assert_false(found);
    hooks.should_stop = NULL;
    if (!data_undo_run(&review->job, fixture_conn, NULL, &hooks, &counts, &review->err))
        fail_msg("%s", review->err.message);
    assert_true(counts.ended);
    expect("SELECT count(*) FROM t WHERE doc IS NOT NULL", "0");
    joined_close(&joined);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_undo_restores_what_is_ours),
        cmocka_unit_test(test_undo_takes_large_values_a_few_at_a_time),
        cmocka_unit_test(test_undo_without_rows_has_not_ended_when_it_was_stopped),
        cmocka_unit_test(test_undo_is_fenced),
        cmocka_unit_test(test_undo_waits_for_a_batch_of_a_joined_worker),
        cmocka_unit_test(test_undo_takes_the_ranges_from_joined_workers),
    };
    return cmocka_run_group_tests_name("undo", tests, fixture_setup, fixture_teardown);
}
