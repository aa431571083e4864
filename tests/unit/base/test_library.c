/* A library that is loaded when it is used first. */
#include "base/library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char MATHEMATICS[] = "libm.so.6";

static void its_functions_stand_in_order(void **state)
{
    UNUSED(state);
    static const char *const NAMES[] = {"floor", "ceil"};
    struct {
        double (*floor)(double);
        double (*ceil)(double);
    } library;
    Error err = {0};
    assert_true(
        library_load(MATHEMATICS, "this test needs", NAMES, COUNT_OF(NAMES), &library, &err));
    assert_float_equal(library.floor(1.5), 1, 0);
    assert_float_equal(library.ceil(1.5), 2, 0);
}

static void what_is_missing_is_said(void **state)
{
    UNUSED(state);
    static const char *const NAMES[] = {"floor", "flor"};
    void *functions[COUNT_OF(NAMES)] = {NULL};
    Error err = {0};
    assert_false(
        library_load("libnone.so.5", "connections need", NAMES, COUNT_OF(NAMES), functions, &err));
    assert_int_equal(err.kind, ERROR_INTERNAL);
    assert_non_null(strstr(err.message, "connections need libnone.so.5: "));
    err = (Error){0};
    assert_false(
        library_load(MATHEMATICS, "this test needs", NAMES, COUNT_OF(NAMES), functions, &err));
    assert_non_null(strstr(err.message, "flor"));
    assert_null(functions[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_functions_stand_in_order),
        cmocka_unit_test(what_is_missing_is_said),
    };
    return cmocka_run_group_tests_name("library", tests, NULL, NULL);
}
