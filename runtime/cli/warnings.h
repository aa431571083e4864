/* What is said about a plan that loads and may still not do what its author thinks (run/lint.h). */
#ifndef HEADGATE_CLI_WARNINGS_H
#define HEADGATE_CLI_WARNINGS_H

#include "base/json.h"
#include "cli/commands.h"

#include <stdio.h>

/// Two lines each: "sql/001.down.sql:3: warning: … [cascade]" and what to do instead; notes once a
/// rule and file; at last what the plan allows.
void cli_warnings_print(FILE *out, const json_t *warnings);
/// Does the command fail by them: an error, or with --strict a warning, that is not allowed?
bool cli_warnings_fail(Cli *cli, const json_t *warnings);

#endif
