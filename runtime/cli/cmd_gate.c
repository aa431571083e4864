/* approve, reject, revoke, break-glass, recheck: decisions, through the supervisor and as the
 * person the token belongs to. */
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "cli/api.h"
#include "cli/commands.h"
#include "cli/param.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DIGEST_LEAST = 8 }; /* nobody meets another by chance */

/* ------------------------------------------------------------------ before */

/* What could hide or reorder what stands there becomes "?". */
static void show(const char *before, const char *text)
{
    fputs(before, stderr);
    for (const char *at = text; *at != '\0';) {
        size_t control = text_control_bytes(at);
        if (*at == '\n')
            fputs("\n      ", stderr);
        else
            fputc(control > 0 && *at != '\t' ? '?' : *at, stderr);
        at += control > 0 ? control : 1;
    }
    fputc('\n', stderr);
}

static void show_evidence(const json_t *row)
{
    AUTO(base_free)
    char *text =
        base_printf("%s: %s", json_get_string(row, "path", ""), json_get_string(row, "text", ""));
    fprintf(stderr, "  %-5s", json_get_string(row, "verdict", ""));
    show(" ", text);
}

static void show_next(const json_t *row)
{
    const char *one_way = json_get_string(row, "one_way", NULL);
    const char *sql = json_get_string(row, "sql", NULL);
    show("  then  ", json_get_string(row, "text", ""));
    if (one_way != NULL)
        show("    no way back: ", one_way);
    if (sql != NULL)
        show("      ", sql);
}

/* What somebody would let pass, as the gate's page shows it. */
static void show_gate(const json_t *gate)
{
    size_t i = 0;
    json_t *row = NULL;
    show("", json_get_string(gate, "question", ""));
    fprintf(stderr, "  digest %.12s\n", json_get_string(gate, "digest", ""));
    json_array_foreach (json_object_get(gate, "evidence"), i, row)
        show_evidence(row);
    json_array_foreach (json_object_get(gate, "next"), i, row)
        show_next(row);
}

/* The words that let a gate pass. */
static bool lets_pass(const char *action)
{
    return text_equal(action, "approve") || text_equal(action, "break-glass");
}

static bool is_digest(const char *text)
{
    size_t length = strlen(text);
    return length >= DIGEST_LEAST && length < HASH_HEX_BYTES &&
           strspn(text, "0123456789abcdef") == length;
}

/* Is the gate the one that the person read? *ret_yes: they want it. */
static bool check_seen(const Cli *cli, const char *action, const json_t *gate, bool *ret_yes,
                       Error *err)
{
    const char *seen = cli_option(cli, "digest");
    const char *now = json_get_string(gate, "digest", "");
    *ret_yes = true;
    if (seen == NULL && lets_pass(action) && isatty(STDIN_FILENO) == 1) {
        show_gate(gate);
        fprintf(stderr, "%s? [y/N] ", action);
        *ret_yes = cli_yes();
    }
    if (seen == NULL || text_starts(now, seen))
        return true;
    error_set(err, ERROR_CONFLICT,
              "gate \"%s\" of run %s is not the one you read: its digest is %.12s, not %s",
              cli_argument(cli, 1), cli_argument(cli, 0), now, seen);
    return error_hint(err, "read what it asks now, on its page; or without --digest, on a terminal "
                           "that shows it and asks");
}

/* ------------------------------------------------------------------ after */

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
    printf("    digest %.12s\n", json_get_string(gate, "digest", ""));
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

/* *ret_gate stays NULL when somebody says no. */
static bool send_word(Cli *cli, CliApiWord *word, json_t **ret_gate, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *before = NULL;
    AUTO(json_auto) json_t *fields = NULL;
    CliApi api;
    bool yes = false;
    const char *seen = cli_option(cli, "digest");
    if (seen != NULL && !is_digest(seen))
        return error_set(
            err, ERROR_INPUT,
            "--digest takes at least %d hex digits of the gate's digest, not \"%.80s\"",
            (int)DIGEST_LEAST, seen);
    if (!cli_param_pairs(cli, "field", &fields, err) || !cli_api_open(cli, arena, &api, err) ||
        !cli_api_gate(&api, word->run, word->gate, &before, err) ||
        !check_seen(cli, word->action, before, &yes, err))
        return false;
    word->fields = fields;
    word->digest = json_get_string(before, "digest", "");
    return !yes || cli_api_decide(&api, word, ret_gate, err);
}

static CliExit decide(Cli *cli, const char *action, const char *done)
{
    Error err = {0};
    AUTO(json_auto) json_t *gate = NULL;
    CliApiWord word = {.run = cli_api_run(cli_argument(cli, 0)),
                       .gate = cli_argument(cli, 1),
                       .action = action,
                       .comment = cli_option(cli, "message")};
    if (!send_word(cli, &word, &gate, &err))
        return cli_fail(&err);
    if (gate == NULL)
        return CLI_INTERRUPTED;
    if (cli_flag(cli, "json"))
        cli_print_json(gate);
    else
        print_gate(cli, done, gate);
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
