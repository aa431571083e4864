/* The few things we do to the file system. */
#ifndef HEADGATE_BASE_FILE_H
#define HEADGATE_BASE_FILE_H

#include "base/error.h"

/// Makes a folder and those above it, for its owner only (0700). There already is fine.
NODISCARD bool file_make_folder(const char *path, Error *err);

#endif
