/* Names of more bytes than PostgreSQL keeps. The parser has cut them already; the text still has
 * the rest. */
#include "sql/lint_walk.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
    NAME_BYTES = 63,   /* NAMEDATALEN - 1 */
    CUT_BYTES_MIN = 60 /* what is left of a name that is cut before a character of 4 bytes */
};

static bool in_name(unsigned char c)
{
    return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

static bool found_before(const SqlLintWalk *walk, const char *what)
{
    for (size_t i = 0; i < walk->findings->count; i++) {
        const SqlFinding *finding = &walk->findings->items[i];
        if (finding->lint == SQL_LINT_IDENTIFIER_LONG && strcmp(finding->what, what) == 0)
            return true;
    }
    return false;
}

/* Unquoted names are folded to lower case in the tree. */
static void see_name(SqlLintWalk *walk, const char *name)
{
    size_t bytes = strlen(name);
    const char *text = walk->text->text + walk->at_bytes;
    const char *at = text;
    if (bytes < CUT_BYTES_MIN || bytes > NAME_BYTES)
        return;
    while (*at != '\0' && (strncasecmp(at, name, bytes) != 0 || !in_name((unsigned char)at[bytes])))
        at++;
    if (*at == '\0')
        return;
    const char *what = arena_printf(walk->arena, "the name \"%s...\"", name);
    AUTO(json_auto) json_t *place = json_object();
    json_set_int(place, "location", at - text);
    if (!found_before(walk, what))
        sql_lint_add(walk, SQL_LINT_IDENTIFIER_LONG, place, what);
}

void sql_lint_long_names(SqlLintWalk *walk, const json_t *body)
{
    const char *key = NULL;
    json_t *child = NULL;
    size_t i = 0;
    json_array_foreach ((json_t *)(uintptr_t)body, i, child)
        sql_lint_long_names(walk, child);
    json_object_foreach ((json_t *)(uintptr_t)body, key, child) {
        if (json_is_string(child))
            see_name(walk, json_string_value(child));
        else if (strcmp(key, "A_Const") != 0)
            sql_lint_long_names(walk, child);
    }
}
