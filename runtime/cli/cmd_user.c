/* user, token: who may log in, and with what. */
#include "access/password.h"
#include "access/token.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/action.h"
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>

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

/* One line without its end. *ret_password is from arena. */
static bool read_line(FILE *from, Arena *arena, const char **ret_password, Error *err)
{
    char line[ACCESS_PASSWORD_MAX_BYTES + 3];
    if (fgets(line, sizeof(line), from) == NULL)
        return error_set(err, ERROR_INPUT, "no password was given");
    line[strcspn(line, "\r\n")] = '\0';
    *ret_password = arena_strdup(arena, line);
    log_secret(*ret_password);
    return true;
}

static bool ask_without_echo(FILE *terminal, const char *question, Arena *arena,
                             const char **ret_password, Error *err)
{
    struct termios before;
    int fd = fileno(terminal);
    if (tcgetattr(fd, &before) != 0)
        return error_set(err, ERROR_INPUT, "the terminal cannot be asked for a password");
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%s: ", question);
    tcsetattr(fd, TCSAFLUSH, &silent);
    bool ok = read_line(terminal, arena, ret_password, err);
    tcsetattr(fd, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return ok;
}

static bool ask_twice(FILE *terminal, Arena *arena, const char **ret_password, Error *err)
{
    const char *again = NULL;
    if (!ask_without_echo(terminal, "New password", arena, ret_password, err) ||
        !ask_without_echo(terminal, "The same once more", arena, &again, err))
        return false;
    return access_secret_equal(*ret_password, again) ||
           error_set(err, ERROR_INPUT, "these were two different passwords");
}

/* From the terminal, or with --stdin from a file or a pipe; never from the command line, which
 * everybody on the machine can read. */
static bool ask_password(const Cli *cli, Arena *arena, const char **ret_password, Error *err)
{
    if (cli_flag(cli, "stdin"))
        return read_line(stdin, arena, ret_password, err);
    FILE *terminal = fopen("/dev/tty", "re");
    if (terminal == NULL) {
        error_set(err, ERROR_INPUT, "there is no terminal to ask for the password");
        return error_hint(err, "--stdin reads it from standard input");
    }
    bool ok = ask_twice(terminal, arena, ret_password, err);
    fclose(terminal);
    return ok;
}

static bool user_passwd(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    const char *name = cli_argument(cli, 1);
    const char *password = NULL;
    char hash[ACCESS_PASSWORD_HASH_BYTES];
    AccessHasher hasher = {0};
    if (!name_given(cli, err) || !ask_password(cli, context->arena, &password, err) ||
        !access_password_allowed(name, password, err) ||
        !access_password_hash(&hasher, password, hash, err) ||
        !access_password_set(state, name, hash, err))
        return false;
    printf("%s has a new password; their sessions have ended\n", name);
    return true;
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
        cli_print_json(people);
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
    static const CliAction ROWS[] = {{"add", user_add},       {"change", user_change},
                                     {"passwd", user_passwd}, {"disable", user_disable},
                                     {"list", user_list},     {NULL, NULL}};
    return cli_action(cli, ROWS, false);
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
        cli_print_json(tokens);
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
    static const CliAction ROWS[] = {
        {"create", token_create}, {"list", token_list}, {"revoke", token_revoke}, {NULL, NULL}};
    return cli_action(cli, ROWS, false);
}
