/* Runs on databases that are not the state database: read where they are, and left out with a word
 * where they cannot be read. */
#include "seed.h"

static const char OTHER_GRAPH[] =
    "{\"kind\": \"plan\", \"name\": \"%s\", \"path\": \"\", \"keys\": {\"target\": \"%s\"}, "
    "\"children\": [{\"kind\": \"backfill\", \"name\": \"rows\", \"path\": \"rows\", \"keys\": {}, "
    "\"children\": []}, {\"kind\": \"step\", \"name\": \"end\", \"path\": \"end\", \"keys\": {}, "
    "\"children\": []}]}";

static void add_plan(const char *target)
{
    AUTO(base_free) char *graph = base_printf(OTHER_GRAPH, target, target);
    const char *const values[] = {target, graph};
    PGresult *plan = PQexecParams(
        served.pg,
        "INSERT INTO headgate.plan (hash, name, bytes, graph, graph_text, graph_hash, language, "
        "registered_by) VALUES ($1, $1, '', $2::jsonb, $2, '', 1, 'wendy')",
        2, NULL, values, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(plan), PGRES_COMMAND_OK);
    PQclear(plan);
}

static void add_run(int run, const char *plan, const char *environment, const char *database)
{
    AUTO(base_free)
    char *text = base_printf(
        "INSERT INTO headgate.run (id, plan, plan_name, environment, system_identifier, database, "
        "state, started_by) OVERRIDING SYSTEM VALUE SELECT %d, '%s', 'far %d', '%s', "
        "system_identifier::text, '%s', 'held', 'alice' FROM pg_control_system();"
        "INSERT INTO headgate.lease (run, epoch, owner, until) VALUES (%d, 1, 'x', now() + "
        "interval '1 hour')",
        run, plan, run, environment, database, run);
    sql(text);
}

/* Run 8 works on database other, 9 where nobody answers, 10 in an environment that is gone, 11 on
 * a database that target other was before; 12 in the state database, as it says itself. */
static int serve_far(void **state)
{
    if (serve_seeded(state) != 0)
        return -1;
    AUTO(text_done) Text ddl;
    text_init(&ddl, (size_t)1 << 20);
    ledger_schema_ddl(&ddl);
    sql("CREATE DATABASE other TEMPLATE template0");
    AUTO(base_free) char *conninfo = base_printf("%s dbname=other", served.conninfo);
    PGconn *here = served.pg;
    served.pg = PQconnectdb(conninfo);
    sql(text_string(&ddl));
    sql("INSERT INTO headgate.step (run, path, kind, state, epoch, start_order, detail) VALUES "
        "(8, '', 'plan', 'running', 1, 1, '{}'), (8, 'rows', 'backfill', 'done', 1, 2, '{}'), "
        "(11, 'rows', 'backfill', 'done', 1, 2, '{}');"
        "INSERT INTO headgate.queued_row (run, step, key, kind, reason, choices, before) VALUES "
        "(8, 'rows', '{a}', 'ambiguous', 'why', '[{\"label\": \"a\"}]', '{}')");
    PQfinish(served.pg);
    served.pg = here;
    add_plan("other");
    add_plan("away");
    add_run(8, "other", "demo", "other");
    add_run(9, "away", "demo", "away");
    add_run(10, "other", "gone", "other");
    add_run(11, "other", "demo", "before");
    add_run(12, "other", "gone", sql_value("SELECT current_database()"));
    return 0;
}

static const json_t *run_of(const json_t *list, const char *id)
{
    size_t i = 0;
    json_t *run = NULL;
    json_array_foreach (at(list, "runs"), i, run) {
        if (strcmp(text_at(run, "id"), id) == 0)
            return run;
    }
    fail_msg("run %s is not listed", id);
    return NULL;
}

static void expect_away(const json_t *run, const char *why)
{
    assert_true(json_is_null(at(run, "steps_done")));
    if (!text_starts(text_at(run, "unavailable"), why))
        fail_msg("%s", text_at(run, "unavailable"));
}

static void a_list_has_all_runs_and_says_what_it_lacks(void **state)
{
    UNUSED(state);
    Reply reply = ask_as("bob", "GET", "/api/runs", "", NULL);
    assert_int_equal(reply.status, 200);
    const json_t *list = reply.json;
    assert_int_equal(json_integer_value(at(run_of(list, "7"), "steps_done")), 3);
    const json_t *other = run_of(list, "8");
    assert_int_equal(json_integer_value(at(other, "steps_done")), 1);
    assert_int_equal(json_integer_value(at(other, "steps_total")), 2);
    assert_string_equal(text_at(other, "target"), "other");
    assert_true(json_is_null(at(other, "unavailable")));
    assert_null(at(other, "system"));
    expect_away(run_of(list, "9"), "target \"away\" unreachable: ");
    expect_away(run_of(list, "10"), "the configuration has no environment \"gone\"");
    expect_away(run_of(list, "11"), "target \"other\" is database \"other\" of server ");
    assert_int_equal(json_integer_value(at(run_of(list, "12"), "steps_done")), 0);
    assert_int_equal(json_array_size(at(list, "unavailable")), 3);
    size_t i = 0;
    size_t reviews = 0;
    json_t *need = NULL;
    json_array_foreach (at(list, "needs_you"), i, need) {
        reviews += strcmp(text_at(need, "kind"), "review") == 0;
    }
    assert_int_equal(reviews, 2); /* of 7 and 8 */
    reply_done(&reply);
}

static void a_page_is_shown_without_its_target(void **state)
{
    UNUSED(state);
    Reply reply = ask_as("vera", "GET", "/api/runs/8", "", NULL);
    assert_int_equal(json_array_size(at(reply.json, "steps")), 1);
    assert_int_equal(json_integer_value(at(reply.json, "review.open")), 1);
    reply_done(&reply);
    reply = ask_as("vera", "GET", "/api/runs/9", "", NULL);
    assert_int_equal(reply.status, 200);
    expect_away(reply.json, "target \"away\" unreachable: ");
    assert_int_equal(json_array_size(at(reply.json, "steps")), 0);
    assert_true(json_is_null(at(reply.json, "review.open")));
    assert_true(json_is_null(at(reply.json, "undo")));
    assert_string_equal(text_at(reply.json, "graph.children.0.path"), "rows");
    reply_done(&reply);
    reply = ask_as("vera", "GET", "/api/runs/10/report", "", NULL);
    assert_int_equal(reply.status, 200);
    expect_away(reply.json, "the configuration has no environment \"gone\"");
    reply_done(&reply);
}

static void rows_are_decided_where_they_are(void **state)
{
    UNUSED(state);
    static const char BODY[] =
        "{\"decisions\": [{\"step\": \"rows\", \"key\": [\"a\"], \"decision\": {\"choice\": 0}}]}";
    Reply reply = ask_as("vera", "GET", "/api/runs/9/review", "", NULL);
    assert_int_equal(reply.status, 200);
    assert_true(json_is_null(at(reply.json, "total")));
    assert_true(text_starts(text_at(reply.json, "unavailable"), "target \"away\" unreachable: "));
    reply_done(&reply);
    reply = ask_as("bob", "POST", "/api/runs/9/review", "", BODY);
    assert_int_equal(reply.status, 503);
    reply_done(&reply);
    reply = ask_as("bob", "POST", "/api/runs/8/review", "", BODY);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    assert_string_equal(sql_value("SELECT key[1] FROM headgate.decision WHERE run = 8"), "a");
    reply = ask_as("vera", "GET", "/api/runs/8/review", "", NULL);
    assert_int_equal(json_integer_value(at(reply.json, "total")), 1);
    assert_string_equal(text_at(reply.json, "rows.0.decided_by"), "bob");
    reply_done(&reply);
}

/* Its connections died while they were idle: nobody sees that. */
static void a_target_that_was_away_comes_back(void **state)
{
    UNUSED(state);
    sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'other'");
    Reply reply = ask_as("vera", "GET", "/api/runs/8", "", NULL);
    assert_true(json_is_null(at(reply.json, "unavailable")));
    assert_int_equal(json_array_size(at(reply.json, "steps")), 1);
    reply_done(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_has_all_runs_and_says_what_it_lacks),
        cmocka_unit_test(a_page_is_shown_without_its_target),
        cmocka_unit_test(rows_are_decided_where_they_are),
        cmocka_unit_test(a_target_that_was_away_comes_back),
    };
    return cmocka_run_group_tests(tests, serve_far, unserve);
}
