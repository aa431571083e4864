/* A database for the tests of data/: a private cluster (or the one HEADGATE_TEST_CONNINFO names)
 * with the ledger installed, and helpers to look at it. Each test runs in a fiber. */
#ifndef HEADGATE_TESTS_DATA_FIXTURE_H
#define HEADGATE_TESTS_DATA_FIXTURE_H

#include "base/bounds.h"
#include "data/batch.h"
#include "db/cluster.h"
#include "ledger/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RUN = 7, EPOCH = 3 };

static Loop *fixture_loop;
static DbCluster *fixture_cluster;
static DbConn *fixture_conn;
static char fixture_conninfo[300];

static DbConn *fixture_open(bool read_only)
{
    DbConn *conn = NULL;
    Error err = {0};
    DbTarget target = {.conninfo = fixture_conninfo,
                       .application_name = "headgate:7:3",
                       .search_path = "public",
                       .read_only = read_only};
    if (!db_open(fixture_loop, &target, &conn, &err))
        fail_msg("connecting: %s", err.message);
    return conn;
}

static inline void sql_on(DbConn *conn, const char *sql)
{
    Error err = {0};
    if (!db_exec(conn, sql, NULL, NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static inline void sql(const char *text)
{
    sql_on(fixture_conn, text);
}

/* The single value of a query, compared as text. */
static inline void expect(const char *query, const char *value)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    Error err = {0};
    if (!db_query(fixture_conn, query, NULL, &result, &err))
        fail_msg("%s: %s", query, err.message);
    assert_int_equal(db_rows(result), 1);
    assert_string_equal(db_value(result, 0, 0), value);
}

/* In a fiber: a fresh ledger with our run's fence. */
static inline void fixture_reset(void)
{
    Error err = {0};
    sql("DROP SCHEMA IF EXISTS headgate CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    if (!ledger_schema_install(fixture_conn, &(LedgerSchemaOptions){0}, &err))
        fail_msg("installing the ledger: %s", err.message);
    sql("INSERT INTO headgate.fence (run, epoch) VALUES (7, 3)");
}

typedef void FixtureBody(void);

static void fixture_main(void *arg)
{
    FixtureBody *const *body = arg;
    Error err = {0};
    const char *given = getenv("HEADGATE_TEST_CONNINFO");
    if (given == NULL && fixture_cluster == NULL &&
        !db_cluster_start(fixture_loop, &(DbClusterOptions){0}, &fixture_cluster, &err))
        fail_msg("starting a cluster: %s", err.message);
    snprintf(fixture_conninfo, sizeof(fixture_conninfo), "%s",
             given != NULL ? given : db_cluster_conninfo(fixture_cluster));
    fixture_conn = fixture_open(false);
    fixture_reset();
    (*body)();
    db_close(fixture_conn);
    loop_stop(fixture_loop); /* the cluster goes on */
}

static inline void in_fiber(FixtureBody *body)
{
    fiber_start(fixture_loop, "test", fixture_main, &body);
    loop_run(fixture_loop);
}

static void fixture_free_cluster(void *arg)
{
    UNUSED(arg);
    db_cluster_free(fixture_cluster);
    fixture_cluster = NULL;
    loop_stop(fixture_loop);
}

static int fixture_setup(void **state)
{
    UNUSED(state);
    fixture_loop = loop_new();
    return 0;
}

static int fixture_teardown(void **state)
{
    UNUSED(state);
    if (fixture_cluster != NULL) {
        fiber_start(fixture_loop, "cluster", fixture_free_cluster, NULL);
        loop_run(fixture_loop);
    }
    loop_free(fixture_loop);
    return 0;
}

/* A test that has a body to run in a fiber. */
#define FIBER_TEST(name)                                                                           \
    static void name##_body(void);                                                                 \
    static void name(void **state)                                                                 \
    {                                                                                              \
        UNUSED(state);                                                                             \
        in_fiber(name##_body);                                                                     \
    }                                                                                              \
    static void name##_body(void)

#define NAMES(...)                                                                                 \
    {                                                                                              \
        .items = (const char *const[]){__VA_ARGS__},                                               \
        .count = COUNT_OF(((const char *const[]){__VA_ARGS__})),                                   \
    }

/* Somebody waits for a lock, or nobody will any more. */
static inline void until_it_waits(const bool *done, DbConn *conn)
{
    Error err = {0};
    bool waits = false;
    while (!waits && !*done) {
        AUTO(db_result_auto) DbResult *result = NULL;
        if (!db_query(conn, "SELECT count(*) FROM pg_locks WHERE NOT granted", NULL, &result,
                      &err) ||
            !fiber_sleep(2, &err))
            fail_msg("%s", err.message);
        waits = db_int(result, 0, 0) > 0;
    }
}

#endif
