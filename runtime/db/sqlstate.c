/* SQLSTATE → what it means for us. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
#include "db/sqlstate.h"

#include <string.h>

/* The longest prefix that matches counts; what no row names is a fatal error of the statement. */
static const struct SqlstateRow {
    const char *prefix; ///< whole SQLSTATE, or the two characters of its class
    ErrorKind kind;
    SqlstateAdvice advice;
    const char *why;
} ROWS[] = {
    {"08", ERROR_UNREACHABLE, SQLSTATE_RECONNECT, "connection exception"},
    {"25P03", ERROR_UNREACHABLE, SQLSTATE_RECONNECT, "idle in transaction for too long"},
    {"40", ERROR_DATABASE, SQLSTATE_RETRY, "serialization failure, deadlock"},
    {"53", ERROR_DATABASE, SQLSTATE_RESOURCES, "disk full, memory, connections"},
    {"55006", ERROR_DATABASE, SQLSTATE_RETRY, "object in use"},
    {"55P03", ERROR_DATABASE, SQLSTATE_RETRY, "lock not available (lock_timeout)"},
    {"57P01", ERROR_UNREACHABLE, SQLSTATE_RECONNECT, "ended by an administrator"},
    {"57P02", ERROR_UNREACHABLE, SQLSTATE_RECONNECT, "the server crashed"},
    {"57P03", ERROR_UNREACHABLE, SQLSTATE_RECONNECT, "the server starts or stops"},
    {"57P04", ERROR_UNREACHABLE, SQLSTATE_RECONNECT, "the database was dropped"},
    {"57P05", ERROR_UNREACHABLE, SQLSTATE_RECONNECT, "idle session for too long"},
    {"HG001", ERROR_FENCED, SQLSTATE_FATAL, "raised by headgate.events_append()"},
    {"58030", ERROR_DATABASE, SQLSTATE_RESOURCES, "input/output error of the server"},
};

static const struct SqlstateRow *row_find(const char *sqlstate)
{
    const struct SqlstateRow *best = NULL;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        if (text_starts(sqlstate, ROWS[i].prefix) &&
            (best == NULL || strlen(ROWS[i].prefix) > strlen(best->prefix)))
            best = &ROWS[i];
    }
    return best;
}

SqlstateAdvice sqlstate_advice(const char *sqlstate)
{
    const struct SqlstateRow *row = row_find(sqlstate);
    return row == NULL ? SQLSTATE_FATAL : row->advice;
}

ErrorKind sqlstate_kind(const char *sqlstate)
{
    const struct SqlstateRow *row = row_find(sqlstate);
    return row == NULL ? ERROR_DATABASE : row->kind;
}
