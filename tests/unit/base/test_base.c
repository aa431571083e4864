/* What a process that holds passwords does to itself. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Dumpable is what the kernel asks before it lets others trace or read, and before it writes a
 * core.
 */
static void a_sealed_process_is_not_dumpable(void **state)
{
    UNUSED(state);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool before = prctl(PR_GET_DUMPABLE) == 1;
        base_seal_memory();
        _exit(before && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_sealed_process_is_not_dumpable)};
    return cmocka_run_group_tests_name("base/base", tests, NULL, NULL);
}
