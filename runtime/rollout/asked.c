/* Gates that somebody asked for. What was asked stands in the gate's evidence, and its digest is
 * over that: a row that was changed afterwards has another digest, and no approval counts for it.
 */
#include "rollout/asked.h"

#include "base/hash.h"
#include "ledger/gate.h"
#include "rollout/gate.h"

#include <string.h>

/* Leaving something out takes two, whether it is an undo or the rest of a watch. */
static const struct Way {
    const char *kind;
    int need;
} WAYS[] = {{"skip", 2}, {"repair", 1}, {"advance", 2}};

static int need_of(const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(WAYS); i++) {
        if (text_equal(WAYS[i].kind, kind))
            return WAYS[i].need;
    }
    invariant_failed(__FILE__, __LINE__, "every kind that is asked for is in the table");
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

json_t *rollout_asked_ways(const ConfigEnvironment *environment)
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

bool rollout_asked_possible(const Run *run, Error *err)
{
    const ConfigEnvironment *environment = run->options.environment;
    return approver_of(environment) != NULL || environment->gates_auto ||
           error_set(err, ERROR_REFUSED, "nobody could approve: %s has no approvers",
                     environment->name);
}

static json_t *approvers_of(const Run *run)
{
    const char *role = approver_of(run->options.environment);
    json_t *approvers = json_array();
    json_array_append_new(approvers, json_string(role == NULL ? "" : role));
    return approvers;
}

static void digest_of(const Run *run, const RolloutAsk *ask, const json_t *evidence, char *ret_hex)
{
    AUTO(json_auto) json_t *bound = json_object();
    json_set_string(bound, "plan", run->plan_hash);
    json_set_string(bound, "system", json_get_string(run->head, "system_identifier", ""));
    json_set_string(bound, "database", json_get_string(run->head, "database", ""));
    json_set_string(bound, "run", run->id_text);
    json_set_string(bound, "gate", ask->path);
    json_object_set(bound, "asked", (json_t *)(uintptr_t)evidence);
    if (ask->bound != NULL)
        json_object_set(bound, "bound", (json_t *)(uintptr_t)ask->bound);
    AUTO(base_free) char *text = json_canonical(bound);
    hash_sha256_hex(text, strlen(text), ret_hex);
}

json_t *rollout_asked_evidence(const PlanNode *node, const char *verdict, const char *text,
                               const json_t *request)
{
    json_t *list = json_array();
    json_t *item = json_object();
    json_set_string(item, "path", node->path);
    json_set_string(item, "kind", plan_kind_name(node->kind));
    json_set_string(item, "verdict", verdict);
    json_set_string(item, "text", text);
    json_set_string(item, "at", NULL);
    json_object_set(item, "request", json_object_get(request, "id"));
    json_object_set(item, "why", json_object_get(json_object_get(request, "body"), "why"));
    json_array_append_new(list, item);
    return list;
}

bool rollout_asked_open(Run *run, const RolloutAsk *ask, Error *err)
{
    AUTO(json_auto) json_t *approvers = approvers_of(run);
    char digest[HASH_HEX_BYTES];
    digest_of(run, ask, ask->evidence, digest);
    LedgerGate row = {.path = ask->path,
                      .digest = digest,
                      .question = ask->question,
                      .approvers = approvers,
                      .need = need_of(ask->kind),
                      .evidence = ask->evidence,
                      .next = ask->next};
    int64_t told_us = 0;
    return ledger_gate_open(run->ledger, &run->writer, &row, err) &&
           rollout_gate_tell(run, ask->path, &told_us, err);
}

/* ------------------------------------------------------------------ looking */

static bool decided(Run *run, const RolloutAsk *ask, RolloutAsked *asked, Error *err)
{
    if (run->options.environment->gates_auto) {
        asked->approved = true;
        asked->people = json_pack("[s]", "policy");
        return true;
    }
    AUTO(json_auto) json_t *approvers = approvers_of(run);
    const GateAsks asks = {.approvers = approvers, .need = need_of(ask->kind)};
    const GateRun of = rollout_gate_run(run);
    GateFound found = {0};
    bool ok = rollout_gate_count(&of, ask->path, asked->row, &asks, &found, err);
    asked->approved = found.quorum.approved;
    asked->rejected = found.quorum.rejected;
    asked->people = json_incref(found.people);
    rollout_gate_found_done(&found);
    return ok;
}

bool rollout_asked_look(Run *run, const RolloutAsk *ask, RolloutAsked *ret, Error *err)
{
    char digest[HASH_HEX_BYTES];
    *ret = (RolloutAsked){0};
    if (!ledger_gate_read(run->ledger, run->id, ask->path, &ret->row, err))
        return false;
    const char *state = json_get_string(ret->row, "state", "");
    ret->said = json_get_int(ret->row, "said", -1);
    ret->passed = text_equal(state, "passed");
    ret->open = text_equal(state, "open");
    if (!ret->passed && !ret->open)
        return true;
    digest_of(run, ask, json_object_get(ret->row, "evidence"), digest);
    ret->changed = !text_equal(digest, json_get_string(ret->row, "digest", ""));
    return ret->changed || decided(run, ask, ret, err);
}

void rollout_asked_done(RolloutAsked *asked)
{
    json_decref(asked->row);
    json_decref(asked->people);
    *asked = (RolloutAsked){0};
}

const json_t *rollout_asked_what(const RolloutAsked *asked)
{
    return json_array_get(json_object_get(asked->row, "evidence"), 0);
}

bool rollout_asked_close(Run *run, const char *path, const char *how, int64_t said, const char *why,
                         bool *ret_closed, Error *err)
{
    AUTO(json_auto) json_t *data = json_object();
    json_set_string(data, "state", how);
    if (why != NULL)
        json_set_string(data, "why", why);
    const LedgerGateClose gate = {.path = path, .state = how, .said = said, .data = data};
    return ledger_events_flush(run->events, err) &&
           ledger_gate_close(run->ledger, &run->writer, &gate, ret_closed, err);
}
