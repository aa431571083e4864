/* A backend that ends while it has not read all that we sent: its last words and the error of the
 * socket reach us together. */
#include "with_cluster.h"

#include <stdio.h>
#include <stdlib.h>

enum { UNREAD_BYTES = 1024 * 1024, PATIENCE_MS = 10000 };

typedef struct Talker {
    DbConn *conn;
    bool ended;
    Error err;
    FiberEvent done;
} Talker;

static void talk(void *arg)
{
    Talker *talker = arg;
    char *unread = calloc(1, UNREAD_BYTES + 1);
    memset(unread, 'x', UNREAD_BYTES);
    DbStatement statements[] = {{"SELECT pg_sleep(600)", NULL},
                                {"SELECT length($1)", DB_PARAMS(unread)}};
    assert_false(db_pipeline(talker->conn, statements, 2, NULL, &talker->err));
    free(unread);
    talker->ended = true;
    fiber_event_broadcast(&talker->done);
}

/* Waits until the backend of conn sleeps, then ends it. */
static void end_sleeping(DbConn *observer, const DbConn *conn)
{
    char pid[16];
    snprintf(pid, sizeof(pid), "%d", db_backend_pid(conn));
    for (bool gone = false; !gone;) {
        AUTO(db_result_auto) DbResult *result = NULL;
        must(db_query(observer,
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                      "WHERE pid = $1::int AND wait_event = 'PgSleep'",
                      DB_PARAMS(pid), &result, &err));
        gone = db_rows(result) == 1;
        assert_true(gone || fiber_sleep(5, NULL));
    }
}

DB_CASE(a_backend_that_ends_before_it_has_read_everything_is_noticed)
{
    AUTO(db_close_auto) DbConn *observer = open_as("observer");
    AUTO(db_close_auto) DbConn *conn = open_as("talker");
    Talker talker = {.conn = conn};
    fiber_start(fixture.loop, "talker", talk, &talker);
    end_sleeping(observer, conn);
    if (!talker.ended)
        assert_true(fiber_event_wait(&talker.done, PATIENCE_MS));
    assert_int_equal(talker.err.kind, ERROR_UNREACHABLE);
    assert_string_equal(talker.err.sqlstate, "57P01");
    assert_false(db_usable(conn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backend_that_ends_before_it_has_read_everything_is_noticed),
    };
    return cmocka_run_group_tests_name("db/lost", tests, group_setup, group_teardown);
}
