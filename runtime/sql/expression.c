/* An expression is read twice: bare, where every further clause shows in the tree, and in
 * parentheses, where ALL, AS, ";" and comments that run on do not parse. Text that passes both is
 * one expression. */
#include "sql/expression.h"

#include "base/text.h"
#include "sql/facts.h"
#include "sql/parse.h"
#include "sql/position.h"

#include <string.h>

typedef struct Reading {
    const char *why; /* NULL = fine */
} Reading;

/* What "SELECT expression" has; any other field is a further clause. */
static bool only_targets(json_t *select)
{
    static const char *const FIELDS[] = {"targetList", "limitOption", "op"};
    const char *key;
    json_t *value;
    json_object_foreach (select, key, value) {
        bool known = false;
        for (size_t i = 0; i < COUNT_OF(FIELDS); i++)
            known |= strcmp(key, FIELDS[i]) == 0;
        if (!known)
            return false;
    }
    return text_equal(json_get_string(select, "op", ""), "SETOP_NONE");
}

static bool is_star(const json_t *value)
{
    const json_t *fields = json_object_get(json_object_get(value, "ColumnRef"), "fields");
    return json_object_get(json_array_get(fields, json_array_size(fields) - 1), "A_Star") != NULL;
}

static const char *why_not(json_t *stmts)
{
    if (json_array_size(stmts) != 1)
        return "one expression is expected, not several statements";
    json_t *tree = json_object_get(json_array_get(stmts, 0), "stmt");
    json_t *select = json_object_get(tree, "SelectStmt");
    if (!only_targets(select))
        return "only an expression is expected, no further clause";
    const json_t *targets = json_object_get(select, "targetList");
    if (json_array_size(targets) == 0)
        return "an expression is expected";
    if (json_array_size(targets) > 1)
        return "one expression is expected, not a list";
    const json_t *target = json_object_get(json_array_get(targets, 0), "ResTarget");
    const json_t *value = json_object_get(target, "val");
    if (json_object_get(target, "name") != NULL)
        return "an expression is expected, without a name behind it";
    if (is_star(value) || json_object_get(value, "RowExpr") != NULL)
        return "one value is expected, not a row";
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlFacts facts = sql_facts(arena, tree);
    if (facts.has_parameters)
        return "parameters ($1) are not given here";
    if (facts.sets_forbidden)
        return "set_config() may not change this setting";
    return NULL;
}

static void read_bare(json_t *stmts, void *ctx)
{
    Reading *reading = ctx;
    reading->why = why_not(stmts);
}

static void read_wrapped(json_t *stmts, void *ctx)
{
    Reading *reading = ctx;
    if (json_array_size(stmts) != 1)
        reading->why = "one expression is expected";
}

static bool read_as(const char *before, const char *text, const char *after, SqlParseUse *use,
                    Error *err)
{
    AUTO(base_free) char *wrapped = base_printf("%s%s%s", before, text, after);
    Reading reading = {0};
    SqlFault fault;
    if (!sql_parse(wrapped, use, &reading, &fault)) {
        size_t prefix = strlen(before);
        size_t at = fault.at_bytes > prefix ? fault.at_bytes - prefix : 0;
        int line;
        int column;
        sql_position_of(text, at, &line, &column);
        return error_set(err, ERROR_INPUT, "not one SQL expression: %s at line %d, column %d",
                         fault.message, line, column);
    }
    if (reading.why != NULL)
        return error_set(err, ERROR_INPUT, "%s", reading.why);
    return true;
}

bool sql_check_expression(const char *text, Error *err)
{
    return sql_parse_accepts(text, err) && read_as("SELECT ", text, "", read_bare, err) &&
           read_as("SELECT (", text, ")", read_wrapped, err);
}
