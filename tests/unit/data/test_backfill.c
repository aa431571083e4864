/* The runner's side with real worker processes: this executable is its own worker. */
#include "fixture.h"

#include "base/json.h"
#include "data/backfill.h"
#include "data/worker.h"

#include <signal.h>
#include <unistd.h>

static const char *self_path;

/* ---------------------------------------------------------------- the worker */

static const DataSpec SPEC = {
    .step = "backfill/t", .table = "t", .where = "b IS NULL", .map = true, .batch_us = 300000};

static const DataSet SET[] = {{"b", "'<' || a || '>'"}};
static const DataSpec SET_SPEC = {.step = "backfill/t",
                                  .table = "t",
                                  .where = "b IS NULL",
                                  .set = SET,
                                  .set_count = 1,
                                  .batch_us = 300000};

static const DataValue *value_of(const DataRow *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++) {
        if (text_equal(row->columns[i]->name, name))
            return &row->values[i];
    }
    return NULL;
}

/* b = "<" a ">"; the row whose a names it raises, hangs, crashes. */
static bool map_angle(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    UNUSED(ctx);
    const char *a = value_of(row, "a")->text;
    if (text_equal(a, "raise"))
        return error_set(err, ERROR_SCRIPT, "plan.lua:9: oops");
    if (text_equal(a, "hang")) {
        for (;;)
            pause();
    }
    if (text_equal(a, "crash"))
        raise(SIGKILL);
    if (text_equal(a, "fall"))
        raise(SIGABRT);
    if (text_equal(a, "skip")) {
        ret->verdict = MAPPED_SKIP;
        ret->reason = "not ours";
        return true;
    }
    DataWrite *write = arena_alloc(arena, sizeof(DataWrite));
    for (size_t i = 0; i < row->count; i++) {
        if (text_equal(row->columns[i]->name, "b"))
            write->column = row->columns[i];
    }
    write->text = arena_printf(arena, "<%s>", a);
    write->bytes = strlen(write->text);
    ret->writes = write;
    ret->writes_count = 1;
    return true;
}

typedef struct WorkerArgs {
    Loop *loop;
    char **argv;
    DataSpec spec;
    int code;
} WorkerArgs;

static void worker_main(void *arg)
{
    WorkerArgs *args = arg;
    Error err = {0};
    DataWorkerOptions options = {
        .spec = &args->spec,
        .job = {.run = RUN, .epoch = EPOCH},
        .target = {.conninfo = args->argv[2],
                   .application_name = "headgate:7:3",
                   .search_path = "public"},
        .name = args->argv[4],
    };
    DataMap *map = args->spec.map ? map_angle : NULL;
    args->code = data_worker_main(args->loop, &options, map, NULL, &err);
    if (args->code == WORKER_DONE)
        return;
    AUTO(json_auto) json_t *object = json_from_error(&err);
    AUTO(base_free) char *text = json_text(object);
    printf("%s\n", text);
}

/* argv: self, "worker", conninfo, options, name */
static int be_worker(char **argv)
{
    if (strcmp(argv[3], "exit") == 0) {
        fprintf(stderr, "first line\nno such plan\n");
        return 2;
    }
    bool sets = strcmp(argv[3], "set") == 0;
    WorkerArgs args = {.loop = loop_new(), .argv = argv, .spec = sets ? SET_SPEC : SPEC};
    if (strcmp(argv[3], "slow") == 0) {
        args.spec.batch_rows = 1;
        args.spec.batch_us = 1;
        args.spec.pause_us = 3600000000;
    } else if (strcmp(argv[3], "fail") == 0) {
        args.spec.fail_on_error = true;
    }
    fiber_start(args.loop, "worker", worker_main, &args);
    loop_run(args.loop);
    loop_free(args.loop);
    return args.code;
}

/* ---------------------------------------------------------------- the runner */

typedef struct Runner {
    DataOutcome outcome;
    Error err;
    int begun;
    int reports;
    int64_t least_total; /* of all that was told */
    int64_t most_total;
    int64_t stop_at; /* rows done; 0 = never */
    json_t *drops;
    char log[200];
} Runner;

static bool on_begin(void *ctx, DbConn *conn, json_t *sync_drops, Error *err)
{
    Runner *runner = ctx;
    UNUSED(err);
    assert_true(db_in_transaction(conn));
    runner->begun++;
    runner->drops = json_incref(sync_drops);
    return true;
}

static void on_progress(void *ctx, const DataProgress *progress)
{
    Runner *runner = ctx;
    if (runner->reports++ == 0 || progress->total < runner->least_total)
        runner->least_total = progress->total;
    if (progress->total > runner->most_total)
        runner->most_total = progress->total;
    runner->outcome.progress = *progress;
}

static bool on_should_stop(void *ctx)
{
    Runner *runner = ctx;
    return runner->stop_at > 0 && runner->outcome.progress.done >= runner->stop_at;
}

static void on_log(void *ctx, const char *line)
{
    Runner *runner = ctx;
    size_t used = strlen(runner->log);
    snprintf(runner->log + used, sizeof(runner->log) - used, "%s|", line);
}

static bool run_spec(Runner *runner, const DataSpec *spec, const char *mode)
{
    const char *argv[] = {self_path, "worker", fixture_conninfo, mode, NULL};
    DataBackfillHooks hooks = {.conn = fixture_conn,
                               .worker_argv = argv,
                               .begin = on_begin,
                               .progress = on_progress,
                               .should_stop = on_should_stop,
                               .log = on_log,
                               .ctx = runner};
    DataJobOptions options = {.run = RUN, .epoch = EPOCH};
    return data_backfill_run(fixture_loop, spec, &options, &hooks, &runner->outcome, &runner->err);
}

static void run_done(Runner *runner, const DataSpec *spec, const char *mode)
{
    if (!run_spec(runner, spec, mode))
        fail_msg("%s", runner->err.message);
    assert_int_equal(runner->outcome.end, DATA_DONE);
    json_decref(runner->drops);
    runner->drops = NULL;
}

static void make_rows(int rows)
{
    char text[200];
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b text)");
    snprintf(text, sizeof(text), "INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, %d) i",
             rows);
    sql(text);
}

FIBER_TEST(test_small_table)
{
    make_rows(50);
    Runner runner = {0};
    run_done(&runner, &SPEC, "-");
    assert_int_equal(runner.begun, 1);
    assert_int_equal(runner.outcome.progress.done, 50);
    assert_int_equal(runner.outcome.progress.total, 50);
    expect("SELECT count(*) FROM t WHERE b = '<' || a || '>'", "50");
    expect("SELECT count(*) || ' ' || bool_and(done) FROM headgate.cursor", "1 true");
    /* again: nothing to do, nothing begun twice */
    run_done(&runner, &SPEC, "-");
    assert_int_equal(runner.begun, 1);
}

FIBER_TEST(test_ranges_and_two_workers)
{
    make_rows(45000);
    sql("ANALYZE t");
    Runner runner = {0};
    run_done(&runner, &SPEC, "-");
    expect("SELECT count(*) FROM t WHERE b = '<' || a || '>'", "45000");
    expect("SELECT count(*) || ' ' || sum(rows_changed) || ' ' || bool_and(rows_changed > 3000)"
           " FROM headgate.cursor",
           "4 45000 true");
    expect("SELECT array_agg(range ORDER BY rows_changed DESC) FROM headgate.cursor", "{0,1,2,3}");
}

/* Rows are counted while the workers are at them, and the statistics are old. */
FIBER_TEST(test_the_total_is_right_from_the_start)
{
    make_rows(20000);
    sql("ANALYZE t");
    sql("DELETE FROM t WHERE id > 18000");
    Runner runner = {0};
    run_done(&runner, &SPEC, "-");
    assert_true(runner.reports > 1);
    assert_int_equal(runner.least_total, 18000);
    assert_int_equal(runner.most_total, 18000);
}

FIBER_TEST(test_errors_go_to_the_queue)
{
    make_rows(20);
    sql("UPDATE t SET a = 'raise' WHERE id = 7; UPDATE t SET a = 'skip' WHERE id = 8");
    Runner runner = {0};
    run_done(&runner, &SPEC, "-");
    assert_int_equal(runner.outcome.progress.counts.queued, 1);
    assert_int_equal(runner.outcome.progress.counts.skipped, 1);
    assert_int_equal(runner.outcome.progress.pass, 2);
    expect("SELECT string_agg(kind || key::text, ' ' ORDER BY key) FROM headgate.queued_row",
           "error{7} skip{8}");
}

FIBER_TEST(test_on_error_fail)
{
    make_rows(20);
    sql("UPDATE t SET a = 'raise' WHERE id = 7");
    Runner runner = {0};
    assert_false(run_spec(&runner, &SPEC, "fail"));
    json_decref(runner.drops);
    assert_int_equal(runner.err.kind, ERROR_SCRIPT);
    assert_string_equal(runner.err.message, "row 7 of public.t: plan.lua:9: oops");
}

FIBER_TEST(test_crashes_are_given_up)
{
    make_rows(20);
    sql("UPDATE t SET a = 'crash' WHERE id = 7");
    Runner runner = {0};
    assert_false(run_spec(&runner, &SPEC, "-"));
    assert_int_equal(runner.err.kind, ERROR_INTERNAL);
    assert_string_equal(runner.err.message,
                        "workers are ended by signal 9 again and again: 10 of them without a batch "
                        "between");
    expect("SELECT count(*) FROM headgate.cursor WHERE owner IS NOT NULL", "0");
    sql("UPDATE t SET a = 'v7' WHERE id = 7");
    run_done(&runner, &SPEC, "-");
    expect("SELECT count(*) FROM t WHERE b IS NULL", "0");
}

/* Somebody may have killed the others; a worker that falls over would fall again, under any runner.
 */
FIBER_TEST(test_a_worker_that_falls_over_fails_the_step)
{
    make_rows(20);
    sql("UPDATE t SET a = 'fall' WHERE id = 7");
    Runner runner = {0};
    assert_false(run_spec(&runner, &SPEC, "-"));
    assert_int_equal(runner.err.kind, ERROR_INTERNAL);
    assert_string_equal(runner.err.message, "a worker was ended by signal 6");
    json_decref(runner.drops);
}

FIBER_TEST(test_wrong_exit)
{
    make_rows(20);
    Runner runner = {0};
    assert_false(run_spec(&runner, &SPEC, "exit"));
    json_decref(runner.drops);
    assert_string_equal(runner.err.message, "a worker ended with exit code 2: no such plan");
    assert_string_equal(runner.log, "first line|no such plan|");
}

FIBER_TEST(test_pause_finishes_the_batch)
{
    make_rows(20);
    Runner runner = {.stop_at = 1};
    if (!run_spec(&runner, &SPEC, "slow"))
        fail_msg("%s", runner.err.message);
    assert_int_equal(runner.outcome.end, DATA_STOPPED);
    expect("SELECT count(*) FROM t WHERE b IS NOT NULL", "1");
    expect("SELECT last::text || done || (owner IS NULL) FROM headgate.cursor", "{1}falsetrue");
    runner.stop_at = 0;
    run_done(&runner, &SPEC, "-");
    expect("SELECT count(*) FROM t WHERE b IS NULL", "0");
    expect("SELECT sum(rows_changed) FROM headgate.cursor", "20");
}

FIBER_TEST(test_held_when_the_application_goes_on)
{
    make_rows(5);
    sql("CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN IF pg_trigger_depth() = 1 THEN UPDATE t SET b = NULL WHERE id = NEW.id; END IF;"
        " RETURN NULL; END';"
        "CREATE TRIGGER again AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION again()");
    Runner runner = {0};
    if (!run_spec(&runner, &SPEC, "-"))
        fail_msg("%s", runner.err.message);
    json_decref(runner.drops);
    assert_int_equal(runner.outcome.end, DATA_HELD);
    assert_memory_equal(runner.outcome.why, "after 10 passes the application still writes ", 45);
    assert_int_equal(runner.outcome.progress.pass, 10);
    /* people say "go on" too early, and then when the application is mended */
    runner = (Runner){0};
    if (!run_spec(&runner, &SPEC, "-"))
        fail_msg("%s", runner.err.message);
    assert_int_equal(runner.outcome.end, DATA_HELD);
    assert_memory_equal(runner.outcome.why, "after 10 passes the application still writes ", 45);
    assert_int_equal(runner.outcome.progress.pass, 20);
    expect("SELECT sum(rows_changed) FROM headgate.cursor", "100");
    sql("DROP TRIGGER again ON t");
    run_done(&runner, &SPEC, "-");
    expect("SELECT count(*) FROM t WHERE b IS NULL", "0");
}

/* A row is queued, so the second pass has nothing to do; while it ends, the application writes an
 * old row behind its cursor. */
FIBER_TEST(test_a_row_that_nobody_queued_is_not_left)
{
    make_rows(20);
    sql("UPDATE t SET a = 'raise' WHERE id = 7; UPDATE t SET a = 'skip' WHERE id = 8;"
        "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO public.t VALUES (0, ''late''); RETURN NULL; END';"
        "CREATE TRIGGER late AFTER UPDATE ON headgate.cursor FOR EACH ROW"
        " WHEN (NEW.pass = 2 AND NEW.done AND NOT OLD.done) EXECUTE FUNCTION late()");
    Runner runner = {0};
    run_done(&runner, &SPEC, "-");
    expect("SELECT coalesce(b, 'old') FROM t WHERE id = 0", "<late>");
    expect("SELECT string_agg(id::text, ' ' ORDER BY id) FROM t WHERE b IS NULL", "7 8");
    expect("SELECT string_agg(kind || key::text, ' ' ORDER BY key) FROM headgate.queued_row",
           "error{7} skip{8}");
    assert_int_equal(runner.outcome.progress.pass, 4);
}

/* They were called done, and were not. */
FIBER_TEST(test_held_when_a_trigger_keeps_rows_from_being_set)
{
    make_rows(5);
    sql("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER keep BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.id = 3)"
        " EXECUTE FUNCTION keep()");
    Runner runner = {0};
    if (!run_spec(&runner, &SET_SPEC, "set"))
        fail_msg("%s", runner.err.message);
    json_decref(runner.drops);
    assert_int_equal(runner.outcome.end, DATA_HELD);
    assert_string_equal(runner.outcome.why,
                        "after 10 passes where still finds rows that no pass could write");
    expect("SELECT string_agg(id::text, ' ') FROM t WHERE b IS NULL", "3");
}

FIBER_TEST(test_sync_trigger)
{
    make_rows(5);
    DataSpec spec = SPEC;
    spec.sync_up =
        "CREATE FUNCTION helper(x text) RETURNS text LANGUAGE sql AS $$SELECT '<' || x || "
        "'>'$$; CREATE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.b := "
        "helper(NEW.a); RETURN NEW; END$$;"
        "CREATE TRIGGER sync BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION sync()";
    Runner runner = {0};
    if (!run_spec(&runner, &spec, "-"))
        fail_msg("%s", runner.err.message);
    AUTO(base_free) char *drops = json_text(runner.drops);
    assert_string_equal(drops, "[\"DROP TRIGGER sync ON public.t\",\"DROP FUNCTION public.sync()\","
                               "\"DROP FUNCTION public.helper(pg_catalog.text)\"]");
    sql("INSERT INTO t VALUES (6, 'x')");
    expect("SELECT b FROM t WHERE id = 6", "<x>");
    json_decref(runner.drops);
}

FIBER_TEST(test_sync_refuses_what_undo_cannot_take_back)
{
    static const struct {
        const char *up;
        const char *message;
    } CASES[] = {
        {"CREATE OR REPLACE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 2'",
         "installing sync: sync replaced function public.mine(), which was there before: an undo "
         "could not bring it back"},
        {"CREATE TABLE other (a int)", "installing sync: sync created public.other: only triggers "
                                       "and their functions can be taken "
                                       "back; create it in a step with a down"},
    };
    make_rows(5);
    sql("CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        DataSpec spec = SPEC;
        Runner runner = {0};
        spec.sync_up = CASES[i].up;
        assert_false(run_spec(&runner, &spec, "-"));
        assert_string_equal(runner.err.message, CASES[i].message);
    }
    expect("SELECT count(*) FROM headgate.cursor", "0");
    expect("SELECT mine()", "1");
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "worker") == 0)
        return be_worker(argv);
    self_path = "/proc/self/exe";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_table),
        cmocka_unit_test(test_ranges_and_two_workers),
        cmocka_unit_test(test_the_total_is_right_from_the_start),
        cmocka_unit_test(test_errors_go_to_the_queue),
        cmocka_unit_test(test_on_error_fail),
        cmocka_unit_test(test_crashes_are_given_up),
        cmocka_unit_test(test_a_worker_that_falls_over_fails_the_step),
        cmocka_unit_test(test_wrong_exit),
        cmocka_unit_test(test_pause_finishes_the_batch),
        cmocka_unit_test(test_held_when_the_application_goes_on),
        cmocka_unit_test(test_a_row_that_nobody_queued_is_not_left),
        cmocka_unit_test(test_held_when_a_trigger_keeps_rows_from_being_set),
        cmocka_unit_test(test_sync_trigger),
        cmocka_unit_test(test_sync_refuses_what_undo_cannot_take_back),
    };
    return cmocka_run_group_tests_name("backfill", tests, fixture_setup, fixture_teardown);
}
