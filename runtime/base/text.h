/* A text that grows up to a maximum given at birth. Overflow is sticky and never overruns. */
#ifndef HEADGATE_BASE_TEXT_H
#define HEADGATE_BASE_TEXT_H

#include "base/base.h"

typedef struct Text {
    char *data; ///< NUL-terminated after the first append; NULL before
    size_t length_bytes;
    size_t capacity_bytes;
    size_t max_bytes;
    bool overflowed; ///< something did not fit; the text was cut
} Text;

void text_init(Text *text, size_t max_bytes);
void text_done(Text *text);  ///< frees the contents; also a destructor for AUTO
void text_clear(Text *text); ///< empties it, keeps the memory
void text_append(Text *text, const char *string);
void text_append_bytes(Text *text, const void *bytes, size_t size);
void text_append_char(Text *text, char c);
/// Percent-encodes as a part of an address (RFC 3986: all but letters, digits and "-._~").
void text_append_encoded(Text *text, const char *string);
void text_printf(Text *text, const char *format, ...) PRINTF_LIKE(2, 3);
const char *text_string(const Text *text); ///< never NULL; "" when empty
char *text_take(Text *text); ///< moves the string out (free() it); the text is empty after

/// Makes a string UTF-8, in place and never longer: half a character at its end goes, every other
/// byte that is of none becomes "?".
void text_make_utf8(char *string);

/// How many bytes the character at string has, if it is one that hides or reorders what a person
/// reads: a control (a line's end too), or of U+200E/F, U+202A…E, U+2066…9; else 0.
size_t text_control_bytes(const char *string);

enum { TEXT_INT_BYTES = 24 }; ///< enough for any number of these
/// Write a number in decimal, without printf, so that it ends before end, where TEXT_INT_BYTES are
/// free; return where it begins. No NUL.
char *text_digits(char *end, uint64_t value);
char *text_int(char *end, int64_t value);

#endif
