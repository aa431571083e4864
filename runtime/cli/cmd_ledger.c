/* ledger: the life of the schema headgate. user, token: who may log in. */
#include "access/token.h"
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "ledger/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef bool Action(Cli *cli, const CliContext *context, DbConn *state, Error *err);
typedef struct ActionRow {
    const char *name;
    Action *act;
} ActionRow;

/* One of a command's actions, on the state database. */
static CliExit act(Cli *cli, const ActionRow *rows, bool any_schema)
{
    Error err = {0};
    CliContext context = {0};
    DbConn *state = NULL;
    const char *name = cli_argument(cli, 0);
    while (rows->name != NULL && !text_equal(rows->name, name))
        rows++;
    if (rows->name == NULL) {
        fprintf(stderr,
                "headgate: %s has no action \"%s\"\nheadgate help %s shows how it is used\n",
                cli->command->name, name, cli->command->name);
        return CLI_USAGE;
    }
    bool ok = cli_context_open(cli, NULL, &context, &err) &&
              cli_context_connect(cli, &context, any_schema, &state, &err) &&
              rows->act(cli, &context, state, &err);
    db_close(state);
    if (context.arena != NULL)
        cli_context_done(&context);
    return ok ? CLI_OK : cli_fail(&err);
}

static void print_json(const json_t *value)
{
    AUTO(base_free) char *text = json_text(value);
    puts(text);
}

/* ------------------------------------------------------------------ ledger */

static bool ledger_install(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    LedgerSchemaOptions options = {.accept_publication = cli_flag(cli, "accept")};
    if (!ledger_schema_install(state, &options, err))
        return false;
    printf("schema headgate, version %d, is in %s\n", LEDGER_SCHEMA_VERSION, context->state->shown);
    return true;
}

static bool ledger_check(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    UNUSED(cli);
    if (!ledger_schema_check(state, err))
        return false;
    printf("schema headgate, version %d, in %s: as this binary needs it\n", LEDGER_SCHEMA_VERSION,
           context->state->shown);
    return true;
}

static bool ledger_prune(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    const char *days = cli_option(cli, "days");
    int64_t events = 0;
    UNUSED(context);
    if (!ledger_schema_check(state, err) ||
        !ledger_schema_prune(state, days == NULL ? 90 : (int)strtol(days, NULL, 10), &events, err))
        return false;
    printf("%" PRId64 " events deleted\n", events);
    AUTO(text_done) Text kept;
    text_init(&kept, (size_t)1 << 20);
    if (!ledger_schema_kept(state, &kept, err))
        return false;
    if (kept.length_bytes > 0)
        printf("what rollbacks kept stays: %s\n", text_string(&kept));
    return true;
}

static bool ledger_uninstall(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    UNUSED(context);
    if (!ledger_schema_uninstall(state, cli_flag(cli, "force"), err))
        return false;
    puts("the schema headgate is gone");
    return true;
}

CliExit cli_ledger(Cli *cli)
{
    static const ActionRow ROWS[] = {{"install", ledger_install},     {"upgrade", ledger_install},
                                     {"check", ledger_check},         {"prune", ledger_prune},
                                     {"uninstall", ledger_uninstall}, {NULL, NULL}};
    if (text_equal(cli_argument(cli, 0), "ddl")) {
        AUTO(text_done) Text ddl;
        text_init(&ddl, (size_t)1 << 20);
        ledger_schema_ddl(&ddl);
        fputs(text_string(&ddl), stdout);
        return CLI_OK;
    }
    return act(cli, ROWS, true);
}

/* ------------------------------------------------------------------ user */

static bool name_given(Cli *cli, Error *err)
{
    return cli_argument(cli, 1) != NULL ||
           error_set(err, ERROR_INPUT, "whom? %s needs a name", cli_argument(cli, 0));
}

static bool user_add(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    const char *role = cli_option(cli, "role");
    UNUSED(context);
    if (!name_given(cli, err) ||
        !access_person_add(state, cli_argument(cli, 1), role == NULL ? "viewer" : role, err))
        return false;
    printf("%s may log in as %s; headgate token create %s --once gives a log-in link\n",
           cli_argument(cli, 1), role == NULL ? "viewer" : role, cli_argument(cli, 1));
    return true;
}

static bool user_change(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    const char *role = cli_option(cli, "role");
    UNUSED(context);
    if (role == NULL)
        return error_set(err, ERROR_INPUT, "--role is missing");
    return name_given(cli, err) && access_person_change(state, cli_argument(cli, 1), role, err);
}

static bool user_disable(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    UNUSED(context);
    return name_given(cli, err) && access_person_disable(state, cli_argument(cli, 1), err);
}

static bool user_list(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    AUTO(json_auto) json_t *people = NULL;
    UNUSED(context);
    if (!access_person_list(state, &people, err))
        return false;
    if (cli_flag(cli, "json")) {
        print_json(people);
        return true;
    }
    size_t i = 0;
    json_t *person = NULL;
    json_array_foreach (people, i, person)
        printf("%-20s %-14s %s\n", json_get_string(person, "name", ""),
               json_get_string(person, "role", ""),
               json_get_string(person, "disabled_at", NULL) == NULL ? "" : "disabled");
    return true;
}

CliExit cli_user(Cli *cli)
{
    static const ActionRow ROWS[] = {{"add", user_add},
                                     {"change", user_change},
                                     {"disable", user_disable},
                                     {"list", user_list},
                                     {NULL, NULL}};
    return act(cli, ROWS, false);
}

/* ------------------------------------------------------------------ token */

static bool token_create(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    bool once = cli_flag(cli, "once");
    const char *lasts = cli_option(cli, "lasts");
    const char *label = cli_option(cli, "label");
    char token[ACCESS_TOKEN_BYTES];
    AccessTokenNew options = {.person = cli_argument(cli, 1),
                              .kind = once ? "once" : "api",
                              .label = label == NULL ? "" : label};
    UNUSED(context);
    if (!name_given(cli, err) ||
        !duration_parse(lasts != NULL ? lasts
                        : once        ? "1h"
                                      : "30d",
                        &options.lasts_us, err) ||
        !access_token_create(state, &options, token, err))
        return false;
    puts(token);
    if (once)
        fprintf(stderr, "log in with http://127.0.0.1:8080/#token=… (this token, once); it is not "
                        "shown again\n");
    else
        fprintf(stderr, "this is the only time it is shown\n");
    return true;
}

static bool token_list(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    AUTO(json_auto) json_t *tokens = NULL;
    UNUSED(context);
    if (!access_token_list(state, &tokens, err))
        return false;
    if (cli_flag(cli, "json")) {
        print_json(tokens);
        return true;
    }
    size_t i = 0;
    json_t *token = NULL;
    json_array_foreach (tokens, i, token)
        printf("%-14.12s %-20s %-8s until %.19sZ %s\n", json_get_string(token, "id", ""),
               json_get_string(token, "person", ""), json_get_string(token, "kind", ""),
               json_get_string(token, "expires_at", ""), json_get_string(token, "label", ""));
    return true;
}

static bool token_revoke(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    UNUSED(context);
    return name_given(cli, err) && access_token_revoke(state, cli_argument(cli, 1), err);
}

CliExit cli_token(Cli *cli)
{
    static const ActionRow ROWS[] = {
        {"create", token_create}, {"list", token_list}, {"revoke", token_revoke}, {NULL, NULL}};
    return act(cli, ROWS, false);
}
