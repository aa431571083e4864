/* Constants are found by PostgreSQL's grammar. */
#include "sql/shown.h"

#include <pg_query.h>
#include <string.h>

enum { SHOWN_BYTES = 2000 }; /* deeper nesting than this allows would need a larger stack */

static const char *one_line(Arena *arena, const char *text, size_t bytes)
{
    char *line = arena_strndup(arena, text, bytes);
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            *c = ' ';
    }
    return line;
}

const char *sql_shown(Arena *arena, const char *query)
{
    if (strlen(query) <= SHOWN_BYTES) {
        PgQueryNormalizeResult result = pg_query_normalize(query);
        const char *shown = NULL;
        if (result.error == NULL)
            shown = one_line(arena, result.normalized_query, strlen(result.normalized_query));
        pg_query_free_normalize_result(result);
        if (shown != NULL)
            return shown;
    }
    size_t safe = strcspn(query, "'$0123456789");
    return arena_printf(arena, "%s…", one_line(arena, query, safe));
}
