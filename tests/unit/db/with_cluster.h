/* A private cluster for a test executable, and test bodies that run in a fiber. */
#ifndef HEADGATE_TESTS_UNIT_DB_WITH_CLUSTER_H
#define HEADGATE_TESTS_UNIT_DB_WITH_CLUSTER_H

#include "db/cluster.h"
#include "db/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct {
    Loop *loop;
    DbCluster *cluster;
    void (*body)(void);
    bool cluster_failed;
} fixture;

#define must(call)                                                                                 \
    do {                                                                                           \
        Error err = {0};                                                                           \
        if (!(call))                                                                               \
            fail_msg("%s: %s", #call, err.message);                                                \
    } while (0)

static void body_main(void *arg)
{
    UNUSED(arg);
    fixture.body();
    loop_stop(fixture.loop);
}

/* The cluster's process keeps the loop alive, so the body's end stops it. */
static void run_body(void (*body)(void))
{
    fixture.body = body;
    fiber_start(fixture.loop, "test", body_main, NULL);
    loop_run(fixture.loop);
}

static inline void cluster_begin(void)
{
    Error err = {0};
    DbClusterOptions options = {.settings = "log_min_messages = panic"};
    fixture.cluster_failed = !db_cluster_start(fixture.loop, &options, &fixture.cluster, &err);
    if (fixture.cluster_failed)
        print_error("%s\n", err.message);
}

static inline int group_setup(void **state)
{
    UNUSED(state);
    fixture.loop = loop_new();
    run_body(cluster_begin);
    return fixture.cluster_failed ? -1 : 0;
}

static inline void cluster_end(void)
{
    db_cluster_free(fixture.cluster);
}

static inline int group_teardown(void **state)
{
    UNUSED(state);
    run_body(cluster_end);
    loop_run(fixture.loop); /* until every handle of theirs is closed */
    loop_free(fixture.loop);
    return 0;
}

static inline DbConn *open_as(const char *name)
{
    DbTarget target = {.conninfo = db_cluster_conninfo(fixture.cluster), .application_name = name};
    DbConn *conn = NULL;
    must(db_open(fixture.loop, &target, &conn, &err));
    return conn;
}

/* The first value that sql gives. */
static inline const char *value_of(DbConn *conn, const char *sql)
{
    static char value[256];
    AUTO(db_result_auto) DbResult *result = NULL;
    must(db_query(conn, sql, NULL, &result, &err));
    snprintf(value, sizeof(value), "%s", db_value(result, 0, 0));
    return value;
}

#define DB_CASE(name)                                                                              \
    static void name##_body(void);                                                                 \
    static void name(void **state)                                                                 \
    {                                                                                              \
        UNUSED(state);                                                                             \
        run_body(name##_body);                                                                     \
    }                                                                                              \
    static void name##_body(void)

#endif
