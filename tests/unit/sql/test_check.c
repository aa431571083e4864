/* The messages that authors read. */
#include "sql/check.h"

#include "sql/expression.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct FileCase {
    const char *text;
    SqlTransaction transaction;
    bool outside;
    const char *message; /* NULL = accepted */
} FILES[] = {
    {"CREATE TABLE t (); SELECT 1", SQL_TRANSACTION_UNSAID, false, NULL},
    {"CREATE TABLE t ()", SQL_TRANSACTION_YES, false, NULL},
    {"VACUUM t;\nVACUUM u", SQL_TRANSACTION_UNSAID, true, NULL},
    {"CALL p()", SQL_TRANSACTION_NO, true, NULL},
    {"VACUUM t; SELECT 1", SQL_TRANSACTION_NO, true, NULL},
    {"SELECT 1 NEW GRAMMAR", SQL_TRANSACTION_YES, false, NULL},
    {"SELECT 1 NEW GRAMMAR", SQL_TRANSACTION_NO, true, NULL},
    {"ALTER TABLE t ADD a int;\n\nCREATE INDEX CONCURRENTLY i ON t (a);", SQL_TRANSACTION_UNSAID,
     false,
     "x.sql:12: this statement cannot run in a transaction, but the one on line 10 belongs in one; "
     "they "
     "need separate steps"},
    {"VACUUM t;\nSELECT 1", SQL_TRANSACTION_UNSAID, false,
     "x.sql:11: this statement belongs in a transaction, but the one on line 10 cannot run in one; "
     "they "
     "need separate steps"},
    {"SELECT 1;\nVACUUM t", SQL_TRANSACTION_YES, false,
     "x.sql:11: VACUUM cannot run in a transaction"},
    {"SELECT 1;\n COMMIT;", SQL_TRANSACTION_UNSAID, false,
     "x.sql:11: BEGIN, COMMIT, ROLLBACK, SAVEPOINT, PREPARE TRANSACTION, ... is not allowed in a "
     "plan: the "
     "runtime begins and ends transactions, so that an effect and its ledger row commit together"},
    {"SET ROLE x", SQL_TRANSACTION_NO, false,
     "x.sql:10: SET ROLE, SESSION AUTHORIZATION, session_replication_role, ... (guarded settings) "
     "is not "
     "allowed in a plan: the runtime depends on this setting and keeps it itself"},
    {"", SQL_TRANSACTION_UNSAID, false, "x.sql:10: there is no SQL statement here"},
    {"-- later", SQL_TRANSACTION_YES, false, "x.sql:10: there is no SQL statement here"},
    {"CREATE TABLE t (\n  a int,\n  b int c\n);", SQL_TRANSACTION_UNSAID, false,
     "x.sql:12:9: syntax error at or near \"c\""},
    {"SELECT 'abc", SQL_TRANSACTION_UNSAID, false,
     "x.sql:10:8: unterminated quoted string at or near \"'abc\""},
    {"SELECT 1;\n\\d t\n", SQL_TRANSACTION_UNSAID, false,
     "x.sql:11:1: syntax error at or near \"\\\": commands and variables of psql are not SQL"},
    {"\\set x 1\nSELECT 1", SQL_TRANSACTION_YES, false,
     "x.sql:10:1: syntax error at or near \"\\\": commands and variables of psql are not SQL"},
    {"SELECT :name", SQL_TRANSACTION_UNSAID, false,
     "x.sql:10:8: syntax error at or near \":\": commands and variables of psql are not SQL"},
    {"COPY t FROM stdin;\n1\tit's\n\\.\n", SQL_TRANSACTION_UNSAID, false,
     "x.sql:10: COPY ... FROM STDIN is not allowed in a plan: a plan has no input to copy from; "
     "use INSERT, "
     "or a file on the server"},
    {"SELECT '\xff'", SQL_TRANSACTION_UNSAID, false, "x.sql:10: the SQL is not UTF-8 text"},
};

static void files_are_checked_with_their_lines(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(FILES); i++) {
        SqlFile file = {.text = FILES[i].text,
                        .file = "x.sql",
                        .first_line = 10,
                        .transaction = FILES[i].transaction};
        Error err = {0};
        bool outside = false;
        bool accepted = sql_check_file(&file, &outside, &err);
        if (accepted != (FILES[i].message == NULL))
            print_message("%s: %s\n", FILES[i].text, err.message);
        assert_int_equal(accepted, FILES[i].message == NULL);
        if (!accepted)
            assert_string_equal(err.message, FILES[i].message);
        assert_int_equal(outside, FILES[i].outside);
    }
}

static void a_newer_grammar_needs_a_word(void **state)
{
    UNUSED(state);
    SqlFile file = {.text = "SELECT 1 NEW GRAMMAR", .file = "x.sql", .first_line = 1};
    Error err = {0};
    bool outside = false;
    assert_false(sql_check_file(&file, &outside, &err));
    assert_string_equal(err.hint,
                        "read by the grammar of PostgreSQL 15; if a newer server knows it, say "
                        "transaction = true or false");
}

static void only_one_reading_statement_asks(void **state)
{
    UNUSED(state);
    static const struct {
        const char *text;
        const char *message;
    } READS[] = {
        {"SELECT count(*) FROM t;", NULL},
        {"SHOW server_version_num", NULL},
        {"SELECT 1;\nSELECT 2", "p.lua:4: one statement is expected here, not 2"},
        {"DELETE FROM t", "p.lua:3: only reading is allowed here, not DELETE"},
        {"SELECT 1 FROM t FOR UPDATE", "p.lua:3: only reading is allowed here, not SELECT with FOR "
                                       "UPDATE or FOR SHARE, or with a "
                                       "writing WITH"},
        {"VACUUM", "p.lua:3: only reading is allowed here, not VACUUM"},
        {"SELEC", "p.lua:3:1: syntax error at or near \"SELEC\""},
    };
    for (size_t i = 0; i < COUNT_OF(READS); i++) {
        SqlFile file = {.text = READS[i].text, .file = "p.lua", .first_line = 3};
        Error err = {0};
        assert_int_equal(sql_check_read(&file, &err), READS[i].message == NULL);
        if (READS[i].message != NULL)
            assert_string_equal(err.message, READS[i].message);
    }
}

static const char *const EXPRESSIONS[] = {
    "canonical_event IS NULL",
    "a = 1 OR b = 2",
    "(a = 1) OR (b = 2)",
    "lower(name) || ';' || 'x) OR (1=1'",
    "EXISTS (SELECT 1 FROM u WHERE u.id = t.id ORDER BY 1 LIMIT 1)",
    "a /* why */ + 1",
    "CASE WHEN a THEN 1 ELSE 2 END",
    "\"quoted \"\" name\" > 0",
    "  x  ",
    "ARRAY[1, 2]",
    "x COLLATE \"C\" < 'y'",
    "-- first a comment\n x",
};

static void expressions_are_accepted(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(EXPRESSIONS); i++) {
        Error err = {0};
        if (!sql_check_expression(EXPRESSIONS[i], &err))
            print_message("%s: %s\n", EXPRESSIONS[i], err.message);
        assert_string_equal(err.message, "");
    }
}

static const struct {
    const char *text;
    const char *message;
} NO_EXPRESSIONS[] = {
    {"", "an expression is expected"},
    {"  -- nothing", "an expression is expected"},
    {"a, b", "one expression is expected, not a list"},
    {"a FROM t", "only an expression is expected, no further clause"},
    {"a WHERE b", "only an expression is expected, no further clause"},
    {"a ORDER BY b", "only an expression is expected, no further clause"},
    {"a LIMIT 1", "only an expression is expected, no further clause"},
    {"a INTO b", "only an expression is expected, no further clause"},
    {"a UNION SELECT b", "only an expression is expected, no further clause"},
    {"a FOR UPDATE", "only an expression is expected, no further clause"},
    {"DISTINCT a", "only an expression is expected, no further clause"},
    {"a AS b", "an expression is expected, without a name behind it"},
    {"a b", "an expression is expected, without a name behind it"},
    {"*", "one value is expected, not a row"},
    {"t.*", "one value is expected, not a row"},
    {"(a, b)", "one value is expected, not a row"},
    {"$1 = a", "parameters ($1) are not given here"},
    {"set_config('role', 'x', true) = ''", "set_config() may not change this setting"},
    {"a = 1; DROP TABLE t", "one expression is expected, not several statements"},
    {"a = 1) OR (1 = 1",
     "not one SQL expression: syntax error at or near \")\" at line 1, column 6"},
    {"id = 1) OR (1=1; DROP",
     "not one SQL expression: syntax error at or near \")\" at line 1, column 7"},
    {"ALL a", "not one SQL expression: syntax error at or near \"ALL\" at line 1, column 1"},
    {"a;", "not one SQL expression: syntax error at or near \";\" at line 1, column 2"},
    {"a -- runs on", "not one SQL expression: syntax error at end of input at line 1, column 13"},
    {"a /* runs on",
     "not one SQL expression: unterminated /* comment at or near \"/* runs on\" at line "
     "1, column 3"},
    {"a = 'x",
     "not one SQL expression: unterminated quoted string at or near \"'x\" at line 1, column 5"},
    {"a =\n", "not one SQL expression: syntax error at end of input at line 2, column 1"},
    {"(a", "not one SQL expression: syntax error at end of input at line 1, column 3"},
};

static void everything_else_is_not(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(NO_EXPRESSIONS); i++) {
        Error err = {0};
        if (sql_check_expression(NO_EXPRESSIONS[i].text, &err))
            print_message("accepted: %s\n", NO_EXPRESSIONS[i].text);
        assert_string_equal(err.message, NO_EXPRESSIONS[i].message);
        assert_int_equal(err.kind, ERROR_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_checked_with_their_lines),
        cmocka_unit_test(a_newer_grammar_needs_a_word),
        cmocka_unit_test(only_one_reading_statement_asks),
        cmocka_unit_test(expressions_are_accepted),
        cmocka_unit_test(everything_else_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
