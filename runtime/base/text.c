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

void text_make_utf8(char *string)
{
    drop_half_character(string);
    replace_no_characters(string);
}

size_t text_control_bytes(const char *string)
{
    const unsigned char *at = (const unsigned char *)string;
    if (at[0] == '\0')
        return 0;
    if (at[0] < 0x20 || at[0] == 0x7F)
        return 1;
    if (at[0] == 0xC2 && at[1] < 0xA0) /* U+0080…9F, or broken */
        return at[1] < 0x80 ? 1 : 2;
    if (at[0] != 0xE2)
        return 0;
    bool marks =
        at[1] == 0x80 && (at[2] == 0x8E || at[2] == 0x8F || (at[2] >= 0xA8 && at[2] <= 0xAE));
    bool isolates = at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9;
    return marks || isolates ? 3 : 0;
}
