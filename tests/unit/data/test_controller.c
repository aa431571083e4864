/* The batch controller against a simulated server. */
#include "base/bounds.h"
#include "data/controller.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TARGET_US = 300000 };

/* The size it has found after batches turns on a server with this cost. */
static int settle(DataController *controller, int batches, double fixed_us, double per_row_us)
{
    for (int i = 0; i < batches; i++) {
        int rows = data_controller_rows(controller);
        data_controller_sample(controller, rows, (int64_t)(fixed_us + per_row_us * rows));
    }
    return controller->rows;
}

static void test_finds_the_target(void **state)
{
    UNUSED(state);
    DataController controller;
    data_controller_init(&controller, 0, TARGET_US);
    int rows = settle(&controller, 20, 50000, 25);
    assert_in_range(rows, 9800, 10200); /* (300 ms − 50 ms) / 25 µs */
}

static void test_growth_is_bounded(void **state)
{
    UNUSED(state);
    DataController controller;
    data_controller_init(&controller, 100, TARGET_US);
    int before = controller.rows;
    for (int i = 0; i < 20; i++) {
        int rows = data_controller_rows(&controller);
        data_controller_sample(&controller, rows, rows);
        assert_true(controller.rows <= before * 3 / 2 + 1);
        before = controller.rows;
    }
    assert_int_equal(controller.rows, BOUND_BATCH_ROWS_MAX);
}

static void test_panics_and_recovers(void **state)
{
    UNUSED(state);
    DataController controller;
    data_controller_init(&controller, 10000, TARGET_US);
    data_controller_sample(&controller, 10000, 6 * TARGET_US);
    assert_int_equal(controller.rows, 1000);
    assert_in_range(settle(&controller, 20, 0, 150), 1900, 2100);
}

/* Batches of two rows, because rows were slow or work was slowed, are not two for ever. */
static void test_grows_again_from_the_smallest(void **state)
{
    UNUSED(state);
    DataController controller;
    data_controller_init(&controller, 50, TARGET_US / 60);
    assert_in_range(settle(&controller, 100, 500, 2500), 1, 3);
    controller.target_us = TARGET_US;
    assert_in_range(settle(&controller, 60, 500, 250), 900, 1500);
}

static void test_follows_a_slower_server(void **state)
{
    UNUSED(state);
    DataController controller;
    data_controller_init(&controller, 0, TARGET_US);
    settle(&controller, 30, 1000, 25);
    assert_in_range(settle(&controller, 64, 1000, 60), 4800, 5200);
}

static void test_fixed_cost_above_the_target_grows(void **state)
{
    UNUSED(state);
    DataController controller;
    data_controller_init(&controller, 1000, TARGET_US);
    assert_true(settle(&controller, 20, 400000, 1) > 1000);
}

/* A slow network: 30 ms a batch and 0.1 ms a row, where batches of 5 ms are wanted. */
static void test_fixed_cost_far_above_the_target_is_no_panic(void **state)
{
    UNUSED(state);
    DataController controller;
    data_controller_init(&controller, 1000, 5000);
    int rows = settle(&controller, 60, 30000, 100);
    assert_in_range(rows, 270, 330); /* as much work as fixed cost */
    rows = settle(&controller, 80, 500, 100);
    assert_in_range(rows, 40, 50); /* (5 ms − 0.5 ms) / 0.1 ms, once the network is fast */
}

static void test_halves_and_stays_above_zero(void **state)
{
    UNUSED(state);
    DataController controller;
    data_controller_init(&controller, 3, TARGET_US);
    for (int i = 0; i < 5; i++)
        data_controller_halve(&controller);
    assert_int_equal(controller.rows, 1);
    assert_int_equal(data_controller_rows(&controller), 1);
}

static void test_large_rows_make_small_batches(void **state)
{
    UNUSED(state);
    DataController controller;
    data_controller_init(&controller, 10000, TARGET_US);
    data_controller_row_bytes(&controller, BOUND_BATCH_BYTES / 4);
    assert_int_equal(controller.rows, 4);
    for (int i = 0; i < 8; i++)
        assert_true(data_controller_rows(&controller) <= 4);
    data_controller_row_bytes(&controller, 2 * (size_t)BOUND_BATCH_BYTES);
    assert_int_equal(data_controller_rows(&controller), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_target),
        cmocka_unit_test(test_growth_is_bounded),
        cmocka_unit_test(test_panics_and_recovers),
        cmocka_unit_test(test_grows_again_from_the_smallest),
        cmocka_unit_test(test_follows_a_slower_server),
        cmocka_unit_test(test_fixed_cost_above_the_target_grows),
        cmocka_unit_test(test_fixed_cost_far_above_the_target_is_no_panic),
        cmocka_unit_test(test_halves_and_stays_above_zero),
        cmocka_unit_test(test_large_rows_make_small_batches),
    };
    return cmocka_run_group_tests_name("controller", tests, NULL, NULL);
}
