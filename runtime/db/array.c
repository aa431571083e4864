/* One-dimensional arrays in PostgreSQL's text form.
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
#include "db/conn.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/// Where parsing stands: at moves on, item is being filled.
typedef struct ArrayReader {
    Arena *arena;
    const char *at;
    char *item;
    size_t item_bytes;
    bool quoted;
} ArrayReader;

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\n\r\v\f");
}

/* Reads "a \" b" behind the opening quote. False when the closing one is missing. */
static bool read_quoted(ArrayReader *reader)
{
    for (reader->at++; *reader->at != '"'; reader->at++) {
        if (*reader->at == '\\')
            reader->at++;
        if (*reader->at == '\0')
            return false;
        reader->item[reader->item_bytes++] = *reader->at;
    }
    reader->at++;
    reader->quoted = true;
    return true;
}

static bool read_bare(ArrayReader *reader)
{
    size_t kept = 0; /* without the blanks at its end */
    for (; *reader->at != ',' && *reader->at != '}'; reader->at++) {
        bool escaped = *reader->at == '\\';
        if (escaped)
            reader->at++;
        if (*reader->at == '\0' || (!escaped && strchr("{\"", *reader->at) != NULL))
            return false;
        reader->item[reader->item_bytes++] = *reader->at;
        if (escaped || strchr(" \t\n\r\v\f", *reader->at) == NULL)
            kept = reader->item_bytes;
    }
    reader->item_bytes = kept;
    return kept > 0;
}

static bool read_item(ArrayReader *reader, char **ret_item)
{
    reader->item_bytes = 0;
    reader->quoted = false;
    reader->at = skip_blanks(reader->at);
    if (!(*reader->at == '"' ? read_quoted(reader) : read_bare(reader)))
        return false;
    reader->item[reader->item_bytes] = '\0';
    bool is_null = !reader->quoted && strcasecmp(reader->item, "null") == 0;
    *ret_item = is_null ? NULL : arena_strndup(reader->arena, reader->item, reader->item_bytes);
    reader->at = skip_blanks(reader->at);
    return true;
}

bool db_array_parse(Arena *arena, const char *text, char ***ret_items, size_t *ret_count,
                    Error *err)
{
    size_t most = 1; /* each comma can begin one more */
    for (const char *at = text; *at != '\0'; at++)
        most += *at == ',';
    char **items = arena_alloc(arena, most * sizeof(*items));
    ArrayReader reader = {.arena = arena, .at = skip_blanks(text)};
    AUTO(base_free) char *item = base_alloc(strlen(text) + 1);
    reader.item = item;
    size_t count = 0;
    bool ok = *reader.at == '{';
    if (ok) {
        reader.at = skip_blanks(reader.at + 1);
        bool more = *reader.at != '}';
        while (ok && more) {
            ok = read_item(&reader, &items[count]);
            count += ok;
            more = ok && *reader.at == ',';
            reader.at += more;
        }
        ok = ok && *reader.at == '}' && *skip_blanks(reader.at + 1) == '\0';
    }
    if (!ok)
        return error_set(err, ERROR_INPUT, "not a one-dimensional array: %.80s", text);
    *ret_items = items;
    *ret_count = count;
    return true;
}

const char *db_array_text(Arena *arena, const char *const *items, size_t count)
{
    size_t bytes = 3;
    for (size_t i = 0; i < count; i++)
        bytes += items[i] == NULL ? 5 : 2 * strlen(items[i]) + 3;
    char *text = arena_alloc(arena, bytes);
    char *at = text;
    *at++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *at++ = ',';
        if (items[i] == NULL) {
            memcpy(at, "NULL", 4);
            at += 4;
            continue;
        }
        *at++ = '"';
        for (const char *from = items[i]; *from != '\0'; from++) {
            if (*from == '"' || *from == '\\')
                *at++ = '\\';
            *at++ = *from;
        }
        *at++ = '"';
    }
    *at++ = '}';
    *at = '\0';
    return text;
}
