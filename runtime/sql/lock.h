/* Relations that must not change between a proof and the statements it allows, with the lock that
 * keeps them still. */
#ifndef HEADGATE_SQL_LOCK_H
#define HEADGATE_SQL_LOCK_H

#include "base/arena.h"

/// From weak to strong.
typedef enum SqlLockMode {
    SQL_LOCK_SHARE,               ///< rows do not change
    SQL_LOCK_SHARE_ROW_EXCLUSIVE, ///< rows are changed by us only
    SQL_LOCK_ACCESS_EXCLUSIVE,    ///< nobody else looks
    SQL_LOCK_MODES,
} SqlLockMode;

typedef struct SqlLock {
    const char *relation; ///< quoted as for to_regclass(): "app"."events"
    SqlLockMode mode;
} SqlLock;

typedef struct SqlLocks {
    Arena *arena; ///< where results live
    SqlLock *items;
    size_t count;
} SqlLocks;

/// Appends what the statements of text change, each relation once, with its strongest mode. What
/// functions and DO blocks do is not seen; text that does not parse adds nothing.
void sql_locks_of_statements(const char *text, SqlLocks *locks);
/// Appends every relation that the query reads, SQL_LOCK_SHARE.
void sql_locks_of_query(const char *text, SqlLocks *locks);
/// "ACCESS EXCLUSIVE"
const char *sql_lock_mode_name(SqlLockMode mode);

#endif
