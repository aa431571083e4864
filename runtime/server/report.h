/* The report of a run: its plan's document filled in, and what happened. One JSON document
 * (docs/report.md), and the forms that are written from it. */
#ifndef HEADGATE_SERVER_REPORT_H
#define HEADGATE_SERVER_REPORT_H

#include "base/text.h"
#include "server/view.h"

/// The version of the JSON document; it grows, but what is there keeps its place and meaning.
enum { REPORT_FORMAT = 1, REPORT_MAX_BYTES = 64 * 1024 * 1024 };

/// Waits. The document. ERROR_INPUT when there is no such run. The caller's.
NODISCARD bool server_report_read(DbConn *state, ServerTargets *targets, int64_t run,
                                  json_t **ret_report, Error *err);
/// Waits. What the document says under "checklist", alone; null without a check-list.
NODISCARD bool server_report_checklist(DbConn *state, ServerTargets *targets, int64_t run,
                                       json_t **ret_checklist, Error *err);

/// One form of the report.
typedef struct ReportFormat {
    const char *name; ///< "html"
    const char *type; ///< Content-Type
    const char *ending;
    void (*write)(const json_t *report, Text *out);
} ReportFormat;

extern const ReportFormat REPORT_FORMATS[];
extern const size_t REPORT_FORMATS_COUNT;
/// NULL when there is no such form.
const ReportFormat *server_report_format(const char *name);
/// Writes the report; secrets that this process knows are replaced.
void server_report_write(const ReportFormat *format, const json_t *report, Text *out);

/* The forms. */
void server_report_html(const json_t *report, Text *out);
void server_report_junit(const json_t *report, Text *out);
void server_report_markdown(const json_t *report, Text *out);
void server_report_text(const json_t *report, Text *out);

/* What they share. */
/// "1h30m", "5s", "300ms", "0s"; "–" for less than 0.
const char *report_time(int64_t us, char *out, size_t size);
/// One sentence of what ticked a box: "verify \"…\": 0 rows (bob, carol, 2026-11-21 12:00:00)".
void report_tick_line(const json_t *tick, Text *out);
/// What was answered at a gate: "percent = 10, ticket = …"; nothing when nothing was asked.
void report_fields(const json_t *fields, Text *out);
/// Of a watch that was ended early: "after 3h of 24h: the reason (asked by …, approved by …)".
void report_advanced(const json_t *advanced, Text *out);
/// "☑", "☐", "✗", "–".
const char *report_mark(const char *state);

#endif
