/* Objects that SQL text makes and takes away, read from its parse tree. Bodies of functions and DO
 * blocks are not seen. */
#ifndef HEADGATE_SQL_OBJECT_H
#define HEADGATE_SQL_OBJECT_H

#include "base/arena.h"
#include "base/json.h"

typedef enum SqlObjectKind {
    SQL_OBJECT_TABLE, ///< also partitioned and foreign ones
    SQL_OBJECT_VIEW,  ///< also materialized ones
    SQL_OBJECT_SEQUENCE,
    SQL_OBJECT_INDEX,
    SQL_OBJECT_FUNCTION, ///< also procedures; arguments are not told apart
    SQL_OBJECT_ENUM,
    SQL_OBJECT_TYPE, ///< composite, range, domain; what is dropped as a type may be an enum
    SQL_OBJECT_SCHEMA,
    SQL_OBJECT_EXTENSION,
    SQL_OBJECT_TRIGGER,
    SQL_OBJECT_COLUMN,
    SQL_OBJECT_CONSTRAINT,
    SQL_OBJECT_PUBLICATION,
    SQL_OBJECT_KINDS,
} SqlObjectKind;

typedef struct SqlObject {
    SqlObjectKind kind;
    const char *schema; ///< NULL when none is written; the table's for triggers and columns
    const char *table;  ///< of a trigger, a column, a constraint, an index; else NULL
    const char *name;
    size_t at_bytes; ///< offset of its statement in the text
    bool replaces;   ///< CREATE OR REPLACE
    bool may_miss;   ///< DROP … IF EXISTS
    bool cascade;    ///< DROP … CASCADE
    bool may_exist;  ///< CREATE … IF NOT EXISTS
    bool moved;      ///< got its name or schema by ALTER
    bool immutable;  ///< of a function: says so
    bool used;       ///< by the application since it was made (sql/lint.h)
} SqlObject;

typedef struct SqlObjects {
    Arena *arena; ///< where results live
    SqlObject *items;
    size_t count;
    size_t room;
} SqlObjects;

/// Appends a copy.
void sql_objects_add(SqlObjects *objects, const SqlObject *object);
/// The first of them that object is taken away with or equal to (sql_object_covers), or NULL.
SqlObject *sql_objects_find(const SqlObjects *objects, const SqlObject *object);
/// What one statement (sql/tree.h) makes and takes away; either may be NULL. What it takes away
/// leaves made.
void sql_objects_see(const char *node, const json_t *body, size_t at_bytes, SqlObjects *made,
                     SqlObjects *gone);

/// Appends what the statements of text leave behind: made, and not dropped by a later one of them.
/// Moving and renaming make the new name. Text that does not parse adds nothing.
void sql_objects_made(const char *text, SqlObjects *objects);
/// Appends what they take away: dropped, moved or renamed.
void sql_objects_gone(const char *text, SqlObjects *objects);
/// Does taking away gone take object away too: the same object, its table or its schema?
bool sql_object_covers(const SqlObject *gone, const SqlObject *object);
/// "table", "trigger", …
const char *sql_object_kind_name(SqlObjectKind kind);
/// "schema"."name", as to_regclass() and to_regtype() read it.
const char *sql_object_quoted(Arena *arena, const SqlObject *object);
/// "schema.name", as written; a trigger or column with its table.
const char *sql_object_text(Arena *arena, const SqlObject *object);

#endif
