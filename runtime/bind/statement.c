/* Thin: sql/ decides what a statement is. */
#include "bind/statement.h"

#include "sql/classify.h"
#include "sql/split.h"

static bool check_one(Arena *arena, const char *text, StatementRules rules, bool *ret_plain,
                      Error *err)
{
    SqlVerdict verdict = sql_classify(arena, text);
    const char *title = verdict.title[0] == '\0' ? "this statement" : verdict.title;
    if (verdict.class == SQL_REFUSED)
        return error_set(err, ERROR_REFUSED, "%s is not for plans%s%s", title,
                         verdict.why[0] == '\0' ? "" : ": ", verdict.why);
    if (verdict.class == SQL_OUTSIDE && rules.in_transaction)
        return error_set(err, ERROR_REFUSED,
                         "%s cannot run in a transaction; the task must say transaction = false",
                         title);
    if (verdict.class == SQL_OUTSIDE)
        *ret_plain = false;
    return true;
}

bool bind_statement_check(const char *sql, StatementRules rules, bool *ret_plain, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlStatement *statements = NULL;
    size_t count = 0;
    if (!sql_split(arena, sql, &statements, &count, err))
        return false;
    if (count == 0)
        return error_set(err, ERROR_INPUT, "there is no statement in this SQL");
    if (count > 1 && !rules.several)
        return error_set(err, ERROR_INPUT, "this takes one statement, and the SQL has %zu", count);
    *ret_plain = count == 1;
    for (size_t i = 0; i < count; i++) {
        if (!check_one(arena, statements[i].text, rules, ret_plain, err))
            return false;
    }
    return true;
}
