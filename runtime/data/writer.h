/* JSON text for the server, piece by piece. Commas and colons are the caller's. */
#ifndef HEADGATE_DATA_WRITER_H
#define HEADGATE_DATA_WRITER_H

#include "base/error.h"
#include "base/text.h"

#include <endian.h>
#include <string.h>

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

/// Has a bit set in each of the eight bytes that is a quote, a backslash, a control character or
/// not ASCII. Above the lowest such byte the bits may be wrong (a borrow), below it they are right.
static inline uint64_t data_writer_special(uint64_t eight)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t tops = 0x8080808080808080u;
    uint64_t quote = eight ^ (ones * '"');
    uint64_t slash = eight ^ (ones * '\\');
    return (eight | (eight - ones * 0x20) | (quote - ones) | (slash - ones)) & tops;
}

/// The next byte that cannot just be passed over.
static inline const char *data_writer_plain(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t eight;
        memcpy(&eight, at, sizeof(eight));
        uint64_t special = data_writer_special(le64toh(eight));
        if (special != 0)
            return at + __builtin_ctzll(special) / 8;
        at += 8;
    }
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' &&
           *at != '\\')
        at++;
    return at;
}

#endif
