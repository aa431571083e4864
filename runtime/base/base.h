/* The macros every file may use. Nothing here allocates, logs or knows a domain. */
#ifndef HEADGATE_BASE_BASE_H
#define HEADGATE_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A result that may not be ignored: every function that can fail carries it.
#define NODISCARD __attribute__((warn_unused_result))
/// printf-like: the format is argument number fmt_at, the values begin at args_at.
#define PRINTF_LIKE(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))
#define NORETURN __attribute__((noreturn))
/// Runs destructor(&variable) when the variable leaves its scope. Not run by longjmp (STYLE 5.4).
#define AUTO(destructor) __attribute__((cleanup(destructor)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define UNUSED(x) ((void)(x))

/// A programming error: prints file, line and the broken condition and aborts, in release builds
/// too.
#define invariant(condition)                                                                       \
    ((condition) ? (void)0 : invariant_failed(__FILE__, __LINE__, #condition))

NORETURN void invariant_failed(const char *file, int line, const char *condition);

/// Memory that must be there: these abort when the machine has none left (docs/decisions/001).
void *base_alloc(size_t bytes);                ///< zeroed; free() releases it
void *base_realloc(void *block, size_t bytes); ///< new bytes are not zeroed
char *base_strdup(const char *text);           ///< free() releases it; NULL stays NULL
char *base_strndup(const char *text, size_t bytes);
char *base_printf(const char *format, ...) PRINTF_LIKE(1, 2); ///< free() releases it

/// Destructors for AUTO: AUTO(base_free) char *name = ...;
void base_free(void *pointer_to_pointer);

/// From now on only root may read this process's memory and environment or trace it, and it leaves
/// no core: passwords are in there. Children that are executed begin without it.
void base_seal_memory(void);

/// "" and NULL are the same question.
static inline bool text_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}
bool text_equal(const char *a, const char *b); ///< NULL equals only NULL
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

#endif
