/* Names: out of a parse tree, quoted as SQL and to_regclass() read them; out of a plan, as written.
 */
#ifndef HEADGATE_SQL_NAME_H
#define HEADGATE_SQL_NAME_H

#include "base/arena.h"
#include "base/json.h"

/// "name", with " doubled.
const char *sql_name_quoted(Arena *arena, const char *name);
/// "schema"."name" of a RangeVar.
const char *sql_name_range(Arena *arena, const json_t *range);
/// The first count names of a list of strings, the last two of them: schema and table.
const char *sql_name_list(Arena *arena, const json_t *names, size_t count);
/// What follows the last dot of "schema.name" as written; all of it when there is none.
const char *sql_name_last(const char *written);

#endif
