/* A chain of blocks, bump-allocated. Under AddressSanitizer each gift is a block of its own, so
 * that a step beyond its end, or a use after the arena was cleared, is seen. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALONE
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ALONE
#endif

#ifdef ALONE
enum { BLOCK_BYTES = 0, ALIGNMENT = 1 }; /* a block itself is aligned for any type */
#else
enum { BLOCK_BYTES = 8192, ALIGNMENT = 16 };
#endif

typedef struct Block {
    struct Block *next;
    size_t size_bytes;
    size_t used_bytes;
    size_t padding;
    unsigned char bytes[];
} Block;

struct Arena {
    Block *blocks; /* newest first */
    size_t given_bytes;
};

Arena *arena_new(void)
{
    return base_alloc(sizeof(Arena));
}

static void blocks_free(Block *block)
{
    while (block != NULL) {
        Block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_free(Arena *arena)
{
    if (arena == NULL)
        return;
    blocks_free(arena->blocks);
    free(arena);
}

void arena_clear(Arena *arena)
{
    Block *keep = arena->blocks;
    if (keep != NULL) {
        blocks_free(keep->next);
        keep->next = NULL;
        keep->used_bytes = 0;
        if (keep->size_bytes > BLOCK_BYTES) {
            free(keep);
            arena->blocks = NULL;
        }
    }
    arena->given_bytes = 0;
}

void arena_auto(Arena **arena)
{
    arena_free(*arena);
}

static void *give(Arena *arena, size_t bytes)
{
    size_t need = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    Block *block = arena->blocks;
    if (block == NULL || block->size_bytes - block->used_bytes < need) {
        size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
        block = base_realloc(NULL, sizeof(Block) + size);
        block->next = arena->blocks;
        block->size_bytes = size;
        block->used_bytes = 0;
        arena->blocks = block;
    }
    void *result = block->bytes + block->used_bytes;
    block->used_bytes += need;
    arena->given_bytes += need;
    return result;
}

void *arena_alloc(Arena *arena, size_t bytes)
{
    return memset(give(arena, bytes), 0, bytes);
}

void *arena_memdup(Arena *arena, const void *bytes, size_t size)
{
    char *copy = give(arena, size + 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

char *arena_strdup(Arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_memdup(arena, text, strlen(text));
}

char *arena_strndup(Arena *arena, const char *text, size_t bytes)
{
    return text == NULL ? NULL : arena_memdup(arena, text, strnlen(text, bytes));
}

char *arena_printf(Arena *arena, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    invariant(length >= 0);
    char *result = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(result, (size_t)length + 1, format, again);
    va_end(again);
    return result;
}

size_t arena_size(const Arena *arena)
{
    return arena->given_bytes;
}
