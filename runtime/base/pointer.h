/* JSON pointers (RFC 6901): "/items/0/count". */
#ifndef HEADGATE_BASE_POINTER_H
#define HEADGATE_BASE_POINTER_H

#include "base/json.h"

/// What the pointer names inside value ("" = all of it), borrowed; NULL when there is nothing.
const json_t *pointer_find(const json_t *value, const char *pointer);

#endif
