/* Findings on a terminal. */
#include "cli/warnings.h"

#include "run/lint.h"

#include <inttypes.h>

static bool is_note(const json_t *one)
{
    return text_equal(json_get_string(one, "level", ""), "note");
}

static bool alike(const json_t *one, const json_t *other)
{
    return is_note(other) &&
           text_equal(json_get_string(one, "rule", ""), json_get_string(other, "rule", "")) &&
           text_equal(json_get_string(one, "file", ""), json_get_string(other, "file", "")) &&
           json_object_get(other, "allowed") == NULL;
}

static void print_one(FILE *out, const json_t *one, size_t more)
{
    fprintf(out, "%s:%" PRId64 ": %s: %s [%s]\n", json_get_string(one, "file", ""),
            json_get_int(one, "line", 0), json_get_string(one, "level", ""),
            json_get_string(one, "text", ""), json_get_string(one, "rule", ""));
    if (more > 0)
        fprintf(out, "  and %zu more in this file\n", more);
    fprintf(out, "  instead: %s\n", json_get_string(one, "advice", ""));
}

/* A note stands for all of its rule and file: it is printed at the first. */
static void print_from(FILE *out, const json_t *warnings, size_t at)
{
    const json_t *one = json_array_get(warnings, at);
    size_t more = 0;
    for (size_t i = 0; is_note(one) && i < json_array_size(warnings); i++) {
        bool same = i != at && alike(one, json_array_get(warnings, i));
        if (same && i < at)
            return;
        more += same;
    }
    print_one(out, one, more);
}

void cli_warnings_print(FILE *out, const json_t *warnings)
{
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach ((json_t *)(uintptr_t)warnings, i, one) {
        if (json_object_get(one, "allowed") == NULL)
            print_from(out, warnings, i);
    }
    json_array_foreach ((json_t *)(uintptr_t)warnings, i, one) {
        if (json_object_get(one, "allowed") != NULL)
            fprintf(out, "%s:%" PRId64 ": allowed: %s (%s)\n", json_get_string(one, "file", ""),
                    json_get_int(one, "line", 0), json_get_string(one, "rule", ""),
                    json_get_string(one, "allowed", ""));
    }
}

bool cli_warnings_fail(Cli *cli, const json_t *warnings)
{
    return run_lint_count(warnings, "error") > 0 ||
           (cli_flag(cli, "strict") && run_lint_count(warnings, "warning") > 0);
}
