/* A flag in the application's own table: read, and written by compare-and-set on what was last
 * seen. */
#ifndef HEADGATE_ROLLOUT_FLAG_H
#define HEADGATE_ROLLOUT_FLAG_H

#include "db/conn.h"
#include "plan/plan.h"

typedef struct RolloutFlag {
    char percent[32]; ///< as the column has it, in text; "" for NULL
    bool enabled;     ///< true when there is no such column
} RolloutFlag;

/// Waits. ERROR_REFUSED unless exactly one row has the rollout's name.
NODISCARD bool rollout_flag_read(DbConn *conn, const PlanNode *rollout, RolloutFlag *ret_flag,
                                 Error *err);
/// Waits. The same in a transaction of its own that only reads, and leaves nothing behind.
NODISCARD bool rollout_flag_look(DbConn *conn, const PlanNode *rollout, RolloutFlag *ret_flag,
                                 Error *err);
/// Waits. Writes exactly one row, if it is still as seen (NULL: whatever it is). ERROR_CONFLICT
/// "someone set 30 %".
NODISCARD bool rollout_flag_write(DbConn *conn, const PlanNode *rollout, const RolloutFlag *seen,
                                  const char *percent, bool enabled, Error *err);
/// The same number, however it is written?
bool rollout_flag_is(const RolloutFlag *flag, double percent, bool enabled);

#endif
