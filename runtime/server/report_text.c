/* The report for terminals, and as Markdown. */
#include "plan/param.h"
#include "server/report.h"

#include <inttypes.h>
#include <stdio.h>

enum { TIME_BYTES = 48 };

static json_t *loose(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

/* The two forms differ in their marks only. */
typedef struct Style {
    const char *title;   /* before the first line */
    const char *section; /* before the name of a part */
    const char *item;    /* before a line */
    bool boxes;          /* [x] of Markdown instead of ☑ */
} Style;

static const char *box_mark(const Style *style, const char *state)
{
    if (!style->boxes)
        return report_mark(state);
    return text_equal(state, "ticked") ? "[x]" : "[ ]";
}

static void write_head(const json_t *run, const Style *style, Text *out)
{
    text_printf(out, "%sRun %s of %s on %s: %s\n", style->title, json_get_string(run, "id", ""),
                json_get_string(run, "plan", ""), json_get_string(run, "environment", ""),
                json_get_string(run, "state", ""));
    text_printf(out, "plan %.12s, database %s, started by %s at %.19sZ\n",
                json_get_string(run, "hash", ""), json_get_string(run, "database", ""),
                json_get_string(run, "started_by", ""), json_get_string(run, "created_at", ""));
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get(run, "params"), name, value) {
        AUTO(base_free) char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        text_printf(out, "parameter %s = %s\n", name, shown);
    }
    if (json_get_string(run, "rollback_why", NULL) != NULL)
        text_printf(out, "rolled back: %s\n", json_get_string(run, "rollback_why", ""));
}

/* ------------------------------------------------------------------ check-list */

/* "A > B" where it is not that of the box before. */
static void write_headings(const json_t *box, const json_t **before, const Style *style, Text *out)
{
    const json_t *headings = json_object_get(box, "headings");
    if (*before != NULL && json_equal(headings, *before))
        return;
    *before = headings;
    size_t i = 0;
    json_t *heading = NULL;
    text_printf(out, "\n%s", style->section);
    json_array_foreach (loose(headings), i, heading)
        text_printf(out, "%s%s", i == 0 ? "" : " > ", json_string_value(heading));
    text_append(out, json_array_size(headings) == 0 ? "Check-list\n" : "\n");
}

static void write_box(const json_t *box, const Style *style, Text *out)
{
    const char *state = json_get_string(box, "state", "");
    text_printf(out, "%s%s %s", style->boxes ? "- " : "  ", box_mark(style, state),
                json_get_string(box, "text", ""));
    if (text_equal(state, "unbound"))
        text_append(out, json_get_bool(box, "claimed", false)
                             ? " (the document says so, nothing ticks it)"
                             : " (nothing ticks it)");
    else if (!text_equal(state, "ticked"))
        text_printf(out, " (%s)", text_equal(state, "taken_back") ? "taken back" : state);
    text_append_char(out, '\n');
    size_t i = 0;
    json_t *tick = NULL;
    json_array_foreach (json_object_get(box, "ticks"), i, tick) {
        text_append(out, style->boxes ? "  " : "      ");
        report_tick_line(tick, out);
        text_append_char(out, '\n');
    }
}

static void write_checklist(const json_t *checklist, const Style *style, Text *out)
{
    const json_t *before = NULL;
    const json_t *counts = json_object_get(checklist, "counts");
    size_t i = 0;
    json_t *box = NULL;
    if (!json_is_object(checklist))
        return;
    text_printf(out, "\n%s: %" PRId64 " of %" PRId64 " boxes ticked, %" PRId64 " failed\n",
                json_get_string(checklist, "file", ""), json_get_int(counts, "ticked", 0),
                json_get_int(counts, "boxes", 0), json_get_int(counts, "failed", 0));
    json_array_foreach (json_object_get(checklist, "boxes"), i, box) {
        write_headings(box, &before, style, out);
        write_box(box, style, out);
    }
}

/* ------------------------------------------------------------------ what happened */

static void write_step(const json_t *step, const Style *style, Text *out)
{
    char time[TIME_BYTES];
    const char *state = json_get_string(step, "state", "");
    int64_t forward_us = json_get_int(step, "forward_us", -1);
    int64_t back_us = json_get_int(step, "back_us", -1);
    int64_t rows = json_get_int(step, "rows", -1);
    text_printf(out, "%s%s \"%s\": %s", style->item, json_get_string(step, "kind", ""),
                json_get_string(step, "path", ""), state);
    if (rows >= 0)
        text_printf(out, ", %" PRId64 " rows", rows);
    if (forward_us >= 0)
        text_printf(out, ", forward %s", report_time(forward_us, time, sizeof(time)));
    if (back_us >= 0)
        text_printf(out, ", back %s", report_time(back_us, time, sizeof(time)));
    if (json_get_string(step, "text", NULL) != NULL)
        text_printf(out, ", %s", json_get_string(step, "text", ""));
    if (json_get_string(step, "error", NULL) != NULL)
        text_printf(out, ": %s", json_get_string(step, "error", ""));
    text_append_char(out, '\n');
}

void report_fields(const json_t *fields, Text *out)
{
    const char *name;
    json_t *value;
    const char *before = "";
    json_object_foreach (loose(fields), name, value) {
        AUTO(base_free) char *shown = plan_param_shown(value);
        text_printf(out, "%s%s = %s", before, name, shown);
        before = ", ";
    }
}

void report_advanced(const json_t *advanced, Text *out)
{
    char counted[TIME_BYTES];
    char window[TIME_BYTES];
    size_t i = 0;
    json_t *person = NULL;
    text_printf(out, "after %s of %s: %s (asked by %s, approved by ",
                report_time(json_get_int(advanced, "counted_us", 0), counted, sizeof(counted)),
                report_time(json_get_int(advanced, "window_us", 0), window, sizeof(window)),
                json_get_string(advanced, "why", ""), json_get_string(advanced, "by", ""));
    json_array_foreach (json_object_get(advanced, "approved_by"), i, person) {
        text_printf(out, "%s%s", i == 0 ? "" : ", ", json_string_value(person));
    }
    text_append_char(out, ')');
}

static void write_advanced(const json_t *list, const Style *style, Text *out)
{
    size_t i = 0;
    json_t *one = NULL;
    if (json_array_size(list) > 0)
        text_printf(out, "\n%sOverrides\n", style->section);
    json_array_foreach (loose(list), i, one) {
        text_printf(out, "%sstage \"%s\" ended early ", style->item,
                    json_get_string(one, "stage", ""));
        report_advanced(one, out);
        text_append_char(out, '\n');
    }
}

/* What is owed where the glass was broken; told once, behind the last who broke it. */
static void write_obligation(const json_t *one, const json_t *next, const Style *style, Text *out)
{
    const json_t *owed = json_object_get(one, "obligation");
    if (!json_is_object(owed) ||
        json_equal(json_object_get(one, "path"), json_object_get(next, "path")))
        return;
    if (json_get_bool(owed, "open", true))
        text_printf(out, "%sgate \"%s\" OWES AN ANSWER: somebody else says what was looked at\n",
                    style->item, json_get_string(one, "path", ""));
    else
        text_printf(out, "%sgate \"%s\": %s looked at it: %s\n", style->item,
                    json_get_string(one, "path", ""), json_get_string(owed, "by", ""),
                    json_get_string(owed, "note", ""));
}

static const char *decision_text(const char *decision)
{
    return text_equal(decision, "approve")       ? "approved"
           : text_equal(decision, "break_glass") ? "GLASS BROKEN"
                                                 : "rejected";
}

static void write_approvals(const json_t *approvals, const Style *style, Text *out)
{
    size_t i = 0;
    json_t *one = NULL;
    if (json_array_size(approvals) > 0)
        text_printf(out, "\n%sApprovals\n", style->section);
    json_array_foreach (loose(approvals), i, one) {
        const char *person = json_get_string(one, "person", NULL);
        const char *comment = json_get_string(one, "comment", "");
        const char *decision = json_get_string(one, "decision", "");
        text_printf(out, "%sgate \"%s\" (%s)", style->item, json_get_string(one, "path", ""),
                    json_get_string(one, "state", ""));
        if (person == NULL)
            text_append(out, ": nobody");
        else
            text_printf(out, ": %s by %s%s%s", decision_text(decision), person,
                        comment[0] == '\0' ? "" : ": ", comment);
        if (json_object_size(json_object_get(one, "fields")) > 0)
            text_append(out, ", ");
        report_fields(json_object_get(one, "fields"), out);
        text_append_char(out, '\n');
        write_obligation(one, json_array_get(approvals, i + 1), style, out);
    }
}

static void write_budgets(const json_t *report, const Style *style, Text *out)
{
    static const struct {
        const char *key;
        const char *text;
    } TIMES[] = {{"active_us", "working"},    {"waiting_us", "waiting for people"},
                 {"watching_us", "watching"}, {"duration_us", "in all"},
                 {"downtime_us", "downtime"}, {"rollback_us", "rollback"}};
    char time[TIME_BYTES];
    char allowed[TIME_BYTES];
    size_t i = 0;
    json_t *budget = NULL;
    text_printf(out, "\n%stime:", style->item);
    for (size_t k = 0; k < COUNT_OF(TIMES); k++) {
        int64_t us = json_get_int(json_object_get(report, "times"), TIMES[k].key, -1);
        if (us > 0 || k == 0)
            text_printf(out, "%s %s %s", k == 0 ? "" : ",", TIMES[k].text,
                        report_time(us, time, sizeof(time)));
    }
    text_append_char(out, '\n');
    json_array_foreach (json_object_get(report, "budgets"), i, budget)
        text_printf(out, "%sbudget %s: %s of %s%s\n", style->item,
                    json_get_string(budget, "name", ""),
                    report_time(json_get_int(budget, "measured_us", -1), time, sizeof(time)),
                    report_time(json_get_int(budget, "budget_us", 0), allowed, sizeof(allowed)),
                    json_get_bool(budget, "over", false) ? ": OVER BUDGET" : "");
}

static void write_rest(const json_t *report, const Style *style, Text *out)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(json_object_get(report, "rows"), "kept"), i, item)
        text_printf(out, "%skept: %" PRId64 " rows of %s, before \"%s\" was undone\n", style->item,
                    json_get_int(item, "rows", 0), json_get_string(item, "relation", ""),
                    json_get_string(item, "step", ""));
    if (json_array_size(json_object_get(report, "debt")) > 0)
        text_printf(out, "\n%sDebt\n", style->section);
    json_array_foreach (json_object_get(report, "debt"), i, item)
        text_printf(out, "%s%s: %s\n", style->item, json_get_string(item, "where", ""),
                    json_get_string(item, "text", ""));
}

static void write_all(const json_t *report, const Style *style, Text *out)
{
    const char *why = json_get_string(report, "unavailable", NULL);
    size_t i = 0;
    json_t *step = NULL;
    text_append_char(out, '\n');
    write_head(json_object_get(report, "run"), style, out);
    if (why != NULL)
        text_printf(out, "%sits steps are not known: %s\n", style->item, why);
    write_checklist(json_object_get(report, "checklist"), style, out);
    text_printf(out, "\n%sSteps\n", style->section);
    json_array_foreach (json_object_get(report, "steps"), i, step)
        write_step(step, style, out);
    write_approvals(json_object_get(report, "approvals"), style, out);
    write_advanced(json_object_get(report, "advanced"), style, out);
    write_budgets(report, style, out);
    write_rest(report, style, out);
}

void server_report_text(const json_t *report, Text *out)
{
    static const Style STYLE = {"", "", "  ", false};
    write_all(report, &STYLE, out);
}

void server_report_markdown(const json_t *report, Text *out)
{
    static const Style STYLE = {"# ", "## ", "- ", true};
    write_all(report, &STYLE, out);
}
