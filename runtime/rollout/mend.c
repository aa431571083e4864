/* Gates about a failed undo. What was asked stands in the gate's evidence, and its digest is over
 * that: a row that was changed afterwards has another digest, and no approval counts for it. */
#include "rollout/mend.h"

#include "base/hash.h"
#include "ledger/gate.h"
#include "rollout/gate.h"
#include "run/step.h"
#include "sql/check.h"

#include <stdio.h>
#include <string.h>

static const struct Way {
    const char *kind;
    RunMendWay way;
    int need;
    const char *before; /* the question, around the node's name */
    const char *after;
    const char *then; /* on the approve button */
} WAYS[] = {
    {"skip", RUN_MEND_SKIP, 2, "Leave the undo of", " out, and go on with the rollback",
     "leave its undo out"},
    {"repair", RUN_MEND_REPAIR, 1, "Run this SQL instead of the undo of", "",
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

/* Whoever is responsible for the database: the role admin where there is one, otherwise the first.
 */
static const char *approver_of(const ConfigEnvironment *environment)
{
    for (size_t i = 0; i < environment->roles_count; i++) {
        if (text_starts(environment->roles[i].name, "admin"))
            return environment->roles[i].name;
    }
    return environment->roles_count > 0 ? environment->roles[0].name : NULL;
}

json_t *rollout_mend_ways(const ConfigEnvironment *environment)
{
    json_t *ways = json_array();
    for (size_t i = 0; i < COUNT_OF(WAYS); i++) {
        json_t *item = json_object();
        json_t *approvers = json_array();
        const char *role = environment == NULL ? NULL : approver_of(environment);
        if (role != NULL)
            json_array_append_new(approvers, json_string(role));
        json_set_string(item, "kind", WAYS[i].kind);
        json_set_int(item, "need", WAYS[i].need);
        json_object_set_new(item, "approvers", approvers);
        json_object_set_new(item, "auto",
                            json_boolean(environment != NULL && environment->gates_auto));
        json_array_append_new(ways, item);
    }
    return ways;
}

static void digest_of(const Run *run, const char *path, const json_t *asked, char *ret_hex)
{
    AUTO(json_auto) json_t *bound = json_object();
    json_set_string(bound, "plan", run->plan_hash);
    json_set_string(bound, "system", json_get_string(run->head, "system_identifier", ""));
    json_set_string(bound, "database", json_get_string(run->head, "database", ""));
    json_set_string(bound, "run", run->id_text);
    json_set_string(bound, "gate", path);
    json_object_set(bound, "asked", (json_t *)(uintptr_t)asked);
    AUTO(base_free) char *text = json_canonical(bound);
    hash_sha256_hex(text, strlen(text), ret_hex);
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
    if (approver_of(run->options.environment) == NULL && !run->options.environment->gates_auto)
        return error_set(err, ERROR_REFUSED, "nobody could approve: %s has no approvers",
                         run->options.environment->name);
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
    json_t *item = json_object();
    json_set_string(item, "path", node->path);
    json_set_string(item, "kind", plan_kind_name(node->kind));
    json_set_string(item, "verdict", "fail");
    json_set_string(item, "text", text);
    json_object_set(item, "request", json_object_get(request, "id"));
    json_object_set(item, "sql", json_object_get(body, "sql"));
    json_object_set(item, "why", json_object_get(body, "why"));
    json_t *list = json_array();
    json_array_append_new(list, item);
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

static json_t *approvers_of(const Run *run)
{
    const char *role = approver_of(run->options.environment);
    json_t *approvers = json_array();
    json_array_append_new(approvers, json_string(role == NULL ? "" : role));
    return approvers;
}

static bool open_gate(Run *run, const PlanNode *node, const struct Way *way, const json_t *request,
                      Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *evidence = evidence_of(run, node, request);
    AUTO(json_auto) json_t *next = next_of(way, node, json_object_get(request, "body"));
    AUTO(json_auto) json_t *approvers = approvers_of(run);
    char digest[HASH_HEX_BYTES];
    char question[400];
    const char *path = gate_path(arena, node, way);
    snprintf(question, sizeof(question), "%s \"%.200s\"%s?", way->before, node->name, way->after);
    digest_of(run, path, evidence, digest);
    LedgerGate row = {.path = path,
                      .digest = digest,
                      .question = question,
                      .approvers = approvers,
                      .need = way->need,
                      .evidence = evidence,
                      .next = next};
    int64_t told_us = 0;
    return ledger_gate_open(run->ledger, &run->writer, &row, err) &&
           rollout_gate_tell(run, path, &told_us, err);
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

static bool decided(Run *run, const char *path, int need, const json_t *row, RunMend *mend,
                    Error *err)
{
    char digest[HASH_HEX_BYTES];
    digest_of(run, path, json_object_get(row, "evidence"), digest);
    if (!text_equal(digest, json_get_string(row, "digest", "")))
        return error_set(err, ERROR_REFUSED,
                         "gate \"%s\" is not what was asked for: its row was changed", path);
    if (run->options.environment->gates_auto) {
        mend->approved = true;
        mend->by = "policy";
        return true;
    }
    AUTO(json_auto) json_t *approvers = approvers_of(run);
    GateFound found = {0};
    const GateRun of = rollout_gate_run(run);
    bool ok = rollout_gate_count(&of, path, row, &(GateAsks){.approvers = approvers, .need = need},
                                 &found, err);
    mend->approved = found.quorum.approved;
    mend->rejected = found.quorum.rejected;
    const char *by = json_string_value(json_array_get(found.people, 0));
    mend->by = arena_strdup(run->arena, by == NULL ? "" : by);
    rollout_gate_found_done(&found);
    return ok;
}

/* *ret_closed false: something was said since so much had been said. */
static bool close_gate(Run *run, const char *path, const char *how, int64_t said, bool *ret_closed,
                       Error *err)
{
    AUTO(json_auto) json_t *data = json_object();
    json_set_string(data, "state", how);
    const LedgerGateClose gate = {.path = path, .state = how, .said = said, .data = data};
    return ledger_events_flush(run->events, err) &&
           ledger_gate_close(run->ledger, &run->writer, &gate, ret_closed, err);
}

/* *ret_again: something was said while it was looked at. */
static bool look(Run *run, const PlanNode *node, const struct Way *way, RunMend *mend,
                 bool *ret_again, Error *err)
{
    const char *path = gate_path(run->arena, node, way);
    AUTO(json_auto) json_t *row = NULL;
    *ret_again = false;
    if (!ledger_gate_read(run->ledger, run->id, path, &row, err))
        return false;
    const char *state = json_get_string(row, "state", "");
    RunMend found = {.way = way->way,
                     .gate = path,
                     .said = json_get_int(row, "said", -1),
                     .passed = text_equal(state, "passed")};
    if (!found.passed && !text_equal(state, "open"))
        return true;
    if (!decided(run, path, way->need, row, &found, err))
        return false;
    if (found.rejected && !found.passed) {
        bool closed = false;
        bool ok = close_gate(run, path, "rejected", found.said, &closed, err);
        *ret_again = !closed;
        return ok;
    }
    const json_t *asked = json_array_get(json_object_get(row, "evidence"), 0);
    const char *sql = json_get_string(asked, "sql", NULL);
    found.why = arena_strdup(run->arena, json_get_string(asked, "why", ""));
    found.sql = sql == NULL ? NULL : arena_strdup(run->arena, sql);
    if (mend->way == RUN_MEND_NOTHING || found.approved)
        *mend = found;
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
    return mend->passed || close_gate(run, mend->gate, "passed", mend->said, ret_begun, err);
}
