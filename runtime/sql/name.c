/* Quoting names. */
#include "sql/name.h"

#include <string.h>

const char *sql_name_quoted(Arena *arena, const char *name)
{
    char *text = arena_alloc(arena, strlen(name) * 2 + 3);
    char *to = text;
    *to++ = '"';
    for (const char *from = name; *from != '\0'; from++) {
        if (*from == '"')
            *to++ = '"';
        *to++ = *from;
    }
    *to = '"';
    return text;
}

const char *sql_name_range(Arena *arena, const json_t *range)
{
    const char *schema = json_get_string(range, "schemaname", NULL);
    const char *name = sql_name_quoted(arena, json_get_string(range, "relname", ""));
    return schema == NULL ? name
                          : arena_printf(arena, "%s.%s", sql_name_quoted(arena, schema), name);
}

const char *sql_name_list(Arena *arena, const json_t *names, size_t count)
{
    const char *text = "";
    for (size_t i = count > 2 ? count - 2 : 0; i < count; i++) {
        const json_t *name = json_object_get(json_array_get(names, i), "String");
        text = arena_printf(arena, "%s%s%s", text, text[0] == '\0' ? "" : ".",
                            sql_name_quoted(arena, json_get_string(name, "sval", "")));
    }
    return text;
}

const char *sql_name_last(const char *written)
{
    const char *dot = strrchr(written, '.');
    return dot == NULL ? written : dot + 1;
}
