/* Where things stand in a plan's source. Lua knows lines only; columns, and the lines of keys
 * inside a long table, are found by reading the tokens of the text. What is not found is 0: a
 * position is a courtesy. */
#ifndef HEADGATE_BIND_SOURCE_H
#define HEADGATE_BIND_SOURCE_H

#include "base/arena.h"

typedef struct BindSource BindSource;

/// Reads the tokens of a Lua text (strings and comments are understood). NULL when it is too large.
/// text is borrowed and must live as long as arena.
BindSource *bind_source_new(Arena *arena, const char *text, size_t bytes);

/// A word of the plan language as it was written.
typedef struct SourceWord {
    int line;
    int column;
    size_t body; ///< token after the "{" of its table; 0 = unknown
} SourceWord;

/// Finds the nth (from 1) `word "name"` of a line; name NULL for words without one. What a loop
/// makes stands only once in the text: then the last one counts.
bool bind_source_word(const BindSource *source, const char *word, const char *name, int line,
                      int nth, SourceWord *ret_word);

/// One key of a table, dotted inside tables in it ("gate.approvers").
typedef struct SourceKey {
    const char *name;
    int line;
    int column;
    int value_line; ///< where its value begins; of a long string the line of its first byte
} SourceKey;

/// The keys of the table whose body bind_source_word() found, in the order of the text. From arena.
size_t bind_source_keys(const BindSource *source, size_t body, Arena *arena, SourceKey **ret_keys);

/// name("first", "second") in the text, where both are plain literals.
typedef struct SourceCall {
    const char *first;
    const char *second;
    int line;
    int column;
} SourceCall;

/// The calls of a global function from line first to line last. A text that gives the name a
/// meaning of its own (local name, function name) has none. From arena.
size_t bind_source_calls(const BindSource *source, const char *name, int first, int last,
                         Arena *arena, SourceCall **ret_calls);

#endif
