/* What must stand still between a proof and the statements it allows. */
#include "sql/lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static SqlLockMode mode_of(const SqlLocks *locks, const char *relation)
{
    for (size_t i = 0; i < locks->count; i++) {
        if (text_equal(locks->items[i].relation, relation))
            return locks->items[i].mode;
    }
    return SQL_LOCK_MODES;
}

static void test_statements_lock_what_they_change(void **state)
{
    static const struct {
        const char *sql;
        const char *relation;
        SqlLockMode mode;
    } CASES[] = {
        {"ALTER TABLE app.events DROP COLUMN a", "\"app\".\"events\"", SQL_LOCK_ACCESS_EXCLUSIVE},
        {"DROP TABLE events, \"Flags\"", "\"Flags\"", SQL_LOCK_ACCESS_EXCLUSIVE},
        {"DROP TRIGGER t ON app.events", "\"app\".\"events\"", SQL_LOCK_ACCESS_EXCLUSIVE},
        {"DROP INDEX i", "\"i\"", SQL_LOCK_ACCESS_EXCLUSIVE},
        {"TRUNCATE a, b", "\"b\"", SQL_LOCK_ACCESS_EXCLUSIVE},
        {"DELETE FROM flags WHERE name IN (SELECT name FROM old)", "\"flags\"",
         SQL_LOCK_SHARE_ROW_EXCLUSIVE},
        {"DELETE FROM flags WHERE name IN (SELECT name FROM old)", "\"old\"", SQL_LOCK_MODES},
        {"CREATE INDEX i ON events (a)", "\"events\"", SQL_LOCK_SHARE},
        {"UPDATE a SET b = 1; ALTER TABLE a DROP COLUMN b", "\"a\"", SQL_LOCK_ACCESS_EXCLUSIVE},
        {"ALTER TABLE a DROP COLUMN b; UPDATE a SET c = 1", "\"a\"", SQL_LOCK_ACCESS_EXCLUSIVE},
        {"DROP VIEW v", "\"v\"", SQL_LOCK_MODES},
    };
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        SqlLocks locks = {.arena = arena_new()};
        sql_locks_of_statements(CASES[i].sql, &locks);
        assert_int_equal(mode_of(&locks, CASES[i].relation), CASES[i].mode);
        arena_free(locks.arena);
    }
}

static void test_queries_lock_all_they_read(void **state)
{
    UNUSED(state);
    SqlLocks locks = {.arena = arena_new()};
    sql_locks_of_statements("ALTER TABLE events DROP COLUMN a", &locks);
    sql_locks_of_query(
        "SELECT id FROM events JOIN app.users USING (id) WHERE EXISTS (SELECT FROM x)", &locks);
    assert_int_equal(mode_of(&locks, "\"events\""), SQL_LOCK_ACCESS_EXCLUSIVE);
    assert_int_equal(mode_of(&locks, "\"app\".\"users\""), SQL_LOCK_SHARE);
    assert_int_equal(mode_of(&locks, "\"x\""), SQL_LOCK_SHARE);
    assert_int_equal(locks.count, 3);
    arena_free(locks.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements_lock_what_they_change),
        cmocka_unit_test(test_queries_lock_all_they_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
