/* The report as JUnit XML, for the tools that read test results: a suite for each heading of the
 * check-list, and one for each part of the plan. */
#include "server/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a suite counts before it is written. */
typedef struct Suite {
    const char *name;
    int tests;
    int failures;
    int skipped;
    Text cases;
} Suite;

static json_t *loose(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

/* XML 1.0 has no control characters, not even escaped ones. */
static void escape(const char *text, Text *out)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        bool control = *at < 0x20 && *at != '\t' && *at != '\n' && *at != '\r';
        if (*at == '&')
            text_append(out, "&amp;");
        else if (*at == '<')
            text_append(out, "&lt;");
        else if (*at == '>')
            text_append(out, "&gt;");
        else if (*at == '"')
            text_append(out, "&quot;");
        else if (*at == '\n' || *at == '\r' || *at == '\t')
            text_printf(out, "&#%d;", *at);
        else if (control || (at[0] == 0xEF && at[1] == 0xBF && (at[2] == 0xBE || at[2] == 0xBF))) {
            text_append(out, "\xEF\xBF\xBD");
            at += control ? 0 : 2;
        } else
            text_append_char(out, (char)*at);
    }
}

static void attribute(const char *name, const char *value, Text *out)
{
    text_printf(out, " %s=\"", name);
    escape(value, out);
    text_append_char(out, '"');
}

static void begin_suite(Suite *suite, const char *name)
{
    *suite = (Suite){.name = name};
    text_init(&suite->cases, REPORT_MAX_BYTES);
}

static void end_suite(Suite *suite, Text *out)
{
    if (suite->tests > 0) {
        text_append(out, "  <testsuite");
        attribute("name", suite->name, out);
        text_printf(out, " tests=\"%d\" failures=\"%d\" skipped=\"%d\" errors=\"0\">\n",
                    suite->tests, suite->failures, suite->skipped);
        text_append(out, text_string(&suite->cases));
        text_append(out, "  </testsuite>\n");
    }
    text_done(&suite->cases);
}

/* outcome: NULL = passed, "failure" or "skipped". */
static void add_case(Suite *suite, const char *name, int64_t us, const char *outcome,
                     const char *message, const char *body)
{
    Text *out = &suite->cases;
    suite->tests++;
    text_append(out, "    <testcase");
    attribute("name", name, out);
    attribute("classname", suite->name, out);
    if (us >= 0)
        text_printf(out, " time=\"%.3f\"", (double)us / 1e6);
    text_append(out, ">");
    if (outcome != NULL) {
        suite->failures += text_equal(outcome, "failure");
        suite->skipped += text_equal(outcome, "skipped");
        text_printf(out, "<%s", outcome);
        attribute("message", message, out);
        text_append(out, "/>");
    }
    if (body[0] != '\0') {
        text_append(out, "<system-out>");
        escape(body, out);
        text_append(out, "</system-out>");
    }
    text_append(out, "</testcase>\n");
}

/* ------------------------------------------------------------------ boxes */

static void add_box(Suite *suite, const json_t *box)
{
    const char *state = json_get_string(box, "state", "");
    AUTO(text_done) Text body;
    text_init(&body, REPORT_MAX_BYTES);
    size_t i = 0;
    json_t *tick = NULL;
    json_array_foreach (json_object_get(box, "ticks"), i, tick) {
        report_tick_line(tick, &body);
        text_append_char(&body, '\n');
    }
    bool ticked = text_equal(state, "ticked");
    bool failed = text_equal(state, "failed");
    const char *message = text_equal(state, "unbound")      ? "nothing ticks this box"
                          : text_equal(state, "taken_back") ? "taken back by the rollback"
                          : failed                          ? text_string(&body)
                                                            : state;
    add_case(suite, json_get_string(box, "text", ""), -1,
             ticked   ? NULL
             : failed ? "failure"
                      : "skipped",
             message, text_string(&body));
}

static void write_headings(const json_t *checklist, const json_t *headings, Text *out)
{
    size_t i = 0;
    json_t *heading = NULL;
    text_append(out, json_get_string(checklist, "file", ""));
    json_array_foreach (loose(headings), i, heading)
        text_printf(out, "%s%s", i == 0 ? ": " : " > ", json_string_value(heading));
}

static void write_checklist(const json_t *checklist, Text *out)
{
    const json_t *boxes = json_object_get(checklist, "boxes");
    for (size_t i = 0; i < json_array_size(boxes);) {
        const json_t *headings = json_object_get(json_array_get(boxes, i), "headings");
        AUTO(text_done) Text name;
        Suite suite;
        text_init(&name, REPORT_MAX_BYTES);
        write_headings(checklist, headings, &name);
        begin_suite(&suite, text_string(&name));
        for (; i < json_array_size(boxes) &&
               json_equal(json_object_get(json_array_get(boxes, i), "headings"), headings);
             i++)
            add_box(&suite, json_array_get(boxes, i));
        end_suite(&suite, out);
    }
}

/* ------------------------------------------------------------------ steps */

static void add_step(Suite *suite, const json_t *step)
{
    const char *state = json_get_string(step, "state", "");
    const char *error = json_get_string(step, "error", state);
    bool failed = text_equal(state, "failed") || text_equal(state, "undo_failed");
    add_case(suite, json_get_string(step, "path", ""), json_get_int(step, "forward_us", -1),
             text_equal(state, "done") ? NULL
             : failed                  ? "failure"
                                       : "skipped",
             failed ? error : state, json_get_string(step, "text", ""));
}

static void write_steps(const json_t *report, Text *out)
{
    Suite suite;
    size_t i = 0;
    json_t *step = NULL;
    begin_suite(&suite, "steps");
    json_array_foreach (json_object_get(report, "steps"), i, step)
        add_step(&suite, step);
    end_suite(&suite, out);
    begin_suite(&suite, "budgets");
    json_array_foreach (json_object_get(report, "budgets"), i, step) {
        char spent[48];
        char allowed[48];
        bool over = json_get_bool(step, "over", false);
        int64_t us = json_get_int(step, "measured_us", -1);
        AUTO(base_free)
        char *text =
            base_printf("%s of %s", report_time(us, spent, sizeof(spent)),
                        report_time(json_get_int(step, "budget_us", 0), allowed, sizeof(allowed)));
        add_case(&suite, json_get_string(step, "name", ""), us,
                 over     ? "failure"
                 : us < 0 ? "skipped"
                          : NULL,
                 over ? text : "not measured", text);
    }
    end_suite(&suite, out);
}

void server_report_junit(const json_t *report, Text *out)
{
    const json_t *run = json_object_get(report, "run");
    AUTO(base_free)
    char *name =
        base_printf("run %s of %s on %s", json_get_string(run, "id", ""),
                    json_get_string(run, "plan", ""), json_get_string(run, "environment", ""));
    text_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    attribute("name", name, out);
    text_append(out, ">\n");
    if (json_is_object(json_object_get(report, "checklist")))
        write_checklist(json_object_get(report, "checklist"), out);
    write_steps(report, out);
    text_append(out, "</testsuites>\n");
}
