/* A function for each type of event; every type of server/shapes/api.json has a row (style/lines).
 */
#include "cli/line.h"

#include "base/clock.h"

#include <inttypes.h>
#include <string.h>

enum { BAR_WIDTH = 24 };

/* ": why", where there is one. */
static void write_behind(const json_t *data, const char *key, Text *out)
{
    const char *text = json_get_string(data, key, "");
    if (!text_empty(text))
        text_printf(out, ": %s", text);
}

static void line_run(const json_t *event, const json_t *data, Text *out)
{
    UNUSED(event);
    const char *text = json_get_string(json_object_get(data, "reason"), "text", "");
    text_printf(out, "%s: %s", json_get_string(data, "to", ""),
                text_empty(text) ? json_get_string(data, "why", "") : text);
}

static void line_step(const json_t *event, const json_t *data, Text *out)
{
    text_printf(out, "  %-11s %s \"%s\"", json_get_string(data, "to", ""),
                json_get_string(data, "kind", ""), json_get_string(event, "node", ""));
    const char *problem = json_get_string(json_object_get(data, "error"), "message", NULL);
    if (problem != NULL)
        text_printf(out, ": %s", problem);
}

static void line_lock(const json_t *event, const json_t *data, Text *out)
{
    text_printf(out, "  %-11s step \"%s\": try %" PRId64 " %s", json_get_string(data, "state", ""),
                json_get_string(event, "node", ""), json_get_int(data, "try", 0),
                json_get_string(data, "text", ""));
}

static void line_check(const json_t *event, const json_t *data, Text *out)
{
    text_printf(out, "  %-11s %s \"%s\": %s", json_get_string(data, "verdict", ""),
                json_get_string(data, "kind", ""), json_get_string(event, "node", ""),
                json_get_string(data, "text", ""));
}

/* A statement outside transactions: phase instead of rows, and who it waits for. */
static void line_phase(const json_t *event, const json_t *data, Text *out)
{
    char lasts[32];
    int64_t total = json_get_int(data, "total", 0);
    text_printf(out, "  %s %s: %s", json_get_string(event, "node", ""),
                json_get_string(data, "object", ""), json_get_string(data, "phase", ""));
    if (total > 0)
        text_printf(out, ", %" PRId64 "/%" PRId64 " %s", json_get_int(data, "done", 0), total,
                    json_get_string(data, "unit", ""));
    text_printf(out, ", for %s",
                duration_text(json_get_int(data, "running_s", 0) * 1000000, lasts, sizeof(lasts)));
    size_t i = 0;
    json_t *blocker = NULL;
    json_array_foreach (json_object_get(data, "waits_for"), i, blocker)
        text_printf(out, "%s pid %" PRId64 " (%s)", i == 0 ? "; waits for" : ",",
                    json_get_int(blocker, "pid", 0), json_get_string(blocker, "application", ""));
}

/* Whole seconds: the interval says how much more would be made up. */
static const char *left_text(double seconds, char *out, size_t size)
{
    return duration_text((int64_t)(seconds + 0.5) * 1000000, out, size);
}

static void write_left(const json_t *data, Text *out)
{
    char left[32];
    char low[32];
    char high[32];
    double eta_s = json_get_number(data, "eta_s", -1);
    double high_s = json_get_number(data, "eta_high_s", -1);
    if (eta_s < 0)
        return;
    text_printf(out, ", %s left", left_text(eta_s, left, sizeof(left)));
    if (high_s >= 1)
        text_printf(out, " (%s to %s)",
                    left_text(json_get_number(data, "eta_low_s", 0), low, sizeof(low)),
                    left_text(high_s, high, sizeof(high)));
}

static void line_progress(const json_t *event, const json_t *data, Text *out)
{
    if (json_get_string(data, "phase", NULL) != NULL) {
        line_phase(event, data, out);
        return;
    }
    int64_t done = json_get_int(data, "done", 0);
    int64_t total = json_get_int(data, "total", 0);
    double part = total > 0 ? (double)done / (double)total : 0;
    int filled = part >= 1 ? BAR_WIDTH : (int)(part * BAR_WIDTH);
    char bar[BAR_WIDTH + 1];
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    text_printf(out, "  [%s] %3.0f %% %s %" PRId64 "/%" PRId64 " rows, %.0f rows/s", bar,
                part > 1 ? 100.0 : part * 100, json_get_string(event, "node", ""), done, total,
                json_get_number(data, "rows_per_s", 0));
    write_left(data, out);
}

static void line_gate(const json_t *event, const json_t *data, Text *out)
{
    text_printf(
        out, "  gate \"%s\": %s", json_get_string(event, "node", ""),
        json_get_string(data, "question",
                        json_get_string(data, "state", json_get_string(data, "decision", ""))));
    if (json_get_string(data, "person", NULL) != NULL)
        text_printf(out, " by %s", json_get_string(data, "person", ""));
}

static void line_stage(const json_t *event, const json_t *data, Text *out)
{
    char window[32];
    text_printf(out, "  stage \"%s\": %s", json_get_string(event, "node", ""),
                json_get_string(data, "state", ""));
    if (text_equal(json_get_string(data, "state", ""), "watching"))
        text_printf(out, " for %s",
                    duration_text(json_get_int(data, "window_us", 0), window, sizeof(window)));
    write_behind(data, "why", out);
}

static void line_flag(const json_t *event, const json_t *data, Text *out)
{
    const char *to = json_get_string(data, "to", NULL);
    if (to != NULL)
        text_printf(out, "  %g %% of the traffic of \"%s\" goes to %s",
                    json_get_number(data, "percent", 0), json_get_string(event, "node", ""), to);
    else
        text_printf(out, "  flag \"%s\" is at %g %%, %s", json_get_string(event, "node", ""),
                    json_get_number(data, "percent", 0),
                    json_get_bool(data, "enabled", false) ? "on" : "off");
}

static void line_sample(const json_t *event, const json_t *data, Text *out)
{
    UNUSED(event);
    char left[32];
    text_append(out, "  guards:");
    size_t i = 0;
    json_t *guard = NULL;
    json_array_foreach (json_object_get(data, "guards"), i, guard) {
        text_printf(out, "%s %s", i == 0 ? "" : ",", json_get_string(guard, "metric", ""));
        if (json_is_number(json_object_get(guard, "value")))
            text_printf(out, " %.4g %s", json_get_number(guard, "value", 0),
                        json_get_string(guard, "verdict", ""));
        else
            text_append(out, " no data");
    }
    text_printf(out, "; %s left",
                duration_text(json_get_int(data, "left_us", 0), left, sizeof(left)));
}

static void line_log(const json_t *event, const json_t *data, Text *out)
{
    UNUSED(event);
    text_printf(out, "  %s: %s", json_get_string(data, "level", ""),
                json_get_string(data, "text", ""));
}

static void line_throttle(const json_t *event, const json_t *data, Text *out)
{
    text_printf(out, "  %s %s (%.0f %%)", json_get_string(event, "node", ""),
                json_get_string(data, "state", ""), json_get_number(data, "duty", 0) * 100);
    write_behind(data, "why", out);
}

static void line_budget(const json_t *event, const json_t *data, Text *out)
{
    UNUSED(event);
    text_printf(out, "  %s", json_get_string(data, "text", ""));
}

static void line_request(const json_t *event, const json_t *data, Text *out)
{
    UNUSED(event);
    text_printf(out, "  %s asked by %s", json_get_string(data, "kind", ""),
                json_get_string(data, "by", ""));
    write_behind(data, "why", out);
}

static void line_review(const json_t *event, const json_t *data, Text *out)
{
    if (json_object_get(data, "open") != NULL)
        text_printf(out, "  review \"%s\": %" PRId64 " row(s) wait for a decision",
                    json_get_string(event, "node", ""), json_get_int(data, "open", 0));
    else
        text_printf(out, "  review \"%s\": %" PRId64 " decided by %s",
                    json_get_string(event, "node", ""), json_get_int(data, "count", 0),
                    json_get_string(data, "by", ""));
}

static void line_created(const json_t *event, const json_t *data, Text *out)
{
    UNUSED(event);
    text_printf(out, "\"%s\" on %s, started by %s", json_get_string(data, "plan", ""),
                json_get_string(data, "environment", ""), json_get_string(data, "started_by", ""));
}

static void line_asked(const json_t *event, const json_t *data, Text *out)
{
    text_printf(out, "  gate \"%s\": %s wants its evidence looked at again",
                json_get_string(event, "node", ""), json_get_string(data, "by", ""));
}

static void line_checked(const json_t *event, const json_t *data, Text *out)
{
    UNUSED(data);
    text_printf(out, "  gate \"%s\": its evidence was looked at again, and says the same",
                json_get_string(event, "node", ""));
}

/* A note is a person's; to "did it happen?" it begins with yes or no. */
static void line_answer(const json_t *event, const json_t *data, Text *out)
{
    text_printf(out, "  \"%s\": ", json_get_string(event, "node", ""));
    if (text_equal(json_get_string(data, "asked", ""), "did_it_happen")) {
        text_printf(out, "did it happen? %s", json_get_string(data, "note", ""));
    } else {
        text_printf(out, "item %" PRId64 " done", json_get_int(data, "item", 0) + 1);
        write_behind(data, "note", out);
    }
    text_printf(out, ", by %s", json_get_string(data, "by", ""));
}

static void line_again(const json_t *event, const json_t *data, Text *out)
{
    size_t i = 0;
    json_t *part = NULL;
    text_printf(out, "  review \"%s\": row ", json_get_string(event, "node", ""));
    json_array_foreach (json_object_get(data, "key"), i, part)
        text_printf(out, "%s%s", i == 0 ? "" : ", ", json_string_value(part));
    text_append(out, " changed after it was decided: it is asked again");
}

static void line_advanced(const json_t *event, const json_t *data, Text *out)
{
    char counted[32];
    char window[32];
    text_printf(out, "  stage \"%s\": ended after %s of %s, asked by %s: %s",
                json_get_string(event, "node", ""),
                duration_text(json_get_int(data, "counted_us", 0), counted, sizeof(counted)),
                duration_text(json_get_int(data, "window_us", 0), window, sizeof(window)),
                json_get_string(data, "by", ""), json_get_string(data, "why", ""));
}

static void line_rewind(const json_t *event, const json_t *data, Text *out)
{
    UNUSED(event);
    text_printf(out, "the ledger went back to event %s: the database lost what came after",
                json_get_string(data, "to", ""));
}

static const struct Line {
    const char *type;
    void (*write)(const json_t *event, const json_t *data, Text *out);
    bool passing; /* overwritten by the next on a terminal */
} LINES[] = {
    {"run.created", line_created, false},   {"run.state", line_run, false},
    {"step.state", line_step, false},       {"step.lock", line_lock, false},
    {"check.result", line_check, false},    {"step.progress", line_progress, true},
    {"gate.opened", line_gate, false},      {"gate.approval", line_gate, false},
    {"gate.closed", line_gate, false},      {"gate.waiting", line_gate, false},
    {"gate.asked", line_asked, false},      {"gate.checked", line_checked, false},
    {"manual.answer", line_answer, false},  {"rollout.stage", line_stage, false},
    {"rollout.flag", line_flag, false},     {"rollout.advanced", line_advanced, false},
    {"rollout.sample", line_sample, true},  {"log", line_log, false},
    {"request", line_request, false},       {"review.open", line_review, false},
    {"review.decided", line_review, false}, {"review.again", line_again, false},
    {"budget.over", line_budget, false},    {"step.throttle", line_throttle, true},
    {"rewind", line_rewind, false},
};

static const struct Line *line_of(const json_t *event)
{
    for (size_t i = 0; i < COUNT_OF(LINES); i++) {
        if (text_equal(LINES[i].type, json_get_string(event, "type", "")))
            return &LINES[i];
    }
    return NULL;
}

void cli_line(const json_t *event, Text *out)
{
    const struct Line *line = line_of(event);
    if (line == NULL)
        text_printf(out, "  %s %s", json_get_string(event, "type", ""),
                    json_get_string(event, "node", ""));
    else
        line->write(event, json_object_get(event, "data"), out);
}

bool cli_line_passes(const json_t *event)
{
    const struct Line *line = line_of(event);
    return line != NULL && line->passing;
}
