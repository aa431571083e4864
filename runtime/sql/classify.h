/* What kind of statement a text is, and whether a plan may use it. The answers stand in the table
 * of rule.c; docs/sql.md is written from it (docs.c). Bodies of functions and DO blocks are not
 * seen: the runtime checks after each step that role, transaction and settings are still its own.
 */
#ifndef HEADGATE_SQL_CLASSIFY_H
#define HEADGATE_SQL_CLASSIFY_H

#include "base/arena.h"
#include "sql/rule.h"

typedef struct SqlVerdict {
    SqlClass class;
    bool one_way;
    const char *title;      ///< "CREATE INDEX CONCURRENTLY"; "" when unknown
    const char *why;        ///< one sentence or ""
    const char **relations; ///< tables, views, ... it names: "schema.name" or "name" as written
    size_t relations_count;
} SqlVerdict;

/// Classifies one statement (as sql_split gives it). Text of no or several statements, and text
/// nested too deeply to be read, is SQL_REFUSED. Results live as long as the arena.
SqlVerdict sql_classify(Arena *arena, const char *statement);
#endif
