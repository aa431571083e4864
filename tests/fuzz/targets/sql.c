/* SQL text: splitting loses nothing, every piece is one statement, and an accepted expression is an
 * expression wherever it is put. The first byte chooses what the step says about transactions. */
#include "fuzz.h"

#include "sql/check.h"
#include "sql/classify.h"
#include "sql/columns.h"
#include "sql/expression.h"
#include "sql/parse.h"
#include "sql/position.h"
#include "sql/split.h"

#include <stdlib.h>
#include <string.h>

typedef struct Case {
    const char *text;
    SqlTransaction transaction;
} Case;

/* What may stand between two statements: blanks, semicolons and comments. */
static size_t skip_between(const char *text, size_t at)
{
    int depth = 0;
    for (;;) {
        if (strncmp(text + at, "/*", 2) == 0) {
            depth++;
            at += 2;
        } else if (depth > 0 && strncmp(text + at, "*/", 2) == 0) {
            depth--;
            at += 2;
        } else if (depth > 0 && text[at] != '\0') {
            at++;
        } else if (strncmp(text + at, "--", 2) == 0) {
            at += strcspn(text + at, "\r\n");
        } else if (text[at] != '\0' && strchr(" \t\r\n\f\v;", text[at]) != NULL) {
            at++;
        } else {
            return at;
        }
    }
}

static void check_statement(Arena *arena, const SqlStatement *statement)
{
    Error err = {0};
    SqlStatement *again = NULL;
    size_t count = 0;
    SqlVerdict verdict = sql_classify(arena, statement->text);
    invariant(verdict.class < SQL_CLASSES && verdict.why != NULL && verdict.title != NULL);
    invariant((statement->fault == NULL) == statement->parsed);
    if (!statement->parsed) {
        invariant(statement->fault_line >= 1 && statement->fault_column >= 1);
        return;
    }
    invariant(strcmp(verdict.why, "one statement is expected") != 0);
    bool ok = sql_split(arena, statement->text, &again, &count, &err);
    invariant(ok && count == 1 && again[0].parsed);
    invariant(strcmp(again[0].text, statement->text) == 0);
}

static void check_split(Arena *arena, const char *text)
{
    Error err = {0};
    SqlStatement *statements = NULL;
    size_t count = 0;
    if (!sql_split(arena, text, &statements, &count, &err)) {
        fuzz_check_error(&err);
        return;
    }
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        const SqlStatement *statement = &statements[i];
        int line;
        int column;
        invariant(statement->offset_bytes >= end && statement->length_bytes > 0);
        invariant(skip_between(text, end) >= statement->offset_bytes);
        invariant(strlen(statement->text) == statement->length_bytes);
        invariant(
            memcmp(text + statement->offset_bytes, statement->text, statement->length_bytes) == 0);
        sql_position_of(text, statement->offset_bytes, &line, &column);
        invariant(statement->line == line);
        check_statement(arena, statement);
        end = statement->offset_bytes + statement->length_bytes;
    }
    invariant(text[skip_between(text, end)] == '\0');
}

/* {UPDATE ...} and nothing else, with one assignment. */
static void is_one_update(json_t *stmts, void *ctx)
{
    bool *ok = ctx;
    const json_t *tree = json_object_get(json_array_get(stmts, 0), "stmt");
    const json_t *update = json_object_get(tree, "UpdateStmt");
    *ok = json_array_size(stmts) == 1 && update != NULL &&
          json_array_size(json_object_get(update, "targetList")) == 1 &&
          json_object_get(update, "whereClause") != NULL &&
          json_array_size(json_object_get(update, "returningList")) == 1;
}

static void check_expression(const char *text)
{
    Error err = {0};
    SqlFault fault = {0};
    bool ok = false;
    if (!sql_check_expression(text, &err)) {
        fuzz_check_error(&err);
        return;
    }
    AUTO(base_free)
    char *update =
        base_printf("UPDATE t SET c = (%s) WHERE (%s) AND id > 1 RETURNING id", text, text);
    bool parsed = sql_parse(update, is_one_update, &ok, &fault);
    invariant(fault.too_deep || (parsed && ok));
}

/* What no plan may say, as PostgreSQL reads the text in one piece. */
static void find_forbidden(json_t *stmts, void *ctx)
{
    static const char *const SETTINGS[] = {"role", "session_authorization"};
    bool *found = ctx;
    size_t i;
    json_t *stmt;
    json_array_foreach (stmts, i, stmt) {
        const json_t *tree = json_object_get(stmt, "stmt");
        const json_t *set = json_object_get(tree, "VariableSetStmt");
        *found |= json_object_get(tree, "TransactionStmt") != NULL ||
                  json_object_get(tree, "DiscardStmt") != NULL;
        for (size_t k = 0; k < COUNT_OF(SETTINGS); k++)
            *found |= text_equal(json_get_string(set, "name", NULL), SETTINGS[k]);
    }
}

static void check_file(const Case *one)
{
    Error err = {0};
    SqlFault fault = {0};
    bool outside;
    bool forbidden = false;
    SqlFile file = {
        .text = one->text, .file = "up.sql", .first_line = 1, .transaction = one->transaction};
    bool parsed = fuzz_is_text(one->text, strlen(one->text)) &&
                  sql_parse(one->text, find_forbidden, &forbidden, &fault);
    if (!sql_check_file(&file, &outside, &err))
        fuzz_check_error(&err);
    else
        invariant(!parsed || !forbidden);
    if (!sql_check_read(&file, &err))
        fuzz_check_error(&err);
    else
        invariant(!forbidden);
}

static void check_columns(Arena *arena, const char *text)
{
    SqlColumns columns = {.arena = arena};
    sql_columns_added(text, &columns);
    sql_columns_dropped(text, &columns);
    for (size_t i = 0; i < columns.count; i++) {
        const SqlColumn *column = &columns.items[i];
        invariant(column->table != NULL && column->column != NULL);
        invariant(sql_columns_find(&columns, column->table, column->column) != NULL);
    }
}

static void check(void *ctx)
{
    const Case *one = ctx;
    AUTO(arena_auto) Arena *arena = arena_new();
    check_split(arena, one->text);
    check_columns(arena, one->text);
    check_expression(one->text);
    check_file(one);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    FuzzInput input = {bytes, size};
    Case one = {.transaction = (SqlTransaction)(fuzz_byte(&input) % 3)};
    AUTO(base_free) char *text = fuzz_rest(&input);
    one.text = text;
    fuzz_on_fiber_stack(check, &one);
}
