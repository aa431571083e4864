/* schema_equal: is the database made of what it is compared with? */
#include "run/form.h"

#include "base/text.h"
#include "data/catalog.h"
#include "run/kind.h"

#include <stdio.h>

enum { TEXT_BYTES = 900, DIFFERING_MAX = 100 };

/* By what it is compared with: the start of the run, another database, a file. */
static const struct {
    const char *key;
    const char *name;
    DataCatalogWords words;
} SOURCES[] = {
    {"with", "when the run started", {"is new", "is gone", "was"}},
    {"target", "the other database", {"is only here", "is only there", "there"}},
    {"file", "the file", {"is not in the file", "is missing", "the file says"}},
};

static size_t source_of(const json_t *form)
{
    size_t source = 0;
    while (json_object_get(form, SOURCES[source].key) == NULL)
        source++;
    return source;
}

bool run_form_schema_base(DbConn *conn, const PlanNode *node, json_t **catalog, Error *err)
{
    const json_t *form = json_object_get(node->keys, "schema_equal");
    return *catalog != NULL || json_object_get(form, "with") == NULL ||
           data_catalog_read(conn, CATALOG_SHORT_BYTES, catalog, err);
}

bool run_form_schema_check(const PlanNode *node, Error *err)
{
    const json_t *file = json_object_get(json_object_get(node->keys, "schema_equal"), "file");
    AUTO(json_auto) json_t *catalog = NULL;
    return file == NULL || data_catalog_parse(json_get_string(file, "file", ""),
                                              json_get_string(file, "text", ""), &catalog, err);
}

/* What it is compared with; NULL without an error: no run has started. */
static bool read_there(const RunLook *look, const json_t *form, json_t **ret_there, Error *err)
{
    const json_t *file = json_object_get(form, "file");
    if (file != NULL)
        return data_catalog_parse(json_get_string(file, "file", ""),
                                  json_get_string(file, "text", ""), ret_there, err);
    if (json_object_get(form, "with") != NULL) {
        *ret_there = json_incref(json_object_get(look->base, "schema"));
        return *ret_there != NULL || look->base == NULL ||
               error_set(err, ERROR_INPUT, "what the database was made of is not known");
    }
    if (look->other == NULL)
        return error_set(err, ERROR_INPUT, "the other database cannot be asked here");
    return data_catalog_read(look->other, 0, ret_there, err);
}

static void tell(const json_t *differing, const char *name, Text *text)
{
    size_t i;
    json_t *one;
    text_printf(text, "%zu difference%s from %s: ", json_array_size(differing),
                json_array_size(differing) == 1 ? "" : "s", name);
    json_array_foreach (differing, i, one) {
        if (text->length_bytes > TEXT_BYTES) {
            text_append(text, "; …");
            return;
        }
        text_printf(text, "%s%s", i == 0 ? "" : "; ", json_string_value(one));
    }
}

bool run_form_schema(const RunLook *look, json_t *detail, Error *err)
{
    const json_t *form = json_object_get(look->node->keys, "schema_equal");
    size_t source = source_of(form);
    AUTO(json_auto) json_t *here = NULL;
    AUTO(json_auto) json_t *there = NULL;
    AUTO(text_done) Text text;
    text_init(&text, 4 * TEXT_BYTES);
    const DataCatalogFilter filter = {.schemas = json_object_get(form, "schemas"),
                                      .except = json_object_get(form, "except"),
                                      .privileges = json_get_bool(form, "privileges", true),
                                      .column_order = json_get_bool(form, "column_order", true)};
    if (!read_there(look, form, &there, err))
        return false;
    if (there == NULL)
        return run_kind_check_verdict(detail, true, "no run has started", err);
    if (!data_catalog_read(look->conn, source == 0 ? CATALOG_SHORT_BYTES : 0, &here, err))
        return false;
    json_t *differing = json_array();
    json_object_set_new(detail, "differing", differing);
    data_catalog_compare(here, there, &filter, &SOURCES[source].words, differing);
    bool same = json_array_size(differing) == 0;
    if (same)
        text_printf(&text, "%zu objects, the same as %s%s", data_catalog_count(here, &filter),
                    source == 0 ? "" : "in ", SOURCES[source].name);
    else
        tell(differing, SOURCES[source].name, &text);
    json_set_int(detail, "differences", (int64_t)json_array_size(differing));
    while (json_array_size(differing) > DIFFERING_MAX)
        json_array_remove(differing, json_array_size(differing) - 1);
    return run_kind_check_verdict(detail, same, text_string(&text), err);
}
