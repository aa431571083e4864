/* What open requests ask for, read again and again while they are answered. */
#include "run/control.h"
#include "run/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static Run *run_new(void)
{
    Run *run = base_alloc(sizeof(*run));
    run->answered = run_seen_new();
    run->tuned = run_seen_new();
    run->tunable = true;
    return run;
}

static void run_free(Run *run)
{
    json_decref(run->answered);
    json_decref(run->tuned);
    json_decref(run->asked_requests);
    json_decref(run->tunes);
    json_decref(run->advances);
    base_free(&run);
}

/* The list as it is read next. */
static void read_list(Run *run, const char *text)
{
    Error err = {0};
    AUTO(json_auto) json_t *requests = json_loads(text, 0, NULL);
    assert_non_null(requests);
    assert_true(run_control_read(run, requests, &err));
}

/* Those that asked so far, as the engine answers them (run_control_settle). */
static void answer(Run *run)
{
    size_t i = 0;
    json_t *request = NULL;
    json_array_foreach (run->asked_requests, i, request)
        run_seen_add(run->answered, request);
    run->asked = RUN_ASKED_NOTHING;
    run->go_asked = false;
    run->go_id = 0;
}

#define ROLLBACK_4 "{\"id\": 4, \"kind\": \"rollback\", \"asked_by\": \"ada\"}"
#define RESUME_5 "{\"id\": 5, \"kind\": \"resume\", \"asked_by\": \"bob\"}"
#define PAUSE_6 "{\"id\": 6, \"kind\": \"pause\", \"asked_by\": \"bob\"}"

static void a_lower_number_that_commits_later_is_read(void **state)
{
    UNUSED(state);
    Run *run = run_new();
    read_list(run, "[" RESUME_5 "]");
    assert_true(run->go_asked);
    answer(run);
    read_list(run, "[" ROLLBACK_4 ", " RESUME_5 "]");
    assert_int_equal(run->asked, RUN_ASKED_ROLLBACK);
    assert_int_equal(json_array_size(run->asked_requests), 1);
    assert_false(run->go_asked);
    run_free(run);
}

static void a_resume_with_a_lower_number_counts_too(void **state)
{
    UNUSED(state);
    Run *run = run_new();
    read_list(run, "[" PAUSE_6 "]");
    answer(run);
    read_list(run, "[" RESUME_5 ", " PAUSE_6 "]");
    assert_true(run->go_asked);
    assert_int_equal(run->asked, RUN_ASKED_NOTHING);
    run_free(run);
}

static void what_is_not_open_any_more_is_forgotten(void **state)
{
    UNUSED(state);
    Run *run = run_new();
    read_list(run, "[" RESUME_5 "]");
    answer(run);
    read_list(run, "[" RESUME_5 "]");
    assert_int_equal(json_object_size(run->answered), 1);
    read_list(run, "[" PAUSE_6 "]");
    assert_int_equal(json_object_size(run->answered), 0);
    assert_int_equal(run->asked, RUN_ASKED_PAUSE);
    run_free(run);
}

static void a_pace_with_a_lower_number_is_followed(void **state)
{
    UNUSED(state);
    Run *run = run_new();
    AUTO(json_auto) json_t *newer = json_loads("{\"id\": 8, \"kind\": \"tune\"}", 0, NULL);
    run_seen_add(run->tuned, newer);
    read_list(run, "[{\"id\": 7, \"kind\": \"tune\"}]");
    assert_int_equal(json_array_size(run->tunes), 1);
    assert_false(run_seen_has(run->tuned, json_array_get(run->tunes, 0)));
    run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lower_number_that_commits_later_is_read),
        cmocka_unit_test(a_resume_with_a_lower_number_counts_too),
        cmocka_unit_test(what_is_not_open_any_more_is_forgotten),
        cmocka_unit_test(a_pace_with_a_lower_number_is_followed),
    };
    return cmocka_run_group_tests_name("run/control", tests, NULL, NULL);
}
