/* Durations and randomness. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text;
    int64_t us;
    const char *again; ///< as we write it
} DURATIONS[] = {
    {"300ms", 300000, "300ms"},
    {"5s", 5000000, "5s"},
    {"90s", 90000000, "1m30s"},
    {"1h30m", INT64_C(5400) * 1000000, "1h30m"},
    {"24h", INT64_C(86400) * 1000000, "1d"},
    {"2w", INT64_C(14 * 86400) * 1000000, "14d"},
    {"0s", 0, "0s"},
};

static void durations_are_read_and_written(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(DURATIONS); i++) {
        int64_t us = -1;
        char out[32];
        Error err = {0};
        assert_true(duration_parse(DURATIONS[i].text, &us, &err));
        assert_true(us == DURATIONS[i].us);
        assert_string_equal(duration_text(us, out, sizeof(out)), DURATIONS[i].again);
    }
}

static void what_is_no_duration_is_refused(void **state)
{
    UNUSED(state);
    static const char *const BAD[] = {
        "", "5", "s", "-5s", "5 s", "5x", "1.5h", "5s ", "99999999999999999999h", "5sh",
        /* each part fits, their sum does not */
        "26687997d26687997d26687997d26687997d26687997d", "26687997d1d"};
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        int64_t us = -1;
        Error err = {0};
        if (duration_parse(BAD[i], &us, &err))
            fail_msg("\"%s\" was read as %lld", BAD[i], (long long)us);
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_true(us == -1);
    }
}

static void random_numbers_stay_below(void **state)
{
    UNUSED(state);
    bool seen[7] = {0};
    for (int i = 0; i < 1000; i++) {
        uint32_t number = clock_random(7);
        assert_in_range(number, 0, 6);
        seen[number] = true;
    }
    for (size_t i = 0; i < COUNT_OF(seen); i++)
        assert_true(seen[i]);
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    UNUSED(state);
    int64_t last = clock_monotonic_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_us();
        assert_true(now >= last);
        last = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_and_written),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(random_numbers_stay_below),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
    };
    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
