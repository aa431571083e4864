/* db:query, db:one, db:value, db:exec: check the arguments, one statement outside of Lua, rows as
 * tables. */
#include "base/bounds.h"
#include "bind/api.h"
#include "bind/state.h"
#include "bind/statement.h"
#include "script/error.h"
#include "script/value.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_PARAM = 3, CHECKED_MAX = 1000, CHECKED_BYTES = 8192, PARAMS_MAX = 1000 };

/* Types whose text becomes something else than a Lua text. */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_OID = 26,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
};

static const char CHECKED =
    0; /* its address is the registry key of the SQL texts that were checked */

typedef struct Query {
    const BindTask *task;
    const char *sql;
    const char **values;
    int count;
    bool simple; /* without parameters, perhaps several statements */
    char where[128];
    DbResult *result;
} Query;

/* ---- outside of Lua ---- */

static void remember_failure(const Query *query, const Error *err)
{
    BindCaught *caught = query->task->caught;
    if (caught == NULL || caught->error.kind != ERROR_NONE || err == NULL)
        return;
    caught->error = *err;
    memcpy(caught->where, query->where, sizeof(caught->where));
}

static bool perform_query(void *ctx, Error *err)
{
    Query *query = ctx;
    DbParams params = {.count = query->count, .values = query->values};
    bool ok = query->simple ? db_exec(query->task->conn, query->sql, &query->result, NULL, err)
                            : db_query(query->task->conn, query->sql, &params, &query->result, err);
    if (ok && db_rows(query->result) > BOUND_QUERY_ROWS)
        return error_set(
            err, ERROR_SCRIPT,
            "the query gave %d rows, and a plan may fetch %d; use LIMIT, or a backfill",
            db_rows(query->result), BOUND_QUERY_ROWS);
    if (!ok)
        remember_failure(query, err);
    return ok;
}

static void release_query(void *ctx)
{
    Query *query = ctx;
    db_result_free(query->result);
    query->result = NULL;
}

/* ---- results ---- */

static void push_value(lua_State *L, const DbResult *result, int row, int column)
{
    if (db_is_null(result, row, column)) {
        lua_pushnil(L);
        return;
    }
    const char *text = db_value(result, row, column);
    switch (db_column_type(result, column)) {
    case OID_BOOL:
        lua_pushboolean(L, text[0] == 't');
        break;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_OID:
        lua_pushinteger(L, db_int(result, row, column));
        break;
    case OID_FLOAT4:
    case OID_FLOAT8:
        lua_pushnumber(L, strtod(text, NULL));
        break;
    default:
        lua_pushlstring(L, text, (size_t)db_value_bytes(result, row, column));
        break;
    }
}

/* Two columns of one name would hide each other in a row's table. */
static void check_names(lua_State *L, const DbResult *result)
{
    for (int i = 1; i < db_columns(result); i++) {
        for (int j = 0; j < i; j++) {
            if (strcmp(db_column_name(result, i), db_column_name(result, j)) == 0)
                script_raise(L, 1, ERROR_SCRIPT,
                             "two columns of the result are called \"%s\"; use AS",
                             db_column_name(result, i));
        }
    }
}

static void push_row(lua_State *L, const DbResult *result, int row)
{
    lua_createtable(L, 0, db_columns(result));
    for (int column = 0; column < db_columns(result); column++) {
        lua_pushstring(L, db_column_name(result, column));
        push_value(L, result, row, column);
        lua_rawset(L, -3);
    }
}

static int push_rows(lua_State *L, void *ctx)
{
    const Query *query = ctx;
    check_names(L, query->result);
    int rows = db_rows(query->result);
    lua_createtable(L, rows, 0);
    for (int row = 0; row < rows; row++) {
        push_row(L, query->result, row);
        lua_rawseti(L, -2, row + 1);
    }
    return 1;
}

static int push_one(lua_State *L, void *ctx)
{
    const Query *query = ctx;
    int rows = db_rows(query->result);
    if (rows > 1)
        return script_raise(L, 1, ERROR_SCRIPT, "db:one found %d rows", rows);
    check_names(L, query->result);
    if (rows == 0)
        lua_pushnil(L);
    else
        push_row(L, query->result, 0);
    return 1;
}

static int push_single(lua_State *L, void *ctx)
{
    const Query *query = ctx;
    int rows = db_rows(query->result);
    if (rows > 1)
        return script_raise(L, 1, ERROR_SCRIPT, "db:value found %d rows", rows);
    if (db_columns(query->result) != 1)
        return script_raise(L, 1, ERROR_SCRIPT, "db:value needs one column, and the query has %d",
                            db_columns(query->result));
    if (rows == 0)
        lua_pushnil(L);
    else
        push_value(L, query->result, 0, 0);
    return 1;
}

static int push_affected(lua_State *L, void *ctx)
{
    const Query *query = ctx;
    lua_pushinteger(L, db_affected(query->result));
    return 1;
}

static const ScriptWait ROWS = {perform_query, push_rows, release_query};
static const ScriptWait ONE = {perform_query, push_one, release_query};
static const ScriptWait VALUE = {perform_query, push_single, release_query};
static const ScriptWait AFFECTED = {perform_query, push_affected, release_query};

/* ---- arguments ---- */

static void check_self(lua_State *L, const char *name)
{
    bind_db_push(L);
    if (!lua_rawequal(L, 1, -1))
        script_raise(L, 1, ERROR_SCRIPT, "write db:%s(…), with a colon", name);
    lua_pop(L, 1);
}

/* The parameter at index as text; NULL for SQL NULL. Numbers become texts on the stack. */
static const char *parameter(lua_State *L, int index)
{
    size_t bytes = 0;
    const char *text = NULL;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TLIGHTUSERDATA:
        return NULL;
    case LUA_TBOOLEAN:
        return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER:
        if (!lua_isinteger(L, index)) {
            char digits[SCRIPT_NUMBER_BYTES];
            lua_pushstring(L, script_number_text(lua_tonumber(L, index), digits));
            lua_replace(L, index);
        }
        return lua_tostring(L, index);
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &bytes);
        if (strlen(text) != bytes)
            script_raise(L, 1, ERROR_SCRIPT, "parameter $%d has a zero byte",
                         index - FIRST_PARAM + 1);
        return text;
    default:
        script_raise(L, 1, ERROR_SCRIPT, "parameter $%d is a %s; for JSON write json.encode(…)",
                     index - FIRST_PARAM + 1, luaL_typename(L, index));
        return NULL;
    }
}

/* Pushes the table of checked texts; a new one when there is none or it is full. */
static void push_checked(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &CHECKED) == LUA_TTABLE) {
        if (lua_rawgeti(L, -1, 1) == LUA_TNIL || lua_tointeger(L, -1) < CHECKED_MAX) {
            lua_pop(L, 1);
            return;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &CHECKED);
}

/* Remembers the text at index 2: a map asks the same thing for every row. The table is on top. */
static void remember(lua_State *L)
{
    lua_rawgeti(L, -1, 1);
    lua_Integer count = lua_tointeger(L, -1);
    lua_pop(L, 1);
    lua_pushinteger(L, count + 1);
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, 2);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
}

static void check_sql(lua_State *L, const BindTask *task, bool several)
{
    size_t bytes = 0;
    const char *sql = lua_tolstring(L, 2, &bytes);
    if (strlen(sql) != bytes)
        script_raise(L, 1, ERROR_SCRIPT, "the SQL has a zero byte");
    push_checked(L);
    lua_pushvalue(L, 2);
    bool known = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
    bool plain = false;
    Error err;
    StatementRules rules = {.in_transaction = task->transactional, .several = several};
    if (!known && !bind_statement_check(sql, rules, &plain, &err))
        script_raise_error(L, 1, &err);
    if (!known && plain && bytes <= CHECKED_BYTES)
        remember(L);
    lua_pop(L, 1);
}

/* "plan.lua:12", the line of the script that asks. */
static void note_where(lua_State *L, Query *query)
{
    lua_Debug caller;
    if (query->task->caught == NULL || !lua_getstack(L, 1, &caller))
        return;
    lua_getinfo(L, "Sl", &caller);
    snprintf(query->where, sizeof(query->where), "%s:%d", caller.short_src, caller.currentline);
}

static int start(lua_State *L, const char *name, const ScriptWait *wait)
{
    check_self(L, name);
    const BindTask *task = bind_task_check(L, "db");
    if (lua_type(L, 2) != LUA_TSTRING)
        return script_raise(L, 1, ERROR_SCRIPT, "db:%s needs SQL as a text", name);
    int count = lua_gettop(L) - (FIRST_PARAM - 1);
    if (count > PARAMS_MAX)
        return script_raise(L, 1, ERROR_SCRIPT, "more than %d parameters", PARAMS_MAX);
    bool simple = wait == &AFFECTED && count == 0;
    check_sql(L, task, simple);
    Query *query = script_wait_begin(L, wait, sizeof(*query));
    query->task = task;
    note_where(L, query);
    query->sql = lua_tostring(L, 2);
    query->simple = simple;
    query->count = count;
    query->values = arena_alloc(script_wait_arena(L), (size_t)(count + 1) * sizeof(char *));
    for (int i = 0; i < count; i++)
        query->values[i] = parameter(L, FIRST_PARAM + i);
    return script_wait(L);
}

static int lua_query(lua_State *L)
{
    return start(L, "query", &ROWS);
}

static int lua_one(lua_State *L)
{
    return start(L, "one", &ONE);
}

static int lua_value(lua_State *L)
{
    return start(L, "value", &VALUE);
}

static int lua_exec(lua_State *L)
{
    return start(L, "exec", &AFFECTED);
}

#define SQL_PARAM                                                                                  \
    {                                                                                              \
        "sql", "string", "one statement with $1, $2, … for the parameters"                       \
    }
#define REST_PARAM                                                                                 \
    {                                                                                              \
        "...", "string|number|boolean|nil", "the parameters; nil and json.null are NULL"           \
    }

const BindFunction BIND_DB_FUNCTIONS[] = {
    {.name = "query",
     .form = FORM_METHOD,
     .function = lua_query,
     .params = (const BindParam[]){SQL_PARAM, REST_PARAM, {0}},
     .returns = "table<string, any>[] rows",
     .doc = "Runs a statement and gives its rows as tables by column name. Whole numbers "
            "(smallint, integer, "
            "bigint) are integers, real and double are numbers, boolean is a boolean; numeric, "
            "json and every "
            "other type are texts as PostgreSQL writes them; NULL is absent. At most 100,000 rows.",
     .example = "for _, user in ipairs(db:query(\"SELECT id FROM users WHERE plan = $1\", "
                "\"pro\")) do … end",
     .waits = true},
    {.name = "one",
     .form = FORM_METHOD,
     .function = lua_one,
     .params = (const BindParam[]){SQL_PARAM, REST_PARAM, {0}},
     .returns = "table<string, any>? row nil when there is none",
     .doc = "Like query for at most one row; more are an error.",
     .example = "local owner = db:one(\"SELECT id, name FROM users WHERE email = $1\", email)",
     .waits = true},
    {.name = "value",
     .form = FORM_METHOD,
     .function = lua_value,
     .params = (const BindParam[]){SQL_PARAM, REST_PARAM, {0}},
     .returns = "any value nil when there is no row or the value is NULL",
     .doc = "Like one for a query of one column: its value.",
     .example = "local left = db:value(\"SELECT count(*) FROM files WHERE owner_id IS NULL\")",
     .waits = true},
    {.name = "exec",
     .form = FORM_METHOD,
     .function = lua_exec,
     .params = (const BindParam[]){{"sql", "string",
                                    "one statement, or several when there are no parameters"},
                                   REST_PARAM,
                                   {0}},
     .returns = "integer rows how many rows the (last) statement changed",
     .doc = "Runs a statement for its effect. Transaction control, SET ROLE and session settings "
            "of the "
            "runtime are refused.",
     .example =
         "local changed = db:exec(\"UPDATE files SET owner_id = $1 WHERE owner_id IS NULL\", 1)",
     .waits = true},
    {0},
};
