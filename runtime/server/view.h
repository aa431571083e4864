/* What is shown, as JSON, straight from the tables. Shapes: docs/protocol.md. All of these wait.
 *
 * STATE and TARGET tables are never read in one statement, and may be in two databases (DESIGN §9).
 * A target that cannot be asked leaves its part out and says so ("unavailable"). */
#ifndef HEADGATE_SERVER_VIEW_H
#define HEADGATE_SERVER_VIEW_H

#include "access/decide.h"
#include "base/json.h"
#include "db/conn.h"
#include "server/target.h"

/// Which runs. NULL and 0 = all.
typedef struct ServerFilter {
    const char *ids;    ///< "{42,43}"
    const char *states; ///< "running,waiting"
    const char *plan;   ///< name
    const char *environment;
    const char *text; ///< somewhere in id, plan, environment, database, person
    int64_t before;   ///< ids below this one
    int limit;        ///< 0 = 50, at most 500
} ServerFilter;

/// Who looks; person NULL: nothing is "mine".
typedef struct ServerReader {
    const Config *config;
    const char *person;
    AccessRole role;
} ServerReader;

/// [RUN, …], newest first, as far as the state database knows them: steps_done is null. They have
/// "system" too, which finds their target.
NODISCARD bool server_view_heads(DbConn *state, const ServerFilter *filter, json_t **ret_runs,
                                 Error *err);
/// {"now", "needs_you", "unavailable", "runs"}.
NODISCARD bool server_view_runs(DbConn *state, ServerTargets *targets, const ServerFilter *filter,
                                const ServerReader *reader, json_t **ret_list, Error *err);
/// RUN with graph, steps, gates, rollouts, review and times. ERROR_INPUT when there is no such run.
NODISCARD bool server_view_run(DbConn *state, ServerTargets *targets, int64_t run, json_t **ret_run,
                               Error *err);
/// The target of a run. ERROR_INPUT when there is no such run; otherwise as target_take().
NODISCARD bool server_view_target(DbConn *state, ServerTargets *targets, int64_t run,
                                  ServerTarget *ret_target, Error *err);
/// The plan's graph of a run.
NODISCARD bool server_view_graph(DbConn *state, int64_t run, json_t **ret_graph, Error *err);
/// The node of a graph at path, or NULL; borrowed.
const json_t *server_view_node(const json_t *graph, const char *path);

/// Which events or lines of the log of a run. NULL and 0 = all.
typedef struct ServerEvents {
    int64_t run;
    int64_t since;      ///< seq > since
    int64_t before;     ///< the page that ends there; 0 = none
    int limit;          ///< 0 = BOUND_EVENT_PAGE
    const char *type;   ///< "log,request"; of events only
    const char *path;   ///< this node and what is below it
    const char *levels; ///< "{error,warn}"
    const char *text;   ///< somewhere in it, in any case
    bool count;         ///< how many match in all?
} ServerEvents;
/// {"events": [EVENT], "seq": "133", "total": null}, oldest first.
NODISCARD bool server_view_events(DbConn *state, const ServerEvents *page, json_t **ret_events,
                                  Error *err);
/// {"lines": [LINE], "seq": "133", "total": null}, oldest first.
NODISCARD bool server_view_log(DbConn *state, const ServerEvents *page, json_t **ret_lines,
                               Error *err);

/// GATE. reader fills "may"; ERROR_INPUT when there is no such gate.
NODISCARD bool server_view_gate(DbConn *state, int64_t run, const char *path,
                                const ServerReader *reader, json_t **ret_gate, Error *err);
/// [ROLLOUT, …] of a run, from its head (RUN) and graph.
NODISCARD bool server_view_rollouts(DbConn *state, const json_t *head, const json_t *graph,
                                    json_t **ret_rollouts, Error *err);

typedef struct ServerReview {
    int64_t run;
    const char *state;  ///< "open", "applied", "skipped"; NULL = all
    const char *step;   ///< NULL = all
    const char *reason; ///< NULL = all
    const char *after;  ///< cursor of the page before; NULL = the first
    int limit;          ///< 0 = 100, at most BOUND_REVIEW_PAGE
} ServerReview;
/// {"total", "reasons", "rows", "next", "unavailable"}.
NODISCARD bool server_view_review(DbConn *state, ServerTargets *targets, const ServerReview *page,
                                  json_t **ret_review, Error *err);

/// The filled-in check-list: everything above about one run, with evidence, approvals, checks,
/// requests and how long it worked, waited and watched.
NODISCARD bool server_view_report(DbConn *state, ServerTargets *targets, int64_t run,
                                  json_t **ret_report, Error *err);

#endif
