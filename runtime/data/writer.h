/* JSON text for the server, piece by piece. Commas and colons are the caller's. */
#ifndef HEADGATE_DATA_WRITER_H
#define HEADGATE_DATA_WRITER_H

#include "base/error.h"
#include "base/text.h"

/// "…" with escapes where JSON needs them. ERROR_INPUT when the bytes are not UTF-8.
NODISCARD bool data_writer_string(Text *out, const char *bytes, size_t size, Error *err);
void data_writer_int(Text *out, int64_t value);
/// The shortest decimal that reads back as the same double; whole numbers without ".0". ERROR_INPUT
/// for NaN and infinities, which JSON does not have.
NODISCARD bool data_writer_double(Text *out, double value, Error *err);

/// The spelling that data_writer_double uses; out holds at least 32 bytes. value is finite.
int data_writer_double_text(double value, char *out);
/// The length of the valid UTF-8 character at bytes (left >= 1 bytes follow), or 0. No surrogates,
/// nothing overlong.
size_t data_writer_utf8(const unsigned char *bytes, size_t left);

#endif
