/* Splitting and classifying, put together into yes or a reason. */
#include "sql/check.h"

#include "sql/classify.h"
#include "sql/split.h"

#include <string.h>

typedef struct FileCheck {
    Arena *arena;
    const SqlFile *file;
    const SqlStatement *inside; /* the first of each kind */
    const SqlStatement *outside;
} FileCheck;

static int line_in_file(const FileCheck *check, int line)
{
    return check->file->first_line + line - 1;
}

static const char *title_of(const SqlVerdict *verdict)
{
    return verdict->title[0] == '\0' ? "this statement" : verdict->title;
}

static bool refuse(const FileCheck *check, const SqlStatement *statement, const SqlVerdict *verdict,
                   Error *err)
{
    return error_set(err, ERROR_INPUT, "%s:%d: %s is not allowed in a plan: %s", check->file->file,
                     line_in_file(check, statement->line), title_of(verdict), verdict->why);
}

/* psql's own language is the usual reason why a file that works by hand does not parse. */
static bool is_psql(const SqlStatement *statement)
{
    return strstr(statement->fault, "at or near \"\\") != NULL ||
           strstr(statement->fault, "at or near \":\"") != NULL;
}

static bool fault(const FileCheck *check, const SqlStatement *statement, Error *err)
{
    const char *psql = is_psql(statement) ? ": commands and variables of psql are not SQL" : "";
    error_set(err, ERROR_INPUT, "%s:%d:%d: %s%s", check->file->file,
              line_in_file(check, statement->fault_line), statement->fault_column, statement->fault,
              psql);
    if (psql[0] != '\0')
        return error_hint(err, "write the SQL that psql would have sent");
    return error_hint(err, "read by the grammar of PostgreSQL 15; if a newer server knows it, say "
                           "transaction = true or false");
}

static bool mixed(const FileCheck *check, Error *err)
{
    bool outside_first = check->outside->offset_bytes < check->inside->offset_bytes;
    error_set(err, ERROR_INPUT,
              "%s:%d: this statement %s in a transaction, but the one on line %d %s; they need "
              "separate steps",
              check->file->file,
              line_in_file(check, outside_first ? check->inside->line : check->outside->line),
              outside_first ? "belongs" : "cannot run",
              line_in_file(check, outside_first ? check->outside->line : check->inside->line),
              outside_first ? "cannot run in one" : "belongs in one");
    return false;
}

static bool check_unknown(const FileCheck *check, const SqlStatement *statement,
                          const SqlVerdict *verdict, Error *err)
{
    bool psql = !statement->parsed && is_psql(statement);
    if (check->file->transaction != SQL_TRANSACTION_UNSAID && !psql)
        return true;
    if (!statement->parsed)
        return fault(check, statement, err);
    return error_set(err, ERROR_INPUT, "%s:%d: %s; say transaction = true or false",
                     check->file->file, line_in_file(check, statement->line), verdict->why);
}

static bool check_statement(FileCheck *check, const SqlStatement *statement, Error *err)
{
    SqlVerdict verdict = sql_classify(check->arena, statement->text);
    if (verdict.class == SQL_REFUSED)
        return refuse(check, statement, &verdict, err);
    if (verdict.class == SQL_UNKNOWN)
        return check_unknown(check, statement, &verdict, err);
    const SqlStatement **first = verdict.class == SQL_OUTSIDE ? &check->outside : &check->inside;
    if (*first == NULL)
        *first = statement;
    if (verdict.class == SQL_OUTSIDE && check->file->transaction == SQL_TRANSACTION_YES)
        return error_set(err, ERROR_INPUT, "%s:%d: %s cannot run in a transaction",
                         check->file->file, line_in_file(check, statement->line),
                         title_of(&verdict));
    if (check->file->transaction == SQL_TRANSACTION_UNSAID && check->inside != NULL &&
        check->outside != NULL)
        return mixed(check, err);
    return true;
}

static bool check_statements(FileCheck *check, Error *err)
{
    SqlStatement *statements;
    size_t count;
    if (!sql_split(check->arena, check->file->text, &statements, &count, err))
        return error_wrap(err, "%s:%d", check->file->file, check->file->first_line);
    if (count == 0)
        return error_set(err, ERROR_INPUT, "%s:%d: there is no SQL statement here",
                         check->file->file, check->file->first_line);
    for (size_t i = 0; i < count; i++) {
        if (!check_statement(check, &statements[i], err))
            return false;
    }
    return true;
}

bool sql_check_file(const SqlFile *file, bool *ret_outside, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    FileCheck check = {.arena = arena, .file = file};
    if (!check_statements(&check, err))
        return false;
    *ret_outside = check.outside != NULL || file->transaction == SQL_TRANSACTION_NO;
    return true;
}

bool sql_check_read(const SqlFile *file, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    FileCheck check = {.arena = arena, .file = file};
    SqlStatement *statements;
    size_t count;
    if (!check_statements(&check, err) || !sql_split(arena, file->text, &statements, &count, err))
        return false;
    if (count > 1)
        return error_set(err, ERROR_INPUT, "%s:%d: one statement is expected here, not %zu",
                         file->file, line_in_file(&check, statements[1].line), count);
    SqlVerdict verdict = sql_classify(arena, statements[0].text);
    if (verdict.class != SQL_READ)
        return error_set(err, ERROR_INPUT, "%s:%d: only reading is allowed here, not %s",
                         file->file, line_in_file(&check, statements[0].line), title_of(&verdict));
    return true;
}
