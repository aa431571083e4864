/* Events as lines for people: `run`, `logs` and `audit` on the command line. */
#ifndef HEADGATE_CLI_LINE_H
#define HEADGATE_CLI_LINE_H

#include "base/json.h"
#include "base/text.h"

/// Appends one event as a line, without its time and without a line feed. A type that is not known
/// here, of a newer binary, is named as it is.
void cli_line(const json_t *event, Text *out);
/// On a terminal the next line is written over it: progress, samples.
bool cli_line_passes(const json_t *event);

#endif
