/* Who has which range, when workers die. */
#include "data/cursor.h"
#include "fixture.h"

typedef struct Release {
    DataJob job;
    bool ok;
    bool done;
    Error err;
    FiberEvent changed;
} Release;

static void release_dead(void *arg)
{
    Release *release = arg;
    release->ok = data_cursor_release(&release->job, fixture_conn, "dead", &release->err);
    release->done = true;
    fiber_event_broadcast(&release->changed);
}

/* The claim was sent, the worker was killed, its parent takes its ranges back: in this order for
 * the parent, not for the server. */
FIBER_TEST(test_a_claim_on_its_way_is_released)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Release release = {0};
    DataSpec spec = {.step = "backfill/t", .table = "t", .map = true};
    DataJobOptions options = {.run = RUN, .epoch = EPOCH};
    sql("CREATE TABLE t (id bigint PRIMARY KEY, b text)");
    DbConn *dead = fixture_open(false);
    DbConn *watcher = fixture_open(false);
    assert_true(data_job_open(fixture_conn, arena, &spec, &options, &release.job, &release.err));
    assert_true(data_cursor_create(&release.job, fixture_conn, 0, NULL, NULL, &release.err));
    sql_on(dead, "BEGIN");
    sql_on(dead, "UPDATE headgate.cursor SET owner = 'dead' WHERE run = 7 AND range = 0");
    fiber_start(fixture_loop, "release", release_dead, &release);
    until_it_waits(&release.done, watcher);
    sql_on(dead, "COMMIT");
    while (!release.done)
        fiber_event_wait(&release.changed, -1);
    if (!release.ok)
        fail_msg("%s", release.err.message);
    expect("SELECT coalesce(owner, 'nobody') FROM headgate.cursor", "nobody");
    db_close(dead);
    db_close(watcher);
}

FIBER_TEST(test_only_the_ranges_of_the_dead_are_released)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Release release = {0};
    DataSpec spec = {.step = "backfill/t", .table = "t", .map = true};
    DataJobOptions options = {.run = RUN, .epoch = EPOCH};
    sql("CREATE TABLE t (id bigint PRIMARY KEY, b text)");
    assert_true(data_job_open(fixture_conn, arena, &spec, &options, &release.job, &release.err));
    for (int range = 0; range < 3; range++)
        assert_true(
            data_cursor_create(&release.job, fixture_conn, range, NULL, NULL, &release.err));
    sql("UPDATE headgate.cursor SET owner = (ARRAY['dead', 'alive', 'dead'])[range + 1], done = "
        "range = 2");
    release_dead(&release);
    assert_true(release.ok);
    expect("SELECT string_agg(coalesce(owner, 'nobody'), ' ' ORDER BY range) FROM headgate.cursor",
           "nobody alive nobody");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_claim_on_its_way_is_released),
        cmocka_unit_test(test_only_the_ranges_of_the_dead_are_released),
    };
    return cmocka_run_group_tests_name("cursor", tests, fixture_setup, fixture_teardown);
}
