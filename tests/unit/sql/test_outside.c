/* What statements outside transactions are about. */
#include "sql/outside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct Case {
    const char *sql;
    SqlOutside wanted;
} CASES[] = {
    {"CREATE INDEX CONCURRENTLY i ON t (a)",
     {.kind = SQL_OUTSIDE_CREATE_INDEX,
      .object = {NULL, "i"},
      .relation = {NULL, "t"},
      .form = " (a)"}},
    {"create unique index concurrently \"I\" on only \"S x\" . \"a\"\"b\" using btree(a) where b > "
     "0",
     {.kind = SQL_OUTSIDE_CREATE_INDEX,
      .object = {NULL, "I"},
      .relation = {"S x", "a\"b"},
      .unique = true,
      .form = " using btree(a) where b > 0"}},
    {"CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)", {.kind = SQL_OUTSIDE_UNKNOWN}},
    {"DROP INDEX CONCURRENTLY s.i", {.kind = SQL_OUTSIDE_DROP_INDEX, .object = {"s", "i"}}},
    {"DROP INDEX CONCURRENTLY IF EXISTS i",
     {.kind = SQL_OUTSIDE_DROP_INDEX, .object = {NULL, "i"}, .if_exists = true}},
    {"REINDEX INDEX CONCURRENTLY s.i", {.kind = SQL_OUTSIDE_REINDEX_INDEX, .object = {"s", "i"}}},
    {"REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
     {.kind = SQL_OUTSIDE_REINDEX_TABLE, .object = {NULL, "t"}}},
    {"REINDEX SCHEMA s", {.kind = SQL_OUTSIDE_REINDEX_MANY, .blocks = true}},
    {"REINDEX DATABASE CONCURRENTLY d", {.kind = SQL_OUTSIDE_REINDEX_MANY}},
    {"ALTER TABLE p DETACH PARTITION s.c CONCURRENTLY",
     {.kind = SQL_OUTSIDE_DETACH, .object = {"s", "c"}, .relation = {NULL, "p"}, .blocks = true}},
    {"VACUUM t", {.kind = SQL_OUTSIDE_REPEATABLE}},
    {"VACUUM (FULL) t", {.kind = SQL_OUTSIDE_REPEATABLE, .blocks = true}},
    {"CLUSTER", {.kind = SQL_OUTSIDE_REPEATABLE, .blocks = true}},
    {"ALTER SYSTEM SET work_mem = '8MB'", {.kind = SQL_OUTSIDE_REPEATABLE}},
    {"ALTER DATABASE d SET TABLESPACE x", {.kind = SQL_OUTSIDE_REPEATABLE}},
    {"CREATE DATABASE d", {.kind = SQL_OUTSIDE_CREATE_DATABASE, .object = {NULL, "d"}}},
    {"DROP DATABASE IF EXISTS d",
     {.kind = SQL_OUTSIDE_DROP_DATABASE, .object = {NULL, "d"}, .if_exists = true}},
    {"CREATE TABLESPACE x LOCATION '/x'",
     {.kind = SQL_OUTSIDE_CREATE_TABLESPACE, .object = {NULL, "x"}}},
    {"DROP TABLESPACE x", {.kind = SQL_OUTSIDE_DROP_TABLESPACE, .object = {NULL, "x"}}},
    {"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
     {.kind = SQL_OUTSIDE_CREATE_SUBSCRIPTION, .object = {NULL, "s"}}},
    {"DROP SUBSCRIPTION s", {.kind = SQL_OUTSIDE_DROP_SUBSCRIPTION, .object = {NULL, "s"}}},
    {"ALTER SUBSCRIPTION s REFRESH PUBLICATION", {.kind = SQL_OUTSIDE_REPEATABLE}},
    {"ALTER SUBSCRIPTION s ADD PUBLICATION p", {.kind = SQL_OUTSIDE_UNKNOWN}},
    {"SET maintenance_work_mem = '1GB'", {.kind = SQL_OUTSIDE_SESSION}},
    {"CALL p()", {.kind = SQL_OUTSIDE_UNKNOWN}},
    {"SOMETHING NEW", {.kind = SQL_OUTSIDE_UNKNOWN}},
};

static void same_text(const char *sql, const char *got, const char *wanted)
{
    if (!text_equal(got, wanted))
        fail_msg("%s: %s instead of %s", sql, got == NULL ? "nothing" : got,
                 wanted == NULL ? "nothing" : wanted);
}

static void statements_name_what_they_are_about(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        const SqlOutside *wanted = &CASES[i].wanted;
        SqlOutside got = sql_outside(arena, CASES[i].sql);
        same_text(CASES[i].sql, sql_outside_name(got.kind), sql_outside_name(wanted->kind));
        same_text(CASES[i].sql, got.object.schema, wanted->object.schema);
        same_text(CASES[i].sql, got.object.name, wanted->object.name);
        same_text(CASES[i].sql, got.relation.schema, wanted->relation.schema);
        same_text(CASES[i].sql, got.relation.name, wanted->relation.name);
        same_text(CASES[i].sql, got.form, wanted->form);
        if (got.unique != wanted->unique || got.if_exists != wanted->if_exists ||
            got.blocks != wanted->blocks)
            fail_msg("%s: another flag", CASES[i].sql);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_name_what_they_are_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
