/* Matching paths, and the page that is written from the table. */
#include "server/route.h"
#include "server/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void patterns_match(void **state)
{
    UNUSED(state);
    static const struct {
        const char *pattern;
        const char *path;
        const char *values[3]; /* first NULL: no match */
    } CASES[] = {
        {"/api/runs/:run", "/api/runs/42", {"42"}},
        {"/api/runs/:run", "/api/runs/", {NULL}},
        {"/api/runs/:run", "/api/runs", {NULL}},
        {"/api/runs/:run", "/api/runs/42/", {NULL}},
        {"/api/runs/:run/events", "/api/runs/42/events", {"42"}},
        {"/api/runs/:run/events", "/api/runs/42/eventsx", {NULL}},
        {"/api/runs/:run/gates/*gate", "/api/runs/1/gates/a", {"1", "a"}},
        {"/api/runs/:run/gates/*gate", "/api/runs/1/gates/a/b/c", {"1", "a/b/c"}},
        {"/api/runs/:run/gates/*gate", "/api/runs/1/gates/", {NULL}},
        {"/api/runs/:run/gates/*gate/approve", "/api/runs/1/gates/a/b/approve", {"1", "a/b"}},
        {"/api/runs/:run/gates/*gate/approve",
         "/api/runs/1/gates/approve/approve",
         {"1", "approve"}},
        {"/api/runs/:run/gates/*gate/approve", "/api/runs/1/gates/approve", {NULL}},
        {"/api/runs/:run/gates/*gate/approve", "/api/runs/1/gates//approve", {NULL}},
        {"/api/runs/:run/gates/*gate/approve", "/api/runs/1/gates/a/reject", {NULL}},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        AUTO(arena_auto) Arena *arena = arena_new();
        const char *values[ROUTE_VALUES_MAX] = {0};
        bool ok = route_match(CASES[i].pattern, CASES[i].path, arena, values);
        if (ok != (CASES[i].values[0] != NULL))
            fail_msg("%s against %s", CASES[i].path, CASES[i].pattern);
        for (size_t v = 0; ok && CASES[i].values[v] != NULL; v++)
            assert_string_equal(values[v], CASES[i].values[v]);
    }
}

static void wrong_methods_name_the_right_ones(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *values[ROUTE_VALUES_MAX] = {0};
    const char *allow = NULL;
    assert_null(route_find(METHOD_OTHER, "/api/runs", arena, values, &allow));
    assert_string_equal(allow, "GET, POST");
    assert_null(route_find(METHOD_GET, "/api/runs/1/answers", arena, values, &allow));
    assert_string_equal(allow, "POST");
    assert_null(route_find(METHOD_GET, "/api/nothing", arena, values, &allow));
    assert_null(allow);
    const ServerRoute *route =
        route_find(METHOD_POST, "/api/runs/1/gates/x/reject", arena, values, &allow);
    assert_string_equal(route->pattern, "/api/runs/:run/gates/*gate/reject");
    assert_string_equal(values[1], "x");
}

/* Whoever may change something is somebody; every row is documented. */
static void the_table_is_complete(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < SERVER_ROUTES_COUNT; i++) {
        const ServerRoute *route = &SERVER_ROUTES[i];
        assert_true(text_starts(route->pattern, "/api/"));
        assert_non_null(route->handler);
        assert_true(strlen(route->doc) > 10);
        assert_true(route->needs != ACCESS_NOBODY || strcmp(route->pattern, "/api/login") == 0);
    }
}

static void the_page_is_up_to_date(void **state)
{
    UNUSED(state);
    FILE *file = fopen(HEADGATE_SOURCE_DIR "/docs/http-routes.md", "r");
    assert_non_null(file);
    char page[32768] = {0};
    size_t size = fread(page, 1, sizeof(page) - 1, file);
    fclose(file);
    AUTO(text_done) Text wanted;
    text_init(&wanted, sizeof(page));
    server_routes_docs(&wanted);
    assert_int_equal(size, wanted.length_bytes);
    assert_string_equal(page, text_string(&wanted));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match),
        cmocka_unit_test(wrong_methods_name_the_right_ones),
        cmocka_unit_test(the_table_is_complete),
        cmocka_unit_test(the_page_is_up_to_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
