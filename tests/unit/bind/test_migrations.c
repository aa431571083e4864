/* A directory of migration files to steps: names, order, ways back, and every mistake by its file.
 */
#include "base/text.h"
#include "bind/marked.h"
#include "bind/migrations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILES_MAX = 16 };

static int by_path(const void *left, const void *right)
{
    return strcmp(((const BundleFile *)left)->path, ((const BundleFile *)right)->path);
}

static json_t *node_of(const char *keys)
{
    Error err;
    json_t *node = json_object();
    json_set_string(node, "kind", "migrations");
    json_set_string(node, "name", "schema");
    json_set_string(node, "file", "plan.lua");
    json_set_int(node, "line", 4);
    json_set_int(node, "column", 3);
    json_t *parsed = json_parse(keys, strlen(keys), &err);
    assert_non_null(parsed);
    json_object_set_new(node, "keys", parsed);
    json_object_set_new(node, "key_positions", json_pack("{s:[ii]}", "dir", 5, 7));
    json_object_set_new(node, "children", json_array());
    return node;
}

/* files: path, text, …, NULL. Gives "name: up | down" a line, or the message. */
static char *expand(const char *keys, const char *const *files)
{
    Error err = {.kind = ERROR_NONE};
    BundleFile list[FILES_MAX];
    Bundle bundle = {.files = list};
    for (; files[0] != NULL; files += 2)
        list[bundle.files_count++] = (BundleFile){files[0], files[1], strlen(files[1])};
    qsort(list, bundle.files_count, sizeof(BundleFile), by_path);
    json_t *node = node_of(keys);
    bool ok = bind_migrations_expand(&bundle, node, &err);
    Text text;
    text_init(&text, 1 << 16);
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get(node, "children"), i, step) {
        const json_t *step_keys = json_object_get(step, "keys");
        const json_t *up = json_object_get(step_keys, "up");
        const json_t *down = json_object_get(step_keys, "down");
        text_printf(&text, "%s %s:%d: %s | %s\n", json_get_string(step, "name", "?"),
                    json_get_string(up, "file", "?"), (int)json_get_int(up, "line", 0),
                    json_get_string(up, "text", "?"),
                    down != NULL ? json_get_string(down, "text", "?")
                                 : json_get_string(step_keys, "one_way", "?"));
    }
    if (!ok) {
        text_clear(&text);
        text_append(&text, err.message);
    }
    json_decref(node);
    return text_take(&text);
}

static void check(const char *keys, const char *const *files, const char *expected)
{
    char *got = expand(keys, files);
    if (strcmp(got, expected) != 0)
        fail_msg("got\n%s\nnot\n%s", got, expected);
    free(got);
}

#define FILES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define DIR "{\"dir\": \"sql/m\"}"
#define NODE "plan.lua:4:3: migrations \"schema\": "
#define AT "plan.lua:5:7: migrations \"schema\": "

static void test_layouts(void **state)
{
    UNUSED(state);
    check(DIR,
          FILES("sql/m/10_c.up.sql", "C", "sql/m/10_c.down.sql", "c", "sql/m/002_b/up.sql", "B",
                "sql/m/002_b/down.sql", "b", "sql/m/README.md", "", "sql/other/1.sql", "X",
                "sql/m/1_a.sql", "-- migrate:up\nA\n-- migrate:down\na"),
          "1_a sql/m/1_a.sql:2: A\n | a\n"
          "002_b sql/m/002_b/up.sql:1: B | b\n"
          "10_c sql/m/10_c.up.sql:1: C | c\n");
    check("{\"dir\": \"./sql/m/\"}",
          FILES("sql/m/V1.2__x.up.sql", "X", "sql/m/V1.2__x.down.sql", "x", "sql/m/V1.10__y.up.sql",
                "Y", "sql/m/V1.10__y.down.sql", "y"),
          "V1.2__x sql/m/V1.2__x.up.sql:1: X | x\nV1.10__y sql/m/V1.10__y.up.sql:1: Y | y\n");
    check(DIR,
          FILES("sql/m/2023-12-31-000000_b/up.sql", "B", "sql/m/2023-12-31-000000_b/down.sql", "b",
                "sql/m/00000000000000_setup/up.sql", "A", "sql/m/00000000000000_setup/down.sql",
                "a"),
          "00000000000000_setup sql/m/00000000000000_setup/up.sql:1: A | a\n"
          "2023-12-31-000000_b sql/m/2023-12-31-000000_b/up.sql:1: B | b\n");
}

static void test_ways_back(void **state)
{
    UNUSED(state);
    const char *const *files =
        FILES("sql/m/1_a.up.sql", "A", "sql/m/2_b/up.sql", "B", "sql/m/3_c.sql", "C",
              "sql/m/4_d.up.sql", "D", "sql/m/4_d.down.sql", "-- nothing\n");
    check(DIR, files,
          AT "sql/m/1_a.up.sql has no way back: write sql/m/1_a.down.sql, or one_way = { [\"1\"] = "
             "\"why\" }");
    check("{\"dir\": \"sql/m\", \"one_way\": {\"001\": \"w\"}}", files,
          AT "sql/m/2_b/up.sql has no way back: write sql/m/2_b/down.sql, or one_way = { [\"2\"] = "
             "\"why\" }");
    check("{\"dir\": \"sql/m\", \"one_way\": {\"1\": \"w\", \"2_b\": \"v\"}}", files,
          AT "sql/m/3_c.sql has no way back: write its part behind \"-- migrate:down\", or one_way "
             "= { [\"3\"] = \"why\" }");
    check("{\"dir\": \"sql/m\", \"one_way\": {\"1\": \"w\", \"2_b\": \"v\", \"3\": \"u\"}}", files,
          AT "sql/m/4_d.up.sql has no way back: sql/m/4_d.down.sql holds no statement, or one_way "
             "= { [\"4\"] = \"why\" }");
    check("{\"dir\": \"sql/m\", \"one_way\": {\"1\": \"w\", \"*\": \"all\"}}", files,
          "1_a sql/m/1_a.up.sql:1: A | w\n2_b sql/m/2_b/up.sql:1: B | all\n"
          "3_c sql/m/3_c.sql:1: C | all\n4_d sql/m/4_d.up.sql:1: D | all\n");
    check("{\"dir\": \"sql/m\", \"one_way\": {\"5\": \"w\", \"*\": \"all\"}}", files,
          NODE "one_way names \"5\", which is no migration of sql/m that lacks a way back");
}

static void test_limits(void **state)
{
    UNUSED(state);
    const char *const *files = FILES("sql/m/1_a.up.sql", "A", "sql/m/2_b.up.sql", "B",
                                     "sql/m/2_b.down.sql", "b", "sql/m/3_c.up.sql", "C");
    check("{\"dir\": \"sql/m\", \"after\": \"001\", \"up_to\": \"2\"}", files,
          "2_b sql/m/2_b.up.sql:1: B | b\n");
    check("{\"dir\": \"sql/m\", \"after\": \"3\"}", files,
          AT "sql/m holds no migration between these numbers");
    check("{\"dir\": \"sql/m\", \"after\": \"2_b\"}", files,
          NODE "field \"after\" must be the number of a migration, got \"2_b\"");
}

static void test_mistakes(void **state)
{
    UNUSED(state);
    check(DIR, FILES("sql/n/1_a.up.sql", "A"),
          AT "the plan has no folder \"sql/m\" (did you mean sql/n?)");
    check(DIR, FILES("sql/m/read.me", ""), AT "sql/m holds no migration");
    check(DIR, FILES("sql/m/add_users.up.sql", "A"),
          AT "sql/m/add_users.up.sql has no number in front of its name, so it has no place in the "
             "order (001_name.up.sql, …)");
    check(DIR, FILES("sql/m/1_a.up.sql", "A", "sql/m/001_b.up.sql", "B"),
          AT "sql/m/001_b.up.sql and sql/m/1_a.up.sql have the same number, 001");
    check(DIR, FILES("sql/m/1_a.sql", "A", "sql/m/01_b.down.sql", "B"),
          AT "sql/m/01_b.down.sql and sql/m/1_a.sql have the same number, 01");
    check(DIR, FILES("sql/m/1_a.down.sql", "A"),
          AT "sql/m/1_a.down.sql takes back what no file does: there is no up");
    check(DIR, FILES("sql/m/1_a/other.sql", "A"),
          AT "sql/m/1_a/other.sql is neither up.sql nor down.sql: a migration's folder holds these "
             "two");
}

static void marked(const char *text, const char *expected)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Error err = {.kind = ERROR_NONE};
    MarkedSql up;
    MarkedSql down;
    bool ok = bind_marked_read(arena, "x.sql", text, &up, &down, &err);
    const char *got = ok ? arena_printf(arena, "%d [%s] %d [%s]", up.line, up.text, down.line,
                                        down.text == NULL ? "none" : down.text)
                         : err.message;
    if (strcmp(got, expected) != 0)
        fail_msg("got\n%s\nnot\n%s", got, expected);
}

static void test_marks(void **state)
{
    UNUSED(state);
    marked("A", "1 [A] 0 [none]");
    marked("-- hi\n\n--migrate:up\nA\n", "4 [A\n] 0 [none]");
    marked("-- migrate:up transaction:false\r\nA\n-- migrate:down \nB", "2 [A\n] 4 [B]");
    marked("-- migrate:up\nA -- migrate:down\n-- migrate:downs\n",
           "2 [A -- migrate:down\n-- migrate:downs\n] 0 [none]");
    marked(
        "-- migrate:up\nA\n  -- migrate:down\nB",
        "x.sql:3: this mark is indented, so it is only a comment: put it at the beginning of its "
        "line");
    marked("-- migrate:up now\n",
           "x.sql:1: a mark may be followed by transaction:false and nothing else");
    marked("-- migrate:down\nB\n-- migrate:up\nA",
           "x.sql:3: \"-- migrate:up\" must stand before \"-- migrate:down\"");
    marked("-- migrate:up\nA\n-- migrate:up\nA", "x.sql:3: this mark stands here a second time");
    marked("A\n-- migrate:up\nB",
           "x.sql:1: this stands before \"-- migrate:up\", and would not be run");
    marked("-- x\n-- migrate:down\nB",
           "x.sql:2: \"-- migrate:down\" stands here without a \"-- migrate:up\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts), cmocka_unit_test(test_ways_back),
        cmocka_unit_test(test_limits),  cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
