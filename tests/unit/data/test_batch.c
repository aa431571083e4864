/* One batch at a time, against a real server: exactly-once, the guard against moved rows, keep, the
 * queue. */
#include "angle.h"

static void make_table(void)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b text);"
        "INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 10) i");
}

/* ---------------------------------------------------------------- the effect and its cursor */

FIBER_TEST(test_writes_and_moves_the_cursor)
{
    make_table();
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    DataBatch *batch = read_and_map(&work, 4);
    commit(&work, batch);
    assert_int_equal(work.counts.changed, 4);
    assert_false(batch->ends_range);
    data_batch_free(batch);
    expect("SELECT string_agg(b, ',' ORDER BY id) FROM t", "<v1>,<v2>,<v3>,<v4>");
    expect("SELECT last::text || done || rows_changed || batches FROM headgate.cursor",
           "{4}false41");
    work_close(&work);
}

FIBER_TEST(test_same_batch_twice_has_one_effect)
{
    make_table();
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    DataBatch *batch = read_and_map(&work, 4);
    DataBatch *twin = read_and_map(&work, 4);
    commit(&work, batch);
    sql("UPDATE t SET b = NULL WHERE id = 1");
    assert_false(commit_with(&work, twin, false));
    assert_int_equal(work.err.kind, ERROR_CONFLICT);
    assert_string_equal(work.err.message, "range 0 was moved by another worker");
    expect("SELECT count(*) FROM t WHERE b IS NULL", "7");
    data_batch_free(batch);
    data_batch_free(twin);
    work_close(&work);
}

FIBER_TEST(test_fenced_writes_nothing)
{
    make_table();
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    DataBatch *batch = read_and_map(&work, 4);
    sql("UPDATE headgate.fence SET epoch = 4");
    assert_false(commit_with(&work, batch, false));
    assert_int_equal(work.err.kind, ERROR_FENCED);
    expect("SELECT count(*) FROM t WHERE b IS NOT NULL", "0");
    data_batch_free(batch);
    work_close(&work);
}

/* ---------------------------------------------------------------- rows that move */

FIBER_TEST(test_moved_rows_are_mapped_again)
{
    make_table();
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    DataBatch *batch = read_and_map(&work, 100);
    sql("UPDATE t SET a = 'new' WHERE id = 3; DELETE FROM t WHERE id = 4;"
        "UPDATE t SET b = 'theirs' WHERE id = 5");
    commit(&work, batch);
    assert_int_equal(work.counts.changed, 8);
    assert_int_equal(work.counts.moved, 3);
    expect("SELECT string_agg(b, ',' ORDER BY id) FROM t WHERE id BETWEEN 2 AND 6",
           "<v2>,<new>,theirs,<v6>");
    expect("SELECT rows_moved || ' ' || done FROM headgate.cursor", "3 true");
    data_batch_free(batch);
    work_close(&work);
}

/* The plan's condition names the table's columns, whatever they are called. */
FIBER_TEST(test_no_name_of_ours_is_in_the_way)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b text, n int, old int, k0 int);"
        "INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 3) i");
    const DataSpec where = {.where = "b IS NULL AND n IS NULL AND old IS NULL AND k0 IS NULL"};
    Work work;
    work_open(&work, &where, map_angle);
    DataBatch *batch = read_and_map(&work, 100);
    sql("UPDATE t SET a = 'new' WHERE id = 3");
    commit(&work, batch);
    expect("SELECT string_agg(b, ',' ORDER BY id) FROM t", "<v1>,<v2>,<new>");
    data_batch_free(batch);
    work_close(&work);
}

static int slowly_mapped;

/* As map_angle, while others run. */
static bool map_slowly(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    fiber_yield();
    slowly_mapped++;
    return map_angle(ctx, row, arena, ret, err);
}

static void want_mapper(void *arg)
{
    Work *work = arg;
    assert_true(data_mapper_lock(&work->mapper, &work->err));
    slowly_mapped += 100;
    data_mapper_unlock(&work->mapper);
}

/* Whoever writes a batch, and has its rows locked, waits for one row of the next one at most. */
FIBER_TEST(test_moved_rows_do_not_wait_for_the_next_batch)
{
    make_table();
    Work work;
    work_open(&work, &WHERE_NULL, map_slowly);
    assert_true(data_mapper_lock(&work.mapper, &work.err));
    DataBatch *batch = NULL;
    assert_true(data_batch_read(&work.job, &work.mapper, &work.range, NULL, 10, &batch, &work.err));
    slowly_mapped = 0;
    fiber_start(fixture_loop, "writer", want_mapper, &work);
    assert_true(data_batch_map(&work.job, &work.mapper, batch, &work.err));
    assert_int_equal(slowly_mapped, 110);
    assert_true(work.mapper.busy); /* as it was */
    data_mapper_unlock(&work.mapper);
    assert_int_equal(batch->rows_count, 10);
    data_batch_free(batch);
    work_close(&work);
}

/* ---------------------------------------------------------------- large rows */

/* Batches until the range ends; none takes more than the bound and one row. */
static int run_large(Work *work, size_t row_bytes)
{
    int batches = 0;
    for (bool ends = false; !ends; batches++) {
        DataBatch *batch = read_and_map(work, 1000);
        assert_in_range(data_batch_row_bytes(batch) * batch->rows_count, 1,
                        BOUND_BATCH_READ_BYTES + BOUND_BATCH_BYTES + row_bytes);
        commit(work, batch);
        ends = batch->ends_range;
        if (batch->rows_count > 0)
            work->range =
                data_cursor_moved(&work->job, &work->range, data_batch_last(batch), work->arena);
        data_batch_free(batch);
    }
    return batches;
}

/* A thousand rows are asked for before anybody knows how large they are. */
FIBER_TEST(test_rows_larger_than_foreseen_end_their_batch)
{
    enum { LARGE_BYTES = 1 << 20 };
    make_table();
    sql("INSERT INTO t SELECT i, 'v' || i FROM generate_series(11, 300) i;"
        "UPDATE t SET a = repeat('x', 1 << 20) WHERE id BETWEEN 201 AND 240");
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    assert_in_range(run_large(&work, 2 * LARGE_BYTES), 4, 20);
    expect("SELECT count(*) FROM t WHERE b = '<' || a || '>'", "300");
    expect("SELECT sum(rows_changed) FROM headgate.cursor", "300");
    work_close(&work);
}

static bool map_large(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    enum { TIMES = 1 << 20 };
    UNUSED(ctx);
    UNUSED(err);
    char *text = arena_alloc(arena, TIMES + 1);
    memset(text, 'y', TIMES);
    DataWrite *write = writes(arena, ret, 1);
    *write = (DataWrite){.column = column_of(row, "b"), .text = text, .bytes = TIMES};
    return true;
}

FIBER_TEST(test_rows_that_become_large_end_their_batch)
{
    enum { LARGE_BYTES = 1 << 20 };
    make_table();
    sql("INSERT INTO t SELECT i, 'v' || i FROM generate_series(11, 30) i");
    Work work;
    work_open(&work, &WHERE_NULL, map_large);
    assert_int_equal(run_large(&work, 2 * LARGE_BYTES), 5);
    expect("SELECT count(*) FROM t WHERE b = repeat('y', 1 << 20)", "30");
    expect("SELECT sum(rows_changed) FROM headgate.cursor", "30");
    work_close(&work);
}

FIBER_TEST(test_a_trigger_that_suppresses_is_queued)
{
    make_table();
    sql("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER no BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.id = 2) EXECUTE FUNCTION "
        "no()");
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    run_batch(&work);
    assert_int_equal(work.counts.changed, 9);
    assert_int_equal(work.counts.queued, 1);
    expect("SELECT key::text || kind || reason FROM headgate.queued_row",
           "{2}errora trigger kept the row from being written");
    work_close(&work);
}

/* ---------------------------------------------------------------- the queue */

static bool map_cases(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    int id = atoi(row->key[0]);
    if (id == 1) {
        ret->verdict = MAPPED_SKIP;
        ret->reason = "not ours";
    } else if (id == 2) {
        ret->verdict = MAPPED_AMBIGUOUS;
        ret->reason = "two match";
        ret->choices = "[{\"set\": {\"b\": \"x\"}}]";
    } else if (id == 3) {
        return error_set(err, ERROR_SCRIPT, "plan.lua:9: oops");
    } else if (id == 4) {
        return true; /* nothing */
    } else {
        return map_angle(ctx, row, arena, ret, err);
    }
    return true;
}

FIBER_TEST(test_queue)
{
    make_table();
    sql("UPDATE t SET a = repeat('\u00e9', 4000) WHERE id = 3");
    Work work;
    work_open(&work, &WHERE_NULL, map_cases);
    run_batch(&work);
    assert_int_equal(work.counts.changed, 6);
    assert_int_equal(work.counts.skipped, 1);
    assert_int_equal(work.counts.queued, 3);
    expect(
        "SELECT string_agg(concat_ws('|', key, kind, state, reason, choices), E'\\n' ORDER BY key)"
        " FROM headgate.queued_row",
        "{1}|skip|skipped|not ours\n{2}|ambiguous|open|two match|[{\"set\": {\"b\": \"x\"}}]\n"
        "{3}|error|open|plan.lua:9: oops\n{4}|error|open|map returned no columns to write");
    expect("SELECT before - '' FROM headgate.queued_row WHERE key = '{2}'",
           "{\"a\": \"v2\", \"b\": null, \"id\": 2}");
    expect("SELECT q.before ->> '' = md5((t.*)::text) FROM headgate.queued_row AS q, t"
           " WHERE q.key = '{2}' AND t.id = 2",
           "t");
    expect("SELECT length(before->>'a') FROM headgate.queued_row WHERE key = '{3}'", "2049");
    /* the next pass leaves them alone */
    assert_true(data_cursor_pass(&work.job, fixture_conn, 1, &work.err));
    bool found;
    assert_true(data_cursor_claim(&work.job, fixture_conn, "me", work.arena, &work.range, &found,
                                  &work.err));
    run_batch(&work);
    assert_int_equal(work.counts.changed + work.counts.queued + work.counts.skipped, 0);
    work_close(&work);
}

static bool map_fails(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    UNUSED(ctx), UNUSED(row), UNUSED(arena), UNUSED(ret);
    return error_set(err, ERROR_SCRIPT, "oops");
}

/* One row of them would have ended the whole backfill, each time anew. */
FIBER_TEST(test_a_json_that_jsonb_refuses_is_queued_as_text)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a json, b text);"
        "INSERT INTO t VALUES (1, '{\"k\": \"\\ud800\"}'), (2, '[\"\\u0000\"]'),"
        " (3, '1e9999999'), (4, '{\"k\": 1.50}')");
    Work work;
    work_open(&work, &WHERE_NULL, map_fails);
    run_batch(&work);
    assert_int_equal(work.counts.queued, 4);
    expect("SELECT string_agg((before -> 'a')::text, ' ' ORDER BY key) FROM headgate.queued_row",
           "\"{\\\"k\\\": \\\"\\\\ud800\\\"}\" \"[\\\"\\\\u0000\\\"]\""
           " \"1e9999999\" {\"k\": 1.50}");
    work_close(&work);
}

FIBER_TEST(test_on_error_fail)
{
    make_table();
    Work work;
    DataSpec spec = WHERE_NULL;
    spec.fail_on_error = true;
    work_open(&work, &spec, map_cases);
    DataBatch *batch = NULL;
    assert_true(data_batch_read(&work.job, &work.mapper, &work.range, NULL, 10, &batch, &work.err));
    assert_false(data_batch_map(&work.job, &work.mapper, batch, &work.err));
    assert_string_equal(work.err.message, "row 3 of public.t: plan.lua:9: oops");
    data_batch_free(batch);
    work_close(&work);
}

FIBER_TEST(test_values_the_server_refuses_are_found)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b varchar(4));"
        "INSERT INTO t SELECT i, CASE i WHEN 3 THEN 'long' WHEN 7 THEN 'longer' ELSE 'v' END"
        " FROM generate_series(1, 10) i");
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    DataBatch *batch = read_and_map(&work, 100);
    assert_false(commit_with(&work, batch, false));
    assert_true(data_batch_row_error(&work.err));
    assert_string_equal(work.err.sqlstate, "22001");
    data_batch_free(batch);
    batch = read_and_map(&work, 100);
    assert_true(commit_with(&work, batch, true));
    data_batch_free(batch);
    assert_int_equal(work.counts.changed, 8);
    assert_int_equal(work.counts.queued, 2);
    expect("SELECT string_agg(key::text || reason, ';' ORDER BY key) FROM headgate.queued_row",
           "{3}value too long for type character varying(4);{7}value too long for type "
           "character varying(4)");
    work_close(&work);
}

/* ---------------------------------------------------------------- keep and old values */

/* Only COMMIT would refuse them, all of the batch and without a name. */
FIBER_TEST(test_deferred_constraints_are_found)
{
    make_table();
    sql("CREATE TABLE allowed (b text PRIMARY KEY); "
        "INSERT INTO allowed SELECT '<v' || i || '>' FROM generate_series(1, 9) i;"
        "ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES allowed DEFERRABLE INITIALLY DEFERRED");
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    DataBatch *batch = read_and_map(&work, 100);
    assert_false(commit_with(&work, batch, false));
    assert_true(data_batch_row_error(&work.err));
    assert_true(commit_with(&work, batch, true));
    assert_int_equal(work.counts.changed, 9);
    expect("SELECT key::text || kind FROM headgate.queued_row", "{10}error");
    data_batch_free(batch);
    work_close(&work);
    sql("DROP TABLE t, allowed");
}

FIBER_TEST(test_keep_against_a_trigger)
{
    make_table();
    sql("CREATE FUNCTION mean() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.a := ''changed''; RETURN NEW; END';"
        "CREATE TRIGGER mean BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.id = 5) EXECUTE FUNCTION "
        "mean()");
    Work work;
    DataSpec spec = {.where = "b IS NULL", .keep = NAMES("a")};
    work_open(&work, &spec, map_angle);
    DataBatch *batch = read_and_map(&work, 100);
    assert_false(commit_with(&work, batch, false));
    assert_int_equal(work.err.kind, ERROR_REFUSED);
    assert_string_equal(work.err.message,
                        "writing public.t: a trigger on public.t changed a of row "
                        "5, which the plan keeps");
    expect("SELECT count(*) FROM t WHERE b IS NOT NULL", "0");
    data_batch_free(batch);
    work_close(&work);
}

FIBER_TEST(test_targets)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, b text, g int GENERATED ALWAYS AS (1) "
        "STORED)");
    Work work;
    DataSpec spec = {.keep = NAMES("a")};
    work_open(&work, &spec, map_angle);
    static const struct {
        const char *column;
        const char *message;
    } CASES[] = {
        {"a", "column \"a\" stands in keep: it must not change"},
        {"id", "column \"id\" is part of the key that rows are found by"},
        {"g", "column \"g\" is generated by the server"},
        {"x", "table public.t has no column \"x\""},
    };
    const DataColumn *column;
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        assert_false(data_map_target(&work.job.table, CASES[i].column, &column, &work.err));
        assert_string_equal(work.err.message, CASES[i].message);
    }
    assert_true(data_map_target(&work.job.table, "b", &column, &work.err));
    work_close(&work);
}

/* Odd ids write b and c, even ones only c; the old values know which. */
static bool map_mixed(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    UNUSED(ctx);
    UNUSED(err);
    bool odd = atoi(row->key[0]) % 2 == 1;
    DataWrite *write = writes(arena, ret, odd ? 2 : 1);
    write[0] = (DataWrite){.column = column_of(row, "c"), .text = "5", .bytes = 1};
    if (odd)
        write[1] = (DataWrite){.column = column_of(row, "b")}; /* NULL */
    return true;
}

FIBER_TEST(test_mixed_columns_and_old_values)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, b text, c numeric);"
        "INSERT INTO t VALUES (1, 'x', NULL), (2, 'y', 1.50)");
    Work work;
    DataSpec spec = {0};
    work_open_with(&work, &spec, map_mixed, true);
    run_batch(&work);
    expect("SELECT string_agg(concat_ws('|', id, coalesce(b, 'null'), c), ' ' ORDER BY id) FROM t",
           "1|null|5 2|y|5");
    expect("SELECT string_agg(old::text, ' ' ORDER BY key) FROM headgate.old_value",
           "{\"b\": \"x\", \"c\": null} {\"c\": \"1.50\"}");
    expect("SELECT written::jsonb = jsonb_build_object('b', 'null', 'c', md5('5')) FROM"
           " headgate.old_value WHERE key = '{1}'",
           "t");
    /* once more: what we wrote ourselves is not an old value, what somebody else wrote is */
    sql("UPDATE t SET c = 9 WHERE id = 2");
    assert_true(data_cursor_pass(&work.job, fixture_conn, 1, &work.err));
    bool found;
    assert_true(data_cursor_claim(&work.job, fixture_conn, "me", work.arena, &work.range, &found,
                                  &work.err));
    run_batch(&work);
    expect("SELECT string_agg(old::text, ' ' ORDER BY key) FROM headgate.old_value",
           "{\"b\": \"x\", \"c\": null} {\"c\": \"9\"}");
    work_close(&work);
}

/* ---------------------------------------------------------------- columns by reference */

/* Row 1 and 2: {"id": …, "p": payload}; row 3: the whole payload; row 4: elsewhere; row 5: no
 * reference. */
static bool map_reference(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    UNUSED(ctx);
    UNUSED(err);
    static const char *const PATH[] = {"p"};
    static const char *const DEEP[] = {"list", "1"};
    DataWrite *write = writes(arena, ret, 1);
    int id = atoi(row->key[0]);
    write->column = column_of(row, "doc");
    write->source = column_of(row, "payload");
    if (id <= 2) {
        write->text = arena_printf(arena, "{\"id\": %d, \"p\": }", id);
        write->hole = strlen(write->text) - 1;
        write->path = PATH;
        write->path_count = 1;
    } else if (id == 3) {
        write->text = "";
    } else if (id == 4) {
        write->text = "{\"list\": [1, ]}";
        write->hole = 13;
        write->path = DEEP;
        write->path_count = 2;
    } else {
        write->source = NULL;
        write->text = "[]";
    }
    write->bytes = strlen(write->text);
    return true;
}

FIBER_TEST(test_columns_by_reference)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, payload jsonb, doc jsonb);"
        "INSERT INTO t SELECT i, '{\"n\": 820982911946154508, \"d\": 100.00, \"e\": []}'"
        " FROM generate_series(1, 5) i");
    Work work;
    DataSpec spec = {.where = "doc IS NULL"};
    work_open(&work, &spec, map_reference);
    DataBatch *batch = read_and_map(&work, 100);
    sql("UPDATE t SET payload = '{\"moved\": 1.0}' WHERE id = 2");
    commit(&work, batch);
    data_batch_free(batch);
    expect("SELECT string_agg(doc::text, E'\\n' ORDER BY id) FROM t",
           "{\"p\": {\"d\": 100.00, \"e\": [], \"n\": 820982911946154508}, \"id\": 1}\n"
           "{\"p\": {\"moved\": 1.0}, \"id\": 2}\n"
           "{\"d\": 100.00, \"e\": [], \"n\": 820982911946154508}\n"
           "{\"list\": [1, {\"d\": 100.00, \"e\": [], \"n\": 820982911946154508}]}\n[]");
    work_close(&work);
}

/* ---------------------------------------------------------------- keys of all kinds, set */

FIBER_TEST(test_composite_and_odd_keys)
{
    sql("CREATE TABLE t (\"A b\" text COLLATE \"C\", at timestamptz, a text DEFAULT 'v', b text,"
        " PRIMARY KEY (\"A b\", at));"
        "INSERT INTO t SELECT E'k\"\\\\{,}''' || i % 3, '2025-01-01'::timestamptz + i * "
        "'1us'::interval"
        " FROM generate_series(1, 50) i");
    Work work;
    work_open(&work, &WHERE_NULL, map_angle);
    for (int round = 0; round < 20; round++) {
        DataBatch *batch = read_and_map(&work, 7);
        commit(&work, batch);
        bool done = batch->ends_range;
        if (!done) {
            const char *const *last = data_batch_last(batch);
            work.range.last = arena_alloc(work.arena, 2 * sizeof(char *));
            work.range.last[0] = arena_strdup(work.arena, last[0]);
            work.range.last[1] = arena_strdup(work.arena, last[1]);
        }
        data_batch_free(batch);
        if (done)
            break;
    }
    expect("SELECT count(*) FROM t WHERE b = '<v>'", "50");
    expect("SELECT rows_changed || ' ' || done FROM headgate.cursor", "50 true");
    work_close(&work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_and_moves_the_cursor),
        cmocka_unit_test(test_same_batch_twice_has_one_effect),
        cmocka_unit_test(test_fenced_writes_nothing),
        cmocka_unit_test(test_moved_rows_are_mapped_again),
        cmocka_unit_test(test_moved_rows_do_not_wait_for_the_next_batch),
        cmocka_unit_test(test_no_name_of_ours_is_in_the_way),
        cmocka_unit_test(test_rows_larger_than_foreseen_end_their_batch),
        cmocka_unit_test(test_rows_that_become_large_end_their_batch),
        cmocka_unit_test(test_a_trigger_that_suppresses_is_queued),
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_a_json_that_jsonb_refuses_is_queued_as_text),
        cmocka_unit_test(test_on_error_fail),
        cmocka_unit_test(test_values_the_server_refuses_are_found),
        cmocka_unit_test(test_deferred_constraints_are_found),
        cmocka_unit_test(test_keep_against_a_trigger),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_mixed_columns_and_old_values),
        cmocka_unit_test(test_columns_by_reference),
        cmocka_unit_test(test_composite_and_odd_keys),
    };
    return cmocka_run_group_tests_name("batch", tests, fixture_setup, fixture_teardown);
}
