/* PostgreSQL's own programs: run to their end, or to the end of the run. */
#ifndef HEADGATE_RUN_PROGRAM_H
#define HEADGATE_RUN_PROGRAM_H

#include "run/run.h"

typedef struct RunProgram {
    const char *const *argv;
    const char *const *env;
    /// Now and then while it runs: says how far it is. NULL = nobody asks.
    void (*progress)(void *ctx);
    void *ctx;
} RunProgram;

/// Waits. False when it failed (its standard error says why) or the run is interrupted: then it is
/// ended. *ret_lines: lines of its output that are no comments; may be NULL.
NODISCARD bool run_program(Run *run, const RunProgram *program, size_t *ret_lines, Error *err);

#endif
