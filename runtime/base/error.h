/* One error value: caller-owned, no allocation. Functions that can fail return bool, are NODISCARD
 * and take Error *err last; they set it only on failure. */
#ifndef HEADGATE_BASE_ERROR_H
#define HEADGATE_BASE_ERROR_H

#include "base/base.h"

/// What a caller can branch on. A short list on purpose.
typedef enum ErrorKind {
    ERROR_NONE,        ///< nothing happened yet: the value of a zeroed Error
    ERROR_INPUT,       ///< the plan, the configuration, the command or the request is wrong
    ERROR_DATABASE,    ///< the server refused a statement; sqlstate says why
    ERROR_UNREACHABLE, ///< no connection, or it was lost: the outcome may be unknown, try again
    ERROR_SCRIPT,      ///< Lua raised, looped or ran out of memory
    ERROR_CANCELLED,   ///< somebody asked us to stop
    ERROR_FENCED,      ///< another runner has taken over: nothing may be written any more
    ERROR_REFUSED,     ///< a rule of ours says no (not allowed, not yet, not by you)
    ERROR_CONFLICT,    ///< somebody else changed it meanwhile
    ERROR_INTERNAL,    ///< the operating system or a library failed us
} ErrorKind;

typedef struct Error {
    ErrorKind kind;
    char sqlstate[6];   ///< five characters and NUL; "" unless the server sent one
    char message[1024]; ///< one line, no newline; cut short rather than overrun
    char hint[256];     ///< what to do next, or ""
} Error;

/// Sets err and returns false, so that "return error_set(err, ...)" is one line. err may be NULL.
bool error_set(Error *err, ErrorKind kind, const char *format, ...) PRINTF_LIKE(3, 4);
/// Puts "context: " in front of the message and returns false; kind and sqlstate stay.
bool error_wrap(Error *err, const char *format, ...) PRINTF_LIKE(2, 3);
/// Sets the hint and returns false.
bool error_hint(Error *err, const char *format, ...) PRINTF_LIKE(2, 3);
/// "input", "database", ...: the word used in JSON, events and Lua.
const char *error_kind_name(ErrorKind kind);

#endif
