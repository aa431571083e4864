/* A run and its idempotency key are one transaction: both or neither. */
#include "ledger/run.h"
#include "ledger/schema.h"

#include "../db/with_cluster.h"

static DbConn *state_conn;

static void expect(const char *query, const char *value)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    must(db_query(state_conn, query, NULL, &result, &err));
    assert_string_equal(db_value(result, 0, 0), value);
}

static bool create(const char *plan, const char *key, int64_t *ret_run, Error *err)
{
    AUTO(json_auto) json_t *empty = json_object();
    return ledger_run_create(state_conn,
                             &(LedgerRunNew){.plan_hash = plan,
                                             .plan_name = plan,
                                             .environment = "test",
                                             .params = empty,
                                             .config = empty,
                                             .system_identifier = "1",
                                             .database = "d",
                                             .started_by = "ada",
                                             .key = key},
                             ret_run, err);
}

DB_CASE(a_key_makes_one_run)
{
    static const char PLANS[] =
        "INSERT INTO headgate.plan (hash, name, bytes, graph, graph_text, graph_hash, language, "
        "registered_by) SELECT p, p, '', '{}', '{}', '', 1, 'ada' FROM unnest('{a,b}'::text[]) AS "
        "p";
    int64_t run = 0;
    int64_t other = 0;
    Error refused = {0};
    state_conn = open_as("state");
    must(ledger_schema_install(state_conn, &(LedgerSchemaOptions){0}, &err));
    must(db_exec(state_conn, PLANS, NULL, NULL, &err));
    must(create("a", "ada:k", &run, &err));
    expect("SELECT run = (SELECT max(id) FROM headgate.run) AND kind = 'start' AND handled_at IS "
           "NOT NULL FROM headgate.request WHERE key = 'ada:k'",
           "t");
    /* Another plan, so nothing but the key is in its way. */
    assert_false(create("b", "ada:k", &other, &refused));
    assert_int_equal(refused.kind, ERROR_CONFLICT);
    expect("SELECT count(*) FROM headgate.run", "1");
    must(create("b", NULL, &other, &err));
    assert_true(other > run);
    expect("SELECT count(*) FROM headgate.request", "1");
    db_close(state_conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_makes_one_run),
    };
    return cmocka_run_group_tests_name("ledger/run", tests, group_setup, group_teardown);
}
