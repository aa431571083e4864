/* The report of a run: the filled-in check-list, made from the ledger and the events. */
#ifndef HEADGATE_CLI_REPORT_H
#define HEADGATE_CLI_REPORT_H

#include "base/text.h"
#include "cli/context.h"

/// Which run, and how its databases are found; all borrowed.
typedef struct CliReport {
    const Cli *cli;
    const CliContext *context;
    DbConn *state;
    int64_t run;
} CliReport;

/// Waits. Everything as one document: {run, steps, unavailable, gates, times}. steps is null where
/// the target could not be asked; unavailable says why.
NODISCARD bool cli_report_json(const CliReport *of, json_t **ret_report, Error *err);
/// Waits. For terminals.
NODISCARD bool cli_report_text(const CliReport *of, Text *out, Error *err);
/// Waits. Markdown.
NODISCARD bool cli_report_markdown(const CliReport *of, Text *out, Error *err);

#endif
