/* Runs, their heads, leases and requests: the STATE tables a runner and a supervisor share. */
#ifndef HEADGATE_LEDGER_RUN_H
#define HEADGATE_LEDGER_RUN_H

#include "ledger/call.h"
#include "plan/bundle.h"
#include "plan/plan.h"

enum {
    LEDGER_LANGUAGE = 1
}; ///< language number of scripts/: a binary with another refuses to resume

/// Waits. Stores a bundle under its hash (once) with its graph. Registered again by somebody else:
/// the first stays the author.
NODISCARD bool ledger_plan_register(DbConn *state, const Bundle *bundle, const Plan *plan,
                                    const char *person, Error *err);
/// Waits. The graph that is kept with a registered bundle, owned by the caller; NULL when there is
/// no such bundle, or it was evaluated by a binary with another language. There is a ledger.
NODISCARD bool ledger_plan_graph(DbConn *state, const char *hash, json_t **ret_graph, Error *err);
/// Waits. The target that a registered plan names, from the arena; NULL: it names none. For who
/// does not need the rest of the plan, which may be large.
NODISCARD bool ledger_plan_target(DbConn *state, const char *hash, Arena *arena,
                                  const char **ret_target, Error *err);
/// Waits. The bundle and its graph as registered.
NODISCARD bool ledger_plan_load(DbConn *state, const char *hash, Bundle **ret_bundle,
                                json_t **ret_graph, Error *err);

typedef struct LedgerRunNew {
    const char *plan_hash;
    const char *plan_name;
    const char *environment;
    json_t *params; ///< borrowed
    json_t *config; ///< the resolved configuration without secrets; borrowed
    const char *system_identifier;
    const char *database;
    const char *started_by;
    json_t *via;     ///< by which door: {door, from}; borrowed; NULL = not known
    const char *key; ///< idempotency key, kept in the run's own transaction; NULL = none
} LedgerRunNew;

/// Waits. Creates a run in state pending with its first event. ERROR_CONFLICT when the plan has an
/// unfinished run on this database (the message names it), or when the key made another run.
NODISCARD bool ledger_run_create(DbConn *state, const LedgerRunNew *options, int64_t *ret_run,
                                 Error *err);
/// Waits. The head of a run as an object (every column of headgate.run, plus author, plan
/// language and gate_digest: of the gate that it waits for, or null). ERROR_INPUT when there is
/// none.
NODISCARD bool ledger_run_read(DbConn *state, int64_t run, json_t **ret_run, Error *err);
/// Waits. system_identifier and database of the connection's server.
NODISCARD bool ledger_run_identity(DbConn *conn, Arena *arena, const char **ret_system,
                                   const char **ret_database, Error *err);

/// A change of a run's head. It is written with its event in one STATE transaction.
typedef struct LedgerRunChange {
    int64_t run;
    int64_t epoch;
    const char *from;
    const char *to;
    const char *direction;    ///< "forward" or "back"
    const char *rollback_why; ///< NULL = keep
    const char *node;         ///< "" = none
    const char *why;
    json_t *reason; ///< borrowed; NULL = {}
    bool finished;
} LedgerRunChange;
/// Waits. ERROR_FENCED when the lease's epoch is another, ERROR_CONFLICT when the state is not from
/// any more.
NODISCARD bool ledger_run_change(DbConn *state, const LedgerRunChange *change, Error *err);

/// Waits. Takes the lease of a run for owner: *ret_epoch is the new epoch. ERROR_CONFLICT while
/// another owner's lease has not expired.
NODISCARD bool ledger_lease_take(DbConn *state, int64_t run, const char *owner, int64_t *ret_epoch,
                                 Error *err);
/// Waits. Renews it. ERROR_FENCED when the epoch has moved on.
NODISCARD bool ledger_lease_renew(DbConn *state, int64_t run, int64_t epoch, Error *err);
/// Waits. Ends it now, so that a successor need not wait. Failures do not matter: it expires by
/// itself.
void ledger_lease_release(DbConn *state, int64_t run, int64_t epoch);

/// Waits. Asks something of a run. via: by which door somebody came, may be NULL.
NODISCARD bool ledger_request_add(DbConn *state, int64_t run, const char *kind, json_t *body,
                                  const char *person, json_t *via, Error *err);
/// Waits. Open requests of a run, oldest first: [{id, kind, body, asked_by, via}].
NODISCARD bool ledger_request_list(DbConn *state, int64_t run, json_t **ret_requests, Error *err);
/// Waits. A request of the writer's run was handled. ERROR_FENCED when the epoch has moved on.
NODISCARD bool ledger_request_done(DbConn *state, const LedgerWriter *writer, int64_t id,
                                   const char *outcome, Error *err);

/// Waits. Runs that need a runner: unfinished, lease expired, and either active or with an open
/// request. [{id, plan, state, environment}]
NODISCARD bool ledger_run_orphans(DbConn *state, json_t **ret_runs, Error *err);

#endif
