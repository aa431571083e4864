/* approve, reject, revoke, break-glass, review: decisions, through the supervisor and as the person
 * the token belongs to. */
#include "base/clock.h"
#include "cli/api.h"
#include "cli/commands.h"
#include "cli/param.h"
#include "data/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "2 of 2 approvals", and what is waited for. */
static void print_gate(const Cli *cli, const char *done, const json_t *gate)
{
    size_t approved = 0;
    size_t broken = 0;
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (json_object_get(gate, "approvals"), i, row) {
        approved += text_equal(json_get_string(row, "decision", ""), "approve");
        broken += text_equal(json_get_string(row, "decision", ""), "break_glass");
    }
    printf("gate \"%s\" of run %s: %s (%zu of %" PRId64 " approvals", cli_argument(cli, 1),
           cli_argument(cli, 0), done, approved, json_get_int(gate, "need", 1));
    printf(broken > 0 ? "; %zu of 2 broke the glass)\n" : ")\n", broken);
    char left[32];
    int64_t left_us = json_get_int(gate, "left_us", 0);
    const char *until = json_get_string(gate, "passes_at", NULL);
    duration_text(left_us < 0 ? 0 : left_us / 1000000 * 1000000, left, sizeof(left));
    if (until != NULL)
        printf("    it passes at %.19sZ, in %s; until then an approval can be revoked\n", until,
               left);
    else if (json_get_string(gate, "expires_at", NULL) != NULL && left_us > 0)
        printf("    it expires at %.19sZ, in %s\n", json_get_string(gate, "expires_at", ""), left);
}

static CliExit decide(Cli *cli, const char *action, const char *done)
{
    Error err = {0};
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *gate = NULL;
    AUTO(json_auto) json_t *fields = NULL;
    CliApi api;
    CliApiWord word = {.run = cli_api_run(cli_argument(cli, 0)),
                       .gate = cli_argument(cli, 1),
                       .action = action,
                       .comment = cli_option(cli, "message")};
    if (!cli_param_pairs(cli, "field", &fields, &err) || !cli_api_open(cli, arena, &api, &err))
        return cli_fail(&err);
    word.fields = fields;
    if (!cli_api_decide(&api, &word, &gate, &err))
        return cli_fail(&err);
    if (cli_flag(cli, "json")) {
        AUTO(base_free) char *text = json_text(gate);
        puts(text);
    } else {
        print_gate(cli, done, gate);
    }
    return CLI_OK;
}

CliExit cli_approve(Cli *cli)
{
    return decide(cli, "approve", "approved");
}

CliExit cli_reject(Cli *cli)
{
    return decide(cli, "reject", "rejected");
}

CliExit cli_revoke(Cli *cli)
{
    return decide(cli, "revoke", "your approval is taken back");
}

CliExit cli_break_glass(Cli *cli)
{
    return decide(cli, "break-glass", "you broke the glass");
}

CliExit cli_recheck(Cli *cli)
{
    return decide(cli, "recheck", "its evidence is looked at again");
}

/* ------------------------------------------------------------------ review */

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
    if (choice != NULL)
        *ret_decision = arena_printf(arena, "{\"choice\": %lld}", strtoll(choice, NULL, 10) - 1);
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
        AUTO(base_free) char *text = json_text(queue);
        puts(text);
    } else {
        print_rows(queue);
    }
    *ret_exit = json_get_int(queue, "total", 0) > 0 ? CLI_NEEDS_REVIEW : CLI_OK;
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
    const char *decision = NULL;
    bool ok = decision_of(cli, arena, &decision, &err) &&
              (decision != NULL ? send_decision(cli, &api, path, decision, &err)
                                : show_queue(cli, &api, path, &code, &err));
    return ok ? code : cli_fail(&err);
}
