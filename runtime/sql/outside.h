/* What a statement that runs outside transactions would make or remove, read from its parse tree:
 * what run/probe.c looks for before and after it. */
#ifndef HEADGATE_SQL_OUTSIDE_H
#define HEADGATE_SQL_OUTSIDE_H

#include "base/arena.h"

typedef enum SqlOutsideKind {
    SQL_OUTSIDE_CREATE_INDEX,  ///< CONCURRENTLY
    SQL_OUTSIDE_DROP_INDEX,    ///< CONCURRENTLY
    SQL_OUTSIDE_REINDEX_INDEX, ///< CONCURRENTLY
    SQL_OUTSIDE_REINDEX_TABLE, ///< CONCURRENTLY
    SQL_OUTSIDE_REINDEX_MANY,  ///< a schema or database, also without CONCURRENTLY
    SQL_OUTSIDE_DETACH,        ///< PARTITION ... CONCURRENTLY
    SQL_OUTSIDE_CREATE_DATABASE,
    SQL_OUTSIDE_DROP_DATABASE,
    SQL_OUTSIDE_CREATE_TABLESPACE,
    SQL_OUTSIDE_DROP_TABLESPACE,
    SQL_OUTSIDE_CREATE_SUBSCRIPTION,
    SQL_OUTSIDE_DROP_SUBSCRIPTION,
    SQL_OUTSIDE_REPEATABLE, ///< a second time does no harm: VACUUM, ALTER SYSTEM, ...
    SQL_OUTSIDE_SESSION,    ///< SET: done again in every session
    SQL_OUTSIDE_UNKNOWN,    ///< nobody can tell whether it happened
    SQL_OUTSIDE_KINDS,
} SqlOutsideKind;

/// A name as written, its parts without quotes. schema is NULL when none is given.
typedef struct SqlOutsideName {
    const char *schema;
    const char *name;
} SqlOutsideName;

typedef struct SqlOutside {
    SqlOutsideKind kind;
    SqlOutsideName object;   ///< what it is about: the index, table, partition, database, ...
    SqlOutsideName relation; ///< the table of an index, the parent of a partition
    bool unique;             ///< CREATE UNIQUE INDEX
    bool if_exists;
    bool blocks;      ///< it takes locks that block readers or writers
    const char *form; ///< CREATE INDEX: what follows the table's name ("USING btree (a) ..."); else
                      ///< NULL
} SqlOutside;

/// Reads one statement (as sql_split gives it); SQL_OUTSIDE_UNKNOWN for what it does not know.
/// Names live as long as arena.
SqlOutside sql_outside(Arena *arena, const char *statement);
/// "create_index", ...: the word in the ledger.
const char *sql_outside_name(SqlOutsideKind kind);

#endif
