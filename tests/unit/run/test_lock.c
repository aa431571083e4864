/* When a statement in a lock queue is withdrawn or stopped, and how long it tries. */
#include "base/bounds.h"
#include "run/lock.h"
#include "run/queue.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const RunQueueLimits LIMITS = {
    .victims = 3, .victim_wait_us = 500000, .max_block_us = 5000000};

static void test_verdicts(void **state)
{
    static const struct {
        const char *look;
        RunQueueVerdict verdict;
    } CASES[] = {
        {"{\"waits\": null, \"victims_total\": 0, \"longest_us\": 0}", RUN_QUEUE_FINE},
        {"{\"waits\": {}, \"victims_total\": 0, \"longest_us\": 9000000}", RUN_QUEUE_FINE},
        {"{\"waits\": {}, \"victims_total\": 2, \"longest_us\": 499999}", RUN_QUEUE_FINE},
        {"{\"waits\": {}, \"victims_total\": 1, \"longest_us\": 500000}", RUN_QUEUE_WITHDRAWN},
        {"{\"waits\": {}, \"victims_total\": 3, \"longest_us\": 1000}", RUN_QUEUE_WITHDRAWN},
        {"{\"waits\": null, \"victims_total\": 50, \"longest_us\": 4999999}", RUN_QUEUE_FINE},
        {"{\"waits\": null, \"victims_total\": 1, \"longest_us\": 5000000}", RUN_QUEUE_STOPPED},
    };
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        AUTO(json_auto) json_t *look = json_loads(CASES[i].look, 0, NULL);
        assert_non_null(look);
        assert_int_equal(run_queue_decide(look, &LIMITS), CASES[i].verdict);
    }
}

static void test_limits_come_from_the_target_or_the_bounds(void **state)
{
    UNUSED(state);
    ConfigTarget target = {.lock_victims = 7, .max_block_ms = 900};
    RunQueueLimits limits = run_queue_limits(&target);
    assert_int_equal(limits.victims, 7);
    assert_int_equal(limits.max_block_us, 900000);
    assert_int_equal(limits.victim_wait_us, BOUND_LOCK_VICTIM_WAIT_MS * 1000);
}

static void test_lock_timeouts_rise_to_the_most(void **state)
{
    static const int EXPECTED_MS[] = {100, 200, 500, 1000, 2000, 2000};
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(EXPECTED_MS); i++)
        assert_int_equal(run_lock_timeout_ms(i, 2000), EXPECTED_MS[i]);
    assert_int_equal(run_lock_timeout_ms(0, 50), 50);
    assert_int_equal(run_lock_timeout_ms(3, 300), 300);
}

static void test_the_budget_is_the_steps_the_targets_or_ours(void **state)
{
    UNUSED(state);
    AUTO(json_auto) json_t *keys = json_object();
    PlanNode node = {.keys = keys};
    ConfigTarget target = {0};
    assert_int_equal(run_lock_budget_us(&node, &target), (int64_t)BOUND_LOCK_BUDGET_MS * 1000);
    target.lock_budget_ms = 3000;
    assert_int_equal(run_lock_budget_us(&node, &target), 3000000);
    json_set_string(keys, "lock_budget", "5m");
    assert_int_equal(run_lock_budget_us(&node, &target), 300000000);
}

static void test_the_blocker_is_named(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto)
    json_t *look =
        json_loads("{\"waits\": {\"object\": \"public.people\", \"mode\": \"AccessExclusiveLock\"},"
                   " \"blockers\": [{\"pid\": 4711, \"application\": \"psql\", \"user\": \"app\","
                   " \"state\": \"idle in transaction\", \"transaction_us\": 725000123,"
                   " \"query\": \"SELECT $1\"}, {\"pid\": 12}]}",
                   0, NULL);
    assert_string_equal(
        run_queue_text(arena, look),
        "ACCESS EXCLUSIVE on public.people, behind 2 sessions, first pid 4711 (psql, "
        "user app, idle in transaction, transaction open for 12m5s): SELECT $1");
    assert_int_equal(run_queue_blocker(look), 4711);
    json_array_clear(json_object_get(look, "blockers"));
    assert_string_equal(run_queue_text(arena, look), "ACCESS EXCLUSIVE on public.people");
    assert_int_equal(run_queue_blocker(look), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_limits_come_from_the_target_or_the_bounds),
        cmocka_unit_test(test_lock_timeouts_rise_to_the_most),
        cmocka_unit_test(test_the_budget_is_the_steps_the_targets_or_ours),
        cmocka_unit_test(test_the_blocker_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
