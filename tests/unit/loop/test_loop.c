/* The loop: it ends when nothing is left, stops when told, watches turns and signals. */
#include "loop/fiber.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = loop_new();
    return 0;
}

static int teardown(void **state)
{
    loop_free(*state);
    return 0;
}

static int turns;

static void count_turn(void *ctx)
{
    assert_ptr_equal(ctx, &turns);
    turns++;
}

static int signals;

static void count_signal(void *ctx, int signum)
{
    assert_int_equal(signum, SIGUSR1);
    signals++;
    loop_stop(ctx);
}

static void sleep_an_hour(void *arg)
{
    UNUSED(arg);
    (void)!fiber_sleep(3600 * 1000, NULL);
}

static void watches_alone_do_not_keep_it_running(void **state)
{
    loop_on_turn(*state, 5, count_turn, &turns);
    loop_on_signal(*state, SIGUSR1, count_signal, *state);
    loop_run(*state);
}

static void a_signal_reaches_its_handler_and_can_stop_the_loop(void **state)
{
    signals = 0;
    loop_on_signal(*state, SIGUSR1, count_signal, *state);
    Fiber *sleeper = fiber_start(*state, "sleeper", sleep_an_hour, NULL);
    raise(SIGUSR1);
    loop_run(*state);
    assert_int_equal(signals, 1);
    fiber_cancel(sleeper);
    loop_run(*state);
}

static void wait_for_turns(void *arg)
{
    UNUSED(arg);
    int before = turns;
    while (turns < before + 3)
        assert_true(fiber_sleep(1, NULL));
}

static void a_sleeping_loop_turns_at_the_interval(void **state)
{
    loop_on_turn(*state, 1, count_turn, &turns);
    fiber_start(*state, "waiter", wait_for_turns, NULL);
    loop_run(*state);
    assert_true(turns >= 3);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(watches_alone_do_not_keep_it_running),
        CASE(a_signal_reaches_its_handler_and_can_stop_the_loop),
        CASE(a_sleeping_loop_turns_at_the_interval),
    };
    return cmocka_run_group_tests_name("loop/loop", tests, NULL, NULL);
}
