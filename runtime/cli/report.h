/* The report of a run (server/report.h), for commands. */
#ifndef HEADGATE_CLI_REPORT_H
#define HEADGATE_CLI_REPORT_H

#include "cli/context.h"
#include "server/report.h"

/// Waits. The report as one document. The caller's.
NODISCARD bool cli_report_read(const Cli *cli, const CliContext *context, DbConn *state,
                               int64_t run, json_t **ret_report, Error *err);

#endif
