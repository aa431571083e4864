/* Records out of files, without a database. */
#include "data/record.h"

#include "base/bounds.h"
#include "loop/fiber.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEEN_MAX = 64 };

static Loop *loop;
static char folder[] = "/tmp/headgate-record-XXXXXX";

typedef struct File {
    char name[16];
    char size[24];
    char changed[24];
} File;

static File write_file(const char *name, const char *text, size_t bytes)
{
    File file;
    struct stat about;
    AUTO(base_free) char *path = base_printf("%s/%s", folder, name);
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, bytes, out), bytes);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(stat(path, &about), 0);
    snprintf(file.name, sizeof(file.name), "%s", name);
    snprintf(file.size, sizeof(file.size), "%zu", bytes);
    snprintf(file.changed, sizeof(file.changed), "%lld",
             (long long)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec);
    return file;
}

static void remove_file(const File *file)
{
    AUTO(base_free) char *path = base_printf("%s/%s", folder, file->name);
    assert_int_equal(unlink(path), 0);
}

/* What a file's ranges hold, in their order. */
typedef struct Seen {
    size_t count;
    int64_t offsets[SEEN_MAX];
    int64_t lines[SEEN_MAX];
    char *failed[SEEN_MAX]; /* NULL: it was read */
} Seen;

static void forget(Seen *seen)
{
    for (size_t i = 0; i < seen->count; i++)
        free(seen->failed[i]);
    *seen = (Seen){0};
}

/* A chunk at a time, each by a source that goes on where the one before it ended. */
static bool try_range(const File *file, size_t from, size_t to, Seen *seen, Error *err)
{
    char places[2][24];
    DataImport import = {.root = folder, .format = FORMATS};
    DataSpec spec = {.import = &import};
    DataJob job = {.spec = &spec};
    snprintf(places[0], sizeof(places[0]), "%zu", from);
    snprintf(places[1], sizeof(places[1]), "%zu", to);
    char *lower[] = {(char *)file->name, places[0], (char *)file->size, (char *)file->changed};
    char *upper[] = {(char *)file->name, places[1], (char *)file->size, (char *)file->changed};
    DataRange range = {.pass = 1, .lower = lower, .upper = upper};
    DataChunk *chunk = NULL;
    bool ok = true;
    for (bool more = true; more;) {
        DataChunk *before = chunk;
        DataSource *source = NULL;
        range.last = before == NULL ? NULL : (char **)before->last;
        chunk = NULL;
        ok = data_source_open(&job, &range, &source, err) &&
             data_source_read(source, NULL, 1, &chunk, err);
        for (size_t i = 0; ok && i < chunk->count; i++) {
            const DataRecord *record = &chunk->records[i];
            assert_true(seen->count < SEEN_MAX);
            seen->offsets[seen->count] = record->offset;
            seen->lines[seen->count] = record->line;
            seen->failed[seen->count++] =
                record->failed == NULL ? NULL : base_strdup(record->failed);
        }
        more = ok && !chunk->ends_range;
        data_source_close(source);
        data_chunk_free(before);
    }
    data_chunk_free(chunk);
    return ok;
}

static void read_range(const File *file, size_t from, size_t to, Seen *seen)
{
    Error err = {0};
    if (!try_range(file, from, to, seen, &err))
        fail_msg("%s", err.message);
}

typedef void Body(void);

static void body_main(void *arg)
{
    (*(Body *const *)arg)();
    loop_stop(loop);
}

static void in_fiber(Body *body)
{
    fiber_start(loop, "test", body_main, &body);
    loop_run(loop);
}

/* ---------------------------------------------------------------- lines */

static void every_cut(void)
{
    static const char TEXT[] = "{\"id\": 1}\n    {\"id\": 2}\n\r\n \t\r\n\t{\"id\": 3}\r\n"
                               "\n  \n{\"id\": 4}\n   \n     {\"id\": 5}  \n  ";
    size_t size = sizeof(TEXT) - 1;
    File file = write_file("a.ndjson", TEXT, size);
    Seen whole = {0};
    read_range(&file, 0, size, &whole);
    assert_int_equal(whole.count, 5);
    for (size_t cut = 1; cut < size; cut++) {
        Seen parts = {0};
        read_range(&file, 0, cut, &parts);
        read_range(&file, cut, size, &parts);
        assert_int_equal(parts.count, whole.count);
        for (size_t i = 0; i < parts.count; i++) {
            assert_int_equal(parts.offsets[i], whole.offsets[i]);
            assert_null(parts.failed[i]);
        }
        forget(&parts);
    }
    forget(&whole);
    remove_file(&file);
}

static void test_a_line_is_read_once_wherever_the_file_is_cut(void **state)
{
    UNUSED(state);
    in_fiber(every_cut);
}

/* ---------------------------------------------------------------- records that are too large */

enum { LARGE = BOUND_IMPORT_RECORD_BYTES + 1000000 };

/* front, a text of LARGE bytes, behind. */
static File write_large(const char *name, const char *front, const char *behind, size_t *ret_size)
{
    size_t before = strlen(front);
    size_t after = strlen(behind);
    *ret_size = before + LARGE + after;
    AUTO(base_free) char *text = base_alloc(*ret_size);
    memcpy(text, front, before);
    memset(text + before, 'x', LARGE);
    memcpy(text + before + LARGE, behind, after);
    return write_file(name, text, *ret_size);
}

static void large_line(void)
{
    static const char *const FRONTS[] = {"1\n\n[2,\"", "\""};
    static const char *const BEHINDS[] = {"\"]\r\n4\n", "\""};
    for (size_t i = 0; i < COUNT_OF(FRONTS); i++) {
        size_t size = 0;
        File file = write_large("a.ndjson", FRONTS[i], BEHINDS[i], &size);
        const size_t cuts[] = {0, 1, 3, 4, 5, size / 2, size - 4, size - 3, size - 2};
        for (size_t c = 0; c < COUNT_OF(cuts); c++) {
            Seen seen = {0};
            size_t large = i == 0 ? 1 : 0;
            if (cuts[c] > 0)
                read_range(&file, 0, cuts[c], &seen);
            read_range(&file, cuts[c], size, &seen);
            assert_int_equal(seen.count, i == 0 ? 3 : 1);
            assert_int_equal(seen.offsets[large], i == 0 ? 3 : 0);
            assert_string_equal(seen.failed[large], "the record is larger than 8388608 bytes");
            if (i == 0) {
                assert_null(seen.failed[0]);
                assert_null(seen.failed[2]);
                assert_int_equal(seen.offsets[2], size - 2);
            }
            if (cuts[c] == 0)
                assert_int_equal(seen.lines[seen.count - 1], i == 0 ? 4 : 1);
            forget(&seen);
        }
        remove_file(&file);
    }
}

static void test_a_line_that_is_too_large_is_one_bad_record(void **state)
{
    UNUSED(state);
    in_fiber(large_line);
}

static void large_others(void)
{
    static const char *const FILES[][4] = {
        {"a.json", "[1,\n\"", "\",\n3]", "a.json:2: the record is larger than 8388608 bytes"},
        {"a.csv", "id\n1\n", "\n2\n", "a.csv:3: the record is larger than 8388608 bytes"},
        {"b.csv", "", "\n1\n", "b.csv:1: the record is larger than 8388608 bytes"},
    };
    for (size_t i = 0; i < COUNT_OF(FILES); i++) {
        Error err = {0};
        Seen seen = {0};
        size_t size = 0;
        File file = write_large(FILES[i][0], FILES[i][1], FILES[i][2], &size);
        assert_false(try_range(&file, 0, size, &seen, &err));
        assert_string_equal(err.message, FILES[i][3]);
        forget(&seen);
        remove_file(&file);
    }
}

static void test_another_record_that_is_too_large_ends_the_import_with_its_line(void **state)
{
    UNUSED(state);
    in_fiber(large_others);
}

/* ---------------------------------------------------------------- fields by their names */

/* What the column tags of type text[] gets; NULL: refused, and why is in err. */
static char *tags_of(const char *record, Error *err)
{
    DataColumn columns[] = {{.name = "id", .type = "integer", .class = DATA_INTEGER},
                            {.name = "tags", .type = "text[]", .class = DATA_TEXT}};
    DataSpec spec = {0};
    DataJob job = {.spec = &spec,
                   .table = {.shown = "public.item",
                             .inserts = true,
                             .columns = columns,
                             .columns_count = COUNT_OF(columns)}};
    AUTO(arena_auto) Arena *arena = arena_new();
    DataDocument document = {0};
    DataMapped mapped;
    char *tags = NULL;
    if (!data_document_parse(&document, record, strlen(record), err))
        fail_msg("%s", err->message);
    if (data_record_by_name(&job, arena, &document, &mapped, err)) {
        assert_int_equal(mapped.writes_count, 2);
        tags = base_strdup(mapped.writes[1].text);
    }
    data_document_done(&document);
    return tags;
}

static void test_a_zero_byte_is_refused_in_a_list_too(void **state)
{
    static const char *const RECORDS[] = {
        "{\"id\": 1, \"tags\": [\"ab\\u0000cd\", \"x\"]}",
        "{\"id\": 1, \"tags\": [\"x\", \"\\u0000\"]}",
        "{\"id\": 1, \"tags\": \"\\u0000\"}",
    };
    Error err = {0};
    UNUSED(state);
    AUTO(base_free)
    char *tags = tags_of("{\"id\": 1, \"tags\": [\"ab\\u0001\", 1.50, null, \"\"]}", &err);
    assert_string_equal(tags, "{\"ab\x01\",\"1.50\",NULL,\"\"}");
    for (size_t i = 0; i < COUNT_OF(RECORDS); i++) {
        err = (Error){0};
        assert_null(tags_of(RECORDS[i], &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_string_equal(err.message, "the value for column \"tags\" has a zero byte");
    }
}

static int setup(void **state)
{
    UNUSED(state);
    loop = loop_new();
    return mkdtemp(folder) == NULL;
}

static int teardown(void **state)
{
    UNUSED(state);
    loop_free(loop);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_read_once_wherever_the_file_is_cut),
        cmocka_unit_test(test_a_line_that_is_too_large_is_one_bad_record),
        cmocka_unit_test(test_another_record_that_is_too_large_ends_the_import_with_its_line),
        cmocka_unit_test(test_a_zero_byte_is_refused_in_a_list_too),
    };
    return cmocka_run_group_tests_name("data/record", tests, setup, teardown);
}
