/* Programs: a private folder with the plan's files, a small environment, a deadline. */
#include "run/act.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "loop/child.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OUTPUT_MAX_BYTES = 1024 * 1024,
    OUTPUT_KEPT_BYTES = 4000,
    POLL_MS = 500,
    LOOK_US = 30000000
};

const char *run_act_key(const Run *run, const PlanNode *node, const char *effect, Arena *arena)
{
    char hex[HASH_HEX_BYTES];
    const char *text = arena_printf(
        arena, "%s\n%s\n%s\n%s\n%s", json_get_string(run->head, "system_identifier", ""),
        json_get_string(run->head, "database", ""), run->id_text, node->path, effect);
    hash_sha256_hex(text, strlen(text), hex);
    return arena_printf(arena, "headgate-%.40s", hex);
}

/* ------------------------------------------------------------------ folder */

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    UNUSED(info);
    UNUSED(type);
    UNUSED(walk);
    (void)remove(path);
    return 0;
}

static void remove_tree(const char *path)
{
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static bool is_program(const BundleFile *file)
{
    bool script = file->size_bytes > 2 && memcmp(file->bytes, "#!", 2) == 0;
    return script || (file->size_bytes > 4 && memcmp(file->bytes, "\177ELF", 4) == 0);
}

static bool write_file(const char *folder, const BundleFile *file, Error *err)
{
    AUTO(base_free) char *path = base_printf("%s/%s", folder, file->path);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    bool ok = file_make_folder(path, err);
    *slash = '/';
    if (!ok)
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is_program(file) ? 0700 : 0600);
    size_t done = 0;
    while (fd >= 0 && done < file->size_bytes) {
        ssize_t wrote = write(fd, file->bytes + done, file->size_bytes - done);
        if (wrote < 0 && errno != EINTR)
            break;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    bool complete = fd >= 0 && done == file->size_bytes;
    if (fd >= 0 && close(fd) != 0)
        complete = false;
    return complete || error_set(err, ERROR_INTERNAL, "cannot write %s: %s", path, strerror(errno));
}

/* Made afresh each time: what a program left behind, or a runner that died, is no input. At most
 * 16 MiB, so it is written on the spot. */
static bool make_folder(const Run *run, const char *folder, Error *err)
{
    remove_tree(folder);
    if (!file_make_folder(folder, err))
        return false;
    for (size_t i = 0; i < run->bundle->files_count; i++) {
        if (!write_file(folder, &run->bundle->files[i], err))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ arguments and environment */

static bool argv_of(const Run *run, const json_t *list, Arena *arena, const char ***ret_argv,
                    Error *err)
{
    size_t count = json_array_size(list);
    const char *program = json_string_value(json_array_get(list, 0));
    if (strchr(program, '/') != NULL && program[0] != '/' &&
        bundle_find(run->bundle, program) == NULL)
        return error_set(err, ERROR_INPUT, "the plan has no file \"%s\"", program);
    const char **argv = arena_alloc(arena, (count + 4) * sizeof(*argv));
    size_t n = 0;
    argv[n++] = run->options.hooks->worker_argv[0];
    argv[n++] = "execute";
    argv[n++] = arena_printf(arena, "%d", (int)getpid());
    for (size_t i = 0; i < count; i++)
        argv[n++] = json_string_value(json_array_get(list, i));
    argv[n] = NULL;
    *ret_argv = argv;
    return true;
}

/* Small on purpose: what a program needs of ours is named in the plan, and no password of the
 * database gets there by accident. */
static bool env_of(const Run *run, const PlanNode *node, const RunActExec *exec, Arena *arena,
                   const char ***ret_env, Error *err)
{
    static const char *const KEPT[] = {"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"};
    size_t most = COUNT_OF(KEPT) + json_object_size(exec->env) + 8;
    const char **env = arena_alloc(arena, most * sizeof(*env));
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(KEPT); i++) {
        const char *value = getenv(KEPT[i]);
        if (value != NULL && json_object_get(exec->env, KEPT[i]) == NULL)
            env[n++] = arena_printf(arena, "%s=%s", KEPT[i], value);
    }
    env[n++] = arena_printf(arena, "HEADGATE_RUN=%s", run->id_text);
    env[n++] = arena_printf(arena, "HEADGATE_NODE=%s", node->path);
    env[n++] = arena_printf(arena, "HEADGATE_PLAN=%s", run->plan->root->name);
    env[n++] = arena_printf(arena, "HEADGATE_ENVIRONMENT=%s", run->options.environment->name);
    if (exec->key != NULL)
        env[n++] = arena_printf(arena, "HEADGATE_IDEMPOTENCY_KEY=%s", exec->key);
    const char *name = NULL;
    json_t *text = NULL;
    json_object_foreach ((json_t *)(uintptr_t)exec->env, name, text) {
        const char *value = NULL;
        if (!config_expand(run->options.environment, arena, json_string_value(text), &value, err))
            return false;
        env[n++] = arena_printf(arena, "%s=%s", name, value);
    }
    env[n] = NULL;
    *ret_env = env;
    return true;
}

/* ------------------------------------------------------------------ running */

static void note_output(json_t *detail, const char *text)
{
    size_t length = strlen(text);
    const char *from = length > OUTPUT_KEPT_BYTES ? text + length - OUTPUT_KEPT_BYTES : text;
    while (((unsigned char)*from & 0xC0) == 0x80)
        from++; /* not in the middle of a character */
    AUTO(base_free) char *kept = base_strdup(from);
    log_redact(kept);
    json_set_string(detail, "output", kept);
}

/* Nothing interrupts it but its own deadline. */
static bool wait_end(Child *child, int64_t timeout_us, ChildExit *ret_ended, Error *err)
{
    int64_t until = clock_monotonic_us() + timeout_us;
    bool late = false;
    while (!child_wait(child, POLL_MS, ret_ended, err)) {
        if (fiber_cancelled())
            return false;
        if (!late && clock_monotonic_us() >= until) {
            late = true;
            (void)kill(-child_pid(child), SIGKILL);
        }
    }
    char text[32];
    return !late || error_set(err, ERROR_INTERNAL, "it ran longer than %s and was killed",
                              duration_text(timeout_us, text, sizeof(text)));
}

static bool run_child(Run *run, const ChildOptions *options, const RunActExec *exec, int *ret_code,
                      json_t *detail, Error *err)
{
    Child *child = NULL;
    ChildExit ended = {0};
    if (!child_start(run->loop, options, &child, err))
        return false;
    bool ok = wait_end(child, exec->timeout_us, &ended, err);
    const char *errors = child_stderr(child);
    note_output(detail, errors[0] != '\0' ? errors : child_stdout(child));
    if (ok && ended.signum != 0)
        ok = error_set(err, ERROR_INTERNAL, "it was ended by signal %d", ended.signum);
    if (exec->ret_stdout != NULL)
        *exec->ret_stdout = base_strdup(child_stdout(child));
    json_set_int(detail, "exit", ended.code);
    *ret_code = ended.code;
    child_free(child);
    return ok;
}

bool run_act_exec(Run *run, const PlanNode *node, const RunActExec *exec, int *ret_code,
                  json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *folder = arena_printf(arena, "%s/%s-%s", run->options.hooks->work_folder,
                                      exec->folder == NULL ? "run" : exec->folder, run->id_text);
    const char **argv = NULL;
    const char **env = NULL;
    const char *shown = json_string_value(json_array_get(exec->argv, 0));
    bool ok = argv_of(run, exec->argv, arena, &argv, err) &&
              env_of(run, node, exec, arena, &env, err) && make_folder(run, folder, err);
    if (ok) {
        ChildOptions options = {.argv = argv,
                                .env = env,
                                .directory = folder,
                                .output = CHILD_CAPTURE,
                                .capture_max_bytes = OUTPUT_MAX_BYTES,
                                .own_group = true};
        ok = run_child(run, &options, exec, ret_code, detail, err);
    }
    remove_tree(folder);
    return ok || error_wrap(err, "%s", shown);
}

/* ------------------------------------------------------------------ the probe */

static bool probe_exec(Run *run, const PlanNode *node, const json_t *argv, RunFound *ret_found,
                       Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *detail = json_object();
    RunActExec exec = {.argv = argv,
                       .env = json_object_get(node->keys, "env"),
                       .key = run_act_key(run, node, "", arena),
                       .timeout_us = LOOK_US};
    int code = 0;
    if (!run_act_exec(run, node, &exec, &code, detail, err))
        return false;
    if (code > 1)
        return error_set(err, ERROR_INTERNAL, "exit code %d is neither yes (0) nor no (1): %.300s",
                         code, json_get_string(detail, "output", ""));
    *ret_found = code == 0 ? RUN_FOUND_DONE : RUN_FOUND_NOTHING;
    return true;
}

static bool probe_sql(Run *run, const char *sql, RunFound *ret_found, Error *err)
{
    AUTO(db_result_auto) DbResult *answer = NULL;
    bool ok = db_begin(run->effects, err) &&
              db_exec(run->effects, "SET TRANSACTION READ ONLY", NULL, NULL, err) &&
              db_query(run->effects, "SELECT pg_catalog.set_config('search_path', $1, true)",
                       DB_PARAMS(run->search_path), NULL, err) &&
              db_query(run->effects, sql, NULL, &answer, err);
    if (ok && (db_rows(answer) != 1 || db_columns(answer) != 1 || db_is_null(answer, 0, 0)))
        ok = error_set(err, ERROR_INPUT, "it must give one boolean value");
    db_rollback(run->effects);
    if (ok)
        *ret_found = db_bool(answer, 0, 0) ? RUN_FOUND_DONE : RUN_FOUND_NOTHING;
    return ok;
}

static bool probe_http(Run *run, const json_t *ask, RunFound *ret_found, Error *err)
{
    HttpResponse response = {0};
    char why[300];
    RunActHttp http = {.ask = ask, .method = "GET"};
    if (!run_act_http(run, &http, &response, err))
        return false;
    bool right = run_act_http_right(run, ask, false, &response, why, sizeof(why));
    bool broken = response.status >= 500;
    http_response_done(&response);
    *ret_found = right ? RUN_FOUND_DONE : RUN_FOUND_NOTHING;
    return right || !broken || error_set(err, ERROR_INTERNAL, "%s", why);
}

bool run_act_probe(Run *run, const PlanNode *node, RunFound *ret_found, Error *err)
{
    const json_t *done = json_object_get(node->keys, "done");
    const json_t *sql = json_object_get(done, "sql");
    const json_t *exec = json_object_get(done, "exec");
    const json_t *http = json_object_get(done, "http");
    *ret_found = RUN_FOUND_UNKNOWN;
    bool ok = sql != NULL    ? probe_sql(run, json_get_string(sql, "text", ""), ret_found, err)
              : exec != NULL ? probe_exec(run, node, exec, ret_found, err)
              : http != NULL ? probe_http(run, http, ret_found, err)
                             : true;
    return ok || error_wrap(err, "looking whether it has happened (done)");
}
