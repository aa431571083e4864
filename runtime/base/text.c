/* The growing text. */
#include "base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(Text *text, size_t max_bytes)
{
    *text = (Text){.max_bytes = max_bytes};
}

void text_done(Text *text)
{
    free(text->data);
    *text = (Text){.max_bytes = text->max_bytes};
}

void text_clear(Text *text)
{
    text->length_bytes = 0;
    text->overflowed = false;
    if (text->data != NULL)
        text->data[0] = '\0';
}

/* How many of the wanted bytes fit; makes room for them. */
static size_t make_room(Text *text, size_t wanted)
{
    size_t left = text->max_bytes - text->length_bytes;
    if (wanted > left) {
        text->overflowed = true;
        wanted = left;
    }
    size_t need = text->length_bytes + wanted + 1;
    if (need > text->capacity_bytes) {
        size_t grown = text->capacity_bytes < 64 ? 64 : text->capacity_bytes * 2;
        text->capacity_bytes = grown > need ? grown : need;
        text->data = base_realloc(text->data, text->capacity_bytes);
    }
    return wanted;
}

void text_append_bytes(Text *text, const void *bytes, size_t size)
{
    size_t fits = make_room(text, size);
    if (fits > 0)
        memcpy(text->data + text->length_bytes, bytes, fits);
    text->length_bytes += fits;
    text->data[text->length_bytes] = '\0';
}

void text_append(Text *text, const char *string)
{
    text_append_bytes(text, string, strlen(string));
}

void text_append_char(Text *text, char c)
{
    text_append_bytes(text, &c, 1);
}

void text_append_encoded(Text *text, const char *string)
{
    for (; *string != '\0'; string++) {
        unsigned char c = (unsigned char)*string;
        if (isalnum(c) || strchr("-._~", c) != NULL)
            text_append_char(text, (char)c);
        else
            text_printf(text, "%%%02X", c);
    }
}

void text_printf(Text *text, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    invariant(length >= 0);
    AUTO(base_free) char *string = base_alloc((size_t)length + 1);
    vsnprintf(string, (size_t)length + 1, format, again);
    va_end(again);
    text_append_bytes(text, string, (size_t)length);
}

const char *text_string(const Text *text)
{
    return text->data == NULL ? "" : text->data;
}

char *text_take(Text *text)
{
    char *string = text->data == NULL ? base_strdup("") : text->data;
    *text = (Text){.max_bytes = text->max_bytes};
    return string;
}

char *text_digits(char *end, uint64_t value)
{
    do
        *--end = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    return end;
}

char *text_int(char *end, int64_t value)
{
    char *at = text_digits(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    if (value < 0)
        *--at = '-';
    return at;
}
