/* Effects and their ledger rows share a transaction. Every transition here must be safe to repeat
 * until it succeeds: when it is interrupted, the ledger has not changed, and the next runner does
 * it again. */
#include "run/step.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "db/sql.h"
#include "ledger/call.h"
#include "ledger/fence.h"
#include "run/kind.h"
#include "run/lock.h"

#include <stdio.h>
#include <string.h>

json_t *run_step_row(const Run *run, const char *path)
{
    return json_object_get(run->steps, path);
}

StepState run_step_state(const Run *run, const PlanNode *node)
{
    json_t *row = run_step_row(run, node->path);
    return row == NULL ? STEP_PENDING : step_state_parse(json_get_string(row, "state", "pending"));
}

int run_step_attempt(const Run *run, const PlanNode *node)
{
    json_t *row = run_step_row(run, node->path);
    if (row == NULL)
        return 1;
    int attempt = (int)json_get_int(row, "attempt", 1);
    return run_step_state(run, node) == STEP_FAILED ? attempt + 1 : attempt;
}

static json_t *transition_data(const PlanNode *node, StepState from, StepState to, int attempt)
{
    json_t *data = json_object();
    json_set_string(data, "kind", plan_kind_name(node->kind));
    json_set_string(data, "from", step_state_name(from));
    json_set_string(data, "to", step_state_name(to));
    json_set_int(data, "attempt", attempt);
    return data;
}

void run_step_started(Run *run, const PlanNode *node)
{
    AUTO(json_auto)
    json_t *data =
        transition_data(node, run_step_state(run, node), STEP_RUNNING, run_step_attempt(run, node));
    run->begun = node;
    run->begun_us = clock_monotonic_us();
    run_tell(run, "step.state", node->path, data);
}

static bool transition_find(const Run *run, const PlanNode *node, StepEvent event,
                            RunTransition *ret, Error *err)
{
    StepState from = run_step_state(run, node);
    const StepRow *row = step_row_find(from, event);
    if (row == NULL)
        return error_set(err, ERROR_INTERNAL, "\"%s\" is %s: %s is not allowed", node->path,
                         step_state_name(from), step_event_name(event));
    *ret = (RunTransition){
        .node = node, .from = from, .to = row->to, .attempt = run_step_attempt(run, node)};
    return true;
}

static bool transition_write(Run *run, DbConn *conn, RunTransition *transition,
                             const DbStatement *first, bool commit, Error *err)
{
    bool finished = transition->to != STEP_RUNNING && transition->to != STEP_INTENT &&
                    transition->to != STEP_UNDOING;
    int64_t since_us = transition->node == run->begun ? clock_monotonic_us() - run->begun_us : 0;
    return ledger_step_change(conn,
                              &(LedgerStepChange){.run = run->id,
                                                  .epoch = run->epoch,
                                                  .path = transition->node->path,
                                                  .kind = plan_kind_name(transition->node->kind),
                                                  .to = step_state_name(transition->to),
                                                  .attempt = transition->attempt,
                                                  .detail = transition->detail,
                                                  .error = transition->error,
                                                  .finished = finished,
                                                  .since_us = since_us,
                                                  .first = first,
                                                  .commit = commit},
                              &transition->changed, err);
}

static void transition_tell(Run *run, const RunTransition *transition)
{
    const char *path = transition->node->path;
    FAULT("step.committed");
    json_t *row = run_step_row(run, path);
    if (row == NULL) {
        row = json_object();
        json_set_string(row, "path", path);
        json_set_string(row, "kind", plan_kind_name(transition->node->kind));
        json_set_int(row, "start_order", (int64_t)json_object_size(run->steps) + 1);
        json_object_set_new(row, "detail", json_object());
        json_object_set_new(run->steps, path, row);
    }
    json_set_string(row, "state", step_state_name(transition->to));
    json_set_int(row, "version", transition->changed.version);
    json_set_int(row, "attempt", transition->attempt);
    json_set_string(row, "started_at", transition->changed.started_at);
    json_set_string(row, "finished_at",
                    text_empty(transition->changed.finished_at) ? NULL
                                                                : transition->changed.finished_at);
    if (transition->detail != NULL)
        json_object_set(row, "detail", transition->detail);
    json_object_set(row, "error", transition->error == NULL ? json_null() : transition->error);
    if (transition->node->kind == PLAN_PLAN)
        return; /* the counts at the start are for us */
    AUTO(json_auto)
    json_t *data =
        transition_data(transition->node, transition->from, transition->to, transition->attempt);
    json_object_set(data, "detail", json_object_get(row, "detail"));
    json_object_set(data, "error", json_object_get(row, "error"));
    run_tell_step(run, path, transition->changed.version, data);
    FAULT("step.told");
}

/* What user SQL must leave as it was. */
typedef struct Own {
    char xid[32];
    char user[4 * DB_IDENTIFIER_MAX_BYTES + 1]; /* in UTF-8, whatever the database's encoding is */
} Own;

/* Of effect_before.sql and effect_after.sql. */
static void own_take(const DbResult *result, Own *ret)
{
    enum { XID, USER = 2 };
    snprintf(ret->xid, sizeof(ret->xid), "%s", db_value(result, 0, XID));
    snprintf(ret->user, sizeof(ret->user), "%s", db_value(result, 0, USER));
}

static bool own_same(const Own *before, const Own *now, Error *err)
{
    if (!text_equal(now->xid, before->xid))
        return error_set(
            err, ERROR_REFUSED,
            "the plan's SQL ended our transaction: COMMIT and ROLLBACK are not allowed in it");
    if (!text_equal(now->user, before->user))
        return error_set(err, ERROR_REFUSED,
                         "the plan's SQL, or a trigger or function that it ran, began as role "
                         "\"%s\" and ended as \"%s\": SET ROLE and RESET ROLE are not allowed",
                         before->user, now->user);
    return true;
}

/* The plan's SQL under key (NULL: the effect ran it), what it deferred to COMMIT, which would run
 * as ourselves there, then our own state again: the state of a transaction that user SQL ran in
 * must be as we left it (DESIGN §9, User SQL). Asked before COMMIT is sent. Who sets the role back
 * himself is not seen (docs/decisions/057-run-as.md). */
static bool end_user_sql(Run *run, const PlanNode *node, const char *key, const Own *before,
                         Error *err)
{
    enum { DEFERRED, AFTER, RESET, STATEMENTS };
    const DbStatement own[STATEMENTS] = {
        [DEFERRED] = {.sql = "SET CONSTRAINTS ALL IMMEDIATE"},
        [AFTER] = {.sql = db_sql("effect_after"), .prepared = true},
        [RESET] = {.sql = "RESET ROLE"},
    };
    DbResult *results[STATEMENTS] = {NULL};
    Own now = {0};
    bool ok = run_kind_sql(run, node, key, own, STATEMENTS, results, err);
    if (ok)
        own_take(results[AFTER], &now);
    for (size_t i = 0; i < STATEMENTS; i++)
        db_result_free(results[i]);
    return ok && own_same(before, &now, err);
}

static bool effect_begin(Run *run, const RunEffectOptions *options, int lock_timeout_ms,
                         Own *ret_own, Error *err)
{
    char timeout[16];
    snprintf(timeout, sizeof(timeout), "%d", lock_timeout_ms);
    const char *role = options->as_role ? run->options.target->run_as : NULL;
    DbStatement before = {db_sql("effect_before"), DB_PARAMS(timeout, role, run->search_path),
                          .prepared = true};
    if (!options->user_sql)
        return ledger_fence_begin(run->effects, run->id, run->epoch, err);
    RunQuestion *question = options->question;
    const DbStatement then[] = {before, question == NULL ? (DbStatement){0} : question->asks};
    DbResult *results[COUNT_OF(then)] = {NULL};
    if (!ledger_fence_begin_with(run->effects, run->id, run->epoch, then, question == NULL ? 1 : 2,
                                 results, err))
        return false;
    own_take(results[0], ret_own);
    db_result_free(results[0]);
    if (question != NULL) {
        db_result_free(question->answer);
        question->answer = results[1];
    }
    return true;
}

/* Rows that a step's own transaction wrote last are nobody else's (run/kept.h). */
static bool writes_rows(const RunEffectOptions *options, const RunTransition *transition)
{
    return options->user_sql && transition->node->kind == PLAN_STEP && transition->to == STEP_DONE;
}

static bool effect_try(Run *run, const RunEffectOptions *options, RunTransition *transition,
                       int lock_timeout_ms, Error *err)
{
    Own own = {0};
    if (!effect_begin(run, options, lock_timeout_ms, &own, err))
        return false;
    if (options->effect != NULL && !options->effect(run, transition->node, run->effects,
                                                    options->ctx, transition->detail, err))
        return false;
    if (options->user_sql && !end_user_sql(run, transition->node, options->sql, &own, err))
        return false;
    if (BUG("step_checkpoint_apart") &&
        (!db_commit(run->effects, err) || !db_begin(run->effects, err)))
        return false;
    DbStatement wrote = {db_sql("wrote_add"),
                         DB_PARAMS(run->id_text, transition->node->path, NULL, "{}"),
                         .prepared = true};
    bool apart = BUG("told_before_commit");
    if (!transition_write(run, run->effects, transition,
                          writes_rows(options, transition) ? &wrote : NULL, !apart, err))
        return false;
    if (BUG("told_before_commit")) {
        transition_tell(run, transition);
        if (!ledger_events_flush(run->events, err))
            return false;
    }
    return !apart || db_commit(run->effects, err);
}

/* What a try of run_effect() needs. */
typedef struct EffectTry {
    Run *run;
    const PlanNode *node;
    const RunEffectOptions *options;
} EffectTry;

static bool effect_attempt(void *ctx, int lock_timeout_ms, Error *err)
{
    const EffectTry *effect = ctx;
    Run *run = effect->run;
    RunTransition transition;
    if (!transition_find(run, effect->node, effect->options->event, &transition, err))
        return false;
    AUTO(json_auto) json_t *detail = json_object();
    json_t *before = json_object_get(run_step_row(run, effect->node->path), "detail");
    if (before != NULL)
        json_object_update(detail, before);
    transition.detail = detail;
    if (!effect_try(run, effect->options, &transition, lock_timeout_ms, err))
        return false;
    transition_tell(run, &transition);
    return true;
}

bool run_effect(Run *run, const PlanNode *node, const RunEffectOptions *options, Error *err)
{
    EffectTry effect = {.run = run, .node = node, .options = options};
    bool ok = run_lock(run, node, effect_attempt, &effect, err);
    if (options->question != NULL) {
        db_result_free(options->question->answer);
        options->question->answer = NULL;
    }
    return ok;
}

bool run_step_apply(Run *run, const PlanNode *node, StepEvent event, json_t *detail,
                    const Error *error, Error *err)
{
    RunTransition transition;
    if (!transition_find(run, node, event, &transition, err))
        return false;
    AUTO(json_auto) json_t *problem = error == NULL ? NULL : json_from_error(error);
    transition.detail = detail;
    transition.error = problem;
    bool ok = ledger_fence_begin(run->effects, run->id, run->epoch, err) &&
              transition_write(run, run->effects, &transition, NULL, true, err);
    if (!ok) {
        db_rollback(run->effects);
        return false;
    }
    transition_tell(run, &transition);
    return true;
}

bool run_step_record(Run *run, DbConn *conn, const PlanNode *node, StepEvent event, json_t *detail,
                     RunTransition *ret, Error *err)
{
    if (!transition_find(run, node, event, ret, err))
        return false;
    ret->detail = detail;
    if (!transition_write(run, conn, ret, NULL, false, err))
        return false;
    json_incref(detail);
    return true;
}

void run_step_tell(Run *run, RunTransition *transition)
{
    transition_tell(run, transition);
    json_decref(transition->detail);
    transition->detail = NULL;
}
