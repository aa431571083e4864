/* Puts the report together: everything the server knows of the run, its plan, and where its time
 * went. */
#include "server/report.h"

#include "base/clock.h"
#include "base/log.h"
#include "ledger/call.h"
#include "ledger/run.h"
#include "plan/tick.h"
#include "run/budget.h"
#include "server/checklist.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A report on its way; all borrowed. */
typedef struct Making {
    const Plan *plan;
    const json_t *whole; /* server_view_report() */
    const Spent *spent;
    json_t *steps; /* path → row */
    json_t *rows;  /* path → counts */
    json_t *debt;
} Making;

static json_t *loose(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

static json_t *by_path(const json_t *rows)
{
    json_t *map = json_object();
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (loose(rows), i, row)
        json_object_set(map, json_get_string(row, "path", ""), row);
    return map;
}

static void copy(const json_t *from, json_t *to, const char *const *keys)
{
    for (size_t i = 0; keys[i] != NULL; i++) {
        json_t *value = json_object_get(from, keys[i]);
        json_object_set(to, keys[i], value == NULL ? json_null() : value);
    }
}

static void set_time(json_t *object, const char *key, int64_t us)
{
    json_object_set_new(object, key, us < 0 ? json_null() : json_integer(us));
}

/* ------------------------------------------------------------------ run */

static json_t *run_json(const Making *making)
{
    static const char *const KEYS[] = {
        "id",     "plan",       "hash",        "environment", "database",     "state", "started_by",
        "author", "created_at", "finished_at", "params",      "rollback_why", NULL};
    json_t *run = json_object();
    copy(making->whole, run, KEYS);
    const json_t *reason = json_object_get(making->whole, "reason");
    json_set_string(run, "reason", json_get_string(reason, "text", NULL));
    json_set_string(run, "doc", plan_text(making->plan->root, "doc"));
    return run;
}

/* ------------------------------------------------------------------ steps and phases */

static int64_t rows_of(const Making *making, const char *path)
{
    return json_get_int(json_object_get(making->rows, path), "changed", -1);
}

static json_t *step_json(const Making *making, const PlanNode *node)
{
    static const char *const KEYS[] = {"started_at", "finished_at", NULL};
    const json_t *row = json_object_get(making->steps, node->path);
    const json_t *detail = json_object_get(row, "detail");
    const SpentNode *spent = &making->spent->nodes[node->index];
    json_t *step = json_object();
    json_set_string(step, "path", node->path);
    json_set_string(step, "kind", plan_kind_name(node->kind));
    json_set_string(step, "name", node->name);
    json_set_string(step, "state", json_get_string(row, "state", "pending"));
    json_set_int(step, "attempt", json_get_int(row, "attempt", 0));
    set_time(step, "rows", rows_of(making, node->path));
    copy(row, step, KEYS);
    set_time(step, "forward_us", spent->forward_us);
    set_time(step, "back_us", spent->back_us);
    json_set_string(step, "text", json_get_string(detail, "text", NULL));
    json_set_string(step, "error", json_get_string(json_object_get(row, "error"), "message", NULL));
    json_set_string(step, "one_way", plan_text(node, "one_way"));
    if (text_equal(json_get_string(row, "state", ""), "skipped"))
        json_array_append_new(making->debt, json_pack("{s:s, s:s, s:s}", "kind", "skipped", "where",
                                                      node->path, "text", "left as it is"));
    return step;
}

static json_t *steps_json(const Making *making)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < making->plan->nodes_count; i++) {
        if (!plan_groups(making->plan->nodes[i]))
            json_array_append_new(steps, step_json(making, making->plan->nodes[i]));
    }
    return steps;
}

/* A rollout is one step: what its stages did is its own. */
static void add_phase_steps(const Making *making, const PlanNode *node,
                            json_t *phase) // NOLINT(misc-no-recursion): <= BOUND_PLAN_DEPTH
{
    if (plan_groups(node)) {
        for (size_t i = 0; i < node->children_count; i++)
            add_phase_steps(making, node->children[i], phase);
        return;
    }
    int64_t rows = rows_of(making, node->path);
    const char *state =
        json_get_string(json_object_get(making->steps, node->path), "state", "pending");
    json_set_int(phase, "steps", json_get_int(phase, "steps", 0) + 1);
    json_set_int(phase, "done", json_get_int(phase, "done", 0) + text_equal(state, "done"));
    if (rows >= 0)
        json_set_int(phase, "rows", json_get_int(phase, "rows", 0) + rows);
    if (text_equal(state, "failed") || text_equal(state, "undo_failed"))
        json_set_int(phase, "failed", json_get_int(phase, "failed", 0) + 1);
    if (text_equal(state, "undone"))
        json_set_int(phase, "undone", json_get_int(phase, "undone", 0) + 1);
}

/* What stands in the plan: phases, and what stands between them. */
static json_t *phases_json(const Making *making)
{
    json_t *phases = json_array();
    for (size_t i = 0; i < making->plan->root->children_count; i++) {
        const PlanNode *node = making->plan->root->children[i];
        const SpentNode *spent = &making->spent->nodes[node->index];
        json_t *phase = json_object();
        json_set_string(phase, "path", node->path);
        json_set_string(phase, "kind", plan_kind_name(node->kind));
        json_set_string(phase, "name", node->name);
        json_object_set_new(phase, "downtime", json_boolean(plan_bool(node, "downtime")));
        json_object_set_new(phase, "rows", json_null());
        json_set_int(phase, "failed", 0);
        json_set_int(phase, "undone", 0);
        add_phase_steps(making, node, phase);
        set_time(phase, "forward_us", spent->forward_us);
        set_time(phase, "back_us", spent->back_us);
        json_array_append_new(phases, phase);
    }
    return phases;
}

/* ------------------------------------------------------------------ people, rows, debt */

static json_t *approvals_json(const Making *making)
{
    static const char *const GATE[] = {"path",  "question",   "state", "need",
                                       "glass", "obligation", NULL};
    static const char *const GIVEN[] = {"person", "roles", "decision", "comment",
                                        "fields", "at",    NULL};
    json_t *approvals = json_array();
    size_t i = 0;
    json_t *gate = NULL;
    json_array_foreach (json_object_get(making->whole, "gates"), i, gate) {
        const json_t *list = json_object_get(gate, "approvals");
        if (json_get_bool(json_object_get(gate, "obligation"), "open", false))
            json_array_append_new(making->debt,
                                  json_pack("{s:s, s:s, s:s}", "kind", "obligation", "where",
                                            json_get_string(gate, "path", ""), "text",
                                            "its glass was broken, and nobody has looked since"));
        for (size_t k = 0; k == 0 || k < json_array_size(list); k++) {
            json_t *item = json_object();
            copy(gate, item, GATE);
            copy(json_array_get(list, k), item, GIVEN);
            json_array_append_new(approvals, item);
        }
    }
    return approvals;
}

/* Stages whose watch people ended before its window was over. */
static json_t *advanced_json(const Making *making)
{
    json_t *list = json_array();
    size_t i = 0;
    json_t *rollout = NULL;
    json_array_foreach (json_object_get(making->whole, "rollouts"), i, rollout) {
        size_t k = 0;
        json_t *stage = NULL;
        json_array_foreach (json_object_get(rollout, "stages"), k, stage) {
            json_t *item = json_copy(json_object_get(stage, "advanced"));
            if (!json_is_object(item)) {
                json_decref(item);
                continue;
            }
            json_object_set(item, "stage", json_object_get(stage, "path"));
            json_array_append_new(list, item);
        }
    }
    return list;
}

static json_t *kept_json(const Making *making)
{
    json_t *kept = json_array();
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (json_object_get(making->whole, "steps"), i, row) {
        size_t k = 0;
        json_t *part = NULL;
        json_array_foreach (json_object_get(json_object_get(row, "detail"), "kept"), k, part) {
            json_t *item = json_copy(part);
            json_set_string(item, "step", json_get_string(row, "path", ""));
            json_array_append_new(kept, item);
        }
    }
    return kept;
}

static json_t *rows_json(const Making *making)
{
    json_t *rows = json_object();
    const json_t *review = json_object_get(making->whole, "review");
    json_object_set(rows, "review", loose(review));
    json_object_set_new(rows, "kept", kept_json(making));
    int64_t open = json_get_int(review, "open", 0);
    if (open > 0) {
        AUTO(base_free) char *text = base_printf("%" PRId64 " rows wait for a decision", open);
        json_array_append_new(making->debt, json_pack("{s:s, s:s, s:s}", "kind", "review", "where",
                                                      "review queue", "text", text));
    }
    return rows;
}

static void add_box_debt(const Making *making, const json_t *checklist)
{
    size_t i = 0;
    json_t *box = NULL;
    json_array_foreach (json_object_get(checklist, "boxes"), i, box) {
        if (!text_equal(json_get_string(box, "class", ""), plan_tick_class_name(BOX_UNBOUND)))
            continue;
        AUTO(base_free)
        char *where = base_printf("%s:%" PRId64, json_get_string(checklist, "file", ""),
                                  json_get_int(box, "line", 0));
        json_array_append_new(making->debt,
                              json_pack("{s:s, s:s, s:s}", "kind", "unbound", "where", where,
                                        "text", json_get_string(box, "text", "")));
    }
}

/* ------------------------------------------------------------------ all of it */

static json_t *make(const Making *making)
{
    static const char *const TIMES[] = {"active_us", "waiting_us", "watching_us", NULL};
    static const char *const KEYS[] = {"unavailable", "reported_at", NULL};
    json_t *report = json_object();
    json_t *times = json_object();
    json_t *checklist = server_checklist(making->plan, making->whole);
    add_box_debt(making, checklist);
    json_set_int(report, "format", REPORT_FORMAT);
    copy(making->whole, report, KEYS);
    json_object_set_new(report, "run", run_json(making));
    json_object_set_new(report, "checklist", checklist == NULL ? json_null() : checklist);
    json_object_set_new(report, "phases", phases_json(making));
    json_object_set_new(report, "steps", steps_json(making));
    json_object_set_new(report, "approvals", approvals_json(making));
    json_object_set_new(report, "advanced", advanced_json(making));
    json_object_set_new(report, "budgets", run_budget_json(making->plan, making->spent));
    json_object_set_new(report, "rows", rows_json(making));
    copy(making->whole, times, TIMES);
    set_time(times, "downtime_us", making->spent->downtime_us);
    set_time(times, "rollback_us", making->spent->rollback_us);
    set_time(times, "duration_us", making->spent->duration_us);
    json_object_set_new(report, "times", times);
    json_object_set(report, "debt", making->debt);
    return report;
}

static bool read_plan(DbConn *state, const json_t *whole, Plan **ret_plan, Error *err)
{
    AUTO(json_auto) json_t *graph = NULL;
    const char *hash = json_get_string(whole, "hash", "");
    if (!ledger_plan_graph(state, hash, &graph, err))
        return false;
    if (graph == NULL)
        return error_set(err, ERROR_REFUSED,
                         "plan %.12s was registered by a binary with another plan language: report "
                         "with that binary",
                         hash);
    return plan_from_graph(graph, ret_plan, err);
}

/* What only the report reads: changes of state, the clock, and rows of the target if it can be
 * asked. */
static bool read_more(DbConn *state, ServerTargets *targets, int64_t run, json_t *whole, Error *err)
{
    AUTO(json_auto) json_t *moves = NULL;
    AUTO(json_auto) json_t *clock = NULL;
    AUTO(json_auto) json_t *rows = NULL;
    AUTO(target_put_auto) ServerTarget target = {0};
    LedgerParams params = {0};
    LedgerParams none = {0};
    LedgerParams of_target = {0};
    ledger_param_int(&params, run);
    ledger_param_int(&of_target, run);
    if (!ledger_call_json(state, "report_moves", &params, &moves, err) ||
        !ledger_call_json(state, "report_now", &none, &clock, err))
        return false;
    json_object_set(whole, "moves", moves);
    json_object_update(whole, json_array_get(clock, 0));
    if (json_is_string(json_object_get(whole, "unavailable")))
        return true;
    if (!server_view_target(state, targets, run, &target, err) ||
        !ledger_call_json(target.conn, "report_rows", &of_target, &rows, err))
        return false;
    json_object_set(whole, "rows", rows);
    return true;
}

bool server_report_read(DbConn *state, ServerTargets *targets, int64_t run, json_t **ret_report,
                        Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(plan_auto) Plan *plan = NULL;
    AUTO(json_auto) json_t *whole = NULL;
    if (!server_view_report(state, targets, run, &whole, err) ||
        !read_more(state, targets, run, whole, err) || !read_plan(state, whole, &plan, err))
        return false;
    AUTO(json_auto) json_t *steps = by_path(json_object_get(whole, "steps"));
    AUTO(json_auto) json_t *rows = by_path(json_object_get(whole, "rows"));
    AUTO(json_auto) json_t *debt = json_array();
    const Spent spent =
        run_spent(arena, plan, json_object_get(whole, "moves"), json_get_int(whole, "now_us", 0));
    *ret_report = make(&(Making){
        .plan = plan, .whole = whole, .spent = &spent, .steps = steps, .rows = rows, .debt = debt});
    return true;
}

bool server_report_checklist(DbConn *state, ServerTargets *targets, int64_t run,
                             json_t **ret_checklist, Error *err)
{
    AUTO(json_auto) json_t *report = NULL;
    if (!server_report_read(state, targets, run, &report, err))
        return false;
    *ret_checklist = json_object();
    json_object_set(*ret_checklist, "checklist", json_object_get(report, "checklist"));
    json_object_set(*ret_checklist, "budgets", json_object_get(report, "budgets"));
    return true;
}

/* ------------------------------------------------------------------ forms */

static void write_json(const json_t *report, Text *out)
{
    AUTO(base_free) char *text = json_text(report);
    text_append(out, text);
    text_append_char(out, '\n');
}

const ReportFormat REPORT_FORMATS[] = {
    {"text", "text/plain; charset=utf-8", "txt", server_report_text},
    {"md", "text/markdown; charset=utf-8", "md", server_report_markdown},
    {"html", "text/html; charset=utf-8", "html", server_report_html},
    {"json", "application/json", "json", write_json},
    {"junit", "application/xml", "xml", server_report_junit},
};
const size_t REPORT_FORMATS_COUNT = COUNT_OF(REPORT_FORMATS);

const ReportFormat *server_report_format(const char *name)
{
    for (size_t i = 0; i < REPORT_FORMATS_COUNT; i++) {
        if (text_equal(REPORT_FORMATS[i].name, name))
            return &REPORT_FORMATS[i];
    }
    return NULL;
}

void server_report_write(const ReportFormat *format, const json_t *report, Text *out)
{
    format->write(report, out);
    if (out->data != NULL) {
        log_redact(out->data);
        out->length_bytes = strlen(out->data);
    }
}

const char *report_time(int64_t us, char *out, size_t size)
{
    if (us < 0)
        snprintf(out, size, "–");
    else if (us < 1000000)
        snprintf(out, size, "%" PRId64 "ms", us / 1000);
    else if (us < 60 * (int64_t)1000000)
        snprintf(out, size, "%.1fs", (double)us / 1e6);
    else
        return duration_text(us / 1000000 * 1000000, out, size);
    return out;
}

const char *report_mark(const char *state)
{
    static const struct {
        const char *state;
        const char *mark;
    } MARKS[] = {{"ticked", "☑"}, {"failed", "✗"}};
    for (size_t i = 0; i < COUNT_OF(MARKS); i++) {
        if (text_equal(MARKS[i].state, state))
            return MARKS[i].mark;
    }
    return "☐";
}

void report_tick_line(const json_t *tick, Text *out)
{
    const char *state = json_get_string(tick, "state", "");
    const char *metric = json_get_string(tick, "metric", NULL);
    const char *text = json_get_string(tick, "text", NULL);
    const char *at = json_get_string(tick, "at", NULL);
    text_printf(out, "%s \"%s\"", json_get_string(tick, "kind", ""),
                json_get_string(tick, "path", ""));
    if (metric != NULL)
        text_printf(out, ", %s", metric);
    if (!text_equal(state, "ticked"))
        text_printf(out, " [%s]", text_equal(state, "taken_back") ? "taken back" : state);
    if (text != NULL)
        text_printf(out, ": %s", text);
    size_t i = 0;
    json_t *person = NULL;
    json_array_foreach (json_object_get(tick, "by"), i, person)
        text_printf(out, "%s%s", i == 0 ? ", by " : ", ", json_string_value(person));
    if (at != NULL)
        text_printf(out, " (%.10s %.8s UTC)", at, strlen(at) > 19 ? at + 11 : "");
}
