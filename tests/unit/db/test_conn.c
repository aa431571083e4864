/* Connections against a real server: sessions, statements, errors, cancelling, loss, notices. */
#include "base/bounds.h"
#include "with_cluster.h"

#include "db/private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static Error error_of(DbConn *conn, const char *sql)
{
    Error err = {0};
    assert_false(db_query(conn, sql, NULL, NULL, &err));
    return err;
}

/* Waits until the server shows what the query asks for. */
static void wait_until(DbConn *conn, const char *sql)
{
    while (strcmp(value_of(conn, sql), "t") != 0)
        assert_true(fiber_sleep(5, NULL));
}

/* -- sessions -- */

DB_CASE(a_session_is_set_up)
{
    AUTO(db_close_auto) DbConn *conn = open_as("headgate:7:1");
    static const struct {
        const char *name;
        const char *value;
    } SETTINGS[] = {
        {"application_name", "headgate:7:1"},
        {"search_path", "pg_catalog"},
        {"default_transaction_isolation", "read committed"},
        {"default_transaction_read_only", "off"},
        {"row_security", "off"},
        {"synchronous_commit", "on"},
        {"TimeZone", "UTC"},
        {"DateStyle", "ISO, MDY"},
        {"IntervalStyle", "postgres"},
        {"extra_float_digits", "1"},
        {"bytea_output", "hex"},
        {"client_encoding", "UTF8"},
        {"lock_timeout", "2s"},
        {"statement_timeout", "10min"},
        {"idle_in_transaction_session_timeout", "10s"},
        {"standard_conforming_strings", "on"},
        {"jit", "off"},
        {"client_connection_check_interval", "0"},
    };
    for (size_t i = 0; i < COUNT_OF(SETTINGS); i++) {
        char sql[100];
        snprintf(sql, sizeof(sql), "SHOW %s", SETTINGS[i].name);
        assert_string_equal(value_of(conn, sql), SETTINGS[i].value);
    }
    assert_int_equal(atoi(value_of(conn, "SELECT pg_backend_pid()")), db_backend_pid(conn));
    assert_true(db_server_version(conn) >= 130000);
    assert_true(db_usable(conn));
    assert_false(db_in_transaction(conn));
}

DB_CASE(a_target_chooses_its_limits)
{
    DbTarget target = {.conninfo = db_cluster_conninfo(fixture.cluster),
                       .search_path = "public, pg_catalog",
                       .lock_timeout_ms = -1,
                       .statement_timeout_ms = 1234,
                       .read_only = true};
    AUTO(db_close_auto) DbConn *conn = NULL;
    must(db_open(fixture.loop, &target, &conn, &err));
    assert_string_equal(value_of(conn, "SHOW search_path"), "public, pg_catalog");
    assert_string_equal(value_of(conn, "SHOW lock_timeout"), "0");
    assert_string_equal(value_of(conn, "SHOW statement_timeout"), "1234ms");
    Error err = error_of(conn, "CREATE TABLE public.never (id int)");
    assert_string_equal(err.sqlstate, "25006");
}

DB_CASE(synchronous_commit_is_raised_but_never_lowered)
{
    AUTO(db_close_auto) DbConn *admin = open_as("admin");
    must(db_exec(admin,
                 "CREATE ROLE weak SUPERUSER LOGIN; ALTER ROLE weak SET synchronous_commit = off;"
                 "CREATE ROLE strong SUPERUSER LOGIN;"
                 "ALTER ROLE strong SET synchronous_commit = remote_apply",
                 NULL, NULL, &err));
    static const char *const ROLES[][2] = {{"weak", "on"}, {"strong", "remote_apply"}};
    for (size_t i = 0; i < COUNT_OF(ROLES); i++) {
        char conninfo[300];
        snprintf(conninfo, sizeof(conninfo), "%s user=%s", db_cluster_conninfo(fixture.cluster),
                 ROLES[i][0]);
        AUTO(db_close_auto) DbConn *conn = NULL;
        must(db_open(fixture.loop, &(DbTarget){.conninfo = conninfo}, &conn, &err));
        assert_string_equal(value_of(conn, "SHOW synchronous_commit"), ROLES[i][1]);
    }
}

static void refused(const char *extra, ErrorKind kind, const char *part)
{
    char conninfo[300];
    snprintf(conninfo, sizeof(conninfo), "%s %s", db_cluster_conninfo(fixture.cluster), extra);
    DbConn *conn = NULL;
    Error err = {0};
    assert_false(db_open(fixture.loop, &(DbTarget){.conninfo = conninfo}, &conn, &err));
    if (err.kind != kind || strstr(err.message, part) == NULL)
        fail_msg("%s: %s: %s", extra, error_kind_name(err.kind), err.message);
    assert_null(strchr(err.message, '\n'));
    assert_null(strstr(err.message, "geheim99"));
}

DB_CASE(connecting_fails_with_a_reason)
{
    refused("dbname=nowhere", ERROR_DATABASE, "database \"nowhere\" does not exist");
    refused("user=nobody_here", ERROR_DATABASE, "role \"nobody_here\" does not exist");
    refused("host=/nonexistent", ERROR_UNREACHABLE, "/nonexistent");
    refused("host=127.0.0.1 port=1 password=geheim99", ERROR_UNREACHABLE, "refused");
    refused("port=abc", ERROR_INPUT, "port");
    refused("nonsense=1 password=geheim99", ERROR_INPUT, "the connection string is wrong");
    refused("password=geheim99 geheim99", ERROR_INPUT, "the connection string is wrong");
}

/* -- statements -- */

DB_CASE(values_and_nulls_come_back)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    AUTO(db_result_auto) DbResult *result = NULL;
    must(db_query(conn,
                  "SELECT 9223372036854775807::int8 AS big, NULL::text AS nothing, true AS yes, "
                  "$1::text AS echo, $2::text AS null",
                  DB_PARAMS("a'b\"c", NULL), &result, &err));
    assert_int_equal(db_rows(result), 1);
    assert_int_equal(db_columns(result), 5);
    assert_string_equal(db_column_name(result, 0), "big");
    assert_int_equal(db_column_type(result, 0), 20);
    assert_true(db_int(result, 0, 0) == INT64_MAX);
    assert_true(db_is_null(result, 0, 1));
    assert_string_equal(db_value(result, 0, 1), "");
    assert_int_equal(db_int(result, 0, 1), 0);
    assert_true(db_bool(result, 0, 2));
    assert_false(db_bool(result, 0, 1));
    assert_string_equal(db_value(result, 0, 3), "a'b\"c");
    assert_int_equal(db_value_bytes(result, 0, 3), 5);
    assert_true(db_is_null(result, 0, 4));
}

DB_CASE(binary_parameters_are_honoured)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    AUTO(db_result_auto) DbResult *result = NULL;
    static const char NUMBER[4] = {0, 0, 1, 2};
    DbParams params = {.count = 1,
                       .values = (const char *const[]){NUMBER},
                       .lengths = (const int[]){4},
                       .formats = (const int[]){1},
                       .types = (const unsigned[]){23}};
    must(db_query(conn, "SELECT $1", &params, &result, &err));
    assert_int_equal(db_int(result, 0, 0), 258);
}

DB_CASE(big_results_and_big_parameters)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    AUTO(db_result_auto) DbResult *result = NULL;
    must(db_query(conn, "SELECT i, repeat('x', 100) FROM generate_series(1, 100000) i", NULL,
                  &result, &err));
    assert_int_equal(db_rows(result), 100000);
    assert_int_equal(db_int(result, 99999, 0), 100000);
    enum { BYTES = 20 * 1000 * 1000 };
    AUTO(base_free) char *big = base_alloc(BYTES + 1);
    memset(big, 'y', BYTES);
    AUTO(db_result_auto) DbResult *length = NULL;
    must(db_query(conn, "SELECT length($1), $1::text", DB_PARAMS(big), &length, &err));
    assert_int_equal(db_int(length, 0, 0), BYTES);
    assert_int_equal(db_value_bytes(length, 0, 1), BYTES);
}

typedef struct Seen {
    int rows;
    int most;
} Seen;

static bool see(void *ctx, const DbResult *row)
{
    Seen *seen = ctx;
    assert_int_equal(db_rows(row), 1);
    assert_int_equal(db_value_bytes(row, 0, 0), 100000);
    return ++seen->rows < seen->most;
}

DB_CASE(rows_are_taken_as_they_come)
{
    static const char ROWS[] = "SELECT repeat('x', 100000) FROM generate_series(1, $1::int)";
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    Error why = {0};
    Seen all = {.most = 100};
    Seen some = {.most = 7};
    must(db_query_each(conn, ROWS, DB_PARAMS("20"), see, &all, &err));
    assert_int_equal(all.rows, 20);
    must(
        db_query_each(conn, ROWS, DB_PARAMS("1000000"), see, &some, &err)); /* 100 GB, all in all */
    assert_int_equal(some.rows, 7);
    assert_string_equal(value_of(conn, "SELECT 'as before'"), "as before");
    assert_false(db_query_each(conn, "SELECT 1/0", NULL, see, &all, &why));
    assert_string_equal(why.sqlstate, "22012");
}

DB_CASE(errors_carry_sqlstate_detail_and_hint)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    must(db_exec(
        conn, "CREATE TABLE public.keyed (id int PRIMARY KEY); INSERT INTO public.keyed VALUES (1)",
        NULL, NULL, &err));
    Error err = error_of(conn, "INSERT INTO public.keyed VALUES (1)");
    assert_int_equal(err.kind, ERROR_DATABASE);
    assert_string_equal(err.sqlstate, "23505");
    assert_string_equal(err.message,
                        "duplicate key value violates unique constraint \"keyed_pkey\" "
                        "(Key (id)=(1) already exists.)");
    err = error_of(conn, "SELECT idd FROM public.keyed");
    assert_string_equal(err.sqlstate, "42703");
    assert_non_null(strstr(err.hint, "keyed.id"));
    int position = -1;
    assert_false(db_exec(conn, "SELECT 1;\nSELECT nothing_here", NULL, &position, &err));
    assert_int_equal(position, 18);
    assert_false(db_query(conn, "SELECT 1; SELECT 2", NULL, NULL, &err));
    assert_string_equal(err.sqlstate, "42601");
    assert_string_equal(value_of(conn, "SELECT 'still usable'"), "still usable");
}

DB_CASE(exec_gives_the_last_result)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    AUTO(db_result_auto) DbResult *result = NULL;
    must(db_exec(conn, "SELECT 1; SELECT 2 UNION ALL SELECT 3", &result, NULL, &err));
    assert_int_equal(db_rows(result), 2);
    assert_string_equal(db_command(result), "SELECT 2");
    assert_int_equal(db_affected(result), 2);
    AUTO(db_result_auto) DbResult *empty = NULL;
    must(db_exec(conn, " -- nothing\n", &empty, NULL, &err));
    assert_int_equal(db_rows(empty), 0);
}

DB_CASE(copy_has_no_other_end)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    must(db_exec(conn, "CREATE TEMP TABLE copied (id int)", NULL, NULL, &err));
    Error err = {0};
    assert_false(db_exec(conn, "COPY copied FROM STDIN", NULL, NULL, &err));
    assert_string_equal(err.sqlstate, "57014");
    assert_int_equal(err.kind, ERROR_DATABASE);
    assert_false(
        db_exec(conn, "COPY (SELECT generate_series(1, 100000)) TO STDOUT", NULL, NULL, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_string_equal(value_of(conn, "SELECT 'still usable'"), "still usable");
}

DB_CASE(prepared_statements_are_found_by_text)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    char sql[64];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 300; i++) { /* more than the table holds, all in the same buffer */
            snprintf(sql, sizeof(sql), "SELECT %d + $1::int", i);
            AUTO(db_result_auto) DbResult *result = NULL;
            must(db_query_prepared(conn, sql, DB_PARAMS("1000"), &result, &err));
            assert_int_equal(db_int(result, 0, 0), 1000 + i);
        }
    }
    assert_string_equal(value_of(conn, "SELECT count(*) FROM pg_prepared_statements"), "192");
}

/* -- transactions -- */

DB_CASE(transactions_commit_or_roll_back)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    must(db_exec(conn, "CREATE TEMP TABLE kept (id int)", NULL, NULL, &err));
    must(db_begin(conn, &err));
    assert_true(db_in_transaction(conn));
    must(db_query(conn, "INSERT INTO kept VALUES (1)", NULL, NULL, &err));
    must(db_commit(conn, &err));
    assert_false(db_in_transaction(conn));
    must(db_begin(conn, &err));
    must(db_query(conn, "INSERT INTO kept VALUES (2)", NULL, NULL, &err));
    db_rollback(conn);
    db_rollback(conn);
    assert_string_equal(value_of(conn, "SELECT sum(id) FROM kept"), "1");
}

DB_CASE(committing_a_failed_transaction_is_an_error)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    must(db_begin(conn, &err));
    error_of(conn, "SELECT 1/0");
    Error err = {0};
    assert_false(db_commit(conn, &err));
    assert_int_equal(err.kind, ERROR_DATABASE);
    assert_string_equal(err.sqlstate, "25P02");
    assert_false(db_commit(conn, &err));
    assert_int_equal(err.kind, ERROR_INTERNAL);
}

/* -- many at once -- */

typedef struct Crowd {
    FiberEvent ended;
    int left;
    char lock[8];
} Crowd;

/* Each shares a lock and waits until all four hold it: they end only if they run at the same time.
 */
static void join_crowd(void *arg)
{
    Crowd *crowd = arg;
    AUTO(db_close_auto) DbConn *conn = open_as("crowd");
    must(db_query(conn, "SELECT pg_advisory_lock_shared(4242)", NULL, NULL, &err));
    wait_until(conn,
               "SELECT count(*) = 4 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4242");
    if (--crowd->left == 0)
        fiber_event_broadcast(&crowd->ended);
    else
        fiber_event_wait(&crowd->ended, -1);
}

DB_CASE(statements_run_beside_each_other)
{
    Crowd crowd = {.left = 4};
    for (int i = 0; i < 4; i++)
        fiber_start(fixture.loop, "member", join_crowd, &crowd);
    assert_true(fiber_event_wait(&crowd.ended, -1));
    fiber_yield();
}

/* -- cancelling and losing -- */

typedef struct Sleeper {
    const char *sql;
    DbConn *conn;
    Fiber *fiber;
    bool ok;
    bool ended;
    Error err;
    FiberEvent done;
} Sleeper;

static void sleeper_main(void *arg)
{
    Sleeper *sleeper = arg;
    sleeper->ok = db_query(sleeper->conn, sleeper->sql, NULL, NULL, &sleeper->err);
    sleeper->ended = true;
    fiber_event_broadcast(&sleeper->done);
}

static void sleeper_start(Sleeper *sleeper, DbConn *observer)
{
    sleeper->fiber = fiber_start(fixture.loop, "sleeper", sleeper_main, sleeper);
    char sql[200];
    snprintf(sql, sizeof(sql),
             "SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = %d AND wait_event = 'PgSleep'",
             db_backend_pid(sleeper->conn));
    wait_until(observer, sql);
}

static void sleeper_await(Sleeper *sleeper)
{
    while (!sleeper->ended)
        fiber_event_wait(&sleeper->done, -1);
}

DB_CASE(cancel_ends_a_statement_with_57014)
{
    AUTO(db_close_auto) DbConn *observer = open_as("observer");
    AUTO(db_close_auto) DbConn *conn = open_as("sleeper");
    db_cancel(conn); /* idle: nothing happens */
    Sleeper sleeper = {.conn = conn, .sql = "SELECT pg_sleep(600)"};
    sleeper_start(&sleeper, observer);
    db_cancel(conn);
    db_cancel(conn);
    sleeper_await(&sleeper);
    assert_false(sleeper.ok);
    assert_int_equal(sleeper.err.kind, ERROR_DATABASE);
    assert_string_equal(sleeper.err.sqlstate, "57014");
    assert_string_equal(value_of(conn, "SELECT 'still usable'"), "still usable");
}

DB_CASE(cancelling_the_fiber_cancels_its_statement)
{
    AUTO(db_close_auto) DbConn *observer = open_as("observer");
    AUTO(db_close_auto) DbConn *conn = open_as("sleeper");
    Sleeper sleeper = {.conn = conn, .sql = "SELECT pg_sleep(600)"};
    sleeper_start(&sleeper, observer);
    fiber_cancel(sleeper.fiber);
    sleeper_await(&sleeper);
    assert_int_equal(sleeper.err.kind, ERROR_CANCELLED);
    assert_true(db_usable(conn));
    assert_string_equal(value_of(conn, "SELECT 'still usable'"), "still usable");
}

static void cancelled_fiber(void *arg)
{
    Sleeper *sleeper = arg;
    fiber_cancel(fiber_current());
    assert_false(db_query(sleeper->conn, "SELECT 1", NULL, NULL, &sleeper->err));
    assert_int_equal(sleeper->err.kind, ERROR_CANCELLED);
    assert_true(db_in_transaction(sleeper->conn));
    if (sleeper->ok)
        must(db_commit(sleeper->conn, &err));
    else
        db_rollback(sleeper->conn);
    assert_false(db_in_transaction(sleeper->conn));
    sleeper->ended = true;
    fiber_event_broadcast(&sleeper->done);
}

DB_CASE(a_cancelled_fiber_can_still_end_its_transaction)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    for (int commits = 0; commits < 2; commits++) {
        must(db_begin(conn, &err));
        Sleeper sleeper = {.conn = conn, .ok = commits == 1};
        fiber_start(fixture.loop, "cancelled", cancelled_fiber, &sleeper);
        sleeper_await(&sleeper);
        assert_true(db_usable(conn));
    }
}

static void terminate(DbConn *observer, const DbConn *victim)
{
    char pid[16];
    snprintf(pid, sizeof(pid), "%d", db_backend_pid(victim));
    must(db_query(observer, "SELECT pg_terminate_backend($1::int)", DB_PARAMS(pid), NULL, &err));
}

DB_CASE(a_backend_ended_while_busy_says_why)
{
    AUTO(db_close_auto) DbConn *observer = open_as("observer");
    AUTO(db_close_auto) DbConn *conn = open_as("sleeper");
    Sleeper sleeper = {.conn = conn, .sql = "SELECT pg_sleep(600)"};
    sleeper_start(&sleeper, observer);
    terminate(observer, conn);
    sleeper_await(&sleeper);
    assert_int_equal(sleeper.err.kind, ERROR_UNREACHABLE);
    assert_string_equal(sleeper.err.sqlstate, "57P01");
    assert_false(db_usable(conn));
    Error err = error_of(conn, "SELECT 1");
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_false(db_in_transaction(conn));
    db_rollback(conn);
}

DB_CASE(a_backend_ended_while_idle_is_noticed)
{
    AUTO(db_close_auto) DbConn *observer = open_as("observer");
    FiberEvent told = {0};
    AUTO(db_close_auto) DbConn *conn = open_as("idle");
    must(db_listen(conn, "anything", &told, &err));
    terminate(observer, conn);
    while (db_usable(conn))
        assert_true(fiber_event_wait(&told, 10000));
    Error err = error_of(conn, "SELECT 1");
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_string_equal(err.sqlstate, "57P01");
    assert_non_null(strstr(err.message, "terminating connection due to administrator command"));
}

DB_CASE(a_commit_on_a_lost_connection_has_an_unknown_outcome)
{
    AUTO(db_close_auto) DbConn *observer = open_as("observer");
    AUTO(db_close_auto) DbConn *conn = open_as("victim");
    must(db_begin(conn, &err));
    terminate(observer, conn);
    wait_until(observer,
               "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'victim'");
    Error err = {0};
    assert_false(db_commit(conn, &err));
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
}

DB_CASE(a_timeout_of_the_server_is_a_database_error)
{
    DbTarget target = {.conninfo = db_cluster_conninfo(fixture.cluster),
                       .statement_timeout_ms = 20,
                       .search_path = "public"};
    AUTO(db_close_auto) DbConn *conn = NULL;
    must(db_open(fixture.loop, &target, &conn, &err));
    Error err = error_of(conn, "SELECT pg_sleep(600)");
    assert_int_equal(err.kind, ERROR_DATABASE);
    assert_string_equal(err.sqlstate, "57014");
    assert_true(db_usable(conn));
}

DB_CASE(a_lock_is_not_waited_for_longer_than_lock_timeout)
{
    AUTO(db_close_auto) DbConn *holder = open_as("holder");
    DbTarget target = {.conninfo = db_cluster_conninfo(fixture.cluster), .lock_timeout_ms = 10};
    AUTO(db_close_auto) DbConn *conn = NULL;
    must(db_open(fixture.loop, &target, &conn, &err));
    must(db_exec(holder, "CREATE TABLE public.locked (id int)", NULL, NULL, &err));
    must(db_begin(holder, &err));
    must(db_exec(holder, "LOCK TABLE public.locked", NULL, NULL, &err));
    Error err = error_of(conn, "SELECT * FROM public.locked");
    assert_string_equal(err.sqlstate, "55P03");
    db_rollback(holder);
}

/* The backend is stopped, as a machine that hangs would be: it neither times out nor cancels. */
DB_CASE(a_server_that_does_not_answer_is_given_up)
{
    DbTarget target = {.conninfo = db_cluster_conninfo(fixture.cluster),
                       .statement_timeout_ms = 20};
    DbConn *conn = NULL;
    must(db_open(fixture.loop, &target, &conn, &err));
    conn->answer_grace_ms = 50;
    pid_t backend = db_backend_pid(conn);
    assert_int_equal(kill(backend, SIGSTOP), 0);
    Error err = error_of(conn, "SELECT 1");
    assert_int_equal(kill(backend, SIGCONT), 0);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_string_equal(err.message,
                        "the connection was given up: the server did not answer in time");
    assert_false(db_usable(conn));
    db_close(conn);
}

/* -- notifications -- */

DB_CASE(a_notification_wakes_who_listens)
{
    FiberEvent ours = {0}; /* they outlive the connection, which tells its end */
    FiberEvent other = {0};
    AUTO(db_close_auto) DbConn *sender = open_as("sender");
    AUTO(db_close_auto) DbConn *conn = open_as("listener");
    must(db_listen(conn, "Run \"events\"", &ours, &err));
    must(db_listen(conn, "other", &other, &err));
    for (unsigned i = 0; i < 3; i++) {
        must(
            db_query(sender, "SELECT pg_notify('Run \"events\"', $1)", DB_PARAMS("5"), NULL, &err));
        assert_true(fiber_event_wait_beyond(&ours, i, 10000));
    }
    assert_false(fiber_event_wait(&other, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_set_up),
        cmocka_unit_test(a_target_chooses_its_limits),
        cmocka_unit_test(synchronous_commit_is_raised_but_never_lowered),
        cmocka_unit_test(connecting_fails_with_a_reason),
        cmocka_unit_test(values_and_nulls_come_back),
        cmocka_unit_test(binary_parameters_are_honoured),
        cmocka_unit_test(big_results_and_big_parameters),
        cmocka_unit_test(rows_are_taken_as_they_come),
        cmocka_unit_test(errors_carry_sqlstate_detail_and_hint),
        cmocka_unit_test(exec_gives_the_last_result),
        cmocka_unit_test(copy_has_no_other_end),
        cmocka_unit_test(prepared_statements_are_found_by_text),
        cmocka_unit_test(transactions_commit_or_roll_back),
        cmocka_unit_test(committing_a_failed_transaction_is_an_error),
        cmocka_unit_test(statements_run_beside_each_other),
        cmocka_unit_test(cancel_ends_a_statement_with_57014),
        cmocka_unit_test(cancelling_the_fiber_cancels_its_statement),
        cmocka_unit_test(a_cancelled_fiber_can_still_end_its_transaction),
        cmocka_unit_test(a_backend_ended_while_busy_says_why),
        cmocka_unit_test(a_backend_ended_while_idle_is_noticed),
        cmocka_unit_test(a_commit_on_a_lost_connection_has_an_unknown_outcome),
        cmocka_unit_test(a_timeout_of_the_server_is_a_database_error),
        cmocka_unit_test(a_server_that_does_not_answer_is_given_up),
        cmocka_unit_test(a_lock_is_not_waited_for_longer_than_lock_timeout),
        cmocka_unit_test(a_notification_wakes_who_listens),
    };
    return cmocka_run_group_tests_name("db/conn", tests, group_setup, group_teardown);
}
