/* Opening a gate: its evidence, its digest and what follows it. */
#include "base/clock.h"
#include "base/hash.h"
#include "ledger/gate.h"
#include "plan/param.h"
#include "rollout/gate.h"
#include "rollout/rollout.h"

#include <stdio.h>
#include <string.h>

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

/* What was found when somebody wanted to know it again, if this is still about the same gate. */
static void take_newer(json_t *evidence, const json_t *row)
{
    static const char *const KEYS[] = {"verdict", "text", "at"};
    const json_t *newer = json_object_get(row, "evidence");
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (evidence, i, item) {
        const json_t *other = json_array_get(newer, i);
        if (!json_equal(json_object_get(item, "path"), json_object_get(other, "path")))
            continue;
        for (size_t k = 0; k < COUNT_OF(KEYS); k++)
            json_object_set(item, KEYS[k], json_object_get(other, KEYS[k]));
    }
}

static bool stands(const json_t *row, const char *digest)
{
    static const char *const STATES[] = {"open", "approved", "passed"};
    const char *state = json_get_string(row, "state", "");
    bool live = false;
    for (size_t i = 0; i < COUNT_OF(STATES); i++)
        live = live || text_equal(state, STATES[i]);
    return live && text_equal(json_get_string(row, "digest", ""), digest);
}

json_t *rollout_gate_hours(const ConfigEnvironment *environment, const PlanNode *gate)
{
    static const char *const DAYS[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    const json_t *window = json_object_get(gate->keys, "window");
    if (window == NULL)
        return NULL;
    json_t *hours = json_object();
    json_t *days = json_array();
    for (size_t i = 0; i < COUNT_OF(DAYS); i++)
        json_array_append_new(days, json_string(DAYS[i]));
    json_object_set_new(hours, "days", days);
    json_set_string(hours, "from", "00:00");
    json_set_string(hours, "to", "24:00");
    json_set_string(hours, "zone", environment->time_zone);
    json_object_update(hours, (json_t *)(uintptr_t)window);
    return hours;
}

int64_t rollout_gate_wait_us(const PlanNode *gate)
{
    int64_t wait_us = plan_duration_us(gate, "wait");
    return wait_us < 0 ? 0 : wait_us;
}

static bool open_row(Run *run, const PlanNode *gate, json_t *evidence, const char *digest,
                     Error *err)
{
    char text[600];
    AUTO(json_auto) json_t *next = rollout_gate_next(run->plan, run->options.environment, gate);
    AUTO(json_auto) json_t *fields = plan_param_items(gate, "fields");
    AUTO(json_auto) json_t *hours = rollout_gate_hours(run->options.environment, gate);
    int64_t expires_us = plan_duration_us(gate, "expires");
    LedgerGate row = {.path = gate->path,
                      .digest = digest,
                      .question = question_of(gate, next, text, sizeof(text)),
                      .approvers = json_object_get(gate->keys, "approvers"),
                      .need = (int)plan_number(gate, "need"),
                      .evidence = evidence,
                      .next = next,
                      .expires_us = expires_us < 0 ? 0 : expires_us,
                      .fields = fields,
                      .wait_us = rollout_gate_wait_us(gate),
                      .hours = hours};
    return ledger_gate_open(run->ledger, &run->writer, &row, err) ||
           error_wrap(err, "opening gate \"%s\"", gate->name);
}

bool rollout_gate_open(Run *run, const PlanNode *gate, json_t *found, int64_t *told_us, Error *err)
{
    char digest[HASH_HEX_BYTES];
    int attempt = run_step_attempt(run, gate);
    AUTO(json_auto) json_t *evidence = found == NULL ? evidence_of(run, gate) : json_incref(found);
    AUTO(json_auto) json_t *before = NULL;
    if (!ledger_gate_read(run->ledger, run->id, gate->path, &before, err))
        return false;
    if (found == NULL && before != NULL) {
        AUTO(json_auto) json_t *newer = json_deep_copy(evidence);
        take_newer(newer, before);
        rollout_gate_digest(run, gate, newer, attempt, digest);
        if (stands(before, digest))
            return json_get_int(before, "opened_us", 0) == *told_us ||
                   rollout_gate_tell(run, gate->path, told_us, err);
    }
    rollout_gate_digest(run, gate, evidence, attempt, digest);
    return open_row(run, gate, evidence, digest, err) &&
           rollout_gate_tell(run, gate->path, told_us, err);
}
