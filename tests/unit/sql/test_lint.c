/* Every rule about SQL finds its mistake, and leaves alone what does the same well. */
#include "sql/lint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

typedef struct Case {
    SqlLint lint;
    const char *bad;
    const char *good;
    const char *before; /* what the plan has run before; NULL = nothing */
} Case;

/* "" = the rule has no good form of its own */
static const Case CASES[] = {
    {SQL_LINT_CHECK_NUMBER, "CREATE TABLE t (id int PRIMARY KEY, p int CHECK (0-100))",
     "CREATE TABLE t (id int PRIMARY KEY, p int CHECK (p BETWEEN 0 AND 100))", NULL},
    {SQL_LINT_CHECK_NUMBER, "ALTER TABLE t ADD CHECK (1) NOT VALID",
     "ALTER TABLE t ADD CHECK (a - 100 > 0) NOT VALID", NULL},
    {SQL_LINT_DUPLICATE_COLUMN, "CREATE TABLE t (a int, b int, a text)",
     "CREATE TABLE t (a int, b int)", NULL},
    {SQL_LINT_DUPLICATE_COLUMN, "ALTER TABLE t ADD PRIMARY KEY (a, a)",
     "ALTER TABLE t ADD PRIMARY KEY (a, b)", NULL},
    {SQL_LINT_DUPLICATE_COLUMN, "INSERT INTO t (a, a) VALUES (1, 2)",
     "INSERT INTO t (a, b) VALUES (1, 2)", NULL},
    {SQL_LINT_DUPLICATE_COLUMN, "UPDATE t SET a = 1, a = 2 WHERE id = 1",
     "UPDATE t SET a[1] = 1, a[2] = 2 WHERE id = 1", NULL},
    {SQL_LINT_INDEX_VOLATILE, "CREATE INDEX CONCURRENTLY i ON t (a) WHERE at > now()",
     "CREATE INDEX CONCURRENTLY i ON t (lower(a), to_timestamp(b))", NULL},
    {SQL_LINT_INDEX_VOLATILE, "CREATE INDEX CONCURRENTLY i ON t (f(a))",
     "CREATE INDEX CONCURRENTLY i ON t (g(a))",
     "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
     "CREATE FUNCTION g(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'"},
    {SQL_LINT_INDEX_VOLATILE,
     "CREATE TABLE t (id int PRIMARY KEY, a date GENERATED ALWAYS AS (CURRENT_DATE) STORED)",
     "CREATE TABLE t (id int PRIMARY KEY, a int GENERATED ALWAYS AS (id + 1) STORED)", NULL},
    {SQL_LINT_ENUM_USED, "ALTER TYPE mood ADD VALUE 'fine'; UPDATE t SET m = 'fine' WHERE id = 1",
     "ALTER TYPE mood ADD VALUE 'fine'; UPDATE t SET m = 'sad' WHERE id = 1", NULL},

    {SQL_LINT_INSERT_STAR, "INSERT INTO a.t SELECT * FROM b.t",
     "INSERT INTO a.t (x) SELECT x FROM b.t", NULL},
    {SQL_LINT_INSERT_PLACES, "INSERT INTO t VALUES (1, 2)", "INSERT INTO t (a, b) VALUES (1, 2)",
     NULL},
    {SQL_LINT_INSERT_PLACES, "INSERT INTO t SELECT a FROM u", "INSERT INTO n VALUES (1)",
     "CREATE TABLE n (a int)"},
    {SQL_LINT_OFFSET, "SELECT id FROM t ORDER BY id LIMIT 100 OFFSET 200",
     "SELECT id FROM t WHERE id > 200 ORDER BY id LIMIT 100", NULL},
    {SQL_LINT_OFFSET, "DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 10 OFFSET 0)",
     "SELECT salary FROM t ORDER BY salary DESC LIMIT 1 OFFSET 2", NULL},
    {SQL_LINT_WHOLE_TABLE, "UPDATE t SET a = 1", "UPDATE t SET a = 1 WHERE a IS NULL", NULL},
    {SQL_LINT_WHOLE_TABLE, "DELETE FROM t WHERE true", "DELETE FROM t USING u WHERE t.id = u.id",
     NULL},
    {SQL_LINT_WHOLE_TABLE, "UPDATE t SET a = 1", "UPDATE n SET a = 1", "CREATE TABLE n (a int)"},
    {SQL_LINT_LOCK_THEN_DATA, "ALTER TABLE t ADD COLUMN b int; UPDATE t SET b = 1 WHERE id < 9",
     "ALTER TABLE t ADD COLUMN b int; UPDATE u SET b = 1 WHERE id < 9", NULL},
    {SQL_LINT_CASCADE, "DROP TABLE t CASCADE", "DROP TABLE t", NULL},
    {SQL_LINT_CASCADE, "TRUNCATE t CASCADE", "TRUNCATE t", NULL},
    {SQL_LINT_DROP_UNPROVEN, "DROP TABLE t", "DROP TABLE n", "CREATE TABLE n (a int)"},
    {SQL_LINT_DROP_UNPROVEN, "ALTER TABLE t DROP COLUMN a", "ALTER TABLE t DROP CONSTRAINT a",
     NULL},
    {SQL_LINT_DROP_UNPROVEN, "DROP SCHEMA s", "DROP VIEW v", NULL},
    {SQL_LINT_DROP_UNPROVEN, "DROP DATABASE d", "", NULL},
    {SQL_LINT_TRUNCATE, "TRUNCATE n, t", "TRUNCATE n", "CREATE TABLE n (a int)"},

    {SQL_LINT_INDEX_BLOCKS, "CREATE INDEX i ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (a)",
     NULL},
    {SQL_LINT_INDEX_BLOCKS, "CREATE UNIQUE INDEX i ON s.n (a)", "CREATE UNIQUE INDEX i ON n (a)",
     "CREATE TABLE public.n (a int)"},
    {SQL_LINT_INDEX_DROP_BLOCKS, "DROP INDEX i", "DROP INDEX CONCURRENTLY i", NULL},
    {SQL_LINT_REINDEX_BLOCKS, "REINDEX TABLE t", "REINDEX TABLE CONCURRENTLY t", NULL},
    {SQL_LINT_UNIQUE_BLOCKS, "ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)",
     "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i", NULL},
    {SQL_LINT_UNIQUE_BLOCKS, "ALTER TABLE t ADD COLUMN c int UNIQUE",
     "ALTER TABLE t ADD COLUMN c int", NULL},
    {SQL_LINT_EXCLUSION_BLOCKS, "ALTER TABLE t ADD EXCLUDE (a WITH =)",
     "ALTER TABLE n ADD EXCLUDE (a WITH =)", "CREATE TABLE n (a int)"},
    {SQL_LINT_FOREIGN_KEY_SCAN, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
     "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID", NULL},
    {SQL_LINT_FOREIGN_KEY_SCAN, "ALTER TABLE t ADD COLUMN a int DEFAULT 1 REFERENCES u",
     "ALTER TABLE t ADD COLUMN a int REFERENCES u", NULL},
    {SQL_LINT_CHECK_SCAN, "ALTER TABLE t ADD CHECK (a > 0)",
     "ALTER TABLE t ADD CHECK (a > 0) NOT VALID", NULL},
    {SQL_LINT_CHECK_SCAN, "ALTER DOMAIN d ADD CHECK (VALUE > 0)",
     "ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID", NULL},
    {SQL_LINT_NOT_NULL_SCAN, "ALTER TABLE t ALTER a SET NOT NULL",
     "ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL",
     "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID"},
    {SQL_LINT_NOT_NULL_SCAN,
     "ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER b SET NOT NULL",
     "ALTER TABLE t VALIDATE CONSTRAINT old; ALTER TABLE t ALTER b SET NOT NULL",
     "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID"},
    {SQL_LINT_VALIDATE_AT_ONCE,
     "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c",
     "ALTER TABLE t VALIDATE CONSTRAINT c", NULL},
    {SQL_LINT_ADD_NOT_NULL, "ALTER TABLE t ADD COLUMN a int NOT NULL",
     "ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0", NULL},
    {SQL_LINT_ADD_REWRITES, "ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()",
     "ALTER TABLE t ADD COLUMN a timestamptz DEFAULT now() - interval '1 day'", NULL},
    {SQL_LINT_ADD_REWRITES, "ALTER TABLE t ADD COLUMN a bigserial",
     "ALTER TABLE n ADD COLUMN a bigserial", "CREATE TABLE n (b int)"},
    {SQL_LINT_ADD_REWRITES, "ALTER TABLE t ADD a int GENERATED ALWAYS AS (b + 1) STORED",
     "ALTER TABLE t ADD a text[] DEFAULT ARRAY[]::text[]", NULL},
    {SQL_LINT_TYPE_REWRITES, "ALTER TABLE t ALTER a TYPE bigint",
     "ALTER TABLE n ALTER a TYPE bigint", "CREATE TABLE n (a int)"},
    {SQL_LINT_TABLE_REWRITES, "VACUUM (FULL) t", "VACUUM (FULL FALSE, ANALYZE) t", NULL},
    {SQL_LINT_TABLE_REWRITES, "CLUSTER t USING i", "VACUUM t", NULL},
    {SQL_LINT_TABLE_REWRITES, "ALTER TABLE t SET TABLESPACE s",
     "ALTER TABLE t SET (fillfactor = 90)", NULL},
    {SQL_LINT_DETACH_BLOCKS, "ALTER TABLE t DETACH PARTITION p",
     "ALTER TABLE t DETACH PARTITION p CONCURRENTLY", NULL},
    {SQL_LINT_REFRESH_BLOCKS, "REFRESH MATERIALIZED VIEW v",
     "REFRESH MATERIALIZED VIEW CONCURRENTLY v", NULL},

    {SQL_LINT_RENAME, "ALTER TABLE t RENAME TO u",
     "ALTER TABLE t RENAME TO u; CREATE VIEW t AS TABLE u", NULL},
    {SQL_LINT_RENAME, "ALTER TABLE t RENAME COLUMN a TO b", "ALTER TABLE n RENAME COLUMN a TO b",
     "CREATE TABLE n (a int)"},
    {SQL_LINT_RENAME, "ALTER TABLE public.t SET SCHEMA s",
     "ALTER TABLE public.t SET SCHEMA s; CREATE VIEW public.t AS TABLE s.t", NULL},
    {SQL_LINT_DROP_NOT_NULL, "ALTER TABLE t ALTER a DROP NOT NULL",
     "ALTER TABLE t ALTER a DROP DEFAULT", NULL},

    {SQL_LINT_IF_NOT_EXISTS, "CREATE TABLE IF NOT EXISTS t (a int)",
     "CREATE EXTENSION IF NOT EXISTS e", NULL},
    {SQL_LINT_IF_NOT_EXISTS, "CREATE INDEX IF NOT EXISTS i ON t (a)",
     "CREATE INDEX CONCURRENTLY i ON t (a)", NULL},
    {SQL_LINT_IF_NOT_EXISTS, "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int",
     "ALTER TABLE t ADD COLUMN a int", NULL},

    {SQL_LINT_PUBLIC_GRANT, "GRANT SELECT ON t TO PUBLIC", "REVOKE ALL ON t FROM PUBLIC", NULL},
    {SQL_LINT_SCHEMA_GRANT_ALL, "GRANT ALL ON SCHEMA s TO r", "GRANT USAGE ON SCHEMA s TO r", NULL},
    {SQL_LINT_SCHEMA_GRANT_ALL, "GRANT ALL ON DATABASE d TO r",
     "GRANT ALL ON ALL TABLES IN SCHEMA s TO r", NULL},
    {SQL_LINT_DEFINER_PATH,
     "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
     "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog "
     "AS 'SELECT 1'",
     NULL},
    {SQL_LINT_SUPERUSER, "CREATE ROLE r SUPERUSER", "CREATE ROLE r NOSUPERUSER LOGIN", NULL},
    {SQL_LINT_SUPERUSER, "ALTER ROLE r BYPASSRLS", "ALTER ROLE r LOGIN", NULL},
    {SQL_LINT_PASSWORD, "CREATE ROLE r LOGIN PASSWORD 'x'", "CREATE ROLE r LOGIN PASSWORD NULL",
     NULL},

    {SQL_LINT_IDENTIFIER_LONG,
     "CREATE TABLE t (id int PRIMARY KEY, "
     "a_name_of_very_many_letters_that_nobody_can_remember_at_all_"
     "or_write int)",
     "CREATE TABLE t (id int PRIMARY KEY, "
     "a_name_of_exactly_63_bytes_which_postgresql_keeps_as_it_is_"
     "here int)",
     NULL},
    {SQL_LINT_NO_PRIMARY_KEY, "CREATE TABLE t (a int)",
     "CREATE TABLE t (a int); ALTER TABLE t ADD PRIMARY KEY (a)", NULL},
    {SQL_LINT_NO_PRIMARY_KEY, "CREATE TABLE t (a int)",
     "CREATE TABLE t (LIKE u INCLUDING ALL); CREATE TEMP TABLE v (a int);"
     "CREATE TABLE p PARTITION OF q DEFAULT",
     NULL},
    {SQL_LINT_SMALL_KEY, "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
     "CREATE TABLE t (id int PRIMARY KEY)", NULL},
    {SQL_LINT_SERIAL, "CREATE TABLE t (id bigserial PRIMARY KEY)",
     "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)", NULL},
    {SQL_LINT_CHAR_TYPE, "CREATE TABLE t (a char(3) PRIMARY KEY)",
     "CREATE TABLE t (a varchar(3) PRIMARY KEY)", NULL},
    {SQL_LINT_TIMESTAMP_TYPE, "ALTER TABLE t ADD COLUMN a timestamp",
     "ALTER TABLE t ADD COLUMN a timestamptz", NULL},
    {SQL_LINT_JSON_TYPE, "ALTER TABLE t ADD COLUMN a json", "ALTER TABLE t ADD COLUMN a jsonb",
     NULL},
};

/* Found by run/lint.c, with the plan around them: tests/e2e/lint.test.ts. */
static const SqlLint OF_PLANS[] = {SQL_LINT_COPY_DROP,      SQL_LINT_OR_REPLACE,
                                   SQL_LINT_DOWN_IF_EXISTS, SQL_LINT_DOWN_LEAVES,
                                   SQL_LINT_NAME_PATTERN,   SQL_LINT_NAME_NUMBER};

static bool finds(const Case *one, const char *sql, SqlLintText how)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlLintMemory memory = {.made = {.arena = arena}};
    SqlFindings before = {.arena = arena};
    SqlFindings findings = {.arena = arena};
    if (one->before != NULL)
        sql_lint(&(SqlLintText){.text = one->before}, &memory, &before);
    how.text = sql;
    sql_lint(&how, &memory, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        if (findings.items[i].lint == one->lint)
            return true;
    }
    return false;
}

static void test_each_rule_finds_its_mistake_and_nothing_else(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        const char *name = sql_lint_rule(CASES[i].lint)->name;
        if (!finds(&CASES[i], CASES[i].bad, (SqlLintText){0}))
            fail_msg("%s is not found in: %s", name, CASES[i].bad);
        if (finds(&CASES[i], CASES[i].good, (SqlLintText){0}))
            fail_msg("%s is found in: %s", name, CASES[i].good);
    }
}

static void test_every_rule_has_a_case(void **state)
{
    UNUSED(state);
    for (size_t lint = 0; lint < SQL_LINTS; lint++) {
        bool has = false;
        for (size_t i = 0; i < COUNT_OF(CASES); i++)
            has = has || (size_t)CASES[i].lint == lint;
        for (size_t i = 0; i < COUNT_OF(OF_PLANS); i++)
            has = has || (size_t)OF_PLANS[i] == lint;
        if (!has)
            fail_msg("%s has no case", sql_lint_rule((SqlLint)lint)->name);
    }
}

/* A rollback has nobody's new code to spare, and takes away what the plan made. */
static void test_a_down_is_judged_by_few_rules(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(CASES); i++)
        assert_int_equal(finds(&CASES[i], CASES[i].bad, (SqlLintText){.down = true}),
                         sql_lint_rule(CASES[i].lint)->in_down);
    Case down = {.lint = SQL_LINT_DOWN_IF_EXISTS};
    assert_true(finds(&down, "DROP TABLE IF EXISTS t", (SqlLintText){.down = true}));
    assert_false(finds(&down, "DROP TABLE IF EXISTS t", (SqlLintText){0}));
}

static void test_proofs_and_transactions_count(void **state)
{
    UNUSED(state);
    Case drop = {.lint = SQL_LINT_DROP_UNPROVEN};
    assert_false(finds(&drop, "DROP TABLE t", (SqlLintText){.proven = true}));
    Case truncate = {.lint = SQL_LINT_TRUNCATE};
    assert_false(finds(&truncate, "TRUNCATE t", (SqlLintText){.proven = true}));
    const char *validate = "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"
                           "ALTER TABLE t VALIDATE CONSTRAINT c";
    Case at_once = {.lint = SQL_LINT_VALIDATE_AT_ONCE};
    assert_false(finds(&at_once, validate, (SqlLintText){.outside = true}));
}

static void test_what_a_rollout_uses_is_in_use(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlLintMemory memory = {.made = {.arena = arena}};
    SqlFindings findings = {.arena = arena};
    sql_lint(&(SqlLintText){.text = "CREATE TABLE a (id int PRIMARY KEY);"
                                    "CREATE TABLE s.b (id int PRIMARY KEY);"
                                    "CREATE INDEX i ON a (id)"},
             &memory, &findings);
    assert_int_equal(findings.count, 0);
    sql_lint_used(&memory, "s.b");
    sql_lint(&(SqlLintText){.text = "CREATE INDEX k ON a (id);\nCREATE INDEX j ON s.b (id)"},
             &memory, &findings);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.items[0].at_bytes, 26);
    sql_lint_used(&memory, NULL);
    sql_lint(&(SqlLintText){.text = "CREATE INDEX l ON a (id)"}, &memory, &findings);
    assert_int_equal(findings.count, 2);
}

static void test_rules_are_told_apart(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < SQL_LINTS; i++) {
        const SqlLintRule *rule = sql_lint_rule((SqlLint)i);
        assert_non_null(rule->name);
        assert_true(rule->title[0] != '\0' && rule->why[0] != '\0' && rule->advice[0] != '\0');
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(rule->name, sql_lint_rule((SqlLint)k)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule_finds_its_mistake_and_nothing_else),
        cmocka_unit_test(test_every_rule_has_a_case),
        cmocka_unit_test(test_a_down_is_judged_by_few_rules),
        cmocka_unit_test(test_proofs_and_transactions_count),
        cmocka_unit_test(test_what_a_rollout_uses_is_in_use),
        cmocka_unit_test(test_rules_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
