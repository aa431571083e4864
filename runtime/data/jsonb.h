/* What a jsonb, and a text, of the server can hold: JSON and the bytes of people hold more. */
#ifndef HEADGATE_DATA_JSONB_H
#define HEADGATE_DATA_JSONB_H

#include "base/text.h"

/// Would jsonb take this text? Not what is no JSON (a lone surrogate, bytes that are not UTF-8), a
/// zero byte, or a number beyond numeric.
bool data_jsonb_takes(const char *text, size_t bytes);
/// Appends at most max bytes of what stands there, never half a character; bytes that no text of
/// the server can hold become U+FFFD. How many bytes it has read: fewer than size when it was cut.
size_t data_jsonb_clean(Text *out, const char *bytes, size_t size, size_t max);

#endif
