/* SQLSTATEs: kind and advice. */
#include "db/sqlstate.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void each_code_has_a_kind_and_an_advice(void **state)
{
    UNUSED(state);
    static const struct {
        const char *sqlstate;
        ErrorKind kind;
        SqlstateAdvice advice;
    } CASES[] = {
        {"08006", ERROR_UNREACHABLE, SQLSTATE_RECONNECT},
        {"57P01", ERROR_UNREACHABLE, SQLSTATE_RECONNECT},
        {"25P03", ERROR_UNREACHABLE, SQLSTATE_RECONNECT},
        {"25P02", ERROR_DATABASE, SQLSTATE_FATAL},
        {"40001", ERROR_DATABASE, SQLSTATE_RETRY},
        {"40P01", ERROR_DATABASE, SQLSTATE_RETRY},
        {"55P03", ERROR_DATABASE, SQLSTATE_RETRY},
        {"55000", ERROR_DATABASE, SQLSTATE_FATAL},
        {"53100", ERROR_DATABASE, SQLSTATE_RESOURCES},
        {"57014", ERROR_DATABASE, SQLSTATE_FATAL},
        {"23505", ERROR_DATABASE, SQLSTATE_FATAL},
        {"HG001", ERROR_FENCED, SQLSTATE_FATAL},
        {"", ERROR_DATABASE, SQLSTATE_FATAL},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        assert_int_equal(sqlstate_kind(CASES[i].sqlstate), CASES[i].kind);
        assert_int_equal(sqlstate_advice(CASES[i].sqlstate), CASES[i].advice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_code_has_a_kind_and_an_advice)};
    return cmocka_run_group_tests_name("db/sqlstate", tests, NULL, NULL);
}
