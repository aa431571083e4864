/* Passing a gate: counting, waiting for people and for its clock, and the one statement that closes
 * it. */
#include "rollout/gate.h"

#include "base/log.h"
#include "ledger/gate.h"
#include "plan/param.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 1000 };

/* One gate on its way. */
typedef struct Passing {
    Run *run;
    const PlanNode *gate;
    json_t *row;
    GateFound found;
    json_t *evidence; ///< a verdict of it changed: the gate is opened again with it
    int64_t told_us;
    bool passed;
} Passing;

/* ------------------------------------------------------------------ closing */

/* *ret_closed false: somebody said something meanwhile, and everything is looked at again. */
static bool close_gate(Passing *passing, const char *how, bool *ret_closed, Error *err)
{
    Run *run = passing->run;
    AUTO(json_auto) json_t *data = json_object();
    json_set_string(data, "state", how);
    if (passing->found.quorum.glass)
        json_object_set_new(data, "glass", json_true());
    const LedgerGateClose gate = {.path = passing->gate->path,
                                  .state = how,
                                  .said = json_get_int(passing->row, "said", -1),
                                  .glass = passing->found.quorum.glass,
                                  .data = data};
    if (!ledger_events_flush(run->events, err) ||
        !ledger_gate_close(run->ledger, &run->writer, &gate, ret_closed, err))
        return false;
    ledger_events_nudge(run->events);
    return true;
}

static bool finish(Passing *passing, const char *policy, Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    json_set_string(detail, "verdict", "pass");
    json_t *people =
        passing->found.people == NULL ? json_array() : json_incref(passing->found.people);
    if (policy != NULL)
        json_array_append_new(people, json_string(policy));
    json_object_set_new(detail, "approved_by", people);
    if (json_object_size(passing->found.answers) > 0)
        json_object_set(detail, "answers", passing->found.answers);
    if (passing->found.quorum.glass)
        json_object_set_new(detail, "glass", json_true());
    passing->passed = true;
    return run_step_apply(passing->run, passing->gate, STEP_EVENT_FINISH, detail, NULL, err);
}

/* Approved, its clock has passed, its evidence still says the same: what follows begins here. */
static bool pass(Passing *passing, Error *err)
{
    bool closed = false;
    if (text_equal(json_get_string(passing->row, "state", ""), "passed"))
        return finish(passing, NULL, err); /* by a runner that did not get further */
    if (!rollout_gate_look_again(passing->run, passing->gate, passing->row, &passing->evidence,
                                 err))
        return false;
    return passing->evidence != NULL ||
           (close_gate(passing, "passed", &closed, err) && (!closed || finish(passing, NULL, err)));
}

/* What a refusal, which the gate's row knows, means for the run. */
static bool follow_refusal(Run *run, const PlanNode *gate, const char *how, const char *text,
                           Error *err)
{
    Error why = {0};
    error_set(&why, ERROR_REFUSED, "%s", text);
    if (run_step_state(run, gate) != STEP_FAILED &&
        !run_step_apply(run, gate, STEP_EVENT_FAIL, NULL, &why, err))
        return false;
    if (text_equal(how, "expired") && text_equal(plan_text(gate, "on_expire"), "rollback"))
        return run_roll_back(run, gate->path, text, err);
    AUTO(json_auto)
    json_t *reason = run_reason("gate", gate->path, NULL,
                                "%s: resume asks again, rollback takes the run back", text);
    return run_hold(run, gate->path, reason, err);
}

/* Somebody said no, or nobody said anything in time. */
static bool refuse(Passing *passing, bool expired, Error *err)
{
    const PlanNode *gate = passing->gate;
    const char *how =
        expired && !text_equal(plan_text(gate, "on_expire"), "reject") ? "expired" : "rejected";
    bool closed = false;
    char text[256];
    snprintf(text, sizeof(text), "gate \"%s\" was %s%s", gate->name, how,
             expired && how[0] == 'r' ? ": nobody approved it in time" : "");
    return close_gate(passing, how, &closed, err) &&
           (!closed || follow_refusal(passing->run, gate, how, text, err));
}

/* A runner died when its gate was refused, and before the run followed: the gate is not asked
 * again before somebody wants it. */
static bool finish_refusal(Run *run, const PlanNode *gate, Error *err)
{
    AUTO(json_auto) json_t *row = NULL;
    AUTO(base_free) char *source = base_printf("gate.closed:%s", gate->path);
    bool followed = false;
    char text[256];
    if (!ledger_gate_read(run->ledger, run->id, gate->path, &row, err))
        return false;
    const char *how = json_get_string(row, "state", "");
    bool refused = text_equal(how, "rejected") || text_equal(how, "expired");
    if (!refused || run->state == RUN_HELD)
        return true;
    if (!ledger_events_followed(run->ledger, run->id, source, json_get_int(row, "opened_us", 0),
                                gate->path, &followed, err))
        return false;
    snprintf(text, sizeof(text), "gate \"%s\" was %s", gate->name, how);
    return followed || follow_refusal(run, gate, how, text, err);
}

/* ------------------------------------------------------------------ waiting */

static bool enter(Run *run, RunState state, RunEvent event, const char *path, json_t *reason,
                  Error *err)
{
    if (run->state == state)
        return true;
    return (run->state == RUN_RUNNING || run_apply(run, RUN_EVENT_GO, path, NULL, err)) &&
           run_apply(run, event, path, reason, err);
}

/* Its approvals are complete since `since` (NULL: not any more), and it waits. */
static bool mark(Passing *passing, const char *since, const json_t *clock, Error *err)
{
    Run *run = passing->run;
    bool approved = text_equal(json_get_string(passing->row, "state", ""), "approved");
    AUTO(json_auto) json_t *data = json_object();
    if (approved == (since != NULL))
        return true;
    json_set_string(data, "state", since == NULL ? "open" : "approved");
    json_object_set(data, "passes_at", json_object_get(clock, "passes_at"));
    if (!ledger_events_flush(run->events, err) ||
        !ledger_gate_wait(run->ledger, &run->writer, passing->gate->path, since,
                          json_get_int(passing->row, "said", -1), data, err))
        return false;
    ledger_events_nudge(run->events);
    return true;
}

static bool wait_for_approvers(Passing *passing, Error *err)
{
    Run *run = passing->run;
    const PlanNode *gate = passing->gate;
    json_t *who = json_object_get(gate->keys, "approvers");
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *names = plan_names(gate, "approvers", arena);
    AUTO(json_auto)
    json_t *reason = run_reason("gate", gate->path, who, "gate \"%s\" waits for %d × %s",
                                gate->name, (int)plan_number(gate, "need"), names);
    json_set_string(reason, "on_expire", plan_text(gate, "on_expire"));
    return mark(passing, NULL, NULL, err) &&
           enter(run, RUN_WAITING, RUN_EVENT_WAIT, gate->path, reason, err) &&
           run_wait(run, POLL_MS, err);
}

/* *ret_passes: nothing is left to wait for. Otherwise it has waited a while. */
static bool wait_for_clock(Passing *passing, bool *ret_passes, Error *err)
{
    Run *run = passing->run;
    const PlanNode *gate = passing->gate;
    AUTO(json_auto) json_t *clock = NULL;
    AUTO(json_auto) json_t *hours = rollout_gate_hours(run->options.environment, gate);
    int64_t wait_us = rollout_gate_wait_us(gate);
    *ret_passes = passing->found.quorum.glass || (wait_us == 0 && hours == NULL);
    if (*ret_passes)
        return true;
    if (!ledger_gate_clock(run->ledger, passing->found.since, wait_us, hours, &clock, err))
        return false;
    int64_t left_ms = json_get_int(clock, "left_us", 0) / 1000 + 1;
    *ret_passes = left_ms <= 1;
    if (*ret_passes)
        return true;
    const char *at = json_get_string(clock, "passes_at", "");
    AUTO(json_auto)
    json_t *reason = run_reason("gate_clock", gate->path, NULL,
                                "gate \"%s\" is approved and passes at %.16sZ", gate->name, at);
    json_object_set(reason, "left_us", json_object_get(clock, "left_us"));
    json_set_string(reason, "passes_at", at);
    return mark(passing, passing->found.since, clock, err) &&
           enter(run, RUN_WATCHING, RUN_EVENT_WATCH, gate->path, reason, err) &&
           run_wait(run, left_ms < POLL_MS ? left_ms : POLL_MS, err);
}

/* ------------------------------------------------------------------ looking */

static bool is_state(const Passing *passing, const char *state)
{
    return text_equal(json_get_string(passing->row, "state", ""), state);
}

static bool judge(Passing *passing, Error *err)
{
    const AccessQuorum *quorum = &passing->found.quorum;
    bool passes = false;
    if (quorum->approved && is_state(passing, "passed"))
        return pass(passing, err);
    if (is_state(passing, "passed")) { /* nobody did */
        passing->evidence = json_deep_copy(json_object_get(passing->row, "evidence"));
        return true;
    }
    if (quorum->approved)
        return wait_for_clock(passing, &passes, err) && (!passes || pass(passing, err));
    if (quorum->rejected)
        return refuse(passing, false, err);
    if (json_get_bool(passing->row, "expired", false))
        return refuse(passing, true, err);
    return (!json_get_bool(passing->row, "ask", false) ||
            rollout_gate_look_again(passing->run, passing->gate, passing->row, &passing->evidence,
                                    err)) &&
           (passing->evidence != NULL || wait_for_approvers(passing, err));
}

/* One look at an open gate. */
static bool look(Passing *passing, Error *err)
{
    Run *run = passing->run;
    const PlanNode *gate = passing->gate;
    AUTO(json_auto) json_t *fields = plan_param_items(gate, "fields");
    const GateAsks asks = {.approvers = json_object_get(gate->keys, "approvers"),
                           .need = (int)plan_number(gate, "need"),
                           .fields = fields,
                           .of_plan = true};
    const GateRun of = rollout_gate_run(run);
    bool ok = ledger_gate_read(run->ledger, run->id, gate->path, &passing->row, err) &&
              rollout_gate_count(&of, gate->path, passing->row, &asks, &passing->found, err) &&
              judge(passing, err);
    json_decref(passing->row);
    passing->row = NULL;
    rollout_gate_found_done(&passing->found);
    return ok;
}

static bool pass_by_policy(Passing *passing, Error *err)
{
    char policy[160];
    bool closed = false;
    snprintf(policy, sizeof(policy), "policy: %s", passing->run->options.environment->name);
    return close_gate(passing, "passed", &closed, err) && finish(passing, policy, err);
}

/* One turn: the step runs, the gate is open, and it is looked at. */
static bool turn(Passing *passing, Error *err)
{
    Run *run = passing->run;
    const PlanNode *gate = passing->gate;
    StepState state = run_step_state(run, gate);
    if (state == STEP_FAILED && run->state == RUN_HELD && !run_wait_go(run, err))
        return false;
    if (state != STEP_RUNNING && !run_step_apply(run, gate, STEP_EVENT_START, NULL, NULL, err))
        return false;
    AUTO(json_auto) json_t *evidence = passing->evidence;
    passing->evidence = NULL;
    if (!rollout_gate_open(run, gate, evidence, &passing->told_us, err))
        return false;
    return run->options.environment->gates_auto ? pass_by_policy(passing, err) : look(passing, err);
}

bool rollout_gate_forward(Run *run, const PlanNode *gate, Error *err)
{
    Passing passing = {.run = run, .gate = gate};
    if (!finish_refusal(run, gate, err))
        return false;
    while (!passing.passed) {
        if (!turn(&passing, err))
            return false;
    }
    return run->state == RUN_RUNNING || run_apply(run, RUN_EVENT_GO, gate->path, NULL, err);
}
