/* Memory with one lifetime: everything allocated from an arena is freed with it. */
#ifndef HEADGATE_BASE_ARENA_H
#define HEADGATE_BASE_ARENA_H

#include "base/base.h"

typedef struct Arena Arena;

Arena *arena_new(void);
/// Frees the arena and all it gave out. NULL is fine.
void arena_free(Arena *arena);
/// Frees all it gave out but keeps the arena (and one block) for the next use.
void arena_clear(Arena *arena);
/// Destructor for AUTO(arena_auto) Arena *arena = arena_new();
void arena_auto(Arena **arena);

void *arena_alloc(Arena *arena, size_t bytes);      ///< zeroed, aligned for any type; never NULL
char *arena_strdup(Arena *arena, const char *text); ///< NULL stays NULL
char *arena_strndup(Arena *arena, const char *text, size_t bytes);
char *arena_printf(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/// Copies bytes and puts a NUL behind them.
void *arena_memdup(Arena *arena, const void *bytes, size_t size);
size_t arena_size(const Arena *arena); ///< bytes given out since new or clear

#endif
