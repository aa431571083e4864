/* Filling skeletons, and parameters. */
#include "data/statement.h"

#include "base/bounds.h"
#include "db/sql.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void data_parts_set(DataParts *parts, const char *name, const char *sql)
{
    invariant(parts->count < COUNT_OF(parts->items));
    parts->items[parts->count].name = name;
    parts->items[parts->count++].sql = sql;
}

static const char *part_of(const DataParts *parts, const char *name, size_t bytes)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (strlen(parts->items[i].name) == bytes && memcmp(parts->items[i].name, name, bytes) == 0)
            return parts->items[i].sql;
    }
    return NULL;
}

const char *data_statement(Arena *arena, const char *sql_name, const DataParts *parts)
{
    Text text;
    text_init(&text, BOUND_SQL_BYTES);
    const char *at = db_sql(sql_name);
    for (const char *open = strstr(at, "{{"); open != NULL; open = strstr(at, "{{")) {
        const char *close = strstr(open, "}}");
        invariant(close != NULL);
        const char *part = part_of(parts, open + 2, (size_t)(close - open) - 2);
        invariant(part != NULL);
        text_append_bytes(&text, at, (size_t)(open - at));
        text_append(&text, part);
        at = close + 2;
    }
    text_append(&text, at);
    invariant(!text.overflowed);
    const char *statement = arena_memdup(arena, text.data, text.length_bytes);
    text_done(&text);
    return statement;
}

/* ---------------------------------------------------------------- arrays */

enum { ARRAY_HEADER_BYTES = 20, TEXT_OID = 25 };

static void put32(char *at, int32_t value)
{
    uint32_t network = htonl((uint32_t)value);
    memcpy(at, &network, sizeof(network));
}

void data_array_init(DataArray *array)
{
    static const char HEADER[ARRAY_HEADER_BYTES] = {0};
    *array = (DataArray){0};
    text_init(&array->bytes, INT32_MAX);
    text_append_bytes(&array->bytes, HEADER, sizeof(HEADER));
}

void data_array_done(DataArray *array)
{
    text_done(&array->bytes);
}

void data_array_add(DataArray *array, const char *value, size_t bytes)
{
    char length[4];
    put32(length, value == NULL ? -1 : (int32_t)bytes);
    text_append_bytes(&array->bytes, length, sizeof(length));
    if (value == NULL)
        array->nulls = true;
    else
        text_append_bytes(&array->bytes, value, bytes);
    array->count++;
}

size_t data_array_begin(DataArray *array)
{
    size_t begun = array->bytes.length_bytes;
    data_array_add(array, "", 0);
    return begun;
}

void data_array_end(DataArray *array, size_t begun)
{
    put32(array->bytes.data + begun, (int32_t)(array->bytes.length_bytes - begun - 4));
}

void data_array_close(DataArray *array)
{
    char *header = array->bytes.data;
    put32(header, array->count > 0 ? 1 : 0); /* dimensions */
    put32(header + 4, array->nulls);
    put32(header + 8, TEXT_OID);
    put32(header + 12, array->count);
    put32(header + 16, 1); /* lower bound */
}

/* ---------------------------------------------------------------- lists */

static int add(DataList *list, const char *value, int length, int format, unsigned type)
{
    invariant(list->count < DATA_PARAMS_MAX);
    list->values[list->count] = value;
    list->lengths[list->count] = length;
    list->formats[list->count] = format;
    list->types[list->count] = type;
    return ++list->count;
}

int data_list_text(DataList *list, const char *text)
{
    return add(list, text, 0, 0, 0);
}

int data_list_int(DataList *list, int64_t number)
{
    char *digits = list->numbers[list->count];
    snprintf(digits, sizeof(list->numbers[0]), "%" PRId64, number);
    return data_list_text(list, digits);
}

int data_list_array(DataList *list, DataArray *array)
{
    data_array_close(array);
    size_t bytes = array->count > 0 ? array->bytes.length_bytes : ARRAY_HEADER_BYTES - 8;
    return add(list, array->bytes.data, (int)bytes, 1, DATA_TEXT_ARRAY_OID);
}

DbParams data_list_params(const DataList *list)
{
    return (DbParams){.count = list->count,
                      .values = list->values,
                      .lengths = list->lengths,
                      .formats = list->formats,
                      .types = list->types};
}
