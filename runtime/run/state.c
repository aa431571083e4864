/* The tables of the state machines. An absent row means "not allowed". */
#include "run/state.h"

static const struct RunStateInfo {
    const char *name;
    RunRest rest;
    const char *doc;
} RUN_INFO[RUN_STATES] = {
    [RUN_PENDING] = {"pending", RUN_DRIVES, "created; a runner is about to start"},
    [RUN_RUNNING] = {"running", RUN_DRIVES, "steps are being done"},
    [RUN_WAITING] = {"waiting", RUN_DRIVES,
                     "a person must act: a gate, a review queue, a manual step"},
    [RUN_WATCHING] = {"watching", RUN_DRIVES, "a clock runs: the watch window of a stage"},
    [RUN_HELD] =
        {"held", RUN_DRIVES,
         "it stopped itself and needs a decision: a guard, no data, a rejected or expired gate"},
    [RUN_THROTTLED] = {"throttled", RUN_DRIVES, "it yields to the application"},
    [RUN_PAUSED] = {"paused", RUN_RESTS, "a person stopped it"},
    [RUN_ROLLING_BACK] = {"rolling_back", RUN_DRIVES, "steps are being undone in reverse order"},
    [RUN_ROLLED_BACK] = {"rolled_back", RUN_ENDED, "everything that could be undone is undone"},
    [RUN_ROLLBACK_BLOCKED] = {"rollback_blocked", RUN_RESTS,
                              "an undo failed: retry it, or repair and retry"},
    [RUN_DONE] = {"done", RUN_ENDED, "every step is done"},
    [RUN_FAILED] = {"failed", RUN_RESTS, "a step failed: retry, or roll back"},
    [RUN_ABORTED] = {"aborted", RUN_ENDED, "a person ended it where it was; nothing was undone"},
};

static const char *const RUN_EVENT_NAMES[RUN_EVENTS] = {
    [RUN_EVENT_GO] = "go",
    [RUN_EVENT_WAIT] = "wait",
    [RUN_EVENT_WATCH] = "watch",
    [RUN_EVENT_HOLD] = "hold",
    [RUN_EVENT_THROTTLE] = "throttle",
    [RUN_EVENT_PAUSE] = "pause",
    [RUN_EVENT_FAIL] = "fail",
    [RUN_EVENT_FINISH] = "finish",
    [RUN_EVENT_ROLL_BACK] = "roll_back",
    [RUN_EVENT_UNDONE] = "undone",
    [RUN_EVENT_BLOCK] = "block",
    [RUN_EVENT_ABORT] = "abort",
};

static const char *const STEP_NAMES[STEP_STATES] = {
    [STEP_PENDING] = "pending", [STEP_INTENT] = "intent",           [STEP_RUNNING] = "running",
    [STEP_DONE] = "done",       [STEP_FAILED] = "failed",           [STEP_UNDOING] = "undoing",
    [STEP_UNDONE] = "undone",   [STEP_UNDO_FAILED] = "undo_failed", [STEP_SKIPPED] = "skipped",
};

static const char *const STEP_EVENT_NAMES[STEP_EVENTS] = {
    [STEP_EVENT_INTEND] = "intend",       [STEP_EVENT_START] = "start",
    [STEP_EVENT_FINISH] = "finish",       [STEP_EVENT_FAIL] = "fail",
    [STEP_EVENT_UNDO] = "undo",           [STEP_EVENT_UNDO_FINISH] = "undo_finish",
    [STEP_EVENT_UNDO_FAIL] = "undo_fail", [STEP_EVENT_SKIP] = "skip",
};

const RunRow RUN_ROWS[] = {
    {RUN_PENDING, RUN_EVENT_GO, RUN_RUNNING, "a runner has started"},
    {RUN_PENDING, RUN_EVENT_ABORT, RUN_ABORTED, "ended before it began"},

    {RUN_RUNNING, RUN_EVENT_WAIT, RUN_WAITING, "a person must act"},
    {RUN_RUNNING, RUN_EVENT_WATCH, RUN_WATCHING, "a watch window has opened"},
    {RUN_RUNNING, RUN_EVENT_HOLD, RUN_HELD, "it needs a decision"},
    {RUN_RUNNING, RUN_EVENT_THROTTLE, RUN_THROTTLED, "the database needs a rest"},
    {RUN_RUNNING, RUN_EVENT_PAUSE, RUN_PAUSED, "paused at a safe point"},
    {RUN_RUNNING, RUN_EVENT_FAIL, RUN_FAILED, "a step failed"},
    {RUN_RUNNING, RUN_EVENT_FINISH, RUN_DONE, "every step is done"},
    {RUN_RUNNING, RUN_EVENT_ROLL_BACK, RUN_ROLLING_BACK, "rolling back"},
    {RUN_RUNNING, RUN_EVENT_ABORT, RUN_ABORTED, "ended where it was"},

    {RUN_WAITING, RUN_EVENT_GO, RUN_RUNNING, "somebody has acted"},
    {RUN_WAITING, RUN_EVENT_HOLD, RUN_HELD, "rejected or expired"},
    {RUN_WAITING, RUN_EVENT_PAUSE, RUN_PAUSED, "paused while it waited"},
    {RUN_WAITING, RUN_EVENT_FAIL, RUN_FAILED, "a step failed while it waited"},
    {RUN_WAITING, RUN_EVENT_ROLL_BACK, RUN_ROLLING_BACK, "rolling back"},
    {RUN_WAITING, RUN_EVENT_ABORT, RUN_ABORTED, "ended where it was"},

    {RUN_WATCHING, RUN_EVENT_GO, RUN_RUNNING, "the watch window has passed"},
    {RUN_WATCHING, RUN_EVENT_HOLD, RUN_HELD,
     "a guard has no data, or is breached and the plan says hold"},
    {RUN_WATCHING, RUN_EVENT_PAUSE, RUN_PAUSED, "paused while it watched"},
    {RUN_WATCHING, RUN_EVENT_FAIL, RUN_FAILED, "a step failed while it watched"},
    {RUN_WATCHING, RUN_EVENT_ROLL_BACK, RUN_ROLLING_BACK,
     "a guard was breached, or somebody asked"},
    {RUN_WATCHING, RUN_EVENT_ABORT, RUN_ABORTED, "ended where it was"},

    {RUN_HELD, RUN_EVENT_GO, RUN_RUNNING, "somebody decided to go on"},
    {RUN_HELD, RUN_EVENT_WATCH, RUN_WATCHING, "the guards have data again"},
    {RUN_HELD, RUN_EVENT_PAUSE, RUN_PAUSED, "paused while it was held"},
    {RUN_HELD, RUN_EVENT_FAIL, RUN_FAILED, "a step failed while it was held"},
    {RUN_HELD, RUN_EVENT_ROLL_BACK, RUN_ROLLING_BACK, "rolling back"},
    {RUN_HELD, RUN_EVENT_ABORT, RUN_ABORTED, "ended where it was"},

    {RUN_THROTTLED, RUN_EVENT_GO, RUN_RUNNING, "the database is well again"},
    {RUN_THROTTLED, RUN_EVENT_PAUSE, RUN_PAUSED, "paused while it was throttled"},
    {RUN_THROTTLED, RUN_EVENT_FAIL, RUN_FAILED, "a step failed while it was throttled"},
    {RUN_THROTTLED, RUN_EVENT_ROLL_BACK, RUN_ROLLING_BACK, "rolling back"},
    {RUN_THROTTLED, RUN_EVENT_ABORT, RUN_ABORTED, "ended where it was"},

    {RUN_PAUSED, RUN_EVENT_GO, RUN_RUNNING, "resumed"},
    {RUN_PAUSED, RUN_EVENT_ROLL_BACK, RUN_ROLLING_BACK, "rolling back"},
    {RUN_PAUSED, RUN_EVENT_ABORT, RUN_ABORTED, "ended where it was"},

    {RUN_FAILED, RUN_EVENT_GO, RUN_RUNNING, "tried again"},
    {RUN_FAILED, RUN_EVENT_ROLL_BACK, RUN_ROLLING_BACK, "rolling back"},
    {RUN_FAILED, RUN_EVENT_ABORT, RUN_ABORTED, "ended where it was"},

    {RUN_ROLLING_BACK, RUN_EVENT_UNDONE, RUN_ROLLED_BACK, "everything is undone"},
    {RUN_ROLLING_BACK, RUN_EVENT_BLOCK, RUN_ROLLBACK_BLOCKED, "an undo failed"},
    {RUN_ROLLING_BACK, RUN_EVENT_PAUSE, RUN_PAUSED, "paused while it rolled back"},

    {RUN_ROLLBACK_BLOCKED, RUN_EVENT_ROLL_BACK, RUN_ROLLING_BACK, "tried again"},
    {RUN_ROLLBACK_BLOCKED, RUN_EVENT_ABORT, RUN_ABORTED, "ended where it was"},

    {RUN_DONE, RUN_EVENT_ROLL_BACK, RUN_ROLLING_BACK, "rolling back a finished run"},
};
const size_t RUN_ROWS_COUNT = COUNT_OF(RUN_ROWS);

const StepRow STEP_ROWS[] = {
    {STEP_PENDING, STEP_EVENT_INTEND, STEP_INTENT, "about to act outside a transaction"},
    {STEP_PENDING, STEP_EVENT_START, STEP_RUNNING, "started"},
    {STEP_PENDING, STEP_EVENT_FINISH, STEP_DONE, "done in one transaction"},
    {STEP_PENDING, STEP_EVENT_FAIL, STEP_FAILED, "failed; its transaction was rolled back"},
    {STEP_PENDING, STEP_EVENT_SKIP, STEP_SKIPPED, "skipped"},

    {STEP_INTENT, STEP_EVENT_INTEND, STEP_INTENT, "done again: it had not happened"},
    {STEP_INTENT, STEP_EVENT_FINISH, STEP_DONE, "done outside a transaction"},
    {STEP_INTENT, STEP_EVENT_FAIL, STEP_FAILED, "failed outside a transaction"},
    {STEP_INTENT, STEP_EVENT_UNDO, STEP_UNDOING, "undoing what may have been begun"},
    {STEP_INTENT, STEP_EVENT_UNDO_FINISH, STEP_UNDONE, "undone in one transaction"},
    {STEP_INTENT, STEP_EVENT_UNDO_FAIL, STEP_UNDO_FAILED, "its undo failed"},

    {STEP_RUNNING, STEP_EVENT_INTEND, STEP_INTENT, "done again: it had not happened"},
    {STEP_RUNNING, STEP_EVENT_START, STEP_RUNNING, "went on after an interruption"},
    {STEP_RUNNING, STEP_EVENT_FINISH, STEP_DONE, "done"},
    {STEP_RUNNING, STEP_EVENT_FAIL, STEP_FAILED, "failed half-way; what was done is in the ledger"},
    {STEP_RUNNING, STEP_EVENT_SKIP, STEP_SKIPPED, "skipped"},
    {STEP_RUNNING, STEP_EVENT_UNDO, STEP_UNDOING, "undoing a half-run step"},
    {STEP_RUNNING, STEP_EVENT_UNDO_FINISH, STEP_UNDONE, "undone in one transaction"},
    {STEP_RUNNING, STEP_EVENT_UNDO_FAIL, STEP_UNDO_FAILED, "its undo failed"},

    {STEP_DONE, STEP_EVENT_UNDO, STEP_UNDOING, "undoing"},
    {STEP_DONE, STEP_EVENT_UNDO_FINISH, STEP_UNDONE, "undone in one transaction"},
    {STEP_DONE, STEP_EVENT_UNDO_FAIL, STEP_UNDO_FAILED, "its undo failed"},

    {STEP_FAILED, STEP_EVENT_INTEND, STEP_INTENT, "tried again outside a transaction"},
    {STEP_FAILED, STEP_EVENT_START, STEP_RUNNING, "tried again"},
    {STEP_FAILED, STEP_EVENT_FINISH, STEP_DONE, "tried again, and done"},
    {STEP_FAILED, STEP_EVENT_FAIL, STEP_FAILED, "tried again, and failed again"},
    {STEP_FAILED, STEP_EVENT_UNDO, STEP_UNDOING, "undoing a failed step"},
    {STEP_FAILED, STEP_EVENT_UNDO_FINISH, STEP_UNDONE, "undone in one transaction"},
    {STEP_FAILED, STEP_EVENT_UNDO_FAIL, STEP_UNDO_FAILED, "its undo failed"},

    {STEP_UNDOING, STEP_EVENT_UNDO, STEP_UNDOING, "went on after an interruption"},
    {STEP_UNDOING, STEP_EVENT_UNDO_FINISH, STEP_UNDONE, "undone"},
    {STEP_UNDOING, STEP_EVENT_UNDO_FAIL, STEP_UNDO_FAILED, "its undo failed half-way"},

    {STEP_UNDO_FAILED, STEP_EVENT_UNDO, STEP_UNDOING, "the undo is tried again"},
    {STEP_UNDO_FAILED, STEP_EVENT_UNDO_FINISH, STEP_UNDONE, "the undo was tried again, and done"},
    {STEP_UNDO_FAILED, STEP_EVENT_UNDO_FAIL, STEP_UNDO_FAILED,
     "the undo was tried again, and failed again"},
    {STEP_UNDO_FAILED, STEP_EVENT_SKIP, STEP_SKIPPED,
     "left as it is: two people said so, with a reason"},
};
const size_t STEP_ROWS_COUNT = COUNT_OF(STEP_ROWS);

const char *run_state_name(RunState state)
{
    return RUN_INFO[state].name;
}

const char *run_event_name(RunEvent event)
{
    return RUN_EVENT_NAMES[event];
}

const char *step_state_name(StepState state)
{
    return STEP_NAMES[state];
}

const char *step_event_name(StepEvent event)
{
    return STEP_EVENT_NAMES[event];
}

RunRest run_state_rest(RunState state)
{
    return RUN_INFO[state].rest;
}

const char *run_state_doc(RunState state)
{
    return RUN_INFO[state].doc;
}

RunState run_state_parse(const char *name)
{
    RunState state = 0;
    while (state < RUN_STATES && !text_equal(RUN_INFO[state].name, name))
        state++;
    return state;
}

StepState step_state_parse(const char *name)
{
    StepState state = 0;
    while (state < STEP_STATES && !text_equal(STEP_NAMES[state], name))
        state++;
    return state;
}

const RunRow *run_row_find(RunState from, RunEvent event)
{
    for (size_t i = 0; i < COUNT_OF(RUN_ROWS); i++) {
        if (RUN_ROWS[i].from == from && RUN_ROWS[i].event == event)
            return &RUN_ROWS[i];
    }
    return NULL;
}

const StepRow *step_row_find(StepState from, StepEvent event)
{
    for (size_t i = 0; i < COUNT_OF(STEP_ROWS); i++) {
        if (STEP_ROWS[i].from == from && STEP_ROWS[i].event == event)
            return &STEP_ROWS[i];
    }
    return NULL;
}

static void run_docs(Text *out)
{
    text_append(out, "## Run\n\n| state | what it means |\n| --- | --- |\n");
    for (RunState state = 0; state < RUN_STATES; state++)
        text_printf(out, "| `%s` | %s |\n", RUN_INFO[state].name, RUN_INFO[state].doc);
    text_append(out, "\n| from | event | to | why |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < COUNT_OF(RUN_ROWS); i++)
        text_printf(out, "| `%s` | %s | `%s` | %s |\n", run_state_name(RUN_ROWS[i].from),
                    run_event_name(RUN_ROWS[i].event), run_state_name(RUN_ROWS[i].to),
                    RUN_ROWS[i].why);
    text_append(out, "\n```mermaid\nstateDiagram-v2\n    [*] --> pending\n");
    for (size_t i = 0; i < COUNT_OF(RUN_ROWS); i++)
        text_printf(out, "    %s --> %s: %s\n", run_state_name(RUN_ROWS[i].from),
                    run_state_name(RUN_ROWS[i].to), run_event_name(RUN_ROWS[i].event));
    text_append(out, "```\n\n");
}

void run_states_docs(Text *out)
{
    text_append(out, "# States\n\nWritten by `headgate docs states` from the tables in "
                     "`runtime/run/state.c`; a test compares. Any (state, event)\n"
                     "without a row is refused.\n\n");
    run_docs(out);
    text_append(out, "## Step\n\n| from | event | to | why |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < COUNT_OF(STEP_ROWS); i++)
        text_printf(out, "| `%s` | %s | `%s` | %s |\n", step_state_name(STEP_ROWS[i].from),
                    step_event_name(STEP_ROWS[i].event), step_state_name(STEP_ROWS[i].to),
                    STEP_ROWS[i].why);
    text_append(out, "\n```mermaid\nstateDiagram-v2\n    [*] --> pending\n");
    for (size_t i = 0; i < COUNT_OF(STEP_ROWS); i++)
        text_printf(out, "    %s --> %s: %s\n", step_state_name(STEP_ROWS[i].from),
                    step_state_name(STEP_ROWS[i].to), step_event_name(STEP_ROWS[i].event));
    text_append(out, "```\n");
}
