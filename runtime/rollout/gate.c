/* Gates. */
#include "rollout/gate.h"

#include "access/sign.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "ledger/gate.h"
#include "rollout/rollout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 1000 };

/* ------------------------------------------------------------------ what is bound */

static bool below(const PlanNode *node, const char *path)
{
    size_t length = strlen(path);
    return strncmp(node->path, path, length) == 0 &&
           (node->path[length] == '\0' || node->path[length] == '/');
}

static bool gives_evidence(const PlanNode *node)
{
    return node->kind == PLAN_CHECK || node->kind == PLAN_VERIFY || node->kind == PLAN_BACKUP ||
           node->kind == PLAN_BACKFILL || node->kind == PLAN_IMPORT;
}

static json_t *evidence_item(const Run *run, const PlanNode *node)
{
    json_t *row = run_step_row(run, node->path);
    const json_t *detail = json_object_get(row, "detail");
    bool done = run_step_state(run, node) == STEP_DONE;
    json_t *item = json_object();
    json_set_string(item, "path", node->path);
    json_set_string(item, "kind", plan_kind_name(node->kind));
    json_set_string(item, "verdict", json_get_string(detail, "verdict", done ? "pass" : "not_run"));
    json_set_string(item, "text", json_get_string(detail, "text", done ? "done" : "not run"));
    json_set_string(item, "at", json_get_string(row, "finished_at", NULL));
    return item;
}

static json_t *evidence_of(const Run *run, const PlanNode *gate)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t count = 0;
    const char **paths = plan_strings(gate, "evidence", arena, &count);
    json_t *evidence = json_array();
    for (size_t n = 0; n < run->plan->nodes_count; n++) {
        const PlanNode *node = run->plan->nodes[n];
        for (size_t i = 0; i < count && gives_evidence(node); i++) {
            if (below(node, paths[i])) {
                json_array_append_new(evidence, evidence_item(run, node));
                break;
            }
        }
    }
    return evidence;
}

void rollout_gate_digest(const Run *run, const PlanNode *gate, const json_t *evidence, int attempt,
                         char *ret_hex)
{
    AUTO(json_auto) json_t *bound = json_object();
    json_set_string(bound, "plan", run->plan_hash);
    json_object_set(bound, "params", json_object_get(run->head, "params"));
    json_object_set_new(bound, "config",
                        config_shown(run->options.config, run->options.environment));
    json_set_string(bound, "system", json_get_string(run->head, "system_identifier", ""));
    json_set_string(bound, "database", json_get_string(run->head, "database", ""));
    json_set_string(bound, "run", run->id_text);
    json_set_string(bound, "gate", gate->path);
    json_set_int(bound, "attempt", attempt);
    json_object_set(bound, "keys", gate->keys);
    json_t *items = json_array();
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (evidence, i, item) {
        const PlanNode *node = plan_find(run->plan, json_get_string(item, "path", ""));
        json_t *one = json_object();
        json_set_string(one, "path", node->path);
        json_object_set(one, "definition", node->keys);
        json_object_set(one, "verdict", json_object_get(item, "verdict"));
        json_array_append_new(items, one);
    }
    json_object_set_new(bound, "evidence", items);
    AUTO(base_free) char *text = json_canonical(bound);
    hash_sha256_hex(text, strlen(text), ret_hex);
}

/* ------------------------------------------------------------------ what follows */

static void next_text(const PlanNode *node, const ConfigEnvironment *environment, char *out,
                      size_t size)
{
    char window[32];
    if (node->kind == PLAN_STAGE)
        snprintf(out, size, "set %s to %g %% and watch %s", node->parent->name,
                 plan_number(node, "percent"),
                 duration_text(rollout_window_us(node, environment), window, sizeof(window)));
    else
        snprintf(out, size, "%s \"%s\"", plan_kind_name(node->kind), node->name);
}

/* What a stage does to the flag, for people; the real statement also compares what it saw last. */
static void stage_sql(const PlanNode *stage, json_t *item)
{
    const json_t *flag = json_object_get(stage->parent->keys, "flag");
    const char *enabled = json_get_string(flag, "enabled", NULL);
    AUTO(base_free)
    char *on = enabled == NULL ? base_strdup("") : base_printf(", %s = true", enabled);
    AUTO(base_free)
    char *sql =
        base_printf("UPDATE %s SET %s = %g%s WHERE %s = '%s'", json_get_string(flag, "table", ""),
                    json_get_string(flag, "percent", ""), plan_number(stage, "percent"), on,
                    json_get_string(flag, "name", ""), stage->parent->name);
    json_set_string(item, "sql", sql);
}

static void describe_stage(const PlanNode *stage, json_t *item)
{
    char then[64];
    snprintf(then, sizeof(then), "go to %g%%", plan_number(stage, "percent"));
    json_set_string(item, "then", then);
    stage_sql(stage, item);
}

static json_t *next_item(const PlanNode *node, const ConfigEnvironment *environment)
{
    char text[512];
    next_text(node, environment, text, sizeof(text));
    json_t *item = json_object();
    json_set_string(item, "kind", plan_kind_name(node->kind));
    json_set_string(item, "path", node->path);
    json_set_string(item, "text", text);
    const char *sql = plan_sql(node, "up");
    if (sql != NULL)
        json_set_string(item, "sql", sql);
    const char *one_way = json_get_string(node->keys, "one_way", NULL);
    if (one_way != NULL)
        json_set_string(item, "one_way", one_way);
    if (node->kind == PLAN_STAGE)
        describe_stage(node, item);
    return item;
}

json_t *rollout_gate_next(const Plan *plan, const ConfigEnvironment *environment,
                          const PlanNode *gate)
{
    json_t *next = json_array();
    if (gate->parent != NULL && gate->parent->kind == PLAN_STAGE)
        json_array_append_new(next, next_item(gate->parent, environment));
    for (size_t i = gate->index + 1; i < plan->nodes_count; i++) {
        const PlanNode *node = plan->nodes[i];
        bool gated = node->kind == PLAN_STAGE && node->children_count > 0;
        if (node->kind == PLAN_GATE || gated)
            break;
        if (node->kind != PLAN_PHASE && node->kind != PLAN_ROLLOUT && node->kind != PLAN_MIGRATIONS)
            json_array_append_new(next, next_item(node, environment));
    }
    return next;
}

/* ------------------------------------------------------------------ opening */

static const char *question_of(const PlanNode *gate, const json_t *next, char *out, size_t size)
{
    const char *ask = plan_text(gate, "ask");
    if (ask != NULL)
        return ask;
    snprintf(out, size, "%s?", json_get_string(json_array_get(next, 0), "text", gate->name));
    if (out[0] >= 'a' && out[0] <= 'z')
        out[0] = (char)(out[0] - 'a' + 'A');
    return out;
}

static json_t *opened_data(const json_t *row)
{
    static const char *const TOLD[] = {"question", "approvers", "need", "digest"};
    json_t *data = json_object();
    for (size_t i = 0; i < COUNT_OF(TOLD); i++)
        json_object_set(data, TOLD[i], json_object_get(row, TOLD[i]));
    json_set_string(data, "expires_at", json_get_string(row, "expires", NULL));
    return data;
}

/* Keyed by when it was opened: a successor tells again what a runner that died may not have told.
 * Durable before an approval is looked at: of a gate that was passed nobody tells any more. */
bool rollout_gate_tell(Run *run, const char *path, int64_t *told_us, Error *err)
{
    AUTO(json_auto) json_t *row = NULL;
    if (!ledger_gate_read(run->ledger, run->id, path, &row, err))
        return false;
    AUTO(json_auto) json_t *data = opened_data(row);
    AUTO(base_free) char *source = base_printf("gate.opened:%s", path);
    int64_t opened_us = json_get_int(row, "opened_us", 0);
    ledger_events_add(run->events, source, opened_us, "gate.opened", path, data);
    if (!ledger_events_flush(run->events, err))
        return false;
    *told_us = opened_us;
    return true;
}

/* *told_us: the opening that this process told of; a poll that finds it as it was writes nothing.
 */
static bool open_gate(Run *run, const PlanNode *gate, int64_t *told_us, Error *err)
{
    char digest[HASH_HEX_BYTES];
    char text[600];
    AUTO(json_auto) json_t *evidence = evidence_of(run, gate);
    AUTO(json_auto) json_t *next = rollout_gate_next(run->plan, run->options.environment, gate);
    rollout_gate_digest(run, gate, evidence, run_step_attempt(run, gate), digest);
    AUTO(json_auto) json_t *before = NULL;
    if (!ledger_gate_read(run->ledger, run->id, gate->path, &before, err))
        return false;
    bool same = before != NULL && text_equal(json_get_string(before, "digest", ""), digest) &&
                text_equal(json_get_string(before, "state", ""), "open");
    int64_t expires_us = plan_duration_us(gate, "expires");
    LedgerGate row = {.path = gate->path,
                      .digest = digest,
                      .question = question_of(gate, next, text, sizeof(text)),
                      .approvers = json_object_get(gate->keys, "approvers"),
                      .need = (int)plan_number(gate, "need"),
                      .evidence = evidence,
                      .next = next,
                      .expires_us = expires_us < 0 ? 0 : expires_us};
    if (same && json_get_int(before, "opened_us", 0) == *told_us)
        return true;
    return (same || ledger_gate_open(run->ledger, &run->writer, &row, err)) &&
           rollout_gate_tell(run, gate->path, told_us, err);
}

/* ------------------------------------------------------------------ counting */

/* The rows as access_quorum() takes them, without those whose signature does not verify. */
typedef struct Counted {
    AccessApproval approvals[ACCESS_APPROVALS_MAX];
    const char *roles[ACCESS_APPROVALS_MAX][ACCESS_ROLES_MAX];
    const char *approvers[ACCESS_ROLES_MAX];
    size_t count;
} Counted;

static size_t strings_of(const json_t *list, const char **out, size_t max)
{
    size_t count = json_array_size(list) < max ? json_array_size(list) : max;
    for (size_t i = 0; i < count; i++)
        out[i] = json_string_value(json_array_get(list, i));
    return count;
}

static bool believed(Run *run, const AccessVerifier *verifier, const char *path, const json_t *row)
{
    AccessRecord record = {.run = run->id,
                           .gate = path,
                           .digest = json_get_string(row, "digest", ""),
                           .person = json_get_string(row, "person", ""),
                           .roles = json_object_get(row, "roles"),
                           .decision = json_get_string(row, "decision", ""),
                           .comment = json_get_string(row, "comment", ""),
                           .at = json_get_string(row, "at", "")};
    if (access_verify(verifier, &record, json_get_string(row, "signature", "")))
        return true;
    run_log(run, path, "error",
            "an approval in the name of %s has no valid signature: it does not count",
            record.person);
    return false;
}

static void count_rows(Run *run, const AccessVerifier *verifier, const char *path,
                       const json_t *rows, Counted *counted)
{
    counted->count = 0;
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (rows, i, row) {
        if (counted->count == ACCESS_APPROVALS_MAX || !believed(run, verifier, path, row))
            continue;
        AccessApproval *approval = &counted->approvals[counted->count];
        const char **roles = counted->roles[counted->count];
        *approval = (AccessApproval){
            .person = json_get_string(row, "person", ""),
            .decision = json_get_string(row, "decision", ""),
            .digest = json_get_string(row, "digest", ""),
            .roles = roles,
            .roles_count = strings_of(json_object_get(row, "roles"), roles, ACCESS_ROLES_MAX)};
        counted->count++;
    }
}

bool rollout_gate_quorum(Run *run, const char *path, const json_t *row, const GateAsks *asks,
                         AccessQuorum *ret, Error *err)
{
    AccessVerifier verifier;
    if (json_array_size(json_object_get(row, "approvals")) == 0) {
        *ret = (AccessQuorum){0};
        return true;
    }
    if (!access_verifier_open(run->options.hooks->key_folder, &verifier, err))
        return error_wrap(err, "reading the key that approvals are verified with");
    Counted *counted = base_alloc(sizeof(*counted));
    count_rows(run, &verifier, path, json_object_get(row, "approvals"), counted);
    AccessGate view = {.state = json_get_string(row, "state", ""),
                       .digest = json_get_string(row, "digest", ""),
                       .expired = json_get_bool(row, "expired", false),
                       .approvers = counted->approvers,
                       .approvers_count =
                           strings_of(asks->approvers, counted->approvers, ACCESS_ROLES_MAX),
                       .need = asks->need,
                       .starter = run->started_by,
                       .author = run->author,
                       .approvals = counted->approvals,
                       .approvals_count = counted->count};
    *ret = access_quorum(&view);
    ret->missing = NULL;
    free(counted);
    return true;
}

/* ------------------------------------------------------------------ passing */

static bool close_gate(Run *run, const PlanNode *gate, const char *how, Error *err)
{
    AUTO(json_auto) json_t *data = json_object();
    json_set_string(data, "state", how);
    run_tell(run, "gate.closed", gate->path, data);
    return ledger_gate_close(run->ledger, &run->writer, gate->path, how, err);
}

static bool pass(Run *run, const PlanNode *gate, const json_t *approvals, const char *policy,
                 Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    json_set_string(detail, "verdict", "pass");
    json_t *people = json_array();
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach ((json_t *)approvals, i, row)
        json_array_append(people, json_object_get(row, "person"));
    if (policy != NULL)
        json_array_append_new(people, json_string(policy));
    json_object_set_new(detail, "approved_by", people);
    return close_gate(run, gate, "passed", err) &&
           run_step_apply(run, gate, STEP_EVENT_FINISH, detail, NULL, err);
}

/* Somebody said no, or nobody said anything in time. */
static bool refuse(Run *run, const PlanNode *gate, const char *how, Error *err)
{
    char text[256];
    snprintf(text, sizeof(text), "gate \"%s\" was %s", gate->name, how);
    Error why = {0};
    error_set(&why, ERROR_REFUSED, "%s", text);
    if (!close_gate(run, gate, how, err) ||
        !run_step_apply(run, gate, STEP_EVENT_FAIL, NULL, &why, err))
        return false;
    if (text_equal(how, "expired") && text_equal(plan_text(gate, "on_expire"), "rollback"))
        return run_roll_back(run, gate->path, text, err);
    AUTO(json_auto)
    json_t *reason = run_reason("gate", gate->path, NULL,
                                "%s: resume asks again, rollback takes the run back", text);
    return run_hold(run, gate->path, reason, err);
}

static bool wait_for_approvers(Run *run, const PlanNode *gate, Error *err)
{
    if (run->state == RUN_RUNNING) {
        json_t *who = json_object_get(gate->keys, "approvers");
        AUTO(arena_auto) Arena *arena = arena_new();
        size_t count = 0;
        const char **roles = plan_strings(gate, "approvers", arena, &count);
        const char *names = count > 0 ? roles[0] : "";
        for (size_t i = 1; i < count; i++)
            names = arena_printf(arena, "%s, %s", names, roles[i]);
        AUTO(json_auto)
        json_t *reason = run_reason("gate", gate->path, who, "gate \"%s\" waits for %d × %s",
                                    gate->name, (int)plan_number(gate, "need"), names);
        json_set_string(reason, "on_expire", plan_text(gate, "on_expire"));
        if (!run_apply(run, RUN_EVENT_WAIT, gate->path, reason, err))
            return false;
    }
    return run_wait(run, POLL_MS, err);
}

/* One look at an open gate. *ret_passed when the gate is behind us. */
static bool look(Run *run, const PlanNode *gate, bool *ret_passed, Error *err)
{
    AUTO(json_auto) json_t *row = NULL;
    AccessQuorum quorum = {0};
    const GateAsks asks = {json_object_get(gate->keys, "approvers"),
                           (int)plan_number(gate, "need")};
    if (!ledger_gate_read(run->ledger, run->id, gate->path, &row, err) ||
        !rollout_gate_quorum(run, gate->path, row, &asks, &quorum, err))
        return false;
    *ret_passed = quorum.approved;
    if (quorum.approved)
        return pass(run, gate, json_object_get(row, "approvals"), NULL, err);
    if (quorum.rejected)
        return refuse(run, gate, "rejected", err);
    if (json_get_bool(row, "expired", false))
        return refuse(run, gate, "expired", err);
    return wait_for_approvers(run, gate, err);
}

bool rollout_gate_forward(Run *run, const PlanNode *gate, Error *err)
{
    bool passed = false;
    int64_t told_us = 0;
    while (!passed) {
        StepState state = run_step_state(run, gate);
        if (state == STEP_FAILED && run->state == RUN_HELD && !run_wait_go(run, err))
            return false;
        if (state != STEP_RUNNING && !run_step_apply(run, gate, STEP_EVENT_START, NULL, NULL, err))
            return false;
        if (!open_gate(run, gate, &told_us, err))
            return false;
        if (run->options.environment->gates_auto) {
            char policy[160];
            snprintf(policy, sizeof(policy), "policy: %s", run->options.environment->name);
            return pass(run, gate, NULL, policy, err);
        }
        if (!look(run, gate, &passed, err))
            return false;
    }
    return run->state == RUN_RUNNING || run_apply(run, RUN_EVENT_GO, gate->path, NULL, err);
}
