/* Folders. */
#include "base/file.h"

#include "base/fault.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_make_folder(const char *path, Error *err)
{
    AUTO(base_free) char *copy = base_strdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST)
            return error_set(err, ERROR_INPUT, "the folder %s cannot be made: %s", copy,
                             strerror(errno));
        *slash = '/';
    }
    if (FAULT_FAILS("file.folder") || (mkdir(copy, 0700) != 0 && errno != EEXIST) ||
        access(copy, W_OK) != 0)
        return error_set(err, ERROR_INPUT, "the folder %s cannot be written: %s", copy,
                         strerror(errno));
    return true;
}
