/* SQL text to statements, cut by PostgreSQL's parser; by its scanner where the grammar of version
 * 15 does not know a statement. */
#ifndef HEADGATE_SQL_SPLIT_H
#define HEADGATE_SQL_SPLIT_H

#include "base/arena.h"
#include "sql/parse.h"

typedef struct SqlStatement {
    const char *text;    ///< from its first word to before its ";", from the arena
    size_t offset_bytes; ///< of its first word
    size_t length_bytes;
    int line;          ///< of its first word; the text's first line is 1
    bool parsed;       ///< the version 15 grammar accepts it
    const char *fault; ///< when not parsed: what the parser said; else NULL
    int fault_line;    ///< 0 when parsed
    int fault_column;  ///< in characters, from 1
} SqlStatement;

/// Cuts text into its statements; empty ones and comments between them are left out. A statement
/// that does not parse is given with parsed = false, never an error: the server may know it, or say
/// it better. Text whose quotes or comments never end makes the last statement reach to the end.
/// Fails with ERROR_INPUT only for text that is too long or not UTF-8. *ret lives as long as the
/// arena.
NODISCARD bool sql_split(Arena *arena, const char *text, SqlStatement **ret, size_t *ret_count,
                         Error *err);

#endif
