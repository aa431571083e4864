/* Runs tests/data/plans: each .case file holds cases; adding one needs no C. A case is
 *
 *   === what it shows
 *   --- set            NAME=VALUE lines for the process environment (optional)
 *   --- yaml           a headgate.yaml
 *   --- graph          a plan as JSON; or
 *   --- nodes          the children of a plan "t" as a JSON list; or
 *   --- steps          the children of a phase "p" of that plan
 *   --- environment    with yaml and a plan: the plan is checked against this environment
 *   --- error          the exact message, or
 *   --- boxes          the plan's boxes, and what ticks them; or
 *   --- expect         the exact tree (plan) or configuration (yaml) as printed below
 *
 * With HEADGATE_SHOW=1 every result is printed, for writing new cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "plan/config.h"
#include "plan/tick.h"
#include "plan/word.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1024 * 1024, PARTS_MAX = 16 };

typedef struct Part {
    const char *name;
    char *text;
} Part;

typedef struct Case {
    const char *file;
    int line;
    const char *title;
    Part parts[PARTS_MAX];
    size_t parts_count;
} Case;

static const char *part(const Case *one, const char *name)
{
    for (size_t i = 0; i < one->parts_count; i++) {
        if (strcmp(one->parts[i].name, name) == 0)
            return one->parts[i].text;
    }
    return NULL;
}

static json_t *graph_of(const Case *one)
{
    static const char PLAN[] = "{\"kind\":\"plan\",\"name\":\"t\",\"file\":\"plan.lua\",\"line\":1,"
                               "\"column\":1,\"keys\":{\"doc\":\"a test\"},\"children\":[%s]}";
    static const char PHASE[] = "{\"kind\":\"phase\",\"name\":\"p\",\"line\":2,\"column\":3,"
                                "\"children\":[%s]}";
    AUTO(base_free) char *phase = NULL;
    AUTO(base_free) char *whole = NULL;
    const char *text = part(one, "graph");
    const char *nodes = part(one, "nodes");
    if (part(one, "steps") != NULL)
        nodes = phase = base_printf(PHASE, part(one, "steps"));
    if (nodes != NULL)
        text = whole = base_printf(PLAN, nodes);
    if (text == NULL)
        return NULL;
    Error err = {0};
    json_t *graph = json_parse(text, strlen(text), &err);
    if (graph == NULL)
        fail_msg("%s:%d: the case's graph: %s", one->file, one->line, err.message);
    return graph;
}

static void print_plan(const Plan *plan, Text *out)
{
    for (size_t i = 0; i < plan->nodes_count; i++) {
        const PlanNode *node = plan->nodes[i];
        AUTO(base_free) char *keys = json_canonical(node->keys);
        text_printf(out, "%s \"%s\" [%s] %s\n", plan_kind_name(node->kind), node->name, node->path,
                    keys);
    }
}

static void print_boxes(const Plan *plan, Text *out)
{
    assert_non_null(plan->ticks);
    const PlanBoxes *boxes = plan->ticks->boxes;
    size_t at = 0;
    for (size_t i = 0; i < boxes->boxes_count; i++) {
        text_printf(out, "%d %s %s:", boxes->boxes[i].line,
                    plan_tick_class_name(plan->ticks->classes[i]),
                    plan_box_address(plan->arena, boxes, &boxes->boxes[i]));
        for (; at < plan->ticks->count && plan->ticks->ticks[at].box == i; at++) {
            const PlanTick *tick = &plan->ticks->ticks[at];
            text_printf(out, " %s %s", plan_kind_name(tick->node->kind), tick->node->path);
            if (tick->item >= 0)
                text_printf(out, ", item %d", tick->item);
            if (tick->metric != NULL)
                text_printf(out, ", metric %s", tick->metric);
        }
        text_append_char(out, '\n');
    }
}

static void print_config(const Config *config, Text *out)
{
    for (size_t i = 0; i < config->environments_count; i++) {
        AUTO(json_auto) json_t *shown = config_shown(config, &config->environments[i]);
        const char *key;
        json_t *value;
        json_object_del(shown, "metrics");
        json_object_foreach (shown, key, value) {
            AUTO(base_free) char *text = json_canonical(value);
            if (!json_is_null(value) && strcmp(text, "{}") != 0 && strcmp(text, "[]") != 0)
                text_printf(out, "%s: %s\n", key, text);
        }
    }
    for (size_t i = 0; i < config->notes_count; i++)
        text_printf(out, "%s\n", config->notes[i]);
}

/* Fills out with what the case gives: the error's message, or the printed result. */
static bool run(const Case *one, Text *out)
{
    Error err = {0};
    Config *config = NULL;
    Plan *plan = NULL;
    const char *yaml = part(one, "yaml");
    AUTO(json_auto) json_t *graph = graph_of(one);
    bool ok = (yaml == NULL || config_parse("headgate.yaml", yaml, strlen(yaml), &config, &err)) &&
              (graph == NULL || plan_from_graph(graph, &plan, &err));
    const char *name = part(one, "environment");
    if (ok && name != NULL) {
        AUTO(base_free) char *trimmed = base_strndup(name, strcspn(name, "\n"));
        const ConfigEnvironment *environment = config_environment(config, trimmed);
        assert_non_null(environment);
        ok = config_check_plan(config, environment, plan, &err);
    }
    if (!ok)
        text_printf(out, "%s\n", err.message);
    else if (part(one, "boxes") != NULL)
        print_boxes(plan, out);
    else if (name == NULL && plan != NULL)
        print_plan(plan, out);
    else if (name == NULL && config != NULL)
        print_config(config, out);
    plan_free(plan);
    config_free(config);
    return ok;
}

static void set_environment(char *lines)
{
    static const char *const CLEARED[] = {"DATABASE_URL", "PGSERVICE",  "PGHOST",
                                          "PGPORT",       "PGDATABASE", "PGUSER"};
    for (size_t i = 0; i < COUNT_OF(CLEARED); i++)
        unsetenv(CLEARED[i]);
    char *rest = lines;
    for (char *line = lines == NULL ? NULL : strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(line, '=');
        assert_non_null(equals);
        *equals = '\0';
        setenv(line, equals + 1, 1);
    }
}

static bool check_case(const Case *one)
{
    const char *error = part(one, "error");
    const char *boxes = part(one, "boxes");
    const char *expect = error != NULL ? error : boxes != NULL ? boxes : part(one, "expect");
    if (expect == NULL) {
        print_error("%s:%d: %s: neither error nor expect\n", one->file, one->line, one->title);
        return false;
    }
    set_environment((char *)(uintptr_t)part(one, "set"));
    AUTO(text_done) Text out;
    text_init(&out, FILE_BYTES_MAX);
    bool ok = run(one, &out);
    if (getenv("HEADGATE_SHOW") != NULL)
        print_message("=== %s\n--- %s\n%s\n", one->title, ok ? "expect" : "error",
                      text_string(&out));
    if (ok == (error == NULL) && strcmp(text_string(&out), expect) == 0)
        return true;
    print_error("%s:%d: %s\nexpected %s:\n%sgot %s:\n%s\n", one->file, one->line, one->title,
                error != NULL ? "error" : "result", expect, ok ? "result" : "error",
                text_string(&out));
    return false;
}

/* Cuts the blank lines before the next marker and keeps one line end. */
static void trim(char *text)
{
    size_t length = strlen(text);
    while (length > 1 && text[length - 1] == '\n' && text[length - 2] == '\n')
        text[--length] = '\0';
    if (length == 1 && text[0] == '\n')
        text[0] = '\0';
}

/* Cuts text into lines at its markers; gives the failures. */
static int check_file(const char *path, char *text, int *cases)
{
    int failures = 0;
    int line = 0;
    Case one = {.file = path};
    for (char *at = text; *at != '\0';) {
        char *next = strchr(at, '\n');
        assert_non_null(next);
        line++;
        bool title = text_starts(at, "=== ");
        if (title || text_starts(at, "--- ")) {
            *at = '\0'; /* ends the part before */
            *next = '\0';
            if (title && one.title != NULL) {
                for (size_t i = 0; i < one.parts_count; i++)
                    trim(one.parts[i].text);
                failures += check_case(&one) ? 0 : 1;
                (*cases)++;
            }
            if (title)
                one = (Case){.file = path, .line = line, .title = at + 4};
            else if (one.parts_count < PARTS_MAX)
                one.parts[one.parts_count++] = (Part){at + 4, next + 1};
        }
        at = next + 1;
    }
    for (size_t i = 0; i < one.parts_count; i++)
        trim(one.parts[i].text);
    (*cases)++;
    return failures + (check_case(&one) ? 0 : 1);
}

static void all_cases(void **state)
{
    UNUSED(state);
    glob_t found;
    int failures = 0;
    int cases = 0;
    assert_int_equal(glob(HEADGATE_SOURCE_DIR "/tests/data/plans/*.case", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        FILE *file = fopen(found.gl_pathv[i], "re");
        assert_non_null(file);
        char *text = base_alloc(FILE_BYTES_MAX);
        size_t bytes = fread(text, 1, FILE_BYTES_MAX - 1, file);
        fclose(file);
        assert_true(bytes < FILE_BYTES_MAX - 1);
        failures += check_file(strrchr(found.gl_pathv[i], '/') + 1, text, &cases);
        free(text);
    }
    globfree(&found);
    print_message("%d cases, %d failed\n", cases, failures);
    assert_int_equal(failures, 0);
    assert_true(cases >= 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
