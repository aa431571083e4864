/* The evidence of a gate looked at again: before somebody approves because they ask for it, and
 * when the gate is about to be passed. */
#include "base/text.h"
#include "db/sql.h"
#include "ledger/gate.h"
#include "rollout/gate.h"
#include "run/again.h"

#include <stdio.h>
#include <string.h>

enum { CHANGES_BYTES = 800 };

typedef struct Look {
    Run *run;
    const PlanNode *gate;
    json_t *evidence; ///< a copy: what is found is put into it
    const char *at;
    size_t asked;
    Text changes; ///< "all rows are canonical: was pass, is fail (3 rows)"
} Look;

static bool ask(Look *look, json_t *item, Error *err)
{
    const PlanNode *node = plan_find(look->run->plan, json_get_string(item, "path", ""));
    if (node == NULL || !run_again_wanted(look->run, node, look->gate))
        return true;
    AUTO(json_auto) json_t *found = json_object();
    if (!run_again_ask(look->run, node, found, err))
        return false;
    const char *verdict = json_get_string(found, "verdict", "error");
    const char *before = json_get_string(item, "verdict", "");
    look->asked++;
    if (!text_equal(verdict, before))
        text_printf(&look->changes, "%s\"%s\" was %s, is %s (%s)",
                    look->changes.length_bytes == 0 ? "" : "; ", node->name, before, verdict,
                    json_get_string(found, "text", ""));
    json_set_string(item, "verdict", verdict);
    json_set_string(item, "text", json_get_string(found, "text", ""));
    json_set_string(item, "at", look->at);
    return true;
}

static bool ask_all(Look *look, Error *err)
{
    AUTO(db_result_auto) DbResult *now = NULL;
    if (!ledger_call(look->run->ledger, "server_now", NULL, &now, err))
        return false;
    look->at = db_value(now, 0, 0);
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (look->evidence, i, item) {
        if (!ask(look, item, err))
            return false;
    }
    return true;
}

/* A verdict has changed: the gate's step fails and begins again, so that its digest is another for
 * good, even when the verdict changes back. */
static bool begin_again(Look *look, Error *err)
{
    Error why = {0};
    error_set(&why, ERROR_REFUSED, "the evidence changed: %.600s", text_string(&look->changes));
    run_log(look->run, look->gate->path, "warn", "%s; approvals are void", why.message);
    return run_step_apply(look->run, look->gate, STEP_EVENT_FAIL, NULL, &why, err);
}

bool rollout_gate_look_again(Run *run, const PlanNode *gate, const json_t *row, json_t **ret_found,
                             Error *err)
{
    AUTO(json_auto) json_t *evidence = json_deep_copy(json_object_get(row, "evidence"));
    Look look = {.run = run, .gate = gate, .evidence = evidence};
    text_init(&look.changes, CHANGES_BYTES);
    bool ok = ask_all(&look, err);
    bool changed = ok && look.changes.length_bytes > 0;
    *ret_found = NULL;
    if (changed) {
        ok = begin_again(&look, err);
        *ret_found = ok ? json_incref(evidence) : NULL;
    } else if (ok && (look.asked > 0 || json_get_bool(row, "ask", false))) {
        ok = ledger_gate_checked(run->ledger, &run->writer, gate->path, evidence, err);
        ledger_events_nudge(run->events);
    }
    text_done(&look.changes);
    return ok;
}
