/* Reading and judging thresholds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/threshold.h"

#include <math.h>
#include <string.h>

static const PlanPosition AT = {"plan.lua", 3, 5};

static void reads_every_operator_and_unit(void **state)
{
    static const struct {
        const char *text;
        const char *metric;
        ThresholdOp op;
        double limit;
        const char *unit;
        int64_t for_us;
    } GOOD[] = {
        {"error_rate < 1%", "error_rate", OP_LESS, 1, "%", 0},
        {"error_rate<1 %", "error_rate", OP_LESS, 1, "%", 0},
        {"p95 <= 0.5s", "p95", OP_LESS_EQUAL, 0.5, "s", 0},
        {"p95 > 500ms for 5m", "p95", OP_GREATER, 500, "ms", 300000000},
        {"p95 > 500 for 5m", "p95", OP_GREATER, 500, "", 300000000},
        {"lag >= 10 MiB for 30s", "lag", OP_GREATER_EQUAL, 10, "MiB", 30000000},
        {"db.size != 3GiB", "db.size", OP_NOT_EQUAL, 3, "GiB", 0},
        {"a-b == -2.5", "a-b", OP_EQUAL, -2.5, "", 0},
        {" rate > 3 /s ", "rate", OP_GREATER, 3, "/s", 0},
        {"x < 7 percent", "x", OP_LESS, 7, "%", 0},
    };
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(GOOD); i++) {
        Threshold threshold;
        Error err = {0};
        if (!threshold_parse(arena, GOOD[i].text, NULL, AT, &threshold, &err))
            fail_msg("%s: %s", GOOD[i].text, err.message);
        assert_string_equal(threshold.metric, GOOD[i].metric);
        assert_int_equal(threshold.op, GOOD[i].op);
        assert_true(fabs(threshold.limit - GOOD[i].limit) < 1e-12);
        assert_string_equal(threshold.unit, GOOD[i].unit);
        assert_int_equal(threshold.for_us, GOOD[i].for_us);
    }
}

static void refuses_the_rest(void **state)
{
    static const char *const BAD[] = {
        "",         "error_rate",   "< 1%",           "x < ",
        "x = 1",    "x < one",      "x < 0x10",       "x < inf",
        "x < nan",  "x < 1e3",      "x < 1 2",        "x < 1% for",
        "x < 1for", "x < 1 for 0s", "x < 1 until 5m", "x < 1% for 5 min or so",
        "x <> 1",   "x < 1KB",
    };
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        Threshold threshold;
        Error err = {0};
        if (threshold_parse(arena, BAD[i], NULL, AT, &threshold, &err))
            fail_msg("accepted: %s", BAD[i]);
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_int_equal(strncmp(err.message, "plan.lua:3:5: \"", 15), 0);
    }
}

static bool breached(const char *text, bool is_alert, double value)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Threshold threshold;
    Error err = {0};
    assert_true(threshold_parse(arena, text, "x", AT, &threshold, &err));
    threshold.is_alert = is_alert;
    return threshold_breached(&threshold, value);
}

static void goals_break_when_false_and_alerts_when_true(void **state)
{
    UNUSED(state);
    assert_false(breached("< 1%", false, 0.99));
    assert_true(breached("< 1%", false, 1.0));
    assert_true(breached("> 1%", true, 1.01));
    assert_false(breached("> 1%", true, 1.0));
    assert_true(breached(">= 1%", true, 1.0));
    assert_false(breached("<= 1", false, 1.0));
    assert_false(breached("== 0", false, 0.0));
    assert_true(breached("== 0", false, 1.0));
    assert_true(breached("!= 0", true, 1.0));
    assert_false(breached("!= 0", true, 0.0));
}

static void a_value_that_is_no_number_is_never_good(void **state)
{
    UNUSED(state);
    assert_true(breached("< 1%", false, NAN));
    assert_true(breached("> 1%", true, NAN));
}

static void units_convert_within_their_family(void **state)
{
    double factor = 0;
    UNUSED(state);
    assert_true(threshold_convert("s", "ms", &factor));
    assert_true(fabs(factor - 1000) < 1e-9);
    assert_true(threshold_convert("MiB", "GiB", &factor));
    assert_true(fabs(factor * 1024 - 1) < 1e-9);
    assert_true(threshold_convert("percent", "%", &factor));
    assert_true(fabs(factor - 1) < 1e-9);
    assert_true(threshold_convert("ms", "", &factor));
    assert_false(threshold_convert("ms", "%", &factor));
    assert_false(threshold_convert("ms", "parsec", &factor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_operator_and_unit),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(goals_break_when_false_and_alerts_when_true),
        cmocka_unit_test(a_value_that_is_no_number_is_never_good),
        cmocka_unit_test(units_convert_within_their_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
