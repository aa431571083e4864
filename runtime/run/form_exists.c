/* Objects that must be there, or must not. One statement asks for all of them. */
#include "run/form.h"

#include "base/text.h"
#include "ledger/call.h"
#include "run/kind.h"

#include <string.h>

enum { TEXT_BYTES = 900, WRONG_MAX = 40 };

/* The fields of exists and absent, and how one of each is called. */
static const struct {
    const char *field;
    const char *kind;
} KINDS[] = {
    {"schemas", "schema"},
    {"extensions", "extension"},
    {"tables", "table"},
    {"columns", "column"},
    {"enums", "enum"},
    {"views", "view"},
    {"sequences", "sequence"},
    {"functions", "function"},
    {"triggers", "trigger"},
    {"indexes", "index"},
    {"constraints", "constraint"},
    {"foreign_keys", "foreign_key"},
};

static bool ask(DbConn *conn, const json_t *objects, DbResult **ret_found, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(KINDS); i++)
        count += json_array_size(json_object_get(objects, KINDS[i].field));
    const char **kinds = arena_alloc(arena, (count + 1) * sizeof(*kinds));
    const char **names = arena_alloc(arena, (count + 1) * sizeof(*names));
    count = 0;
    for (size_t i = 0; i < COUNT_OF(KINDS); i++) {
        size_t n;
        json_t *name;
        json_array_foreach (json_object_get(objects, KINDS[i].field), n, name) {
            kinds[count] = KINDS[i].kind;
            names[count++] = json_string_value(name);
        }
    }
    LedgerParams params = {0};
    ledger_param_text(&params, db_array_text(arena, kinds, count));
    ledger_param_text(&params, db_array_text(arena, names, count));
    return ledger_call(conn, "check_objects", &params, ret_found, err);
}

static void add_wrong(json_t *wrong, const DbResult *found, int row, const char *problem)
{
    json_t *item = json_object();
    json_set_string(item, "kind", db_value(found, row, 0));
    json_set_string(item, "name", db_value(found, row, 1));
    json_set_string(item, "problem", problem);
    json_array_append_new(wrong, item);
}

/* "foreign_key" is one word to programs only. */
static void add_text(Text *text, const DbResult *found, int row, const char *problem)
{
    const char *kind = db_value(found, row, 0);
    text_printf(text, "%s%s %s %s", text->length_bytes == 0 ? "" : "; ",
                strcmp(kind, "foreign_key") == 0 ? "foreign key" : kind, db_value(found, row, 1),
                problem);
}

static bool look_for(DbConn *conn, const json_t *objects, bool wanted, json_t *detail, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    AUTO(text_done) Text text;
    text_init(&text, TEXT_BYTES * 2);
    if (!ask(conn, objects, &found, err))
        return false;
    json_t *wrong = json_array();
    json_set_int(detail, "objects", db_rows(found));
    json_object_set_new(detail, "wrong", wrong);
    int count = 0;
    int told = 0;
    for (int i = 0; i < db_rows(found); i++) {
        bool there = db_bool(found, i, 2);
        const char *problem = !wanted                   ? (there ? "is there" : NULL)
                              : !there                  ? "is missing"
                              : db_is_null(found, i, 3) ? NULL
                                                        : db_value(found, i, 3);
        if (problem == NULL)
            continue;
        if (count++ < WRONG_MAX)
            add_wrong(wrong, found, i, problem);
        if (text.length_bytes < TEXT_BYTES && ++told > 0)
            add_text(&text, found, i, problem);
    }
    if (count > told)
        text_printf(&text, "; and %d more", count - told);
    if (count == 0)
        text_printf(&text, wanted ? "all %d are there" : "none of %d is there", db_rows(found));
    return run_kind_check_verdict(detail, count == 0, text_string(&text), err);
}

bool run_form_exists(const RunLook *look, json_t *detail, Error *err)
{
    return look_for(look->conn, json_object_get(look->node->keys, "exists"), true, detail, err);
}

bool run_form_absent(const RunLook *look, json_t *detail, Error *err)
{
    return look_for(look->conn, json_object_get(look->node->keys, "absent"), false, detail, err);
}
