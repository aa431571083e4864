/* Where statements begin and end. Splitting does not build a tree, so it needs no large stack. */
#include "sql/split.h"

#include "sql/position.h"

#include <ctype.h>
#include <pg_query.h>
#include <string.h>
#include <strings.h>

enum {
    ATOMIC_PIECES = 500, /* statements of one BEGIN ATOMIC body that are put together again */
    ATOMIC_BYTES =
        8 << 20, /* parsed in all while trying to: a text could make it a million tries */
};

/* A place in the text that is known already. */
typedef struct Place {
    size_t at_bytes;
    int line;
    int column;
} Place;

typedef struct Splitting {
    Arena *arena;
    const char *text;
    SqlStatement *list;
    size_t count;
    size_t capacity;
    size_t atomic_bytes; /* parsed by join_atomic() */
    Place last;          /* a text of many statements would be counted from its start for each */
} Splitting;

/* Past a block comment, which may hold others. */
static size_t skip_comment(const char *text, size_t at)
{
    int depth = 0;
    do {
        bool opens = strncmp(text + at, "/*", 2) == 0;
        bool closes = strncmp(text + at, "*/", 2) == 0;
        depth += (int)opens - (int)closes;
        at += opens || closes ? 2 : 1;
    } while (depth > 0 && text[at] != '\0');
    return at;
}

/* The parser counts leading blanks and comments to the statement; a line number for people must
 * not. */
static size_t skip_blanks(const char *text, size_t at)
{
    for (;;) {
        at += strspn(text + at, " \t\r\n\f\v");
        if (strncmp(text + at, "--", 2) == 0)
            at += strcspn(text + at, "\r\n"); /* either ends it, as for the server */
        else if (strncmp(text + at, "/*", 2) == 0)
            at = skip_comment(text, at);
        else
            return at;
    }
}

static void grow(Splitting *splitting)
{
    if (splitting->count < splitting->capacity)
        return;
    size_t capacity = splitting->capacity == 0 ? 16 : splitting->capacity * 2;
    SqlStatement *list = arena_alloc(splitting->arena, capacity * sizeof *list);
    if (splitting->count > 0)
        memcpy(list, splitting->list, splitting->count * sizeof *list);
    splitting->list = list;
    splitting->capacity = capacity;
}

/* Line and column of an offset, on from the last one asked for where that is possible. */
static Place place_of(Splitting *splitting, size_t at_bytes)
{
    Place *last = &splitting->last;
    int line;
    int column;
    if (last->line == 0 || at_bytes < last->at_bytes)
        *last = (Place){.line = 1, .column = 1};
    sql_position_of(splitting->text + last->at_bytes, at_bytes - last->at_bytes, &line, &column);
    last->column = line == 1 ? last->column + column - 1 : column;
    last->line += line - 1;
    last->at_bytes = at_bytes;
    return *last;
}

static void add_statement(Splitting *splitting, size_t from, size_t to, const SqlFault *fault)
{
    size_t start = skip_blanks(splitting->text, from);
    while (to > start && isspace((unsigned char)splitting->text[to - 1]))
        to--;
    if (start >= to)
        return;
    grow(splitting);
    SqlStatement *statement = &splitting->list[splitting->count++];
    *statement = (SqlStatement){.offset_bytes = start, .length_bytes = to - start};
    statement->text = arena_memdup(splitting->arena, splitting->text + start, to - start);
    statement->line = place_of(splitting, start).line;
    statement->parsed = fault == NULL;
    if (fault == NULL)
        return;
    statement->fault = arena_strdup(splitting->arena, fault->message);
    Place place = place_of(splitting, from + fault->at_bytes);
    statement->fault_line = place.line;
    statement->fault_column = place.column;
}

/* Does text[from, to) parse as one statement? *ret_fault is relative to from. */
static bool piece_parses(const Splitting *splitting, size_t from, size_t to, SqlFault *ret_fault)
{
    AUTO(base_free) char *piece = base_strndup(splitting->text + from, to - from);
    PgQuerySplitResult result = pg_query_split_with_parser(piece);
    if (result.error != NULL)
        sql_parse_fault(piece, result.error, ret_fault);
    bool parses = result.error == NULL;
    pg_query_free_split_result(result);
    return parses;
}

static size_t piece_end(const PgQuerySplitResult *pieces, int i)
{
    const PgQuerySplitStmt *piece = pieces->stmts[i];
    return (size_t)piece->stmt_location + (size_t)piece->stmt_len;
}

static bool mentions_atomic(const char *text, size_t from, size_t to)
{
    static const char WORD[] = "atomic";
    for (size_t at = from; at + sizeof WORD - 1 <= to; at++) {
        if (strncasecmp(text + at, WORD, sizeof WORD - 1) == 0)
            return true;
    }
    return false;
}

/* The scanner cuts BEGIN ATOMIC bodies apart: adds pieces to piece i until the whole parses.
 * Returns the number of the last piece that belongs to it; i itself when nothing helps. */
static int join_atomic(Splitting *splitting, const PgQuerySplitResult *pieces, int i)
{
    size_t from = (size_t)pieces->stmts[i]->stmt_location;
    if (!mentions_atomic(splitting->text, from, piece_end(pieces, i)))
        return i;
    for (int last = i + 1; last < pieces->n_stmts && last <= i + ATOMIC_PIECES; last++) {
        SqlFault ignored;
        splitting->atomic_bytes += piece_end(pieces, last) - from;
        if (splitting->atomic_bytes > ATOMIC_BYTES)
            return i;
        if (piece_parses(splitting, from, piece_end(pieces, last), &ignored))
            return last;
    }
    return i;
}

/* The scanner leaves out what holds no keyword, "SELEC 1" for example: it would be lost. */
static void add_gap(Splitting *splitting, size_t from, size_t to)
{
    SqlFault fault;
    do
        from = skip_blanks(splitting->text, from + (splitting->text[from] == ';'));
    while (from < to && splitting->text[from] == ';');
    while (to > from && strchr("; \t\r\n", splitting->text[to - 1]) != NULL)
        to--;
    if (from < to && !piece_parses(splitting, from, to, &fault))
        add_statement(splitting, from, to, &fault);
}

static void add_pieces(Splitting *splitting, const PgQuerySplitResult *pieces, int count,
                       size_t end)
{
    size_t done = 0;
    for (int i = 0; i < count; i++) {
        size_t from = (size_t)pieces->stmts[i]->stmt_location;
        SqlFault fault;
        int last = i;
        bool parses = piece_parses(splitting, from, piece_end(pieces, i), &fault);
        if (!parses) {
            last = join_atomic(splitting, pieces, i);
            parses = last > i;
        }
        add_gap(splitting, done, from);
        done = piece_end(pieces, last);
        add_statement(splitting, from, done, parses ? NULL : &fault);
        i = last;
    }
    add_gap(splitting, done, end);
}

/* A quote or comment that opens at fault and never ends: what stands complete before it is split as
 * usual, and the statement that holds it reaches to the end. */
static void split_unterminated(Splitting *splitting, const SqlFault *fault)
{
    const char *text = splitting->text;
    const char *before = arena_memdup(splitting->arena, text, fault->at_bytes);
    PgQuerySplitResult pieces = pg_query_split_with_scanner(before);
    size_t rest = 0;
    int complete = 0;
    while (pieces.error == NULL && complete < pieces.n_stmts &&
           before[piece_end(&pieces, complete)] == ';')
        rest = piece_end(&pieces, complete++) + 1;
    add_pieces(splitting, &pieces, complete, rest);
    pg_query_free_split_result(pieces);
    SqlFault relative = *fault;
    relative.at_bytes -= rest;
    add_statement(splitting, rest, strlen(text), &relative);
}

static void split_by_scanner(Splitting *splitting)
{
    PgQuerySplitResult pieces = pg_query_split_with_scanner(splitting->text);
    if (pieces.error != NULL) {
        SqlFault fault;
        sql_parse_fault(splitting->text, pieces.error, &fault);
        split_unterminated(splitting, &fault);
    } else {
        add_pieces(splitting, &pieces, pieces.n_stmts, strlen(splitting->text));
    }
    pg_query_free_split_result(pieces);
}

bool sql_split(Arena *arena, const char *text, SqlStatement **ret, size_t *ret_count, Error *err)
{
    if (!sql_parse_accepts(text, err))
        return false;
    Splitting splitting = {.arena = arena, .text = text};
    PgQuerySplitResult statements = pg_query_split_with_parser(text);
    if (statements.error != NULL) {
        split_by_scanner(&splitting);
    } else {
        for (int i = 0; i < statements.n_stmts; i++)
            add_statement(&splitting, (size_t)statements.stmts[i]->stmt_location,
                          piece_end(&statements, i), NULL);
    }
    pg_query_free_split_result(statements);
    *ret = splitting.list;
    *ret_count = splitting.count;
    return true;
}
