/* Asking for the end of a watch, and ending it. Gate, window and their events change in one
 * transaction: there is no moment in which a runner that dies leaves one without the other. */
#include "rollout/advance.h"

#include "base/clock.h"
#include "rollout/asked.h"
#include "rollout/gate.h"
#include "run/again.h"
#include "run/control.h"
#include "run/seen.h"
#include "run/step.h"

static const char KIND[] = "advance";
enum { DURATION_BYTES = 32 };

const char *rollout_advance_gate(Arena *arena, const PlanNode *stage)
{
    return arena_printf(arena, "%s/%s", stage->path, KIND);
}

/* What else is bound: thresholds, windows and parameters are not in the plan's own hash. */
static json_t *bound_of(const Run *run)
{
    json_t *bound = json_object();
    json_object_set(bound, "params", json_object_get(run->head, "params"));
    json_object_set_new(bound, "config",
                        config_shown(run->options.config, run->options.environment));
    return bound;
}

/* "3h of 24h" */
static const char *watched(Arena *arena, const LedgerWatch *window)
{
    char counted[DURATION_BYTES];
    char whole[DURATION_BYTES];
    duration_text(window->counted_us / 1000000 * 1000000, counted, sizeof(counted));
    duration_text(window->window_us, whole, sizeof(whole));
    return arena_printf(arena, "%s of %s", counted, whole);
}

static const PlanNode *stage_after(const PlanNode *stage)
{
    const PlanNode *rollout = stage->parent;
    for (size_t i = 0; i + 1 < rollout->children_count; i++) {
        if (rollout->children[i] == stage)
            return rollout->children[i + 1];
    }
    return NULL;
}

/* "go to 50 %" */
static const char *then_of(Arena *arena, const PlanNode *stage)
{
    const PlanNode *next = stage_after(stage);
    return next == NULL ? arena_printf(arena, "finish the rollout")
           : next->children_count > 0
               ? arena_printf(arena, "ask the gate before %g %%", plan_number(next, "percent"))
               : arena_printf(arena, "go to %g %%", plan_number(next, "percent"));
}

/* Do all guards hold now? Asked afresh, whatever the last sample said. */
static bool guards_hold(RolloutAdvance *advance, json_t *detail, bool *ret_hold, Error *err)
{
    bool asked = run_again_ask(advance->run, advance->stage, detail, err);
    *ret_hold = asked && text_equal(json_get_string(detail, "verdict", ""), "pass");
    return asked;
}

/* ------------------------------------------------------------------ asking */

/* The first is what was asked, and why: the digest is over it. */
static json_t *evidence_of(const RolloutAdvance *advance, const json_t *request, const char *text)
{
    json_t *list = rollout_asked_evidence(advance->stage, "pass", text, request);
    json_t *item = json_array_get(list, 0);
    json_object_set(item, "by", json_object_get(request, "asked_by"));
    return list;
}

static json_t *next_of(Arena *arena, const PlanNode *stage)
{
    return json_pack("[{s:s, s:s, s:s, s:s}]", "kind", KIND, "path", stage->path, "text",
                     arena_printf(arena, "end the watch of %s at %g %%, and %s",
                                  stage->parent->name, plan_number(stage, "percent"),
                                  then_of(arena, stage)),
                     "then", then_of(arena, stage));
}

/* A runner before us may have opened it and died before it said so: then it is told again, and is
 * the same gate. */
static bool open_gate(RolloutAdvance *advance, const json_t *request, const LedgerWatch *window,
                      const char *guards, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *bound = bound_of(advance->run);
    AUTO(rollout_asked_done) RolloutAsked before = {0};
    RolloutAsk ask = {.path = advance->gate, .kind = KIND, .bound = bound};
    int64_t told_us = 0;
    if (!rollout_asked_look(advance->run, &ask, &before, err))
        return false;
    if (before.open && !before.changed &&
        json_equal(json_object_get(rollout_asked_what(&before), "request"),
                   json_object_get(request, "id")))
        return rollout_gate_tell(advance->run, advance->gate, &told_us, err);
    const PlanNode *stage = advance->stage;
    const char *text = arena_printf(arena, "watched %s; %s; %s says: %s", watched(arena, window),
                                    guards, json_get_string(request, "asked_by", "somebody"),
                                    json_get_string(json_object_get(request, "body"), "why", ""));
    AUTO(json_auto) json_t *evidence = evidence_of(advance, request, text);
    AUTO(json_auto) json_t *next = next_of(arena, stage);
    ask.evidence = evidence;
    ask.next = next;
    ask.question = arena_printf(arena, "End the watch of \"%.200s\" at %g %% after %s, and %s?",
                                stage->parent->name, plan_number(stage, "percent"),
                                watched(arena, window), then_of(arena, stage));
    return rollout_asked_open(advance->run, &ask, err);
}

static bool refuse(RolloutAdvance *advance, const json_t *request, const char *why, Error *err)
{
    run_log(advance->run, advance->stage->path, "error", "advance is refused: %s", why);
    return run_control_advanced(advance->run, request, "refused", err);
}

static bool take(RolloutAdvance *advance, const json_t *request, const LedgerWatch *window,
                 Error *err)
{
    const json_t *body = json_object_get(request, "body");
    AUTO(json_auto) json_t *detail = json_object();
    Error wrong = {0};
    bool hold = false;
    if (!text_equal(json_get_string(body, "path", ""), advance->stage->path))
        return refuse(advance, request, "another stage is watched", err);
    if (text_empty(json_get_string(body, "why", "")))
        return refuse(advance, request, "it says no reason", err);
    if (!rollout_asked_possible(advance->run, &wrong))
        return refuse(advance, request, wrong.message, err);
    if (!guards_hold(advance, detail, &hold, err))
        return false;
    const char *text = json_get_string(detail, "text", "");
    if (!hold)
        return refuse(advance, request, text, err);
    advance->none = false;
    return open_gate(advance, request, window, text, err) &&
           run_control_advanced(advance->run, request, "it waits for approval", err);
}

/* why: they are all refused; NULL: they are looked at. */
static bool take_all(RolloutAdvance *advance, const LedgerWatch *window, const char *why,
                     Error *err)
{
    Run *run = advance->run;
    AUTO(json_auto) json_t *requests = json_incref(run->advances); /* the control fiber reads on */
    size_t i = 0;
    json_t *request = NULL;
    json_array_foreach (requests, i, request) {
        if (run_seen_has(run->answered, request))
            continue;
        if (!(why == NULL ? take(advance, request, window, err)
                          : refuse(advance, request, why, err)))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ ending */

static bool withdraw(RolloutAdvance *advance, const char *why, Error *err)
{
    bool closed = false;
    if (!rollout_asked_close(advance->run, advance->gate, "withdrawn", -1, why, &closed, err))
        return false;
    advance->none = true;
    if (closed)
        run_log(advance->run, advance->stage->path, "warn", "advance is withdrawn: %s", why);
    return true;
}

static json_t *told_of(const RolloutAdvance *advance, const RolloutAsked *asked)
{
    const json_t *what = rollout_asked_what(asked);
    json_t *data = json_object();
    json_object_set_new(data, "percent", json_real(plan_number(advance->stage, "percent")));
    json_set_string(data, "gate", advance->gate);
    json_object_set(data, "by", json_object_get(what, "by"));
    json_object_set(data, "why", json_object_get(what, "why"));
    json_object_set(data, "approved_by", asked->people);
    return data;
}

/* *ret_ended false: somebody said something since it was counted, and it is looked at again. */
static bool end_watch(RolloutAdvance *advance, const RolloutAsked *asked, bool *ret_ended,
                      Error *err)
{
    Run *run = advance->run;
    AUTO(json_auto) json_t *data = told_of(advance, asked);
    if (!ledger_events_flush(run->events, err) || !db_begin(run->ledger, err))
        return false;
    bool ok = rollout_asked_close(run, advance->gate, "passed", asked->said, NULL, ret_ended, err);
    if (ok && *ret_ended &&
        ledger_watch_advance(run->ledger, &run->writer, advance->stage->path, data, err)) {
        ok = db_commit(run->ledger, err);
        ledger_events_nudge(run->events);
        return ok;
    }
    db_rollback(run->ledger);
    return ok && !*ret_ended;
}

static bool look(RolloutAdvance *advance, bool *ret_ended, Error *err)
{
    AUTO(json_auto) json_t *bound = bound_of(advance->run);
    AUTO(json_auto) json_t *detail = json_object();
    AUTO(rollout_asked_done) RolloutAsked asked = {0};
    const RolloutAsk ask = {.path = advance->gate, .kind = KIND, .bound = bound};
    bool hold = false;
    bool closed = false;
    if (!rollout_asked_look(advance->run, &ask, &asked, err))
        return false;
    advance->none = !asked.open;
    if (advance->none)
        return true;
    if (asked.changed)
        return withdraw(advance, "what was asked about has changed", err);
    if (asked.rejected)
        return rollout_asked_close(advance->run, advance->gate, "rejected", asked.said, NULL,
                                   &closed, err);
    if (!asked.approved)
        return true;
    if (!guards_hold(advance, detail, &hold, err))
        return false;
    return hold ? end_watch(advance, &asked, ret_ended, err)
                : withdraw(advance, json_get_string(detail, "text", ""), err);
}

bool rollout_advance_turn(RolloutAdvance *advance, const LedgerWatch *window, bool *ret_ended,
                          Error *err)
{
    *ret_ended = false;
    return take_all(advance, window, NULL, err) && (advance->none || look(advance, ret_ended, err));
}

bool rollout_advance_refuse(RolloutAdvance *advance, const char *why, Error *err)
{
    return take_all(advance, NULL, why, err) && (advance->none || withdraw(advance, why, err));
}
