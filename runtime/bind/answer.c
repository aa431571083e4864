/* The values come before each call of a function (bind_plan_answers), because gates are passed
 * while the plan runs. */
#include "bind/answer.h"

#include "base/bounds.h"
#include "base/suggest.h"
#include "bind/source.h"
#include "bind/state.h"
#include "script/error.h"
#include "script/value.h"

#include <lauxlib.h>
#include <limits.h>
#include <string.h>

static const char GATES = 0; /* its address is the registry key of the list */

/* ---- found in the text ---- */

static const char WORD[] = "answer";

static json_t *item_of(const char *file, const SourceCall *call)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:i}", "gate", call->first, "field", call->second,
                     "file", file, "line", call->line, "column", call->column);
}

static size_t calls_of(BindPlan *plan, const char *file, int first, int last, SourceCall **ret)
{
    const BindSource *source = bind_plan_source(plan, file);
    return source == NULL
               ? 0
               : bind_source_calls(source, WORD, first, last, bind_plan_scratch(plan), ret);
}

static void add(json_t *graph, json_t *item)
{
    json_t *list = json_object_get(graph, "answers");
    if (list == NULL) {
        list = json_array();
        json_object_set_new(graph, "answers", list);
    }
    json_array_append_new(list, item);
}

void bind_answer_find(BindPlan *plan, const char *file, int first, int last, json_t *graph)
{
    SourceCall *calls = NULL;
    size_t count = calls_of(plan, file, first, last, &calls);
    for (size_t i = 0; i < count; i++)
        add(graph, item_of(file, &calls[i]));
}

/* The canonical texts of what nodes read, as keys of a set. */
static void gather(const json_t *graph, json_t *set)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(graph, "answers"), i, item) {
        AUTO(base_free) char *text = json_canonical(item);
        json_object_set_new(set, text, json_true());
    }
    json_array_foreach (json_object_get(graph, "children"), i, item)
        gather(item, set);
}

bool bind_plan_reads_answers(const Bundle *bundle)
{
    for (size_t i = 0; i < bundle->files_count; i++) {
        const BundleFile *file = &bundle->files[i];
        if (text_ends(file->path, ".lua") &&
            memmem(file->bytes, file->size_bytes, WORD, strlen(WORD)) != NULL)
            return true;
    }
    return false;
}

void bind_answer_find_rest(BindPlan *plan, json_t *root)
{
    AUTO(json_auto) json_t *found = json_object();
    const Bundle *bundle = bind_plan_bundle(plan);
    gather(root, found);
    for (size_t n = 0; n < bundle->files_count; n++) {
        const char *file = bundle->files[n].path;
        SourceCall *calls = NULL;
        if (!text_ends(file, ".lua"))
            continue;
        size_t count = calls_of(plan, file, 1, INT_MAX, &calls);
        for (size_t i = 0; i < count; i++) {
            json_t *item = item_of(file, &calls[i]);
            AUTO(base_free) char *text = json_canonical(item);
            if (json_object_get(found, text) == NULL)
                add(root, item);
            else
                json_decref(item);
        }
    }
}

/* ---- read ---- */

static const char *text_of(lua_State *L, int gate, const char *field)
{
    lua_getfield(L, gate, field);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1); /* the list keeps it alive */
    return text;
}

/* Pushes the gate of that path or name; how many have the name. */
static int push_gate(lua_State *L, int gates, const char *name)
{
    int found = 0;
    lua_pushnil(L);
    for (lua_Integer i = 1; lua_rawgeti(L, gates, i) == LUA_TTABLE; i++) {
        int gate = lua_gettop(L);
        bool is_path = text_equal(text_of(L, gate, "path"), name);
        if (is_path || text_equal(text_of(L, gate, "name"), name)) {
            found = is_path ? 1 : found + 1;
            lua_copy(L, gate, gate - 1);
        }
        lua_pop(L, 1);
        if (is_path)
            return found;
    }
    lua_pop(L, 1);
    return found;
}

static int no_gate(lua_State *L, int gates, const char *name)
{
    Suggest suggest;
    suggest_init(&suggest, name);
    for (lua_Integer i = 1; lua_rawgeti(L, gates, i) == LUA_TTABLE; i++) {
        suggest_offer(&suggest, text_of(L, lua_gettop(L), "name"));
        suggest_offer(&suggest, text_of(L, lua_gettop(L), "path"));
        lua_pop(L, 1);
    }
    return script_raise(L, 1, ERROR_INPUT, "no gate \"%s\" of the plan asks for fields%s", name,
                        bind_suggested(L, &suggest));
}

static int no_field(lua_State *L, int fields, const char *gate, const char *name)
{
    Suggest suggest;
    suggest_init(&suggest, name);
    for (lua_pushnil(L); lua_next(L, fields) != 0; lua_pop(L, 1))
        suggest_offer(&suggest, lua_tostring(L, -2));
    return script_raise(L, 1, ERROR_INPUT, "gate \"%s\" does not ask for \"%s\"%s", gate, name,
                        bind_suggested(L, &suggest));
}

static int value_of(lua_State *L, int gate, const char *name, const char *field)
{
    lua_getfield(L, gate, "fields");
    int fields = lua_gettop(L);
    lua_getfield(L, fields, field);
    if (lua_isnil(L, -1))
        return no_field(L, fields, name, field);
    const char *why = text_of(L, gate, "why");
    if (why != NULL)
        return script_raise(L, 1, ERROR_INPUT, "answer(\"%s\", \"%s\"): %s", name, field, why);
    lua_getfield(L, gate, "values");
    lua_getfield(L, -1, field);
    return 1;
}

int bind_answer(lua_State *L)
{
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    if (lua_type(L, 1) != LUA_TSTRING || lua_type(L, 2) != LUA_TSTRING)
        return script_raise(L, 1, ERROR_SCRIPT, "write answer(\"gate\", \"field\")");
    const char *name = lua_tostring(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &GATES);
    int gates = lua_gettop(L);
    if (!lua_istable(L, gates))
        return script_raise(L, 1, ERROR_INPUT,
                            "answer(\"%s\", …) cannot be read while the plan is loaded, only in a "
                            "function of a step: nobody has been asked yet",
                            name);
    int found = push_gate(L, gates, name);
    if (found == 0)
        return no_gate(L, gates, name);
    if (found > 1)
        return script_raise(L, 1, ERROR_INPUT,
                            "several gates have the name \"%s\": write the path of one", name);
    return value_of(L, lua_gettop(L), name, lua_tostring(L, 2));
}

static int take(lua_State *L)
{
    const json_t *gates = lua_touserdata(L, 1);
    script_value_push(L, gates);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &GATES);
    return 0;
}

bool bind_plan_answers(BindPlan *plan, json_t *gates, Error *err)
{
    return script_state_call(bind_plan_state(plan), BOUND_SCRIPT_SLICE_MS, take, gates, err);
}
