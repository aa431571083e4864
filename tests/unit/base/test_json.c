/* JSON messages: limits, exact numbers, canonical text. */
#include "base/json.h"

#include "base/bounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void numbers_and_ids_are_exact(void **state)
{
    UNUSED(state);
    static const char TEXT[] = "{\"b\":9007199254740993,\"a\":[],\"c\":true,\"d\":\"x\",\"e\":1.5}";
    Error err = {0};
    AUTO(json_auto) json_t *value = json_parse(TEXT, strlen(TEXT), &err);
    assert_non_null(value);
    assert_true(json_get_int(value, "b", 0) == INT64_C(9007199254740993));
    assert_int_equal(json_get_int(value, "d", 7), 7);
    assert_true(json_get_bool(value, "c", false));
    assert_string_equal(json_get_string(value, "d", ""), "x");
    assert_string_equal(json_get_string(value, "absent", "other"), "other");
    assert_true(json_get_number(value, "e", 0) == 1.5);
    json_set_id(value, "id", INT64_MAX);
    json_set_string(value, "d", NULL);
    AUTO(base_free) char *canonical = json_canonical(value);
    assert_string_equal(canonical, "{\"a\":[],\"b\":9007199254740993,\"c\":true,\"d\":null,"
                                   "\"e\":1.5,\"id\":\"9223372036854775807\"}");
}

/* What "%.200s" leaves of a value, and bytes of another encoding, must not cost the rest. */
static void a_text_that_is_cut_keeps_what_it_can(void **state)
{
    UNUSED(state);
    char text[1000] = "";
    for (int i = 0; i < 150; i++)
        memcpy(text + 2 * i, "я", 2);
    text[201] = '\0';
    AUTO(json_auto) json_t *object = json_object();
    json_set_string(object, "cut", text);
    text[200] = '\0';
    assert_string_equal(json_get_string(object, "cut", ""), text);
    json_set_string(object, "inside", "it is \xd1; it must be я\n");
    assert_string_equal(json_get_string(object, "inside", ""), "it is ?; it must be я\n");
    json_set_string(object, "latin",
                    "Gr\xfc\xdf"
                    "e");
    assert_string_equal(json_get_string(object, "latin", ""), "Gr??e");
}

static void refused(const char *text, const char *part)
{
    Error err = {0};
    assert_null(json_parse(text, strlen(text), &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    if (strstr(err.message, part) == NULL)
        fail_msg("%s", err.message);
}

static void bad_json_says_where(void **state)
{
    UNUSED(state);
    refused("{\"a\":1,\n\"a\":2}", "line 2");
    refused("{\"a\":}", "line 1");
    refused("", "line 1");
    char deep[2 * BOUND_JSON_DEPTH + 16] = {0};
    memset(deep, '[', BOUND_JSON_DEPTH + 1);
    refused(deep, "nested deeper");
}

static void errors_become_objects(void **state)
{
    UNUSED(state);
    Error err = {0};
    error_set(&err, ERROR_DATABASE, "no");
    memcpy(err.sqlstate, "23505", 6);
    AUTO(json_auto) json_t *object = json_from_error(&err);
    AUTO(base_free) char *text = json_canonical(object);
    assert_string_equal(text, "{\"kind\":\"database\",\"message\":\"no\",\"sqlstate\":\"23505\"}");
}

static void errors_come_back_from_objects(void **state)
{
    (void)state;
    Error err = {0};
    Error again = {0};
    error_set(&err, ERROR_REFUSED, "no: %%s is not read");
    error_hint(&err, "headgate retry 1");
    memcpy(err.sqlstate, "23505", 6);
    AUTO(json_auto) json_t *object = json_from_error(&err);
    json_to_error(object, &again);
    assert_int_equal(again.kind, ERROR_REFUSED);
    assert_string_equal(again.message, err.message);
    assert_string_equal(again.sqlstate, "23505");
    assert_string_equal(again.hint, err.hint);
    json_set_string(object, "kind", "of another version");
    json_to_error(object, &again);
    assert_int_equal(again.kind, ERROR_INTERNAL);
    json_to_error(NULL, &again);
    assert_int_equal(again.kind, ERROR_INTERNAL);
    assert_string_equal(again.message, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_ids_are_exact),
        cmocka_unit_test(a_text_that_is_cut_keeps_what_it_can),
        cmocka_unit_test(bad_json_says_where),
        cmocka_unit_test(errors_become_objects),
        cmocka_unit_test(errors_come_back_from_objects),
    };
    return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
