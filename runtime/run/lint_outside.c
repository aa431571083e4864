/* What plans do outside the database: programs and requests. */
#include "run/lint_walk.h"

#include <ctype.h>
#include <string.h>

/* Variables that every program has (run/act_exec.c). */
static const char *const GIVEN[] = {"PATH", "HOME",  "USER",   "LANG",   "TZ",      "TMPDIR", "PWD",
                                    "IFS",  "SHELL", "OLDPWD", "RANDOM", "SECONDS", "LINENO"};
static const char *const SHELLS[] = {"sh", "bash", "dash", "ksh", "zsh"};
static const char *const RESTORES[] = {"pg_restore", "pg_rewind", "pgbackrest", "barman", "wal-g"};

static bool listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static const char *item(const json_t *argv, size_t i)
{
    const char *text = json_string_value(json_array_get(argv, i));
    return text == NULL ? "" : text;
}

/* sh -c "script": the script, else NULL. */
static const char *script_of(const json_t *argv)
{
    bool shell = listed(SHELLS, COUNT_OF(SHELLS), base_name(item(argv, 0)));
    for (size_t i = 1; shell && i + 1 < json_array_size(argv); i++) {
        const char *option = item(argv, i);
        if (option[0] == '-' && option[strlen(option) - 1] == 'c')
            return item(argv, i + 1);
    }
    return NULL;
}

/* ------------------------------------------------------------------ variables */

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool starts_name(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

/* NAME=, read NAME, for NAME: the script sets it somewhere. */
static bool sets(const char *script, const char *name)
{
    size_t bytes = strlen(name);
    for (const char *at = script; (at = strstr(at, name)) != NULL; at += bytes) {
        bool word = at == script || (!in_name(at[-1]) && at[-1] != '$' && at[-1] != '{');
        const char *before = at;
        while (before > script && before[-1] == ' ')
            before--;
        bool read = before - script >= 4 && strncmp(before - 4, "read", 4) == 0;
        bool loop = before - script >= 3 && strncmp(before - 3, "for", 3) == 0;
        if (word && !in_name(at[bytes]) && (at[bytes] == '=' || read || loop))
            return true;
    }
    return false;
}

static bool has_fallback(const char *after)
{
    return *after == ':' || *after == '-' || *after == '=' || *after == '?' || *after == '+';
}

static void say_variable(RunLintWalk *walk, const char *key, const char *name, bool shell)
{
    run_lint_say(walk, key, run_lint_rule(RUN_LINT_EXEC_VARIABLE), 0,
                 arena_printf(walk->arena, "$%s is %s", name,
                              shell ? "not in env" : "given to a program without a shell"));
}

/* Each name once. A text in single quotes is left as it is, by every shell. */
static void find_variables(RunLintWalk *walk, const char *key, const char *text, bool shell)
{
    const json_t *env = json_object_get(walk->node->keys, "env");
    AUTO(json_auto) json_t *seen = json_object();
    bool quoted = false;
    bool doubled = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
            continue;
        }
        doubled = doubled != (shell && *at == '"' && !quoted);
        quoted = quoted != (shell && *at == '\'' && !doubled);
        const char *start = at + 1 + (at[0] == '$' && at[1] == '{');
        if (*at != '$' || quoted || !starts_name(*start))
            continue;
        const char *end = start;
        while (in_name(*end))
            end++;
        const char *name = arena_strndup(walk->arena, start, (size_t)(end - start));
        bool known = json_object_get(env, name) != NULL || text_starts(name, "HEADGATE_") ||
                     listed(GIVEN, COUNT_OF(GIVEN), name) || (shell && sets(text, name)) ||
                     (start[-1] == '{' && has_fallback(end));
        if (!known && json_object_get(seen, name) == NULL)
            say_variable(walk, key, name, shell);
        json_object_set_new(seen, name, json_true());
    }
}

/* ------------------------------------------------------------------ restoring */

static bool restores(const json_t *argv)
{
    const char *script = script_of(argv);
    for (size_t i = 0; i < COUNT_OF(RESTORES); i++) {
        const char *at = script == NULL ? NULL : strstr(script, RESTORES[i]);
        if (strcmp(base_name(item(argv, 0)), RESTORES[i]) == 0 || at != NULL)
            return true;
    }
    return false;
}

static void lint_program(RunLintWalk *walk, const char *key, const json_t *argv, bool back)
{
    const char *script = script_of(argv);
    if (back && restores(argv))
        run_lint_say(
            walk, key, run_lint_rule(RUN_LINT_RESTORE), 0,
            arena_printf(walk->arena, "the undo of \"%s\" restores a backup", walk->node->name));
    for (size_t i = 1; i < json_array_size(argv); i++) {
        const char *text = item(argv, i);
        find_variables(walk, key, text, text == script);
    }
}

/* ------------------------------------------------------------------ pages over HTTP */

/* {"offset": 0, "batchSize": 100}, or ?offset=0 in the address. */
static void lint_request(RunLintWalk *walk)
{
    Error err = {0};
    const char *body = json_get_string(walk->node->keys, "body", "");
    const char *url = json_get_string(walk->node->keys, "url", "");
    AUTO(json_auto) json_t *sent = body[0] == '{' ? json_parse(body, strlen(body), &err) : NULL;
    bool address = strstr(url, "?offset=") != NULL || strstr(url, "&offset=") != NULL;
    if (address || json_is_number(json_object_get(sent, "offset")))
        run_lint_say(walk, address ? "url" : "body", sql_lint_rule(SQL_LINT_OFFSET), 0,
                     "a request for the rows behind an offset");
}

void run_lint_outside(RunLintWalk *walk)
{
    const json_t *keys = walk->node->keys;
    const json_t *undo = json_object_get(keys, "undo");
    if (json_object_get(keys, "argv") != NULL)
        lint_program(walk, "argv", json_object_get(keys, "argv"), false);
    if (json_is_array(json_object_get(undo, "exec")))
        lint_program(walk, "undo", json_object_get(undo, "exec"), true);
    if (walk->node->kind == PLAN_HTTP)
        lint_request(walk);
}
