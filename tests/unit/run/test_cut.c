/* What a runner tells fits into an event, and says what is missing in it. */
#include "run/cut.h"

#include "base/bounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t bytes_of(const json_t *data)
{
    return json_dumpb(data, NULL, 0, JSON_COMPACT);
}

static char *repeat(const char *part, size_t times)
{
    size_t length = strlen(part);
    char *text = calloc(times + 1, length);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * length, part, length);
    return text;
}

static void what_fits_stays(void **state)
{
    UNUSED(state);
    json_t *data = json_pack("{s:s,s:{s:i}}", "to", "done", "detail", "run", 5);
    json_t *cut = run_cut(data);
    assert_ptr_equal(cut, data);
    json_decref(cut);
    json_decref(data);
}

static void large_members_are_cut_and_counted(void **state)
{
    UNUSED(state);
    char *large = repeat("x", 200000);
    json_t *data =
        json_pack("{s:s,s:s,s:{s:s}}", "to", "done", "text", large, "detail", "run", large);
    json_t *cut = run_cut(data);
    assert_true(bytes_of(cut) <= BOUND_EVENT_BYTES);
    assert_string_equal(json_get_string(cut, "to", ""), "done");
    assert_true(json_is_null(json_object_get(cut, "detail")));
    const char *text = json_get_string(cut, "text", "");
    assert_int_equal(strspn(text, "x"), 200);
    assert_string_equal(text + 200, "…");
    const json_t *sizes = json_object_get(cut, "cut");
    assert_int_equal(json_get_int(sizes, "text", 0), 200002);
    assert_int_equal(json_get_int(sizes, "detail", 0), 200010);
    assert_int_equal(json_object_size(sizes), 2);
    assert_string_equal(json_get_string(data, "text", ""), large);
    json_decref(cut);
    json_decref(data);
    free(large);
}

static void characters_stay_whole(void **state)
{
    UNUSED(state);
    char *large = repeat("€", 20000);
    json_t *data = json_pack("{s:s}", "text", large);
    json_t *cut = run_cut(data);
    const char *text = json_get_string(cut, "text", "");
    assert_int_equal(strlen(text), 198 + strlen("…"));
    assert_memory_equal(text, large, 198);
    json_decref(cut);
    json_decref(data);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_stays),
        cmocka_unit_test(large_members_are_cut_and_counted),
        cmocka_unit_test(characters_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
