/* What scripts see is documented, all of it and nothing else, and the committed pages are what the
 * tables give. HEADGATE_REGENERATE=1 writes the pages. */
#include "bind/api.h"
#include "bind/docs.h"
#include "bind/state.h"
#include "plan/word.h"
#include "script/sandbox.h"

#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE_BYTES_MAX = 1024 * 1024 };

static void check_page(const char *path, void (*print)(Text *out))
{
    AUTO(text_done) Text page;
    text_init(&page, PAGE_BYTES_MAX);
    print(&page);
    assert_false(page.overflowed);
    if (getenv("HEADGATE_REGENERATE") != NULL) {
        FILE *out = fopen(path, "we");
        assert_non_null(out);
        fputs(text_string(&page), out);
        fclose(out);
    }
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail_msg("%s is not there: run this test with HEADGATE_REGENERATE=1", path);
    AUTO(base_free) char *committed = base_alloc(PAGE_BYTES_MAX);
    size_t size = fread(committed, 1, PAGE_BYTES_MAX - 1, file);
    fclose(file);
    if (size != page.length_bytes || strcmp(committed, text_string(&page)) != 0)
        fail_msg("%s differs from the tables: run this test with HEADGATE_REGENERATE=1", path);
}

static void lua_api(void **state)
{
    UNUSED(state);
    check_page(HEADGATE_SOURCE_DIR "/docs/lua-api.md", bind_docs_lua);
}

static void types(void **state)
{
    UNUSED(state);
    check_page(HEADGATE_SOURCE_DIR "/scripts/meta/headgate.d.lua", bind_docs_types);
}

static void every_function_is_described(void **state)
{
    UNUSED(state);
    const BindModule *module;
    for (size_t i = 0; (module = bind_module_at(i)) != NULL; i++) {
        assert_false(text_empty(module->doc));
        for (const BindFunction *row = module->functions; row->name != NULL; row++) {
            if (text_empty(row->doc) || text_empty(row->example) || row->function == NULL)
                fail_msg("%s.%s lacks something", module->name, row->name);
            for (const BindParam *p = row->params; p != NULL && p->name != NULL; p++)
                assert_false(text_empty(p->type) || text_empty(p->doc));
        }
    }
}

static bool is_listed(const char *name)
{
    const BindModule *module;
    for (size_t i = 0; (module = bind_module_at(i)) != NULL; i++) {
        if (text_equal(module->name, name))
            return true;
        const BindFunction *row = module->functions;
        for (; module->name[0] == '\0' && row->name != NULL; row++) {
            if (text_equal(row->name, name))
                return true;
        }
    }
    for (const char *const *at = script_sandbox_names(""); *at != NULL; at++) {
        if (text_equal(*at, name))
            return true;
    }
    return plan_word_find(name) != NULL || script_sandbox_names(name) != NULL;
}

static void check_listed(void *ctx, const char *name)
{
    if (!is_listed(name))
        *(const char **)ctx = name;
}

static const char *unlisted;

static int check_names(lua_State *L)
{
    script_each_name(L, check_listed, &unlisted);
    return 0;
}

static void scripts_see_nothing_else(void **state)
{
    UNUSED(state);
    static const char PLAN[] = "plan \"p\" { doc = \"d\", manual \"m\" }";
    BundleFile file = {"plan.lua", PLAN, strlen(PLAN)};
    Bundle bundle = {.files = &file, .files_count = 1};
    BindPlan *plan = NULL;
    Error err;
    assert_true(bind_plan_load_with(&bundle, (BindLimits){0}, check_names, &plan, &err));
    bind_plan_free(plan);
    if (unlisted != NULL)
        fail_msg("%s is in no table", unlisted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lua_api),
        cmocka_unit_test(types),
        cmocka_unit_test(every_function_is_described),
        cmocka_unit_test(scripts_see_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
