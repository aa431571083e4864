/* Columns that SQL text adds or drops: what a dry run supplies as typed NULLs, and what an undo
 * need not restore. */
#ifndef HEADGATE_SQL_COLUMNS_H
#define HEADGATE_SQL_COLUMNS_H

#include "base/arena.h"

typedef struct SqlColumn {
    const char *table;    ///< "name" or "schema.name", as written
    const char *relation; ///< the same quoted, as for to_regclass(): "schema"."name"
    const char *column;
    const char *type; ///< as SQL text, "jsonb", "numeric[]"; NULL for a dropped column
} SqlColumn;

typedef struct SqlColumns {
    Arena *arena; ///< where results live
    SqlColumn *items;
    size_t count;
} SqlColumns;

/// Appends the columns of every ALTER TABLE … ADD COLUMN in text. Text that does not parse adds
/// nothing.
void sql_columns_added(const char *text, SqlColumns *columns);
/// Appends those of every ALTER TABLE … DROP COLUMN, a row with column "*" for each DROP TABLE, and
/// one with column "**" for each DROP SCHEMA (then table and relation are the schema).
void sql_columns_dropped(const char *text, SqlColumns *columns);
/// Does the list have that column of that table (compared without schema)?
const SqlColumn *sql_columns_find(const SqlColumns *columns, const char *table, const char *column);

#endif
