/* One statement reads all; the rest is comparing texts. */
#include "data/catalog.h"

#include "ledger/call.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_BYTES = 120, BEFORE_BYTES = 20 };

/* ---- reading ---- */

static bool set_path(DbConn *conn, const char *path, Error *err)
{
    return db_query(conn, "SELECT pg_catalog.set_config('search_path', $1, true)", DB_PARAMS(path),
                    NULL, err);
}

static void add(json_t *catalog, const char *object, const char *part, const char *definition)
{
    json_t *parts = json_object_get(catalog, object);
    if (parts == NULL) {
        parts = json_object();
        json_object_set_new(catalog, object, parts);
    }
    json_set_string(parts, part, definition);
}

bool data_catalog_read(DbConn *conn, int definition_bytes, json_t **ret_catalog, Error *err)
{
    AUTO(db_result_auto) DbResult *path = NULL;
    AUTO(db_result_auto) DbResult *found = NULL;
    LedgerParams params = {0};
    ledger_param_above_0(&params, definition_bytes);
    /* names in definitions are qualified when they are not on the path */
    if (!db_query(conn, "SELECT pg_catalog.current_setting('search_path')", NULL, &path, err) ||
        !set_path(conn, "pg_catalog", err) ||
        !ledger_call(conn, "catalog_objects", &params, &found, err) ||
        !set_path(conn, db_value(path, 0, 0), err))
        return error_wrap(err, "reading the catalogs");
    *ret_catalog = json_object();
    for (int i = 0; i < db_rows(found); i++)
        add(*ret_catalog, db_value(found, i, 0), db_value(found, i, 1), db_value(found, i, 2));
    return true;
}

/* ---- as a file ---- */

static const struct {
    char byte;
    const char *escape;
} ESCAPES[] = {{'\n', "\\n"}, {'\t', "\\t"}, {'\r', "\\r"}, {'\\', "\\\\"}};

static void escape(Text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *shown = NULL;
        for (size_t i = 0; i < COUNT_OF(ESCAPES); i++) {
            if (*text == ESCAPES[i].byte)
                shown = ESCAPES[i].escape;
        }
        if (shown != NULL)
            text_append(out, shown);
        else
            text_append_char(out, *text);
    }
}

static void write_line(Text *out, const char *indent, const char *name, const char *definition)
{
    text_append(out, indent);
    escape(out, name);
    if (definition != NULL) {
        text_append_char(out, '\t');
        escape(out, definition);
    }
    text_append_char(out, '\n');
}

/* jansson's iterators read only, but ask for a json_t * that is not const */
static json_t *loose(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

void data_catalog_write(const json_t *catalog, Text *out)
{
    const char *object;
    const char *part;
    json_t *parts;
    json_t *definition;
    json_object_foreach (loose(catalog), object, parts) {
        write_line(out, "", object, json_get_string(parts, "", NULL));
        json_object_foreach (parts, part, definition) {
            if (part[0] != '\0')
                write_line(out, "  ", part, json_string_value(definition));
        }
    }
}

/* Takes the escapes of bytes back; false when there is one that nobody wrote. */
static bool unescape(const char *bytes, size_t size, Text *out)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != '\\') {
            text_append_char(out, bytes[i]);
            continue;
        }
        size_t kind = 0;
        i++;
        while (kind < COUNT_OF(ESCAPES) && (i == size || ESCAPES[kind].escape[1] != bytes[i]))
            kind++;
        if (kind == COUNT_OF(ESCAPES))
            return false;
        text_append_char(out, ESCAPES[kind].byte);
    }
    return true;
}

typedef struct Parse {
    json_t *catalog;
    Text object; /* the one whose parts follow */
    Text name;
    Text definition;
} Parse;

/* One line; NULL, or what is wrong with it. */
static const char *parse_line(Parse *parse, const char *line, size_t size)
{
    bool part = size > 2 && strncmp(line, "  ", 2) == 0;
    const char *start = part ? line + 2 : line;
    const char *end = line + size;
    const char *tab = memchr(start, '\t', (size_t)(end - start));
    const char *name_end = tab == NULL ? end : tab;
    Text *name = part ? &parse->name : &parse->object;
    text_clear(name);
    text_clear(&parse->definition);
    if (!unescape(start, (size_t)(name_end - start), name) ||
        (tab != NULL && !unescape(tab + 1, (size_t)(end - tab - 1), &parse->definition)))
        return "has an escape that is none of \\n \\t \\r \\\\";
    if (text_string(name)[0] == '\0' || strpbrk(text_string(name), "\n\r") != NULL)
        return "has no name";
    if (part && text_string(&parse->object)[0] == '\0')
        return "is a part, and no object stands before it";
    const char *known = part ? text_string(name) : "";
    if (json_object_get(json_object_get(parse->catalog, text_string(&parse->object)), known) !=
        NULL)
        return "names what a line before names";
    if (part || tab != NULL)
        add(parse->catalog, text_string(&parse->object), known, text_string(&parse->definition));
    return NULL;
}

bool data_catalog_parse(const char *file, const char *text, json_t **ret_catalog, Error *err)
{
    AUTO(json_auto) json_t *catalog = json_object();
    Parse parse = {.catalog = catalog};
    text_init(&parse.object, CATALOG_TEXT_BYTES);
    text_init(&parse.name, CATALOG_TEXT_BYTES);
    text_init(&parse.definition, CATALOG_TEXT_BYTES);
    const char *problem = NULL;
    int line = 0;
    while (problem == NULL && *text != '\0') {
        size_t length = strcspn(text, "\n");
        size_t size = length > 0 && text[length - 1] == '\r' ? length - 1 : length;
        line++;
        if (size > 0 && text[0] != '#')
            problem = parse_line(&parse, text, size);
        text += length + (text[length] == '\n');
    }
    text_done(&parse.object);
    text_done(&parse.name);
    text_done(&parse.definition);
    if (problem != NULL)
        return error_set(err, ERROR_INPUT, "%s:%d: the line %s", file, line, problem);
    *ret_catalog = json_incref(catalog);
    return true;
}

/* ---- what is compared ---- */

/* Is the identifier at name this schema, and is end behind it? */
static bool is_schema(const char *name, const char *schema, char end)
{
    bool quoted = *name == '"';
    for (name += quoted; *schema != '\0'; schema++, name++) {
        if (quoted && *name == '"')
            name++; /* written twice */
        if (*name != *schema)
            return false;
    }
    name += quoted && *name == '"';
    return *name == end;
}

/* Objects that stand in no schema are compared only when all are. */
static bool in_schemas(const char *object, const json_t *schemas)
{
    static const char *const IN_NONE[] = {"extension ", "event trigger ", "database"};
    const char *name = strchr(object, ' ');
    size_t i;
    json_t *schema;
    if (schemas == NULL)
        return true;
    for (size_t n = 0; n < COUNT_OF(IN_NONE); n++) {
        if (strncmp(object, IN_NONE[n], strlen(IN_NONE[n])) == 0)
            return false;
    }
    char end = strncmp(object, "schema ", 7) == 0 ? '\0' : '.';
    json_array_foreach (loose(schemas), i, schema) {
        if (name != NULL && is_schema(name + 1, json_string_value(schema), end))
            return true;
    }
    return false;
}

static bool same_function(const char *name, const char *given)
{
    size_t length = strlen(given);
    return strncmp(name, given, length) == 0 && name[length] == '(';
}

static bool is_left_out(const char *object, const json_t *except)
{
    const char *space = strchr(object, ' ');
    const char *name = space == NULL ? object : space + 1;
    size_t i;
    json_t *given;
    json_array_foreach (loose(except), i, given) {
        const char *text = json_string_value(given);
        if (strcmp(object, text) == 0 || strcmp(name, text) == 0 || same_function(name, text) ||
            same_function(object, text))
            return true;
    }
    return false;
}

static bool is_privilege(const char *part)
{
    return strcmp(part, "owner") == 0 || strncmp(part, "grant ", 6) == 0 ||
           strncmp(part, "default grant ", 14) == 0;
}

static bool is_compared(const DataCatalogFilter *filter, const char *object, const char *part)
{
    char full[1024];
    size_t i;
    json_t *given;
    if ((!filter->privileges && is_privilege(part)) ||
        (!filter->column_order && strcmp(part, "columns") == 0))
        return false;
    snprintf(full, sizeof(full), "%s: %s", object, part);
    json_array_foreach (loose(filter->except), i, given) {
        if (strcmp(full, json_string_value(given)) == 0)
            return false;
    }
    return true;
}

/* The parts of an object that are compared; NULL: none. Borrowed from catalog. */
static json_t *parts_of(const json_t *catalog, const DataCatalogFilter *filter, const char *object)
{
    json_t *parts = json_object_get(catalog, object);
    const char *part;
    json_t *definition;
    if (parts == NULL || !in_schemas(object, filter->schemas) ||
        is_left_out(object, filter->except))
        return NULL;
    json_object_foreach (parts, part, definition) {
        if (is_compared(filter, object, part))
            return parts;
    }
    return NULL;
}

size_t data_catalog_count(const json_t *catalog, const DataCatalogFilter *filter)
{
    size_t count = 0;
    const char *object;
    json_t *parts;
    json_object_foreach (loose(catalog), object, parts)
        count += parts_of(catalog, filter, object) != NULL;
    return count;
}

/* ---- differences ---- */

static bool inside_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* What of a definition is shown: from a little before the place where the two part. */
static char *shown(const char *text, size_t from)
{
    size_t start = from > BEFORE_BYTES ? from - BEFORE_BYTES : 0;
    size_t end = start + SHOWN_BYTES;
    while (start > 0 && inside_character(text[start]))
        start--;
    if (end > strlen(text))
        end = strlen(text);
    while (end < strlen(text) && inside_character(text[end]))
        end++;
    char *cut = base_printf("%s%.*s%s", start > 0 ? "…" : "", (int)(end - start), text + start,
                            text[end] != '\0' ? "…" : "");
    for (char *at = cut; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\t' || *at == '\r')
            *at = ' ';
    }
    return cut;
}

static void differ(json_t *differing, const char *object, const char *part, const char *what)
{
    AUTO(base_free)
    char *text = base_printf("%s%s%s %s", object, part[0] == '\0' ? "" : ": ", part, what);
    json_array_append_new(differing, json_string(text));
}

static void differ_definition(json_t *differing, const char *object, const char *part,
                              const char *here, const char *there, const DataCatalogWords *words)
{
    size_t same = 0;
    while (here[same] != '\0' && here[same] == there[same])
        same++;
    if (strlen(here) <= SHOWN_BYTES && strlen(there) <= SHOWN_BYTES)
        same = 0;
    AUTO(base_free) char *now = shown(here, same);
    AUTO(base_free) char *other = shown(there, same);
    AUTO(base_free) char *what = base_printf("is %s; %s: %s", now, words->there, other);
    differ(differing, object, part, what);
}

/* A column that is on one side only is told as such; the order of the columns differs by itself
 * then. */
static bool same_columns(const json_t *here, const json_t *there)
{
    const char *part;
    json_t *definition;
    json_object_foreach (loose(here), part, definition) {
        if (strncmp(part, "column ", 7) == 0 && json_object_get(there, part) == NULL)
            return false;
    }
    return true;
}

static void compare_parts(const char *object, const json_t *here, const json_t *there,
                          const DataCatalogFilter *filter, const DataCatalogWords *words,
                          json_t *differing)
{
    bool order = same_columns(here, there) && same_columns(there, here);
    const char *part;
    json_t *definition;
    json_object_foreach (loose(here), part, definition) {
        const char *other = json_get_string(there, part, NULL);
        if (!is_compared(filter, object, part) || (strcmp(part, "columns") == 0 && !order))
            continue;
        if (other == NULL)
            differ(differing, object, part, words->only_here);
        else if (strcmp(json_string_value(definition), other) != 0)
            differ_definition(differing, object, part, json_string_value(definition), other, words);
    }
    json_object_foreach (loose(there), part, definition) {
        if (json_object_get(here, part) == NULL && is_compared(filter, object, part))
            differ(differing, object, part, words->only_there);
    }
}

void data_catalog_compare(const json_t *here, const json_t *there, const DataCatalogFilter *filter,
                          const DataCatalogWords *words, json_t *differing)
{
    const char *object;
    json_t *parts;
    json_object_foreach (loose(here), object, parts) {
        const json_t *other = parts_of(there, filter, object);
        if (parts_of(here, filter, object) == NULL)
            continue;
        if (other == NULL)
            differ(differing, object, "", words->only_here);
        else
            compare_parts(object, parts, other, filter, words, differing);
    }
    json_object_foreach (loose(there), object, parts) {
        if (parts_of(there, filter, object) != NULL && parts_of(here, filter, object) == NULL)
            differ(differing, object, "", words->only_there);
    }
}
