/* The two state machines as tables: one row per (from, event), one setter each (run/run.h,
 * run/step.h). Docs and tests come from here. */
#ifndef HEADGATE_RUN_STATE_H
#define HEADGATE_RUN_STATE_H

#include "base/text.h"

typedef enum RunState {
    RUN_PENDING,   ///< created, nobody drives it yet
    RUN_RUNNING,   ///< forward
    RUN_WAITING,   ///< for a person
    RUN_WATCHING,  ///< for a clock
    RUN_HELD,      ///< it stopped itself and needs a decision: guard, no data, rejected, expired
    RUN_THROTTLED, ///< it yields to the application
    RUN_PAUSED,    ///< a person stopped it
    RUN_ROLLING_BACK,
    RUN_ROLLED_BACK,
    RUN_ROLLBACK_BLOCKED, ///< an undo failed
    RUN_DONE,
    RUN_FAILED,
    RUN_ABORTED, ///< a person ended it where it was; nothing was undone
    RUN_STATES,
} RunState;

typedef enum RunEvent {
    RUN_EVENT_GO, ///< go on forward
    RUN_EVENT_WAIT,
    RUN_EVENT_WATCH,
    RUN_EVENT_HOLD,
    RUN_EVENT_THROTTLE,
    RUN_EVENT_PAUSE,
    RUN_EVENT_FAIL,
    RUN_EVENT_FINISH,
    RUN_EVENT_ROLL_BACK, ///< start or go on to undo
    RUN_EVENT_UNDONE,    ///< everything is undone
    RUN_EVENT_BLOCK,     ///< an undo failed
    RUN_EVENT_ABORT,
    RUN_EVENTS,
} RunEvent;

typedef enum StepState {
    STEP_PENDING,
    STEP_INTENT, ///< about to do something that no transaction covers
    STEP_RUNNING,
    STEP_DONE,
    STEP_FAILED,
    STEP_UNDOING,
    STEP_UNDONE,
    STEP_UNDO_FAILED,
    STEP_SKIPPED,
    STEP_STATES,
} StepState;

typedef enum StepEvent {
    STEP_EVENT_INTEND,
    STEP_EVENT_START,
    STEP_EVENT_FINISH,
    STEP_EVENT_FAIL,
    STEP_EVENT_UNDO,
    STEP_EVENT_UNDO_FINISH,
    STEP_EVENT_UNDO_FAIL,
    STEP_EVENT_SKIP,
    STEP_EVENTS,
} StepEvent;

/// What a state means for the process that drives the run.
typedef enum RunRest {
    RUN_DRIVES, ///< a runner is at work
    RUN_RESTS,  ///< no runner until somebody asks for one
    RUN_ENDED,  ///< terminal (a done run may still be rolled back)
} RunRest;

typedef struct RunRow {
    RunState from;
    RunEvent event;
    RunState to;
    const char *why; ///< log line, dashboard text, docs/states.md
} RunRow;

typedef struct StepRow {
    StepState from;
    StepEvent event;
    StepState to;
    const char *why;
} StepRow;

extern const RunRow RUN_ROWS[];
extern const size_t RUN_ROWS_COUNT;
extern const StepRow STEP_ROWS[];
extern const size_t STEP_ROWS_COUNT;

const char *run_state_name(RunState state);
const char *run_event_name(RunEvent event);
const char *step_state_name(StepState state);
const char *step_event_name(StepEvent event);
RunRest run_state_rest(RunState state);
const char *run_state_doc(RunState state);
/// RUN_STATES / STEP_STATES for an unknown word.
RunState run_state_parse(const char *name);
StepState step_state_parse(const char *name);

/// NULL: not allowed.
const RunRow *run_row_find(RunState from, RunEvent event);
const StepRow *step_row_find(StepState from, StepEvent event);

/// docs/states.md: both tables and a mermaid diagram of each.
void run_states_docs(Text *out);

#endif
