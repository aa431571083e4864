/* A ledger of an older version is refused until it is upgraded. */
#include "db/sql.h"
#include "ledger/schema.h"

#include "../db/with_cluster.h"

DB_CASE(an_older_ledger_is_upgraded_and_its_sessions_end)
{
    Error why = {0};
    AUTO(db_close_auto) DbConn *conn = open_as("older");
    must(db_exec(conn, db_sql("schema_001"), NULL, NULL, &err));
    must(db_exec(conn,
                 "INSERT INTO headgate.person (name, role) VALUES ('alice', 'operator');"
                 "INSERT INTO headgate.token (hash, person, kind, expires_at) VALUES "
                 "('a', 'alice', 'session', now() + interval '1 hour'), "
                 "('b', 'alice', 'api', now() + interval '1 hour')",
                 NULL, NULL, &err));
    assert_false(ledger_schema_check(conn, &why));
    assert_string_equal(why.message, "the schema headgate has version 1, this binary needs 2");
    assert_string_equal(why.hint, "headgate ledger upgrade");
    must(ledger_schema_install(conn, NULL, &err));
    must(ledger_schema_check(conn, &err));
    AUTO(db_result_auto) DbResult *left = NULL;
    must(db_query(conn, "SELECT string_agg(hash, '' ORDER BY hash) FROM headgate.token", NULL,
                  &left, &err));
    assert_string_equal(db_value(left, 0, 0), "b"); /* whose child a session was, nobody knows */
    must(ledger_schema_install(conn, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_ledger_is_upgraded_and_its_sessions_end),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
