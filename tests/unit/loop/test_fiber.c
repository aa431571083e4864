/* Fibers: order, waking, sleeping, cancelling, events, the thread pool. */
#include "loop/fiber.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char journal[512];

static void note(const char *word)
{
    size_t used = strlen(journal);
    snprintf(journal + used, sizeof(journal) - used, "%s%s", used == 0 ? "" : " ", word);
}

static int setup(void **state)
{
    journal[0] = '\0';
    *state = loop_new();
    return 0;
}

static int teardown(void **state)
{
    loop_free(*state);
    return 0;
}

static void two_yields(void *arg)
{
    for (int i = 0; i < 2; i++) {
        note(arg);
        fiber_yield();
    }
    note(arg);
}

static void fibers_take_turns(void **state)
{
    fiber_start(*state, "a", two_yields, "a");
    fiber_start(*state, "b", two_yields, "b");
    assert_string_equal(journal, "");
    loop_run(*state);
    assert_string_equal(journal, "a b a b a b");
}

typedef struct Pair {
    Fiber *waiter;
    bool condition;
} Pair;

static void wait_for_condition(void *arg)
{
    Pair *pair = arg;
    note("waits");
    while (!pair->condition)
        fiber_wait();
    note("woken");
}

static void set_condition(void *arg)
{
    Pair *pair = arg;
    pair->condition = true;
    fiber_wake(pair->waiter);
    fiber_wake(pair->waiter);
    note("wake");
}

static void a_wake_goes_on_in_a_later_turn(void **state)
{
    Pair pair = {0};
    pair.waiter = fiber_start(*state, "waiter", wait_for_condition, &pair);
    fiber_start(*state, "waker", set_condition, &pair);
    loop_run(*state);
    assert_string_equal(journal, "waits wake woken");
}

static void wake_self_then_wait(void *arg)
{
    UNUSED(arg);
    fiber_wake(fiber_current());
    fiber_wait();
    note("went on");
}

static void a_wake_that_came_before_counts(void **state)
{
    fiber_start(*state, "self", wake_self_then_wait, NULL);
    loop_run(*state);
    assert_string_equal(journal, "went on");
}

static void yield_then_wait(void *arg)
{
    UNUSED(arg);
    fiber_yield();
    fiber_wait();
    note("went on");
}

static void wake_it(void *arg)
{
    fiber_wake(arg);
}

static void a_wake_during_a_yield_counts(void **state)
{
    Fiber *yielding = fiber_start(*state, "yielding", yield_then_wait, NULL);
    fiber_start(*state, "waker", wake_it, yielding);
    loop_run(*state);
    assert_string_equal(journal, "went on");
}

static void sleep_for(void *arg)
{
    const int *ms = arg;
    assert_true(fiber_sleep(*ms, NULL));
    char word[16];
    snprintf(word, sizeof(word), "%d", *ms);
    note(word);
}

static void shorter_sleeps_end_first(void **state)
{
    int sleeps[] = {600, 0, 300};
    for (size_t i = 0; i < COUNT_OF(sleeps); i++)
        fiber_start(*state, "sleeper", sleep_for, &sleeps[i]);
    loop_run(*state);
    assert_string_equal(journal, "0 300 600");
}

static void sleep_long(void *arg)
{
    UNUSED(arg);
    Error err = {0};
    assert_false(fiber_sleep(3600 * 1000, &err));
    assert_int_equal(err.kind, ERROR_CANCELLED);
    assert_string_equal(err.message, "sleeper was asked to stop");
    assert_false(fiber_sleep(0, &err));
    assert_true(fiber_cancelled());
    bool before = fiber_shield(true);
    assert_false(fiber_cancelled());
    assert_true(fiber_sleep(1, &err));
    fiber_shield(before);
    assert_true(fiber_cancelled());
    note("ended");
}

static void cancel_it(void *arg)
{
    fiber_yield();
    fiber_cancel(arg);
    fiber_cancel(arg);
}

static void cancelling_ends_waits_unless_shielded(void **state)
{
    Fiber *sleeper = fiber_start(*state, "sleeper", sleep_long, NULL);
    fiber_start(*state, "canceller", cancel_it, sleeper);
    loop_run(*state);
    assert_string_equal(journal, "ended");
}

static void cancelled_before_it_began(void **state)
{
    fiber_cancel(fiber_start(*state, "sleeper", sleep_long, NULL));
    loop_run(*state);
    assert_string_equal(journal, "ended");
}

typedef struct EventTest {
    FiberEvent event;
    int woken;
    int timed_out;
    int cancelled;
    int64_t timeout_ms;
} EventTest;

static void wait_event(void *arg)
{
    EventTest *test = arg;
    if (fiber_event_wait(&test->event, test->timeout_ms))
        test->woken++;
    else if (fiber_cancelled())
        test->cancelled++;
    else
        test->timed_out++;
}

static void broadcast_it(void *arg)
{
    fiber_event_broadcast(arg);
}

static void a_broadcast_wakes_all_that_wait(void **state)
{
    EventTest test = {.timeout_ms = -1};
    for (int i = 0; i < 5; i++)
        fiber_start(*state, "waiter", wait_event, &test);
    fiber_start(*state, "sender", broadcast_it, &test.event);
    loop_run(*state);
    assert_int_equal(test.woken, 5);
    assert_null(test.event.first);
}

static void an_event_wait_times_out_or_is_cancelled(void **state)
{
    EventTest test = {.timeout_ms = 5};
    fiber_start(*state, "a", wait_event, &test);
    Fiber *second = fiber_start(*state, "b", wait_event, &test);
    fiber_start(*state, "canceller", cancel_it, second);
    fiber_start(*state, "c", wait_event, &test);
    loop_run(*state);
    assert_int_equal(test.timed_out, 2);
    assert_int_equal(test.cancelled, 1);
    assert_null(test.event.first);
}

static void look_then_wait(void *arg)
{
    FiberEvent *event = arg;
    unsigned seen = event->broadcasts;
    fiber_event_broadcast(event); /* comes while we look elsewhere */
    assert_true(fiber_event_wait_beyond(event, seen, -1));
    assert_false(fiber_event_wait_beyond(event, event->broadcasts, 1));
    assert_false(fiber_event_wait(event, 0));
    note("woken");
}

static void no_broadcast_is_lost_between_looking_and_waiting(void **state)
{
    FiberEvent event = {0};
    fiber_start(*state, "looker", look_then_wait, &event);
    loop_run(*state);
    assert_string_equal(journal, "woken");
}

static void sum_up(void *arg)
{
    int *sum = arg;
    for (int i = 1; i <= 100; i++)
        *sum += i;
}

static void use_pool(void *arg)
{
    fiber_run_blocking(sum_up, arg);
    note("summed");
}

static void blocking_work_runs_beside_the_loop(void **state)
{
    int sums[6] = {0};
    for (size_t i = 0; i < COUNT_OF(sums); i++)
        fiber_start(*state, "summer", use_pool, &sums[i]);
    /* Cancelling does not end the wait: the work still uses the fiber's memory. */
    fiber_cancel(fiber_start(*state, "summer", use_pool, &sums[0]));
    loop_run(*state);
    assert_int_equal(sums[0], 10100);
    assert_int_equal(sums[5], 5050);
}

static void deep(int levels)
{
    volatile char frame[1024];
    frame[0] = 1;
    if (levels > 0)
        deep(levels - 1);
    frame[1023] = frame[0];
    if (levels % 50 == 0)
        fiber_yield();
}

static void go_deep(void *arg)
{
    UNUSED(arg);
    deep(150);
}

static void start_many(void *arg)
{
    const int *count = arg;
    for (int i = 0; i < *count; i++)
        fiber_start(fiber_loop(), "deep", go_deep, NULL);
}

static void stacks_are_deep_and_used_again(void **state)
{
    int count = 50;
    for (int round = 0; round < 3; round++) {
        fiber_start(*state, "starter", start_many, &count);
        loop_run(*state);
        assert_int_equal(fiber_count(*state), 0);
    }
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(fibers_take_turns),
        CASE(a_wake_goes_on_in_a_later_turn),
        CASE(a_wake_that_came_before_counts),
        CASE(a_wake_during_a_yield_counts),
        CASE(shorter_sleeps_end_first),
        CASE(cancelling_ends_waits_unless_shielded),
        CASE(cancelled_before_it_began),
        CASE(a_broadcast_wakes_all_that_wait),
        CASE(an_event_wait_times_out_or_is_cancelled),
        CASE(no_broadcast_is_lost_between_looking_and_waiting),
        CASE(blocking_work_runs_beside_the_loop),
        CASE(stacks_are_deep_and_used_again),
    };
    return cmocka_run_group_tests_name("loop/fiber", tests, NULL, NULL);
}
