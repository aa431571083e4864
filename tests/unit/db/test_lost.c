/* A backend that ends while it has not read all that we sent: its last words and the error of the
 * socket reach us together. */
#include "with_cluster.h"

#include "db/private.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { UNREAD_BYTES = 1024 * 1024, PATIENCE_MS = 10000 };

typedef struct Talker {
    DbConn *conn;
    const char *first;
    const char *second;
    bool ended;
    Error err;
    FiberEvent done;
} Talker;

static void talk(void *arg)
{
    Talker *talker = arg;
    char *unread = calloc(1, UNREAD_BYTES + 1);
    memset(unread, 'x', UNREAD_BYTES);
    DbStatement statements[] = {{.sql = talker->first},
                                {.sql = talker->second},
                                {"SELECT length($1)", DB_PARAMS(unread), .prepared = false}};
    assert_false(db_pipeline(talker->conn, statements, 3, NULL, &talker->err));
    free(unread);
    talker->ended = true;
    fiber_event_broadcast(&talker->done);
}

/* Waits until the backend of conn sleeps. */
static void await_sleep(DbConn *observer, const DbConn *conn)
{
    char pid[16];
    snprintf(pid, sizeof(pid), "%d", db_backend_pid(conn));
    for (bool sleeps = false; !sleeps;) {
        AUTO(db_result_auto) DbResult *result = NULL;
        must(db_query(observer,
                      "SELECT FROM pg_stat_activity WHERE pid = $1::int AND wait_event = 'PgSleep'",
                      DB_PARAMS(pid), &result, &err));
        sleeps = db_rows(result) == 1;
        assert_true(sleeps || fiber_sleep(5, NULL));
    }
}

static void expect_last_words(Talker *talker)
{
    if (!talker->ended)
        assert_true(fiber_event_wait(&talker->done, PATIENCE_MS));
    assert_int_equal(talker->err.kind, ERROR_UNREACHABLE);
    if (strcmp(talker->err.sqlstate, "57P01") != 0)
        fail_msg("instead of its last words: %s", talker->err.message);
    assert_false(db_usable(talker->conn));
}

/* Waits until a backend is gone, while the loop stands still: all that it said waits in the socket,
 * and nobody has read it. Its number is asked for, because valgrind knows no pidfd. */
static void stand_still(void *arg)
{
    const int *pid = arg;
    for (int ms = 0; kill(*pid, 0) == 0; ms++) {
        assert_true(ms < PATIENCE_MS);
        poll(NULL, 0, 1);
    }
}

/* More than is sent at once: the first part finds out that nobody is there, and the next one fails.
 */
DB_CASE(last_words_are_heard_when_sending_fails)
{
    enum { MANY = 200 };
    AUTO(db_close_auto) DbConn *conn = open_as("sender");
    DbStatement statements[MANY];
    for (size_t i = 0; i < MANY; i++)
        statements[i] = (DbStatement){.sql = "SELECT 1"};
    int pid = db_backend_pid(conn);
    assert_int_equal(kill(pid, SIGTERM), 0);
    stand_still(&pid);
    Error err = {0};
    assert_false(db_pipeline(conn, statements, MANY, NULL, &err));
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_string_equal(err.sqlstate, "57P01");
    assert_false(db_usable(conn));
}

DB_CASE(a_backend_that_ends_before_it_has_read_everything_is_noticed)
{
    AUTO(db_close_auto) DbConn *observer = open_as("observer");
    AUTO(db_close_auto) DbConn *conn = open_as("talker");
    Talker talker = {.conn = conn, .first = "SELECT 1", .second = "SELECT pg_sleep(600)"};
    fiber_start(fixture.loop, "talker", talk, &talker);
    await_sleep(observer, conn);
    assert_int_equal(kill(db_backend_pid(conn), SIGTERM), 0);
    expect_last_words(&talker);
}

/* They come in one piece with an answer that is read in large parts, and with the error of the
 * socket: the second fiber runs before the loop looks at it. */
DB_CASE(last_words_are_heard_behind_the_answers_before)
{
    AUTO(db_close_auto) DbConn *conn = open_as("talker");
    Talker talker = {.conn = conn,
                     .first = "SELECT repeat('y', 100000)",
                     .second = "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(600)"};
    int pid = db_backend_pid(conn);
    fiber_start(fixture.loop, "talker", talk, &talker);
    fiber_start(fixture.loop, "deaf", stand_still, &pid);
    expect_last_words(&talker);
}

/* Ends the idle backend of conn and waits until conn has noticed. */
static void end_idle(DbConn *observer, const DbConn *conn)
{
    char pid[16];
    snprintf(pid, sizeof(pid), "%d", db_backend_pid(conn));
    must(db_query(observer, "SELECT pg_terminate_backend($1::int)", DB_PARAMS(pid), NULL, &err));
    while (db_usable(conn))
        assert_true(fiber_sleep(5, NULL));
}

DB_CASE(closing_a_lost_connection_leaves_the_next_owner_of_its_socket_alone)
{
    AUTO(db_close_auto) DbConn *observer = open_as("observer");
    DbConn *lost = open_as("lost");
    int number = pq->socket(lost->pg);
    end_idle(observer, lost);
    AUTO(db_close_auto) DbConn *next = open_as("next");
    assert_int_equal(pq->socket(next->pg), number);
    db_close(lost);
    next->statement_timeout_ms = 1;
    next->answer_grace_ms = PATIENCE_MS / 2;
    must(db_query(next, "SELECT 1", NULL, NULL, &err));
}

/* The process that the server's pid file names: it accepts connections. */
static int postmaster(void)
{
    char path[300];
    int pid = 0;
    snprintf(path, sizeof(path), "%s/data/postmaster.pid", db_cluster_directory(fixture.cluster));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return pid;
}

/* The server as a whole is stopped: its kernel still answers keepalives and accepts connections. */
DB_CASE(a_server_that_is_stopped_is_noticed_during_a_statement_without_limit)
{
    DbTarget target = {.conninfo = db_cluster_conninfo(fixture.cluster),
                       .statement_timeout_ms = -1};
    AUTO(db_close_auto) DbConn *conn = NULL;
    must(db_open(fixture.loop, &target, &conn, &err));
    conn->probe_after_ms = 10;
    conn->probe_timeout_s = 2;
    int pids[] = {postmaster(), db_backend_pid(conn)};
    for (size_t i = 0; i < COUNT_OF(pids); i++)
        assert_int_equal(kill(pids[i], SIGSTOP), 0);
    Error err = {0};
    bool answered = db_query(conn, "SELECT 1", NULL, NULL, &err);
    for (size_t i = 0; i < COUNT_OF(pids); i++)
        assert_int_equal(kill(pids[i], SIGCONT), 0);
    assert_false(answered);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_false(db_usable(conn));
}

/* The first of these statements is asked about, the server is there, and the answer comes. */
DB_CASE(a_server_that_is_busy_is_waited_for)
{
    AUTO(db_close_auto) DbConn *conn = open_as("busy");
    conn->probe_after_ms = 10;
    must(db_query(conn, "SELECT pg_sleep(0.5)", NULL, NULL, &err));
    must(db_query(conn, "SELECT 1", NULL, NULL, &err));
    assert_true(db_usable(conn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backend_that_ends_before_it_has_read_everything_is_noticed),
        cmocka_unit_test(last_words_are_heard_when_sending_fails),
        cmocka_unit_test(last_words_are_heard_behind_the_answers_before),
        cmocka_unit_test(closing_a_lost_connection_leaves_the_next_owner_of_its_socket_alone),
        cmocka_unit_test(a_server_that_is_stopped_is_noticed_during_a_statement_without_limit),
        cmocka_unit_test(a_server_that_is_busy_is_waited_for),
    };
    return cmocka_run_group_tests_name("db/lost", tests, group_setup, group_teardown);
}
