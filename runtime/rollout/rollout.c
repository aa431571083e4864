/* Rollouts. The flag is the application's; what we set it to and what we last saw stand in the
 * ledger row of the rollout, written in the same transaction. Windows are rows too, so that they
 * survive us. */
#include "rollout/rollout.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "rollout/advance.h"
#include "rollout/flag.h"
#include "rollout/gate.h"
#include "rollout/guard.h"
#include "rollout/traffic.h"
#include "run/back.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STALE_INTERVALS = 3, TEXT_BYTES = 512 };

/* Everything one watch needs. */
typedef struct Watch {
    Run *run;
    const PlanNode *stage;
    Arena *arena;
    DbConn *conn; /* looks at the flag; NULL where there is none */
    RunMetrics *metrics;
    RolloutGuards guards;
    LedgerWatch window;
    RolloutAdvance advance;
    int64_t interval_us;
    int64_t look_us;         /* when flag and guards are looked at next (monotonic) */
    char stands[TEXT_BYTES]; /* why it stands still since the last look; "" = it is watched */
} Watch;

int64_t rollout_window_us(const PlanNode *stage, const ConfigEnvironment *environment)
{
    return config_watch_us(environment, plan_number(stage, "percent"),
                           plan_duration_us(stage, "watch"));
}

static void tell_stage(Run *run, const PlanNode *stage, const char *state, const char *why)
{
    AUTO(json_auto) json_t *data = json_object();
    json_object_set_new(data, "percent", json_real(plan_number(stage, "percent")));
    json_set_string(data, "state", state);
    json_set_int(data, "window_us", rollout_window_us(stage, run->options.environment));
    json_set_string(data, "why", why);
    run_tell(run, "rollout.stage", stage->path, data);
}

/* ------------------------------------------------------------------ the flag */

typedef struct FlagWrite {
    const PlanNode *stage; /* NULL: back to 0 and off */
    char percent[32];
} FlagWrite;

static bool last_seen(const Run *run, const PlanNode *rollout, RolloutFlag *ret)
{
    const json_t *detail = json_object_get(run_step_row(run, rollout->path), "detail");
    const char *percent = json_get_string(detail, "flag_percent", NULL);
    if (percent == NULL)
        return false;
    snprintf(ret->percent, sizeof(ret->percent), "%s", percent);
    ret->enabled = json_get_bool(detail, "enabled", false);
    return true;
}

/* The application's table is the application's: search_path and role are those of the plan's SQL.
 */
static bool flag_effect(Run *run, const PlanNode *rollout, DbConn *conn, void *ctx, json_t *detail,
                        Error *err)
{
    const FlagWrite *write = ctx;
    RolloutFlag seen;
    bool forward = write->stage != NULL;
    bool known = last_seen(run, rollout, &seen);
    if (forward && !known && !rollout_flag_read(conn, rollout, &seen, err))
        return false;
    if (!rollout_flag_write(conn, rollout, forward ? &seen : NULL, write->percent, forward, err))
        return false;
    FAULT("flag.written");
    RolloutFlag now;
    if (!rollout_flag_read(conn, rollout, &now, err))
        return false;
    if (!rollout_flag_is(&now, strtod(write->percent, NULL), forward))
        return error_set(
            err, ERROR_REFUSED,
            "the flag was set to %s %% and now says %s %%: a trigger of the application changes it",
            write->percent, now.percent);
    json_set_string(detail, "flag_percent", now.percent);
    json_object_set_new(detail, "percent", json_real(strtod(write->percent, NULL)));
    json_object_set_new(detail, "enabled", json_boolean(forward));
    json_set_string(detail, "stage", forward ? write->stage->path : "");
    return true;
}

static bool set_share(Run *run, const PlanNode *rollout, const PlanNode *stage, StepEvent event,
                      Error *err)
{
    if (rollout_traffic_is(rollout))
        return rollout_traffic_set(run, rollout, stage, event, err);
    FlagWrite write = {.stage = stage};
    snprintf(write.percent, sizeof(write.percent), "%.15g",
             stage == NULL ? 0.0 : plan_number(stage, "percent"));
    if (!run_effect(run, rollout,
                    &(RunEffectOptions){.event = event,
                                        .effect = flag_effect,
                                        .ctx = &write,
                                        .as_role = true,
                                        .user_sql = true},
                    err))
        return false;
    AUTO(json_auto) json_t *data = json_object();
    json_object_set_new(data, "percent", json_real(strtod(write.percent, NULL)));
    json_object_set_new(data, "enabled", json_boolean(stage != NULL));
    run_tell(run, "rollout.flag", rollout->path, data);
    return true;
}

/* Somebody else's hand on the flag or the traffic: the run is held; going on makes what is there
 * the last seen. */
static bool held_by_somebody(Run *run, const PlanNode *rollout, const Error *why, Error *err)
{
    AUTO(json_auto)
    json_t *reason =
        run_reason("flag", rollout->path, NULL,
                   "%s: resume sets it again, rollback takes it to 0 %%", why->message);
    if ((run->state != RUN_HELD && !run_hold(run, rollout->path, reason, err)) ||
        !run_wait_go(run, err))
        return false;
    json_t *detail = json_object_get(run_step_row(run, rollout->path), "detail");
    json_object_del(detail, "flag_percent");
    rollout_traffic_accept(run, rollout);
    return true;
}

static bool let_in(Run *run, const PlanNode *rollout, const PlanNode *stage, Error *err)
{
    Error why = {0};
    while (!set_share(run, rollout, stage, STEP_EVENT_START, &why)) {
        if (why.kind != ERROR_CONFLICT) {
            *err = why;
            return false;
        }
        if (!held_by_somebody(run, rollout, &why, err))
            return false;
        why = (Error){0};
    }
    return true;
}

/* ------------------------------------------------------------------ watching */

static bool watching(Watch *watch, Error *err)
{
    Run *run = watch->run;
    if (run->state == RUN_WATCHING)
        return true;
    int64_t left_us = watch->window.window_us - watch->window.counted_us;
    AUTO(json_auto)
    json_t *reason = run_reason("watch", watch->stage->path, NULL, "%s at %g %%: watched",
                                watch->stage->parent->name, plan_number(watch->stage, "percent"));
    json_set_int(reason, "left_us", left_us);
    return run_apply(run, RUN_EVENT_WATCH, watch->stage->path, reason, err);
}

static void tell_sample(Watch *watch)
{
    AUTO(json_auto) json_t *data = json_object();
    json_object_set_new(data, "guards", rollout_guards_json(&watch->guards));
    json_set_int(data, "counted_us", watch->window.counted_us);
    json_set_int(data, "left_us", watch->window.window_us - watch->window.counted_us);
    run_tell(watch->run, "rollout.sample", watch->stage->path, data);
}

static bool sample(Watch *watch, RolloutVerdict *ret_verdict, const RolloutGuard **ret_worst,
                   Error *err)
{
    LedgerSample samples[ROLLOUT_GUARDS_MAX];
    rollout_guards_sample(&watch->guards, watch->metrics);
    for (size_t i = 0; i < watch->guards.count; i++)
        samples[i] = watch->guards.items[i].sample;
    *ret_verdict = rollout_guards_judge(&watch->guards, ret_worst);
    bool counts = rollout_guards_hold(&watch->guards) && watch->run->state == RUN_WATCHING;
    if (!ledger_watch_tick(watch->run->ledger, &watch->run->writer, watch->stage->path, samples,
                           watch->guards.count, counts, watch->interval_us * STALE_INTERVALS,
                           &watch->window, err))
        return false;
    tell_sample(watch);
    return true;
}

static bool breached(Watch *watch, const RolloutGuard *worst, Error *err)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof(text),
             "guard \"%s\" was breached at %g %%: %s is %g%s, %d samples in a row",
             worst->sample.guard, plan_number(watch->stage, "percent"), worst->threshold.metric,
             worst->sample.value, worst->threshold.unit, worst->breaches);
    tell_stage(watch->run, watch->stage, "held", text);
    if (text_equal(plan_text(watch->stage->parent, "on_breach"), "rollback"))
        return run_roll_back(watch->run, watch->stage->path, text, err);
    if (watch->run->state == RUN_HELD)
        return true;
    AUTO(json_auto) json_t *reason = run_reason("guard", watch->stage->path, NULL, "%s", text);
    return run_hold(watch->run, watch->stage->path, reason, err);
}

/* Nothing can be said at the moment; it goes on by itself when it can. */
static bool no_data(Watch *watch, const char *text, Error *err)
{
    if (text_equal(plan_text(watch->stage->parent, "on_no_data"), "rollback"))
        return run_roll_back(watch->run, watch->stage->path, text, err);
    if (watch->run->state == RUN_HELD)
        return true;
    AUTO(json_auto)
    json_t *reason = run_reason("no_data", watch->stage->path, NULL,
                                "%s; the window does not count meanwhile", text);
    return run_hold(watch->run, watch->stage->path, reason, err);
}

static bool no_metric(Watch *watch, const RolloutGuard *worst, Error *err)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof(text), "metric %s has no data: %s", worst->threshold.metric, worst->why);
    return no_data(watch, text, err);
}

static bool flag_look(Watch *watch, const PlanNode *rollout, Error *err)
{
    RolloutFlag now;
    if (!rollout_flag_look(watch->conn, rollout, &now, err))
        return false;
    return rollout_flag_is(&now, plan_number(watch->stage, "percent"), true) ||
           error_set(err, ERROR_CONFLICT, "someone set %s to %s %%, %s", rollout->name, now.percent,
                     now.enabled ? "on" : "off");
}

/* Is the share as we set it? *ret_known: false when nobody can say, and that is held. */
static bool untouched(Watch *watch, bool *ret_known, Error *err)
{
    Run *run = watch->run;
    const PlanNode *rollout = watch->stage->parent;
    bool traffic = rollout_traffic_is(rollout);
    Error why = {0};
    *ret_known = true;
    if (traffic ? rollout_traffic_look(run, rollout, &why) : flag_look(watch, rollout, &why))
        return true;
    if (why.kind == ERROR_CONFLICT) /* a run that is held for another reason says this one now */
        return rollout_advance_refuse(&watch->advance, why.message, err) &&
               (run->state != RUN_HELD || watching(watch, err)) &&
               held_by_somebody(run, rollout, &why, err) && let_in(run, rollout, watch->stage, err);
    *ret_known = false;
    if (why.kind != ERROR_CANCELLED && !run_must_end(&why)) {
        snprintf(watch->stands, sizeof(watch->stands), "%.*s", TEXT_BYTES - 1, why.message);
        return no_data(watch, why.message, err);
    }
    *err = why;
    return false;
}

/* A full window ends nothing while a guard may be on its way to a breach: the next stage would
 * begin to count its samples anew, with more people let in. */
static bool is_over(const Watch *watch)
{
    return watch->window.closed || (watch->window.counted_us >= watch->window.window_us &&
                                    rollout_guards_hold(&watch->guards));
}

/* What the sample means for the run. */
static bool follow(Watch *watch, RolloutVerdict verdict, const RolloutGuard *worst, Error *err)
{
    if (verdict == ROLLOUT_OK)
        return watching(watch, err);
    bool breach = verdict == ROLLOUT_BREACH;
    snprintf(watch->stands, sizeof(watch->stands), "guard \"%s\" %s", worst->sample.guard,
             breach ? "is breached" : "has no data");
    return breach ? breached(watch, worst, err) : no_metric(watch, worst, err);
}

/* A window that is full before the interval is over need not wait for it. */
static int64_t next_look_us(const Watch *watch)
{
    int64_t left_us = watch->window.window_us - watch->window.counted_us;
    bool counts = watch->stands[0] == '\0' && rollout_guards_hold(&watch->guards);
    bool fills = counts && left_us > 0 && left_us < watch->interval_us;
    return clock_monotonic_us() + (fills ? left_us : watch->interval_us);
}

/* The flag, then the guards: once an interval, because a breach is so many samples in a row. */
static bool look(Watch *watch, Error *err)
{
    RolloutVerdict verdict = ROLLOUT_OK;
    const RolloutGuard *worst = NULL;
    bool known = false;
    watch->stands[0] = '\0';
    bool ok =
        untouched(watch, &known, err) &&
        (!known || (sample(watch, &verdict, &worst, err) && follow(watch, verdict, worst, err)));
    watch->look_us = next_look_us(watch);
    return ok;
}

/* Who wants the watch to end is answered whenever we wake, by what the last look found. */
static bool answer(Watch *watch, Error *err)
{
    if (watch->stands[0] != '\0')
        return rollout_advance_refuse(&watch->advance, watch->stands, err);
    return is_over(watch) ||
           rollout_advance_turn(&watch->advance, &watch->window, &watch->window.closed, err);
}

/* Requests, approvals and what other runs are asked wake us too: no reason to look early. A breach
 * that a person let go on is judged anew. */
static bool watch_turn(Watch *watch, Error *err)
{
    bool went = false;
    if (!run_take_go(watch->run, &went, err))
        return false;
    for (size_t i = 0; went && i < watch->guards.count; i++)
        watch->guards.items[i].breaches = 0;
    if ((went || clock_monotonic_us() >= watch->look_us) && !look(watch, err))
        return false;
    if (!answer(watch, err))
        return false;
    int64_t left_us = watch->look_us - clock_monotonic_us();
    return is_over(watch) || run_wait(watch->run, left_us > 0 ? (left_us + 999) / 1000 : 0, err);
}

static bool watch_stage(Watch *watch, Error *err)
{
    Run *run = watch->run;
    const PlanNode *stage = watch->stage;
    int64_t window_us = rollout_window_us(stage, run->options.environment);
    RolloutGuardsOf of = {.config = run->options.config, .environment = run->options.environment};
    if (!rollout_guards_collect(&watch->guards, watch->arena, stage, &of, err) ||
        (!rollout_traffic_is(stage->parent) &&
         !run_connect_as_plan(run, run->options.target, true, &watch->conn, err)) ||
        !ledger_watch_open(run->ledger, &run->writer, stage->path, window_us, &watch->window, err))
        return false;
    watch->metrics = run_metrics_new(run, stage);
    if (run->state == RUN_RUNNING && !watching(watch, err))
        return false;
    while (!is_over(watch)) {
        if (!watch_turn(watch, err))
            return false;
    }
    return rollout_advance_refuse(&watch->advance, "the watch is over", err) &&
           (watch->window.closed ||
            ledger_watch_close(run->ledger, &run->writer, stage->path, err));
}

static bool stage_forward(Run *run, const PlanNode *rollout, const PlanNode *stage, Error *err)
{
    if (stage->children_count > 0 && run_step_state(run, stage->children[0]) != STEP_DONE &&
        !rollout_gate_forward(run, stage->children[0], err))
        return false;
    const char *set_for =
        json_get_string(json_object_get(run_step_row(run, rollout->path), "detail"), "stage", "");
    if (!text_equal(set_for, stage->path) && !let_in(run, rollout, stage, err))
        return false;
    if (run_step_state(run, stage) != STEP_RUNNING &&
        !run_step_apply(run, stage, STEP_EVENT_START, NULL, NULL, err))
        return false;
    tell_stage(run, stage, "watching", "");
    AUTO(arena_auto) Arena *arena = arena_new();
    Watch *watch = arena_alloc(arena, sizeof(*watch));
    *watch =
        (Watch){.run = run,
                .stage = stage,
                .arena = arena,
                .advance = {.run = run, .stage = stage, .gate = rollout_advance_gate(arena, stage)},
                .interval_us = run->options.environment->guard_interval_us};
    bool ok = watch_stage(watch, err);
    bool early = watch->window.counted_us < watch->window.window_us;
    run_metrics_free(watch->metrics);
    db_close(watch->conn);
    if (!ok || !run_step_apply(run, stage, STEP_EVENT_FINISH, NULL, NULL, err))
        return false;
    tell_stage(run, stage, "done", early ? "its watch was ended early" : "");
    return run->state == RUN_RUNNING || run_apply(run, RUN_EVENT_GO, stage->path, NULL, err);
}

/* There is no load balancer here: said in the ledger, where reports find it. */
static bool pass_over(Run *run, const PlanNode *rollout, Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    json_set_string(detail, "why", "traffic: none in this environment");
    run_log(run, rollout->path, "info", "passed over: environment %s has no load balancer",
            run->options.environment->name);
    for (size_t i = 0; i < rollout->children_count; i++) {
        if (run_step_state(run, rollout->children[i]) != STEP_SKIPPED &&
            !run_step_apply(run, rollout->children[i], STEP_EVENT_SKIP, detail, NULL, err))
            return false;
    }
    return run_step_apply(run, rollout, STEP_EVENT_SKIP, detail, NULL, err);
}

bool rollout_forward(Run *run, const PlanNode *rollout, Error *err)
{
    if (rollout_traffic_is(rollout) && run->options.environment->traffic_none)
        return pass_over(run, rollout, err);
    for (size_t i = 0; i < rollout->children_count; i++) {
        const PlanNode *stage = rollout->children[i];
        if (run_step_state(run, stage) != STEP_DONE && !stage_forward(run, rollout, stage, err))
            return false;
    }
    AUTO(json_auto)
    json_t *detail = json_copy(json_object_get(run_step_row(run, rollout->path), "detail"));
    json_set_string(detail, "verdict", "pass");
    return run_step_apply(run, rollout, STEP_EVENT_FINISH, detail, NULL, err);
}

/* The stages first: when the rollout itself is undone, nothing comes back here. */
static bool stages_back(Run *run, const PlanNode *rollout, Error *err)
{
    for (size_t i = rollout->children_count; i > 0; i--) {
        const PlanNode *stage = rollout->children[i - 1];
        if (step_row_find(run_step_state(run, stage), STEP_EVENT_UNDO_FINISH) != NULL &&
            !run_step_apply(run, stage, STEP_EVENT_UNDO_FINISH, NULL, NULL, err))
            return false;
    }
    return true;
}

/* A flag that we never set is the application's: it stays as it is, and need not even be there. */
static bool never_set(const Run *run, const PlanNode *rollout)
{
    const json_t *detail = json_object_get(run_step_row(run, rollout->path), "detail");
    return !rollout_traffic_is(rollout) && json_object_get(detail, "stage") == NULL;
}

bool rollout_back(Run *run, const PlanNode *rollout, Error *err)
{
    if (!stages_back(run, rollout, err))
        return false;
    if (never_set(run, rollout)
            ? !run_step_apply(run, rollout, STEP_EVENT_UNDO_FINISH, NULL, NULL, err)
            : !set_share(run, rollout, NULL, STEP_EVENT_UNDO_FINISH, err))
        return false;
    for (size_t i = 0; i < rollout->children_count; i++) {
        if (run_step_row(run, rollout->children[i]->path) != NULL)
            tell_stage(run, rollout->children[i], "rolled_back", run->rollback_why);
    }
    return true;
}
