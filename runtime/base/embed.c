/* Finding embedded files. */
#include "base/embed.h"

#include "base/base.h"

const EmbedFile *embed_find(const EmbedFile *files, const char *name)
{
    for (; files->name != NULL; files++) {
        if (text_equal(files->name, name))
            return files;
    }
    return NULL;
}
