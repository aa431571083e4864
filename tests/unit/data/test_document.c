/* The lazy document against fixed cases, and against jansson on generated and damaged texts. */
#include "base/bounds.h"
#include "base/clock.h"
#include "base/json.h"
#include "data/document.h"
#include "data/jsonb.h"
#include "data/writer.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool parses(const char *text)
{
    DataDocument document = {0};
    Error err = {0};
    bool ok = data_document_parse(&document, text, strlen(text), &err);
    if (!ok)
        assert_int_equal(err.kind, ERROR_INPUT);
    data_document_done(&document);
    return ok;
}

static void test_accepts(void **state)
{
    UNUSED(state);
    static const char *const GOOD[] = {
        "null",
        " true ",
        "0",
        "-0",
        "-1.5e+10",
        "\"\"",
        "[]",
        "{}",
        "[[],{}]",
        "{\"a\":[1,2,{\"b\":null}],\"c\":\"\\u00e9\\ud83d\\ude00\"}",
        "\"\\\\\"",
        "\"\xc3\xa9\"",
        "1e5",
        "820982911946154508",
        "\"0123456\\\"789\"",
        "\t[\n1 ,\r2 ]",
    };
    for (size_t i = 0; i < COUNT_OF(GOOD); i++) {
        if (!parses(GOOD[i]))
            fail_msg("refused %s", GOOD[i]);
    }
}

static void test_refuses(void **state)
{
    UNUSED(state);
    static const char *const BAD[] = {
        "",
        " ",
        "nul",
        "truex",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "-",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\x80\"",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\x01\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "]",
        "}",
        "[}",
        "{]",
        "1 2",
        "\"\\",
        "\"abcdefgh",
        "{\"a\":1]",
        "NaN",
        "[1}",
    };
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        if (parses(BAD[i]))
            fail_msg("accepted %s", BAD[i]);
    }
}

static void test_depth(void **state)
{
    UNUSED(state);
    char text[2 * BOUND_DOCUMENT_DEPTH + 3];
    for (int depth = BOUND_DOCUMENT_DEPTH; depth <= BOUND_DOCUMENT_DEPTH + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = '\0';
        assert_int_equal(parses(text), depth == BOUND_DOCUMENT_DEPTH);
    }
}

static void test_look_ups(void **state)
{
    UNUSED(state);
    const char *text = "{\"id\": 820982911946154508, \"items\": [ {\"t\":\"A\"}, {\"t\":\"B\"} ],"
                       " \"e\\u0061\": \"x\\n\", \"none\": [], \"id2\": 1, \"id2\": 2}";
    DataDocument document = {0};
    Text scratch;
    Error err;
    text_init(&scratch, 1000);
    assert_true(data_document_parse(&document, text, strlen(text), &err));
    int64_t id = 0;
    assert_true(data_document_int(&document, data_document_find(&document, 0, "id", 2), &id));
    assert_true(id == 820982911946154508);
    uint32_t items = data_document_find(&document, 0, "items", 5);
    assert_int_equal(data_document_node(&document, items)->count, 2);
    uint32_t second = data_document_at(&document, items, 2);
    size_t bytes;
    uint32_t title = data_document_find(&document, second, "t", 1);
    assert_memory_equal(data_document_string(&document, title, &scratch, &bytes), "B", 1);
    assert_int_equal(bytes, 1);
    assert_memory_equal(data_document_raw(&document, second, &bytes), "{\"t\":\"B\"}", 9);
    assert_int_equal(bytes, 9);
    uint32_t escaped = data_document_find(&document, 0, "ea", 2);
    assert_string_equal(data_document_string(&document, escaped, &scratch, &bytes), "x\n");
    uint32_t none = data_document_find(&document, 0, "none", 4);
    assert_int_equal(data_document_node(&document, none)->count, 0);
    assert_true(data_document_int(&document, data_document_find(&document, 0, "id2", 3), &id));
    assert_int_equal(id, 2);
    assert_int_equal(data_document_find(&document, 0, "i", 1), DOCUMENT_NONE);
    assert_int_equal(data_document_find(&document, items, "t", 1), DOCUMENT_NONE);
    assert_int_equal(data_document_at(&document, items, 3), DOCUMENT_NONE);
    assert_int_equal(data_document_at(&document, items, 0), DOCUMENT_NONE);
    text_done(&scratch);
    data_document_done(&document);
}

static void test_numbers(void **state)
{
    UNUSED(state);
    static const struct {
        const char *text;
        bool is_int;
        bool is_double;
    } CASES[] = {
        {"0", true, true},
        {"-0", false, true},
        {"9223372036854775807", true, false},
        {"9223372036854775808", false, false},
        {"-9223372036854775808", true, false},
        {"-9223372036854775809", false, false},
        {"1.0", false, false},
        {"100.00", false, false},
        {"99.99", false, true},
        {"0.1", false, true},
        {"-0.0001", false, true},
        {"0.00001", false, false},
        {"123456789012345.5", false, true},
        {"12345678901234567.5", false, false},
        {"1e3", false, false},
        {"1e+300", false, true},
        {"1e-05", false, true},
        {"0.30000000000000004", false, true},
        {"1e999", false, false},
        {"0.1234567890123456789", false, false},
        {"12345678901234567890123", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        int64_t whole;
        double number;
        size_t bytes = strlen(CASES[i].text);
        assert_true(data_decimal_valid(CASES[i].text, bytes));
        if (data_decimal_int(CASES[i].text, bytes, &whole) != CASES[i].is_int ||
            data_decimal_double(CASES[i].text, bytes, &number) != CASES[i].is_double)
            fail_msg("number %s", CASES[i].text);
    }
    assert_false(data_decimal_valid("NaN", 3));
    assert_false(data_decimal_valid("1x", 2));
}

/* What data_decimal_double accepts is written back byte for byte: over many decimals of many
 * shapes. */
static void test_decimals_return(void **state)
{
    UNUSED(state);
    int accepted = 0;
    for (int i = 0; i < 200000; i++) {
        char text[48];
        uint32_t whole = clock_random(1u << (clock_random(31) + 1));
        uint32_t digits = clock_random(10);
        uint32_t fraction = clock_random(1000000000);
        snprintf(text, sizeof(text), "%s%u.%0*u", clock_random(2) ? "-" : "", whole, (int)digits,
                 fraction);
        double value;
        if (!data_decimal_double(text, strlen(text), &value))
            continue;
        accepted++;
        char again[32];
        data_writer_double_text(value, again);
        assert_string_equal(again, text);
        assert_true(strtod(text, NULL) == value);
    }
    assert_true(accepted > 100000);
}

/* As printf finds the shortest spelling, digit by digit. */
static void shortest(double value, char *out, size_t size)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, size, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return;
    }
}

static void test_doubles_are_written_shortest(void **state)
{
    UNUSED(state);
    static const double EDGES[] = {
        0,       -0.0,   1,     -1,          0.1,         1e-4,
        9.99e-5, 1e15,   1e14,  0.1 + 0.2,   99999.995,   999999999999999,
        1e-5,    123e18, 1e300, 4.9406e-324, 0.000123456, 1000.5};
    char expected[32];
    char written[32];
    for (size_t i = 0; i < COUNT_OF(EDGES) + 200000; i++) {
        double value = i < COUNT_OF(EDGES) ? EDGES[i] : 0;
        uint64_t bits = (uint64_t)clock_random(UINT32_MAX) << 32 | clock_random(UINT32_MAX);
        if (i >= COUNT_OF(EDGES) && i % 3 == 0)
            memcpy(&value, &bits, sizeof(value));
        else if (i >= COUNT_OF(EDGES))
            value = (double)(bits >> clock_random(64)) / pow(10, clock_random(20));
        if (value - value != 0)
            continue; /* JSON has neither infinities nor NaN */
        shortest(value, expected, sizeof(expected));
        int length = data_writer_double_text(value, written);
        assert_string_equal(written, expected);
        assert_int_equal(length, strlen(expected));
    }
}

static void test_ints(void **state)
{
    UNUSED(state);
    static const int64_t VALUES[] = {0, 7, -7, 10, 820982911946154508, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < COUNT_OF(VALUES); i++) {
        char expected[32];
        Text out;
        text_init(&out, 64);
        data_writer_int(&out, VALUES[i]);
        snprintf(expected, sizeof(expected), "%" PRId64, VALUES[i]);
        assert_string_equal(text_string(&out), expected);
        text_done(&out);
    }
}

/* ---------------------------------------------------------------- against jansson */

static void generate(Text *out, int depth)
{
    static const char *const SCALARS[] = {
        "null",
        "true",
        "false",
        "0",
        "-17",
        "820982911946154508",
        "99.99",
        "100.00",
        "1e5",
        "\"\"",
        "\"Z\xc3\xbcrich\"",
        "\"a\\\"b\\\\c\\/\\n\"",
        "\"\\u00e9\\ud83d\\ude00\"",
        "\"plain text, longer\"",
        "[]",
        "{}",
        " [ ] ",
        "\"\xf0\x9f\x98\x80\"",
    };
    uint32_t pick = depth == 0 ? 2 : clock_random(4);
    if (pick >= 2) {
        text_append(out, SCALARS[clock_random((uint32_t)COUNT_OF(SCALARS))]);
        return;
    }
    uint32_t count = clock_random(5);
    text_append_char(out, pick == 0 ? '[' : '{');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            text_append(out, ", ");
        if (pick == 1)
            text_printf(out, "\"k%s%u\": ", clock_random(9) == 0 ? "\\u0041" : "", i);
        generate(out, depth - 1);
    }
    text_append_char(out, pick == 0 ? ']' : '}');
}

/* Writes the document again from its nodes, every text decoded and encoded anew. */
static uint32_t rewrite(const DataDocument *document, uint32_t node, Text *out)
{
    const DataDocumentNode *at = data_document_node(document, node);
    size_t bytes;
    Error err;
    Text scratch;
    if (at->kind == DOCUMENT_STRING) {
        text_init(&scratch, BOUND_DOCUMENT_BYTES);
        const char *decoded = data_document_string(document, node, &scratch, &bytes);
        assert_true(data_writer_string(out, decoded, bytes, &err));
        text_done(&scratch);
    } else if (at->kind == DOCUMENT_ARRAY || at->kind == DOCUMENT_OBJECT) {
        bool object = at->kind == DOCUMENT_OBJECT;
        text_append_char(out, object ? '{' : '[');
        uint32_t inside = node + 1;
        for (uint32_t i = 0; i < at->count; i++) {
            text_append(out, i > 0 ? "," : "");
            if (object) {
                inside = rewrite(document, inside, out);
                text_append_char(out, ':');
            }
            inside = rewrite(document, inside, out);
        }
        assert_int_equal(inside, at->next);
        text_append_char(out, object ? '}' : ']');
    } else {
        const char *raw = data_document_raw(document, node, &bytes);
        text_append_bytes(out, raw, bytes);
    }
    return at->next;
}

static void test_generated(void **state)
{
    UNUSED(state);
    DataDocument document = {0};
    Text text;
    Text again;
    Error err;
    text_init(&text, 1 << 20);
    text_init(&again, 1 << 20);
    for (int i = 0; i < 3000; i++) {
        text_clear(&text);
        text_clear(&again);
        generate(&text, 6);
        assert_true(data_document_parse(&document, text_string(&text), text.length_bytes, &err));
        rewrite(&document, 0, &again);
        AUTO(json_auto) json_t *theirs = json_parse(text_string(&text), text.length_bytes, &err);
        AUTO(json_auto) json_t *ours = json_parse(text_string(&again), again.length_bytes, &err);
        assert_non_null(theirs);
        assert_true(json_equal(theirs, ours));
    }
    text_done(&text);
    text_done(&again);
    data_document_done(&document);
}

/* Damaged texts: never a crash (the sanitizers watch), and the same verdict as jansson wherever it
 * has one. */
static void test_damaged(void **state)
{
    UNUSED(state);
    static const char BYTES[] = "{}[]\",:\\u0019eE+-. ntf\x80\xc3\xff\n";
    DataDocument document = {0};
    Text text;
    text_init(&text, 1 << 20);
    for (int i = 0; i < 20000; i++) {
        text_clear(&text);
        generate(&text, 4);
        uint32_t hits = 1 + clock_random(3);
        for (uint32_t hit = 0; hit < hits && text.length_bytes > 0; hit++)
            text.data[clock_random((uint32_t)text.length_bytes)] =
                BYTES[clock_random((uint32_t)sizeof(BYTES) - 1)];
        size_t bytes = clock_random(4) == 0 ? clock_random((uint32_t)text.length_bytes + 1)
                                            : text.length_bytes;
        /* an exact copy, so that a byte too far is seen */
        char *copy = malloc(bytes == 0 ? 1 : bytes);
        memcpy(copy, text_string(&text), bytes);
        Error err;
        bool ours = data_document_parse(&document, copy, bytes, &err);
        json_error_t problem;
        json_t *theirs = json_loadb(copy, bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);
        bool overflow = strstr(problem.text, "too big") != NULL ||
                        strstr(problem.text, "real number overflow") != NULL ||
                        strstr(problem.text, "NUL byte in object key") != NULL;
        if (!overflow && ours != (theirs != NULL))
            fail_msg("verdicts differ (%s): %.*s", problem.text, (int)bytes, copy);
        json_decref(theirs);
        free(copy);
    }
    text_done(&text);
    data_document_done(&document);
}

static void test_writer(void **state)
{
    UNUSED(state);
    Text out;
    Error err;
    text_init(&out, 1000);
    assert_true(data_writer_string(&out, "a\"\\\n\x01\0z\xc3\xa9", 9, &err));
    assert_string_equal(text_string(&out), "\"a\\\"\\\\\\n\\u0001\\u0000z\xc3\xa9\"");
    text_clear(&out);
    data_writer_int(&out, INT64_MIN);
    assert_string_equal(text_string(&out), "-9223372036854775808");
    text_clear(&out);
    assert_true(data_writer_double(&out, 100, &err));
    assert_string_equal(text_string(&out), "100");
    assert_false(data_writer_double(&out, strtod("nan", NULL), &err));
    assert_string_equal(err.message, "JSON has no number for NaN");
    assert_false(data_writer_string(&out, "ab\xff", 3, &err));
    assert_string_equal(err.message, "the text is not UTF-8 at byte 2");
    text_done(&out);
}

static void test_what_jsonb_takes(void **state)
{
    static const struct {
        const char *text;
        bool takes;
    } CASES[] = {
        {"{\"k\": [1.50, -1e20, 1E-7, null, true]}", true},
        {"\"\\\\u0000\"", true}, /* a backslash, then letters */
        {"\"\\ud83d\\ude00\"", true},
        {"\"a\\u0000\"", false},
        {"{\"\\u0000\": 1}", false},
        {"\"\\ud800\"", false},
        {"1e9999999", false},
        {"{", false},
        {"\"\xff\"", false},
    };
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        if (data_jsonb_takes(CASES[i].text, strlen(CASES[i].text)) != CASES[i].takes)
            fail_msg("%s", CASES[i].text);
    }
}

static void test_cleaned(void **state)
{
    UNUSED(state);
    Text out;
    text_init(&out, 1000);
    assert_int_equal(data_jsonb_clean(&out, "a\xd0\xb6z", 4, 100), 4);
    assert_string_equal(text_string(&out), "a\xd0\xb6z");
    text_clear(&out);
    assert_int_equal(data_jsonb_clean(&out, "a\xd0\xb6z", 4, 2), 1);
    assert_string_equal(text_string(&out), "a");
    text_clear(&out);
    assert_int_equal(data_jsonb_clean(&out, "a\0\xff\xd0", 4, 4), 4);
    assert_string_equal(text_string(&out), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    text_done(&out);
}

int main(void)
{
    setenv("HEADGATE_SEED", "7", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_look_ups),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_decimals_return),
        cmocka_unit_test(test_doubles_are_written_shortest),
        cmocka_unit_test(test_ints),
        cmocka_unit_test(test_generated),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_what_jsonb_takes),
        cmocka_unit_test(test_cleaned),
    };
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
