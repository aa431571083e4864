/* The state machines: every pair has one row or is refused, every state can be reached, what has
 * ended stays so. */
#include "run/undo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_each_pair_has_at_most_one_row(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < RUN_ROWS_COUNT; i++)
        assert_ptr_equal(run_row_find(RUN_ROWS[i].from, RUN_ROWS[i].event), &RUN_ROWS[i]);
    for (size_t i = 0; i < STEP_ROWS_COUNT; i++)
        assert_ptr_equal(step_row_find(STEP_ROWS[i].from, STEP_ROWS[i].event), &STEP_ROWS[i]);
}

static void test_every_row_says_why(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < RUN_ROWS_COUNT; i++)
        assert_true(strlen(RUN_ROWS[i].why) > 3);
    for (size_t i = 0; i < STEP_ROWS_COUNT; i++)
        assert_true(strlen(STEP_ROWS[i].why) > 3);
}

static void test_every_run_state_is_reachable(void **state)
{
    UNUSED(state);
    bool reached[RUN_STATES] = {[RUN_PENDING] = true};
    for (int round = 0; round < RUN_STATES; round++) {
        for (size_t i = 0; i < RUN_ROWS_COUNT; i++)
            reached[RUN_ROWS[i].to] = reached[RUN_ROWS[i].to] || reached[RUN_ROWS[i].from];
    }
    for (RunState s = 0; s < RUN_STATES; s++)
        assert_true(reached[s]);
}

static void test_every_step_state_is_reachable(void **state)
{
    UNUSED(state);
    bool reached[STEP_STATES] = {[STEP_PENDING] = true};
    for (int round = 0; round < STEP_STATES; round++) {
        for (size_t i = 0; i < STEP_ROWS_COUNT; i++)
            reached[STEP_ROWS[i].to] = reached[STEP_ROWS[i].to] || reached[STEP_ROWS[i].from];
    }
    for (StepState s = 0; s < STEP_STATES; s++)
        assert_true(reached[s]);
}

/* P3: from every state that is not terminal, something leads on. */
static void test_no_state_is_a_dead_end(void **state)
{
    UNUSED(state);
    for (RunState s = 0; s < RUN_STATES; s++) {
        bool leads_on = false;
        for (RunEvent e = 0; e < RUN_EVENTS; e++)
            leads_on = leads_on || run_row_find(s, e) != NULL;
        bool terminal = s == RUN_ROLLED_BACK || s == RUN_ABORTED;
        assert_int_equal(leads_on, !terminal);
    }
}

static void test_ended_runs_can_only_be_rolled_back(void **state)
{
    UNUSED(state);
    for (RunState s = 0; s < RUN_STATES; s++) {
        for (RunEvent e = 0; e < RUN_EVENTS && run_state_rest(s) == RUN_ENDED; e++)
            assert_int_equal(run_row_find(s, e) != NULL, s == RUN_DONE && e == RUN_EVENT_ROLL_BACK);
    }
}

/* I7: a run that rolls back never starts a forward step. */
static void test_rolling_back_never_goes_forward(void **state)
{
    UNUSED(state);
    assert_null(run_row_find(RUN_ROLLING_BACK, RUN_EVENT_GO));
    assert_null(run_row_find(RUN_ROLLING_BACK, RUN_EVENT_FINISH));
    assert_null(run_row_find(RUN_ROLLBACK_BLOCKED, RUN_EVENT_GO));
}

static void test_an_undone_step_is_never_done_again(void **state)
{
    UNUSED(state);
    for (StepEvent e = 0; e < STEP_EVENTS; e++) {
        assert_null(step_row_find(STEP_UNDONE, e));
        assert_null(step_row_find(STEP_SKIPPED, e));
    }
}

static void test_names_are_parsed_back(void **state)
{
    UNUSED(state);
    for (RunState s = 0; s < RUN_STATES; s++)
        assert_int_equal(run_state_parse(run_state_name(s)), s);
    for (StepState s = 0; s < STEP_STATES; s++)
        assert_int_equal(step_state_parse(step_state_name(s)), s);
    assert_int_equal(run_state_parse("nonsense"), RUN_STATES);
    assert_int_equal(step_state_parse(""), STEP_STATES);
}

/* What pages offer is allowed, and everything that rests can be left by something offered. */
static void test_requests_follow_the_table(void **state)
{
    UNUSED(state);
    for (RunState s = 0; s < RUN_STATES; s++) {
        size_t offered = 0;
        for (size_t i = 0; i < RUN_REQUESTS_COUNT; i++) {
            if (!run_request_offered(&RUN_REQUESTS[i], s))
                continue;
            offered++;
            assert_true(run_request_allowed(&RUN_REQUESTS[i], s));
        }
        bool rests = run_state_rest(s) == RUN_RESTS || s == RUN_HELD;
        assert_true(!rests || offered >= 2);
        assert_true(run_state_rest(s) != RUN_ENDED || s == RUN_DONE || offered == 0);
    }
    assert_false(run_request_allowed(run_request_find("abort"), RUN_ROLLING_BACK));
    assert_false(run_request_allowed(run_request_find("pause"), RUN_DONE));
    assert_true(run_request_allowed(run_request_find("resume"), RUN_RUNNING));
    assert_false(run_request_allowed(run_request_find("resume"), RUN_STATES));
    for (RunState s = 0; s < RUN_STATES; s++)
        assert_int_equal(run_request_allowed(run_request_find("advance"), s), s == RUN_WATCHING);
    assert_null(run_request_find("explode"));
}

static const char GRAPH[] =
    "{\"kind\":\"plan\",\"path\":\"\",\"children\":[{\"kind\":\"phase\",\"name\":\"p\",\"path\":"
    "\"p\","
    "\"children\":["
    "{\"kind\":\"step\",\"name\":\"a\",\"path\":\"p/a\",\"keys\":{\"down\":{}}},"
    "{\"kind\":\"check\",\"name\":\"c\",\"path\":\"p/c\",\"keys\":{}},"
    "{\"kind\":\"backfill\",\"name\":\"t.b\",\"path\":\"p/t.b\",\"keys\":{}},"
    "{\"kind\":\"step\",\"name\":\"w\",\"path\":\"p/w\",\"keys\":{\"one_way\":\"gone\"}}]}]}";

static void test_undo_goes_back_from_the_newest(void **state)
{
    UNUSED(state);
    Error err = {0};
    AUTO(json_auto) json_t *graph = json_parse(GRAPH, strlen(GRAPH), &err);
    AUTO(json_auto)
    json_t *steps = json_pack("[{ssss}{ssss}{ssss}{ssss}]", "path", "p/a", "state", "done", "path",
                              "p/c", "state", "done", "path", "p/t.b", "state", "running", "path",
                              "p/w", "state", "done");
    AUTO(json_auto) json_t *list = run_undo_list(graph, steps);
    AUTO(base_free) char *text = json_canonical(list);
    assert_string_equal(
        text,
        "{\"no_way_back\":[{\"kind\":\"step\",\"name\":\"w\",\"path\":\"p/w\",\"why\":\"gone\"}],"
        "\"steps\":[{\"how\":\"old values, where ours still stand\",\"kind\":\"backfill\",\"name\":"
        "\"t.b\",\"path\":\"p/t.b\",\"state\":\"running\"},{\"how\":\"its down\",\"kind\":\"step\","
        "\"name\":\"a\",\"path\":\"p/a\",\"state\":\"done\"}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_pair_has_at_most_one_row),
        cmocka_unit_test(test_every_row_says_why),
        cmocka_unit_test(test_every_run_state_is_reachable),
        cmocka_unit_test(test_every_step_state_is_reachable),
        cmocka_unit_test(test_no_state_is_a_dead_end),
        cmocka_unit_test(test_ended_runs_can_only_be_rolled_back),
        cmocka_unit_test(test_rolling_back_never_goes_forward),
        cmocka_unit_test(test_an_undone_step_is_never_done_again),
        cmocka_unit_test(test_names_are_parsed_back),
        cmocka_unit_test(test_requests_follow_the_table),
        cmocka_unit_test(test_undo_goes_back_from_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
