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

/// Has the top bit set in each of the eight bytes that somebody looks for. Above the lowest such
/// byte the bits may be wrong (a borrow), below it they are right.
typedef uint64_t DataWriterLook(uint64_t eight);
#define DATA_WRITER_ONES 0x0101010101010101u
#define DATA_WRITER_TOPS 0x8080808080808080u

/// The next byte that look finds, or end.
static inline const char *data_writer_next(const char *at, const char *end, DataWriterLook *look)
{
    const uint64_t found_by_none = DATA_WRITER_ONES * 'a';
    for (; end - at >= 8; at += 8) {
        uint64_t eight;
        memcpy(&eight, at, sizeof(eight));
        uint64_t found = look(le64toh(eight));
        if (found != 0)
            return at + __builtin_ctzll(found) / 8;
    }
    while (at < end && (look((found_by_none & ~UINT64_C(255)) | (unsigned char)*at) & 128) == 0)
        at++;
    return at;
}

/// A quote, a backslash, a control character, or not ASCII.
static inline uint64_t data_writer_special(uint64_t eight)
{
    uint64_t quote = eight ^ (DATA_WRITER_ONES * '"');
    uint64_t slash = eight ^ (DATA_WRITER_ONES * '\\');
    return (eight | (eight - DATA_WRITER_ONES * 0x20) | (quote - DATA_WRITER_ONES) |
            (slash - DATA_WRITER_ONES)) &
           DATA_WRITER_TOPS;
}

/// The next byte that cannot just be passed over.
static inline const char *data_writer_plain(const char *at, const char *end)
{
    return data_writer_next(at, end, data_writer_special);
}

#endif
