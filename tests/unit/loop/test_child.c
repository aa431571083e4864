/* Child processes: exit codes, output, input, the beat pipe. This program is its own child: with a
 * word as argument it plays the part of that name. */
#include "loop/child.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *self;

typedef struct Case {
    ChildOptions options;
    void (*check)(Child *child);
    ChildExit exit;
    Error err;
    bool started;
    bool waited;
} Case;

static void run_fiber(void *arg)
{
    Case *test = arg;
    Child *child = NULL;
    test->started = child_start(fiber_loop(), &test->options, &child, &test->err);
    if (!test->started)
        return;
    if (test->check != NULL)
        test->check(child);
    else
        test->waited = child_wait(child, -1, &test->exit, &test->err);
    child_free(child);
}

static void run(Case *test)
{
    Loop *loop = loop_new();
    fiber_start(loop, "parent", run_fiber, test);
    loop_run(loop);
    loop_free(loop);
}

#define SHELL(script) ((const char *const[]){"/bin/sh", "-c", script, NULL})
#define PART(name) ((const char *const[]){self, name, NULL})

static void exit_codes_and_signals(void **state)
{
    UNUSED(state);
    Case seven = {.options = {.argv = SHELL("exit 7")}};
    run(&seven);
    assert_true(seven.waited);
    assert_int_equal(seven.exit.code, 7);
    assert_int_equal(seven.exit.signum, 0);
    Case killed = {.options = {.argv = SHELL("kill -TERM $$")}};
    run(&killed);
    assert_int_equal(killed.exit.code, -1);
    assert_int_equal(killed.exit.signum, SIGTERM);
    assert_false(killed.exit.silent);
}

static void a_missing_program_is_an_error(void **state)
{
    UNUSED(state);
    Case test = {.options = {.argv = (const char *const[]){"/nonexistent/program", NULL},
                             .output = CHILD_CAPTURE,
                             .capture_max_bytes = 10,
                             .beats = true,
                             .silence_ms = 100}};
    run(&test);
    assert_false(test.started);
    assert_int_equal(test.err.kind, ERROR_INTERNAL);
    assert_string_equal(test.err.message,
                        "cannot start /nonexistent/program: no such file or directory");
}

static void check_output(Child *child)
{
    ChildExit ended;
    assert_true(child_wait(child, -1, &ended, NULL));
    assert_false(child_running(child));
    assert_int_equal(ended.code, 0);
    assert_string_equal(child_stdout(child), "from input");
    assert_string_equal(child_stderr(child), "to err:x\n");
}

static void output_is_captured_and_input_given(void **state)
{
    UNUSED(state);
    Case test = {.options = {.argv = SHELL("cat; echo \"to err:$X$HEADGATE_BEAT_FD\" >&2"),
                             .env = (const char *const[]){"PATH=/usr/bin:/bin", "X=x",
                                                          "HEADGATE_BEAT_FD=9", NULL},
                             .output = CHILD_CAPTURE,
                             .capture_max_bytes = 1000,
                             .input = "from input",
                             .input_bytes = 10},
                 .check = check_output};
    run(&test);
    assert_true(test.started);
}

static void check_cut(Child *child)
{
    ChildExit ended;
    assert_true(child_wait(child, -1, &ended, NULL));
    assert_int_equal(ended.code, 0);
    assert_int_equal(strlen(child_stdout(child)), 5);
}

static void more_output_than_wanted_is_dropped(void **state)
{
    UNUSED(state);
    Case test = {.options = {.argv = SHELL("head -c 300000 /dev/zero | tr '\\0' x"),
                             .output = CHILD_CAPTURE,
                             .capture_max_bytes = 5},
                 .check = check_cut};
    run(&test);
    assert_true(test.started);
}

static void a_child_that_does_not_read_its_input_is_no_error(void **state)
{
    UNUSED(state);
    char *input = calloc(1, 1000000);
    Case test = {.options = {.argv = SHELL("exit 0"), .input = input, .input_bytes = 1000000}};
    run(&test);
    assert_true(test.waited);
    assert_int_equal(test.exit.code, 0);
    free(input);
}

static void check_timeout(Child *child)
{
    Error err = {0};
    assert_false(child_wait(child, 5, NULL, &err));
    assert_int_equal(err.kind, ERROR_CANCELLED);
    assert_true(child_running(child));
    assert_int_equal(kill(child_pid(child), 0), 0);
}

static void waiting_ends_at_the_timeout_and_free_kills(void **state)
{
    UNUSED(state);
    Case test = {.options = {.argv = SHELL("exec sleep 3600"), .own_group = true},
                 .check = check_timeout};
    run(&test); /* ends only because child_free() killed it */
    assert_true(test.started);
}

static void who_is_silent_is_killed(void **state)
{
    UNUSED(state);
    Case test = {.options = {.argv = PART("falls-silent"), .beats = true, .silence_ms = 200}};
    run(&test);
    assert_true(test.waited);
    assert_true(test.exit.silent);
    assert_int_equal(test.exit.signum, SIGKILL);
}

static void who_beats_lives(void **state)
{
    UNUSED(state);
    Case test = {.options = {.argv = PART("beats"), .beats = true, .silence_ms = 200}};
    run(&test);
    assert_true(test.waited);
    assert_false(test.exit.silent);
    assert_int_equal(test.exit.code, 3);
}

static void an_announced_silence_is_no_silence(void **state)
{
    UNUSED(state);
    Case test = {.options = {.argv = PART("announces"), .beats = true, .silence_ms = 100}};
    run(&test);
    assert_true(test.waited);
    assert_false(test.exit.silent);
    assert_int_equal(test.exit.code, 4);
}

static void check_orphan(Child *child)
{
    ChildExit ended;
    assert_true(child_wait(child, -1, &ended, NULL));
    assert_string_equal(child_stdout(child), "orphan\n");
}

/* The one in the middle ends at once; its child notices, says so, hangs, and the kernel ends it:
 * until then it holds our pipe open. */
static void an_orphan_that_hangs_is_ended_by_the_kernel(void **state)
{
    UNUSED(state);
    Case test = {
        .options = {.argv = PART("has-child"), .output = CHILD_CAPTURE, .capture_max_bytes = 100},
        .check = check_orphan};
    run(&test);
    assert_true(test.started);
}

/* -- parts of the child -- */

static void hang(void)
{
    for (;;)
        pause();
}

static void sleep_then_exit(void *arg)
{
    if (fiber_sleep(600, NULL))
        _exit(*(int *)arg);
}

static int play_beats(Loop *loop)
{
    static int code = 3;
    fiber_start(loop, "sleeper", sleep_then_exit, &code);
    loop_run(loop);
    return 1;
}

static void wait_until_orphaned(void *arg)
{
    UNUSED(arg);
    while (!child_beat_orphaned() && fiber_sleep(10, NULL)) {
    }
    (void)!write(STDOUT_FILENO, "orphan\n", 7);
    hang();
}

static void start_grandchild(void *arg)
{
    UNUSED(arg);
    Child *child = NULL;
    ChildOptions options = {.argv = PART("orphan"), .beats = true, .silence_ms = 300};
    if (child_start(fiber_loop(), &options, &child, NULL))
        _exit(0);
}

static int play(const char *part)
{
    Loop *loop = loop_new();
    child_beat_start(loop);
    if (strcmp(part, "falls-silent") == 0)
        hang();
    if (strcmp(part, "beats") == 0)
        return play_beats(loop);
    if (strcmp(part, "announces") == 0) {
        child_beat_allow(60000);
        usleep(700 * 1000);
        loop_free(loop);
        return 4;
    }
    if (strcmp(part, "orphan") == 0)
        fiber_start(loop, "orphan", wait_until_orphaned, NULL);
    if (strcmp(part, "has-child") == 0)
        fiber_start(loop, "parent", start_grandchild, NULL);
    loop_run(loop);
    return 1;
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1)
        return play(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_and_signals),
        cmocka_unit_test(a_missing_program_is_an_error),
        cmocka_unit_test(output_is_captured_and_input_given),
        cmocka_unit_test(more_output_than_wanted_is_dropped),
        cmocka_unit_test(a_child_that_does_not_read_its_input_is_no_error),
        cmocka_unit_test(waiting_ends_at_the_timeout_and_free_kills),
        cmocka_unit_test(who_is_silent_is_killed),
        cmocka_unit_test(who_beats_lives),
        cmocka_unit_test(an_announced_silence_is_no_silence),
        cmocka_unit_test(an_orphan_that_hangs_is_ended_by_the_kernel),
    };
    return cmocka_run_group_tests_name("loop/child", tests, NULL, NULL);
}
