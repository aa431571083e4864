/* Writing JSON text. */
#include "data/writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many bytes follow a leading byte, and the range of the first of them (Unicode table 3-7). */
size_t data_writer_utf8(const unsigned char *bytes, size_t left)
{
    unsigned char lead = bytes[0];
    if (lead < 0x80)
        return 1;
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || size > left)
        return 0;
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    }
    return size;
}

static void write_escape(Text *out, unsigned char c)
{
    static const char NAMED[] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
                                 ['\t'] = 't', ['"'] = '"',  ['\\'] = '\\'};
    char escape[8];
    if (c < sizeof(NAMED) && NAMED[c] != 0)
        snprintf(escape, sizeof(escape), "\\%c", NAMED[c]);
    else
        snprintf(escape, sizeof(escape), "\\u%04x", c);
    text_append(out, escape);
}

bool data_writer_string(Text *out, const char *bytes, size_t size, Error *err)
{
    const unsigned char *at = (const unsigned char *)bytes;
    const unsigned char *end = at + size;
    const unsigned char *plain = at; /* what is not written yet */
    text_append_char(out, '"');
    for (;;) {
        at = (const unsigned char *)data_writer_plain((const char *)at, (const char *)end);
        if (at == end)
            break;
        if (*at >= 0x80) {
            size_t step = data_writer_utf8(at, (size_t)(end - at));
            if (step == 0)
                return error_set(err, ERROR_INPUT, "the text is not UTF-8 at byte %zu",
                                 (size_t)(at - (const unsigned char *)bytes));
            at += step;
        } else {
            text_append_bytes(out, plain, (size_t)(at - plain));
            write_escape(out, *at);
            plain = ++at;
        }
    }
    text_append_bytes(out, plain, (size_t)(end - plain));
    text_append_char(out, '"');
    return true;
}

void data_writer_int(Text *out, int64_t value)
{
    char digits[TEXT_INT_BYTES];
    char *end = digits + sizeof(digits);
    const char *at = text_int(end, value);
    text_append_bytes(out, at, (size_t)(end - at));
}

/* The common case without printf and strtod. What %.15g prints of a double is the decimal of at
 * most 15 digits that is nearest to it; one that reads back as the double (the division of two
 * exact doubles is what strtod gives, Clinger 1990) is that one. 0: none was found. */
static int short_decimal(double value, char *out)
{
    static const double LEAST =
        1e-4; /* %g writes what is smaller, or has 16 digits, with exponents */
    static const double LIMIT = 1e15;
    char digits[TEXT_INT_BYTES];
    double size = fabs(value);
    double power = 1;
    int places = 0;
    if (!(size >= LEAST && size < LIMIT))
        return 0;
    uint64_t whole = (uint64_t)(size + 0.5);
    while ((double)whole / power != size) {
        power *= 10;
        places++;
        if (size * power >= LIMIT - 1)
            return 0;
        whole = (uint64_t)(size * power + 0.5);
    }
    char *end = digits + sizeof(digits);
    char *first = text_digits(end, whole);
    while (end - first <= places)
        *--first = '0';
    char *at = out;
    if (value < 0)
        *at++ = '-';
    size_t before = (size_t)(end - first - places);
    memcpy(at, first, before);
    at += before;
    if (places > 0) {
        *at++ = '.';
        memcpy(at, first + before, (size_t)places);
        at += places;
    }
    *at = '\0';
    return (int)(at - out);
}

int data_writer_double_text(double value, char *out)
{
    enum { SPACE = 32 };
    int shortest = short_decimal(value, out);
    if (shortest > 0)
        return shortest;
    for (int digits = 15; digits < 17; digits++) {
        int length = snprintf(out, SPACE, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return length;
    }
    return snprintf(out, SPACE, "%.17g", value);
}

bool data_writer_double(Text *out, double value, Error *err)
{
    if (!isfinite(value))
        return error_set(err, ERROR_INPUT, "JSON has no number for %s",
                         isnan(value) ? "NaN" : "infinity");
    char digits[32];
    int length = data_writer_double_text(value, digits);
    text_append_bytes(out, digits, (size_t)length);
    return true;
}
