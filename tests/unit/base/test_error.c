/* Error values. */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void setting_replaces_and_wrapping_keeps(void **state)
{
    UNUSED(state);
    Error err = {.hint = "old", .sqlstate = "23505"};
    assert_false(error_set(&err, ERROR_INPUT, "line %d\nbad\tthing", 7));
    assert_string_equal(err.message, "line 7 bad thing");
    assert_string_equal(err.hint, "");
    assert_string_equal(err.sqlstate, "");
    memcpy(err.sqlstate, "40001", 6);
    assert_false(error_wrap(&err, "reading %s", "a.yaml"));
    assert_string_equal(err.message, "reading a.yaml: line 7 bad thing");
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_string_equal(err.sqlstate, "40001");
    assert_false(error_hint(&err, "try %s", "again"));
    assert_string_equal(err.hint, "try again");
}

static void nobody_asked_is_fine(void **state)
{
    UNUSED(state);
    assert_false(error_set(NULL, ERROR_INPUT, "x"));
    assert_false(error_wrap(NULL, "x"));
    assert_false(error_hint(NULL, "x"));
}

/* "ä" has two bytes and "€" three: whatever the offset, what is left must be UTF-8. */
static void long_messages_are_cut_at_characters(void **state)
{
    UNUSED(state);
    for (size_t offset = 0; offset < 6; offset++) {
        char text[4096] = {0};
        memset(text, 'x', offset);
        for (size_t at = offset; at < 4000; at += strlen(text + at))
            memcpy(text + at, at % 2 == 0 ? "ä" : "€", at % 2 == 0 ? 2 : 3);
        Error err = {0};
        error_set(&err, ERROR_INPUT, "%s", text);
        assert_in_range(strlen(err.message), sizeof(err.message) - 4, sizeof(err.message) - 1);
        AUTO(json_auto) json_t *json = json_from_error(&err);
        assert_string_equal(json_get_string(json, "message", ""), err.message);
        error_wrap(&err, "%s", "ctx");
        AUTO(json_auto) json_t *wrapped = json_from_error(&err);
        assert_string_equal(json_get_string(wrapped, "message", ""), err.message);
        error_hint(&err, "%s", text);
        AUTO(json_auto) json_t *hinted = json_from_error(&err);
        assert_string_equal(json_get_string(hinted, "hint", ""), err.hint);
    }
}

/* What a client sent, and what "%.4s" leaves of it: other bytes must not cost the whole message. */
static void what_is_no_character_is_replaced(void **state)
{
    UNUSED(state);
    static const struct {
        const char *given;
        const char *kept;
    } CASES[] = {
        {"a\xff\xfe/", "a?\?/"}, {"\xc3(", "?("},    {"\xe2\x82", ""},
        {"\xed\xa0\x80", "???"}, {"\xc0\xaf", "??"}, {"\xf4\x90\x80\x80", "????"},
        {"ä€😀", "ä€😀"},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        Error err = {0};
        error_set(&err, ERROR_INPUT, "%s", CASES[i].given);
        assert_string_equal(err.message, CASES[i].kept);
    }
    Error err = {0};
    error_set(&err, ERROR_INPUT, "there is no \"%.4s\"", "abcé");
    assert_string_equal(err.message, "there is no \"abc?\"");
}

static void each_kind_has_a_name(void **state)
{
    UNUSED(state);
    for (int kind = ERROR_NONE; kind <= ERROR_INTERNAL; kind++)
        assert_string_not_equal(error_kind_name((ErrorKind)kind), "unknown");
    assert_string_equal(error_kind_name(ERROR_UNREACHABLE), "unreachable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_replaces_and_wrapping_keeps),
        cmocka_unit_test(nobody_asked_is_fine),
        cmocka_unit_test(long_messages_are_cut_at_characters),
        cmocka_unit_test(what_is_no_character_is_replaced),
        cmocka_unit_test(each_kind_has_a_name),
    };
    return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
