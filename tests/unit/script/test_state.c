/* The sandbox: what scripts may not do, and that each of them ends with an ordinary error. */
#include "base/clock.h"
#include "loop/fiber.h"
#include "script/error.h"
#include "script/sandbox.h"
#include "script/task.h"
#include "script/value.h"

#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SLICE_MS = 100, PATIENT_MS = 60000, SMALL_BYTES = 4 * 1024 * 1024 };

typedef struct Script {
    const char *text;
    char result[256]; /* tostring of the first result */
    int slice_ms;
} Script;

static int push_script(lua_State *L, void *ctx)
{
    Script *script = ctx;
    script_load(L, "plan.lua", script->text, strlen(script->text));
    return 0;
}

static void take_text(lua_State *L, int first, int count, void *ctx)
{
    Script *script = ctx;
    if (count > 0)
        snprintf(script->result, sizeof(script->result), "%s", script_tolstring(L, first, NULL));
}

static bool run_in(ScriptState *state, Script *script, Error *err)
{
    ScriptTask *task = NULL;
    if (!script_task_new(state, NULL, &task, err))
        return false;
    ScriptCall call = {
        .push = push_script, .take = take_text, .ctx = script, .slice_ms = script->slice_ms};
    bool ok = script_task_run(task, &call, err);
    if (!ok) { /* the same task works again */
        Script again = {.text = "return 1"};
        Error none;
        call.ctx = &again;
        call.slice_ms = PATIENT_MS;
        assert_true(script_task_run(task, &call, &none));
        assert_string_equal(again.result, "1");
    }
    script_task_free(task);
    return ok;
}

static bool run_for(int slice_ms, const char *text, char *result, size_t size, Error *err)
{
    ScriptState *state = NULL;
    assert_true(script_state_new(SMALL_BYTES, &state, err));
    Script script = {.text = text, .slice_ms = slice_ms};
    bool ok = run_in(state, &script, err);
    snprintf(result, size, "%s", script.result);
    script_state_free(state);
    return ok;
}

static bool run(const char *text, char *result, size_t size, Error *err)
{
    return run_for(PATIENT_MS, text, result, size, err);
}

typedef struct Case {
    const char *script;
    ErrorKind kind;
    const char *message; /* part of it */
} Case;

static void check_cases(int slice_ms, const Case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        Error err = {.kind = ERROR_NONE};
        char result[256];
        bool ok = run_for(slice_ms, cases[i].script, result, sizeof(result), &err);
        if (ok || strstr(err.message, cases[i].message) == NULL || err.kind != cases[i].kind)
            fail_msg("%s\n  gave: %s %s\n  not: %s", cases[i].script,
                     ok ? result : error_kind_name(err.kind), err.message, cases[i].message);
    }
}

static void test_withheld(void **state)
{
    UNUSED(state);
    static const Case CASES[] = {
        {"io.open('x')", ERROR_INPUT, "plan.lua:1: \"io\" is not available to plans: use file"},
        {"\nos.exit()", ERROR_INPUT, "plan.lua:2: \"os\" is not available"},
        {"debug.getinfo(1)", ERROR_INPUT, "\"debug\""},
        {"load('return 1')", ERROR_INPUT, "\"load\""},
        {"coroutine.wrap(f)", ERROR_INPUT, "\"coroutine\""},
        {"collectgarbage()", ERROR_INPUT, "\"collectgarbage\""},
        {"xpcall(f, g)", ERROR_INPUT, "\"xpcall\""},
        {"_G.x = 1", ERROR_INPUT, "\"_G\""},
        {"string.dump(function() end)", ERROR_SCRIPT, "attempt to call a nil value (field 'dump')"},
        {"return (''):dump()", ERROR_SCRIPT, "method 'dump'"},
        {"math.random()", ERROR_SCRIPT, "field 'random'"},
        {"tostrin(1)", ERROR_INPUT,
         "plan.lua:1: unknown name \"tostrin\" (did you mean tostring?)"},
        {"return qqqqqq", ERROR_INPUT, "unknown name \"qqqqqq\""},
        {"foo = 1", ERROR_INPUT, "plan.lua:1: plans may not set globals; write `local foo`"},
        {"string = nil", ERROR_INPUT, "write `local string`"},
        {"_ENV.x = 1", ERROR_INPUT, "write `local x`"},
        {"rawset(_ENV, 'x', 1)", ERROR_INPUT, "may not set globals"},
        {"setmetatable(_ENV, nil)", ERROR_SCRIPT, "protected metatable"},
        {"setmetatable({}, {__gc = function() end})", ERROR_SCRIPT, "finalizers (__gc)"},
        {"getmetatable('').__index = 1", ERROR_SCRIPT, "attempt to index a boolean"},
        {"return ('%p'):format({})", ERROR_SCRIPT, "addresses (%p)"},
        {"return ('%5.3p'):format({})", ERROR_SCRIPT, "addresses (%p)"},
        {"x = = 1", ERROR_INPUT, "plan.lua:1: unexpected symbol near '='"},
        {"\x1bLua", ERROR_INPUT, "plan.lua: this is compiled Lua; only text is accepted"},
        {"local t = {} t.x.y = 1", ERROR_SCRIPT,
         "plan.lua:1: attempt to index a nil value (field 'x')"},
        {"error({})", ERROR_SCRIPT, "table"},
        {"error(setmetatable({}, {__tostring = function() error('x') end}))", ERROR_SCRIPT,
         "no text"},
    };
    check_cases(SLICE_MS, CASES, COUNT_OF(CASES));
}

static void test_runaways(void **state)
{
    UNUSED(state);
    static const Case CASES[] = {
        {"\nwhile true do end", ERROR_SCRIPT, "plan.lua:2: ran longer than 100 ms"},
        {"while true do pcall(function() while true do end end) end", ERROR_SCRIPT, "ran longer"},
        {"local function f() pcall(f) f() end f()", ERROR_SCRIPT, ""},
        {"local function f() return f() end f()", ERROR_SCRIPT, "ran longer"},
        {"local function f(s) return s:gsub('.', f) end f('x')", ERROR_SCRIPT, "C stack overflow"},
        {"local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end "
         "return t.x",
         ERROR_SCRIPT, "C stack overflow"},
        {"while true do pcall(string.rep, 'x', 1e9) end", ERROR_SCRIPT, "ran longer"},
        {"return table.unpack({}, 1, 1e7)", ERROR_SCRIPT, "too many results"},
        {"local c <close> = setmetatable({}, {__close = function() while true do end end}) "
         "error('x')",
         ERROR_SCRIPT, ""},
        {"local c <close> = setmetatable({}, {__close = function() while true do end end}) "
         "while true do end",
         ERROR_SCRIPT, "ran longer"},
        {"error(setmetatable({}, {__tostring = function() while true do end end}))", ERROR_SCRIPT,
         ""},
        {"table.sort({3, 2, 1}, function() while true do end end)", ERROR_SCRIPT, "ran longer"},
        {"('x'):rep(1e4):gsub('x', function() while true do end end)", ERROR_SCRIPT, "ran longer"},
    };
    check_cases(SLICE_MS, CASES, COUNT_OF(CASES));
}

/* The deadline is that of one call: many short ones go on for longer, and one that is allowed more
 * is not stopped by the hook of one that was. */
static void test_deadlines_move(void **state)
{
    UNUSED(state);
    enum { CALL_MS = 1000, ALL_MS = 1500 };
    Error err = {.kind = ERROR_NONE};
    ScriptState *lua = NULL;
    assert_true(script_state_new(SMALL_BYTES, &lua, &err));
    int64_t until_us = clock_monotonic_us() + (int64_t)ALL_MS * 1000;
    while (clock_monotonic_us() < until_us) {
        Script script = {.text = "return 1", .slice_ms = CALL_MS};
        assert_true(run_in(lua, &script, &err));
    }
    Script runaway = {.text = "while true do end", .slice_ms = SLICE_MS};
    assert_false(run_in(lua, &runaway, &err));
    Script longer = {.text = "local n = 0 for i = 1, 1e6 do n = n + 1 end return n",
                     .slice_ms = PATIENT_MS};
    assert_true(run_in(lua, &longer, &err));
    assert_string_equal(longer.result, "1000000");
    script_state_free(lua);
}

/* How soon is a matter of the machine. */
static void test_memory(void **state)
{
    UNUSED(state);
    static const Case CASES[] = {
        {"local function f() return 1 + f() end f()", ERROR_SCRIPT, "plan.lua:1: out of memory"},
        {"return ('x'):rep(1e9)", ERROR_SCRIPT, "out of memory: a script may use 4 MiB"},
        {"local s = 'x' while true do s = s .. s end", ERROR_SCRIPT, "plan.lua:1: out of memory"},
        {"local t = {} for i = 1, 1e9 do t[i] = {} end", ERROR_SCRIPT, "out of memory"},
        {"local t = {} for i = 1, 1e9 do t[i] = i .. ('x'):rep(99999) end", ERROR_SCRIPT,
         "out of memory"},
    };
    check_cases(PATIENT_MS, CASES, COUNT_OF(CASES));
}

typedef struct Value {
    const char *script;
    const char *result;
} Value;

static void test_allowed(void **state)
{
    UNUSED(state);
    static const Value CASES[] = {
        {"return tostring({})", "table"},
        {"return tostring(print == nil or 1)", NULL},
        {"return tostring(pairs)", "function"},
        {"return ('%s %d %5.1f %%'):format({}, 3, 2.5)", "table 3   2.5 %"},
        {"return ('x'):rep(3, ',')", "x,x,x"},
        {"return #(''):rep(1 << 60)", "0"},
        {"local t = {} for k in pairs({b = 1, a = 2, [10] = 1, [2] = 1, c = 3}) do t[#t + 1] = k "
         "end "
         "return table.concat(t, ' ')",
         "2 10 a b c"},
        {"local t, n = {a = 1, b = 2, c = 3}, 0 for k in pairs(t) do t.b = nil n = n + 1 end "
         "return n",
         "2"},
        {"local t = setmetatable({}, {__pairs = function() return next, {x = 1}, nil end}) "
         "for k in pairs(t) do return k end",
         "x"},
        {"return select('#', pcall(error))", "2"},
        {"local ok, e = pcall(error, {a = 1}) return e.a", "1"},
        {"local ok, e = pcall(function() return nosuch end) return tostring(e)",
         "plan.lua:1: unknown name \"nosuch\""},
        {"local ok, e = pcall(function() return nosuch end) return e.kind", "input"},
        {"return getmetatable('')", "false"},
        {"return rawget(setmetatable({}, {__index = {x = 1}}), 'x')", "nil"},
        {"return utf8.len('\u00e9') + math.tointeger(3.0)", "4"},
        {"\xef\xbb\xbfreturn 'bom'", "bom"},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        Error err = {.kind = ERROR_NONE};
        char result[256];
        bool ok = run(CASES[i].script, result, sizeof(result), &err);
        if (CASES[i].result == NULL)
            assert_false(ok);
        else if (!ok || strcmp(result, CASES[i].result) != 0)
            fail_msg("%s\n  gave: %s", CASES[i].script, ok ? result : err.message);
    }
}

static int push_json(lua_State *L)
{
    script_value_open(L);
    script_value_push(L, lua_touserdata(L, 1));
    Error err = {.kind = ERROR_NONE};
    json_t *back = script_value_json(L, -1, &err);
    if (back == NULL)
        return script_raise_error(L, 0, &err);
    bool same = json_equal(back, lua_touserdata(L, 1));
    json_decref(back);
    return same ? 0 : luaL_error(L, "not the same");
}

static void test_json_there_and_back(void **state)
{
    UNUSED(state);
    static const char *const TEXTS[] = {
        "{\"a\":[],\"b\":{},\"c\":[1,2.5,\"x\",true,null]}",
        "[9223372036854775807,-9223372036854775808,820982911946154508]",
        "[[[[]]]]",
    };
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        Error err;
        ScriptState *lua = NULL;
        assert_true(script_state_new(0, &lua, &err));
        AUTO(json_auto) json_t *value = json_parse(TEXTS[i], strlen(TEXTS[i]), &err);
        assert_non_null(value);
        if (!script_state_call(lua, PATIENT_MS, push_json, value, &err))
            fail_msg("%s: %s", TEXTS[i], err.message);
        script_state_free(lua);
    }
}

static int to_json(lua_State *L)
{
    Case *expected = lua_touserdata(L, 1);
    script_value_open(L);
    script_load(L, "x", expected->script, strlen(expected->script));
    lua_call(L, 0, 1);
    Error err;
    json_t *value = script_value_json(L, -1, &err);
    assert_null(value);
    return script_raise_error(L, 0, &err);
}

static void test_not_json(void **state)
{
    UNUSED(state);
    static Case CASES[] = {
        {"return {a = {b = {1, tostring}}}", ERROR_INPUT,
         "a function, which is not data, at .a.b[2]"},
        {"local t = {} t.x = t return t", ERROR_INPUT, "nested too deeply (or in itself)"},
        {"return {1, nil, 3, [9] = 1}", ERROR_INPUT, "with holes"},
        {"return {1, a = 2}", ERROR_INPUT, "both positions and names"},
        {"return {0/0}", ERROR_INPUT, "not finite, at [1]"},
        {"return '\\xff'", ERROR_INPUT, "not UTF-8"},
        {"local t = {1} for i = 1, 60 do t = {t, t} end return t", ERROR_INPUT, "more values"},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        Error err;
        ScriptState *lua = NULL;
        assert_true(script_state_new(0, &lua, &err));
        assert_false(script_state_call(lua, 10000, to_json, &CASES[i], &err));
        if (strstr(err.message, CASES[i].message) == NULL)
            fail_msg("%s: %s", CASES[i].script, err.message);
        script_state_free(lua);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_withheld),       cmocka_unit_test(test_runaways),
        cmocka_unit_test(test_deadlines_move), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_allowed),        cmocka_unit_test(test_json_there_and_back),
        cmocka_unit_test(test_not_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
