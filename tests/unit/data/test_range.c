/* How a table is cut for its workers: what is pure of it. */
#include "data/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Workers that take the ranges in order, all equally fast: how much longer than the perfect end the
 * last of them works, as a share of the table. */
static double tail(int ranges, int workers)
{
    double busy[8] = {0};
    double before = 0;
    double last = 0;
    for (int i = 1; i <= ranges; i++) {
        double share = i == ranges ? 1 : data_range_share(i, ranges);
        int next = 0;
        for (int w = 1; w < workers; w++)
            next = busy[w] < busy[next] ? w : next;
        busy[next] += share - before;
        last = busy[next] > last ? busy[next] : last;
        before = share;
    }
    return last - 1.0 / workers;
}

static void test_each_range_is_smaller_than_the_one_before(void **state)
{
    UNUSED(state);
    for (int ranges = 2; ranges <= 64; ranges++) {
        double before = 0;
        double size = 1;
        for (int i = 1; i <= ranges; i++) {
            double share = data_range_share(i, ranges);
            assert_true(share > before && share - before < size);
            size = share - before;
            before = share;
        }
        assert_float_equal(before, 1, 1e-9);
    }
}

static void test_workers_end_together(void **state)
{
    UNUSED(state);
    for (int workers = 2; workers <= 4; workers++)
        assert_true(tail(16, workers) < 0.01);
}

static void test_small_tables_are_not_cut(void **state)
{
    UNUSED(state);
    assert_int_equal(data_range_count(19999, 4), 1);
    assert_int_equal(data_range_count(1000000, 1), 1);
    assert_int_equal(data_range_count(50000, 4), 5);
    assert_int_equal(data_range_count(1000000, 4), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_range_is_smaller_than_the_one_before),
        cmocka_unit_test(test_workers_end_together),
        cmocka_unit_test(test_small_tables_are_not_cut),
    };
    return cmocka_run_group_tests_name("data/range", tests, NULL, NULL);
}
