/* Gates about a failed undo. */
#include "rollout/mend.h"

#include "rollout/asked.h"
#include "run/step.h"
#include "sql/check.h"

static const struct Way {
    const char *kind;
    RunMendWay way;
    const char *before; /* the question, around the node's name */
    const char *after;
    const char *then; /* on the approve button */
} WAYS[] = {
    {"skip", RUN_MEND_SKIP, "Leave the undo of", " out, and go on with the rollback",
     "leave its undo out"},
    {"repair", RUN_MEND_REPAIR, "Run this SQL instead of the undo of", "",
     "this SQL instead of its undo"},
};

static const struct Way *way_of(const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(WAYS); i++) {
        if (text_equal(WAYS[i].kind, kind))
            return &WAYS[i];
    }
    return NULL;
}

static const char *gate_path(Arena *arena, const PlanNode *node, const struct Way *way)
{
    return arena_printf(arena, "%s/%s", node->path, way->kind);
}

/* ------------------------------------------------------------------ asking */

static bool check_asked(Run *run, const struct Way *way, const json_t *body, const PlanNode **ret,
                        Error *err)
{
    const char *path = json_get_string(body, "path", "");
    const char *sql = json_get_string(body, "sql", NULL);
    const PlanNode *node = plan_find(run->plan, path);
    *ret = node;
    if (node == NULL)
        return error_set(err, ERROR_INPUT, "the plan has no \"%.200s\"", path);
    if (run_step_state(run, node) != STEP_UNDO_FAILED)
        return error_set(err, ERROR_REFUSED, "the undo of \"%s\" has not failed", path);
    if (!rollout_asked_possible(run, err))
        return false;
    if (way->way != RUN_MEND_REPAIR)
        return true;
    if (sql == NULL)
        return error_set(err, ERROR_INPUT, "it has no SQL");
    SqlFile file = {
        .text = sql, .file = "the SQL", .first_line = 1, .transaction = SQL_TRANSACTION_YES};
    bool outside = false;
    return sql_check_file(&file, &outside, err);
}

/* Evidence and "next" are what the gate's page and digest are made of. */
static json_t *evidence_of(Run *run, const PlanNode *node, const json_t *request)
{
    const json_t *error = json_object_get(run_step_row(run, node->path), "error");
    const json_t *body = json_object_get(request, "body");
    AUTO(base_free)
    char *text = base_printf(
        "its undo failed: %.300s; %s says: %.1000s", json_get_string(error, "message", "?"),
        json_get_string(request, "asked_by", "somebody"), json_get_string(body, "why", ""));
    json_t *list = rollout_asked_evidence(node, "fail", text, request);
    json_t *item = json_array_get(list, 0);
    json_object_set(item, "sql", json_object_get(body, "sql"));
    return list;
}

static json_t *next_of(const struct Way *way, const PlanNode *node, const json_t *body)
{
    json_t *item = json_object();
    AUTO(base_free) char *text = base_printf("%s the undo of \"%s\"", way->kind, node->name);
    json_set_string(item, "kind", way->kind);
    json_set_string(item, "path", node->path);
    json_set_string(item, "text", text);
    json_set_string(item, "then", way->then);
    if (json_object_get(body, "sql") != NULL)
        json_object_set(item, "sql", json_object_get(body, "sql"));
    json_t *list = json_array();
    json_array_append_new(list, item);
    return list;
}

static bool open_gate(Run *run, const PlanNode *node, const struct Way *way, const json_t *request,
                      Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *evidence = evidence_of(run, node, request);
    AUTO(json_auto) json_t *next = next_of(way, node, json_object_get(request, "body"));
    const RolloutAsk ask = {
        .path = gate_path(arena, node, way),
        .kind = way->kind,
        .question = arena_printf(arena, "%s \"%.200s\"%s?", way->before, node->name, way->after),
        .evidence = evidence,
        .next = next};
    return rollout_asked_open(run, &ask, err);
}

bool rollout_mend_ask(Run *run, const json_t *request, const char **ret_outcome, Error *err)
{
    const json_t *body = json_object_get(request, "body");
    const struct Way *way = way_of(json_get_string(request, "kind", ""));
    const PlanNode *node = NULL;
    Error wrong = {0};
    if (way == NULL)
        return true;
    if (check_asked(run, way, body, &node, &wrong)) {
        *ret_outcome = "it waits for approval";
        return open_gate(run, node, way, request, err);
    }
    *ret_outcome = "refused";
    run_log(run, node == NULL ? "" : node->path, "error", "%s is refused: %s", way->kind,
            wrong.message);
    return true;
}

/* ------------------------------------------------------------------ looking */

static bool reject(Run *run, const char *path, const RolloutAsked *asked, bool *ret_again,
                   Error *err)
{
    bool closed = false;
    bool ok = rollout_asked_close(run, path, "rejected", asked->said, NULL, &closed, err);
    *ret_again = !closed;
    return ok;
}

/* The arena keeps what the gate's row says. */
static void take(Run *run, const struct Way *way, const char *path, const RolloutAsked *asked,
                 RunMend *mend)
{
    const json_t *what = rollout_asked_what(asked);
    const char *sql = json_get_string(what, "sql", NULL);
    const char *by = json_string_value(json_array_get(asked->people, 0));
    *mend = (RunMend){.way = way->way,
                      .approved = asked->approved,
                      .gate = path,
                      .digest = arena_strdup(run->arena, json_get_string(asked->row, "digest", "")),
                      .why = arena_strdup(run->arena, json_get_string(what, "why", "")),
                      .by = arena_strdup(run->arena, by == NULL ? "" : by),
                      .sql = sql == NULL ? NULL : arena_strdup(run->arena, sql),
                      .said = asked->said,
                      .passed = asked->passed};
}

/* *ret_again: something was said while it was looked at. */
static bool look(Run *run, const PlanNode *node, const struct Way *way, RunMend *mend,
                 bool *ret_again, Error *err)
{
    const RolloutAsk ask = {.path = gate_path(run->arena, node, way), .kind = way->kind};
    AUTO(rollout_asked_done) RolloutAsked asked;
    *ret_again = false;
    if (!rollout_asked_look(run, &ask, &asked, err))
        return false;
    if (asked.changed)
        return error_set(err, ERROR_REFUSED,
                         "gate \"%s\" is not what was asked for: its row was changed", ask.path);
    if (!asked.passed && !asked.open)
        return true;
    if (asked.rejected && !asked.passed)
        return reject(run, ask.path, &asked, ret_again, err);
    if (mend->way == RUN_MEND_NOTHING || asked.approved)
        take(run, way, ask.path, &asked, mend);
    return true;
}

bool rollout_mend_look(Run *run, const PlanNode *node, RunMend *ret_mend, Error *err)
{
    *ret_mend = (RunMend){0};
    for (size_t i = 0; i < COUNT_OF(WAYS) && !ret_mend->approved; i++) {
        for (bool again = true; again;) {
            if (!look(run, node, &WAYS[i], ret_mend, &again, err))
                return false;
        }
    }
    return true;
}

bool rollout_mend_begin(Run *run, const RunMend *mend, bool *ret_begun, Error *err)
{
    *ret_begun = mend->passed;
    return mend->passed ||
           rollout_asked_close(run, mend->gate, "passed", mend->said, NULL, ret_begun, err);
}
