/* plan/retain: which backups stay. Properties over random series, and a few years by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/retain.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

static const int64_t SECOND_US = 1000000;
static const int64_t HOUR_US = 3600 * SECOND_US;
static const int64_t DAY_US = 24 * HOUR_US;
static const int64_t START_US = 1767225600 * SECOND_US; /* 2026-01-01T00:00:00Z, a Thursday */

enum { MOST = 400, ROUNDS = 300 };

static PlanRetain read(const char *text)
{
    AUTO(json_auto) json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    PlanRetain retain;
    Error err = {0};
    if (!plan_retain_read(value, &retain, &err))
        fail_msg("%s: %s", text, err.message);
    return retain;
}

static size_t kept(const bool *keep, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += keep[i];
    return n;
}

static void is_read_and_shown(void **state)
{
    char text[160];
    PlanRetain retain = read("{\"daily\": 30, \"weekly\": 12, \"monthly\": 12, \"yearly\": 5}");
    UNUSED(state);
    assert_string_equal(plan_retain_text(&retain, text, sizeof(text)),
                        "30 daily, 12 weekly, 12 monthly, 5 yearly");
    retain = read("\"30d\"");
    assert_string_equal(plan_retain_text(&retain, text, sizeof(text)), "30d");
    static const char *const WRONG[] = {"{}", "\"soon\"", "null", "{\"dayly\": 1}"};
    for (size_t i = 0; i < COUNT_OF(WRONG); i++) {
        AUTO(json_auto) json_t *value = json_loads(WRONG[i], JSON_DECODE_ANY, NULL);
        Error err = {0};
        if (plan_retain_read(value, &retain, &err))
            fail_msg("%s is taken", WRONG[i]);
    }
}

/* Ten years of a backup each night: the counts of seed 003. */
static void ten_years_of_nights(void **state)
{
    enum { NIGHTS = 3653 };
    static int64_t times[NIGHTS];
    static bool keep[NIGHTS];
    PlanRetain retain = read("{\"daily\": 30, \"weekly\": 12, \"monthly\": 12, \"yearly\": 5}");
    UNUSED(state);
    for (size_t i = 0; i < NIGHTS; i++)
        times[i] = START_US - (int64_t)i * DAY_US + 2 * HOUR_US;
    plan_retain_keep(&retain, times, NIGHTS, START_US, keep);
    for (size_t i = 0; i < 30; i++)
        assert_true(keep[i]);
    assert_false(keep[30]);
    /* Weeks end on Sunday: 2025-12-28 is 4 days back. 30 days hold 5 of the 12 weeks (that of
     * today, and those of 4, 11, 18, 25 days back); 7 are older: 32 … 74. */
    for (size_t i = 32; i <= 74; i += 7)
        assert_true(keep[i]);
    assert_false(keep[81]);
    /* Months: January (today), December (1), November 30th (32), October 31st (62), … */
    assert_true(keep[32] && keep[62] && keep[93] && keep[123]);
    /* Years: 2026 (today), 2025 (1), then the last days of 2024, 2023 and 2022. */
    assert_true(keep[366] && keep[732] && keep[1097]);
    assert_false(keep[1462]);
    assert_int_equal(kept(keep, NIGHTS), 30 + 7 + 9 + 3);
}

static void by_age(void **state)
{
    PlanRetain retain = read("\"30d\"");
    int64_t times[] = {START_US, START_US - 30 * DAY_US, START_US - 30 * DAY_US - 1,
                       START_US + DAY_US};
    bool keep[COUNT_OF(times)];
    UNUSED(state);
    plan_retain_keep(&retain, times, COUNT_OF(times), START_US, keep);
    assert_true(keep[0] && keep[1] && keep[3]);
    assert_false(keep[2]);
    plan_retain_keep(&retain, times, 0, START_US, keep);
}

/* ------------------------------------------------------------------ properties */

typedef struct Series {
    PlanRetain retain;
    int64_t times[MOST];
    size_t count;
    bool keep[MOST];
} Series;

static void random_series(Series *series)
{
    static const uint32_t GAPS_H[] = {2, 30, 200, 3000};
    int64_t at_us = START_US;
    uint32_t gap_h = GAPS_H[clock_random(COUNT_OF(GAPS_H))];
    *series = (Series){.count = 1 + clock_random(MOST - 1)};
    for (size_t i = 0; i < PERIODS; i++)
        series->retain.counts[i] = clock_random(2) == 0 ? 0 : 1 + clock_random(15);
    series->retain.counts[PERIOD_DAY] += 1;
    for (size_t i = 0; i < series->count; i++) {
        at_us += (int64_t)clock_random(gap_h * 3600) * SECOND_US;
        series->times[i] = at_us;
    }
}

static void decide(Series *series)
{
    plan_retain_keep(&series->retain, series->times, series->count, START_US, series->keep);
}

static size_t drop_others(Series *series)
{
    size_t n = 0;
    for (size_t i = 0; i < series->count; i++) {
        if (series->keep[i])
            series->times[n++] = series->times[i];
    }
    size_t dropped = series->count - n;
    series->count = n;
    return dropped;
}

static void the_newest_stays_and_few_do(void **state)
{
    UNUSED(state);
    for (int round = 0; round < ROUNDS; round++) {
        Series series;
        int64_t most = 0;
        random_series(&series);
        decide(&series);
        for (size_t i = 0; i < PERIODS; i++)
            most += series.retain.counts[i];
        assert_true(series.keep[series.count - 1]);
        assert_true((int64_t)kept(series.keep, series.count) <= most);
    }
}

static void again_changes_nothing(void **state)
{
    UNUSED(state);
    for (int round = 0; round < ROUNDS; round++) {
        Series series;
        random_series(&series);
        decide(&series);
        (void)drop_others(&series);
        decide(&series);
        assert_int_equal(drop_others(&series), 0);
    }
}

static void order_does_not_matter(void **state)
{
    UNUSED(state);
    for (int round = 0; round < ROUNDS; round++) {
        Series series;
        Series mixed;
        random_series(&series);
        decide(&series);
        mixed = series;
        for (size_t i = mixed.count - 1; i > 0; i--) {
            size_t j = clock_random((uint32_t)i + 1);
            int64_t time_us = mixed.times[i];
            mixed.times[i] = mixed.times[j];
            mixed.times[j] = time_us;
        }
        decide(&mixed);
        int64_t sum = 0;
        for (size_t i = 0; i < series.count; i++)
            sum += (series.keep[i] ? series.times[i] : 0) - (mixed.keep[i] ? mixed.times[i] : 0);
        assert_int_equal(kept(series.keep, series.count), kept(mixed.keep, mixed.count));
        assert_int_equal(sum, 0);
    }
}

static void pruning_each_time_is_pruning_once(void **state)
{
    UNUSED(state);
    for (int round = 0; round < ROUNDS; round++) {
        Series once;
        Series each;
        random_series(&once);
        each = (Series){.retain = once.retain};
        for (size_t i = 0; i < once.count; i++) {
            each.times[each.count++] = once.times[i];
            decide(&each);
            (void)drop_others(&each);
        }
        decide(&once);
        (void)drop_others(&once);
        assert_int_equal(once.count, each.count);
        assert_memory_equal(once.times, each.times, once.count * sizeof(once.times[0]));
    }
}

static void more_of_a_rule_keeps_more(void **state)
{
    UNUSED(state);
    for (int round = 0; round < ROUNDS; round++) {
        Series series;
        Series more;
        random_series(&series);
        more = series;
        more.retain.counts[clock_random(PERIODS)] += 1 + clock_random(5);
        decide(&series);
        decide(&more);
        for (size_t i = 0; i < series.count; i++)
            assert_true(!series.keep[i] || more.keep[i]);
    }
}

int main(void)
{
    setenv("HEADGATE_SEED", "20261121", 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_and_shown),
        cmocka_unit_test(ten_years_of_nights),
        cmocka_unit_test(by_age),
        cmocka_unit_test(the_newest_stays_and_few_do),
        cmocka_unit_test(again_changes_nothing),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(pruning_each_time_is_pruning_once),
        cmocka_unit_test(more_of_a_rule_keeps_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
