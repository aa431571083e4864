/* Every item once, and which failure is told. */
#include "base/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ITEMS = 10 * SHARE_ITEMS, FIRST = 3 };

typedef struct Done {
    atomic_int times[ITEMS];
    size_t wrong[2];
} Done;

static bool do_item(void *ctx, size_t item, Error *err)
{
    Done *done = ctx;
    done->times[item]++;
    if (item == done->wrong[0] || item == done->wrong[1])
        return error_set(err, ERROR_INPUT, "item %zu", item);
    return true;
}

static void test_each_item_is_done_once(void **state)
{
    UNUSED(state);
    static const size_t ENDS[] = {FIRST, FIRST + 1, SHARE_ITEMS, ITEMS};
    for (size_t e = 0; e < COUNT_OF(ENDS); e++) {
        Done done = {.wrong = {ITEMS, ITEMS}};
        Error err = {0};
        assert_true(share_items(FIRST, ENDS[e], do_item, &done, &err));
        for (size_t i = 0; i < ITEMS; i++)
            assert_int_equal(done.times[i], i >= FIRST && i < ENDS[e]);
    }
}

static void test_the_first_failure_is_told_whoever_finds_it(void **state)
{
    UNUSED(state);
    for (int round = 0; round < 200; round++) {
        Done done = {.wrong = {100, 101}};
        Error err = {0};
        assert_false(share_items(0, ITEMS, do_item, &done, &err));
        assert_string_equal(err.message, "item 100");
        for (size_t i = 0; i <= 100; i++)
            assert_int_equal(done.times[i], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_item_is_done_once),
        cmocka_unit_test(test_the_first_failure_is_told_whoever_finds_it),
    };
    return cmocka_run_group_tests_name("base/share", tests, NULL, NULL);
}
