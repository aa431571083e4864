/* A map for tests: b = "<" a ">". */
#ifndef HEADGATE_TESTS_DATA_ANGLE_H
#define HEADGATE_TESTS_DATA_ANGLE_H

#include "work.h"

static inline DataWrite *writes(Arena *arena, DataMapped *ret, size_t count)
{
    ret->writes = arena_alloc(arena, count * sizeof(DataWrite));
    ret->writes_count = count;
    return ret->writes;
}

static inline const DataColumn *column_of(const DataRow *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++) {
        if (text_equal(row->columns[i]->name, name))
            return row->columns[i];
    }
    fail_msg("no column %s", name);
    return NULL;
}

static inline const char *text_of(const DataRow *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++) {
        if (text_equal(row->columns[i]->name, name))
            return row->values[i].text;
    }
    return NULL;
}

/* b = "<" a ">" */
static inline bool map_angle(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret,
                             Error *err)
{
    UNUSED(ctx);
    UNUSED(err);
    DataWrite *write = writes(arena, ret, 1);
    write->column = column_of(row, "b");
    write->text = arena_printf(arena, "<%s>", text_of(row, "a"));
    write->bytes = strlen(write->text);
    return true;
}

static const DataSpec WHERE_NULL = {.where = "b IS NULL"};

#endif
