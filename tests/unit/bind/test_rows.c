/* What maps return, as the values that are written. */
#include "bind/row.h"
#include "bind/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The map of a backfill, with this body. */
static BindPlan *plan_with(const char *body, Bundle *bundle)
{
    Error err = {0};
    BindPlan *plan = NULL;
    *bundle = (Bundle){.arena = arena_new()};
    bundle->files = arena_alloc(bundle->arena, sizeof(BundleFile));
    const char *text = arena_printf(bundle->arena,
                                    "plan \"p\" { doc = \"d\", phase \"f\" { backfill \"t\" {\n"
                                    "map = function(row)\n%s\nend } } }",
                                    body);
    bundle->files[bundle->files_count++] = (BundleFile){"plan.lua", text, strlen(text)};
    if (!bind_plan_load_with(bundle, (BindLimits){.load_ms = 2000, .max_bytes = 8 << 20}, NULL,
                             &plan, &err))
        fail_msg("%s", err.message);
    return plan;
}

/* What the column doc of type jsonb gets; NULL: the map was refused, and why is in err. */
static char *doc_of(const char *body, Error *err)
{
    DataColumn doc = {.name = "doc", .type = "jsonb", .class = DATA_JSONB};
    DataTable table = {.shown = "public.t", .columns = &doc, .columns_count = 1};
    DataRow row = {.table = &table};
    Bundle bundle;
    BindRows *rows = NULL;
    DataMapped mapped = {0};
    char *text = NULL;
    AUTO(arena_auto) Arena *arena = arena_new();
    BindPlan *plan = plan_with(body, &bundle);
    if (!bind_rows_open(plan, "f/t", &rows, err))
        fail_msg("%s", err->message);
    if (bind_rows_map(rows, &row, arena, &mapped, err)) {
        assert_int_equal(mapped.writes_count, 1);
        text = base_strndup(mapped.writes[0].text, mapped.writes[0].bytes);
    }
    bind_rows_close(rows);
    bind_plan_free(plan);
    arena_free(bundle.arena);
    return text;
}

static void test_tables_become_json(void **state)
{
    static const char *const CASES[][2] = {
        {"return { doc = { 'x', { 1, json.null, 2.5 }, json.array {} } }",
         "[\"x\",[1,null,2.5],[]]"},
        {"return { doc = { a = { b = {} } } }", "{\"a\":{\"b\":{}}}"},
        {"return { doc = { 1, nil, 3 } }", "[1,null,3]"},
    };
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        Error err = {0};
        AUTO(base_free) char *doc = doc_of(CASES[i][0], &err);
        if (doc == NULL)
            fail_msg("%s: %s", CASES[i][0], err.message);
        assert_string_equal(doc, CASES[i][1]);
    }
}

static void test_names_beside_positions_are_refused(void **state)
{
    static const char *const BODIES[] = {
        "return { doc = { 'x', name = 'lost' } }",
        "return { doc = { a = { 'x', 'y', [1.5] = 'lost' } } }",
        "return { doc = { 'x', [10] = 'lost' } }",
        "local list = json.array {} list.name = 'lost' return { doc = { list } }",
        "return { doc = { [0] = 'x' } }",
    };
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(BODIES); i++) {
        Error err = {0};
        AUTO(base_free) char *doc = doc_of(BODIES[i], &err);
        if (doc != NULL)
            fail_msg("%s gave %s", BODIES[i], doc);
        assert_int_equal(err.kind, ERROR_SCRIPT);
        assert_non_null(strstr(err.message, "a table with both names and positions is neither a "
                                            "JSON object nor a list"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_become_json),
        cmocka_unit_test(test_names_beside_positions_are_refused),
    };
    return cmocka_run_group_tests_name("bind/rows", tests, NULL, NULL);
}
