/* Statements against the table: class, marks, relations, and that the table is well made. */
#include "sql/classify.h"

#include "sql/docs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    SqlClass class;
    const char *text;
} CASES[] = {
    {SQL_READ, "SELECT 1"},
    {SQL_READ, "VALUES (1), (2)"},
    {SQL_READ, "TABLE t"},
    {SQL_READ, "WITH x AS (SELECT 1) SELECT * FROM x"},
    {SQL_READ, "SHOW server_version_num"},
    {SQL_READ, "EXPLAIN DELETE FROM t"},
    {SQL_READ, "EXPLAIN ANALYZE SELECT 1"},
    {SQL_READ, "EXPLAIN (ANALYZE off) DELETE FROM t"},
    {SQL_READ, "DECLARE c CURSOR FOR SELECT 1"},
    {SQL_READ, "FETCH 10 FROM c"},
    {SQL_READ, "CLOSE c"},
    {SQL_READ, "SELECT pg_catalog.set_config('search_path', '', false)"},
    {SQL_READ, "SELECT app.set_configuration('role')"},
    {SQL_READ, "SELECT 'SET ROLE x', $$COMMIT$$"},

    {SQL_WRITE, "INSERT INTO t VALUES (1)"},
    {SQL_WRITE, "UPDATE t SET a = 1"},
    {SQL_WRITE, "DELETE FROM t"},
    {SQL_WRITE, "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE"},
    {SQL_WRITE, "TRUNCATE t"},
    {SQL_WRITE, "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone"},
    {SQL_WRITE, "SELECT * FROM t FOR UPDATE"},
    {SQL_WRITE, "SELECT * FROM (SELECT * FROM t FOR SHARE) s"},
    {SQL_WRITE, "EXPLAIN ANALYZE DELETE FROM t"},
    {SQL_WRITE, "EXPLAIN (ANALYZE, BUFFERS) CREATE TABLE x AS SELECT 1"},
    {SQL_WRITE, "DO $$ BEGIN NULL; END $$"},
    {SQL_WRITE, "CALL p()"},
    {SQL_WRITE, "SET lock_timeout = '1s'"},
    {SQL_WRITE, "SET LOCAL search_path TO app"},
    {SQL_WRITE, "RESET search_path"},
    {SQL_WRITE, "SET CONSTRAINTS ALL DEFERRED"},
    {SQL_WRITE, "LOCK TABLE t"},
    {SQL_WRITE, "ANALYZE t"},
    {SQL_WRITE, "NOTIFY x"},
    {SQL_WRITE, "COPY t FROM '/tmp/x'"},
    {SQL_WRITE, "COPY t FROM PROGRAM 'cat x'"},
    {SQL_WRITE, "COPY (SELECT 1) TO '/tmp/x'"},
    {SQL_WRITE, "REFRESH MATERIALIZED VIEW CONCURRENTLY m"},
    {SQL_WRITE, "DEALLOCATE x"},
    {SQL_WRITE, "PREPARE x AS DELETE FROM t"},

    {SQL_DDL, "CREATE TABLE t (id bigint)"},
    {SQL_DDL, "CREATE TABLE a AS SELECT * FROM b"},
    {SQL_DDL, "SELECT * INTO a FROM b"},
    {SQL_DDL, "WITH x AS (DELETE FROM t RETURNING *) SELECT * INTO a FROM x"},
    {SQL_DDL, "ALTER TABLE t ADD COLUMN c jsonb"},
    {SQL_DDL, "ALTER TABLE t DETACH PARTITION p"},
    {SQL_DDL, "ALTER TABLE t DETACH PARTITION p FINALIZE"},
    {SQL_DDL, "CREATE INDEX i ON t (a)"},
    {SQL_DDL, "CREATE INDEX IF NOT EXISTS i ON t (a)"},
    {SQL_DDL, "DROP INDEX i"},
    {SQL_DDL, "REINDEX TABLE t"},
    {SQL_DDL, "REINDEX (CONCURRENTLY off) TABLE t"},
    {SQL_DDL, "REINDEX (CONCURRENTLY false) INDEX i"},
    {SQL_DDL, "REINDEX (CONCURRENTLY 0) INDEX i"},
    {SQL_DDL, "CLUSTER t USING i"},
    {SQL_DDL, "ALTER TYPE mood ADD VALUE 'calm'"},
    {SQL_DDL, "ALTER TYPE mood RENAME VALUE 'a' TO 'b'"},
    {SQL_DDL, "ALTER DATABASE d SET search_path = app"},
    {SQL_DDL, "ALTER DATABASE d CONNECTION LIMIT 5"},
    {SQL_DDL, "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (create_slot = false)"},
    {SQL_DDL, "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = off)"},
    {SQL_DDL, "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)"},
    {SQL_DDL, "ALTER SUBSCRIPTION s DISABLE"},
    {SQL_DDL, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"},
    {SQL_DDL, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END"},
    {SQL_DDL, "CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u"},
    {SQL_DDL, "GRANT SELECT ON t TO app"},
    {SQL_DDL, "COMMENT ON TABLE t IS 'x'"},

    {SQL_OUTSIDE, "CREATE INDEX CONCURRENTLY i ON t (a)"},
    {SQL_OUTSIDE, "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)"},
    {SQL_OUTSIDE, "DROP INDEX CONCURRENTLY IF EXISTS i"},
    {SQL_OUTSIDE, "REINDEX INDEX CONCURRENTLY i"},
    {SQL_OUTSIDE, "REINDEX (CONCURRENTLY, VERBOSE) TABLE t"},
    {SQL_OUTSIDE, "REINDEX (CONCURRENTLY on) TABLE t"},
    {SQL_OUTSIDE, "REINDEX SCHEMA s"},
    {SQL_OUTSIDE, "REINDEX DATABASE d"},
    {SQL_OUTSIDE, "REINDEX SYSTEM d"},
    {SQL_OUTSIDE, "ALTER TABLE t DETACH PARTITION p CONCURRENTLY"},
    {SQL_OUTSIDE, "VACUUM"},
    {SQL_OUTSIDE, "VACUUM (ANALYZE) t"},
    {SQL_OUTSIDE, "ALTER SYSTEM SET work_mem = '1GB'"},
    {SQL_OUTSIDE, "CREATE DATABASE d"},
    {SQL_OUTSIDE, "DROP DATABASE d"},
    {SQL_OUTSIDE, "ALTER DATABASE d SET TABLESPACE s"},
    {SQL_OUTSIDE, "CREATE TABLESPACE s LOCATION '/x'"},
    {SQL_OUTSIDE, "DROP TABLESPACE s"},
    {SQL_OUTSIDE, "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p"},
    {SQL_OUTSIDE, "ALTER SUBSCRIPTION s REFRESH PUBLICATION"},
    {SQL_OUTSIDE, "ALTER SUBSCRIPTION s ADD PUBLICATION p"},
    {SQL_OUTSIDE, "DROP SUBSCRIPTION s"},
    {SQL_OUTSIDE, "CLUSTER"},

    {SQL_REFUSED, "BEGIN"},
    {SQL_REFUSED, "START TRANSACTION"},
    {SQL_REFUSED, "COMMIT"},
    {SQL_REFUSED, "END"},
    {SQL_REFUSED, "ROLLBACK"},
    {SQL_REFUSED, "ABORT"},
    {SQL_REFUSED, "COMMIT AND CHAIN"},
    {SQL_REFUSED, "SAVEPOINT s"},
    {SQL_REFUSED, "RELEASE s"},
    {SQL_REFUSED, "ROLLBACK TO s"},
    {SQL_REFUSED, "PREPARE TRANSACTION 'x'"},
    {SQL_REFUSED, "COMMIT PREPARED 'x'"},
    {SQL_REFUSED, "ROLLBACK PREPARED 'x'"},
    {SQL_REFUSED, "SET ROLE app"},
    {SQL_REFUSED, "SET ROLE NONE"},
    {SQL_REFUSED, "SET LOCAL ROLE app"},
    {SQL_REFUSED, "SET role = 'app'"},
    {SQL_REFUSED, "SET \"ROLE\" = 'app'"},
    {SQL_REFUSED, "RESET ROLE"},
    {SQL_REFUSED, "SET SESSION AUTHORIZATION app"},
    {SQL_REFUSED, "SET SESSION AUTHORIZATION DEFAULT"},
    {SQL_REFUSED, "RESET SESSION AUTHORIZATION"},
    {SQL_REFUSED, "SET session_replication_role = replica"},
    {SQL_REFUSED, "SET LOCAL Session_Replication_Role TO DEFAULT"},
    {SQL_REFUSED, "SET synchronous_commit = off"},
    {SQL_REFUSED, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
    {SQL_REFUSED, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"},
    {SQL_REFUSED, "SET TRANSACTION SNAPSHOT 'x'"},
    {SQL_REFUSED, "RESET ALL"},
    {SQL_REFUSED, "DISCARD ALL"},
    {SQL_REFUSED, "DISCARD PLANS"},
    {SQL_REFUSED, "DEALLOCATE ALL"},
    {SQL_REFUSED, "SELECT set_config('role', 'app', true)"},
    {SQL_REFUSED, "SELECT pg_catalog.set_config('ROLE'::text, 'app', true)"},
    {SQL_REFUSED, "SELECT set_config(E'\\x72ole', 'app', true)"},
    {SQL_REFUSED, "SELECT set_config('ro' || 'le', 'app', true)"},
    {SQL_REFUSED, "SELECT set_config(is_local => true, setting_name => 'role', new_value => 'x')"},
    {SQL_REFUSED, "UPDATE t SET a = set_config('session_replication_role', 'replica', false)"},
    {SQL_REFUSED, "SELECT 1 WHERE EXISTS (SELECT set_config(name, '1', true) FROM t)"},
    {SQL_REFUSED, "CREATE TABLE t (a text DEFAULT set_config('role', 'x', true))"},
    {SQL_REFUSED, "UPDATE pg_settings SET setting = 'x' WHERE name = 'role'"},
    {SQL_REFUSED, "WITH x AS (UPDATE pg_catalog.pg_settings SET setting = '') SELECT 1"},
    {SQL_REFUSED, "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)"},
    {SQL_REFUSED, "CREATE INDEX CONCURRENTLY ON t (a)"},
    {SQL_REFUSED, "COPY t FROM STDIN"},
    {SQL_REFUSED, "COPY t TO STDOUT"},
    {SQL_REFUSED, "COPY (SELECT 1) TO STDOUT"},
    {SQL_REFUSED, ""},
    {SQL_REFUSED, "SELECT 1; COMMIT"},
    {SQL_REFUSED, "SELECT '\xff'"},

    {SQL_UNKNOWN, "SELEC 1"},
    {SQL_UNKNOWN, "\\d"},
    {SQL_UNKNOWN, "SELECT * FROM JSON_TABLE(a, '$' COLUMNS (b int)) x"},
};

static void every_case_has_its_class(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        SqlVerdict verdict = sql_classify(arena, CASES[i].text);
        if (verdict.class != CASES[i].class)
            print_message("%s: %s\n", CASES[i].text, sql_rule_class_name(verdict.class));
        assert_int_equal(verdict.class, CASES[i].class);
        if (verdict.class == SQL_REFUSED || verdict.class == SQL_UNKNOWN)
            assert_true(verdict.why[0] != '\0');
    }
}

static void only_an_added_enum_value_is_one_way(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(CASES); i++)
        assert_int_equal(sql_classify(arena, CASES[i].text).one_way,
                         strstr(CASES[i].text, "ADD VALUE") != NULL);
    assert_true(sql_classify(arena, "ALTER TYPE m ADD VALUE IF NOT EXISTS 'x' BEFORE 'y'").one_way);
}

static const struct {
    const char *text;
    const char *relations; /* joined by blanks, in order of appearance */
} RELATIONS[] = {
    {"SELECT * FROM a JOIN app.b USING (id), a", "a app.b"},
    {"WITH x AS (SELECT * FROM a) SELECT * FROM x JOIN s.x ON true", "s.x a"},
    {"INSERT INTO a SELECT * FROM b", "a b"},
    {"DROP TABLE a, app.b", "a app.b"},
    {"DROP INDEX i", ""},
    {"ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES b (id)", "a b"},
    {"CREATE INDEX i ON app.a (x)", "app.a"},
    {"SELECT 1", ""},
};

static void relations_are_listed_once(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(RELATIONS); i++) {
        SqlVerdict verdict = sql_classify(arena, RELATIONS[i].text);
        AUTO(text_done) Text joined;
        text_init(&joined, 1000);
        for (size_t k = 0; k < verdict.relations_count; k++)
            text_printf(&joined, "%s%s", k == 0 ? "" : " ", verdict.relations[k]);
        assert_string_equal(text_string(&joined), RELATIONS[i].relations);
    }
}

static void many_relations_are_all_there(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(text_done) Text text;
    text_init(&text, 100000);
    text_append(&text, "DROP TABLE t0");
    for (int i = 1; i < 100; i++)
        text_printf(&text, ", t%d", i);
    SqlVerdict verdict = sql_classify(arena, text_string(&text));
    assert_int_equal(verdict.relations_count, 100);
    assert_string_equal(verdict.relations[99], "t99");
}

static char *repeat(const char *before, const char *unit, int times, const char *after)
{
    Text text;
    text_init(&text, 8 << 20);
    text_append(&text, before);
    for (int i = 0; i < times; i++)
        text_append(&text, unit);
    text_append(&text, after);
    return text_take(&text);
}

static void depth_is_refused_and_never_fatal(void **state)
{
    UNUSED(state);
    static const struct {
        const char *before;
        const char *unit;
        const char *after;
    } DEEP[] = {
        {"SELECT 1", "+1", ""},      {"SELECT 'a'", "||'b'", ""},
        {"SELECT 1", "::int", ""},   {"SELECT 1", " UNION SELECT 1", ""},
        {"SELECT ", "NOT ", "true"}, {"SELECT ", "(", "1"},
        {"SELECT ", "ARRAY[", "1"},  {"SELECT * FROM a", " JOIN a ON true", ""},
    };
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(DEEP); i++) {
        AUTO(base_free) char *text = repeat(DEEP[i].before, DEEP[i].unit, 60000, DEEP[i].after);
        SqlVerdict verdict = sql_classify(arena, text);
        assert_true(verdict.class == SQL_REFUSED || verdict.class == SQL_UNKNOWN);
    }
    AUTO(base_free) char *wide = repeat("INSERT INTO t VALUES (0)", ",(1,'x')", 100000, "");
    assert_int_equal(sql_classify(arena, wide).class, SQL_WRITE);
}

static void the_table_is_well_made(void **state)
{
    UNUSED(state);
    const SqlRule *rule;
    for (size_t i = 0; (rule = sql_rule(i)) != NULL; i++) {
        int plain = 0;
        const SqlRule *other;
        for (size_t k = 0; (other = sql_rule(k)) != NULL; k++) {
            assert_true(k == i || strcmp(rule->title, other->title) != 0);
            plain += strcmp(rule->node, other->node) == 0 && other->applies == NULL;
        }
        assert_int_equal(plain, strcmp(rule->node, "*") == 0 ? 0 : 1);
        if (rule->class == SQL_REFUSED || rule->one_way)
            assert_true(rule->why[0] != '\0');
    }
}

static void the_page_is_the_table(void **state)
{
    UNUSED(state);
    AUTO(text_done) Text page;
    text_init(&page, 1 << 20);
    sql_docs(&page);
    FILE *file = fopen(HEADGATE_SOURCE_DIR "/docs/sql.md", "r");
    assert_non_null(file);
    AUTO(base_free) char *committed = base_alloc(1 << 20);
    committed[fread(committed, 1, (1 << 20) - 1, file)] = '\0';
    fclose(file);
    if (strcmp(committed, text_string(&page)) != 0 && getenv("HEADGATE_WRITE_DOCS") != NULL) {
        file = fopen(HEADGATE_SOURCE_DIR "/docs/sql.md", "w");
        assert_non_null(file);
        fputs(text_string(&page), file);
        fclose(file);
    }
    assert_string_equal(committed,
                        text_string(&page)); /* HEADGATE_WRITE_DOCS=1 rewrites the page */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_has_its_class),
        cmocka_unit_test(only_an_added_enum_value_is_one_way),
        cmocka_unit_test(relations_are_listed_once),
        cmocka_unit_test(many_relations_are_all_there),
        cmocka_unit_test(depth_is_refused_and_never_fatal),
        cmocka_unit_test(the_table_is_well_made),
        cmocka_unit_test(the_page_is_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
