/* Runs one spec in the sandboxed runtime: host FOLDER SPEC. Beside what plans have, specs get
 * `evaluate { ["plan.lua"] = "…" }`, which loads another plan, and `spec_name`. */
#include "base/bounds.h"
#include "bind/state.h"
#include "loop/fiber.h"
#include "script/sandbox.h"
#include "script/value.h"

#include <dirent.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 100, EVALUATE_MS = 200, PATIENT_MS = 60000, EVALUATE_BYTES = 2 * 1024 * 1024 };

static struct {
    Loop *loop;
    const char *folder;
    const char *spec;
    int exit_code;
} host = {.exit_code = 1};

static int compare_files(const void *left, const void *right)
{
    const BundleFile *a = left;
    const BundleFile *b = right;
    return strcmp(a->path, b->path);
}

static Bundle empty_bundle(void)
{
    Bundle bundle = {.arena = arena_new()};
    bundle.files = arena_alloc(bundle.arena, FILES_MAX * sizeof(BundleFile));
    return bundle;
}

static void add_file(Bundle *bundle, const char *path, const char *bytes, size_t size)
{
    invariant(bundle->files_count < FILES_MAX);
    bundle->files[bundle->files_count++] = (BundleFile){
        arena_strdup(bundle->arena, path), arena_memdup(bundle->arena, bytes, size), size};
}

static void sort_files(Bundle *bundle)
{
    qsort(bundle->files, bundle->files_count, sizeof(BundleFile), compare_files);
}

/* ---- evaluate ---- */

/* Loads and checks a plan; "" or what is wrong. */
static void evaluate(const Bundle *bundle, json_t **ret_graph, Error *err)
{
    BindPlan *loaded = NULL;
    int load_ms = strcmp(host.spec, "hostile_spec") == 0 ? EVALUATE_MS : PATIENT_MS;
    BindLimits limits = {.load_ms = load_ms, .max_bytes = EVALUATE_BYTES};
    if (!bind_plan_load_with(bundle, limits, NULL, &loaded, err))
        return;
    Plan *checked = NULL;
    if (plan_from_graph(bind_plan_graph(loaded), &checked, err))
        *ret_graph = json_incref(bind_plan_graph(loaded));
    plan_free(checked);
    bind_plan_free(loaded);
}

/* evaluate(files) → { graph = … } or { kind = "input", message = "plan.lua:1: …" } */
static int lua_evaluate(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    Bundle bundle = empty_bundle();
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
        size_t size = 0;
        const char *text = lua_tolstring(L, -1, &size);
        add_file(&bundle, lua_tostring(L, -2), text, size);
    }
    sort_files(&bundle);
    Error err = {.kind = ERROR_NONE};
    json_t *graph = NULL;
    evaluate(&bundle, &graph, &err);
    arena_free(bundle.arena);
    lua_newtable(L);
    if (graph != NULL) {
        script_value_push(L, graph);
        lua_setfield(L, -2, "graph");
        json_decref(graph);
        return 1;
    }
    lua_pushstring(L, error_kind_name(err.kind));
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, err.message);
    lua_setfield(L, -2, "message");
    return 1;
}

static int extend(lua_State *L)
{
    lua_pushcfunction(L, lua_evaluate);
    script_define(L, "evaluate");
    lua_pushstring(L, host.spec);
    script_define(L, "spec_name");
    return 0;
}

/* ---- running ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static bool read_file(Bundle *bundle, const char *name)
{
    char *path = arena_printf(bundle->arena, "%s/%s", host.folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    char *bytes = arena_alloc(bundle->arena, BOUND_BUNDLE_BYTES / 16);
    size_t size = fread(bytes, 1, BOUND_BUNDLE_BYTES / 16, file);
    fclose(file);
    add_file(bundle, name, bytes, size);
    return true;
}

static bool read_folder(Bundle *bundle)
{
    DIR *folder = opendir(host.folder);
    if (folder == NULL)
        return false;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (ends_with(entry->d_name, ".lua") && !read_file(bundle, entry->d_name))
            break;
    }
    closedir(folder);
    sort_files(bundle);
    return true;
}

static void print_line(void *ctx, const char *line)
{
    UNUSED(ctx);
    puts(line);
}

static void run(void *arg)
{
    UNUSED(arg);
    Bundle bundle = empty_bundle();
    BindPlan *plan = NULL;
    Error err = {.kind = ERROR_NONE};
    BindTask task = {.log = print_line};
    if (!read_folder(&bundle))
        fprintf(stderr, "cannot read %s\n", host.folder);
    else if (!bind_plan_load_with(&bundle, (BindLimits){0}, extend, &plan, &err) ||
             !bind_plan_call(plan, "specs/run", "run", &task, NULL, &err))
        fprintf(stderr, "%s\n", err.message);
    else
        host.exit_code = 0;
    bind_plan_free(plan);
    arena_free(bundle.arena);
    loop_stop(host.loop);
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: host FOLDER SPEC\n");
        return 2;
    }
    host.folder = arguments[1];
    host.spec = arguments[2];
    host.loop = loop_new();
    fiber_start(host.loop, "specs", run, NULL);
    loop_run(host.loop);
    loop_free(host.loop);
    return host.exit_code;
}
