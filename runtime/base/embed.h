/* Files compiled into the binary (cmake/embed.cmake writes the tables). */
#ifndef HEADGATE_BASE_EMBED_H
#define HEADGATE_BASE_EMBED_H

#include <stddef.h>

typedef struct EmbedFile {
    const char *name;  ///< path relative to the embedded folder
    const char *start; ///< a NUL stands behind the last byte
    const char *end;
} EmbedFile;

/// The file of that name, or NULL. files ends with a row whose name is NULL.
const EmbedFile *embed_find(const EmbedFile *files, const char *name);
static inline size_t embed_bytes(const EmbedFile *file)
{
    return (size_t)(file->end - file->start);
}

#endif
