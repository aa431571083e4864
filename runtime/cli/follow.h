/* Following a run by its events: a progress line on a terminal, a line an event otherwise, NDJSON
 * with --json. */
#ifndef HEADGATE_CLI_FOLLOW_H
#define HEADGATE_CLI_FOLLOW_H

#include "cli/launch.h"

typedef struct CliFollow {
    int64_t run;
    int64_t since; ///< events after this seq
    bool json;
    bool quiet;
    bool stop_at_gate; ///< --no-wait
    CliRunner *runner; ///< NULL: only watch
} CliFollow;

/// Waits. Prints events until the run rests or has ended. The exit code says how.
NODISCARD bool cli_follow(Cli *cli, const CliContext *context, CliFollow *follow, CliExit *ret_exit,
                          Error *err);
/// What a state means for an exit code.
CliExit cli_follow_exit(const char *state);

#endif
