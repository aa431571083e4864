/* Error values: set, wrap, name. */
#include "base/error.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void one_line(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\r' || *text == '\t')
            *text = ' ';
    }
}

/* What every text of an error goes through. */
static void tidy(char *text)
{
    text_make_utf8(text);
    one_line(text);
}

bool error_set(Error *err, ErrorKind kind, const char *format, ...)
{
    if (err == NULL)
        return false;
    va_list args;
    va_start(args, format);
    char message[sizeof(err->message)];
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    memset(err, 0, sizeof(*err));
    err->kind = kind;
    memcpy(err->message, message, sizeof(message));
    tidy(err->message);
    return false;
}

bool error_wrap(Error *err, const char *format, ...)
{
    if (err == NULL)
        return false;
    char old[sizeof(err->message)];
    memcpy(old, err->message, sizeof(old));
    va_list args;
    va_start(args, format);
    int length = vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    if (length < 0 || (size_t)length + 3 >= sizeof(err->message)) {
        memcpy(err->message, old, sizeof(old));
        return false;
    }
    snprintf(err->message + length, sizeof(err->message) - (size_t)length, ": %.*s",
             (int)(sizeof(err->message) - (size_t)length - 3), old);
    tidy(err->message);
    return false;
}

bool error_hint(Error *err, const char *format, ...)
{
    if (err == NULL)
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(err->hint, sizeof(err->hint), format, args);
    va_end(args);
    tidy(err->hint);
    return false;
}

const char *error_kind_name(ErrorKind kind)
{
    static const char *const NAMES[] = {
        [ERROR_NONE] = "none",         [ERROR_INPUT] = "input",
        [ERROR_DATABASE] = "database", [ERROR_UNREACHABLE] = "unreachable",
        [ERROR_SCRIPT] = "script",     [ERROR_CANCELLED] = "cancelled",
        [ERROR_FENCED] = "fenced",     [ERROR_REFUSED] = "refused",
        [ERROR_CONFLICT] = "conflict", [ERROR_INTERNAL] = "internal",
    };
    return (size_t)kind < COUNT_OF(NAMES) ? NAMES[kind] : "unknown";
}
