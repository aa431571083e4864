/* Who may guess how often: bounded from one address and from many, and never a lock-out. */
#include "access/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SECOND = 1000000, HOUR_S = 3600 };

static AccessThrottle *throttle;

static int begin(void **state)
{
    UNUSED(state);
    throttle = access_throttle_new();
    return 0;
}

static int end(void **state)
{
    UNUSED(state);
    access_throttle_free(throttle);
    return 0;
}

static int try_from(uint32_t address, const char *person, int64_t now_us)
{
    uint8_t key[ACCESS_ADDRESS_BYTES] = {0};
    memcpy(key + 4, &address, sizeof(address));
    return access_throttle_try(throttle, person, key, now_us);
}

static void right_from(uint32_t address, const char *person)
{
    uint8_t key[ACCESS_ADDRESS_BYTES] = {0};
    memcpy(key + 4, &address, sizeof(address));
    access_throttle_right(throttle, person, key);
}

static void a_few_are_free_then_each_costs_twice_as_much(void **state)
{
    UNUSED(state);
    int64_t now_us = 5 * (int64_t)SECOND;
    for (int i = 0; i < ACCESS_THROTTLE_FREE; i++)
        assert_int_equal(try_from(1, "alice", now_us), 0);
    int expected = 1;
    for (int i = 0; i < 7; i++) {
        assert_int_equal(try_from(1, "alice", now_us), expected);
        now_us += (int64_t)expected * SECOND - 1;
        assert_int_equal(try_from(1, "alice", now_us), 1);
        now_us += 1;
        assert_int_equal(try_from(1, "alice", now_us), 0);
        expected *= 2;
    }
}

static void guesses_at_the_same_moment_count(void **state)
{
    UNUSED(state);
    int tried = 0;
    for (int i = 0; i < 1000; i++)
        tried += try_from(1, "alice", SECOND) == 0;
    assert_int_equal(tried, ACCESS_THROTTLE_FREE);
}

static void thousands_of_guesses_in_a_day_are_few_tries(void **state)
{
    UNUSED(state);
    int tried = 0;
    for (int s = 0; s < 24 * HOUR_S; s++)
        tried += try_from(1, "alice", (int64_t)s * SECOND) == 0;
    assert_in_range(tried, 90, 24 * HOUR_S / ACCESS_THROTTLE_MAX_S + 15);
}

static void the_victim_gets_in_from_elsewhere(void **state)
{
    UNUSED(state);
    for (uint32_t address = 1; address <= 500; address++) {
        for (int i = 0; i < 10; i++)
            (void)try_from(address, "alice", SECOND);
    }
    assert_int_not_equal(try_from(1, "alice", SECOND), 0);
    assert_int_equal(try_from(9999, "alice", SECOND), 0);
    right_from(9999, "alice");
    assert_int_equal(try_from(9999, "alice", SECOND), 0);
    assert_int_equal(try_from(1, "bob", SECOND), 0);
}

static void many_addresses_have_one_guess_each(void **state)
{
    UNUSED(state);
    int tried = 0;
    for (int round = 0; round < 10; round++) {
        for (uint32_t address = 1; address <= 200; address++)
            tried += try_from(address, "alice", SECOND) == 0;
    }
    assert_int_equal(tried, 200);
}

static void an_address_cannot_try_all_names(void **state)
{
    UNUSED(state);
    char name[16];
    int tried = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "name%d", i);
        tried += try_from(1, name, SECOND) == 0;
    }
    assert_int_equal(tried, ACCESS_THROTTLE_ADDRESS_FREE);
    assert_int_equal(try_from(1, "alice", SECOND), 1);
    assert_int_equal(try_from(1, "alice", (int64_t)3 * SECOND), 0);
}

static void the_right_password_and_time_clear(void **state)
{
    UNUSED(state);
    for (int i = 0; i < ACCESS_THROTTLE_FREE; i++)
        assert_int_equal(try_from(1, "alice", SECOND), 0);
    right_from(1, "alice");
    for (int i = 0; i < ACCESS_THROTTLE_FREE; i++)
        assert_int_equal(try_from(1, "alice", SECOND), 0);
    assert_int_not_equal(try_from(1, "alice", SECOND), 0);
    assert_int_equal(try_from(1, "alice", ((int64_t)HOUR_S + 2) * SECOND), 0);
    assert_int_equal(try_from(1, "alice", ((int64_t)HOUR_S + 2) * SECOND), 0);
}

static void what_was_not_looked_at_does_not_count(void **state)
{
    UNUSED(state);
    const uint8_t key[ACCESS_ADDRESS_BYTES] = {0};
    for (int i = 0; i < 100; i++) {
        assert_int_equal(access_throttle_try(throttle, "alice", key, SECOND), 0);
        access_throttle_untried(throttle, "alice", key);
    }
}

static void the_table_does_not_grow_without_end(void **state)
{
    UNUSED(state);
    for (uint32_t address = 1; address <= 3 * ACCESS_THROTTLE_ENTRIES_MAX; address++)
        assert_int_equal(try_from(address, "alice", (int64_t)address * 1000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_few_are_free_then_each_costs_twice_as_much, begin, end),
        cmocka_unit_test_setup_teardown(guesses_at_the_same_moment_count, begin, end),
        cmocka_unit_test_setup_teardown(thousands_of_guesses_in_a_day_are_few_tries, begin, end),
        cmocka_unit_test_setup_teardown(the_victim_gets_in_from_elsewhere, begin, end),
        cmocka_unit_test_setup_teardown(many_addresses_have_one_guess_each, begin, end),
        cmocka_unit_test_setup_teardown(an_address_cannot_try_all_names, begin, end),
        cmocka_unit_test_setup_teardown(the_right_password_and_time_clear, begin, end),
        cmocka_unit_test_setup_teardown(what_was_not_looked_at_does_not_count, begin, end),
        cmocka_unit_test_setup_teardown(the_table_does_not_grow_without_end, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
