/* An undo drops only what its run made (DESIGN §2, P7): what was there before a step stays there.
 */
#ifndef HEADGATE_RUN_OWN_H
#define HEADGATE_RUN_OWN_H

#include "run/run.h"
#include "sql/columns.h"

/// Objects that SQL drops, each an array (text[]) for own_any and own_objects; NULL = it drops
/// none.
typedef struct RunOwnNames {
    const char *relations;
    const char *columns;
} RunOwnNames;
/// Those of gone that are not in own (may be NULL), from arena. false: there are none.
bool run_own_names(Arena *arena, const SqlColumns *gone, const SqlColumns *own,
                   RunOwnNames *ret_names);

/// Waits. Before the statements of a step's up, when own_any said that there is something (RunSql):
/// remembers in detail.before which columns, tables and schemas that its down drops are there
/// already. What an undo of earlier steps drops is the run's own.
NODISCARD bool run_own_before(Run *run, const PlanNode *node, DbConn *conn, json_t *detail,
                              Error *err);
/// Waits. Before the statements of sql undo the step: ERROR_REFUSED when they drop one of those.
NODISCARD bool run_own_check(DbConn *conn, const char *sql, const json_t *detail, Error *err);

#endif
