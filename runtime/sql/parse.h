/* SQL text to a parse tree, by PostgreSQL's own grammar (version 15, libpg_query). The only file
 * that hands text to the parser, because deep statements need a stack of their own. */
#ifndef HEADGATE_SQL_PARSE_H
#define HEADGATE_SQL_PARSE_H

#include "base/error.h"
#include "base/json.h"

/// Why text was not understood.
typedef struct SqlFault {
    char message[256]; ///< one line, as PostgreSQL says it: syntax error at or near "x"
    size_t at_bytes;   ///< offset into the text
    bool too_deep;     ///< grammatical, but nested beyond what may be read (see sql_parse)
} SqlFault;

/// Looks at the statements of a parsed text: stmts is PostgreSQL's list of RawStmt as JSON, freed
/// afterwards.
typedef void SqlParseUse(json_t *stmts, void *ctx);

/// Parses text (at most BOUND_SQL_BYTES of UTF-8, which callers check with sql_parse_accepts) and
/// calls use(stmts, ctx) before it returns, perhaps on another thread with a larger stack. false
/// and *ret_fault when the grammar refuses it, or when its tree is nested more than 2,048 JSON
/// levels deep.
NODISCARD bool sql_parse(const char *text, SqlParseUse *use, void *ctx, SqlFault *ret_fault);

/// Refuses text that must not reach the parser: too long, or not UTF-8.
NODISCARD bool sql_parse_accepts(const char *text, Error *err);

/// Fills *ret_fault from the parser's error (a PgQueryError of pg_query.h) about text.
void sql_parse_fault(const char *text, const void *pg_query_error, SqlFault *ret_fault);

#endif
