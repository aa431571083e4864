/* --param NAME=VALUE: the values a plan is given on the command line. */
#ifndef HEADGATE_CLI_PARAM_H
#define HEADGATE_CLI_PARAM_H

#include "cli/evaluate.h"

#include <stdio.h>

/// Reads the options and fills plan->params: checked against the plan's declarations, defaults in
/// place. ERROR_INPUT for one that is not NAME=VALUE, given twice, unknown, wrong or missing.
NODISCARD bool cli_param_take(const Cli *cli, CliPlan *plan, Error *err);
/// "  param NAME = VALUE" lines of {name: value}; nothing when there is none.
void cli_param_print(FILE *out, json_t *params);
/// What a repeated option like --param NAME=VALUE gives: {name: text}, the caller's.
NODISCARD bool cli_param_pairs(const Cli *cli, const char *option, json_t **ret_given, Error *err);
/// Sets key of body to the text of a file. ERROR_INPUT when it is longer, or no text.
NODISCARD bool cli_param_file(const char *path, size_t max_bytes, const char *key, json_t *body,
                              Error *err);

#endif
