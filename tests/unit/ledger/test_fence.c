/* A take-over ends the connections of older epochs, waits for their end, and leaves all others. */
#include "db/sql.h"
#include "ledger/fence.h"
#include "loop/fiber.h"

#include "../db/with_cluster.h"

#include <signal.h>
#include <stdlib.h>

static int64_t pid_of(DbConn *conn)
{
    return strtoll(value_of(conn, "SELECT pg_backend_pid()"), NULL, 10);
}

static bool is_there(DbConn *conn, int64_t pid)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM pg_stat_activity WHERE pid = %lld",
             (long long)pid);
    return value_of(conn, sql)[0] == '1';
}

DB_CASE(older_epochs_are_gone_when_it_returns)
{
    DbConn *conn = open_as("headgate:7:3");
    DbConn *old[] = {open_as("headgate:7:1"), open_as("headgate:7:2")};
    DbConn *others[] = {open_as("headgate:7:3"), open_as("headgate:70:1"), open_as("headgate:7"),
                        open_as("headgate:7:1 or so")};
    int64_t old_pids[COUNT_OF(old)];
    for (size_t i = 0; i < COUNT_OF(old); i++)
        old_pids[i] = pid_of(old[i]);
    must(ledger_fence_end_backends(conn, 7, 3, LEDGER_FENCE_SPARE, &err));
    for (size_t i = 0; i < COUNT_OF(old); i++) {
        assert_false(is_there(conn, old_pids[i]));
        db_close(old[i]);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        must(db_exec(others[i], "SELECT 1", NULL, NULL, &err));
        db_close(others[i]);
    }
    must(ledger_fence_end_backends(conn, 7, 3, LEDGER_FENCE_END, &err));
    db_close(conn);
}

static void wake_up(void *arg)
{
    const int64_t *pid = arg;
    Error err = {0};
    if (fiber_sleep(300, &err))
        kill((pid_t)*pid, SIGCONT);
}

DB_CASE(one_that_ends_late_is_waited_for)
{
    DbConn *conn = open_as("headgate:7:3");
    DbConn *old = open_as("headgate:7:2");
    int64_t pid = pid_of(old);
    assert_int_equal(kill((pid_t)pid, SIGSTOP), 0);
    fiber_start(fixture.loop, "wakes it", wake_up, &pid);
    must(ledger_fence_end_backends(conn, 7, 3, LEDGER_FENCE_SPARE, &err));
    assert_false(is_there(conn, pid));
    db_close(old);
    db_close(conn);
}

static DbConn *open_by(const char *role, const char *name)
{
    AUTO(base_free)
    char *conninfo = base_printf("%s user=%s", db_cluster_conninfo(fixture.cluster), role);
    DbTarget target = {.conninfo = conninfo, .application_name = name};
    DbConn *conn = NULL;
    must(db_open(fixture.loop, &target, &conn, &err));
    return conn;
}

/* Which processes a step would adopt. */
static const char *orphans_of(DbConn *conn)
{
    static char pids[256];
    AUTO(db_result_auto) DbResult *rows = NULL;
    must(db_query(conn, db_sql("outside_orphans"), DB_PARAMS("7", "3"), &rows, &err));
    pids[0] = '\0';
    for (int i = 0; i < db_rows(rows); i++) {
        size_t used = strlen(pids);
        snprintf(pids + used, sizeof(pids) - used, "%s ", db_value(rows, i, 0));
    }
    return pids;
}

DB_CASE(others_sessions_by_that_name_stop_nobody)
{
    DbConn *admin = open_as("admin");
    must(db_exec(admin,
                 "CREATE ROLE runner LOGIN; CREATE ROLE before_it LOGIN; GRANT before_it TO runner;"
                 "CREATE ROLE signals LOGIN IN ROLE pg_signal_backend; CREATE ROLE stranger LOGIN;",
                 NULL, NULL, &err));
    DbConn *runner = open_by("runner", "headgate:7:3");
    DbConn *signals = open_by("signals", "headgate:7:3");
    DbConn *ours[] = {open_by("runner", "headgate:7:1"), open_by("before_it", "headgate:7:2")};
    DbConn *stranger = open_by("stranger", "headgate:7:0");
    DbConn *superuser = open_as("headgate:7:0");
    int64_t pids[] = {pid_of(ours[0]), pid_of(ours[1])};
    int64_t stranger_pid = pid_of(stranger);
    must(ledger_fence_end_backends(runner, 7, 3, LEDGER_FENCE_SPARE, &err));
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        assert_false(is_there(admin, pids[i]));
        db_close(ours[i]);
    }
    assert_string_equal(orphans_of(runner), "");
    assert_true(is_there(admin, stranger_pid));
    must(ledger_fence_end_backends(signals, 7, 3, LEDGER_FENCE_END, &err));
    assert_false(is_there(admin, stranger_pid)); /* who may end it does */
    must(db_exec(superuser, "SELECT 1", NULL, NULL, &err));
    db_close(stranger);
    db_close(superuser);
    db_close(signals);
    db_close(runner);
    db_close(admin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_epochs_are_gone_when_it_returns),
        cmocka_unit_test(one_that_ends_late_is_waited_for),
        cmocka_unit_test(others_sessions_by_that_name_stop_nobody),
    };
    return cmocka_run_group_tests_name("ledger/fence", tests, group_setup, group_teardown);
}
