/* A tokenizer for Lua, just good enough for positions, and a reader of table constructors. */
#include "bind/source.h"

#include <ctype.h>
#include <string.h>

enum { SOURCE_BYTES = 1024 * 1024, LINES_BACK = 3, DOTTED_DEPTH = 3, NAME_BYTES = 200 };

typedef enum TokenKind { TOKEN_NAME, TOKEN_STRING, TOKEN_SYMBOL, TOKEN_OTHER } TokenKind;

typedef struct Token {
    TokenKind kind;
    const char *text; /* of a string: what stands between its quotes */
    size_t bytes;
    int line;
    int column;
    int text_line; /* where the text begins */
} Token;

struct BindSource {
    Arena *arena;
    const char *at;
    const char *end;
    int line;
    int column;
    Token *tokens;
    size_t count;
    size_t capacity;
};

static void next_byte(BindSource *source)
{
    char c = *source->at++;
    if (c == '\n') {
        source->line++;
        source->column = 1;
        return;
    }
    source->column += ((unsigned char)c & 0xC0) != 0x80; /* characters, as editors count */
}

static void skip_to(BindSource *source, const char *to)
{
    while (source->at < to)
        next_byte(source);
}

static Token *add_token(BindSource *source, TokenKind kind)
{
    if (source->count == source->capacity) {
        size_t capacity = source->capacity == 0 ? 256 : source->capacity * 2;
        Token *grown = arena_alloc(source->arena, capacity * sizeof(Token));
        if (source->count > 0)
            memcpy(grown, source->tokens, source->count * sizeof(Token));
        source->tokens = grown;
        source->capacity = capacity;
    }
    Token *token = &source->tokens[source->count++];
    *token = (Token){.kind = kind,
                     .text = source->at,
                     .line = source->line,
                     .column = source->column,
                     .text_line = source->line};
    return token;
}

/* The level of a long bracket [==[ at `at`, or -1. */
static int long_level(const BindSource *source, const char *at)
{
    if (at >= source->end || *at != '[')
        return -1;
    const char *c = at + 1;
    while (c < source->end && *c == '=')
        c++;
    return c < source->end && *c == '[' ? (int)(c - at - 1) : -1;
}

/* Moves behind a long bracket's end; *ret_end is where its text ends. */
static void skip_long(BindSource *source, int level, const char **ret_start, const char **ret_end)
{
    skip_to(source, source->at + level + 2);
    if (source->at < source->end && *source->at == '\r')
        next_byte(source);
    if (source->at < source->end && *source->at == '\n')
        next_byte(source);
    *ret_start = source->at;
    for (; source->at < source->end; next_byte(source)) {
        if (*source->at != ']')
            continue;
        const char *c = source->at + 1;
        while (c < source->end && *c == '=')
            c++;
        if (c < source->end && *c == ']' && c - source->at - 1 == level) {
            *ret_end = source->at;
            skip_to(source, c + 1);
            return;
        }
    }
    *ret_end = source->at;
}

static void read_long_string(BindSource *source, int level)
{
    Token *token = add_token(source, TOKEN_STRING);
    const char *end;
    skip_long(source, level, &token->text, &end);
    token->bytes = (size_t)(end - token->text);
    int lines = 0;
    for (const char *c = token->text; c < source->at; c++)
        lines += *c == '\n';
    token->text_line = source->line - lines; /* the first newline is not of the text */
}

static void read_string(BindSource *source, char quote)
{
    Token *token = add_token(source, TOKEN_STRING);
    next_byte(source);
    token->text = source->at;
    while (source->at < source->end && *source->at != quote && *source->at != '\n') {
        if (*source->at == '\\' && source->at + 1 < source->end)
            next_byte(source);
        next_byte(source);
    }
    token->bytes = (size_t)(source->at - token->text);
    if (source->at < source->end)
        next_byte(source);
}

static void read_word(BindSource *source)
{
    bool is_name = !isdigit((unsigned char)*source->at);
    Token *token = add_token(source, is_name ? TOKEN_NAME : TOKEN_OTHER);
    while (source->at < source->end && (isalnum((unsigned char)*source->at) || *source->at == '_'))
        next_byte(source);
    token->bytes = (size_t)(source->at - token->text);
}

static void read_symbol(BindSource *source)
{
    Token *token = add_token(source, TOKEN_SYMBOL);
    bool has_equals =
        strchr("=~<>", *source->at) != NULL && source->at + 1 < source->end && source->at[1] == '=';
    skip_to(source, source->at + (has_equals ? 2 : 1));
    token->bytes = has_equals ? 2 : 1;
}

static void skip_comment(BindSource *source)
{
    skip_to(source, source->at + 2);
    int level = long_level(source, source->at);
    const char *start;
    const char *end;
    if (level >= 0) {
        skip_long(source, level, &start, &end);
        return;
    }
    while (source->at < source->end && *source->at != '\n')
        next_byte(source);
}

static void read_token(BindSource *source)
{
    char c = *source->at;
    bool is_comment = c == '-' && source->at + 1 < source->end && source->at[1] == '-';
    int level = long_level(source, source->at);
    if (is_comment)
        skip_comment(source);
    else if (level >= 0)
        read_long_string(source, level);
    else if (c == '"' || c == '\'')
        read_string(source, c);
    else if (isalnum((unsigned char)c) || c == '_')
        read_word(source);
    else if (isspace((unsigned char)c))
        next_byte(source);
    else
        read_symbol(source);
}

BindSource *bind_source_new(Arena *arena, const char *text, size_t bytes)
{
    if (bytes > SOURCE_BYTES)
        return NULL;
    BindSource *source = arena_alloc(arena, sizeof(*source));
    source->arena = arena;
    source->at = text;
    source->end = text + bytes;
    source->line = source->column = 1;
    add_token(source, TOKEN_OTHER); /* so that token 0 can mean "unknown" */
    while (source->at < source->end)
        read_token(source);
    add_token(source, TOKEN_OTHER); /* and the last one has a next */
    return source;
}

static bool token_is(const Token *token, TokenKind kind, const char *text)
{
    return token->kind == kind && token->bytes == strlen(text) &&
           memcmp(token->text, text, token->bytes) == 0;
}

static bool is_symbol(const BindSource *source, size_t index, const char *symbol)
{
    return index < source->count && token_is(&source->tokens[index], TOKEN_SYMBOL, symbol);
}

/* ---- words ---- */

/* The first token of a line or later. */
static size_t first_of_line(const BindSource *source, int line)
{
    size_t low = 1;
    size_t high = source->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (source->tokens[middle].line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_name(const BindSource *source, size_t word, const char *name)
{
    size_t next = word + 1;
    if (is_symbol(source, next, "("))
        next++;
    if (next >= source->count)
        return false;
    return name == NULL ? is_symbol(source, next, "{")
                        : token_is(&source->tokens[next], TOKEN_STRING, name);
}

/* The token of the nth match in the line, or the last one; 0 = none. */
static size_t find_in_line(const BindSource *source, const char *word, const char *name, int line,
                           int nth, bool exact)
{
    size_t found = 0;
    for (size_t i = first_of_line(source, line);
         i < source->count && source->tokens[i].line == line && nth > 0; i++) {
        if (token_is(&source->tokens[i], TOKEN_NAME, word) &&
            (!exact || has_name(source, i, name))) {
            found = i;
            nth--;
        }
    }
    return found;
}

/* The token behind the bracket that closes the one at index. */
static size_t behind_group(const BindSource *source, size_t index)
{
    int depth = 0;
    for (; index < source->count; index++) {
        if (is_symbol(source, index, "(") || is_symbol(source, index, "{"))
            depth++;
        else if (is_symbol(source, index, ")") || is_symbol(source, index, "}"))
            depth--;
        if (depth == 0)
            return index + 1;
    }
    return index;
}

static size_t body_of(const BindSource *source, size_t word, bool named)
{
    size_t next = word + 1;
    if (named && is_symbol(source, next, "("))
        next = behind_group(source, next);
    else if (named)
        next++;
    if (is_symbol(source, next, "("))
        next++;
    return is_symbol(source, next, "{") ? next + 1 : 0;
}

bool bind_source_word(const BindSource *source, const char *word, const char *name, int line,
                      int nth, SourceWord *ret_word)
{
    size_t found = 0;
    for (int back = 0; found == 0 && back < LINES_BACK; back++)
        found = find_in_line(source, word, name, line - back, nth, true);
    if (found == 0)
        found = find_in_line(source, word, name, line, nth, false);
    if (found == 0)
        return false;
    const Token *token = &source->tokens[found];
    *ret_word = (SourceWord){token->line, token->column, body_of(source, found, name != NULL)};
    return true;
}

/* ---- keys ---- */

typedef struct KeyList {
    const BindSource *source;
    Arena *arena;
    SourceKey *keys;
    size_t count;
    size_t capacity;
} KeyList;

static void add_key(KeyList *list, const char *prefix, const Token *name, const Token *value)
{
    if (name->bytes > NAME_BYTES)
        return;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        SourceKey *grown = arena_alloc(list->arena, capacity * sizeof(SourceKey));
        if (list->count > 0)
            memcpy(grown, list->keys, list->count * sizeof(SourceKey));
        list->keys = grown;
        list->capacity = capacity;
    }
    list->keys[list->count++] = (SourceKey){
        arena_printf(list->arena, "%s%.*s", prefix, (int)name->bytes, name->text),
        name->line,
        name->column,
        value->text_line,
    };
}

/* +1, -1 or 0: how a token changes the nesting of brackets and blocks. `while` and `for` count by
 * their do. */
static int nesting(const Token *token)
{
    static const struct {
        TokenKind kind;
        const char *text;
        int change;
    } CHANGES[] = {
        {TOKEN_SYMBOL, "(", 1},      {TOKEN_SYMBOL, "[", 1},  {TOKEN_SYMBOL, "{", 1},
        {TOKEN_SYMBOL, ")", -1},     {TOKEN_SYMBOL, "]", -1}, {TOKEN_SYMBOL, "}", -1},
        {TOKEN_NAME, "function", 1}, {TOKEN_NAME, "do", 1},   {TOKEN_NAME, "if", 1},
        {TOKEN_NAME, "repeat", 1},   {TOKEN_NAME, "end", -1}, {TOKEN_NAME, "until", -1},
    };
    for (size_t i = 0; i < COUNT_OF(CHANGES); i++) {
        if (token_is(token, CHANGES[i].kind, CHANGES[i].text))
            return CHANGES[i].change;
    }
    return 0;
}

/* The token that ends the expression at index: "," or ";" or "}" of its table. */
static size_t behind_value(const BindSource *source, size_t index)
{
    for (int depth = 0; index < source->count; index++) {
        bool separates = is_symbol(source, index, ",") || is_symbol(source, index, ";");
        if (depth == 0 && (separates || is_symbol(source, index, "}")))
            return index;
        depth += nesting(&source->tokens[index]);
    }
    return index;
}

/* The token of the key's name when a key begins at index; *ret_value is its value's first token. */
static size_t key_at(const BindSource *source, size_t index, size_t *ret_value)
{
    size_t name = index;
    size_t equals = index + 1;
    if (is_symbol(source, index, "[")) {
        name = index + 1;
        equals = is_symbol(source, index + 2, "]") ? index + 3 : 0;
    }
    if (equals == 0 || !is_symbol(source, equals, "=") || equals + 1 >= source->count)
        return 0;
    TokenKind wanted = name == index ? TOKEN_NAME : TOKEN_STRING;
    *ret_value = equals + 1;
    return source->tokens[name].kind == wanted ? name : 0;
}

static void read_table(KeyList *list, size_t index, const char *prefix, int depth)
{
    const BindSource *source = list->source;
    while (index < source->count && !is_symbol(source, index, "}")) {
        size_t value = 0;
        size_t name = key_at(source, index, &value);
        if (name != 0) {
            const Token *token = &source->tokens[name];
            add_key(list, prefix, token, &source->tokens[value]);
            if (is_symbol(source, value, "{") && depth < DOTTED_DEPTH && token->bytes <= NAME_BYTES)
                read_table(
                    list, value + 1,
                    arena_printf(list->arena, "%s%.*s.", prefix, (int)token->bytes, token->text),
                    depth + 1);
            index = value;
        }
        index = behind_value(source, index);
        if (!is_symbol(source, index, "}"))
            index++;
    }
}

size_t bind_source_keys(const BindSource *source, size_t body, Arena *arena, SourceKey **ret_keys)
{
    KeyList list = {.source = source, .arena = arena};
    if (body != 0)
        read_table(&list, body, "", 1);
    *ret_keys = list.keys;
    return list.count;
}

/* ---- calls ---- */

static bool redefines(const BindSource *source, const char *name)
{
    for (size_t i = 1; i < source->count; i++) {
        const Token *before = &source->tokens[i - 1];
        if (token_is(&source->tokens[i], TOKEN_NAME, name) &&
            (token_is(before, TOKEN_NAME, "local") || token_is(before, TOKEN_NAME, "function")))
            return true;
    }
    return false;
}

static const char *literal_at(const BindSource *source, size_t index, Arena *arena)
{
    const Token *token = &source->tokens[index < source->count ? index : 0];
    bool plain = token->kind == TOKEN_STRING && memchr(token->text, '\\', token->bytes) == NULL;
    return plain ? arena_strndup(arena, token->text, token->bytes) : NULL;
}

static bool call_at(const BindSource *source, size_t index, const char *name, Arena *arena,
                    SourceCall *ret_call)
{
    const Token *token = &source->tokens[index];
    if (!token_is(token, TOKEN_NAME, name) || is_symbol(source, index - 1, ".") ||
        is_symbol(source, index - 1, ":") || !is_symbol(source, index + 1, "(") ||
        !is_symbol(source, index + 3, ",") || !is_symbol(source, index + 5, ")"))
        return false;
    *ret_call = (SourceCall){literal_at(source, index + 2, arena),
                             literal_at(source, index + 4, arena), token->line, token->column};
    return ret_call->first != NULL && ret_call->second != NULL;
}

size_t bind_source_calls(const BindSource *source, const char *name, int first, int last,
                         Arena *arena, SourceCall **ret_calls)
{
    size_t begin = first_of_line(source, first);
    size_t end = begin;
    size_t count = 0;
    while (end < source->count && source->tokens[end].line <= last)
        end++;
    SourceCall *calls = arena_alloc(arena, (end - begin + 1) * sizeof(*calls));
    *ret_calls = calls;
    for (size_t i = begin; i < end; i++)
        count += call_at(source, i, name, arena, &calls[count]);
    return count > 0 && redefines(source, name) ? 0 : count;
}
