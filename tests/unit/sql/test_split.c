/* Where statements begin, and on which line they stand. */
#include "sql/split.h"

#include "base/bounds.h"
#include "base/text.h"
#include "sql/position.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct Expected {
    const char *text;
    int line;
    bool parsed;
} Expected;

static void expect_split(const char *text, const Expected *expected, size_t expected_count)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlStatement *statements;
    size_t count;
    Error err = {0};
    assert_true(sql_split(arena, text, &statements, &count, &err));
    assert_int_equal(count, expected_count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(statements[i].text, expected[i].text);
        assert_int_equal(statements[i].length_bytes, strlen(expected[i].text));
        assert_memory_equal(text + statements[i].offset_bytes, expected[i].text,
                            strlen(expected[i].text));
        assert_int_equal(statements[i].line, expected[i].line);
        assert_int_equal(statements[i].parsed, expected[i].parsed);
        assert_true(statements[i].parsed == (statements[i].fault == NULL));
    }
}

#define EXPECT(text, ...)                                                                          \
    expect_split(text, (const Expected[]){__VA_ARGS__}, COUNT_OF(((const Expected[]){__VA_ARGS__})))

static void cuts_at_semicolons_outside_quotes(void **state)
{
    UNUSED(state);
    EXPECT("SELECT 1; SELECT 2", {"SELECT 1", 1, true}, {"SELECT 2", 1, true});
    EXPECT("SELECT ';'; SELECT $$;$$", {"SELECT ';'", 1, true}, {"SELECT $$;$$", 1, true});
    EXPECT("SELECT 1 /* ; */ ;\nSELECT \"a;b\" FROM t;", {"SELECT 1 /* ; */", 1, true},
           {"SELECT \"a;b\" FROM t", 2, true});
    EXPECT("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
           {"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", 1, true},
           {"SELECT 3", 1, true});
}

/* For the server a comment ends at either line break, so what stands behind a lone CR is run. */
static void a_comment_ends_where_the_server_ends_it(void **state)
{
    UNUSED(state);
    EXPECT("SELECT 1; -- why\rCOMMIT; SELECT 2", {"SELECT 1", 1, true}, {"COMMIT", 1, true},
           {"SELECT 2", 1, true});
    EXPECT("--x\r\nSELECT 1", {"SELECT 1", 2, true});
}

/* Both took minutes once: lines were counted from the start, and each piece was joined with all
 * that follow. */
static void many_statements_are_no_burden(void **state)
{
    UNUSED(state);
    static const char *const LINES[] = {"INSERT INTO t VALUES (1, 'some text');\n",
                                        "BEGIN ATOMIC x;\n"};
    enum { COUNT = 10000 };
    for (size_t i = 0; i < COUNT_OF(LINES); i++) {
        AUTO(arena_auto) Arena *arena = arena_new();
        AUTO(text_done) Text text;
        text_init(&text, BOUND_SQL_BYTES);
        for (int k = 0; k < COUNT; k++)
            text_append(&text, LINES[i]);
        SqlStatement *statements;
        size_t count;
        Error err = {0};
        assert_true(sql_split(arena, text_string(&text), &statements, &count, &err));
        assert_int_equal(count, COUNT);
        assert_int_equal(statements[COUNT - 1].line, COUNT);
    }
}

static void leaves_out_what_is_no_statement(void **state)
{
    UNUSED(state);
    static const char *const EMPTY[] = {"", " \n ", ";;", "-- only words", "/* a /* b */ c */ ;"};
    for (size_t i = 0; i < COUNT_OF(EMPTY); i++)
        expect_split(EMPTY[i], NULL, 0);
    EXPECT(";;SELECT 1;;;  ", {"SELECT 1", 1, true});
}

static void the_line_is_that_of_the_first_word(void **state)
{
    UNUSED(state);
    EXPECT("-- why\n/* and\n how */ SELECT 1;\n\n  -- next\nSELECT 2  \n", {"SELECT 1", 3, true},
           {"SELECT 2", 6, true});
    EXPECT("\r\n\r\nSELECT 1;\r\nSELECT 2", {"SELECT 1", 3, true}, {"SELECT 2", 4, true});
}

static void keeps_atomic_bodies_whole(void **state)
{
    UNUSED(state);
#define ATOMIC "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END"
    EXPECT(ATOMIC "; SELECT 3", {ATOMIC, 1, true}, {"SELECT 3", 1, true});
    /* also when another statement makes the parser give up */
    EXPECT("SELEC 1;\n" ATOMIC ";\nSELECT 3", {"SELEC 1", 1, false}, {ATOMIC, 2, true},
           {"SELECT 3", 3, true});
}

static void marks_what_does_not_parse(void **state)
{
    UNUSED(state);
    EXPECT("SELECT 1;\nSELEC 2;\nSELECT 3;", {"SELECT 1", 1, true}, {"SELEC 2", 2, false},
           {"SELECT 3", 3, true});
    EXPECT("SELECT 1;\nSELECT 'never ends;\nSELECT 3;", {"SELECT 1", 1, true},
           {"SELECT 'never ends;\nSELECT 3;", 2, false});
    EXPECT("a;b ';' c; SELECT 1; \\d t\nSELECT 2; d", {"a;b ';' c", 1, false},
           {"SELECT 1", 1, true}, {"\\d t\nSELECT 2", 1, false}, {"d", 2, false});
    EXPECT("SELECT 1 /* never ends", {"SELECT 1 /* never ends", 1, false});
}

static void a_fault_has_line_and_column_in_characters(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlStatement *statements;
    size_t count;
    Error err = {0};
    assert_true(
        sql_split(arena, "SELECT 'été';\nSELECT 'été' FRM t x;\n", &statements, &count, &err));
    assert_int_equal(count, 2);
    assert_string_equal(statements[1].fault, "syntax error at or near \"t\"");
    assert_int_equal(statements[1].fault_line, 2);
    assert_int_equal(statements[1].fault_column, 18);
}

static void positions_count_characters(void **state)
{
    UNUSED(state);
    static const struct {
        const char *text;
        int cursor;
        int line;
        int column;
    } CASES[] = {
        {"abc", 1, 1, 1}, {"abc", 3, 1, 3},     {"abc", 4, 1, 4},     {"abc", 99, 1, 4},
        {"abc", 0, 1, 4}, {"é\nüß x", 3, 2, 1}, {"é\nüß x", 6, 2, 4}, {"", 1, 1, 1},
        {"a\n", 3, 2, 1}, {"\n\n\nx", 4, 4, 1}, {"a😀b", 3, 1, 3},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        int line = 0;
        int column = 0;
        sql_position(CASES[i].text, CASES[i].cursor, &line, &column);
        assert_int_equal(line, CASES[i].line);
        assert_int_equal(column, CASES[i].column);
    }
}

static void refuses_text_it_must_not_read(void **state)
{
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlStatement *statements;
    size_t count;
    Error err = {0};
    assert_false(sql_split(arena, "SELECT '\xff'", &statements, &count, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_string_equal(err.message, "the SQL is not UTF-8 text");
    size_t bytes = (size_t)BOUND_SQL_BYTES + 1;
    AUTO(base_free) char *large = base_alloc(bytes + 1);
    memset(large, ' ', bytes);
    assert_false(sql_split(arena, large, &statements, &count, &err));
    assert_non_null(strstr(err.message, "bytes long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_at_semicolons_outside_quotes),
        cmocka_unit_test(leaves_out_what_is_no_statement),
        cmocka_unit_test(a_comment_ends_where_the_server_ends_it),
        cmocka_unit_test(many_statements_are_no_burden),
        cmocka_unit_test(the_line_is_that_of_the_first_word),
        cmocka_unit_test(keeps_atomic_bodies_whole),
        cmocka_unit_test(marks_what_does_not_parse),
        cmocka_unit_test(a_fault_has_line_and_column_in_characters),
        cmocka_unit_test(positions_count_characters),
        cmocka_unit_test(refuses_text_it_must_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
