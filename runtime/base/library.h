/* Shared libraries that are loaded when they are used first, because what they bring takes longer
 * than the rest of a start. */
#ifndef HEADGATE_BASE_LIBRARY_H
#define HEADGATE_BASE_LIBRARY_H

#include "base/error.h"

/// Loads file ("libpq.so.5"), which nothing unloads again, and finds its functions names: their
/// pointers are written one behind the other from ret_functions on. On failure nothing is written:
/// ERROR_INTERNAL with who needs it ("connections need") and what is missing.
NODISCARD bool library_load(const char *file, const char *who_needs, const char *const *names,
                            size_t count, void *ret_functions, Error *err);

#endif
