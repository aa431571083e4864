/* Other linters' collected cases, where the machine has them: HEADGATE_CASES, or ../shared/cases
 * beside the source. Each case says whether one rule of its tool finds something in a file. Where a
 * rule here means the same, the answer must be the same, or a row of DIFFERENT says why not. And
 * real projects' migrations, which run: none of them has an error. */
#include "base/json.h"
#include "sql/lint.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { FILE_BYTES_MAX = 4 << 20, RULES_MAX = 3 };

/* What their rules are called here. Rules that are not in the table are not about what runs here (a
 * runner sets the time limits and begins the transactions, a step runs once, names and policies of
 * a house), or refused at load. */
static const struct {
    const char *theirs;
    SqlLint ours[RULES_MAX]; /* the rest repeats the first */
} RULES[] = {
#define ONE(lint)                                                                                  \
    {                                                                                              \
        SQL_LINT_##lint, SQL_LINT_##lint, SQL_LINT_##lint                                          \
    }
#define TWO(lint, other)                                                                           \
    {                                                                                              \
        SQL_LINT_##lint, SQL_LINT_##other, SQL_LINT_##lint                                         \
    }
#define THREE(lint, other, third)                                                                  \
    {                                                                                              \
        SQL_LINT_##lint, SQL_LINT_##other, SQL_LINT_##third                                        \
    }
    {"adding-field-with-default", ONE(ADD_REWRITES)},
    {"adding-foreign-key-constraint", ONE(FOREIGN_KEY_SCAN)},
    {"adding-not-nullable-field", ONE(NOT_NULL_SCAN)},
    {"adding-required-field", ONE(ADD_NOT_NULL)},
    {"adding-serial-primary-key-field", ONE(UNIQUE_BLOCKS)},
    {"ban-alter-domain-with-add-constraint", ONE(CHECK_SCAN)},
    {"ban-char-field", ONE(CHAR_TYPE)},
    {"ban-drop-database", ONE(DROP_UNPROVEN)},
    {"ban-drop-table", ONE(DROP_UNPROVEN)},
    {"ban-truncate-cascade", ONE(CASCADE)},
    {"changing-column-type", ONE(TYPE_REWRITES)},
    {"constraint-missing-not-valid", THREE(CHECK_SCAN, FOREIGN_KEY_SCAN, UNIQUE_BLOCKS)},
    {"disallowed-unique-constraint", ONE(UNIQUE_BLOCKS)},
    {"identifier-too-long", ONE(IDENTIFIER_LONG)},
    {"prefer-identity", ONE(SERIAL)},
    {"prefer-repack", ONE(TABLE_REWRITES)},
    {"prefer-timestamp-tz", ONE(TIMESTAMP_TYPE)},
    {"renaming-table", ONE(RENAME)},
    {"require-concurrent-index-creation", ONE(INDEX_BLOCKS)},
    {"require-concurrent-index-deletion", ONE(INDEX_DROP_BLOCKS)},
    {"require-concurrent-partition-detach", ONE(DETACH_BLOCKS)},
    {"require-concurrent-reindex", ONE(REINDEX_BLOCKS)},
    {"E1", ONE(CHECK_SCAN)},
    {"E2", ONE(NOT_NULL_SCAN)},
    {"E3", ONE(JSON_TYPE)},
    {"E5", ONE(TYPE_REWRITES)},
    {"E6", ONE(INDEX_BLOCKS)},
    {"E7", ONE(UNIQUE_BLOCKS)},
    {"E8", ONE(EXCLUSION_BLOCKS)},
    {"E10", ONE(TYPE_REWRITES)},
    {"column_default_disallow_volatile", ONE(ADD_REWRITES)},
    {"column_disallow_change_type", ONE(TYPE_REWRITES)},
    {"index_create_concurrently", ONE(INDEX_BLOCKS)},
    {"index_no_duplicate_column", ONE(DUPLICATE_COLUMN)},
    {"schema_backward_compatibility", THREE(DROP_UNPROVEN, RENAME, TYPE_REWRITES)},
    {"statement_add_check_not_valid", ONE(CHECK_SCAN)},
    {"statement_add_foreign_key_not_valid", ONE(FOREIGN_KEY_SCAN)},
    {"statement_disallow_add_not_null", ONE(NOT_NULL_SCAN)},
    {"statement_disallow_rm_tbl_cascade", ONE(CASCADE)},
    {"statement_disallow_truncate", ONE(TRUNCATE)},
    {"statement_insert_must_specify_column", ONE(INSERT_PLACES)},
    {"statement_where_require_update_delete", ONE(WHOLE_TABLE)},
    {"table_require_pk", ONE(NO_PRIMARY_KEY)},
};

/* By the beginning of the file's name. */
static const struct {
    const char *file;
    const char *why;
} DIFFERENT[] = {
    {"squawk-023", "PostgreSQL checks no row of a new column without a default"},
    {"squawk-031", "asks for PostgreSQL 11, which is out of support"},
    {"squawk-036", "asks for PostgreSQL 11, which is out of support"},
    {"bytebase-007", "the table is made by the same text: nobody waits"},
    {"bytebase-023", "the table is made by the same text"},
    {"bytebase-024", "the table is made by the same text"},
    {"bytebase-098", "what drops a key is not looked at"},
    {"bytebase-099", "what drops a key is not looked at"},
};

static const char *root(void)
{
    const char *given = getenv("HEADGATE_CASES");
    return given != NULL ? given : HEADGATE_SOURCE_DIR "/../shared/cases";
}

static char *file_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = base_alloc(FILE_BYTES_MAX);
    size_t bytes = fread(text, 1, FILE_BYTES_MAX - 1, file);
    assert_true(feof(file));
    fclose(file);
    text[bytes] = '\0';
    return text;
}

static const SqlLint *ours(const char *theirs)
{
    for (size_t i = 0; i < COUNT_OF(RULES); i++) {
        if (strcmp(RULES[i].theirs, theirs) == 0)
            return RULES[i].ours;
    }
    return NULL;
}

static bool differs(const char *file)
{
    for (size_t i = 0; i < COUNT_OF(DIFFERENT); i++) {
        if (text_starts(file, DIFFERENT[i].file))
            return true;
    }
    return false;
}

/* "-- 2.sql" begins another migration, after which the application runs; COMMIT ends a transaction.
 */
static void lint_parts(char *text, SqlFindings *findings)
{
    SqlLintMemory memory = {.made = {.arena = findings->arena}};
    for (char *part = text; part != NULL;) {
        char *migration = strstr(part + 1, "\n-- ");
        while (migration != NULL && strncmp(migration + 5, ".sql", 4) != 0)
            migration = strstr(migration + 1, "\n-- ");
        char *commit = strstr(part, "COMMIT;");
        bool committed = commit != NULL && (migration == NULL || commit < migration);
        char *end = committed ? commit : migration;
        if (end != NULL)
            *end++ = '\0';
        sql_lint(&(SqlLintText){.text = part}, &memory, findings);
        if (end != NULL && !committed)
            sql_lint_used(&memory, NULL);
        part = !committed || end == NULL ? end : end + strlen("OMMIT;");
    }
}

static bool has(const SqlFindings *findings, const SqlLint *lints)
{
    for (size_t i = 0; i < findings->count; i++) {
        for (size_t k = 0; k < RULES_MAX; k++) {
            if (findings->items[i].lint == lints[k])
                return true;
        }
    }
    return false;
}

typedef struct Totals {
    int judged;
    int different;
    int not_ours;
    int wrong;
} Totals;

static void judge(const json_t *one, Totals *totals)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *name = json_get_string(one, "file", "");
    const SqlLint *lints = ours(json_get_string(one, "rule", ""));
    AUTO(base_free) char *path = base_printf("%s/lint/%s", root(), name);
    AUTO(base_free) char *text = file_read(path);
    SqlFindings findings = {.arena = arena};
    lint_parts(text, &findings);
    totals->not_ours += lints == NULL;
    if (lints == NULL)
        return;
    bool expected = text_equal(json_get_string(one, "expect", ""), "hit");
    bool same = has(&findings, lints) == expected;
    totals->judged++;
    totals->different += differs(name);
    if (same != differs(name))
        return;
    totals->wrong++;
    print_message("%s: %s is %s\n", name, sql_lint_rule(lints[0])->name,
                  differs(name) ? "as in the other tool: no row of DIFFERENT needed"
                  : expected    ? "not found"
                                : "found");
}

static void other_tools_cases_are_judged_alike(void **state)
{
    UNUSED(state);
    AUTO(base_free) char *path = base_printf("%s/lint/expected.json", root());
    AUTO(json_auto) json_t *expected = json_load_file(path, 0, NULL);
    Totals totals = {0};
    size_t i;
    json_t *one;
    if (expected == NULL) {
        print_message("no collected cases at %s\n", root());
        skip();
    }
    json_array_foreach (json_object_get(expected, "cases"), i, one)
        judge(one, &totals);
    print_message("%d cases judged, %d of them otherwise for a reason; %d of rules not ours\n",
                  totals.judged, totals.different, totals.not_ours);
    assert_int_equal(totals.wrong, 0);
    assert_in_range(totals.judged, 80, 1000);
}

/* ------------------------------------------------------------------ projects */

static void lint_file(const char *path, int *files, int *errors)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(base_free) char *text = file_read(path);
    SqlLintMemory memory = {.made = {.arena = arena}};
    SqlFindings findings = {.arena = arena};
    sql_lint(&(SqlLintText){.text = text}, &memory, &findings);
    (*files)++;
    for (size_t i = 0; i < findings.count; i++) {
        const SqlLintRule *rule = sql_lint_rule(findings.items[i].lint);
        assert_in_range(findings.items[i].at_bytes, 0, strlen(text));
        if (rule->level != SQL_LINT_ERROR)
            continue;
        (*errors)++;
        print_message("%s: %s: %s\n", path, rule->name, findings.items[i].what);
    }
}

static void lint_folder(const char *folder, int *files, int *errors)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        AUTO(base_free) char *path = base_printf("%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        if (entry->d_type == DT_DIR)
            lint_folder(path, files, errors);
        else if (text_equal(strrchr(entry->d_name, '.'), ".sql"))
            lint_file(path, files, errors);
    }
    closedir(dir);
}

static void migrations_that_run_have_no_errors(void **state)
{
    static const char *const PROJECTS[] = {"dbmate-upchieve/migrations", "drizzle-dokploy",
                                           "flyway-conductor", "golang-migrate-frontier/migrations",
                                           "prisma-documenso"};
    UNUSED(state);
    int files = 0;
    int errors = 0;
    for (size_t i = 0; i < COUNT_OF(PROJECTS); i++) {
        AUTO(base_free) char *folder = base_printf("%s/%s", root(), PROJECTS[i]);
        lint_folder(folder, &files, &errors);
    }
    if (files == 0)
        skip();
    print_message("%d files of migrations\n", files);
    assert_int_equal(errors, 0);
}

/* Files of the parser's own tests, mistakes included: any answer will do. */
static void anything_that_is_sql_is_survived(void **state)
{
    UNUSED(state);
    int files = 0;
    int errors = 0;
    AUTO(base_free) char *folder = base_printf("%s/splitting", root());
    lint_folder(folder, &files, &errors);
    if (files == 0)
        skip();
    print_message("%d files\n", files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_tools_cases_are_judged_alike),
        cmocka_unit_test(migrations_that_run_have_no_errors),
        cmocka_unit_test(anything_that_is_sql_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
