/* What people may ask of a run in its state, and what a rollback of it would undo: what pages show
 * before somebody asks. Pure. */
#ifndef HEADGATE_RUN_UNDO_H
#define HEADGATE_RUN_UNDO_H

#include "base/json.h"
#include "run/state.h"

/// What a request is about.
typedef enum RunAbout {
    REQUEST_MOVES,    ///< the run's state
    REQUEST_MENDS,    ///< the failed undo that blocks a rollback: its body names the step
    REQUEST_TUNES,    ///< the pace of row work (run/tune.h)
    REQUEST_ADVANCES, ///< the watch of a stage: its body names the stage
} RunAbout;

/// Something a person may ask of a run.
typedef struct RunRequest {
    const char *name; ///< "pause", …: its word in the API and on the command line
    RunEvent event;   ///< the transition it asks for
    unsigned offered; ///< bits 1u << RunState where pages offer it; 0 = wherever it is allowed
    RunAbout about;
} RunRequest;

extern const RunRequest RUN_REQUESTS[];
extern const size_t RUN_REQUESTS_COUNT;
/// NULL when there is no such word.
const RunRequest *run_request_find(const char *name);
/// Is there a transition for it? A run at work takes resume and retry too, and goes on; what mends
/// is for a blocked rollback alone, what tunes for a run whose row work may be under way,
/// what advances for a run that watches.
bool run_request_allowed(const RunRequest *request, RunState state);
/// Does it make sense to offer it in this state?
bool run_request_offered(const RunRequest *request, RunState state);
/// {"pause": ["running", …], …}: the states in which each is offered; the caller's.
json_t *run_requests_json(void);

/// {"steps": [{path, kind, name, state, how}], "no_way_back": [{path, kind, name, why}]}: what a
/// rollback would undo, in its order, and the steps that are done and have no way back (then a
/// rollback is refused). graph is the plan's tree with paths; steps are rows of headgate.step in
/// start order, with path and state. The caller's.
json_t *run_undo_list(json_t *graph, const json_t *steps);

#endif
