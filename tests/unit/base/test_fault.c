/* Fault points: what HEADGATE_FAULT asks for happens there, in that process, at that pass, and
 * once. */
#include "base/clock.h"
#include "base/fault.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef HEADGATE_FAULTS

enum { SURVIVED = 0, ENOSPC_SEEN = 10, DROP_SEEN = 11 };

static char folder[64];

static int make_folder(void **state)
{
    UNUSED(state);
    snprintf(folder, sizeof(folder), "/tmp/headgate-fault-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static int remove_folder(void **state)
{
    UNUSED(state);
    static const char *const FILES[] = {"once.0", "once.1", "once.mended", "log"};
    for (size_t i = 0; i < COUNT_OF(FILES); i++)
        unlink(in_folder(FILES[i]));
    return rmdir(folder);
}

/* A process of that command passes lease.turn so often, then ws.send; the result is how it ended.
 */
static int passes(const char *spec, const char *command, int times)
{
    pid_t pid = fork();
    if (pid == 0) {
        setenv("HEADGATE_FAULT", spec, 1);
        setenv("HEADGATE_FAULT_LOG", in_folder("log"), 1);
        FAULT_PROCESS(command);
        for (int i = 0; i < times; i++)
            FAULT("lease.turn");
        if (FAULT_FAILS("file.folder"))
            _exit(errno == ENOSPC ? ENOSPC_SEEN : SURVIVED);
        _exit(fault_pass("ws.send") == FAULT_DROP_CONNECTION ? DROP_SEEN : SURVIVED);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static bool was_killed(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void kills_at_the_nth_pass(void **state)
{
    UNUSED(state);
    assert_false(was_killed(passes("lease.turn:3:kill", "runner", 2)));
    assert_true(was_killed(passes("lease.turn:3:kill", "runner", 3)));
    assert_true(was_killed(passes("lease.turn", "runner", 1)));
    assert_true(was_killed(passes("lease.turn:2+:kill", "runner", 5)));
    assert_false(was_killed(passes("ws.send:9", "runner", 5)));
}

static void only_in_the_kind_of_process(void **state)
{
    UNUSED(state);
    assert_true(was_killed(passes("runner/lease.turn", "runner", 1)));
    assert_false(was_killed(passes("worker/lease.turn", "runner", 1)));
    assert_true(was_killed(passes("supervisor/lease.turn", "serve", 1)));
    assert_true(was_killed(passes("worker/lease.turn", "rows", 1)));
    assert_true(was_killed(passes("joined/lease.turn", "worker", 1)));
    assert_false(was_killed(passes("worker/lease.turn", "worker", 1)));
}

static void tells_the_caller_to_fail(void **state)
{
    UNUSED(state);
    assert_int_equal(WEXITSTATUS(passes("file.folder:enospc", "run", 0)), ENOSPC_SEEN);
    assert_int_equal(WEXITSTATUS(passes("ws.send:1:dropconn", "run", 0)), DROP_SEEN);
    assert_int_equal(WEXITSTATUS(passes("ws.send:delay=1", "run", 0)), SURVIVED);
}

static void on_alarm(int signum)
{
    UNUSED(signum);
}

/* Scripts' deadlines are timers that signal: they do not end a delay. */
static void a_delay_lasts_whatever_signals(void **state)
{
    UNUSED(state);
    enum { DELAY_MS = 60, ALARM_US = 5000 };
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval soon = {.it_value = {.tv_usec = ALARM_US}};
    pid_t pid = fork();
    if (pid == 0) {
        setenv("HEADGATE_FAULT", "ws.send:delay=60", 1);
        setenv("HEADGATE_FAULT_LOG", in_folder("log"), 1);
        FAULT_PROCESS("run");
        sigaction(SIGALRM, &action, NULL);
        setitimer(ITIMER_REAL, &soon, NULL);
        int64_t began_us = clock_monotonic_us();
        FAULT("ws.send");
        _exit(clock_monotonic_us() - began_us < DELAY_MS * 1000);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void what_it_does_not_understand_ends_the_process(void **state)
{
    UNUSED(state);
    assert_true(WEXITSTATUS(passes("lease.turn:explode", "run", 1)) == 99);
}

static void each_once_and_in_order(void **state)
{
    UNUSED(state);
    static const char BOTH[] = "lease.turn:2:kill,lease.turn:1:kill";
    setenv("HEADGATE_FAULT_ONCE", in_folder("once"), 1);
    assert_false(was_killed(passes(BOTH, "runner", 1)));
    assert_true(was_killed(passes(BOTH, "runner", 5)));  /* the first */
    assert_true(was_killed(passes(BOTH, "runner", 5)));  /* its successor: the second */
    assert_false(was_killed(passes(BOTH, "runner", 5))); /* whom nothing is left for */
    unsetenv("HEADGATE_FAULT_ONCE");
}

/* Also what was to go wrong for ever. */
static void nothing_acts_when_mended(void **state)
{
    UNUSED(state);
    setenv("HEADGATE_FAULT_ONCE", in_folder("once"), 1);
    assert_true(was_killed(passes("lease.turn:1+:kill", "runner", 1)));
    assert_true(was_killed(passes("lease.turn:1+:kill", "runner", 1)));
    fclose(fopen(in_folder("once.mended"), "we"));
    assert_false(was_killed(passes("lease.turn:1+:kill", "runner", 5)));
    unlink(in_folder("once.mended"));
    unsetenv("HEADGATE_FAULT_ONCE");
}

/* A process that asks for memory so often. */
static int allocates(const char *spec, int times)
{
    pid_t pid = fork();
    if (pid == 0) {
        setenv("HEADGATE_FAULT", spec, 1);
        setenv("HEADGATE_FAULT_LOG", in_folder("log"), 1);
        FAULT_PROCESS("runner");
        for (int i = 0; i < times; i++) {
            char *block = base_alloc(8);
            base_free(&block);
        }
        _exit(SURVIVED);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void an_allocation_that_fails_aborts(void **state)
{
    UNUSED(state);
    assert_int_equal(allocates("runner/memory.alloc:3:enomem", 2), SURVIVED);
    int status = allocates("runner/memory.alloc:3:enomem", 3);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void allocations_are_listed_sparingly(void **state)
{
    UNUSED(state);
    unlink(in_folder("log"));
    assert_int_equal(allocates("list", 10000), SURVIVED);
    FILE *file = fopen(in_folder("log"), "re");
    assert_non_null(file);
    char line[256] = "";
    int lines = 0;
    long last = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        last = strtol(line + strlen("pass runner/memory.alloc "), NULL, 10);
        lines++;
    }
    fclose(file);
    assert_in_range(lines, 50, 200);
    assert_in_range(last, 9000, 10000);
}

static void lists_what_was_passed(void **state)
{
    UNUSED(state);
    char line[256] = "";
    unlink(in_folder("log"));
    assert_int_equal(WEXITSTATUS(passes("list", "rows", 2)), SURVIVED);
    FILE *file = fopen(in_folder("log"), "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    assert_true(text_starts(line, "pass worker/lease.turn 1 "));
    assert_non_null(fgets(line, sizeof(line), file));
    assert_true(text_starts(line, "pass worker/lease.turn 2 "));
    fclose(file);
}

static void haste_divides(void **state)
{
    UNUSED(state);
    assert_int_equal(FAULT_HASTE(3000), 3000);
    setenv("HEADGATE_FAULT_HASTE", "10", 1);
    assert_int_equal(FAULT_HASTE(3000), 300);
    unsetenv("HEADGATE_FAULT_HASTE");
}

/* The page for people names every point. */
static void the_page_is_complete(void **state)
{
    UNUSED(state);
#define NAME(point, where) point,
    static const char *const POINTS[] = {FAULT_POINTS(NAME)};
    char text[32768];
    FILE *file = fopen(HEADGATE_SOURCE_DIR "/docs/faults.md", "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < COUNT_OF(POINTS); i++) {
        char row[128];
        snprintf(row, sizeof(row), "| `%s` |", POINTS[i]);
        if (strstr(text, row) == NULL)
            fail_msg("docs/faults.md has no row %s", row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kills_at_the_nth_pass),
        cmocka_unit_test(only_in_the_kind_of_process),
        cmocka_unit_test(tells_the_caller_to_fail),
        cmocka_unit_test(a_delay_lasts_whatever_signals),
        cmocka_unit_test(what_it_does_not_understand_ends_the_process),
        cmocka_unit_test(each_once_and_in_order),
        cmocka_unit_test(nothing_acts_when_mended),
        cmocka_unit_test(an_allocation_that_fails_aborts),
        cmocka_unit_test(allocations_are_listed_sparingly),
        cmocka_unit_test(lists_what_was_passed),
        cmocka_unit_test(haste_divides),
        cmocka_unit_test(the_page_is_complete),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

#else

static void nothing_is_left_of_it(void **state)
{
    UNUSED(state);
    setenv("HEADGATE_FAULT", "lease.turn:kill,file.folder:eio", 1);
    setenv("HEADGATE_FAULT_HASTE", "10", 1);
    FAULT("lease.turn");
    assert_false(FAULT_FAILS("file.folder"));
    assert_int_equal(FAULT_HASTE(3000), 3000);
    unsetenv("HEADGATE_FAULT");
    unsetenv("HEADGATE_FAULT_HASTE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_left_of_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
