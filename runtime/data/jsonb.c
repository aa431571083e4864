/* The limits of jsonb, known before the server refuses a whole batch for one row. */
#include "data/jsonb.h"

#include "data/document.h"
#include "data/writer.h"

#include <string.h>

/* Far below numeric's 131,072 digits before the point and 16,383 behind it. */
enum { NUMBER_BYTES = 300, EXPONENT_DIGITS = 3 };

static bool numeric_takes(const char *raw, size_t size)
{
    size_t mantissa = 0;
    while (mantissa < size && raw[mantissa] != 'e' && raw[mantissa] != 'E')
        mantissa++;
    size_t digits = 0;
    for (size_t i = mantissa; i < size; i++)
        digits += raw[i] >= '0' && raw[i] <= '9';
    return size < NUMBER_BYTES && digits <= EXPONENT_DIGITS;
}

static bool has_zero(const char *raw, size_t size)
{
    static const char ZERO[] = "u0000";
    for (size_t i = 0; i + 1 < size; i++) {
        if (raw[i] != '\\')
            continue;
        i++; /* what is escaped: "\\u0000" holds no zero byte */
        if (size - i >= sizeof(ZERO) - 1 && memcmp(raw + i, ZERO, sizeof(ZERO) - 1) == 0)
            return true;
    }
    return false;
}

bool data_jsonb_takes(const char *text, size_t bytes)
{
    DataDocument document = {0};
    Error ignored = {0};
    bool ok = data_document_parse(&document, text, bytes, &ignored);
    for (uint32_t i = 0; ok && i < document.nodes_count; i++) {
        size_t size;
        const char *raw = data_document_raw(&document, i, &size);
        int kind = data_document_node(&document, i)->kind;
        if (kind == DOCUMENT_NUMBER)
            ok = numeric_takes(raw, size);
        else if (kind == DOCUMENT_STRING)
            ok = !has_zero(raw, size);
    }
    data_document_done(&document);
    return ok;
}

size_t data_jsonb_clean(Text *out, const char *bytes, size_t size, size_t max)
{
    static const char REPLACEMENT[] = "\xef\xbf\xbd";
    size_t at = 0;
    while (at < size) {
        size_t length = data_writer_utf8((const unsigned char *)bytes + at, size - at);
        size_t step = length == 0 ? 1 : length;
        bool bad = length == 0 || bytes[at] == '\0';
        if (at + step > max)
            break;
        text_append_bytes(out, bad ? REPLACEMENT : bytes + at,
                          bad ? sizeof(REPLACEMENT) - 1 : step);
        at += step;
    }
    return at;
}
