/* Error values: set, wrap, name. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cutting short may have cut a character in two, and half a character is no JSON. */
static void drop_half_character(char *text)
{
    size_t length = strlen(text);
    size_t tail = 0; /* continuation bytes at the end */
    while (tail < length && tail < 4 && ((unsigned char)text[length - 1 - tail] & 0xC0) == 0x80)
        tail++;
    if (tail == length)
        return;
    unsigned char lead = (unsigned char)text[length - 1 - tail];
    size_t wanted = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (tail < wanted)
        text[length - 1 - tail] = '\0';
}

static void one_line(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\r' || *text == '\t')
            *text = ' ';
    }
}

/* The length of the UTF-8 character at at (Unicode table 3-7), or 0. The text ends with a NUL,
 * which is no continuation. */
static size_t character_length(const unsigned char *at)
{
    size_t size = at[0] < 0x80 ? 1 : at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    if (size == 1)
        return 1;
    unsigned char low = at[0] == 0xE0 ? 0xA0 : at[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = at[0] == 0xED ? 0x9F : at[0] == 0xF4 ? 0x8F : 0xBF;
    if (at[0] < 0xC2 || at[0] > 0xF4 || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    return size;
}

/* What people send may be no UTF-8, and a "%.80s" may cut a character in two. */
static void replace_no_characters(char *text)
{
    while (*text != '\0') {
        size_t length = character_length((const unsigned char *)text);
        if (length == 0)
            *text = '?';
        text += length == 0 ? 1 : length;
    }
}

/* What every text of an error goes through. */
static void tidy(char *text)
{
    drop_half_character(text);
    replace_no_characters(text);
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
