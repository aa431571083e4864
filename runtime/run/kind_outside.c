/* exec, http and notify: effects outside the database; and soak, which only waits. */
#include "run/kind.h"
#include "run/once.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

enum { SOAK_POLL_MS = 15000, NOTIFY_TRIES = 3, NOTIFY_PAUSE_MS = 500, UNDO_EXEC_US = 600000000 };

/* ------------------------------------------------------------------ acting */

static bool exec_argv(Run *run, const PlanNode *node, const json_t *argv, const char *effect,
                      int64_t timeout_us, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    RunActExec exec = {.argv = argv,
                       .env = json_object_get(node->keys, "env"),
                       .key = run_act_key(run, node, effect, arena),
                       .timeout_us = timeout_us};
    int code = 0;
    if (!run_act_exec(run, node, &exec, &code, detail, err))
        return false;
    return code == 0 || error_set(err, ERROR_INTERNAL, "it ended with exit code %d: %.400s", code,
                                  json_get_string(detail, "output", ""));
}

static bool act_exec(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    return exec_argv(run, node, json_object_get(node->keys, "argv"), "",
                     plan_duration_us(node, "timeout"), detail, err);
}

static bool send(Run *run, const PlanNode *node, const RunActHttp *http, json_t *detail, Error *err)
{
    HttpResponse response = {0};
    char why[300];
    UNUSED(node);
    if (!run_act_http(run, http, &response, err))
        return false;
    bool right = run_act_http_right(run, http->ask, true, &response, why, sizeof(why));
    json_set_int(detail, "status", response.status);
    http_response_done(&response);
    return right || error_set(err, ERROR_INTERNAL, "%s", why);
}

static bool act_http(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    RunActHttp http = {
        .ask = node->keys, .method = "POST", .key = run_act_key(run, node, "", arena)};
    return send(run, node, &http, detail, err);
}

/* ------------------------------------------------------------------ taking back */

static bool undo_exec(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    const json_t *argv = json_object_get(json_object_get(node->keys, "undo"), "exec");
    int64_t timeout_us = node->kind == PLAN_EXEC ? plan_duration_us(node, "timeout") : UNDO_EXEC_US;
    return exec_argv(run, node, argv, "undo", timeout_us, detail, err);
}

static bool undo_http(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    RunActHttp http = {.ask = json_object_get(json_object_get(node->keys, "undo"), "http"),
                       .method = "POST",
                       .key = run_act_key(run, node, "undo", arena)};
    return send(run, node, &http, detail, err);
}

static bool undo_sql(Run *run, const PlanNode *node, DbConn *conn, void *ctx, json_t *detail,
                     Error *err)
{
    const json_t *sql = json_object_get(json_object_get(node->keys, "undo"), "sql");
    UNUSED(run);
    UNUSED(ctx);
    UNUSED(detail);
    return db_exec(conn, json_get_string(sql, "text", ""), NULL, NULL, err) ||
           error_wrap(err, "%s:%" PRId64, json_get_string(sql, "file", node->at.file),
                      json_get_int(sql, "line", node->at.line));
}

static bool undo_by(Run *run, const PlanNode *node, Error *err)
{
    const json_t *undo = json_object_get(node->keys, "undo");
    if (undo == NULL)
        return error_set(err, ERROR_REFUSED, "there is no way back: %s",
                         json_get_string(node->keys, "one_way", "it has no undo"));
    if (json_object_get(undo, "sql") == NULL)
        return run_once_back(run, node,
                             json_object_get(undo, "exec") != NULL ? undo_exec : undo_http, err);
    return run_effect(
        run, node,
        &(RunEffectOptions){
            .event = STEP_EVENT_UNDO_FINISH, .effect = undo_sql, .as_role = true, .user_sql = true},
        err);
}

bool run_kind_outside_back(Run *run, const PlanNode *node, Error *err)
{
    bool nothing = false;
    if (!run_once_nothing(run, node, &nothing, err))
        return false;
    if (nothing)
        return run_step_apply(run, node, STEP_EVENT_UNDO_FINISH, NULL, NULL, err);
    return undo_by(run, node, err);
}

bool run_kind_exec_forward(Run *run, const PlanNode *node, Error *err)
{
    return run_once_forward(run, node, act_exec, err);
}

bool run_kind_http_forward(Run *run, const PlanNode *node, Error *err)
{
    return run_once_forward(run, node, act_http, err);
}

/* ------------------------------------------------------------------ notify */

static char *message_of(const Run *run, const PlanNode *node)
{
    AUTO(json_auto) json_t *message = json_object();
    const char *text = plan_text(node, "text");
    json_set_string(message, "text", text != NULL ? text : node->name);
    json_set_string(message, "plan", run->plan->root->name);
    json_set_string(message, "run", run->id_text);
    json_set_string(message, "environment", run->options.environment->name);
    return json_text(message);
}

/* Nobody's migration should hang on a chat server, unless its plan says so. */
static bool act_notify(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(base_free) char *message = message_of(run, node);
    const char *body = json_get_string(node->keys, "body", message);
    RunActHttp http = {.ask = node->keys,
                       .method = "POST",
                       .key = run_act_key(run, node, "", arena),
                       .body = body};
    for (int tries = 1; !send(run, node, &http, detail, err); tries++) {
        if (err->kind == ERROR_CANCELLED)
            return false;
        if (tries < NOTIFY_TRIES) {
            if (!fiber_sleep(NOTIFY_PAUSE_MS * tries, err))
                return false;
            continue;
        }
        if (text_equal(plan_text(node, "on_error"), "fail"))
            return false;
        json_set_string(detail, "text", err->message);
        run_log(run, node->path, "warn", "nobody took the message: %s", err->message);
        *err = (Error){0};
        return true;
    }
    return true;
}

bool run_kind_notify_forward(Run *run, const PlanNode *node, Error *err)
{
    return run_once_forward(run, node, act_notify, err);
}

/* ------------------------------------------------------------------ soak */

static bool step_age_us(Run *run, const PlanNode *node, int64_t *ret_age_us, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run->id);
    ledger_param_text(&params, node->path);
    AUTO(db_result_auto) DbResult *age = NULL;
    if (!ledger_call(run->effects, "step_age", &params, &age, err))
        return false;
    *ret_age_us = db_int(age, 0, 0);
    return true;
}

static bool say_soaking(Run *run, const PlanNode *node, int64_t left_us, Error *err)
{
    char left[32];
    if (run->state != RUN_RUNNING)
        return true;
    AUTO(json_auto)
    json_t *reason = run_reason("soak", node->path, NULL, "\"%s\": %s to go", node->name,
                                duration_text(left_us, left, sizeof(left)));
    json_set_int(reason, "left_us", left_us);
    return run_apply(run, RUN_EVENT_WATCH, node->path, reason, err);
}

bool run_kind_soak_forward(Run *run, const PlanNode *node, Error *err)
{
    int64_t lasts_us = plan_duration_us(node, "lasts");
    int64_t age_us = 0;
    if (run->options.environment->soak_us >= 0)
        lasts_us = run->options.environment->soak_us;
    if (run_step_state(run, node) != STEP_RUNNING &&
        !run_step_apply(run, node, STEP_EVENT_START, NULL, NULL, err))
        return false;
    while (step_age_us(run, node, &age_us, err) && age_us < lasts_us) {
        int64_t left_ms = (lasts_us - age_us) / 1000 + 1;
        if (!say_soaking(run, node, lasts_us - age_us, err) ||
            !run_wait(run, left_ms < SOAK_POLL_MS ? left_ms : SOAK_POLL_MS, err))
            return false;
    }
    return err->kind == ERROR_NONE && run_step_apply(run, node, STEP_EVENT_FINISH, NULL, NULL, err);
}
