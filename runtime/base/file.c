/* Folders, and files below them. */
#include "base/file.h"

#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

static int open_part(int folder, const char *part, size_t length, int flags)
{
    char name[NAME_MAX + 1];
    bool dots =
        (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.');
    errno = EACCES;
    if (length == 0 || length > NAME_MAX || dots)
        return -1;
    memcpy(name, part, length);
    name[length] = '\0';
    return openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags);
}

int file_open_below(int folder, const char *path)
{
    int at = folder;
    for (const char *part = path;;) {
        size_t length = strcspn(part, "/");
        bool last = part[length] == '\0';
        int next = open_part(at, part, length, last ? 0 : O_DIRECTORY);
        int wrong = errno;
        if (at != folder)
            close(at);
        errno = wrong;
        if (next < 0 || last)
            return next;
        at = next;
        part += length + 1;
    }
}
