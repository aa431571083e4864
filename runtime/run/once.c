/* Intent, act, done; and what to do with an intent that a runner left behind. */
#include "run/once.h"

#include "ledger/gate.h"
#include "run/control.h"

#include <inttypes.h>

enum { POLL_MS = 1000 };

/* ------------------------------------------------------------------ did it happen? */

/* A question is about one intent: its number is the version of the step's row, which the next
 * intent raises. */
static int64_t question_of(const Run *run, const PlanNode *node)
{
    return json_get_int(run_step_row(run, node->path), "version", 0);
}

static bool find_answer(Run *run, const PlanNode *node, RunFound *ret_found, Error *err)
{
    AUTO(json_auto) json_t *answers = NULL;
    int64_t question = question_of(run, node);
    size_t i = 0;
    json_t *answer = NULL;
    *ret_found = RUN_FOUND_UNKNOWN;
    if (!ledger_answers(run->ledger, run->id, node->path, &answers, err))
        return false;
    json_array_foreach (answers, i, answer) {
        if (json_get_int(answer, "item", -1) != question)
            continue;
        const char *note = json_get_string(answer, "note", "");
        *ret_found = text_starts(note, "yes") ? RUN_FOUND_DONE : RUN_FOUND_NOTHING;
        run_log(run, node->path, "info", "did it happen? %s says %s",
                json_get_string(answer, "by", "somebody"), note);
    }
    return true;
}

static bool hold_question(Run *run, const PlanNode *node, Error *err)
{
    AUTO(json_auto)
    json_t *reason = run_reason(
        "did_it_happen", node->path, NULL,
        "a runner died while %s \"%s\" was done, and nothing says whether it happened: look, then "
        "answer yes (go on) or no (do it again)",
        plan_kind_name(node->kind), node->name);
    json_set_int(reason, "item", question_of(run, node));
    run_reason_command(reason, "headgate answer %s \"%s\" yes", run->id_text, node->path);
    run_reason_command(reason, "headgate answer %s \"%s\" no", run->id_text, node->path);
    run_reason_command(reason, "headgate rollback %s", run->id_text);
    return run_hold(run, node->path, reason, err);
}

static bool ask_person(Run *run, const PlanNode *node, RunFound *ret_found, Error *err)
{
    while (find_answer(run, node, ret_found, err)) {
        if (*ret_found != RUN_FOUND_UNKNOWN)
            return run->state == RUN_RUNNING || run_apply(run, RUN_EVENT_GO, node->path, NULL, err);
        if (run->state != RUN_HELD && !hold_question(run, node, err))
            return false;
        if (run->go_asked && run->asked == RUN_ASKED_NOTHING &&
            !run_control_answer(run, "it waits for an answer: did it happen?", err))
            return false;
        if (!run_wait(run, POLL_MS, err))
            return false;
    }
    return false;
}

/* After an intent that nobody finished. */
static bool find_out(Run *run, const PlanNode *node, RunFound *ret_found, Error *err)
{
    if (!run_act_probe(run, node, ret_found, err))
        return false;
    if (*ret_found != RUN_FOUND_UNKNOWN)
        run_log(run, node->path, "info", "its probe says that it %s",
                *ret_found == RUN_FOUND_DONE ? "has happened" : "has not happened");
    else if (plan_bool(node, "repeatable") || node->kind == PLAN_NOTIFY)
        *ret_found = RUN_FOUND_NOTHING;
    return *ret_found != RUN_FOUND_UNKNOWN || ask_person(run, node, ret_found, err);
}

/* ------------------------------------------------------------------ forward */

static bool finish_found(Run *run, const PlanNode *node, Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    json_set_string(detail, "text", "it had happened already");
    return run_step_apply(run, node, STEP_EVENT_FINISH, detail, NULL, err);
}

/* *ret_done: nothing is left to do. */
static bool settle_intent(Run *run, const PlanNode *node, bool *ret_done, Error *err)
{
    StepState state = run_step_state(run, node);
    RunFound found = RUN_FOUND_NOTHING;
    bool died = state == STEP_INTENT || state == STEP_RUNNING;
    *ret_done = false;
    if (died && !find_out(run, node, &found, err))
        return false;
    if (state == STEP_FAILED && !run_act_probe(run, node, &found, err))
        return false; /* a person said retry; the failed attempt may have worked all the same */
    *ret_done = found == RUN_FOUND_DONE;
    return !*ret_done || finish_found(run, node, err);
}

bool run_once_forward(Run *run, const PlanNode *node, RunAct *act, Error *err)
{
    bool done = false;
    if (!settle_intent(run, node, &done, err))
        return false;
    if (done)
        return true;
    if (run->state == RUN_HELD && !run_wait_go(run, err))
        return false;
    AUTO(json_auto) json_t *detail = json_object();
    return run_step_apply(run, node, STEP_EVENT_INTEND, NULL, NULL, err) &&
           act(run, node, detail, err) &&
           run_step_apply(run, node, STEP_EVENT_FINISH, detail, NULL, err);
}

/* ------------------------------------------------------------------ back */

bool run_once_nothing(Run *run, const PlanNode *node, bool *ret_nothing, Error *err)
{
    StepState state = run_step_state(run, node);
    RunFound found = RUN_FOUND_UNKNOWN;
    *ret_nothing = json_object_get(node->keys, "no_effect") != NULL;
    bool unsure = state == STEP_INTENT || state == STEP_RUNNING || state == STEP_FAILED;
    if (*ret_nothing || !unsure)
        return true;
    if (!run_act_probe(run, node, &found, err))
        return false;
    *ret_nothing = found == RUN_FOUND_NOTHING;
    return true;
}

bool run_once_back(Run *run, const PlanNode *node, RunAct *undo, Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    json_t *before = json_object_get(run_step_row(run, node->path), "detail");
    if (before != NULL)
        json_object_update(detail, before);
    return run_step_apply(run, node, STEP_EVENT_UNDO, NULL, NULL, err) &&
           undo(run, node, detail, err) &&
           run_step_apply(run, node, STEP_EVENT_UNDO_FINISH, detail, NULL, err);
}
