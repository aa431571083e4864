/* From Lua to the graph: positions, values, functions, and the mistakes that are found while
 * loading. */
#include "bind/source.h"
#include "bind/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILES_MAX = 8 };

/* A bundle of paths and texts (path, text, path, text, …, NULL), sorted by path. */
static Bundle bundle_of(const char *const *pairs)
{
    Bundle bundle = {.arena = arena_new()};
    bundle.files = arena_alloc(bundle.arena, FILES_MAX * sizeof(BundleFile));
    for (; pairs[0] != NULL; pairs += 2)
        bundle.files[bundle.files_count++] = (BundleFile){pairs[0], pairs[1], strlen(pairs[1])};
    return bundle;
}

static bool load(const char *const *pairs, BindPlan **ret_plan, json_t **ret_graph, Error *err)
{
    Bundle bundle = bundle_of(pairs);
    BindPlan *plan = NULL;
    bool ok = bind_plan_load_with(&bundle, (BindLimits){.load_ms = 300, .max_bytes = 8 << 20}, NULL,
                                  &plan, err);
    if (ok && ret_graph != NULL)
        *ret_graph = json_deep_copy(bind_plan_graph(plan));
    if (ok && ret_plan != NULL)
        *ret_plan = plan;
    else if (ok)
        bind_plan_free(plan);
    arena_free(bundle.arena);
    return ok;
}

static const char SMALL[] =
    "local normalize = require \"lib.normalize\"\n"
    "plan \"p\" {\n"
    "  doc = \"d\",\n"
    "  phase \"expand\" {\n"
    "    step \"a\" { up = file \"sql/a.sql\", down = [[\n"
    "      DROP a]] },\n"
    "    task \"t\" { run = function(db) local a, b = 1, 2 end,\n"
    "      no_effect = \"x\" },\n"
    "    backfill \"e.c\" { map = normalize, keep = { \"x\" } },\n"
    "  },\n"
    "  gate \"g\" { approvers = \"admin\" }, manual \"m\",\n"
    "  rollout \"r\" {\n"
    "    flag = sql_flag { table = \"f\", name = \"n\", percent = \"p\" },\n"
    "    guards = { thresholds \"production\", \"error_rate < 1%\" },\n"
    "    stage { percent = 10, watch = \"1h\" }, stage { percent = 50, watch = \"1h\",\n"
    "      gate = { approvers = \"product\" } },\n"
    "  },\n"
    "  checklist \"after\" { \"one\", \"two\", role = \"admin\" },\n"
    "}\n";

static json_t *at(json_t *graph, const char *path)
{
    char copy[200];
    snprintf(copy, sizeof(copy), "%s", path);
    json_t *value = graph;
    char *rest = NULL;
    for (char *part = strtok_r(copy, "/", &rest); part != NULL; part = strtok_r(NULL, "/", &rest)) {
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(part))
                                     : json_object_get(value, part);
    }
    return value;
}

static void check_at(json_t *graph, const char *path, const char *expected)
{
    json_t *value = at(graph, path);
    char *text = value == NULL ? strdup("(nothing)") : json_canonical(value);
    if (strcmp(text, expected) != 0)
        fail_msg("%s\n  is  %s\n  not %s", path, text, expected);
    free(text);
}

static void test_graph(void **state)
{
    UNUSED(state);
    static const char *const FILES[] = {"lib/normalize.lua",
                                        "return function(row) return row end\n",
                                        "plan.lua",
                                        SMALL,
                                        "sql/a.sql",
                                        "SELECT 1;\n",
                                        NULL};
    Error err = {.kind = ERROR_NONE};
    AUTO(json_auto) json_t *graph = NULL;
    if (!load(FILES, NULL, &graph, &err))
        fail_msg("%s", err.message);
    check_at(graph, "kind", "\"plan\"");
    check_at(graph, "name", "\"p\"");
    check_at(graph, "line", "2");
    check_at(graph, "column", "1");
    check_at(graph, "keys", "{\"doc\":\"d\"}");
    check_at(graph, "key_positions/doc", "[3,3]");
    check_at(graph, "children/0/children/0/keys/up",
             "{\"$\":\"sql\",\"file\":\"sql/a.sql\",\"line\":1,\"text\":\"SELECT 1;\\n\"}");
    check_at(graph, "children/0/children/0/keys/down",
             "{\"$\":\"sql\",\"file\":\"plan.lua\",\"line\":6,\"text\":\"      DROP a\"}");
    check_at(graph, "children/0/children/0/key_positions", "{\"down\":[5,39],\"up\":[5,16]}");
    check_at(graph, "children/0/children/0/column", "5");
    check_at(graph, "children/0/children/1/keys/run",
             "{\"$\":\"function\",\"file\":\"plan.lua\",\"line\":7}");
    check_at(graph, "children/0/children/1/key_positions", "{\"no_effect\":[8,7],\"run\":[7,16]}");
    check_at(graph, "children/0/children/2/keys/map",
             "{\"$\":\"function\",\"file\":\"lib/normalize.lua\",\"line\":1}");
    check_at(graph, "children/0/children/2/keys/keep", "[\"x\"]");
    check_at(graph, "children/2/kind", "\"manual\"");
    check_at(graph, "children/2/column", "37");
    check_at(graph, "children/3/keys/flag",
             "{\"$\":\"sql_flag\",\"name\":\"n\",\"percent\":\"p\",\"table\":\"f\"}");
    check_at(graph, "children/3/keys/guards",
             "[{\"$\":\"thresholds\",\"name\":\"production\"},\"error_rate < 1%\"]");
    check_at(graph, "children/3/children/0/column", "5");
    check_at(graph, "children/3/children/1/column", "43");
    check_at(graph, "children/3/children/1/key_positions/gate.approvers", "[16,16]");
    check_at(graph, "children/4/keys", "{\"items\":[\"one\",\"two\"],\"role\":\"admin\"}");
}

typedef struct Case {
    const char *plan;
    ErrorKind kind;
    const char *message;
} Case;

#define PHASE(inside) "plan \"p\" { doc = \"d\",\n phase \"f\" {\n" inside "\n}}"

static const Case MISTAKES[] = {
    {"", ERROR_INPUT, "plan.lua: there is no plan: write plan \"name\" { … }"},
    {"plan \"a\" {}\nplan \"b\" {}", ERROR_INPUT,
     "plan.lua:2:1: a second plan \"b\"; the first one is in line 1"},
    {"\nrolout \"x\" {}", ERROR_INPUT,
     "plan.lua:2: unknown name \"rolout\" (did you mean rollout?)"},
    {"x = 1", ERROR_INPUT, "plan.lua:1: plans may not set globals; write `local x`"},
    {"plan = 1", ERROR_INPUT, "plan.lua:1: plans may not set globals; write `local plan`"},
    {"plan \"p\" {", ERROR_INPUT, "plan.lua:1: unexpected symbol near <eof>"},
    {"error(\"oops\")", ERROR_SCRIPT, "plan.lua:1: oops"},
    {"\nlocal t = nil; t.x = 1", ERROR_SCRIPT, "plan.lua:2: attempt to index a nil value"},
    {"\n\nwhile true do end", ERROR_SCRIPT, "plan.lua:3: ran longer than 300 ms"},
    {"local s = \"x\" while true do s = s .. s end", ERROR_SCRIPT, "out of memory"},
    {"plan {}", ERROR_INPUT, "plan.lua:1: plan is written plan \"name\" { … }"},
    {PHASE("step(\"x\", {})"), ERROR_INPUT, "plan.lua:3: step is written step \"name\" { … }"},
    {PHASE("step \"x\""), ERROR_INPUT,
     "plan.lua:3:1: step \"x\" needs its table: step \"x\" { … }"},
    {PHASE("step \"x\" {} {}"), ERROR_INPUT,
     "plan.lua:3: step \"x\" has two tables; is a comma missing?"},
    {PHASE("stage \"x\" {}"), ERROR_INPUT, "plan.lua:3: stage is written stage { … }"},
    {PHASE("\"text\""), ERROR_INPUT, "plan.lua:2:2: phase \"f\": entry 1 is a string where only"},
    {PHASE("step \"x\" {}, false"), ERROR_INPUT, "phase \"f\": entry 2 is a boolean"},
    {PHASE("step \"x\" {}, nil, step \"y\" {}"), ERROR_INPUT,
     "plan.lua:2:2: phase \"f\": entry 2 is nil; entries must follow each other"},
    {PHASE("file \"plan.lua\""), ERROR_INPUT, "entry 1 is a value that belongs to a key"},
    {PHASE("step \"x\" { up = step \"y\" {} }"), ERROR_INPUT,
     "plan.lua:3:12: step \"x\": the value of \"up\" is a step, which has a place of its own"},
    {PHASE("step \"x\" { up = 1/0 }"), ERROR_INPUT,
     "plan.lua:3:12: step \"x\": the value of \"up\" is a number that is not finite"},
    {PHASE("step \"x\" {\n down = \"\",\n up = { { print = tostring } } }"), ERROR_INPUT,
     "plan.lua:5:2: step \"x\": the value of \"up\" is a function, which is not data, at "
     "[1].print"},
    {PHASE("step \"x\" { up = file \"sql/b.sql\" }"), ERROR_INPUT,
     "plan.lua:3: the plan has no file \"sql/b.sql\" (did you mean sql/a.sql?)"},
    {PHASE("step \"x\" { up = file \"../../etc/passwd\" }"), ERROR_INPUT,
     "the plan has no file \"../../etc/passwd\""},
    {"require \"../x\"", ERROR_INPUT, "plan.lua:1: require \"../x\": a module is a dotted name"},
    {"require \"lib.normalise\"", ERROR_INPUT,
     "there is no module \"lib.normalise\": the plan has no file lib/normalise.lua (did you "
     "mean "
     "lib/normalize.lua?)"},
    {"require \"headgate.nothing\"", ERROR_INPUT, "Headgate has no module \"headgate.nothing\""},
    {"require \"loop\"", ERROR_INPUT, "loop.lua:1: module \"loop\" requires itself"},
    {"step \"x\" {}\nplan \"p\" {}", ERROR_INPUT,
     "plan.lua:1:1: step \"x\" stands nowhere in the plan"},
    {"local t = {} t[1] = phase \"x\" (t) plan \"p\" { t[1] }", ERROR_INPUT,
     "nested too deeply (or in itself)"},
    {"sleep \"1s\"", ERROR_INPUT, "plan.lua:1: sleep cannot be used while the plan is loaded"},
    {"log \"x\"", ERROR_INPUT, "plan.lua:1: log cannot be used while the plan is loaded"},
    {"local s = step \"x\"\ns.up = \"\"", ERROR_INPUT,
     "plan.lua:2: step \"x\" is described by its table"},
    {"ambiguous(1)", ERROR_INPUT, "plan.lua:1: ambiguous is written ambiguous(\"why\", { … })"},
    {"ambiguous(\"w\", { choises = 1 })", ERROR_INPUT,
     "plan.lua:1: ambiguous has no field \"choises\""},
    {"skip {}", ERROR_INPUT, "plan.lua:1: skip is written skip \"…\""},
};

static void test_mistakes(void **state)
{
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++) {
        const char *const files[] = {"lib/normalize.lua", "return 1", "loop.lua",
                                     "require \"loop\"",  "plan.lua", MISTAKES[i].plan,
                                     "sql/a.sql",         "SELECT 1", NULL};
        Error err = {.kind = ERROR_NONE};
        bool ok = load(files, NULL, NULL, &err);
        if (ok || err.kind != MISTAKES[i].kind || strstr(err.message, MISTAKES[i].message) == NULL)
            fail_msg("%s\n  gave: %s %s\n  not:  %s", MISTAKES[i].plan,
                     ok ? "no error" : error_kind_name(err.kind), err.message, MISTAKES[i].message);
    }
}

static void test_same_graph_each_time(void **state)
{
    UNUSED(state);
    static const char PLAN[] =
        "local steps = { doc = 'x' }\n"
        "for name in pairs { zeta = 1, alpha = 2, [3] = 1, beta = 3, gamma = 4, delta = 5 } do\n"
        "  steps[#steps + 1] = step('step ' .. name) { up = 'SELECT 1', one_way = name }\n"
        "end\n"
        "plan 'p' { doc = 'd', phase 'f' (steps) }\n";
    const char *const files[] = {"plan.lua", PLAN, NULL};
    char *first = NULL;
    for (int i = 0; i < 20; i++) {
        Error err = {.kind = ERROR_NONE};
        AUTO(json_auto) json_t *graph = NULL;
        if (!load(files, NULL, &graph, &err))
            fail_msg("%s", err.message);
        char *text = json_canonical(graph);
        if (first == NULL)
            first = strdup(text);
        assert_string_equal(text, first);
        free(text);
    }
    free(first);
}

static void test_source_positions(void **state)
{
    UNUSED(state);
    static const char TEXT[] =
        "-- step \"a\" { x = 1 }\n"
        "--[==[ step \"a\" ]] ]==] local s = 'step \"a\" {' step \"a\" {\n"
        "  [\"up\"] = [[ x = 1, ]], é = 1,\n"
        "  f = function(a, b) if a == b then c = 1 end; d = { e = 1 } end; g = 2,\n"
        "  t = { u = { v = { w = 1 } } },\n"
        "}";
    AUTO(arena_auto) Arena *arena = arena_new();
    const BindSource *source = bind_source_new(arena, TEXT, strlen(TEXT));
    SourceWord word;
    assert_true(bind_source_word(source, "step", "a", 2, 1, &word));
    assert_int_equal(word.column, 48);
    SourceKey *keys = NULL;
    size_t count = bind_source_keys(source, word.body, arena, &keys);
    char text[400] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %d:%d ", keys[i].name,
                 keys[i].line, keys[i].column);
    assert_string_equal(text, "up 3:4 f 4:3 g 4:67 t 5:3 t.u 5:9 t.u.v 5:15 ");
}

static void test_broken_source(void **state)
{
    UNUSED(state);
    static const char *const TEXTS[] = {
        "step \"a\" {", "step \"a\" { x = ", "step \"a\" { [\"x\"", "[[", "--[[", "'\\",
        "step",         "step \"a",          "step(\"a\"",          ""};
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        AUTO(arena_auto) Arena *arena = arena_new();
        const BindSource *source = bind_source_new(arena, TEXTS[i], strlen(TEXTS[i]));
        SourceWord word = {0};
        SourceKey *keys = NULL;
        if (bind_source_word(source, "step", "a", 1, 1, &word))
            bind_source_keys(source, word.body, arena, &keys);
    }
}

/* Where the word stands does not matter, in what file it does. */
static void test_reads_answers(void **state)
{
    UNUSED(state);
    static const struct {
        const char *pairs[5];
        bool reads;
    } CASES[] = {
        {{"lib/size.lua", "return function() return answer(\"g\", \"f\") end", "plan.lua", "",
          NULL},
         true},
        {{"plan.lua", "plan \"p\" {} -- no one is asked", "sql/a.sql", "SELECT answer()", NULL},
         false},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        Bundle bundle = bundle_of(CASES[i].pairs);
        assert_int_equal(bind_plan_reads_answers(&bundle), CASES[i].reads);
        arena_free(bundle.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_answers),    cmocka_unit_test(test_graph),
        cmocka_unit_test(test_mistakes),         cmocka_unit_test(test_same_graph_each_time),
        cmocka_unit_test(test_source_positions), cmocka_unit_test(test_broken_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
