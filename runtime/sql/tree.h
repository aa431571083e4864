/* A text as the parse trees of its statements, with their places. */
#ifndef HEADGATE_SQL_TREE_H
#define HEADGATE_SQL_TREE_H

#include "base/arena.h"
#include "base/json.h"

/// One statement of a text: {"SelectStmt": {…}} without its frame. at_bytes is its offset in the
/// text; "location" fields below body count from there.
typedef void SqlTreeUse(const char *node, const json_t *body, size_t at_bytes, void *ctx);
/// Calls use for every statement of text that parses.
void sql_tree_each(const char *text, SqlTreeUse *use, void *ctx);
/// One field of an object of a tree: {key: child}.
typedef void SqlTreeVisit(const char *key, const json_t *child, void *ctx);
/// Calls visit for every field below tree, each before those below it.
void sql_tree_nodes(const json_t *tree, SqlTreeVisit *visit, void *ctx);
/// A Constraint of this type ("CONSTR_NOTNULL") among a column's or table's, or NULL.
const json_t *sql_tree_constraint(const json_t *constraints, const char *contype);
/// What the first DefElem of this name among options was given, or NULL.
const json_t *sql_tree_option(const json_t *options, const char *name);
/// The last of a list of String nodes: "b" of a.b; "" when there is none.
const char *sql_tree_last(const json_t *names);
/// The name of a TypeName without its schema: "int4".
const char *sql_tree_type(const json_t *type_name);

#endif
