/* The report of a run: the filled-in check-list, made from the ledger and the events. */
#ifndef HEADGATE_CLI_REPORT_H
#define HEADGATE_CLI_REPORT_H

#include "base/json.h"
#include "base/text.h"
#include "db/conn.h"

/// Waits. Everything as one document: {run, steps, gates, review, times}.
NODISCARD bool cli_report_json(DbConn *state, int64_t run, json_t **ret_report, Error *err);
/// Waits. For terminals.
NODISCARD bool cli_report_text(DbConn *state, int64_t run, Text *out, Error *err);
/// Waits. Markdown.
NODISCARD bool cli_report_markdown(DbConn *state, int64_t run, Text *out, Error *err);

#endif
