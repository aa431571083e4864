/* Which connections ask the server for a certificate. */
#include "db/private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const VARIABLES[] = {"PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE"};

static int load_library(void **state)
{
    UNUSED(state);
    return db_library(NULL) ? 0 : -1;
}

static int forget_variables(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(VARIABLES); i++)
        unsetenv(VARIABLES[i]);
    return 0;
}

static void other_machines_show_a_certificate(void **state)
{
    UNUSED(state);
    static const struct {
        const char *conninfo;
        bool needs;
    } CASES[] = {
        {NULL, false},
        {"", false},
        {"app", false},
        {"dbname=app", false},
        {"host=/run/postgresql", false},
        {"host=@abstract", false},
        {"host=localhost", false},
        {"host=127.0.0.1 port=6432", false},
        {"host=::1", false},
        {"postgresql:///app?host=/tmp", false},
        {"postgresql://u:p@localhost:5432/app", false},
        {"postgresql://u:p@[::1]/app", false},
        {"host=db.example", true},
        {"host=10.0.0.5", true},
        {"host=128.0.0.1", true},
        {"postgresql://u:p@db.example/app", true},
        {"postgresql://u:p@localhost,db.example/app", true},
        {"host=localhost,/tmp", false},
        {"host=localhost hostaddr=10.0.0.5", true},
        {"host=db.example hostaddr=127.0.0.1", false},
        {"host=db.example sslmode=disable", false},
        {"postgresql://db.example/app?sslmode=require", false},
        {"service=prod host=db.example", false},
        {"host=db.example pasword=x", false}, /* does not parse: no connection is tried */
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        if (db_needs_certificate(CASES[i].conninfo) != CASES[i].needs)
            fail_msg("%s", CASES[i].conninfo == NULL ? "NULL" : CASES[i].conninfo);
    }
}

static void variables_count_where_the_string_says_nothing(void **state)
{
    UNUSED(state);
    setenv("PGHOST", "db.example", 1);
    assert_true(db_needs_certificate(""));
    assert_true(db_needs_certificate("dbname=app"));
    assert_false(db_needs_certificate("host=/tmp"));
    setenv("PGHOSTADDR", "127.0.0.1", 1);
    assert_false(db_needs_certificate(""));
    unsetenv("PGHOSTADDR");
    setenv("PGSSLMODE", "require", 1);
    assert_false(db_needs_certificate(""));
    unsetenv("PGSSLMODE");
    setenv("PGSERVICE", "prod", 1);
    assert_false(db_needs_certificate(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(other_machines_show_a_certificate, forget_variables,
                                        forget_variables),
        cmocka_unit_test_setup_teardown(variables_count_where_the_string_says_nothing,
                                        forget_variables, forget_variables),
    };
    return cmocka_run_group_tests(tests, load_library, NULL);
}
