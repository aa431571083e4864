/* The few things we do to the file system. */
#ifndef HEADGATE_BASE_FILE_H
#define HEADGATE_BASE_FILE_H

#include "base/error.h"

/// Makes a folder and those above it, for its owner only (0700). There already is fine.
NODISCARD bool file_make_folder(const char *path, Error *err);
/// Opens what lies below an open folder, for reading and without waiting (a FIFO). No part of path
/// may be empty, ".", ".." or a link, so nothing outside is reached, whatever somebody puts there
/// meanwhile: openat2()'s RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, on kernels and in sandboxes that
/// lack it, too. The descriptor, or -1 with errno; what it is the caller looks at.
int file_open_below(int folder, const char *path);

#endif
