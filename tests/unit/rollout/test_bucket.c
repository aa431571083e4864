/* Buckets: the vectors of the docs, and what a rollout promises: sticky, monotone, even. */
#include "rollout/bucket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { IDS = 100000 };

static void the_docs_say_what_it_does(void **state)
{
    UNUSED(state);
    FILE *page = fopen(HEADGATE_SOURCE_DIR "/docs/bucketing.md", "r");
    assert_non_null(page);
    char line[300];
    int vectors = 0;
    while (fgets(line, sizeof line, page) != NULL) {
        char flag[100];
        char id[100];
        int bucket;
        if (sscanf(line, "| `%99[^`]` | `%99[^`]` | %d |", flag, id, &bucket) != 3)
            continue;
        assert_int_equal(rollout_bucket(flag, id), bucket);
        vectors++;
    }
    fclose(page);
    assert_in_range(vectors, 8, 100);
}

static int in_at(const char *flag, int percent_hundredths, bool *in)
{
    int count = 0;
    for (int i = 0; i < IDS; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        in[i] = rollout_bucket_in(flag, id, percent_hundredths);
        count += in[i];
    }
    return count;
}

static void a_higher_percentage_keeps_all_who_are_in(void **state)
{
    UNUSED(state);
    static const int PERCENTS[] = {0, 1, 100, 1000, 3333, 5000, 9999, 10000};
    static bool before[IDS];
    static bool now[IDS];
    memset(before, 0, sizeof before);
    for (size_t p = 0; p < COUNT_OF(PERCENTS); p++) {
        int count = in_at("v2", PERCENTS[p], now);
        for (int i = 0; i < IDS; i++)
            assert_true(!before[i] || now[i]);
        memcpy(before, now, sizeof before);
        /* even: within 600 of 100,000, four standard deviations of a fair draw at 50 % */
        int expected = IDS / ROLLOUT_BUCKETS * PERCENTS[p];
        assert_in_range(count, expected < 600 ? 0 : expected - 600, expected + 600);
    }
    assert_int_equal(in_at("v2", 0, now), 0);
    assert_int_equal(in_at("v2", 10000, now), IDS);
}

static void another_flag_lets_others_in_first(void **state)
{
    UNUSED(state);
    static bool one[IDS];
    static bool other[IDS];
    in_at("one", 1000, one);
    in_at("other", 1000, other);
    int both = 0;
    for (int i = 0; i < IDS; i++)
        both += one[i] && other[i];
    assert_in_range(both, 800, 1200); /* a tenth of a tenth */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_docs_say_what_it_does),
        cmocka_unit_test(a_higher_percentage_keeps_all_who_are_in),
        cmocka_unit_test(another_flag_lets_others_in_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
