/* The rate loop against signals that rise, fall, and cannot be read. */
#include "data/pace.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LOOK_US = 500000 };

static DataSignal lag(double seconds)
{
    return (DataSignal){
        .name = "the lag of replica s1", .value = seconds, .limit = 5, .unit = " s", .known = true};
}

static DataSignal latency(double ms)
{
    return (DataSignal){.name = "app_p95",
                        .value = ms,
                        .limit = 100,
                        .unit = " ms",
                        .known = true,
                        .steers = true,
                        .fresh = true};
}

/* Looks at one unchanging signal for so many seconds; returns the time after. */
static int64_t look_for(DataPace *pace, DataSignal signal, int seconds, int64_t now_us)
{
    for (int i = 0; i < seconds * 2; i++) {
        now_us += LOOK_US;
        data_pace_look(pace, &signal, 1, now_us);
    }
    return now_us;
}

static void test_calm_is_free(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 1, 0);
    look_for(&pace, lag(1), 10, 0);
    assert_int_equal(pace.state, PACE_FREE);
    assert_true(pace.duty >= 1);
    assert_string_equal(pace.why, "");
}

static void test_above_the_limit_pauses_at_once(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 1, 0);
    int64_t now_us = look_for(&pace, lag(0), 2, 0);
    DataSignal high = lag(6.1);
    data_pace_look(&pace, &high, 1, now_us + LOOK_US);
    assert_int_equal(pace.state, PACE_PAUSED);
    assert_true(pace.duty <= 0);
    assert_string_equal(pace.why, "the lag of replica s1 is 6.1 s, its limit is 5 s");
    assert_string_equal(pace.until, "goes on below 4 s for 3 s");
}

/* What was too much before the pause is too much after it. */
static void test_goes_on_with_half_of_what_it_had(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 0.1, 0);
    DataSignal bad = latency(250);
    int64_t now_us = LOOK_US;
    data_pace_look(&pace, &bad, 1, now_us);
    assert_int_equal(pace.state, PACE_PAUSED);
    DataSignal good = latency(100);
    while (pace.state == PACE_PAUSED)
        data_pace_look(&pace, &good, 1, now_us += LOOK_US);
    assert_float_equal(pace.duty, 0.05, 0.001);
}

/* A p95 sees what takes a twentieth of the time: the share falls further. */
static void test_falls_below_what_a_p95_sees(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 1, 0);
    look_for(&pace, latency(180), 30, 0);
    assert_int_equal(pace.state, PACE_SLOWED);
    assert_true(pace.duty > 0 && pace.duty < 0.02);
}

/* 4.2 s is below the limit and above what lets go. */
static void test_goes_on_only_when_calm_for_a_while(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 1, 0);
    int64_t now_us = look_for(&pace, lag(6), 1, 0);
    now_us = look_for(&pace, lag(4.2), 30, now_us);
    assert_int_equal(pace.state, PACE_PAUSED);
    now_us = look_for(&pace, lag(1), 2, now_us); /* smoothed, and not for three seconds yet */
    assert_int_equal(pace.state, PACE_PAUSED);
    now_us = look_for(&pace, lag(1), 4, now_us);
    assert_int_equal(pace.state, PACE_SLOWED);
    assert_true(pace.duty > 0 && pace.duty < 1);
    look_for(&pace, lag(1), 20, now_us);
    assert_int_equal(pace.state, PACE_FREE);
    assert_string_equal(pace.why, "");
}

static void test_a_pause_that_did_not_help_is_followed_by_a_longer_one(void **state)
{
    UNUSED(state);
    DataPace pace;
    int64_t now_us = 0;
    int64_t before_us = 0;
    data_pace_init(&pace, 1, 0);
    for (int i = 0; i < 4; i++) {
        now_us = look_for(&pace, lag(7), 1, now_us);
        assert_int_equal(pace.state, PACE_PAUSED);
        assert_true(i == 0 || pace.hold_us == 2 * before_us);
        before_us = pace.hold_us;
        while (pace.state == PACE_PAUSED)
            now_us = look_for(&pace, lag(0), 1, now_us);
    }
    now_us = look_for(&pace, lag(0), 120, now_us);
    look_for(&pace, lag(7), 1, now_us);
    assert_int_equal(pace.hold_us, PACE_PAUSE_US); /* long calm: the doubling begins anew */
}

static void test_near_the_limit_slows(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 1, 0);
    look_for(&pace, lag(4.5), 5, 0);
    assert_int_equal(pace.state, PACE_SLOWED);
    assert_true(pace.duty < 0.5);
    assert_true(strstr(pace.why, "4.5 s") != NULL);
}

/* Fail closed: but a single failed look is no reason to stop. */
static void test_what_cannot_be_read_pauses_after_a_while(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 1, 0);
    DataSignal hidden = lag(0);
    hidden.known = false;
    snprintf(hidden.why, sizeof(hidden.why), "permission denied");
    int64_t now_us = look_for(&pace, lag(0), 1, 0);
    now_us = look_for(&pace, hidden, PACE_UNKNOWN_US / 1000000 - 1, now_us);
    assert_int_equal(pace.state, PACE_FREE);
    now_us = look_for(&pace, hidden, 2, now_us);
    assert_int_equal(pace.state, PACE_PAUSED);
    assert_string_equal(pace.why, "the lag of replica s1 cannot be read: permission denied");
    look_for(&pace, lag(0), 10, now_us);
    assert_int_not_equal(pace.state, PACE_PAUSED);
}

/* The application answers in 60 ms plus 80 ms times our share: 100 ms is at half. */
static void test_a_metric_is_held_near_its_limit(void **state)
{
    UNUSED(state);
    DataPace pace;
    int64_t now_us = 0;
    double sum = 0;
    double worst = 0;
    enum { LOOKS = 400, SETTLED = 100 };
    data_pace_init(&pace, 1, 0);
    for (int i = 0; i < LOOKS; i++) {
        double ms = 60 + 80 * pace.duty;
        DataSignal signal = latency(ms);
        now_us += LOOK_US;
        data_pace_look(&pace, &signal, 1, now_us);
        assert_int_not_equal(pace.state, PACE_PAUSED);
        sum += i >= SETTLED ? pace.duty : 0;
        worst = i >= SETTLED && ms > worst ? ms : worst;
    }
    double mean = sum / (LOOKS - SETTLED);
    assert_true(mean > 0.4 && mean < 0.52);
    assert_true(worst < 105);
}

/* One second in which the disk stood still, again and again: nothing that we could mend. */
static void test_a_single_peak_changes_nothing(void **state)
{
    UNUSED(state);
    DataPace pace;
    int64_t now_us = 0;
    data_pace_init(&pace, 0.5, 0);
    for (int i = 0; i < 100; i++) {
        DataSignal signal = latency(i % 5 == 4 ? 900 : 100);
        now_us += LOOK_US;
        data_pace_look(&pace, &signal, 1, now_us);
        assert_true(pace.duty > 0.49 && pace.duty < 0.51);
    }
}

/* Up to 1.4 times more or less, at random: it neither pauses nor crawls. */
static void test_noise_around_the_limit_does_not_move_it(void **state)
{
    UNUSED(state);
    DataPace pace;
    int64_t now_us = 0;
    uint32_t random = 1;
    double sum = 0;
    enum { LOOKS = 2000 };
    data_pace_init(&pace, 0.3, 0);
    for (int i = 0; i < LOOKS; i++) {
        random = random * 1664525 + 1013904223; /* Numerical Recipes, ch. 7.1 */
        double noise = pow(1.4, (double)(random >> 8) / (1 << 23) - 1);
        DataSignal signal = latency((70 + 100 * pace.duty) * noise); /* 100 ms at 0.3 */
        now_us += 2 * LOOK_US;
        data_pace_look(&pace, &signal, 1, now_us);
        assert_int_not_equal(pace.state, PACE_PAUSED);
        sum += pace.duty;
    }
    assert_true(sum / LOOKS > 0.22 && sum / LOOKS < 0.38);
}

static void test_a_metric_at_twice_its_limit_pauses(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 1, 0);
    look_for(&pace, latency(210), 1, 0);
    assert_int_equal(pace.state, PACE_PAUSED);
}

static void test_a_person_says_how_fast_at_most(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 1, 0);
    pace.most = 0.3;
    look_for(&pace, lag(0), 10, 0);
    assert_true(pace.duty <= 0.3 && pace.duty > 0.29);
    assert_int_equal(pace.state, PACE_FREE);
}

static void test_a_new_runner_goes_on_where_the_last_one_was(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 0, 0);
    int64_t now_us = look_for(&pace, lag(0), 2, 0);
    assert_int_equal(pace.state, PACE_PAUSED);
    look_for(&pace, lag(0), 3, now_us);
    assert_int_equal(pace.state, PACE_SLOWED);
    assert_string_equal(pace.why, "it goes on slowly after a pause");
    data_pace_init(&pace, 0.4, 0);
    assert_int_equal(pace.state, PACE_SLOWED);
    assert_string_equal(pace.why, "it goes on as slowly as when its runner ended");
}

static void test_begins_slowly_where_a_metric_steers(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 1, 0);
    data_pace_begin_slowly(&pace);
    assert_int_equal(pace.state, PACE_SLOWED);
    assert_true(pace.duty < 0.06);
    look_for(&pace, latency(10), 5, 0);
    assert_int_equal(pace.state, PACE_FREE);
}

static void test_what_the_runner_before_found_holds(void **state)
{
    UNUSED(state);
    static const double LEFT[] = {0.03, 0.4, 0};
    for (size_t i = 0; i < COUNT_OF(LEFT); i++) {
        DataPace pace;
        data_pace_init(&pace, LEFT[i], 0);
        data_pace_begin_slowly(&pace);
        assert_true(fabs(pace.duty - LEFT[i]) < 1e-9);
        assert_int_equal(pace.state, LEFT[i] > 0 ? PACE_SLOWED : PACE_PAUSED);
    }
}

/* The application answers in 90 ms plus 100 ms times our share: 100 ms is at a tenth. It is seldom
 * above its limit on the way, and by little: from a quarter it would be for as long as that falls.
 */
static void test_finds_the_share_from_below(void **state)
{
    UNUSED(state);
    DataPace pace;
    int64_t now_us = 0;
    int above = 0;
    enum { LOOKS = 30 };
    data_pace_init(&pace, 1, 0);
    data_pace_begin_slowly(&pace);
    for (int i = 0; i < LOOKS; i++) {
        double ms = 90 + 100 * pace.duty;
        DataSignal signal = latency(ms);
        above += ms > 101;
        assert_true(ms < 115);
        now_us += LOOK_US;
        data_pace_look(&pace, &signal, 1, now_us);
    }
    assert_true(above <= 3);
    assert_true(pace.duty > 0.06 && pace.duty < 0.12);
}

/* A backlog that cannot be measured is infinite. It pauses for as long as it is, hides no other
 * signal, and is forgotten when it is gone. */
static void test_an_infinite_value_pauses(void **state)
{
    UNUSED(state);
    static const double VALUES[] = {INFINITY, NAN};
    for (size_t v = 0; v < COUNT_OF(VALUES); v++) {
        DataPace pace;
        int64_t now_us = 0;
        data_pace_init(&pace, 1, 0);
        DataSignal signals[] = {lag(50), lag(VALUES[v]), lag(0)};
        snprintf(signals[1].name, sizeof(signals[1].name), "the backlog");
        snprintf(signals[2].name, sizeof(signals[2].name), "blocked");
        for (int i = 0; i < 60; i++) {
            now_us += LOOK_US;
            data_pace_look(&pace, signals, COUNT_OF(signals), now_us);
            assert_int_equal(pace.state, PACE_PAUSED);
        }
        signals[1].value = 0; /* the replica still lags */
        for (int i = 0; i < 60; i++) {
            now_us += LOOK_US;
            data_pace_look(&pace, signals, COUNT_OF(signals), now_us);
            assert_int_equal(pace.state, PACE_PAUSED);
        }
        signals[0].value = 0;
        for (int i = 0; i < 400; i++) {
            now_us += LOOK_US;
            data_pace_look(&pace, signals, COUNT_OF(signals), now_us);
        }
        assert_int_equal(pace.state, PACE_FREE);
    }
}

/* Two signals: the one nearer to its pause is named. */
static void test_names_the_worst(void **state)
{
    UNUSED(state);
    DataPace pace;
    data_pace_init(&pace, 1, 0);
    DataSignal both[] = {lag(4.9), latency(150)};
    data_pace_look(&pace, both, COUNT_OF(both), LOOK_US);
    assert_int_equal(pace.state, PACE_SLOWED);
    assert_true(strstr(pace.why, "replica") != NULL);
    both[0] = lag(0);
    data_pace_look(&pace, both, COUNT_OF(both), 20 * LOOK_US);
    assert_true(strstr(pace.why, "app_p95 is 150 ms, its limit is 100 ms") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calm_is_free),
        cmocka_unit_test(test_above_the_limit_pauses_at_once),
        cmocka_unit_test(test_goes_on_with_half_of_what_it_had),
        cmocka_unit_test(test_falls_below_what_a_p95_sees),
        cmocka_unit_test(test_goes_on_only_when_calm_for_a_while),
        cmocka_unit_test(test_a_pause_that_did_not_help_is_followed_by_a_longer_one),
        cmocka_unit_test(test_near_the_limit_slows),
        cmocka_unit_test(test_what_cannot_be_read_pauses_after_a_while),
        cmocka_unit_test(test_a_metric_is_held_near_its_limit),
        cmocka_unit_test(test_a_single_peak_changes_nothing),
        cmocka_unit_test(test_noise_around_the_limit_does_not_move_it),
        cmocka_unit_test(test_a_metric_at_twice_its_limit_pauses),
        cmocka_unit_test(test_a_person_says_how_fast_at_most),
        cmocka_unit_test(test_a_new_runner_goes_on_where_the_last_one_was),
        cmocka_unit_test(test_begins_slowly_where_a_metric_steers),
        cmocka_unit_test(test_what_the_runner_before_found_holds),
        cmocka_unit_test(test_finds_the_share_from_below),
        cmocka_unit_test(test_an_infinite_value_pauses),
        cmocka_unit_test(test_names_the_worst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
