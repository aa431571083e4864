/* What the server's health looks like from a real server without replicas. */
#include "fixture.h"

#include "data/health.h"
#include "data/throttle.h"

static const ConfigThrottle LIMITS = {
    .replica_lag_us = 5000000, .blocked_us = 100000, .wal_backlog_mib = 1024, .active_sessions = 3};

static const DataSignal *find(const DataSignal *signals, size_t count, const char *part)
{
    for (size_t i = 0; i < count; i++) {
        if (strstr(signals[i].name, part) != NULL)
            return &signals[i];
    }
    return NULL;
}

typedef struct Waiter {
    DbConn *conn;
    bool ended;
    FiberEvent over;
} Waiter;

static void wait_for_the_row(void *arg)
{
    Waiter *waiter = arg;
    sql_on(waiter->conn, "UPDATE t SET a = 2");
    waiter->ended = true;
    fiber_event_broadcast(&waiter->over);
}

static DbConn *application(void)
{
    DbConn *conn = NULL;
    Error err = {0};
    DbTarget target = {
        .conninfo = fixture_conninfo, .application_name = "shop", .search_path = "public"};
    if (!db_open(fixture_loop, &target, &conn, &err))
        fail_msg("connecting: %s", err.message);
    return conn;
}

/* Somebody waits for a row that a session of the run holds; the look comes from a third one. */
FIBER_TEST(test_sees_who_waits_for_us)
{
    Error err = {0};
    DataSignal signals[HEALTH_SIGNALS_MAX];
    size_t count = 0;
    sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    sql("BEGIN; UPDATE t SET a = 3");
    DbConn *looking = fixture_open(true);
    Waiter waiter = {.conn = application()};
    fiber_start(fixture_loop, "waiter", wait_for_the_row, &waiter);
    DataHealth *health =
        data_health_new(&(DataHealthOptions){.throttle = &LIMITS, .run = RUN, .relation = 1});
    const DataSignal *blocked = NULL;
    for (int64_t now_us = 0; blocked == NULL || blocked->value < 0.05; now_us += 500000) {
        if (!data_health_look(health, looking, now_us, signals, &count, &err))
            fail_msg("%s", err.message);
        blocked = find(signals, count, "rows that we hold");
        assert_non_null(blocked);
        assert_true(blocked->known);
    }
    const DataSignal *sessions = find(signals, count, "sessions");
    assert_non_null(sessions);
    assert_true(sessions->value >= 1); /* the waiter is at work as far as anybody sees */
    sql("ROLLBACK");
    while (!waiter.ended)
        fiber_event_wait(&waiter.over, -1);
    assert_true(data_health_look(health, looking, 1, signals, &count, &err));
    assert_true(find(signals, count, "rows that we hold")->value <= 0);
    data_health_free(health);
    db_close(waiter.conn);
    db_close(looking);
}

FIBER_TEST(test_a_failed_look_makes_all_unknown)
{
    Error err = {0};
    DataSignal signals[HEALTH_SIGNALS_MAX];
    size_t count = 0;
    DataHealth *health =
        data_health_new(&(DataHealthOptions){.throttle = &LIMITS, .run = RUN, .relation = 0});
    assert_true(data_health_look(health, fixture_conn, 1, signals, &count, &err));
    size_t before = count;
    assert_true(before > 0);
    DbConn *lost = fixture_open(true);
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
        "application_name = 'headgate:7:3'");
    assert_false(data_health_look(health, lost, 2, signals, &count, &err));
    assert_int_equal(count, before);
    for (size_t i = 0; i < count; i++)
        assert_false(signals[i].known);
    db_close(lost);
    data_health_free(health);
}

/* No signal at all would be no reason to slow down. */
FIBER_TEST(test_a_first_look_that_fails_is_a_signal)
{
    Error err = {0};
    DataSignal signals[HEALTH_SIGNALS_MAX];
    size_t count = 0;
    DataHealth *health =
        data_health_new(&(DataHealthOptions){.throttle = &LIMITS, .run = RUN, .relation = 0});
    DbConn *lost = fixture_open(true);
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
        "application_name = 'headgate:7:3'");
    for (int64_t look = 1; look <= 2; look++) {
        assert_false(data_health_look(health, lost, look, signals, &count, &err));
        assert_int_equal(count, 1);
        assert_false(signals[0].known);
        assert_string_equal(signals[0].name, "the health of the server");
    }
    db_close(lost);
    assert_true(data_health_look(health, fixture_conn, 3, signals, &count, &err));
    for (size_t i = 0; i < count; i++)
        assert_string_not_equal(signals[i].name, "the health of the server");
    data_health_free(health);
}

FIBER_TEST(test_the_row_of_a_step)
{
    Error err = {0};
    DataThrottle row;
    bool stale = true;
    assert_true(data_throttle_read(fixture_conn, "7", "a/b", &row, &stale, &err));
    assert_false(stale); /* nobody ever looked: nothing holds us back */
    assert_true(row.duty >= 1);
    DataThrottle written = {
        .duty = 0.25, .each = 0.5, .most = 0.5, .batch_us = 20000, .pause_us = 0, .workers = 3};
    assert_true(data_throttle_write(fixture_conn, RUN, EPOCH, "a/b", &written, &err));
    assert_true(data_throttle_read(fixture_conn, "7", "a/b", &row, &stale, &err));
    assert_true(row.duty > 0.24 && row.duty < 0.26 && row.each > 0.49 && row.each < 0.51);
    assert_true(row.most > 0.49 && row.most < 0.51);
    assert_int_equal(row.batch_us, 20000);
    assert_int_equal(row.pause_us, 0);
    assert_int_equal(row.workers, 3);
    assert_false(stale);
    sql("UPDATE headgate.pace SET told_at = told_at - interval '11 seconds'");
    assert_true(data_throttle_read(fixture_conn, "7", "a/b", &row, &stale, &err));
    assert_true(stale);
    assert_false(data_throttle_write(fixture_conn, RUN, EPOCH - 1, "a/b", &written, &err));
    assert_int_equal(err.kind, ERROR_FENCED);
}

static void test_a_slowed_batch_is_shorter(void **state)
{
    UNUSED(state);
    DataThrottle throttle = {.duty = 1};
    assert_int_equal(data_throttle_batch_us(&throttle, 300000), 300000);
    throttle.duty = 0.5;
    assert_int_equal(data_throttle_batch_us(&throttle, 300000), 75000);
    throttle.duty = 0.05;
    assert_int_equal(data_throttle_batch_us(&throttle, 300000), THROTTLE_BATCH_LEAST_US);
    throttle.batch_us = 4000; /* as a person asks */
    assert_int_equal(data_throttle_batch_us(&throttle, 300000), 4000);
}

static void test_rests(void **state)
{
    UNUSED(state);
    DataThrottle half = {.each = 0.5, .pause_us = -1};
    assert_int_equal(data_throttle_rest_ms(&half, 300000, 0), 300);
    assert_int_equal(data_throttle_rest_ms(&half, 300000, 400000), 400);
    half.pause_us = 10000;
    half.each = 1;
    assert_int_equal(data_throttle_rest_ms(&half, 300000, 400000), 10);
    half.each = 0.05;
    assert_int_equal(data_throttle_rest_ms(&half, 4000000, 0), THROTTLE_REST_MAX_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sees_who_waits_for_us),
        cmocka_unit_test(test_a_failed_look_makes_all_unknown),
        cmocka_unit_test(test_a_first_look_that_fails_is_a_signal),
        cmocka_unit_test(test_the_row_of_a_step),
        cmocka_unit_test(test_a_slowed_batch_is_shorter),
        cmocka_unit_test(test_rests),
    };
    return cmocka_run_group_tests_name("health", tests, fixture_setup, fixture_teardown);
}
