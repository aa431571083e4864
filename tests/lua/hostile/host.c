/* Runs the corpus of hostile scripts: each in a child of its own, as runners and `headgate check`
 * do, with a short deadline. The parent has no Lua; it must see every child end in time, in the way
 * the corpus says, within its memory, and live on. Usage: host [--figures FILE] CORPUS…
 *
 * A corpus is a text: "=== name | where | wanted" and the lines of plan.lua below it. where is
 * load, or task (the plan has a task at "f/t", which is called). wanted is "stopped" (killed, out
 * of time or out of memory), "refused" and a part of the error, or "either" where the machine
 * decides. */
#include "base/bounds.h"
#include "base/clock.h"
#include "bind/state.h"
#include "loop/child.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    CASES_MAX = 500,
    FILE_MAX_BYTES = 1 << 20,
    DEADLINE_MS = 250,
    HEAP_BYTES = 16 << 20,
    AT_ONCE = 2,
    TRIES = 5,         ///< a case that was late is run again: the machine may have been
    VALUE_BYTES = 256, ///< one of BOUND_JSON_VALUES, in its list, with a sanitizer's margins
    /* Above a harmless child: the heap and what the sanitizer adds, and the values that are made
     * from a plan which shares parts without end, where the machine is fast enough to reach their
     * bound before the deadline. */
    RSS_ABOVE_KIB = (96 << 10) + BOUND_JSON_VALUES / 1024 * VALUE_BYTES,
};

typedef struct Case {
    const char *name;
    const char *where;
    const char *wanted;
    const char *text;
    size_t bytes;
    int deadline_ms;
    bool ok;
    int64_t late_ms; ///< after its deadline
} Case;

static struct {
    Loop *loop;
    Arena *arena;
    const char *program;
    Case cases[CASES_MAX];
    size_t count;
    size_t next;
    size_t at_work;
    FiberEvent done;
    long harmless_kib;
    int exit_code;
} host;

/* ------------------------------------------------------------------ the child */

static void child_say(const char *kind, const char *text)
{
    printf("%s %" PRId64 " %.300s\n", kind, clock_monotonic_us(), text);
    fflush(stdout);
}

static bool child_run(const Bundle *bundle, bool task, Error *err)
{
    BindPlan *plan = NULL;
    BindLimits limits = {.load_ms = DEADLINE_MS, .max_bytes = HEAP_BYTES};
    BindTask bind = {.transactional = true}; /* so that sleep is refused */
    if (!task)
        child_say("begin", "");
    if (!bind_plan_load_with(bundle, limits, NULL, &plan, err))
        return false;
    if (task)
        child_say("begin", "");
    return !task || bind_plan_call(plan, "f/t", "run", &bind, NULL, err);
}

static void child_main(void *arg)
{
    bool task = *(const bool *)arg;
    Arena *arena = arena_new();
    char *text = arena_alloc(arena, FILE_MAX_BYTES);
    size_t bytes = fread(text, 1, FILE_MAX_BYTES - 1, stdin);
    BundleFile file = {"plan.lua", text, bytes};
    Bundle bundle = {.arena = arena, .files = &file, .files_count = 1};
    Error err = {0};
    child_beat_start(host.loop);
    if (child_run(&bundle, task, &err))
        child_say("loaded", "");
    else
        child_say("error", err.message);
    _exit(0); /* nothing is closed in order: what is measured has ended */
}

/* ------------------------------------------------------------------ the parent */

static bool is_stopped(const ChildExit *ended, const char *message)
{
    static const char *const TEXTS[] = {"ran longer than", "out of memory", "stack overflow"};
    bool stopped = ended->silent;
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++)
        stopped = stopped || strstr(message, TEXTS[i]) != NULL;
    return stopped;
}

/* What stands behind kind and its time, in a line of the child's output; NULL = it said no such
 * thing. */
static const char *line_of(const char *output, const char *kind, int64_t *ret_at_us)
{
    for (const char *at = output; at != NULL && *at != '\0';) {
        size_t length = strlen(kind);
        if (strncmp(at, kind, length) == 0 && at[length] == ' ') {
            char *rest = NULL;
            *ret_at_us = strtoll(at + length + 1, &rest, 10);
            return rest;
        }
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    return NULL;
}

static bool holds(const char *message, const char *part)
{
    return strstr(message, part + strspn(part, " ")) != NULL;
}

static bool judge(Case *c, const ChildExit *ended, const char *output, int64_t ended_us)
{
    int64_t begun_us = 0;
    int64_t at_us = 0;
    bool begun = line_of(output, "begin", &begun_us) != NULL;
    const char *error = line_of(output, "error", &at_us);
    const char *loaded = line_of(output, "loaded", &at_us);
    const char *message = error == NULL ? "" : error;
    bool refused = text_starts(c->wanted, "refused");
    bool stopped = is_stopped(ended, message);
    bool either = text_equal(c->wanted, "either");
    bool as_wanted = either    ? stopped || error != NULL
                     : refused ? error != NULL && holds(message, c->wanted + strlen("refused"))
                               : stopped;
    int64_t last_us = ended->silent ? ended_us : at_us;
    c->late_ms = (last_us - begun_us) / 1000 - c->deadline_ms;
    bool in_time = begun && c->late_ms <= 250;
    c->ok = begun && as_wanted && in_time && (ended->silent || ended->signum == 0);
    if (!c->ok)
        printf("NOT OK %s: wanted %s; %s%s%s, signal %d, %" PRId64 " ms after its deadline\n",
               c->name, c->wanted, ended->silent ? "killed" : "not killed",
               loaded == NULL ? "" : ", loaded", message, ended->signum, c->late_ms);
    if (!begun)
        printf("  %s: %s\n", c->name, output);
    return c->ok || !as_wanted;
}

static bool run_case(Case *c)
{
    const char *const argv[] = {host.program, "--child", c->where, NULL};
    ChildOptions options = {.argv = argv,
                            .output = CHILD_CAPTURE,
                            .capture_max_bytes = 1 << 16,
                            .input = c->text,
                            .input_bytes = c->bytes,
                            .beats = true,
                            .silence_ms = BOUND_SCRIPT_SLICE_MS + BOUND_SCRIPT_KILL_MARGIN_MS};
    Child *child = NULL;
    ChildExit ended = {0};
    Error err = {0};
    bool ok = child_start(host.loop, &options, &child, &err) && child_wait(child, -1, &ended, &err);
    int64_t ended_us = clock_monotonic_us();
    if (!ok)
        printf("NOT OK %s: %s\n", c->name, err.message);
    bool settled = !ok || judge(c, &ended, child_stdout(child), ended_us);
    child_free(child);
    return settled;
}

static void worker(void *arg)
{
    UNUSED(arg);
    while (host.next < host.count) {
        Case *c = &host.cases[host.next++];
        for (int tries = 0; tries < TRIES && !run_case(c); tries++)
            printf("%s was late: once more\n", c->name);
    }
    host.at_work--;
    fiber_event_broadcast(&host.done);
}

/* ------------------------------------------------------------------ the corpus */

static const char *field(char **at)
{
    char *begin = *at + strspn(*at, " ");
    char *end = begin + strcspn(begin, "|");
    *at = *end == '\0' ? end : end + 1;
    while (end > begin && end[-1] == ' ')
        end--;
    *end = '\0';
    return begin;
}

static void add_case(char *head, const char *text, size_t bytes)
{
    char *at = head;
    invariant(host.count < CASES_MAX);
    Case *c = &host.cases[host.count++];
    *c = (Case){.text = text, .bytes = bytes};
    c->name = field(&at);
    c->where = field(&at);
    c->wanted = field(&at);
    c->deadline_ms = text_equal(c->where, "task") ? BOUND_SCRIPT_SLICE_MS : DEADLINE_MS;
}

static bool read_corpus(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    char *text = arena_alloc(host.arena, FILE_MAX_BYTES);
    text[fread(text, 1, FILE_MAX_BYTES - 1, file)] = '\0';
    fclose(file);
    char *at = strstr(text, "=== ");
    while (at != NULL) {
        char *line_end = strchr(at, '\n');
        char *next = line_end == NULL ? NULL : strstr(line_end, "\n=== ");
        if (line_end == NULL)
            break;
        *line_end = '\0';
        char *body = line_end + 1;
        add_case(at + 4, body, next == NULL ? strlen(body) : (size_t)(next + 1 - body));
        at = next == NULL ? NULL : next + 1;
    }
    return true;
}

/* ------------------------------------------------------------------ all of it */

static long children_kib(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_CHILDREN, &usage) == 0 ? usage.ru_maxrss : 0;
}

static void measure_harmless(void)
{
    static const char HARMLESS[] = "local x <const> = 1";
    Case c = {.name = "a harmless script",
              .where = "load",
              .wanted = "refused there is no plan",
              .deadline_ms = DEADLINE_MS,
              .text = HARMLESS,
              .bytes = sizeof(HARMLESS) - 1};
    (void)run_case(&c);
    host.harmless_kib = children_kib();
}

static void write_figures(const char *path, size_t stopped, int64_t late_max_ms)
{
    FILE *file = path == NULL ? NULL : fopen(path, "we");
    if (file == NULL)
        return;
    fprintf(file,
            "{\"hostile_scripts\": %zu, \"hostile_stopped\": %zu, \"hostile_late_max_ms\": %" PRId64
            "}\n",
            host.count, stopped, late_max_ms);
    fclose(file);
}

static void parent_main(void *arg)
{
    const char *figures = arg;
    size_t stopped = 0;
    int64_t late_max_ms = 0;
    measure_harmless();
    for (host.at_work = 0; host.at_work < AT_ONCE; host.at_work++)
        fiber_start(host.loop, "hostile", worker, NULL);
    while (host.at_work > 0)
        fiber_event_wait(&host.done, -1);
    for (size_t i = 0; i < host.count; i++) {
        stopped += host.cases[i].ok;
        if (host.cases[i].late_ms > late_max_ms)
            late_max_ms = host.cases[i].late_ms;
    }
    long above_kib = children_kib() - host.harmless_kib;
    printf("%zu of %zu hostile scripts ended as wanted; the latest %" PRId64
           " ms after its deadline; at most %ld MiB above a harmless script\n",
           stopped, host.count, late_max_ms, above_kib >> 10);
    write_figures(figures, stopped, late_max_ms);
    bool bounded = above_kib <= RSS_ABOVE_KIB;
    host.exit_code = stopped == host.count && host.count >= 60 && bounded ? 0 : 1;
    loop_stop(host.loop);
}

int main(int count, char **arguments)
{
    static char path[4096];
    static bool task;
    static char *figures;
    setvbuf(stdout, NULL, _IOLBF, 0);
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    host.program = length > 0 ? path : arguments[0];
    host.arena = arena_new();
    host.loop = loop_new();
    if (count == 3 && text_equal(arguments[1], "--child")) {
        task = text_equal(arguments[2], "task");
        fiber_start(host.loop, "child", child_main, &task);
        loop_run(host.loop);
        return 0;
    }
    for (int i = 1; i < count; i++) {
        if (text_equal(arguments[i], "--figures") && i + 1 < count)
            figures = arguments[++i];
        else if (!read_corpus(arguments[i]))
            return 2;
    }
    setenv("ASAN_OPTIONS", "quarantine_size_mb=8:detect_leaks=0", 1);
    fiber_start(host.loop, "hostile", parent_main, figures);
    loop_run(host.loop);
    loop_free(host.loop);
    arena_free(host.arena);
    return host.exit_code;
}
