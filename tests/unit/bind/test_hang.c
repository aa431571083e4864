/* A hostile string pattern is one C call: no hook runs in it. The parent ends the whole process. */
#include "bind/state.h"
#include "loop/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LOAD_MS = 200, SILENCE_MS = 300 };

static Loop *loop;
static const char *program;

/* ---- the child ---- */

static void load_hostile_plan(void *arg)
{
    UNUSED(arg);
    static const char PLAN[] = "return (('a'):rep(30)):find(('a-'):rep(30) .. 'b')";
    BundleFile file = {"plan.lua", PLAN, strlen(PLAN)};
    Bundle bundle = {.files = &file, .files_count = 1};
    BindPlan *plan = NULL;
    Error err;
    child_beat_start(loop);
    bool ok = bind_plan_load_with(&bundle, (BindLimits){.load_ms = LOAD_MS}, NULL, &plan, &err);
    exit(ok ? 0 : 1); /* not reached */
}

static int be_the_child(void)
{
    loop = loop_new();
    fiber_start(loop, "plan", load_hostile_plan, NULL);
    loop_run(loop);
    return 0;
}

/* ---- the parent ---- */

static ChildExit ended;

static void start_and_wait(void *arg)
{
    UNUSED(arg);
    ChildOptions options = {.argv = (const char *const[]){program, "hang", NULL},
                            .beats = true,
                            .silence_ms = SILENCE_MS,
                            .output = CHILD_DISCARD};
    Child *child = NULL;
    Error err;
    if (child_start(loop, &options, &child, &err)) {
        if (!child_wait(child, -1, &ended, &err))
            ended.code = 1;
        child_free(child);
    }
    loop_stop(loop);
}

static void a_hostile_pattern_is_killed(void **state)
{
    UNUSED(state);
    loop = loop_new();
    fiber_start(loop, "parent", start_and_wait, NULL);
    loop_run(loop);
    loop_run(loop); /* until every handle of the child is closed */
    loop_free(loop);
    assert_true(ended.silent);
    assert_int_not_equal(ended.signum, 0);
}

int main(int count, char **arguments)
{
    if (count > 1)
        return be_the_child();
    program = arguments[0];
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_hostile_pattern_is_killed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
