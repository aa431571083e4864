/* Other projects' collected SQL, where the machine has it: HEADGATE_CASES, or ../shared/cases
 * beside the source. Each file is split and classified; where the collection knows how many
 * statements it holds, the number is compared. */
#include "sql/classify.h"
#include "sql/split.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct Totals {
    int files;
    int statements;
    int compared;
} Totals;

static const char *root(void)
{
    const char *given = getenv("HEADGATE_CASES");
    return given != NULL ? given : HEADGATE_SOURCE_DIR "/../shared/cases";
}

static char *file_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    enum { MOST_BYTES = 1 << 20 };
    char *text = base_alloc(MOST_BYTES);
    size_t bytes = fread(text, 1, MOST_BYTES - 1, file);
    assert_true(feof(file));
    fclose(file);
    text[bytes] = '\0';
    return text;
}

/* Every rule with a condition that holds, for the node of facts: at most one, so that order does
 * not count. */
static void expect_one_condition(json_t *stmts, void *ctx)
{
    UNUSED(ctx);
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t i;
    json_t *raw;
    json_array_foreach (stmts, i, raw) {
        SqlFacts facts = sql_facts(arena, json_object_get(raw, "stmt"));
        int holding = 0;
        const SqlRule *rule;
        for (size_t k = 0; (rule = sql_rule(k)) != NULL; k++)
            holding += rule->applies != NULL && strcmp(rule->node, facts.node) == 0 &&
                       rule->applies(&facts);
        assert_in_range(holding, 0, 1);
        if (sql_rule_find(&facts) == NULL)
            print_message("no rule for %s\n", facts.node);
        assert_non_null(sql_rule_find(&facts));
    }
}

static void look_at(const char *name, const char *text, const json_t *expected, Totals *totals)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlStatement *statements = NULL;
    size_t count = 0;
    Error err = {0};
    totals->files++;
    if (!sql_split(arena, text, &statements, &count, &err)) {
        assert_string_equal(err.message, "the SQL is not UTF-8 text");
        return;
    }
    totals->statements += (int)count;
    bool all_parsed = true;
    for (size_t i = 0; i < count; i++) {
        SqlVerdict verdict = sql_classify(arena, statements[i].text);
        all_parsed &= statements[i].parsed;
        assert_true(statements[i].parsed || verdict.class == SQL_UNKNOWN);
        SqlFault fault;
        if (statements[i].parsed)
            assert_true(sql_parse(statements[i].text, expect_one_condition, NULL, &fault));
    }
    static const char *const KEYS[] = {"expected_statements", "libpg_query_15"};
    for (size_t k = 0; k < COUNT_OF(KEYS); k++) {
        const json_t *number = json_object_get(expected, KEYS[k]);
        if (!all_parsed || !json_is_integer(number))
            continue;
        if (json_integer_value(number) != (json_int_t)count)
            print_message("%s: %zu statements\n", name, count);
        assert_int_equal(json_integer_value(number), count);
        totals->compared++;
        return;
    }
}

static void look_at_folder(const char *folder, Totals *totals)
{
    AUTO(base_free) char *path = base_printf("%s/%s", root(), folder);
    AUTO(base_free) char *answers = base_printf("%s/expected.json", path);
    AUTO(json_auto) json_t *expected = json_load_file(answers, 0, NULL);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!text_equal(dot, ".sql"))
            continue;
        AUTO(base_free) char *file = base_printf("%s/%s", path, entry->d_name);
        AUTO(base_free) char *text = file_read(file);
        look_at(entry->d_name, text, json_object_get(expected, entry->d_name), totals);
    }
    closedir(dir);
}

static void collected_sql_is_understood(void **state)
{
    UNUSED(state);
    static const char *const FOLDERS[] = {
        "splitting/atlas",
        "splitting/bytebase",
        "splitting/libpg_query",
        "splitting/pg-regress",
        "splitting/squawk-ok",
        "splitting/torture",
        "lint",
    };
    Totals totals = {0};
    for (size_t i = 0; i < COUNT_OF(FOLDERS); i++)
        look_at_folder(FOLDERS[i], &totals);
    if (totals.files == 0) {
        print_message("no collected SQL at %s\n", root());
        skip();
    }
    print_message("%d files, %d statements, %d files with a known number\n", totals.files,
                  totals.statements, totals.compared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(collected_sql_is_understood)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
