/* A few connections to one database, shared by requests. They are opened when needed and again
 * after the database was away. */
#ifndef HEADGATE_SERVER_POOL_H
#define HEADGATE_SERVER_POOL_H

#include "db/conn.h"

typedef struct ServerPool ServerPool;

typedef struct PoolOptions {
    const char *name; ///< for messages: "state database"
    size_t max;
    int again_ms; ///< after a failure, nobody tries again so soon
} PoolOptions;

/// All strings are borrowed for the pool's life.
ServerPool *pool_new(Loop *loop, const DbTarget *target, const PoolOptions *options);
/// Waits for a connection. ERROR_UNREACHABLE "state database unreachable: …" when there is none to
/// be had.
NODISCARD bool pool_take(ServerPool *pool, DbConn **ret_conn, Error *err);
/// Gives it back; an open transaction is rolled back, a lost connection is closed.
void pool_put(ServerPool *pool, DbConn *conn);
/// How many connections it has opened so far.
size_t pool_opened(const ServerPool *pool);
/// All connections must be back.
void pool_free(ServerPool *pool);

#endif
