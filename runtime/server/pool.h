/* A few connections to the state database, shared by requests. They are opened when needed and
 * again after the database was away. */
#ifndef HEADGATE_SERVER_POOL_H
#define HEADGATE_SERVER_POOL_H

#include "db/conn.h"

typedef struct ServerPool ServerPool;

/// target's strings are borrowed for the pool's life.
ServerPool *pool_new(Loop *loop, const DbTarget *target, size_t max);
/// Waits for a connection. ERROR_UNREACHABLE "state database unreachable: …" when there is none to
/// be had.
NODISCARD bool pool_take(ServerPool *pool, DbConn **ret_conn, Error *err);
/// Gives it back; an open transaction is rolled back, a lost connection is closed.
void pool_put(ServerPool *pool, DbConn *conn);
/// All connections must be back.
void pool_free(ServerPool *pool);

#endif
