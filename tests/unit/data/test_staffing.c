/* How many workers: the climb against servers of several kinds, and what a slowed step keeps. */
#include "data/staffing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LOOK_US = 250000, BATCH_ROWS = 500, MOST = 8 };

/* A server, and what workers wrote on it so far. */
typedef struct Server {
    const double *rates; /* rows/s of 1, 2, ... MOST workers */
    DataStaffing staffing;
    int64_t now_us;
    double rows;
    int trials;
    int highest;
    bool slowed;
} Server;

static void work_for(Server *server, int seconds)
{
    int64_t until_us = server->now_us + seconds * 1000000LL;
    while (server->now_us < until_us) {
        int workers = data_staffing_wanted(&server->staffing);
        server->highest = workers > server->highest ? workers : server->highest;
        server->now_us += LOOK_US;
        server->rows += server->rates[workers - 1] * LOOK_US / 1e6;
        DataStaffingLook look = {.now_us = server->now_us,
                                 .rows = (int64_t)server->rows,
                                 .batches = (int64_t)server->rows / BATCH_ROWS,
                                 .workers = workers,
                                 .steady = !server->slowed};
        server->trials += data_staffing_look(&server->staffing, &look);
    }
}

static void work_until_it_tries(Server *server)
{
    while (data_staffing_wanted(&server->staffing) == server->staffing.best)
        work_for(server, 1);
}

static Server server_of(const double *rates, int workers, int least, int most)
{
    Server server = {.rates = rates};
    data_staffing_init(&server.staffing, workers, least, most, 0);
    return server;
}

static const double FOUR[MOST] = {10000, 19000, 27000, 34000, 35000, 35000, 34000, 30000};
static const double ONE[MOST] = {10000, 10100, 10000, 9000, 8000, 7000, 6000, 5000};
static const double TWO[MOST] = {10000, 18000, 18500, 18500, 18500, 18500, 18500, 18500};
static const double ENDLESS[MOST] = {10000, 20000, 30000, 40000, 50000, 60000, 70000, 80000};

static void test_climbs_as_long_as_one_more_helps(void **state)
{
    UNUSED(state);
    Server server = server_of(FOUR, 2, 1, MOST);
    work_for(&server, 60);
    assert_int_equal(server.staffing.best, 4);
    assert_int_equal(server.highest, 5);
}

static void test_goes_down_where_one_less_costs_nothing(void **state)
{
    UNUSED(state);
    Server server = server_of(ONE, 2, 1, MOST);
    work_for(&server, 120);
    assert_int_equal(server.staffing.best, 1);
}

static void test_never_beyond_the_most(void **state)
{
    UNUSED(state);
    Server server = server_of(ENDLESS, 2, 1, MOST);
    work_for(&server, 1800);
    assert_int_equal(server.staffing.best, MOST);
    assert_int_equal(server.highest, MOST);
}

/* An hour of work in which nothing changes: trials grow rare, and cost next to nothing. */
static void test_trials_that_do_not_help_grow_rare(void **state)
{
    UNUSED(state);
    Server server = server_of(TWO, 2, 1, MOST);
    work_for(&server, 3600);
    assert_int_equal(server.staffing.best, 2);
    assert_true(server.trials >= 4);
    assert_true(server.trials <= 8);
    assert_true(server.rows > 3600 * TWO[1] * 0.99);
}

/* What did not help may help when the application has gone. */
static void test_looks_again(void **state)
{
    UNUSED(state);
    Server server = server_of(TWO, 2, 1, MOST);
    work_for(&server, 120);
    assert_int_equal(server.staffing.best, 2);
    server.rates = FOUR;
    work_for(&server, 600);
    assert_int_equal(server.staffing.best, 4);
}

static void test_a_number_that_was_said_stays(void **state)
{
    UNUSED(state);
    Server server = server_of(ENDLESS, 3, 3, 3);
    work_for(&server, 600);
    assert_int_equal(server.trials, 0);
    assert_int_equal(server.highest, 3);
}

/* What the pace does is not mistaken for what a worker brings; a trial at work is given up. */
static void test_nothing_is_tried_while_the_work_is_slowed(void **state)
{
    UNUSED(state);
    Server server = server_of(ENDLESS, 2, 1, MOST);
    work_until_it_tries(&server);
    server.slowed = true;
    work_for(&server, 600);
    assert_int_equal(server.trials, 0);
    assert_int_equal(data_staffing_wanted(&server.staffing), 2);
    server.slowed = false;
    work_for(&server, 30);
    assert_true(server.trials > 0);
}

/* No range is left for a third one: it is no reason to wait for ever. */
static void test_gives_up_a_worker_that_finds_nothing_to_do(void **state)
{
    UNUSED(state);
    Server server = server_of(ENDLESS, 2, 1, MOST);
    work_until_it_tries(&server);
    for (int64_t end_us = server.now_us + STAFFING_GIVE_UP_US; server.now_us <= end_us;) {
        server.now_us += LOOK_US;
        DataStaffingLook look = {.now_us = server.now_us, .workers = 2, .steady = true};
        assert_false(data_staffing_look(&server.staffing, &look));
    }
    assert_int_equal(data_staffing_wanted(&server.staffing), 2);
}

/* ---------------------------------------------------------------- shares */

static void test_fewer_workers_before_each_does_less(void **state)
{
    UNUSED(state);
    assert_int_equal(data_staffing_slowed(4, 0, 4, 1), 4);
    assert_int_equal(data_staffing_slowed(4, 0, 4, 0.5), 3);
    assert_int_equal(data_staffing_slowed(4, 0, 4, 0.2), 1);
    assert_int_equal(data_staffing_slowed(4, 0, 4, 0.05), 1);
    assert_int_equal(data_staffing_slowed(4, 0, 1, 0.26), 2);
    assert_int_equal(data_staffing_slowed(4, 0, 1, 1), 4);
    assert_int_equal(data_staffing_slowed(1, 0, 1, 0.05), 1);
}

/* A share that trembles around a half starts and ends no workers. */
static void test_near_a_border_nothing_changes(void **state)
{
    UNUSED(state);
    assert_int_equal(data_staffing_slowed(2, 0, 1, 0.49), 1);
    assert_int_equal(data_staffing_slowed(2, 0, 1, 0.51), 2);
    assert_int_equal(data_staffing_slowed(2, 0, 2, 0.49), 2);
    assert_int_equal(data_staffing_slowed(2, 0, 2, 0.42), 1);
}

static void test_those_that_are_left_do_the_part_of_all(void **state)
{
    UNUSED(state);
    assert_float_equal(data_staffing_each(4, 0, 4, 0.5), 0.5, 1e-9);
    assert_float_equal(data_staffing_each(4, 0, 2, 0.4), 0.8, 1e-9);
    assert_float_equal(data_staffing_each(4, 0, 1, 0.4), 1, 1e-9);
    assert_float_equal(data_staffing_each(2, 0, 1, 0), 0, 1e-9);
}

/* Who joined from another machine is not ours to end. */
static void test_joined_workers_count(void **state)
{
    UNUSED(state);
    assert_int_equal(data_staffing_slowed(2, 2, 2, 0.5), 1);
    assert_float_equal(data_staffing_each(2, 2, 1, 0.5), 2.0 / 3, 1e-9);
    assert_int_equal(data_staffing_slowed(2, 2, 1, 0.9), 2);
}

static void test_a_pause_ends_nobody(void **state)
{
    UNUSED(state);
    assert_int_equal(data_staffing_slowed(4, 0, 3, 0), 3);
    assert_int_equal(data_staffing_slowed(2, 0, 3, 0), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_climbs_as_long_as_one_more_helps),
        cmocka_unit_test(test_goes_down_where_one_less_costs_nothing),
        cmocka_unit_test(test_never_beyond_the_most),
        cmocka_unit_test(test_trials_that_do_not_help_grow_rare),
        cmocka_unit_test(test_looks_again),
        cmocka_unit_test(test_a_number_that_was_said_stays),
        cmocka_unit_test(test_nothing_is_tried_while_the_work_is_slowed),
        cmocka_unit_test(test_gives_up_a_worker_that_finds_nothing_to_do),
        cmocka_unit_test(test_fewer_workers_before_each_does_less),
        cmocka_unit_test(test_near_a_border_nothing_changes),
        cmocka_unit_test(test_those_that_are_left_do_the_part_of_all),
        cmocka_unit_test(test_joined_workers_count),
        cmocka_unit_test(test_a_pause_ends_nobody),
    };
    return cmocka_run_group_tests_name("staffing", tests, NULL, NULL);
}
