/* Fields, then an object. */
#include "data/csv.h"

#include "data/writer.h"

#include <string.h>

/* The quoted field whose opening quote is at at; returns the place behind the closing one. */
static const char *quoted_field(const char *at, const char *end, Arena *arena, DataCsvField *field)
{
    char *out = arena_alloc(arena, (size_t)(end - at) + 1);
    size_t length = 0;
    for (at++; at < end; at++) {
        if (*at == '"' && (at + 1 == end || at[1] != '"')) {
            *field = (DataCsvField){.text = out, .bytes = length, .quoted = true};
            return at + 1;
        }
        at += *at == '"'; /* "" is one */
        out[length++] = *at;
    }
    return NULL;
}

bool data_csv_split(const char *row, size_t bytes, char delimiter, Arena *arena,
                    DataCsvField **ret_fields, size_t *ret_count, Error *err)
{
    const char *at = row;
    const char *end = row + bytes;
    size_t most = 1;
    for (const char *c = row; c < end; c++)
        most += *c == delimiter;
    DataCsvField *fields = arena_alloc(arena, most * sizeof(*fields));
    size_t count = 0;
    for (;;) {
        DataCsvField *field = &fields[count++];
        const char *behind = memchr(at, delimiter, (size_t)(end - at));
        if (at < end && *at == '"')
            behind = quoted_field(at, end, arena, field);
        else
            *field =
                (DataCsvField){.text = at, .bytes = (size_t)((behind == NULL ? end : behind) - at)};
        if (field->quoted && behind != NULL && behind < end && *behind != delimiter)
            behind = NULL;
        if (at < end && *at == '"' && behind == NULL)
            return error_set(err, ERROR_INPUT,
                             "field %zu is quoted and does not end where its "
                             "quote does",
                             count);
        if (behind == NULL || behind == end)
            break;
        at = behind + 1;
    }
    *ret_fields = fields;
    *ret_count = count;
    return true;
}

bool data_csv_object(Text *out, const DataCsvField *names, size_t names_count,
                     const DataCsvField *fields, size_t count, Error *err)
{
    if (count != names_count)
        return error_set(err, ERROR_INPUT, "%zu fields, and the header has %zu", count,
                         names_count);
    text_append_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_append_char(out, ',');
        if (!data_writer_string(out, names[i].text, names[i].bytes, err))
            return false;
        text_append_char(out, ':');
        if (fields[i].bytes == 0 && !fields[i].quoted)
            text_append(out, "null");
        else if (!data_writer_string(out, fields[i].text, fields[i].bytes, err))
            return error_wrap(err, "field \"%.*s\"", (int)names[i].bytes, names[i].text);
    }
    text_append_char(out, '}');
    return true;
}
