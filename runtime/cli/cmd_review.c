/* review: rows that wait for a decision, one by one or by a file, through the supervisor and as the
 * person the token belongs to. */
#include "base/bounds.h"
#include "cli/api.h"
#include "cli/commands.h"
#include "cli/param.h"
#include "data/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FILE_BYTES = 16 * 1024 * 1024 };

static void print_key(const json_t *key)
{
    size_t i = 0;
    json_t *part = NULL;
    json_array_foreach (key, i, part)
        printf("%s%s", i == 0 ? "" : ",", json_string_value(part));
}

/* What it would write, column by column. */
static void print_choice(size_t number, const json_t *choice)
{
    const char *label = json_get_string(choice, "label", NULL);
    const char *name;
    json_t *value;
    printf("    %zu.%s%s", number, label == NULL ? "" : " ", label == NULL ? "" : label);
    json_object_foreach (json_object_get(choice, "set"), name, value) {
        AUTO(base_free) char *text = json_text(value);
        printf("%s%s = %s", label == NULL ? " " : "\n         ", name, text);
        label = "";
    }
    puts("");
}

static void print_rows(const json_t *queue)
{
    size_t i = 0;
    json_t *row = NULL;
    printf("%" PRId64 " row(s)\n", json_get_int(queue, "total", 0));
    json_array_foreach (json_object_get(queue, "rows"), i, row) {
        size_t c = 0;
        json_t *choice = NULL;
        printf("%s  ", json_get_string(row, "step", ""));
        print_key(json_object_get(row, "key"));
        printf("  %s: %s\n", json_get_string(row, "kind", ""), json_get_string(row, "reason", ""));
        json_array_foreach (json_object_get(row, "choices"), c, choice)
            print_choice(c + 1, choice);
    }
}

/* The text of a decision, or NULL when none is asked for. What --set gives goes on as it is
 * written: a parser that has only doubles would change its numbers. */
static bool decision_of(const Cli *cli, Arena *arena, const char **ret_decision, Error *err)
{
    const char *choice = cli_option(cli, "choice");
    const char *set = cli_option(cli, "set");
    bool skip = cli_flag(cli, "skip");
    *ret_decision = NULL;
    if ((choice != NULL) + (set != NULL) + skip > 1)
        return error_set(err, ERROR_INPUT, "one of --choice, --skip and --set");
    const CliNumber choices = {.option = "choice", .least = 1, .most = INT64_MAX};
    int64_t number = 0;
    if (!cli_option_number(cli, &choices, &number, err))
        return false;
    if (choice != NULL)
        *ret_decision = arena_printf(arena, "{\"choice\": %" PRId64 "}", number - 1);
    if (skip)
        *ret_decision = "{\"skip\": true}";
    if (set == NULL)
        return true;
    AUTO(data_document_done) DataDocument document = {0};
    if (!data_document_parse(&document, set, strlen(set), err))
        return error_wrap(err, "--set");
    if (data_document_node(&document, 0)->kind != DOCUMENT_OBJECT)
        return error_set(err, ERROR_INPUT, "--set takes {\"column\": value, …}");
    *ret_decision = arena_printf(arena, "{\"set\": %s}", set);
    return true;
}

static json_t *key_of(const char *text)
{
    json_t *key = json_array();
    AUTO(base_free) char *copy = base_strdup(text);
    char *rest = NULL;
    for (char *part = strtok_r(copy, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest))
        json_array_append_new(key, json_string(part));
    return key;
}

static bool send_decision(Cli *cli, const CliApi *api, const char *path, const char *decision,
                          Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *answer = NULL;
    const char *step = cli_option(cli, "step");
    const char *key = cli_option(cli, "key");
    const char *reason = cli_option(cli, "reason");
    if (step == NULL || (key == NULL) == (reason == NULL))
        return error_set(err, ERROR_INPUT,
                         "say which rows: --step PATH and either --key or --reason");
    AUTO(json_auto) json_t *which = json_object();
    json_set_string(which, "step", step);
    if (key != NULL)
        json_object_set_new(which, "key", key_of(key));
    if (reason != NULL)
        json_set_string(which, "reason", reason);
    AUTO(base_free) char *text = json_text(which);
    text[strlen(text) - 1] = '\0'; /* its closing bracket comes behind the decision */
    CliApiCall call = {
        .method = "POST",
        .path = path,
        .text = arena_printf(arena, "{\"decisions\": [%s, \"decision\": %s}]}", text, decision)};
    if (!cli_api_call(api, &call, &answer, err))
        return false;
    printf("%" PRId64 " decided\n", json_get_int(answer, "decided", 0));
    return true;
}

static bool show_queue(Cli *cli, const CliApi *api, const char *path, CliExit *ret_exit, Error *err)
{
    AUTO(json_auto) json_t *queue = NULL;
    CliApiCall call = {.method = "GET", .path = path};
    if (!cli_api_call(api, &call, &queue, err))
        return false;
    if (cli_flag(cli, "json")) {
        cli_print_json(queue);
    } else {
        print_rows(queue);
    }
    *ret_exit = json_get_int(queue, "total", 0) > 0 ? CLI_NEEDS_REVIEW : CLI_OK;
    return true;
}

/* ------------------------------------------------------------------ by a file */

static bool write_csv(const Cli *cli, const CliApi *api, const char *path, Error *err)
{
    AUTO(text_done) Text where;
    AUTO(text_done) Text file;
    static const char *const OPTIONS[] = {"step", "reason"};
    text_init(&where, BOUND_EVENT_BYTES);
    text_init(&file, FILE_BYTES);
    text_printf(&where, "%s?format=csv", path);
    for (size_t i = 0; i < COUNT_OF(OPTIONS); i++) {
        if (cli_option(cli, OPTIONS[i]) == NULL)
            continue;
        text_printf(&where, "&%s=", OPTIONS[i]);
        text_append_encoded(&where, cli_option(cli, OPTIONS[i]));
    }
    if (!cli_api_file(api, text_string(&where), &file, err))
        return false;
    fwrite(text_string(&file), 1, file.length_bytes, stdout);
    return true;
}

static void print_change(const json_t *change)
{
    const json_t *decision = json_object_get(change, "decision");
    const json_t *choice = json_object_get(change, "choice");
    AUTO(base_free) char *text = json_text(decision);
    printf("line %" PRId64 ": %s  ", json_get_int(change, "line", 0),
           json_get_string(change, "step", ""));
    print_key(json_object_get(change, "key"));
    puts("");
    if (json_is_object(choice))
        print_choice((size_t)json_get_int(decision, "choice", 0) + 1, choice);
    else
        printf("    %s\n", json_object_get(decision, "skip") != NULL ? "skip" : text);
}

static void print_taken(const json_t *taken)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(taken, "changes"), i, item)
        print_change(item);
    json_array_foreach (json_object_get(taken, "problems"), i, item)
        printf("line %" PRId64 ": %s\n", json_get_int(item, "line", 0),
               json_get_string(item, "text", ""));
    size_t problems = json_array_size(json_object_get(taken, "problems"));
    int64_t decided = json_get_int(taken, "decided", 0);
    if (problems > 0)
        printf("lines that cannot be taken: %zu; nothing would be decided\n", problems);
    else if (json_get_bool(taken, "applied", false))
        printf("%" PRId64 " decided\n", decided);
    else
        printf("%" PRId64 " would be decided; with --yes they are\n", decided);
}

/* Without --yes it is only looked at. */
static bool take_file(Cli *cli, const CliApi *api, const char *path, CliExit *ret_exit, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *taken = NULL;
    AUTO(json_auto) json_t *body = json_object();
    json_object_set_new(body, "apply", json_boolean(cli_flag(cli, "yes")));
    if (!cli_param_file(cli_option(cli, "import"), BOUND_HTTP_BODY_BYTES, "csv", body, err))
        return false;
    CliApiCall call = {
        .method = "POST", .path = arena_printf(arena, "%s/file", path), .body = body};
    if (!cli_api_call(api, &call, &taken, err))
        return false;
    if (cli_flag(cli, "json")) {
        cli_print_json(taken);
    } else {
        print_taken(taken);
    }
    *ret_exit = json_array_size(json_object_get(taken, "problems")) > 0 ? CLI_NEEDS_REVIEW : CLI_OK;
    return true;
}

CliExit cli_review(Cli *cli)
{
    Error err = {0};
    CliExit code = CLI_OK;
    CliApi api;
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *run = cli_api_run(cli_argument(cli, 0));
    if (run == NULL) {
        error_set(&err, ERROR_INPUT, "which run? headgate review RUN");
        return cli_fail(&err);
    }
    if (!cli_api_open(cli, arena, &api, &err))
        return cli_fail(&err);
    const char *path = arena_printf(arena, "/api/runs/%s/review", run);
    if (cli_flag(cli, "csv"))
        return write_csv(cli, &api, path, &err) ? CLI_OK : cli_fail(&err);
    if (cli_option(cli, "import") != NULL)
        return take_file(cli, &api, path, &code, &err) ? code : cli_fail(&err);
    const char *decision = NULL;
    bool ok = decision_of(cli, arena, &decision, &err) &&
              (decision != NULL ? send_decision(cli, &api, path, decision, &err)
                                : show_queue(cli, &api, path, &code, &err));
    return ok ? code : cli_fail(&err);
}
