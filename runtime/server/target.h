/* The databases that runs work on, which need not be the state database: what is read of a run's
 * effects and of their ledger (the TARGET group of tables) is read here. Private to this folder and
 * to our own commands that look. */
#ifndef HEADGATE_SERVER_TARGET_H
#define HEADGATE_SERVER_TARGET_H

#include "base/json.h"
#include "db/conn.h"
#include "plan/config.h"

typedef struct ServerTargets ServerTargets;
typedef struct ServerPool ServerPool;

/// The texts of state (the state database) and config are borrowed for its life. Opens nothing yet.
ServerTargets *targets_new(Loop *loop, const DbTarget *state, const Config *config);
/// All connections must be back. NULL is fine.
void targets_free(ServerTargets *targets);

/// What a run says of where it works; borrowed.
typedef struct ServerPlace {
    const char *environment;
    const char *target; ///< the plan's word
    const char *system; ///< identifier of the database server that it began on
    const char *database;
} ServerPlace;

/// From a head as server_view_heads() gives it; its texts are the head's.
ServerPlace target_place(const json_t *head);

/// A connection to a target: that to the state database, where both are one.
typedef struct ServerTarget {
    DbConn *conn;
    ServerPool *pool; ///< NULL = it is the connection to the state database
} ServerTarget;

/// Waits. ERROR_UNREACHABLE when it cannot be reached, when the configuration does not know it
/// (any more), and when what it names is another database than the run's.
NODISCARD bool target_take(ServerTargets *targets, DbConn *state, const ServerPlace *place,
                           ServerTarget *ret_target, Error *err);
/// Gives it back; nothing was taken is fine.
void target_put(ServerTarget *target);
void target_put_auto(ServerTarget *target);

/// Reads from one target what it knows of runs that work there, into them.
typedef bool TargetLook(void *ctx, DbConn *conn, json_t *runs, Error *err);
/// Waits. Calls look for each target of runs (heads as server_view_heads() gives them), one after
/// the other. Each run gets "unavailable": null, or why its target could not be asked; only an
/// error of the state database itself fails.
NODISCARD bool targets_each(ServerTargets *targets, DbConn *state, json_t *runs, TargetLook *look,
                            void *ctx, Error *err);

#endif
