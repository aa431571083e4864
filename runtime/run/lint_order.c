/* What statements need, against what makes it, and when. */
#include "run/lint_walk.h"

#include "sql/facts.h"
#include "sql/name.h"
#include "sql/tree.h"

#include <string.h>

/* One statement of a step. */
typedef struct Maker {
    const PlanNode *node;
    size_t at_bytes;
    SqlObjects made;
    SqlObjects gone;
    SqlObjects needs; /* may_miss: PostgreSQL may do without, or we do not know */
    bool unsure;      /* something before may have made what nobody sees */
    bool visited;     /* by the search for a cycle */
} Maker;

typedef struct Makers {
    Arena *arena;
    Maker *items;
    size_t count;
    size_t room;
    const PlanNode *node;
    bool unsure;
} Makers;

static bool is_relation(SqlObjectKind kind)
{
    return kind == SQL_OBJECT_TABLE || kind == SQL_OBJECT_VIEW;
}

/* A query cannot tell tables from views, nor a column's type an enum from others. */
static bool meets(const SqlObject *made, const SqlObject *needed)
{
    SqlObject same = *needed;
    bool row_type = needed->kind == SQL_OBJECT_TYPE; /* each table is one too */
    if (is_relation(made->kind) && (is_relation(needed->kind) || row_type))
        same.kind = made->kind;
    return made->kind != SQL_OBJECT_SCHEMA && made->table == NULL && sql_object_covers(made, &same);
}

static bool has(const SqlObjects *objects, const SqlObject *needed)
{
    for (size_t i = 0; i < objects->count; i++) {
        if (meets(&objects->items[i], needed))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------ gathering */

static void add_need(Maker *maker, SqlObject needed)
{
    if (needed.name[0] != '\0' && !has(&maker->made, &needed) && !has(&maker->needs, &needed))
        sql_objects_add(&maker->needs, &needed);
}

static void see_type(const char *key, const json_t *child, void *ctx)
{
    const json_t *names = strcmp(key, "typeName") == 0 ? json_object_get(child, "names") : NULL;
    size_t count = json_array_size(names);
    const json_t *last = json_object_get(json_array_get(names, count - 1), "String");
    const json_t *schema =
        count > 1 ? json_object_get(json_array_get(names, count - 2), "String") : NULL;
    if (last != NULL)
        add_need(ctx, (SqlObject){.kind = SQL_OBJECT_TYPE,
                                  .schema = json_get_string(schema, "sval", NULL),
                                  .name = json_get_string(last, "sval", "")});
}

/* Statements whose relations are tables and views that must be there. */
static const char *const NEEDING[] = {"CreateStmt",        "IndexStmt",  "InsertStmt",
                                      "UpdateStmt",        "DeleteStmt", "SelectStmt",
                                      "CreateTableAsStmt", "ViewStmt",   "TruncateStmt"};

static bool must_be_there(const char *node, const json_t *body)
{
    bool needs = strcmp(node, "AlterTableStmt") == 0 &&
                 text_equal(json_get_string(body, "objtype", ""), "OBJECT_TABLE") &&
                 !json_get_bool(body, "missing_ok", false);
    for (size_t i = 0; i < COUNT_OF(NEEDING); i++)
        needs = needs || strcmp(NEEDING[i], node) == 0;
    return needs;
}

/* Temporary tables, and SELECT INTO, are nobody else's business (sql/object.h), but they are there.
 */
static void add_hidden(Maker *maker, const char *node, const json_t *body)
{
    const json_t *into = json_object_get(
        json_object_get(body, strcmp(node, "SelectStmt") == 0 ? "intoClause" : "into"), "rel");
    const json_t *range =
        strcmp(node, "CreateStmt") == 0 ? json_object_get(body, "relation") : into;
    SqlObject table = {.kind = SQL_OBJECT_TABLE,
                       .schema = json_get_string(range, "schemaname", NULL),
                       .name = json_get_string(range, "relname", NULL)};
    if (table.name != NULL && !has(&maker->made, &table))
        sql_objects_add(&maker->made, &table);
}

/* What runs code, or brings objects along. */
static bool makes_unseen(const char *node)
{
    return strcmp(node, "DoStmt") == 0 || strcmp(node, "CallStmt") == 0 ||
           strcmp(node, "CreateExtensionStmt") == 0 ||
           strcmp(node, "ImportForeignSchemaStmt") == 0 || strcmp(node, "DefineStmt") == 0;
}

/* The sequence of a serial column, the pseudo-types that are written like types. */
static bool is_implied(const SqlObject *needed)
{
    size_t bytes = strlen(needed->name);
    return strstr(needed->name, "serial") != NULL ||
           (bytes > 4 && strcmp(needed->name + bytes - 4, "_seq") == 0);
}

/* "schema.name" as sql_facts gives it. */
static SqlObject relation_of(Arena *arena, const char *name)
{
    const char *last = sql_name_last(name);
    return (SqlObject){
        .kind = SQL_OBJECT_TABLE,
        .schema = last == name ? NULL : arena_strndup(arena, name, (size_t)(last - name - 1)),
        .name = last};
}

static void see_statement(const char *node, const json_t *body, size_t at_bytes, void *ctx)
{
    Makers *makers = ctx;
    if (makers->count == makers->room) {
        makers->room = makers->room == 0 ? 64 : makers->room * 2;
        Maker *more = arena_alloc(makers->arena, makers->room * sizeof(*more));
        if (makers->count > 0)
            memcpy(more, makers->items, makers->count * sizeof(*more));
        makers->items = more;
    }
    Maker *maker = &makers->items[makers->count++];
    *maker = (Maker){.node = makers->node,
                     .at_bytes = at_bytes,
                     .made = {.arena = makers->arena},
                     .gone = {.arena = makers->arena},
                     .needs = {.arena = makers->arena},
                     .unsure = makers->unsure};
    makers->unsure = makers->unsure || makes_unseen(node);
    sql_objects_see(node, body, at_bytes, &maker->made, &maker->gone);
    add_hidden(maker, node, body);
    if (strcmp(node, "DropStmt") == 0)
        return; /* what is dropped was there */
    AUTO(json_auto) json_t *tree = json_pack("{sO}", node, body);
    SqlFacts facts = sql_facts(makers->arena, tree);
    for (size_t i = 0; i < facts.relations_count; i++) {
        SqlObject needed = relation_of(makers->arena, facts.relations[i]);
        needed.may_miss = !must_be_there(node, body);
        add_need(maker, needed);
    }
    sql_tree_nodes(body, see_type, maker);
}

/* ------------------------------------------------------------------ judging */

/* Who makes it first, behind the statement; NULL when it was there before, or may have been. */
static Maker *made_later(const Makers *makers, size_t at, const SqlObject *needed)
{
    for (size_t i = 0; i < at; i++) {
        if (has(&makers->items[i].made, needed))
            return NULL;
    }
    for (size_t i = at; i < makers->count; i++) {
        Maker *maker = &makers->items[i];
        if (i > at && has(&maker->made, needed)) {
            bool sure = true;
            for (size_t k = 0; k < maker->made.count; k++)
                sure = sure && !(meets(&maker->made.items[k], needed) &&
                                 (maker->made.items[k].may_exist || maker->made.items[k].replaces));
            return sure ? maker : NULL;
        }
        if (has(&maker->gone, needed))
            return NULL;
    }
    return NULL;
}

/* Does from need, through whatever makes it, something that goal makes? */
static bool leads_to(Makers *makers, Maker *from, const Maker *goal)
{
    if (from == goal)
        return true;
    if (from->visited)
        return false;
    from->visited = true;
    for (size_t n = 0; n < from->needs.count; n++) {
        for (size_t i = 0; i < makers->count; i++) {
            Maker *next = &makers->items[i];
            if (next != from && has(&next->made, &from->needs.items[n]) &&
                leads_to(makers, next, goal))
                return true;
        }
    }
    return false;
}

static bool made_before(const Makers *makers, size_t at, const SqlObject *needed)
{
    for (size_t i = 0; i < at; i++) {
        if (has(&makers->items[i].made, needed) || has(&makers->items[i].gone, needed))
            return true;
    }
    return false;
}

static void judge_missing(RunLintWalk *walk, const Makers *makers, size_t at,
                          const SqlObject *needed)
{
    const Maker *maker = &makers->items[at];
    bool type = needed->kind == SQL_OBJECT_TYPE;
    if (walk->exists == NULL || maker->unsure || needed->may_miss || is_implied(needed) ||
        made_before(makers, at, needed) ||
        walk->exists(sql_object_quoted(walk->arena, needed), type, walk->exists_ctx))
        return;
    walk->node = maker->node;
    run_lint_say(walk, "up", run_lint_rule(RUN_LINT_MISSING_OBJECT), maker->at_bytes,
                 arena_printf(walk->arena, "%s \"%s\"", type ? "type" : "table",
                              sql_object_text(walk->arena, needed)));
}

static void judge(RunLintWalk *walk, Makers *makers, size_t at, const SqlObject *needed)
{
    const Maker *maker = &makers->items[at];
    Maker *later = made_later(makers, at, needed);
    if (later == NULL) {
        judge_missing(walk, makers, at, needed);
        return;
    }
    for (size_t i = 0; i < makers->count; i++)
        makers->items[i].visited = false;
    bool cycle = maker->made.count > 0 && leads_to(makers, later, maker);
    walk->node = maker->node;
    const json_t *up = json_object_get(later->node->keys, "up");
    run_lint_say(
        walk, "up", run_lint_rule(cycle ? RUN_LINT_CYCLE : RUN_LINT_LATER_OBJECT), maker->at_bytes,
        arena_printf(walk->arena, "\"%s\" is made in %s:%d%s", sql_object_text(walk->arena, needed),
                     json_get_string(up, "file", later->node->at.file),
                     run_lint_line(later->node, "up", later->at_bytes),
                     cycle ? ", which needs what is made here" : ""));
}

static bool acts_unseen(const PlanNode *node)
{
    bool outside = node->kind == PLAN_TASK || node->kind == PLAN_EXEC || node->kind == PLAN_HTTP;
    return outside && json_object_get(node->keys, "no_effect") == NULL;
}

void run_lint_order(RunLintWalk *walk)
{
    Makers makers = {.arena = walk->arena};
    for (size_t i = 0; i < walk->plan->nodes_count; i++) {
        makers.node = walk->plan->nodes[i];
        makers.unsure = makers.unsure || acts_unseen(makers.node);
        if (makers.node->kind == PLAN_STEP)
            sql_tree_each(plan_sql(makers.node, "up"), see_statement, &makers);
    }
    for (size_t i = 0; i < makers.count; i++) {
        for (size_t n = 0; n < makers.items[i].needs.count; n++)
            judge(walk, &makers, i, &makers.items[i].needs.items[n]);
    }
}
