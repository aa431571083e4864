/* A record without a map: its fields are the columns of the same names. */
#include "data/record.h"

#include "base/bounds.h"

#include <string.h>

typedef struct ByName {
    const DataJob *job;
    Arena *arena;
    const DataDocument *document;
    DataMapped *ret;
    size_t next; /* column: fields mostly come in the table's order */
} ByName;

static bool is_json(const DataColumn *column)
{
    return column->class == DATA_JSON || column->class == DATA_JSONB;
}

static const char *string_of(const ByName *by_name, uint32_t node, size_t *ret_bytes)
{
    Text scratch;
    if (!data_document_node(by_name->document, node)->escaped)
        return data_document_string(by_name->document, node, NULL, ret_bytes);
    text_init(&scratch, BOUND_IMPORT_RECORD_BYTES);
    const char *text = data_document_string(by_name->document, node, &scratch, ret_bytes);
    const char *copy = arena_memdup(by_name->arena, text, *ret_bytes);
    text_done(&scratch);
    return copy;
}

/* PostgreSQL has no text with one. */
static bool refuse_zero(const DataColumn *column, const char *text, size_t bytes, Error *err)
{
    return memchr(text, '\0', bytes) == NULL ||
           error_set(err, ERROR_INPUT, "the value for column \"%s\" has a zero byte", column->name);
}

static bool take_list(const ByName *by_name, const DataColumn *column, uint32_t node,
                      DataWrite *write, Error *err)
{
    const DataDocument *document = by_name->document;
    uint32_t count = data_document_node(document, node)->count;
    const char **items = arena_alloc(by_name->arena, ((size_t)count + 1) * sizeof(*items));
    uint32_t at = node + 1;
    for (uint32_t i = 0; i < count; i++, at = data_document_node(document, at)->next) {
        size_t bytes;
        const DataDocumentNode *item = data_document_node(document, at);
        if (item->kind == DOCUMENT_ARRAY || item->kind == DOCUMENT_OBJECT)
            return error_set(err, ERROR_INPUT,
                             "column \"%s\" is of type %s: a list of lists or "
                             "objects needs a map",
                             column->name, column->type);
        const char *text = item->kind == DOCUMENT_STRING ? string_of(by_name, at, &bytes)
                                                         : data_document_raw(document, at, &bytes);
        if (!refuse_zero(column, text, bytes, err))
            return false;
        items[i] = item->kind == DOCUMENT_NULL ? NULL : arena_strndup(by_name->arena, text, bytes);
    }
    write->text = db_array_text(by_name->arena, items, count);
    write->bytes = strlen(write->text);
    return true;
}

static bool take_value(const ByName *by_name, const DataColumn *column, uint32_t node,
                       DataWrite *write, Error *err)
{
    const DataDocumentNode *value = data_document_node(by_name->document, node);
    size_t type = strlen(column->type);
    bool list = type > 2 && strcmp(column->type + type - 2, "[]") == 0;
    *write = (DataWrite){.column = column};
    if (value->kind == DOCUMENT_NULL)
        return true;
    if (value->kind == DOCUMENT_ARRAY && list)
        return take_list(by_name, column, node, write, err);
    bool container = value->kind == DOCUMENT_ARRAY || value->kind == DOCUMENT_OBJECT;
    if (container && !is_json(column))
        return error_set(err, ERROR_INPUT, "column \"%s\" is of type %s: %s cannot go into it",
                         column->name, column->type,
                         value->kind == DOCUMENT_ARRAY ? "a list" : "an object");
    write->text = value->kind == DOCUMENT_STRING && !is_json(column)
                      ? string_of(by_name, node, &write->bytes)
                      : data_document_raw(by_name->document, node, &write->bytes);
    return refuse_zero(column, write->text, write->bytes, err);
}

/* The column of the field at node; NULL and no error: the plan does not take it. */
static bool column_of(ByName *by_name, uint32_t node, const DataColumn **ret, Error *err)
{
    const DataNames *taken = &by_name->job->spec->columns;
    const DataTable *table = &by_name->job->table;
    size_t bytes;
    const char *name = string_of(by_name, node, &bytes);
    const DataColumn *column = NULL;
    for (size_t i = 0; i < table->columns_count && column == NULL; i++) {
        const DataColumn *candidate = &table->columns[by_name->next++ % table->columns_count];
        if (strlen(candidate->name) == bytes && memcmp(candidate->name, name, bytes) == 0)
            column = candidate;
    }
    if (taken->count > 0 && (column == NULL || !data_names_have(taken, column->name)))
        column = NULL;
    else if (column == NULL)
        return error_set(err, ERROR_INPUT, "table %s has no column \"%.*s\"", table->shown,
                         bytes > 200 ? 200 : (int)bytes, name);
    else if (!data_map_writable(table, column, err))
        return false;
    *ret = column;
    return true;
}

/* A field that stands twice: the last one counts, as in jsonb. */
static DataWrite *write_of(DataMapped *mapped, const DataColumn *column)
{
    for (size_t i = 0; i < mapped->writes_count; i++) {
        if (mapped->writes[i].column == column)
            return &mapped->writes[i];
    }
    return &mapped->writes[mapped->writes_count++];
}

bool data_record_by_name(const DataJob *job, Arena *arena, const DataDocument *document,
                         DataMapped *ret, Error *err)
{
    ByName by_name = {.job = job, .arena = arena, .document = document, .ret = ret};
    const DataDocumentNode *root = data_document_node(document, 0);
    *ret = (DataMapped){.verdict = MAPPED_WRITE};
    if (root->kind != DOCUMENT_OBJECT)
        return error_set(err, ERROR_INPUT, "the record is no JSON object");
    ret->writes = arena_alloc(arena, ((size_t)root->count + 1) * sizeof(*ret->writes));
    uint32_t name = 1;
    for (uint32_t i = 0; i < root->count; i++) {
        const DataColumn *column = NULL;
        uint32_t value = data_document_node(document, name)->next;
        if (!column_of(&by_name, name, &column, err) ||
            (column != NULL && !take_value(&by_name, column, value, write_of(ret, column), err)))
            return false;
        name = data_document_node(document, value)->next;
    }
    return ret->writes_count > 0 || error_set(err, ERROR_INPUT, "the record has no fields");
}
