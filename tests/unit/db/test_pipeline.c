/* Many statements in one round trip, against a real server. */
#include "with_cluster.h"

#include <stdlib.h>

DB_CASE(a_pipeline_runs_all_or_stops_at_the_first_error)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    must(db_exec(conn, "CREATE TEMP TABLE piped (id int PRIMARY KEY)", NULL, NULL, &err));
    DbStatement good[] = {{"INSERT INTO piped VALUES ($1)", DB_PARAMS("1"), .prepared = true},
                          {"INSERT INTO piped VALUES ($1)", DB_PARAMS("2"), .prepared = true},
                          {.sql = "SELECT id FROM piped ORDER BY id"},
                          {.sql = "INSERT INTO piped VALUES (3)"}};
    DbResult *results[COUNT_OF(good)] = {NULL};
    must(db_pipeline(conn, good, COUNT_OF(good), results, &err));
    assert_int_equal(db_rows(results[2]), 2);
    assert_int_equal(db_int(results[2], 1, 0), 2);
    for (size_t i = 0; i < COUNT_OF(results); i++)
        db_result_free(results[i]);
    DbStatement bad[] = {{.sql = "INSERT INTO piped VALUES (4)"},
                         {.sql = "INSERT INTO piped VALUES (1)"},
                         {.sql = "SELECT nothing_here"}};
    must(db_begin(conn, &err));
    Error refused_by = {0};
    assert_false(db_pipeline(conn, bad, COUNT_OF(bad), NULL, &refused_by));
    assert_string_equal(refused_by.sqlstate, "23505");
    assert_true(db_in_transaction(conn));
    db_rollback(conn);
    assert_string_equal(value_of(conn, "SELECT count(*) FROM piped"), "3");
}

DB_CASE(a_long_pipeline_does_not_choke)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    must(db_exec(conn, "CREATE TEMP TABLE many (id int)", NULL, NULL, &err));
    enum { COUNT = 5000 };
    AUTO(base_free) DbStatement *statements = base_alloc(COUNT * sizeof(*statements));
    for (int i = 0; i < COUNT; i++)
        statements[i] = (DbStatement){
            .sql = "INSERT INTO many VALUES (1) RETURNING repeat('long answer', 100)"};
    must(db_pipeline(conn, statements, COUNT, NULL, &err));
    assert_string_equal(value_of(conn, "SELECT count(*) FROM many"), "5000");
}

DB_CASE(a_pipeline_commits_all_or_nothing)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    must(db_exec(conn, "CREATE TEMP TABLE whole (id int PRIMARY KEY)", NULL, NULL, &err));
    DbStatement good[] = {{.sql = "INSERT INTO whole VALUES (1) RETURNING id"}};
    DbStatement bad[] = {{.sql = "INSERT INTO whole VALUES (2)"},
                         {.sql = "INSERT INTO whole VALUES (1)"}};
    AUTO(db_result_auto) DbResult *result = NULL;
    must(db_begin(conn, &err));
    must(db_pipeline_commit(conn, good, COUNT_OF(good), &result, &err));
    assert_int_equal(db_int(result, 0, 0), 1);
    assert_false(db_in_transaction(conn));
    Error refused_by = {0};
    must(db_begin(conn, &err));
    assert_false(db_pipeline_commit(conn, bad, COUNT_OF(bad), NULL, &refused_by));
    assert_string_equal(refused_by.sqlstate, "23505");
    assert_true(db_in_aborted(conn));
    db_rollback(conn);
    assert_string_equal(value_of(conn, "SELECT count(*) FROM whole"), "1");
}

DB_CASE(a_script_says_where_it_stopped)
{
    AUTO(db_close_auto) DbConn *conn = open_as("test");
    DbStatement script[] = {
        {.sql = "SELECT 1"}, {.sql = "SELECT nothing_here"}, {.sql = "SELECT 3"}};
    DbStatement copies[] = {{.sql = "COPY (SELECT 1) TO STDOUT"}};
    DbPlace place = {0};
    Error wrong = {0};
    must(db_script(conn, script, 1, NULL, &place, &err));
    assert_int_equal(place.position, 0);
    assert_false(db_script(conn, script, COUNT_OF(script), NULL, &place, &wrong));
    assert_string_equal(wrong.sqlstate, "42703");
    assert_int_equal(place.statement, 1);
    assert_int_equal(place.position, 8);
    assert_false(db_script(conn, copies, 1, NULL, &place, &wrong));
    assert_int_equal(wrong.kind, ERROR_UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipeline_runs_all_or_stops_at_the_first_error),
        cmocka_unit_test(a_long_pipeline_does_not_choke),
        cmocka_unit_test(a_pipeline_commits_all_or_nothing),
        cmocka_unit_test(a_script_says_where_it_stopped),
    };
    return cmocka_run_group_tests_name("db/pipeline", tests, group_setup, group_teardown);
}
