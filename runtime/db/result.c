/* Results, server errors as Error values, quoting and arrays. */
#include "db/private.h"

#include "base/log.h"
#include "db/sqlstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void db_result_give(PGresult *pg, DbResult **ret_result)
{
    if (ret_result == NULL) {
        pq->clear(pg);
        return;
    }
    DbResult *result = base_alloc(sizeof(*result));
    result->pg = pg;
    *ret_result = result;
}

void db_result_free(DbResult *result)
{
    if (result == NULL)
        return;
    pq->clear(result->pg);
    free(result);
}

void db_result_auto(DbResult **result)
{
    db_result_free(*result);
}

int db_rows(const DbResult *result)
{
    return pq->ntuples(result->pg);
}

int db_columns(const DbResult *result)
{
    return pq->nfields(result->pg);
}

const char *db_column_name(const DbResult *result, int column)
{
    return pq->fname(result->pg, column);
}

unsigned db_column_type(const DbResult *result, int column)
{
    return pq->ftype(result->pg, column);
}

bool db_is_null(const DbResult *result, int row, int column)
{
    return pq->getisnull(result->pg, row, column) != 0;
}

const char *db_value(const DbResult *result, int row, int column)
{
    invariant(row >= 0 && row < db_rows(result) && column >= 0 && column < db_columns(result));
    return pq->getvalue(result->pg, row, column);
}

int db_value_bytes(const DbResult *result, int row, int column)
{
    return pq->getlength(result->pg, row, column);
}

int64_t db_int(const DbResult *result, int row, int column)
{
    return strtoll(db_value(result, row, column), NULL, 10);
}

bool db_bool(const DbResult *result, int row, int column)
{
    return db_value(result, row, column)[0] == 't';
}

int64_t db_affected(const DbResult *result)
{
    return strtoll(pq->cmdTuples(result->pg), NULL, 10);
}

const char *db_command(const DbResult *result)
{
    return pq->cmdStatus(result->pg);
}

bool db_result_error(const DbConn *conn, const PGresult *result, int *ret_position, Error *err)
{
    const char *sqlstate = pq->resultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = pq->resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = pq->resultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = pq->resultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *position = pq->resultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    if (ret_position != NULL)
        *ret_position = position == NULL ? 0 : (int)strtol(position, NULL, 10);
    if (err == NULL)
        return false;
    if (primary == NULL) /* libpq's own words: the connection broke */
        primary = pq->resultErrorMessage(result);
    if (text_empty(primary))
        primary = pq->errorMessage(conn->pg);
    ErrorKind kind = sqlstate == NULL ? ERROR_UNREACHABLE : sqlstate_kind(sqlstate);
    if (detail == NULL)
        error_set(err, kind, "%s", primary);
    else
        error_set(err, kind, "%s (%s)", primary, detail);
    if (sqlstate != NULL)
        snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", sqlstate);
    if (hint != NULL)
        error_hint(err, "%s", hint);
    log_redact(err->message);
    return false;
}

static const char *quoted(DbConn *conn, Arena *arena, char *escaped, Error *err)
{
    if (escaped == NULL) {
        error_set(err, ERROR_INPUT, "cannot quote this text: %s", pq->errorMessage(conn->pg));
        return NULL;
    }
    const char *result = arena_strdup(arena, escaped);
    pq->freemem(escaped);
    return result;
}

/* The server would cut a longer name and take what is called so. */
const char *db_quote_identifier(DbConn *conn, Arena *arena, const char *name, Error *err)
{
    size_t length = strlen(name);
    if (length == 0 || length > DB_IDENTIFIER_MAX_BYTES) {
        error_set(err, ERROR_INPUT, "a name in the database has 1 to %d bytes, not %zu: \"%.80s\"",
                  (int)DB_IDENTIFIER_MAX_BYTES, length, name);
        return NULL;
    }
    return quoted(conn, arena, pq->escapeIdentifier(conn->pg, name, length), err);
}

const char *db_quote_literal(DbConn *conn, Arena *arena, const char *text, Error *err)
{
    return quoted(conn, arena, pq->escapeLiteral(conn->pg, text, strlen(text)), err);
}
