/* From the tables the prelude made to the graph: names, keys, positions and children as JSON;
 * functions are recorded by path and key. What a key may hold is checked by plan_from_graph(), with
 * the positions given here; this file refuses only what JSON could not say. */
#include "base/bounds.h"
#include "bind/answer.h"
#include "bind/host.h"
#include "bind/migrations.h"
#include "bind/state.h"
#include "plan/word.h"
#include "script/error.h"
#include "script/value.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What stays on the Lua stack for each node in work: slots, not counting children. */
enum { NODE_SLOTS = 12 };

typedef struct Builder {
    lua_State *L;
    BindPlan *plan;
    size_t nodes;
    int placed; /* stack index of the set of nodes that have a place in the tree */
} Builder;

/* One node in work. Its table stands at index; texts belong to Lua and stay alive with it. */
typedef struct Work {
    int index;
    int body; /* stack index; 0 = none */
    const char *name;
    const char *path;
    const PlanWord *word;
    PlanPosition at;
    json_t *graph;
    json_t *keys;
    json_t *positions;
    const SourceKey *found; /* keys in the text */
    size_t found_count;
} Work;

static int wrong(Builder *builder, PlanPosition at, const char *format, ...) PRINTF_LIKE(3, 4);
static int wrong(Builder *builder, PlanPosition at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char message[512];
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    Error err;
    plan_error_at(&err, at, "%s", message);
    return script_raise_error(builder->L, 0, &err);
}

/* The text under a field of the node's table; "" when there is none. */
static const char *node_text(lua_State *L, int index, const char *field)
{
    lua_pushstring(L, field);
    lua_rawget(L, index);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    lua_pop(L, 1); /* the node's table keeps it alive */
    return text;
}

static int node_number(lua_State *L, int index, const char *field)
{
    lua_pushstring(L, field);
    lua_rawget(L, index);
    int number = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

/* Where the node stands, and where its keys do. */
static void find_position(Builder *builder, Work *work)
{
    lua_State *L = builder->L;
    work->at.file = node_text(L, work->index, "file");
    work->at.line = node_number(L, work->index, "line");
    const BindSource *source = bind_plan_source(builder->plan, work->at.file);
    bool named = work->word->form == WORD_NODE;
    SourceWord found;
    if (source == NULL ||
        !bind_source_word(source, work->word->name, named ? work->name : NULL, work->at.line,
                          node_number(L, work->index, "nth"), &found))
        return;
    work->at.line = found.line;
    work->at.column = found.column;
    SourceKey *keys = NULL;
    work->found_count =
        bind_source_keys(source, found.body, bind_plan_scratch(builder->plan), &keys);
    work->found = keys;
}

static const SourceKey *find_key(const Work *work, const char *name)
{
    for (size_t i = 0; i < work->found_count; i++) {
        if (strcmp(work->found[i].name, name) == 0)
            return &work->found[i];
    }
    return NULL;
}

static PlanPosition key_position(const Work *work, const char *name)
{
    const SourceKey *key = find_key(work, name);
    if (key == NULL)
        return work->at;
    return (PlanPosition){work->at.file, key->line, key->column};
}

static void add_positions(const Work *work)
{
    for (size_t i = 0; i < work->found_count; i++) {
        const SourceKey *key = &work->found[i];
        if (json_object_get(work->positions, key->name) == NULL)
            json_object_set_new(work->positions, key->name,
                                json_pack("[ii]", key->line, key->column));
    }
}

/* Inline SQL says where its text begins, so that the server's error positions can be found in it.
 */
static json_t *sql_value(const Work *work, const char *dotted, json_t *text)
{
    const SourceKey *key = find_key(work, dotted);
    json_t *value = json_object();
    json_set_string(value, "$", "sql");
    json_object_set_new(value, "text", text);
    json_set_string(value, "file", work->at.file);
    json_set_int(value, "line", key == NULL ? work->at.line : key->value_line);
    return value;
}

/* Marks the SQL inside a value of a key: itself, or fields of its table. Takes and gives the
 * reference. */
static json_t *mark_sql(const Work *work, const PlanKey *key, const char *dotted, json_t *value)
{
    if (key->type == KEY_SQL && json_is_string(value))
        return sql_value(work, dotted, value);
    if (key->type != KEY_TABLE || !json_is_object(value))
        return value;
    for (const PlanKey *field = key->fields; field != NULL && field->name != NULL; field++) {
        json_t *inside = json_object_get(value, field->name);
        if (field->type != KEY_SQL || !json_is_string(inside))
            continue;
        char name[2 * BOUND_NAME_BYTES];
        snprintf(name, sizeof(name), "%s.%s", dotted, field->name);
        json_object_set_new(value, field->name, sql_value(work, name, json_incref(inside)));
    }
    return value;
}

/* The function on top of the stack: recorded, and where it begins. */
static json_t *function_value(Builder *builder, const Work *work, const char *name)
{
    lua_State *L = builder->L;
    lua_Debug described;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &described);
    lua_pushvalue(L, -1);
    bind_plan_record(L, work->path, name);
    bool ours = described.source[0] == '@' && described.linedefined > 0;
    if (ours)
        bind_answer_find(builder->plan, described.source + 1, described.linedefined,
                         described.lastlinedefined, work->graph);
    return json_pack("{s:s, s:s, s:i}", "$", "function", "file",
                     ours ? described.source + 1 : work->at.file, "line",
                     ours ? described.linedefined : work->at.line);
}

/* The value on top of the stack, under key. */
static void add_key(Builder *builder, const Work *work, const char *name)
{
    lua_State *L = builder->L;
    int value_index = lua_gettop(L);
    json_t *value;
    if (bind_is_node(L, value_index)) {
        wrong(builder, key_position(work, name),
              "%s \"%s\": the value of \"%s\" is a %s, which has a place of its own: write %s = { "
              "… }",
              work->word->name, work->name, name, node_text(L, value_index, "word"), name);
        return;
    }
    if (lua_isfunction(L, value_index)) {
        value = function_value(builder, work, name);
    } else {
        Error err;
        value = script_value_json(L, value_index, &err);
        if (value == NULL) {
            wrong(builder, key_position(work, name), "%s \"%s\": the value of \"%s\" is %s",
                  work->word->name, work->name, name, err.message);
            return;
        }
        const PlanKey *key = plan_word_key(work->word, name);
        if (key != NULL)
            value = mark_sql(work, key, name, value);
    }
    json_object_set_new(work->keys, name, value);
}

typedef struct KeyOrder {
    const char *name;
    int line;
    int column;
} KeyOrder;

static int compare_order(const void *left, const void *right)
{
    const KeyOrder *a = left;
    const KeyOrder *b = right;
    if (a->line != b->line)
        return a->line - b->line;
    return a->column != b->column ? a->column - b->column : strcmp(a->name, b->name);
}

/* The named keys of the body in the order of the text, so that the first mistake is the one told.
 * From a userdata that stays on the stack. Positions are counted in *ret_positions. */
static KeyOrder *sorted_keys(Builder *builder, const Work *work, size_t *ret_count,
                             lua_Integer *ret_positions)
{
    lua_State *L = builder->L;
    size_t names = 0;
    for (lua_pushnil(L); lua_next(L, work->body) != 0; lua_pop(L, 1))
        names++;
    KeyOrder *order = lua_newuserdatauv(L, (names + 1) * sizeof(KeyOrder), 0);
    *ret_count = 0;
    *ret_positions = 0;
    for (lua_pushnil(L); lua_next(L, work->body) != 0; lua_pop(L, 1)) {
        if (lua_isinteger(L, -2)) {
            ++*ret_positions;
            continue;
        }
        if (lua_type(L, -2) != LUA_TSTRING) {
            wrong(builder, work->at, "%s \"%s\": a key must be a name, not a %s", work->word->name,
                  work->name, luaL_typename(L, -2));
            return NULL;
        }
        const char *name = lua_tostring(L, -2);
        PlanPosition at = key_position(work, name);
        order[(*ret_count)++] = (KeyOrder){name, at.line, at.column};
    }
    qsort(order, *ret_count, sizeof(KeyOrder), compare_order);
    return order;
}

static void build_node(Builder *builder, json_t *graph, const char *parent_path, int depth);

/* What stands at a position of the body and is no node. */
static void wrong_entry(Builder *builder, const Work *work, lua_Integer position)
{
    lua_State *L = builder->L;
    const char *what = luaL_typename(L, -1);
    const char *label = work->word->name;
    if (lua_isnil(L, -1))
        wrong(builder, work->at, "%s \"%s\": entry %d is nil; entries must follow each other",
              label, work->name, (int)position);
    else if (bind_is_value(L, -1))
        wrong(builder, work->at,
              "%s \"%s\": entry %d is a value that belongs to a key (up = file \"…\")", label,
              work->name, (int)position);
    else
        wrong(builder, work->at,
              "%s \"%s\": entry %d is a %s where only words like step \"…\" { … } can "
              "stand",
              label, work->name, (int)position, what);
}

static void add_entry(Builder *builder, const Work *work, lua_Integer position, json_t *items,
                      json_t *children, int depth)
{
    lua_State *L = builder->L;
    lua_rawgeti(L, work->body, position);
    bool is_item = work->word->items != NULL && lua_type(L, -1) == LUA_TSTRING;
    if (!is_item && !bind_is_node(L, -1))
        wrong_entry(builder, work, position);
    if (is_item) {
        Error err;
        json_t *text = script_value_text(L, -1, &err);
        if (text == NULL)
            wrong(builder, work->at, "%s \"%s\": entry %d is %s", work->word->name, work->name,
                  (int)position, err.message);
        json_array_append_new(items, text);
    } else {
        json_t *child = json_object();
        json_array_append_new(children, child);
        build_node(builder, child, work->path, depth + 1);
    }
    lua_pop(L, 1);
}

static void add_entries(Builder *builder, Work *work, lua_Integer count, json_t *children,
                        int depth)
{
    json_t *items = NULL;
    if (work->word->items != NULL && count > 0) {
        if (json_object_get(work->keys, work->word->items) != NULL)
            wrong(builder, key_position(work, work->word->items),
                  "%s \"%s\" has both %s and texts without a key", work->word->name, work->name,
                  work->word->items);
        items = json_array();
        json_object_set_new(work->keys, work->word->items, items);
    }
    for (lua_Integer i = 1; i <= count; i++)
        add_entry(builder, work, i, items, children, depth);
}

/* Fills keys, positions and children of graph. */
static void build_body(Builder *builder, Work *work, json_t *graph, int depth)
{
    work->graph = graph;
    work->keys = json_object();
    json_object_set_new(graph, "keys", work->keys);
    work->positions = json_object();
    json_object_set_new(graph, "key_positions", work->positions);
    json_t *children = json_array();
    json_object_set_new(graph, "children", children);
    add_positions(work);
    if (work->body == 0)
        return;
    size_t count = 0;
    lua_Integer entries = 0;
    KeyOrder *order = sorted_keys(builder, work, &count, &entries);
    for (size_t i = 0; i < count; i++) {
        lua_pushstring(builder->L, order[i].name);
        lua_rawget(builder->L, work->body);
        add_key(builder, work, order[i].name);
        lua_pop(builder->L, 1);
    }
    add_entries(builder, work, entries, children, depth);
}

/* "10%", as plan_from_graph() calls a stage. Pushes it. */
static const char *push_plain_name(Builder *builder, const Work *work)
{
    lua_State *L = builder->L;
    double percent = 0;
    if (work->body != 0) {
        lua_pushliteral(L, "percent");
        lua_rawget(L, work->body);
        percent = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    char name[40];
    snprintf(name, sizeof(name), "%.15g%%", percent);
    return lua_pushstring(L, name);
}

static const char *push_path(Builder *builder, const Work *work, const char *parent_path, int depth)
{
    if (depth == 0)
        return lua_pushliteral(builder->L, "");
    bool has_parent = parent_path[0] != '\0';
    return lua_pushfstring(builder->L, "%s%s%s", parent_path, has_parent ? "/" : "", work->name);
}

static void find_body(Builder *builder, Work *work)
{
    lua_State *L = builder->L;
    lua_pushliteral(L, "body");
    if (lua_rawget(L, work->index) == LUA_TTABLE)
        work->body = lua_gettop(L); /* stays on the stack */
}

static void check_node(Builder *builder, const Work *work, int depth)
{
    if (work->body == 0 && !work->word->bare)
        wrong(builder, work->at, "%s \"%s\" needs its table: %s \"%s\" { … }", work->word->name,
              work->name, work->word->name, work->name);
    if (depth >= BOUND_PLAN_DEPTH)
        wrong(builder, work->at, "%s \"%s\" is nested too deeply (or in itself)", work->word->name,
              work->name);
    if (++builder->nodes > BOUND_PLAN_NODES)
        wrong(builder, work->at, "the plan has more than %d parts", BOUND_PLAN_NODES);
}

static void mark_placed(Builder *builder, int index)
{
    lua_pushvalue(builder->L, index);
    lua_pushboolean(builder->L, 1);
    lua_rawset(builder->L, builder->placed);
}

static void expand_migrations(Builder *builder, json_t *graph)
{
    Error err;
    if (!bind_migrations_expand(bind_plan_bundle(builder->plan), graph, &err))
        script_raise_error(builder->L, 0, &err);
}

/* The node on top of the stack; leaves the stack as it was. */
static void build_node(Builder *builder, json_t *graph, const char *parent_path, int depth)
{
    lua_State *L = builder->L;
    luaL_checkstack(L, NODE_SLOTS + LUA_MINSTACK, NULL);
    Work work = {.index = lua_gettop(L)};
    work.word = plan_word_find(node_text(L, work.index, "word"));
    if (work.word == NULL)
        luaL_error(L, "a node of no known word");
    find_body(builder, &work);
    work.name = node_text(L, work.index, "name");
    if (work.word->form == WORD_PLAIN)
        work.name = push_plain_name(builder, &work);
    find_position(builder, &work);
    check_node(builder, &work, depth);
    work.path = push_path(builder, &work, parent_path, depth);
    json_set_string(graph, "kind", work.word->name);
    json_set_string(graph, "name", work.word->form == WORD_PLAIN ? "" : work.name);
    json_set_string(graph, "file", work.at.file);
    json_set_int(graph, "line", work.at.line);
    json_set_int(graph, "column", work.at.column);
    mark_placed(builder, work.index);
    build_body(builder, &work, graph, depth);
    if (work.word->kind == PLAN_MIGRATIONS)
        expand_migrations(builder, graph);
    lua_settop(L, work.index);
}

/* Where a node stands and what it is called, for the checks of the whole. The node is on top. */
static PlanPosition describe(Builder *builder, const char **ret_word, const char **ret_name)
{
    lua_State *L = builder->L;
    int index = lua_gettop(L);
    Work work = {.index = index, .name = node_text(L, index, "name")};
    *ret_word = node_text(L, index, "word");
    *ret_name = work.name;
    work.word = plan_word_find(*ret_word);
    if (work.word == NULL)
        return work.at;
    find_position(builder, &work);
    return work.at;
}

/* Pushes the plan's node. */
static void push_root(Builder *builder, int nodes)
{
    lua_State *L = builder->L;
    const char *word;
    const char *name;
    int root = 0;
    int first_line = 0;
    for (lua_Integer i = 1; lua_rawgeti(L, nodes, i) != LUA_TNIL; i++) {
        if (strcmp(node_text(L, lua_gettop(L), "word"), plan_kind_name(PLAN_PLAN)) != 0) {
            lua_pop(L, 1);
            continue;
        }
        PlanPosition at = describe(builder, &word, &name);
        if (root != 0)
            wrong(builder, at, "a second plan \"%s\"; the first one is in line %d", name,
                  first_line);
        root = lua_gettop(L);
        first_line = at.line;
    }
    lua_pop(L, 1);
    if (root == 0)
        wrong(builder, (PlanPosition){"plan.lua", 0, 0},
              "there is no plan: write plan \"name\" { … }");
}

/* A step that no table holds would silently not run. */
static void check_placed(Builder *builder, int nodes)
{
    lua_State *L = builder->L;
    for (lua_Integer i = 1; lua_rawgeti(L, nodes, i) != LUA_TNIL; i++) {
        lua_pushvalue(L, -1);
        if (lua_rawget(L, builder->placed) == LUA_TNIL) {
            lua_pop(L, 1);
            const char *word;
            const char *name;
            PlanPosition at = describe(builder, &word, &name);
            wrong(builder, at, "%s \"%s\" stands nowhere in the plan", word, name);
        }
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

void bind_graph_build(lua_State *L, json_t *graph)
{
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    Builder builder = {.L = L, .plan = bind_plan_of(L)};
    lua_newtable(L);
    builder.placed = lua_gettop(L);
    bind_host_push_nodes(L);
    int nodes = lua_gettop(L);
    push_root(&builder, nodes);
    build_node(&builder, graph, "", 0);
    lua_settop(L, nodes);
    check_placed(&builder, nodes);
    bind_answer_find_rest(builder.plan, graph);
    lua_settop(L, builder.placed - 1);
}
