/* What people answered, for the steps that come after a gate. The row of the gate's step and the
 * row of the gate are only where to look: a value comes from approvals whose signature verifies,
 * counted as they were when the gate was passed. */
#include "ledger/gate.h"
#include "plan/param.h"
#include "rollout/gate.h"

/* ------------------------------------------------------------------ one gate */

static json_t *entry_of(const PlanNode *gate)
{
    json_t *entry = json_object();
    json_t *fields = json_object();
    const char *name;
    json_t *field;
    json_object_foreach (json_object_get(gate->keys, "fields"), name, field)
        json_object_set_new(fields, name, json_true());
    json_set_string(entry, "path", gate->path);
    json_set_string(entry, "name", gate->name);
    json_object_set_new(entry, "fields", fields);
    return entry;
}

/* The row must be of the opening that was told last: approvals of an older one are signed too. */
static const char *doubt(const json_t *row)
{
    if (row == NULL || !text_equal(json_get_string(row, "state", ""), "passed"))
        return "the gate has not been passed yet";
    if (!text_equal(json_get_string(row, "digest", ""), json_get_string(row, "told", "")))
        return "the gate's row is not of its newest opening: it was changed; headgate audit verify "
               "says more";
    return NULL;
}

static const char *counted_doubt(const GateFound *found, bool automatic)
{
    return found->quorum.approved || automatic ? NULL
                                               : "the approvals that the gate was passed with do "
                                                 "not count: signatures or rows were "
                                                 "changed; headgate audit verify says more";
}

static bool count(DbConn *state, const GateRun *of, const PlanNode *gate, bool automatic,
                  json_t *entry, Error *err)
{
    GateFound found = {0};
    AUTO(json_auto) json_t *row = NULL;
    AUTO(json_auto) json_t *fields = plan_param_items(gate, "fields");
    AUTO(json_auto) json_t *values = NULL;
    const GateAsks asks = {.approvers = json_object_get(gate->keys, "approvers"),
                           .need = (int)plan_number(gate, "need"),
                           .fields = fields,
                           .of_plan = true};
    if (!ledger_gate_read(state, of->id, gate->path, &row, err))
        return false;
    Error why = {0};
    const char *doubted = doubt(row);
    if (doubted == NULL && !rollout_gate_count(of, gate->path, row, &asks, &found, &why))
        doubted = why.message;
    if (doubted == NULL)
        doubted = counted_doubt(&found, automatic);
    if (doubted == NULL && !plan_param_answers(fields, found.answers, &values, &why)) {
        /* by policy, or by breaking the glass */
        error_wrap(&why, "the gate was passed without an answer, and the field has no default");
        doubted = why.message;
    }
    if (doubted == NULL)
        json_object_set(entry, "values", values);
    else
        json_set_string(entry, "why", doubted);
    rollout_gate_found_done(&found);
    return true;
}

/* ------------------------------------------------------------------ all */

static json_t *gates_of(const Plan *plan, const char *why)
{
    json_t *gates = json_array();
    for (size_t i = 0; i < plan->nodes_count; i++) {
        const PlanNode *node = plan->nodes[i];
        if (node->kind != PLAN_GATE || json_object_size(json_object_get(node->keys, "fields")) == 0)
            continue;
        json_t *entry = entry_of(node);
        json_set_string(entry, "why", why);
        json_array_append_new(gates, entry);
    }
    return gates;
}

bool rollout_gate_answers(DbConn *state, const GateRun *of, const Plan *plan,
                          const PlanNode *reader, bool automatic, json_t **ret_gates, Error *err)
{
    AUTO(json_auto)
    json_t *gates = gates_of(plan, "the gate does not stand before this step: nobody has answered");
    size_t i;
    json_t *entry;
    json_array_foreach (gates, i, entry) {
        const PlanNode *gate = plan_find(plan, json_get_string(entry, "path", ""));
        if (reader == NULL || gate->index > reader->index)
            continue;
        json_object_del(entry, "why");
        if (!count(state, of, gate, automatic, entry, err))
            return false;
    }
    *ret_gates = json_incref(gates);
    return true;
}

json_t *rollout_gate_unasked(const Plan *plan)
{
    return gates_of(plan, "it is asked at that gate, and nobody has been asked yet");
}
