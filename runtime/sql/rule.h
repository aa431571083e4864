/* The table of statements: which there are, what class each has, and why. */
#ifndef HEADGATE_SQL_RULE_H
#define HEADGATE_SQL_RULE_H

#include "sql/facts.h"

typedef enum SqlClass {
    SQL_READ,    ///< changes nothing by itself (a function it calls may)
    SQL_WRITE,   ///< changes rows or the session
    SQL_DDL,     ///< changes objects
    SQL_OUTSIDE, ///< PostgreSQL runs it only outside a transaction block
    SQL_REFUSED, ///< a plan may not use it
    SQL_UNKNOWN, ///< the version 15 grammar does not know it: the plan must say transaction = true
                 ///< or false
    SQL_CLASSES, ///< how many
} SqlClass;

/// One row of the table. For a node there is one row without condition and any number with one; the
/// conditions of a node exclude each other.
typedef struct SqlRule {
    const char *node;                       ///< of the parse tree; "*" = any statement
    const char *title;                      ///< how people write it
    bool (*applies)(const SqlFacts *facts); ///< NULL = whenever no condition of the node applies
    SqlClass class;
    bool one_way;    ///< in a transaction, but no statement takes it back
    const char *why; ///< for the plan's author; "" where the class says it all
} SqlRule;

/// Rows in the order of the docs; NULL past the end.
const SqlRule *sql_rule(size_t i);
/// The row for a statement with these facts, or NULL for a node that the table does not know.
const SqlRule *sql_rule_find(const SqlFacts *facts);
/// "read", "write", "ddl", "outside", "refused", "unknown"
const char *sql_rule_class_name(SqlClass class);

#endif
