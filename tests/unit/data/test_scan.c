/* Where records begin and end, whatever the buffer holds of them. */
#include "data/csv.h"
#include "data/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { PIECES_MAX = 32 };

typedef struct Found {
    size_t offset;
    size_t size;
    int64_t line;
    const char *problem;
} Found;

typedef struct Split {
    Found found[PIECES_MAX];
    size_t count;
} Split;

/* As a source reads: at first border bytes are in hand, and step more each time that more are asked
 * for. */
static Split split(DataFormat format, const char *text, size_t size, size_t border, size_t step)
{
    Split all = {0};
    DataScan scan;
    size_t at = 0;
    size_t have = border;
    data_scan_init(&scan, format, SCAN_START, 1);
    for (;;) {
        DataScanPiece piece;
        DataScanStep said = data_scan(&scan, text + at, have - at, have == size, &piece);
        if (said == SCAN_END)
            return all;
        if (said == SCAN_MORE) {
            assert_true(have < size);
            at += piece.skipped;
            have = size - have < step ? size : have + step;
            continue;
        }
        assert_true(all.count < PIECES_MAX);
        all.found[all.count++] = (Found){at + piece.skipped, piece.size, piece.line, piece.problem};
        at += piece.consumed;
    }
}

static void expect_same(const Split *a, const Split *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->found[i].offset, b->found[i].offset);
        assert_int_equal(a->found[i].size, b->found[i].size);
        assert_int_equal(a->found[i].line, b->found[i].line);
        assert_ptr_equal(a->found[i].problem, b->found[i].problem);
    }
}

/* The same records wherever the buffer ends. */
static Split split_everywhere(DataFormat format, const char *text, size_t size)
{
    Split whole = split(format, text, size, size, size);
    for (size_t border = 0; border < size; border++) {
        Split halves = split(format, text, size, border, size);
        expect_same(&whole, &halves);
    }
    Split bytes = split(format, text, size, 0, 1);
    expect_same(&whole, &bytes);
    return whole;
}

static void expect(DataFormat format, const char *text, const char *const *records, size_t count)
{
    Split all = split_everywhere(format, text, strlen(text));
    assert_int_equal(all.count, count);
    for (size_t i = 0; i < count; i++) {
        const Found *found = &all.found[i];
        assert_int_equal(found->size, strlen(records[i]));
        assert_memory_equal(text + found->offset, records[i], found->size);
    }
}

#define EXPECT(format, text, ...)                                                                  \
    expect(format, text, (const char *const[]){__VA_ARGS__},                                       \
           COUNT_OF(((const char *const[]){__VA_ARGS__})))

static void test_a_line_is_a_record_with_the_blanks_it_begins_with(void **state)
{
    UNUSED(state);
    EXPECT(FORMAT_NDJSON, "{}\n  {\"a\": 1}\r\n\n \t\r\n\t[]\n  ", "{}", "  {\"a\": 1}", "\t[]");
    EXPECT(FORMAT_NDJSON, " \n\xef\xbb\xbf", "\xef\xbb\xbf");
    EXPECT(FORMAT_NDJSON, "\xef\xbb\xbf\n {}", " {}");
    assert_int_equal(split_everywhere(FORMAT_NDJSON, "", 0).count, 0);
    assert_int_equal(split_everywhere(FORMAT_NDJSON, " \n\r\n ", 5).count, 0);
    Split lines = split_everywhere(FORMAT_NDJSON, "1\n\n \n 2\n", 8);
    assert_int_equal(lines.found[1].line, 4);
}

static void test_a_quote_inside_a_field_is_a_byte_like_others(void **state)
{
    UNUSED(state);
    EXPECT(FORMAT_CSV, "2,5\" disk\n3,good\n5,7\" disk\r\n", "2,5\" disk", "3,good", "5,7\" disk");
    EXPECT(FORMAT_TSV, "2\t5\" disk\n3,\"good\n4\t\"a\n\"\n", "2\t5\" disk", "3,\"good",
           "4\t\"a\n\"");
    EXPECT(FORMAT_CSV, "\"a\n\"\"b\"\"\",\"\"\nc\t\"d\n", "\"a\n\"\"b\"\"\",\"\"", "c\t\"d");
    /* wrong, but no more than its own line */
    EXPECT(FORMAT_CSV, "\"a\"b\"\nc,\"d\" \"\ne", "\"a\"b\"", "c,\"d\" \"", "e");
}

static bool csv_reads(Arena *arena, const char *row, size_t size)
{
    DataCsvField *fields = NULL;
    size_t count = 0;
    Error err = {0};
    return data_csv_split(row, size, ',', arena, &fields, &count, &err);
}

/* A row goes on behind a line end exactly where its fields say so: cut there, it cannot be read. */
static void expect_as_fields_say(const char *text, const Split *rows)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < rows->count; i++) {
        const char *row = text + rows->found[i].offset;
        size_t size = rows->found[i].size;
        bool reads = csv_reads(arena, row, size);
        if (rows->found[i].problem != NULL)
            assert_false(reads);
        for (size_t at = 0; at < size; at++) {
            if (row[at] == '\n')
                assert_false(csv_reads(arena, row, at));
        }
    }
}

/* All texts of these bytes up to a length, and each with the end of the buffer everywhere. */
static void test_rows_end_where_their_fields_do(void **state)
{
    static const char BYTES[] = "a,\"\n\r";
    enum { KINDS = sizeof(BYTES) - 1, LENGTH = 7 };
    UNUSED(state);
    size_t texts = 1;
    for (size_t length = 1; length <= LENGTH; length++) {
        texts *= KINDS;
        for (size_t number = 0; number < texts; number++) {
            char text[LENGTH];
            size_t rest = number;
            for (size_t i = 0; i < length; i++, rest /= KINDS)
                text[i] = BYTES[rest % KINDS];
            Split rows = split_everywhere(FORMAT_CSV, text, length);
            expect_as_fields_say(text, &rows);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_a_record_with_the_blanks_it_begins_with),
        cmocka_unit_test(test_a_quote_inside_a_field_is_a_byte_like_others),
        cmocka_unit_test(test_rows_end_where_their_fields_do),
    };
    return cmocka_run_group_tests_name("data/scan", tests, NULL, NULL);
}
