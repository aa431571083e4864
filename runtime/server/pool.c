/* Connections for requests. */
#include "server/pool.h"

#include "base/clock.h"

#include <stdlib.h>

enum { POOL_MAX = 8, WAIT_MS = 5000 };

struct ServerPool {
    Loop *loop;
    DbTarget target;
    PoolOptions options;
    DbConn *idle[POOL_MAX];
    size_t idle_count;
    size_t given; /* out, or being opened */
    size_t opened;
    bool trying; /* after a failure */
    FiberEvent returned;
    int64_t failed_at_us; /* of the last attempt to connect; 0 = it worked */
    Error failure;
};

ServerPool *pool_new(Loop *loop, const DbTarget *target, const PoolOptions *options)
{
    invariant(options->max <= POOL_MAX);
    ServerPool *pool = base_alloc(sizeof(*pool));
    *pool = (ServerPool){.loop = loop, .target = *target, .options = *options};
    return pool;
}

void pool_free(ServerPool *pool)
{
    if (pool == NULL)
        return;
    invariant(pool->given == 0);
    while (pool->idle_count > 0)
        db_close(pool->idle[--pool->idle_count]);
    free(pool);
}

size_t pool_opened(const ServerPool *pool)
{
    return pool->opened;
}

static bool unreachable(const ServerPool *pool, const Error *why, Error *err)
{
    error_set(err, ERROR_UNREACHABLE, "%s unreachable: %s", pool->options.name, why->message);
    return why->hint[0] == '\0' ? false : error_hint(err, "%s", why->hint);
}

/* While it is away, requests fail at once instead of all waiting for a connection: one tries. */
static bool away(const ServerPool *pool)
{
    int64_t since_us = clock_monotonic_us() - pool->failed_at_us;
    return pool->failed_at_us != 0 &&
           (pool->trying || since_us < (int64_t)pool->options.again_ms * 1000);
}

static bool open_one(ServerPool *pool, DbConn **ret_conn, Error *err)
{
    if (away(pool))
        return unreachable(pool, &pool->failure, err);
    Error why = {0};
    pool->given++;
    pool->trying = true;
    bool ok = db_open(pool->loop, &pool->target, ret_conn, &why);
    pool->trying = false;
    if (ok) {
        pool->opened++;
        pool->failed_at_us = 0;
        return true;
    }
    pool->given--;
    fiber_event_broadcast(&pool->returned);
    if (why.kind == ERROR_CANCELLED)
        return error_set(err, ERROR_CANCELLED, "%s", why.message);
    pool->failed_at_us = clock_monotonic_us();
    pool->failure = why;
    return unreachable(pool, &why, err);
}

bool pool_take(ServerPool *pool, DbConn **ret_conn, Error *err)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)WAIT_MS * 1000;
    for (;;) {
        while (pool->idle_count > 0) {
            DbConn *conn = pool->idle[--pool->idle_count];
            if (db_usable(conn)) {
                pool->given++;
                *ret_conn = conn;
                return true;
            }
            db_close(conn);
        }
        if (pool->given < pool->options.max)
            return open_one(pool, ret_conn, err);
        int64_t left_ms = (deadline_us - clock_monotonic_us()) / 1000;
        if (left_ms <= 0)
            return error_set(err, ERROR_UNREACHABLE, "all connections to the %s are busy",
                             pool->options.name);
        if (!fiber_event_wait(&pool->returned, left_ms) && fiber_cancelled())
            return error_set(err, ERROR_CANCELLED, "the server stops");
    }
}

void pool_put(ServerPool *pool, DbConn *conn)
{
    if (conn == NULL)
        return;
    invariant(pool->given > 0);
    if (db_usable(conn) && db_in_transaction(conn))
        db_rollback(conn);
    pool->given--;
    if (db_usable(conn))
        pool->idle[pool->idle_count++] = conn;
    else
        db_close(conn);
    fiber_event_broadcast(&pool->returned);
}
