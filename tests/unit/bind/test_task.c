/* Functions of a plan that run against a real server: values, errors, what may wait and what may
 * not. */
#include "../db/with_cluster.h"
#include "bind/state.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct Outcome {
    bool ok;
    Error err;
    char *result; /* JSON */
    char log[400];
} Outcome;

/* Some task said something since this was false. */
static bool logged;

static void keep_log(void *ctx, const char *line)
{
    Outcome *outcome = ctx;
    logged = true;
    size_t length = strlen(outcome->log);
    snprintf(outcome->log + length, sizeof(outcome->log) - length, "%s|", line);
}

static BindPlan *plan_with(const char *body, Bundle *bundle)
{
    *bundle = (Bundle){.arena = arena_new()};
    bundle->files = arena_alloc(bundle->arena, sizeof(BundleFile));
    const char *text = arena_printf(bundle->arena,
                                    "plan \"p\" { doc = \"d\", phase \"f\" { task \"t\" {\n"
                                    "run = function(db)\n%s\nend } } }",
                                    body);
    bundle->files[bundle->files_count++] = (BundleFile){"plan.lua", text, strlen(text)};
    BindPlan *plan = NULL;
    must(bind_plan_load(fixture.loop, bundle, &plan, &err));
    return plan;
}

static Outcome run_task(const char *body, bool transactional)
{
    Outcome outcome = {0};
    Bundle bundle;
    AUTO(db_close_auto) DbConn *conn = open_as("headgate:1:1");
    BindPlan *plan = plan_with(body, &bundle);
    BindTask task = {
        .conn = conn, .transactional = transactional, .log = keep_log, .ctx = &outcome};
    AUTO(json_auto) json_t *result = NULL;
    if (transactional)
        must(db_begin(conn, &err));
    outcome.ok = bind_plan_call(plan, "f/t", "run", &task, &result, &outcome.err);
    outcome.result = outcome.ok ? json_canonical(result) : NULL;
    if (transactional)
        db_rollback(conn);
    bind_plan_free(plan);
    arena_free(bundle.arena);
    return outcome;
}

typedef struct Value {
    const char *body;
    const char *result;
} Value;

DB_CASE(values)
{
    static const Value CASES[] = {
        {"return db:query('SELECT 1 AS a, true AS b, NULL AS c, 1.50 AS d, 0.5::float8 AS e')",
         "[{\"a\":1,\"b\":true,\"d\":\"1.50\",\"e\":0.5}]"},
        {"return db:value('SELECT 820982911946154508')", "820982911946154508"},
        {"return db:value('SELECT 9223372036854775807') + 0", "9223372036854775807"},
        {"return db:value('SELECT sum(x) FROM (VALUES (1::int8), (2)) t(x)')", "\"3\""},
        {"return json.decode(db:value([[SELECT '{\"a\": [], \"b\": {}}'::jsonb]]))",
         "{\"a\":[],\"b\":{}}"},
        {"return db:one('SELECT $1::text AS t, $2::int AS i, $3::bool AS b, $4::text AS n', 'x', "
         "7, "
         "true, nil)",
         "{\"b\":true,\"i\":7,\"t\":\"x\"}"},
        {"return db:value('SELECT $1::numeric', 0.1)", "\"0.1\""},
        {"return db:value('SELECT $1::int', 50.0)", "50"},
        {"return json.encode { 0.1, 2.0, 1e300, 3, { z = 1, a = json.null, e = {} }, json.array "
         "{}, 'é\\n' }",
         "\"[0.1,2.0,1e+300,3,{\\\"a\\\":null,\\\"e\\\":{},\\\"z\\\":1},[],\\\"é\\\\n\\\"]\""},
        {"return db:value('SELECT $1::text IS NULL', json.null)", "true"},
        {"return db:one('SELECT 1 WHERE false') == nil", "true"},
        {"return db:value('SELECT 1 WHERE false') == nil", "true"},
        {"return db:exec('CREATE TEMP TABLE t (i int); INSERT INTO t VALUES (1), (2)')", "2"},
        {"db:exec('CREATE TEMP TABLE t (i int)') return db:exec('INSERT INTO t SELECT "
         "generate_series(1, $1)', 5)",
         "5"},
        {"return #db:query('SELECT generate_series(1, 1000)')", "1000"},
        {"local ok, e = pcall(db.query, db, 'SELECT 1/0') return { ok, e.kind, e.sqlstate, "
         "e.message "
         "}",
         "[false,\"database\",\"22012\",\"division by zero\"]"},
        {"local ok, e = pcall(function() db:exec('nonsense') end) return tostring(e)",
         "\"plan.lua:3: syntax error at or near \\\"nonsense\\\"\""},
        {"log('a', 1, nil, true) log('b\\nc') return nil", "null"},
        {"local t = {} for i = 1, 3 do t[i] = db:value('SELECT $1::int * 2', i) end return t",
         "[2,4,6]"},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        Outcome outcome = run_task(CASES[i].body, false);
        if (!outcome.ok || strcmp(outcome.result, CASES[i].result) != 0)
            fail_msg("%s\n  gave %s", CASES[i].body,
                     outcome.ok ? outcome.result : outcome.err.message);
        free(outcome.result);
    }
}

typedef struct Failure {
    const char *body;
    ErrorKind kind;
    const char *message;
} Failure;

static void check_failures(const Failure *cases, size_t count, bool transactional)
{
    for (size_t i = 0; i < count; i++) {
        Outcome outcome = run_task(cases[i].body, transactional);
        if (outcome.ok || outcome.err.kind != cases[i].kind ||
            strstr(outcome.err.message, cases[i].message) == NULL)
            fail_msg("%s\n  gave %s %s", cases[i].body,
                     outcome.ok ? outcome.result : error_kind_name(outcome.err.kind),
                     outcome.err.message);
        free(outcome.result);
    }
}

DB_CASE(failures)
{
    static const Failure CASES[] = {
        {"db:exec('SELECT * FROM nowhere')", ERROR_DATABASE,
         "plan.lua:3: relation \"nowhere\" does not exist"},
        {"db:exec('COMMIT')", ERROR_REFUSED, "plan.lua:3: "},
        {"db:query('SET ROLE x')", ERROR_REFUSED, "plan.lua:3: "},
        {"db:exec('SELECT 1; ROLLBACK')", ERROR_REFUSED, "plan.lua:3: "},
        {"db:query('SELECT 1; SELECT 2')", ERROR_INPUT,
         "this takes one statement, and the SQL has 2"},
        {"db:exec('-- nothing')", ERROR_INPUT, "there is no statement in this SQL"},
        {"db.query('SELECT 1')", ERROR_SCRIPT, "plan.lua:3: write db:query(…), with a colon"},
        {"db:query(1)", ERROR_SCRIPT, "plan.lua:3: db:query needs SQL as a text"},
        {"db:query('SELECT $1', {})", ERROR_SCRIPT,
         "parameter $1 is a table; for JSON write json.encode"},
        {"db:one('SELECT generate_series(1, 2)')", ERROR_SCRIPT, "plan.lua:3: db:one found 2 rows"},
        {"db:value('SELECT 1, 2')", ERROR_SCRIPT, "db:value needs one column, and the query has 2"},
        {"db:query('SELECT 1 AS a, 2 AS a')", ERROR_SCRIPT,
         "two columns of the result are called \"a\""},
        {"db:query('SELECT generate_series(1, 100001)')", ERROR_SCRIPT, "a plan may fetch 100000"},
        {"table.sort({ 2, 1 }, function(a, b) return db:value('SELECT 1') end)", ERROR_SCRIPT,
         "plan.lua:3: cannot wait here"},
        {"return print", ERROR_INPUT, "plan.lua:3: \"print\" is not available to plans: use log"},
        {"while true do end", ERROR_SCRIPT, "plan.lua:3: ran longer than 1 s"},
        {"local t <close> = setmetatable({}, { __close = function() sleep '1s' end }) "
         "error('first')",
         ERROR_SCRIPT, "plan.lua:3: first"},
        {"return function() end", ERROR_SCRIPT, "\"run\" returned a function, which is not data"},
        {"sleep(5)", ERROR_SCRIPT, "sleep needs a duration like \"5s\""},
        {"db:exec('SELECT pg_terminate_backend(pg_backend_pid())')", ERROR_UNREACHABLE, ""},
    };
    check_failures(CASES, COUNT_OF(CASES), false);
}

DB_CASE(a_transactional_task_waits_for_db_only)
{
    static const Failure CASES[] = {
        {"sleep '1s'", ERROR_SCRIPT, "plan.lua:3: a transactional task may only wait for db"},
        {"db:exec('VACUUM')", ERROR_REFUSED, "cannot run in a transaction"},
    };
    check_failures(CASES, COUNT_OF(CASES), true);
    Outcome outcome = run_task("sleep '1ms' return db:exec('VACUUM pg_class')", false);
    if (!outcome.ok)
        fail_msg("%s", outcome.err.message);
    free(outcome.result);
    outcome = run_task(
        "log('x') return db:value('SELECT pg_current_xact_id_if_assigned() IS NULL')", true);
    assert_true(outcome.ok);
    assert_string_equal(outcome.log, "x|");
    free(outcome.result);
}

/* A statement that failed has aborted the transaction, whatever the script thinks of it. */
DB_CASE(caught_errors_do_not_become_success)
{
    static const char BODY[] = "local ok = pcall(db.query, db, 'SELECT 1/0')\n"
                               "pcall(db.query, db, 'SELECT 1') return ok";
    Outcome outcome = run_task(BODY, true);
    assert_false(outcome.ok);
    assert_int_equal(outcome.err.kind, ERROR_DATABASE);
    assert_string_equal(outcome.err.sqlstate, "22012");
    assert_non_null(strstr(outcome.err.message, "division by zero (caught, but"));
    outcome = run_task(BODY, false); /* without a transaction nothing is aborted */
    assert_true(outcome.ok);
    assert_string_equal(outcome.result, "false");
    free(outcome.result);
}

DB_CASE(log_lines)
{
    Outcome outcome = run_task("log('a', 1, nil, true, {}) log('b\\nc')", false);
    assert_true(outcome.ok);
    assert_string_equal(outcome.log, "a 1 nil true table|b c|");
    free(outcome.result);
}

/* ---- several at once ---- */

enum { TOGETHER = 4 };

static struct {
    BindPlan *plan;
    int running;
    FiberEvent done;
    char results[TOGETHER][16];
} together;

static void run_one_of_several(void *arg)
{
    char *result = arg;
    AUTO(db_close_auto) DbConn *conn = open_as("headgate:1:1");
    BindTask task = {.conn = conn};
    AUTO(json_auto) json_t *value = NULL;
    must(bind_plan_call(together.plan, "f/t", "run", &task, &value, &err));
    snprintf(result, sizeof(together.results[0]), "%s", json_string_value(value));
    together.running--;
    fiber_event_broadcast(&together.done);
}

/* Tasks of one Lua state take turns while they wait, each with its own connection. */
DB_CASE(tasks_of_one_state)
{
    Bundle bundle;
    together.plan =
        plan_with("local pid = db:value('SELECT pg_backend_pid()')\n"
                  "for i = 1, 20 do\n"
                  "  if db:value('SELECT pg_backend_pid()') ~= pid then return 'mixed' end\n"
                  "  pcall(db.query, db, 'nonsense')\n"
                  "end return tostring(pid)",
                  &bundle);
    together.running = TOGETHER;
    for (int i = 0; i < TOGETHER; i++)
        fiber_start(fixture.loop, "one of several", run_one_of_several, together.results[i]);
    while (together.running > 0)
        fiber_event_wait(&together.done, -1);
    for (int i = 0; i < TOGETHER; i++) {
        assert_true(atoi(together.results[i]) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(together.results[i], together.results[j]);
    }
    bind_plan_free(together.plan);
    arena_free(bundle.arena);
}

/* ---- cancelling ---- */

static struct {
    Outcome outcome;
    FiberEvent done;
    const char *body;
    bool finished;
} cancelled;

static void run_cancelled(void *arg)
{
    UNUSED(arg);
    cancelled.outcome = run_task(cancelled.body, false);
    cancelled.finished = true;
    fiber_event_broadcast(&cancelled.done);
}

/* No pcall holds a task that was cancelled, whether it waits for the server, the clock or nothing.
 */
DB_CASE(cancelled_tasks_end)
{
    static const char *const BODIES[] = {
        "log('begun') while true do pcall(sleep, '1h') end",
        "log('begun') while true do pcall(db.query, db, 'SELECT pg_sleep(3600)') end",
        "while true do log('x') end",
    };
    for (size_t i = 0; i < COUNT_OF(BODIES); i++) {
        cancelled.body = BODIES[i];
        cancelled.finished = false;
        logged = false;
        Fiber *fiber = fiber_start(fixture.loop, "task", run_cancelled, NULL);
        while (!logged && !cancelled.finished)
            must(fiber_sleep(5, &err));
        must(fiber_sleep(150, &err)); /* it waits by now */
        assert_false(cancelled.finished);
        fiber_cancel(fiber);
        while (!cancelled.finished)
            fiber_event_wait(&cancelled.done, -1);
        assert_false(cancelled.outcome.ok);
        assert_int_equal(cancelled.outcome.err.kind, ERROR_CANCELLED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(failures),
        cmocka_unit_test(a_transactional_task_waits_for_db_only),
        cmocka_unit_test(caught_errors_do_not_become_success),
        cmocka_unit_test(log_lines),
        cmocka_unit_test(tasks_of_one_state),
        cmocka_unit_test(cancelled_tasks_end),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
