/* COPY … FROM STDIN over several calls, against a real server. */
#include "with_cluster.h"

#include "db/copy.h"

#include <stdlib.h>
#include <string.h>

static const char SQL[] = "COPY copied FROM STDIN";

static DbConn *open_table(void)
{
    DbConn *conn = open_as("test");
    must(db_exec(conn, "CREATE TEMP TABLE copied (id int PRIMARY KEY, text text)", NULL, NULL,
                 &err));
    must(db_begin(conn, &err));
    return conn;
}

static void put(DbConn *conn, const char *rows)
{
    db_copy_put(conn, rows, strlen(rows));
}

DB_CASE(rows_of_several_calls_are_one_statement)
{
    AUTO(db_close_auto) DbConn *conn = open_table();
    int64_t rows = 0;
    must(db_copy_begin(conn, SQL, &err));
    put(conn, "1\tone\n2\t");
    put(conn, ""); /* a row may be cut anywhere, and nothing is fine */
    put(conn, "two\n");
    must(db_copy_end(conn, &rows, &err));
    assert_int_equal(rows, 2);
    must(db_commit(conn, &err));
    assert_string_equal(value_of(conn, "SELECT string_agg(text, ',' ORDER BY id) FROM copied"),
                        "one,two");
}

DB_CASE(more_than_fits_the_socket_arrives)
{
    enum { ROW_BYTES = 1000000, ROWS = 8 };
    AUTO(db_close_auto) DbConn *conn = open_table();
    char *wide = malloc(ROW_BYTES + 1);
    int64_t rows = 0;
    memset(wide, 'x', ROW_BYTES);
    wide[ROW_BYTES] = '\n';
    must(db_copy_begin(conn, SQL, &err));
    for (int i = 0; i < ROWS; i++) {
        char key[2] = {(char)('0' + i), '\t'};
        db_copy_put(conn, key, sizeof(key));
        db_copy_put(conn, wide, ROW_BYTES + 1);
    }
    must(db_copy_end(conn, &rows, &err));
    free(wide);
    assert_int_equal(rows, ROWS);
    assert_string_equal(value_of(conn, "SELECT sum(length(text)) FROM copied"), "8000000");
    db_rollback(conn);
}

DB_CASE(what_is_refused_is_told_at_the_end)
{
    AUTO(db_close_auto) DbConn *conn = open_table();
    Error refused = {0};
    int64_t rows = -1;
    must(db_copy_begin(conn, SQL, &err));
    put(conn, "1\tone\n1\ttwice\n");
    for (int i = 2; i < 2000; i++) /* it goes on although the server has said no long ago */
        put(conn, "9\tnine\n");
    assert_false(db_copy_end(conn, &rows, &refused));
    assert_string_equal(refused.sqlstate, "23505");
    assert_int_equal(rows, -1);
    assert_true(db_in_aborted(conn));
    db_rollback(conn);
    assert_string_equal(value_of(conn, "SELECT count(*) FROM copied"), "0");
}

DB_CASE(what_cannot_begin_needs_no_end)
{
    AUTO(db_close_auto) DbConn *conn = open_table();
    Error refused = {0};
    assert_false(db_copy_begin(conn, "SELECT 1", &refused));
    assert_int_equal(refused.kind, ERROR_INPUT);
    assert_false(db_copy_begin(conn, "COPY nothing_here FROM STDIN", &refused));
    assert_string_equal(refused.sqlstate, "42P01");
    db_rollback(conn);
    assert_string_equal(value_of(conn, "SELECT 'still usable'"), "still usable");
}

DB_CASE(a_lost_connection_is_told_at_the_end)
{
    AUTO(db_close_auto) DbConn *conn = open_table();
    AUTO(db_close_auto) DbConn *other = open_as("other");
    Error lost = {0};
    int64_t rows = 0;
    char pid[16];
    snprintf(pid, sizeof(pid), "%d", db_backend_pid(conn));
    must(db_copy_begin(conn, SQL, &err));
    put(conn, "1\tone\n");
    must(
        db_query(other, "SELECT pg_terminate_backend($1::int, 10000)", DB_PARAMS(pid), NULL, &err));
    put(conn, "2\ttwo\n");
    assert_false(db_copy_end(conn, &rows, &lost));
    assert_int_equal(lost.kind, ERROR_UNREACHABLE);
    assert_false(db_usable(conn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_several_calls_are_one_statement),
        cmocka_unit_test(more_than_fits_the_socket_arrives),
        cmocka_unit_test(what_is_refused_is_told_at_the_end),
        cmocka_unit_test(what_cannot_begin_needs_no_end),
        cmocka_unit_test(a_lost_connection_is_told_at_the_end),
    };
    return cmocka_run_group_tests_name("db/copy", tests, group_setup, group_teardown);
}
