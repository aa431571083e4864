/* The engine: drives one run forward or back, one node at a time, in one fiber. It is crash-only:
 * when a connection is lost, the process ends and its parent starts another, which takes the lease,
 * raises the fence and reads the ledger. Nothing here knows Lua.
 *
 * Every transition must be safe to repeat: when it is interrupted, the ledger has not changed, and
 * the next runner does it again. */
#ifndef HEADGATE_RUN_RUN_H
#define HEADGATE_RUN_RUN_H

#include "ledger/event.h"
#include "ledger/run.h"
#include "ledger/step.h"
#include "plan/config.h"
#include "run/state.h"

typedef struct Run Run;

/// What people asked for, strongest last.
typedef enum RunAsked {
    RUN_ASKED_NOTHING,
    RUN_ASKED_PAUSE,
    RUN_ASKED_ROLLBACK,
    RUN_ASKED_ABORT
} RunAsked;

/// Forward or back through one node. Waits. Returns false with ERROR_CANCELLED when it was
/// interrupted (run_interrupted), ERROR_FENCED / ERROR_UNREACHABLE when this process must end,
/// anything else when the node failed.
typedef bool RunNodeFn(Run *run, const PlanNode *node, Error *err);

/// Looks again at what a node found or made, and changes nothing. Waits. detail gets verdict
/// ("pass", "fail") and text; without a verdict err says why it could not be asked.
typedef bool RunAgainFn(Run *run, const PlanNode *node, json_t *detail, Error *err);

/// How the engine treats a kind of node.
typedef struct RunKind {
    PlanKind kind;
    RunNodeFn *forward; ///< NULL: a container, its children are walked
    RunNodeFn *back;    ///< NULL: nothing to undo
    bool owns_children; ///< forward walks the children itself
    bool holds_itself;  ///< forward knows what to do in a run that is held
    RunAgainFn *again;  ///< NULL: it cannot be evaluated again
} RunKind;

/// What people decided about an undo that failed.
typedef enum RunMendWay { RUN_MEND_NOTHING, RUN_MEND_SKIP, RUN_MEND_REPAIR } RunMendWay;
typedef struct RunMend {
    RunMendWay way;
    bool approved; ///< false: it waits for its gate
    const char *gate;
    const char *digest; ///< of the gate
    const char *why;
    const char *by;
    const char *sql; ///< RUN_MEND_REPAIR
    int64_t said;    ///< how much had been said about the gate when this was looked at
    bool passed;     ///< its gate is closed already, by a runner that did not get further
} RunMend;

/// What the floors above give the engine.
typedef struct RunHooks {
    /// Waits. Calls the Lua function under key of the node at path, with a database connection.
    bool (*call)(void *ctx, const char *path, const char *key, DbConn *conn, bool transactional,
                 json_t **ret_result, Error *err);
    void *ctx;
    /// The gates of a rollback that is blocked (rollout/mend.h).
    bool (*mend_ask)(Run *run, const json_t *request, const char **ret_outcome, Error *err);
    bool (*mend_look)(Run *run, const PlanNode *node, RunMend *ret_mend, Error *err);
    bool (*mend_begin)(Run *run, const RunMend *mend, bool *ret_begun, Error *err);
    const char *const *worker_argv; ///< how to start a worker; the step's path is appended
    const RunKind *kinds;           ///< by PlanKind, PLAN_KINDS of them
    const char *key_folder;         ///< where approval.pub is
    const char *backup_folder;
    const char *work_folder; ///< where programs find the plan's files
    const char *heads_file;  ///< where the heads of audit chains are written to
} RunHooks;

typedef struct RunOptions {
    Loop *loop;
    int64_t id;
    const char *owner; ///< who takes the lease: the same owner may take its own again at once
    const ConfigTarget *target;
    const ConfigTarget *state;
    const Config *config;
    const ConfigEnvironment *environment;
    const RunHooks *hooks;
    bool hung; ///< runners before this one hung in a script and were killed: its task fails
} RunOptions;

/// The engine's own data: handlers read it, only run/ writes it.
struct Run {
    RunOptions options;
    Loop *loop;
    Arena *arena;
    int64_t id;
    int64_t epoch;
    LedgerWriter writer; ///< both, for what is written into STATE
    char id_text[24];
    char application[48];
    json_t *head; ///< the run's row when it was opened
    Bundle *bundle;
    Plan *plan;
    const char *plan_hash;
    const char *started_by;
    const char *author;
    RunState state;
    bool back; ///< direction
    const char *rollback_why;
    const char
        *search_path; ///< what the target's role would have without us: plan SQL runs with it
    DbConn *effects;  ///< TARGET: the transactions of steps
    DbConn *watch;    ///< TARGET: looks at the lock queue (run/queue.h); NULL until it is needed
    DbConn *ledger;   ///< STATE: heads, gates, windows
    DbConn *control;  ///< STATE: lease and requests
    LedgerEvents *events;
    struct RunSql *sql;      ///< of the step at work (run/ahead.h), NULL: none was read
    struct RunSql *sql_next; ///< of the one behind it
    bool reads_ahead;        ///< a fiber is at it
    FiberEvent read_ahead;   ///< and has ended
    json_t *steps;           ///< rows of headgate.step by path, as last written
    const PlanNode *begun;   ///< the step that was told to have started last,
    int64_t begun_us;        ///< when (monotonic)
    FiberEvent wake;     ///< a request, approval, decision or answer arrived, or something failed
    FiberEvent notified; ///< what the control fiber waits for
    RunAsked asked;
    int64_t asked_id;       ///< the request that asked comes from; INT64_MAX: a signal
    json_t *asked_requests; ///< the requests that asked is made of
    bool go_asked;          ///< resume or retry: leave held
    int64_t go_id;          ///< the newest of them, 0: none
    char asked_by[128];
    char asked_why[256];
    bool stopping;
    int control_fibers; ///< control and lease guard, while they live
    json_t *answered;   ///< requests that were answered (run/seen.h)
    json_t *tunes;      ///< open requests to change the pace of row work (run/throttle.h)
    json_t *tuned;      ///< those of them that have been followed (run/seen.h)
    bool tunable;       ///< row work is at it
    json_t *advances;   ///< open requests to end the watch of a stage (rollout/advance.h)
    int64_t renewed_at_us;
    json_t *over;           ///< budgets that are exceeded, by name (run/over.h)
    json_t *over_held;      ///< those of them that held the run, or need not
    int64_t budgets_due_us; ///< monotonic: before that no other one can be
    Error control_error;    ///< why the control fiber ended, if it failed
};

/// Waits. Takes the lease, connects, raises the fence, reads plan and ledger, tells what was not
/// told. ERROR_CONFLICT while another runner holds the lease. Between run_open and run_load the
/// caller evaluates the bundle (run->bundle) if it wants Lua.
NODISCARD bool run_open(const RunOptions *options, Run **ret_run, Error *err);
/// Waits. Opens a run to look at it, whatever its state, beside its runner if there is one: plan,
/// ledger, and effects as a connection that is read only. Takes no lease, and nothing else of this
/// header may be called but run_connect() and run_close(). ERROR_REFUSED when the target is another
/// database than the run's.
NODISCARD bool run_open_to_look(const RunOptions *options, Run **ret_run, Error *err);
/// Waits. Drives the run until it rests or has ended, or fails with ERROR_FENCED or
/// ERROR_UNREACHABLE.
NODISCARD bool run_drive(Run *run, Error *err);
/// Waits. Releases the lease and closes everything.
void run_close(Run *run);
/// The same as a pause request, from a signal.
void run_ask_pause(Run *run, const char *by);

/// The setter of the run's state: row -> ledger (with its event) -> run->state. reason is borrowed,
/// may be NULL; node "" or NULL = none.
NODISCARD bool run_apply(Run *run, RunEvent event, const char *node, json_t *reason, Error *err);
/// Waits up to ms (< 0: for ever) or until something happens. False with ERROR_CANCELLED when
/// interrupted, or with what went wrong.
NODISCARD bool run_wait(Run *run, int64_t ms, Error *err);
bool run_interrupted(const Run *run);
/// ERROR_CANCELLED and false.
bool run_stop_here(Error *err);
/// Waits. The run stops itself and needs a decision; older resume requests do not count.
NODISCARD bool run_hold(Run *run, const char *node, json_t *reason, Error *err);
/// Waits. Was resume or retry asked while held? Then answers it and goes on running: *ret_went.
NODISCARD bool run_take_go(Run *run, bool *ret_went, Error *err);
/// Waits until somebody lets the held run go on.
NODISCARD bool run_wait_go(Run *run, Error *err);
/// Waits. Starts rolling back, for a reason of the plan's (a guard, a gate). Always returns false:
/// ERROR_CANCELLED when it worked.
NODISCARD bool run_roll_back(Run *run, const char *node, const char *why, Error *err);
/// A line for the log of the run (an event), and for ours.
void run_log(Run *run, const char *node, const char *level, const char *format, ...)
    PRINTF_LIKE(4, 5);
/// A handler's event with a fresh key. What is too large in data is cut (run/cut.h).
void run_tell(Run *run, const char *type, const char *node, const json_t *data);
/// The event of a step's new version; cut too.
void run_tell_step(Run *run, const char *path, int64_t version, const json_t *data);
/// {kind, text, path, who: [...], since…} for run_apply. who may be NULL.
json_t *run_reason(const char *kind, const char *path, json_t *who, const char *format, ...)
    PRINTF_LIKE(4, 5);
/// Adds a next command to a reason; people and tests run them as they are printed.
void run_reason_command(json_t *reason, const char *format, ...) PRINTF_LIKE(2, 3);
/// Waits. Opens another connection to the target, named for this epoch.
NODISCARD bool run_connect(Run *run, const ConfigTarget *target, bool read_only, DbConn **ret_conn,
                           Error *err);
/// Waits. The same; names mean there what they mean to the plan's SQL.
NODISCARD bool run_connect_as_plan(Run *run, const ConfigTarget *target, bool read_only,
                                   DbConn **ret_conn, Error *err);
/// What to do when the run stops here: the next commands, for people. head: of
/// ledger_run_read().
void run_next_commands(RunState state, const json_t *head, int64_t id, char *out, size_t size);

#endif
