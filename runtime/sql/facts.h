/* What a parse tree says about itself, gathered in one walk for the conditions of the table of
 * statements. */
#ifndef HEADGATE_SQL_FACTS_H
#define HEADGATE_SQL_FACTS_H

#include "base/arena.h"
#include "base/json.h"

typedef struct SqlFacts {
    const char *node;     ///< "SelectStmt", ...; borrowed from the tree
    const json_t *body;   ///< its fields
    bool writes;          ///< INSERT, UPDATE, DELETE or MERGE anywhere, also in WITH
    bool locks_rows;      ///< FOR UPDATE, FOR SHARE, ... anywhere
    bool sets_forbidden;  ///< set_config() of a setting of sql_facts_forbidden(), or of a computed
                          ///< name
    bool writes_settings; ///< UPDATE pg_settings
    bool has_parameters;  ///< $1
    const char *
        *relations; ///< "schema.name" or "name", each once, from the arena; without WITH names
    size_t relations_count;
} SqlFacts;

/// Walks one statement: tree is the object {"SelectStmt": {...}}. Results live as long as arena and
/// tree.
SqlFacts sql_facts(Arena *arena, json_t *tree);

/// Settings that a plan may not change, in any form. Case does not matter.
bool sql_facts_forbidden(const char *setting);
/// The same list, for the docs; NULL past the end.
const char *sql_facts_forbidden_name(size_t i);

#endif
