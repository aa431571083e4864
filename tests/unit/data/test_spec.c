/* From a plan's node to a DataSpec, and the statements' skeletons. */
#include "data/range.h"
#include "data/spec.h"
#include "data/statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A plan of one phase with one step of row work. */
static Plan *plan_with(const char *kind, const char *keys)
{
    char text[2000];
    Error err = {0};
    Plan *plan = NULL;
    snprintf(text, sizeof(text),
             "{\"kind\":\"plan\",\"name\":\"p\",\"file\":\"plan.lua\",\"line\":1,\"column\":1,"
             "\"keys\":{\"doc\":\"x\"},\"children\":[{\"kind\":\"phase\",\"name\":\"b\",\"line\":2,"
             "\"column\":3,\"file\":\"plan.lua\",\"keys\":{},\"children\":[{\"kind\":\"%s\","
             "\"name\":\"app.t.c\",\"file\":\"plan.lua\",\"line\":3,\"column\":5,\"keys\":{%s},"
             "\"key_positions\":{\"where\":[4,7],\"set\":[5,7],\"batch_time\":[6,7]},\"children\":["
             "]}]}]}",
             kind, keys);
    AUTO(json_auto) json_t *graph = json_parse(text, strlen(text), &err);
    if (graph == NULL || !plan_from_graph(graph, &plan, &err))
        fail_msg("%s", err.message);
    return plan;
}

static Plan *plan_of(const char *keys)
{
    return plan_with("backfill", keys);
}

static void test_defaults(void **state)
{
    UNUSED(state);
    AUTO(plan_auto)
    Plan *plan = plan_of("\"set\":{\"c\":\"1\"},\"table\":\"app.t\",\"workers\":\"auto\"");
    AUTO(arena_auto) Arena *arena = arena_new();
    DataSpec spec;
    Error err = {0};
    if (!data_spec_read(plan_find(plan, "b/app.t.c"), arena, &spec, &err))
        fail_msg("%s", err.message);
    assert_string_equal(spec.step, "b/app.t.c");
    assert_string_equal(spec.table, "app.t");
    assert_int_equal(spec.key.count, 0);
    assert_null(spec.where);
    assert_false(spec.map);
    assert_int_equal(spec.set_count, 1);
    assert_string_equal(spec.set[0].expression, "1");
    assert_int_equal(spec.batch_rows, 0);
    assert_int_equal(spec.batch_us, 300000);
    assert_int_equal(spec.pause_us, 0);
    assert_int_equal(spec.workers, 0);
    assert_false(spec.fail_on_error);
}

static void test_all_keys(void **state)
{
    UNUSED(state);
    AUTO(plan_auto)
    Plan *plan =
        plan_of("\"map\":{\"$\":\"function\",\"file\":\"plan.lua\",\"line\":9},\"table\":\"t\","
                "\"key\":[\"a\",\"b\"],\"where\":\"c IS NULL\",\"columns\":[\"a\"],\"keep\":\"a\","
                "\"batch\":50,\"batch_time\":\"1s\",\"pause\":\"20ms\",\"workers\":3,"
                "\"on_error\":\"fail\",\"sync\":{\"$\":\"trigger\",\"sql\":{\"$\":\"sql\","
                "\"text\":\"SELECT 1\",\"file\":\"x.sql\",\"line\":1}}");
    AUTO(arena_auto) Arena *arena = arena_new();
    DataSpec spec;
    Error err = {0};
    if (!data_spec_read(plan_find(plan, "b/app.t.c"), arena, &spec, &err))
        fail_msg("%s", err.message);
    assert_true(spec.map);
    assert_int_equal(spec.key.count, 2);
    assert_string_equal(spec.key.items[1], "b");
    assert_string_equal(spec.where, "c IS NULL");
    assert_true(data_names_have(&spec.keep, "a"));
    assert_int_equal(spec.batch_rows, 50);
    assert_int_equal(spec.batch_us, 1000000);
    assert_int_equal(spec.pause_us, 20000);
    assert_int_equal(spec.workers, 3);
    assert_true(spec.fail_on_error);
    assert_string_equal(spec.sync_up, "SELECT 1");
}

/* Its transactions are longer than what others would wait for. */
static void test_times_of_an_import(void **state)
{
    UNUSED(state);
    static const struct {
        const char *key;
        int64_t batch_us;
        int64_t load_us;
    } CASES[] = {
        {"", 300000, 2000000},
        {",\"batch_time\":\"5s\"", 300000, 5000000},
        {",\"batch_time\":\"25ms\"", 25000, 25000},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        char keys[200];
        snprintf(keys, sizeof(keys), "\"data\":\"store\",\"from\":[\"a.json\"]%s", CASES[i].key);
        AUTO(plan_auto) Plan *plan = plan_with("import", keys);
        AUTO(arena_auto) Arena *arena = arena_new();
        DataSpec spec;
        Error err = {0};
        if (!data_spec_read(plan_find(plan, "b/app.t.c"), arena, &spec, &err))
            fail_msg("%s", err.message);
        assert_int_equal(spec.batch_us, CASES[i].batch_us);
        assert_int_equal(spec.load_us, CASES[i].load_us);
    }
}

static void test_refused(void **state)
{
    UNUSED(state);
    static const struct {
        const char *keys;
        const char *message;
    } CASES[] = {
        {"\"set\":{\"c\":\"1\"},\"keep\":\"c\"", "plan.lua:5:7: \"c\" stands in keep and in set"},
        {"\"set\":{\"c\":\"1\"},\"where\":\"a) OR (true\"", "plan.lua:4:7: where: "},
        {"\"set\":{\"c\":\"1, b = 2\"}", "plan.lua:5:7: set: "},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        AUTO(plan_auto) Plan *plan = plan_of(CASES[i].keys);
        AUTO(arena_auto) Arena *arena = arena_new();
        DataSpec spec;
        Error err = {0};
        assert_false(data_spec_read(plan_find(plan, "b/app.t.c"), arena, &spec, &err));
        assert_memory_equal(err.message, CASES[i].message, strlen(CASES[i].message));
    }
}

static void test_ranges(void **state)
{
    UNUSED(state);
    assert_int_equal(data_range_count(100, 2), 1);
    assert_int_equal(data_range_count(19999, 2), 1);
    assert_int_equal(data_range_count(40000, 2), 4);
    assert_int_equal(data_range_count(100000000, 2), 8);
    assert_int_equal(data_range_count(100000000, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_keys),
        cmocka_unit_test(test_times_of_an_import),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
