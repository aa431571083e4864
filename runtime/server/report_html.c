/* The report as one HTML file: no script, nothing from elsewhere, both themes, made to be printed.
 * Every text goes through escape(). */
#include "server/report.h"

#include "base/bounds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TIME_BYTES = 48, HEADINGS_MAX = 6, NARROW_COLUMNS = 4 };

static const char STYLE[] =
    ":root{color-scheme:light dark;--text:light-dark(#16202b,#e6ebf1);--soft:light-dark(#54616f,"
    "#9aa8b7);--line:light-dark(#dfe4ea,#27313c);--ground:light-dark(#fff,#0d1116);"
    "--good:light-dark(#17673a,#70cf8d);--bad:light-dark(#ac1f1f,#ff9189);"
    "--debt:light-dark(#7d4600,#f3bb63)}"
    "body{font:15px/1.45 system-ui,sans-serif;color:var(--text);background:var(--ground);"
    "max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid var(--line)}"
    "h3,h4,h5,h6{font-size:1rem;margin:1.2rem 0 .3rem}"
    "table{border-collapse:collapse;width:100%;font-size:.9rem}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;"
    "border-bottom:1px solid var(--line);overflow-wrap:anywhere}"
    "th{overflow-wrap:normal}.wide{overflow-x:auto}.wide td{overflow-wrap:break-word}.many "
    "table{min-width:40rem}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "ul.boxes{list-style:none;padding:0;margin:.3rem 0}ul.boxes li{padding:.2rem 0 .2rem 1.7rem;"
    "text-indent:-1.7rem;break-inside:avoid}ul.boxes li>*{text-indent:0}"
    ".m{display:inline-block;width:1.4rem;font-size:1.1rem}.ticked .m{color:var(--good)}"
    ".failed .m,.bad{color:var(--bad)}.unbound .m,.debt{color:var(--debt)}"
    ".why{display:block;color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}"
    ".soft{color:var(--soft)}.tag{color:var(--soft);font-size:.8rem;margin-left:.4rem}"
    "@media print{:root{color-scheme:light}body{margin:0;max-width:none;font-size:11pt}"
    "h2,h3{break-after:avoid}tr{break-inside:avoid}}";

static json_t *loose(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

static void escape(const char *text, Text *out)
{
    for (const char *at = text; *at != '\0'; at++) {
        switch (*at) {
        case '&':
            text_append(out, "&amp;");
            break;
        case '<':
            text_append(out, "&lt;");
            break;
        case '>':
            text_append(out, "&gt;");
            break;
        case '"':
            text_append(out, "&quot;");
            break;
        case '\'':
            text_append(out, "&#39;");
            break;
        default:
            text_append_char(out, *at);
        }
    }
}

/* <tag class="class">text</tag>; class may be NULL. */
static void element(const char *tag, const char *class, const char *text, Text *out)
{
    text_printf(out, class == NULL ? "<%s>" : "<%s class=\"%s\">", tag, class);
    escape(text, out);
    text_printf(out, "</%s>", tag);
}

static void cell_time(int64_t us, Text *out)
{
    char time[TIME_BYTES];
    element("td", "n", us < 0 ? "" : report_time(us, time, sizeof(time)), out);
}

static void cell_count(int64_t count, Text *out)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, count);
    element("td", "n", count < 0 ? "" : text, out);
}

/* ------------------------------------------------------------------ head */

static void fact(const char *name, const char *text, Text *out)
{
    if (text_empty(text))
        return;
    text_append(out, "<tr>");
    element("th", NULL, name, out);
    element("td", NULL, text, out);
    text_append(out, "</tr>\n");
}

/* How long it took, of what is not nothing. */
static void write_times(const json_t *times, Text *out)
{
    static const struct {
        const char *key;
        const char *name;
    } TIMES[] = {{"duration_us", "Forward took"},
                 {"rollback_us", "The way back took"},
                 {"downtime_us", "Application stopped"}};
    for (size_t i = 0; i < COUNT_OF(TIMES); i++) {
        char time[TIME_BYTES];
        int64_t us = json_get_int(times, TIMES[i].key, 0);
        fact(TIMES[i].name, us <= 0 ? NULL : report_time(us, time, sizeof(time)), out);
    }
}

static void write_head(const json_t *report, Text *out)
{
    static const struct {
        const char *key;
        const char *name;
    } FACTS[] = {{"environment", "Environment"},
                 {"database", "Database"},
                 {"state", "State"},
                 {"reason", "Reason"},
                 {"rollback_why", "Rolled back"},
                 {"started_by", "Started by"},
                 {"author", "Plan by"},
                 {"created_at", "Started"},
                 {"finished_at", "Ended"},
                 {"hash", "Plan hash"}};
    const json_t *run = json_object_get(report, "run");
    AUTO(base_free)
    char *title = base_printf("Run %s of %s: %s", json_get_string(run, "id", ""),
                              json_get_string(run, "plan", ""), json_get_string(run, "state", ""));
    text_append(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "style-src 'unsafe-inline'\">\n<meta name=\"viewport\" "
                     "content=\"width=device-width\">\n");
    element("title", NULL, title, out);
    text_printf(out, "\n<style>%s</style></head>\n<body><main>\n", STYLE);
    element("h1", NULL, title, out);
    text_append(out, "\n<p>");
    escape(json_get_string(run, "doc", ""), out);
    text_append(out, "</p>\n<table>\n");
    for (size_t i = 0; i < COUNT_OF(FACTS); i++)
        fact(FACTS[i].name, json_get_string(run, FACTS[i].key, NULL), out);
    write_times(json_object_get(report, "times"), out);
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get(run, "params"), name, value) {
        AUTO(base_free) char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        fact(name, shown, out);
    }
    fact("Not known", json_get_string(report, "unavailable", NULL), out);
    text_append(out, "</table>\n");
}

/* ------------------------------------------------------------------ check-list */

static void write_headings(const json_t *headings, const json_t *before, Text *out)
{
    size_t same = 0;
    while (before != NULL && same < json_array_size(headings) &&
           json_equal(json_array_get(headings, same), json_array_get(before, same)))
        same++;
    for (size_t i = same; i < json_array_size(headings); i++) {
        char tag[4];
        snprintf(tag, sizeof(tag), "h%zu", i + 3 > HEADINGS_MAX ? HEADINGS_MAX : i + 3);
        element(tag, NULL, json_string_value(json_array_get(headings, i)), out);
        text_append_char(out, '\n');
    }
}

static size_t depth_of(const json_t *boxes, const json_t *box)
{
    size_t depth = 0;
    while (json_is_integer(json_object_get(box, "outer"))) {
        box = json_array_get(boxes, (size_t)json_get_int(box, "outer", 0));
        depth++;
    }
    return depth;
}

static void write_box(const json_t *boxes, const json_t *box, Text *out)
{
    const char *state = json_get_string(box, "state", "");
    size_t i = 0;
    json_t *tick = NULL;
    text_printf(out, "<li class=\"%s\" style=\"margin-left:%zurem\">", state,
                depth_of(boxes, box) * 2);
    element("span", "m", report_mark(state), out);
    escape(json_get_string(box, "text", ""), out);
    element("span", "tag",
            text_equal(state, "unbound")      ? "nothing ticks it"
            : text_equal(state, "taken_back") ? "taken back"
                                              : json_get_string(box, "class", ""),
            out);
    json_array_foreach (json_object_get(box, "ticks"), i, tick) {
        AUTO(text_done) Text line;
        text_init(&line, REPORT_MAX_BYTES);
        report_tick_line(tick, &line);
        element("span", "why", text_string(&line), out);
    }
    text_append(out, "</li>\n");
}

static void write_checklist(const json_t *checklist, Text *out)
{
    const json_t *counts = json_object_get(checklist, "counts");
    const json_t *boxes = json_object_get(checklist, "boxes");
    const json_t *before = NULL;
    size_t i = 0;
    json_t *box = NULL;
    if (!json_is_object(checklist))
        return;
    text_append(out, "<h2>Check-list</h2>\n<p>");
    escape(json_get_string(checklist, "file", ""), out);
    text_printf(out,
                ": %" PRId64 " of %" PRId64 " ticked, %" PRId64 " failed, %" PRId64
                " that nothing ticks</p>\n",
                json_get_int(counts, "ticked", 0), json_get_int(counts, "boxes", 0),
                json_get_int(counts, "failed", 0), json_get_int(counts, "unbound", 0));
    json_array_foreach (loose(boxes), i, box) {
        const json_t *headings = json_object_get(box, "headings");
        if (before == NULL || !json_equal(before, headings)) {
            text_append(out, before == NULL ? "" : "</ul>\n");
            write_headings(headings, before, out);
            text_append(out, "<ul class=\"boxes\">\n");
        }
        before = headings;
        write_box(boxes, box, out);
    }
    text_append(out, before == NULL ? "" : "</ul>\n");
}

/* ------------------------------------------------------------------ tables */

static void begin_table(const char *title, const char *const *columns, size_t count, Text *out)
{
    element("h2", NULL, title, out);
    text_printf(out, "\n<div class=\"wide%s\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">",
                count > NARROW_COLUMNS ? " many" : "", title);
    text_append(out, "<table><thead><tr>");
    for (size_t i = 0; i < count; i++) {
        bool number = columns[i][0] == '#';
        element("th", number ? "n" : NULL, columns[i] + number, out);
    }
    text_append(out, "</tr></thead><tbody>\n");
}

static void end_table(Text *out)
{
    text_append(out, "</tbody></table></div>\n");
}

static void write_phases(const json_t *report, Text *out)
{
    static const char *const COLUMNS[] = {"Phase", "Kind",     "#Steps done",
                                          "#Rows", "#Forward", "#Back"};
    size_t i = 0;
    json_t *phase = NULL;
    begin_table("Phases", COLUMNS, COUNT_OF(COLUMNS), out);
    json_array_foreach (json_object_get(report, "phases"), i, phase) {
        char done[64];
        snprintf(done, sizeof(done), "%" PRId64 " of %" PRId64, json_get_int(phase, "done", 0),
                 json_get_int(phase, "steps", 0));
        text_append(out, "<tr>");
        element("td", NULL, json_get_string(phase, "name", ""), out);
        element("td", NULL,
                json_get_bool(phase, "downtime", false) ? "downtime"
                                                        : json_get_string(phase, "kind", ""),
                out);
        element("td", "n", done, out);
        cell_count(json_get_int(phase, "rows", -1), out);
        cell_time(json_get_int(phase, "forward_us", -1), out);
        cell_time(json_get_int(phase, "back_us", -1), out);
        text_append(out, "</tr>\n");
    }
    end_table(out);
}

static void write_steps(const json_t *report, Text *out)
{
    static const char *const COLUMNS[] = {"Step",     "Kind",  "State",        "#Rows",
                                          "#Forward", "#Back", "What it found"};
    size_t i = 0;
    json_t *step = NULL;
    begin_table("Steps", COLUMNS, COUNT_OF(COLUMNS), out);
    json_array_foreach (json_object_get(report, "steps"), i, step) {
        const char *state = json_get_string(step, "state", "");
        const char *text = json_get_string(step, "text", "");
        bool bad = text_equal(state, "failed") || text_equal(state, "undo_failed");
        text_append(out, "<tr>");
        element("td", NULL, json_get_string(step, "path", ""), out);
        element("td", NULL, json_get_string(step, "kind", ""), out);
        element("td", bad ? "bad" : NULL, state, out);
        cell_count(json_get_int(step, "rows", -1), out);
        cell_time(json_get_int(step, "forward_us", -1), out);
        cell_time(json_get_int(step, "back_us", -1), out);
        element("td", bad ? "bad" : NULL, json_get_string(step, "error", text), out);
        text_append(out, "</tr>\n");
    }
    end_table(out);
}

static void write_approvals(const json_t *report, Text *out)
{
    static const char *const COLUMNS[] = {"Gate", "State",   "Person", "Decision",
                                          "When", "Comment", "Answers"};
    static const char *const KEYS[] = {"path", "state", "person", "decision", "at", "comment"};
    const json_t *approvals = json_object_get(report, "approvals");
    size_t i = 0;
    json_t *one = NULL;
    if (json_array_size(approvals) == 0)
        return;
    begin_table("Approvals", COLUMNS, COUNT_OF(COLUMNS), out);
    json_array_foreach (loose(approvals), i, one) {
        text_append(out, "<tr>");
        for (size_t k = 0; k < COUNT_OF(KEYS); k++)
            element("td", NULL, json_get_string(one, KEYS[k], ""), out);
        AUTO(text_done) Text answers;
        text_init(&answers, BOUND_JSON_BYTES);
        report_fields(json_object_get(one, "fields"), &answers);
        element("td", NULL, text_string(&answers), out);
        text_append(out, "</tr>\n");
    }
    end_table(out);
}

static void write_advanced(const json_t *report, Text *out)
{
    static const char *const COLUMNS[] = {"Override", "Ended early"};
    const json_t *list = json_object_get(report, "advanced");
    size_t i = 0;
    json_t *one = NULL;
    if (json_array_size(list) == 0)
        return;
    begin_table("Overrides", COLUMNS, COUNT_OF(COLUMNS), out);
    json_array_foreach (loose(list), i, one) {
        AUTO(text_done) Text text;
        text_init(&text, BOUND_JSON_BYTES);
        report_advanced(one, &text);
        text_append(out, "<tr>");
        element("td", NULL, json_get_string(one, "stage", ""), out);
        element("td", "debt", text_string(&text), out);
        text_append(out, "</tr>\n");
    }
    end_table(out);
}

static void write_budgets(const json_t *report, Text *out)
{
    static const char *const COLUMNS[] = {"Budget", "#Measured", "#Allowed", "State"};
    const json_t *budgets = json_object_get(report, "budgets");
    size_t i = 0;
    json_t *one = NULL;
    if (json_array_size(budgets) == 0)
        return;
    begin_table("Budgets", COLUMNS, COUNT_OF(COLUMNS), out);
    json_array_foreach (loose(budgets), i, one) {
        bool over = json_get_bool(one, "over", false);
        text_append(out, "<tr>");
        element("td", NULL, json_get_string(one, "name", ""), out);
        cell_time(json_get_int(one, "measured_us", -1), out);
        cell_time(json_get_int(one, "budget_us", 0), out);
        element("td", over ? "bad" : "soft", over ? "over budget" : "within", out);
        text_append(out, "</tr>\n");
    }
    end_table(out);
}

static void write_rows(const json_t *report, Text *out)
{
    static const char *const KEPT[] = {"Kept from", "Before the undo of", "#Rows"};
    static const char *const DEBT[] = {"Debt", "Where"};
    const json_t *kept = json_object_get(json_object_get(report, "rows"), "kept");
    const json_t *debt = json_object_get(report, "debt");
    size_t i = 0;
    json_t *one = NULL;
    if (json_array_size(kept) > 0)
        begin_table("Rows that a rollback kept", KEPT, COUNT_OF(KEPT), out);
    json_array_foreach (loose(kept), i, one) {
        text_append(out, "<tr>");
        element("td", NULL, json_get_string(one, "relation", ""), out);
        element("td", NULL, json_get_string(one, "step", ""), out);
        cell_count(json_get_int(one, "rows", 0), out);
        text_append(out, "</tr>\n");
    }
    if (json_array_size(kept) > 0)
        end_table(out);
    if (json_array_size(debt) > 0)
        begin_table("Debt", DEBT, COUNT_OF(DEBT), out);
    json_array_foreach (loose(debt), i, one) {
        text_append(out, "<tr>");
        element("td", "debt", json_get_string(one, "text", ""), out);
        element("td", NULL, json_get_string(one, "where", ""), out);
        text_append(out, "</tr>\n");
    }
    if (json_array_size(debt) > 0)
        end_table(out);
}

void server_report_html(const json_t *report, Text *out)
{
    write_head(report, out);
    write_checklist(json_object_get(report, "checklist"), out);
    write_phases(report, out);
    write_steps(report, out);
    write_approvals(report, out);
    write_advanced(report, out);
    write_budgets(report, out);
    write_rows(report, out);
    text_append(out, "<p class=\"soft\">Headgate, ");
    escape(json_get_string(report, "reported_at", ""), out);
    text_append(out, "</p>\n</main></body></html>\n");
}
