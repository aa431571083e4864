/* Queries that ask the catalog for objects by their names, as health checks do. */
#ifndef HEADGATE_SQL_LOOK_H
#define HEADGATE_SQL_LOOK_H

#include "sql/object.h"

typedef struct SqlLook {
    SqlObjectKind kind;  ///< what the catalog lists
    const char *pattern; ///< of LIKE; NULL when there is none
    bool any_case;       ///< ILIKE
    const char **names;  ///< of = and IN, each once
    size_t names_count;
    const char **others; ///< texts that other columns are compared with: the schema is one of them
    size_t others_count;
} SqlLook;

/// Reads one query. False when it asks no catalog for names of objects. Results live as long as
/// arena.
bool sql_look(Arena *arena, const char *text, SqlLook *ret);
/// Does the name match the pattern of its LIKE?
bool sql_look_matches(const SqlLook *look, const char *name);

#endif
