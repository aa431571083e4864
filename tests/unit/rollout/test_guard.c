/* Judging guards: pure, so no clock and no database. */
#include "rollout/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static RolloutGuards guards_of(Arena *arena, const char *text)
{
    RolloutGuards guards = {.arena = arena, .count = 1};
    Error err = {0};
    assert_true(
        threshold_parse(arena, text, NULL, (PlanPosition){0}, &guards.items[0].threshold, &err));
    guards.items[0].sample = (LedgerSample){.guard = text, .verdict = "no_data"};
    return guards;
}

static RolloutVerdict judge(const RolloutGuards *guards)
{
    const RolloutGuard *worst = NULL;
    return rollout_guards_judge(guards, &worst);
}

static void test_no_data_is_not_good_data(void **state)
{
    UNUSED(state);
    Arena *arena = arena_new();
    RolloutGuards guards = guards_of(arena, "error_rate < 1%");
    assert_int_equal(judge(&guards), ROLLOUT_NO_DATA);
    rollout_guard_take(&guards.items[0], true, 0.2, 1);
    assert_int_equal(judge(&guards), ROLLOUT_OK);
    rollout_guard_take(&guards.items[0], false, 0, 2);
    assert_int_equal(judge(&guards), ROLLOUT_NO_DATA);
    arena_free(arena);
}

static void test_three_breaches_in_a_row(void **state)
{
    UNUSED(state);
    Arena *arena = arena_new();
    RolloutGuards guards = guards_of(arena, "error_rate < 1%");
    rollout_guard_take(&guards.items[0], true, 5, 1);
    rollout_guard_take(&guards.items[0], true, 5, 2);
    assert_int_equal(judge(&guards), ROLLOUT_OK);
    rollout_guard_take(&guards.items[0], true, 0.5, 3);
    rollout_guard_take(&guards.items[0], true, 5, 4);
    rollout_guard_take(&guards.items[0], true, 5, 5);
    assert_int_equal(judge(&guards), ROLLOUT_OK);
    rollout_guard_take(&guards.items[0], true, 5, 6);
    assert_int_equal(judge(&guards), ROLLOUT_BREACH);
    arena_free(arena);
}

/* A gap between two breaches neither clears nor counts. */
static void test_no_data_between_breaches_does_not_clear_them(void **state)
{
    UNUSED(state);
    Arena *arena = arena_new();
    RolloutGuards guards = guards_of(arena, "error_rate < 1%");
    rollout_guard_take(&guards.items[0], true, 5, 1);
    rollout_guard_take(&guards.items[0], true, 5, 2);
    rollout_guard_take(&guards.items[0], false, 0, 3);
    assert_int_equal(judge(&guards), ROLLOUT_NO_DATA);
    rollout_guard_take(&guards.items[0], true, 5, 4);
    assert_int_equal(judge(&guards), ROLLOUT_BREACH);
    arena_free(arena);
}

static void test_a_duration_instead_of_three_samples(void **state)
{
    UNUSED(state);
    Arena *arena = arena_new();
    RolloutGuards guards = guards_of(arena, "p95 < 500ms for 10s");
    rollout_guard_take(&guards.items[0], true, 900, 0);
    rollout_guard_take(&guards.items[0], true, 900, 5000000);
    rollout_guard_take(&guards.items[0], true, 900, 9999999);
    assert_int_equal(judge(&guards), ROLLOUT_OK);
    rollout_guard_take(&guards.items[0], true, 900, 10000000);
    assert_int_equal(judge(&guards), ROLLOUT_BREACH);
    arena_free(arena);
}

/* A stage ends only then: a breach that does not count yet may be the first of three. */
static void test_one_breach_and_a_guard_does_not_hold(void **state)
{
    UNUSED(state);
    Arena *arena = arena_new();
    RolloutGuards guards = guards_of(arena, "p95 < 500ms for 10s");
    assert_false(rollout_guards_hold(&guards));
    rollout_guard_take(&guards.items[0], true, 200, 0);
    assert_true(rollout_guards_hold(&guards));
    rollout_guard_take(&guards.items[0], true, 900, 1000000);
    assert_int_equal(judge(&guards), ROLLOUT_OK);
    assert_false(rollout_guards_hold(&guards));
    rollout_guard_take(&guards.items[0], true, 200, 2000000);
    assert_true(rollout_guards_hold(&guards));
    rollout_guard_take(&guards.items[0], false, 0, 3000000);
    assert_false(rollout_guards_hold(&guards));
    guards.count = 0;
    assert_true(rollout_guards_hold(&guards));
    arena_free(arena);
}

static Threshold *threshold_of(Arena *arena, const char *text, const char *metric, bool is_alert)
{
    Threshold *threshold = arena_alloc(arena, sizeof(*threshold));
    Error err = {0};
    assert_true(threshold_parse(arena, text, metric, (PlanPosition){0}, threshold, &err));
    threshold->is_alert = is_alert;
    return threshold;
}

/* What stands in samples, events and on the rollout's page. */
static void test_guards_read_like_sentences(void **state)
{
    UNUSED(state);
    Arena *arena = arena_new();
    assert_string_equal(
        rollout_guard_text(arena, threshold_of(arena, "error_rate < 1%", NULL, false)),
        "error_rate < 1%");
    assert_string_equal(rollout_guard_text(arena, threshold_of(arena, "< 1%", "error_rate", false)),
                        "error_rate < 1%");
    assert_string_equal(
        rollout_guard_text(arena, threshold_of(arena, "> 80% for 5m", "cpu_usage", true)),
        "breach when cpu_usage > 80% for 5m");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_data_is_not_good_data),
        cmocka_unit_test(test_three_breaches_in_a_row),
        cmocka_unit_test(test_no_data_between_breaches_does_not_clear_them),
        cmocka_unit_test(test_guards_read_like_sentences),
        cmocka_unit_test(test_a_duration_instead_of_three_samples),
        cmocka_unit_test(test_one_breach_and_a_guard_does_not_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
