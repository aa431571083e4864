/* pg_dump and pg_restore. */
#include "run/program.h"

#include "base/clock.h"
#include "loop/child.h"

#include <string.h>

enum { OUTPUT_MAX_BYTES = 64 * 1024 * 1024, POLL_MS = 500, PROGRESS_US = 2000000 };

static bool wait_end(Run *run, const RunProgram *program, Child *child, ChildExit *ret_ended,
                     Error *err)
{
    int64_t told_us = clock_monotonic_us();
    while (child_running(child)) {
        Error timeout = {0};
        if (child_wait(child, POLL_MS, ret_ended, &timeout))
            return true;
        if (run_interrupted(run) && !run_stop_here(err))
            return false;
        if (program->progress == NULL || clock_monotonic_us() - told_us < PROGRESS_US)
            continue;
        program->progress(program->ctx);
        told_us = clock_monotonic_us();
    }
    return child_wait(child, -1, ret_ended, err);
}

bool run_program(Run *run, const RunProgram *program, size_t *ret_lines, Error *err)
{
    Child *child = NULL;
    ChildOptions options = {.argv = program->argv,
                            .env = program->env,
                            .output = CHILD_CAPTURE,
                            .capture_max_bytes = OUTPUT_MAX_BYTES,
                            .own_group = true};
    if (!child_start(run->loop, &options, &child, err))
        return false;
    ChildExit ended = {0};
    bool ok = wait_end(run, program, child, &ended, err);
    const char *name = strrchr(program->argv[0], '/');
    if (ok && (ended.code != 0 || ended.signum != 0))
        ok = error_set(err, ERROR_INTERNAL, "%s failed: %.400s",
                       name == NULL ? program->argv[0] : name + 1, child_stderr(child));
    for (const char *at = child_stdout(child); ok && ret_lines != NULL && *at != '\0'; at++)
        *ret_lines += *at == '\n' && at[1] != ';';
    child_free(child);
    return ok;
}
