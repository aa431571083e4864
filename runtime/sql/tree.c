/* The statements of a text, one tree after the other. */
#include "sql/tree.h"

#include "sql/split.h"

typedef struct Each {
    SqlTreeUse *use;
    void *ctx;
    size_t at_bytes;
} Each;

static void see(json_t *stmts, void *ctx)
{
    const Each *each = ctx;
    size_t i = 0;
    json_t *raw = NULL;
    json_array_foreach (stmts, i, raw) {
        const char *node = NULL;
        json_t *body = NULL;
        json_object_foreach (json_object_get(raw, "stmt"), node, body)
            each->use(node, body, each->at_bytes, each->ctx);
    }
}

void sql_tree_each(const char *text, SqlTreeUse *use, void *ctx)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlStatement *statements = NULL;
    size_t count = 0;
    Error err = {0};
    if (text == NULL || !sql_split(arena, text, &statements, &count, &err))
        return; /* the check of the plan says so */
    for (size_t i = 0; i < count; i++) {
        SqlFault fault;
        Each each = {.use = use, .ctx = ctx, .at_bytes = statements[i].offset_bytes};
        if (statements[i].parsed && !sql_parse(statements[i].text, see, &each, &fault))
            continue;
    }
}

void sql_tree_nodes(const json_t *tree, SqlTreeVisit *visit, void *ctx)
{
    const char *key = NULL;
    json_t *child = NULL;
    size_t i = 0;
    json_array_foreach ((json_t *)(uintptr_t)tree, i, child)
        sql_tree_nodes(child, visit, ctx);
    json_object_foreach ((json_t *)(uintptr_t)tree, key, child) {
        visit(key, child, ctx);
        sql_tree_nodes(child, visit, ctx);
    }
}

const json_t *sql_tree_constraint(const json_t *constraints, const char *contype)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach ((json_t *)(uintptr_t)constraints, i, item) {
        const json_t *constraint = json_object_get(item, "Constraint");
        if (text_equal(json_get_string(constraint, "contype", ""), contype))
            return constraint;
    }
    return NULL;
}

const json_t *sql_tree_option(const json_t *options, const char *name)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach ((json_t *)(uintptr_t)options, i, item) {
        const json_t *option = json_object_get(item, "DefElem");
        if (text_equal(json_get_string(option, "defname", ""), name))
            return json_object_get(option, "arg");
    }
    return NULL;
}

const char *sql_tree_last(const json_t *names)
{
    const json_t *last = json_array_get(names, json_array_size(names) - 1);
    return json_get_string(json_object_get(last, "String"), "sval", "");
}

const char *sql_tree_type(const json_t *type_name)
{
    return sql_tree_last(json_object_get(type_name, "names"));
}
