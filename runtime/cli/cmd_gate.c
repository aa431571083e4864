/* approve, reject, revoke, break-glass, recheck: decisions, through the supervisor and as the
 * person the token belongs to. */
#include "base/clock.h"
#include "cli/api.h"
#include "cli/commands.h"
#include "cli/param.h"

#include <inttypes.h>
#include <stdio.h>

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
        cli_print_json(gate);
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
