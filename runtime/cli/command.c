/* Parsing by the command table, and failing. */
#include "cli/command.h"

#include "base/log.h"
#include "base/suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const CliCommand *cli_command_find(const char *name)
{
    for (const CliCommand *command = CLI_COMMANDS; command->name != NULL; command++) {
        if (text_equal(command->name, name))
            return command;
    }
    return NULL;
}

static const CliOption *find_in(const CliOption *options, const char *name, size_t length,
                                char letter)
{
    for (; options != NULL && options->name != NULL; options++) {
        bool same = letter != 0 ? options->letter == letter
                                : strlen(options->name) == length &&
                                      strncmp(options->name, name, length) == 0;
        if (same)
            return options;
    }
    return NULL;
}

static const CliOption *option_find(const Cli *cli, const char *name, size_t length, char letter)
{
    const CliOption *option = find_in(cli->command->options, name, length, letter);
    return option != NULL ? option : find_in(CLI_GLOBAL_OPTIONS, name, length, letter);
}

static bool usage(const Cli *cli, const char *format, const char *what)
{
    fputs("headgate: ", stderr);
    fprintf(stderr, format, what);
    if (cli->command != NULL)
        fprintf(stderr, "\nheadgate help %s shows how it is used\n", cli->command->name);
    else
        fputs("\nheadgate help lists the commands\n", stderr);
    return false;
}

static bool command_unknown(const char *name)
{
    Suggest suggest;
    suggest_init(&suggest, name);
    for (const CliCommand *command = CLI_COMMANDS; command->name != NULL; command++) {
        if (!command->hidden)
            suggest_offer(&suggest, command->name);
    }
    fprintf(stderr, "headgate: there is no command \"%s\"", name);
    if (suggest.best != NULL)
        fprintf(stderr, " (did you mean %s?)", suggest.best);
    fputs("\nheadgate help lists the commands\n", stderr);
    return false;
}

static bool give(Cli *cli, const CliOption *option, const char *value)
{
    if (cli->given_count == CLI_OPTIONS_MAX)
        return usage(cli, "too many options at %s", option->name);
    cli->given[cli->given_count].name = option->name;
    cli->given[cli->given_count].value = value;
    cli->given_count++;
    return true;
}

/* One word of the command line; *index moves over a value that is a word of its own. */
static bool take_option(Cli *cli, int argc, const char *const *argv, int *index)
{
    const char *word = argv[*index];
    bool is_long = word[1] == '-';
    const char *name = is_long ? word + 2 : word + 1;
    size_t length = strcspn(name, "=");
    const CliOption *option =
        is_long ? option_find(cli, name, length, 0) : option_find(cli, NULL, 0, name[0]);
    if (option == NULL)
        return usage(cli, "unknown option %s", word);
    /* --yes=false must not mean yes. */
    if (option->value == NULL && name[is_long ? length : 1] != '\0')
        return usage(cli, "option %s takes no value, and stands by itself", word);
    if (option->value == NULL)
        return give(cli, option, "");
    if (is_long && name[length] == '=')
        return give(cli, option, name + length + 1);
    if (!is_long && name[1] != '\0')
        return give(cli, option, name + 1);
    if (*index + 1 >= argc)
        return usage(cli, "option %s needs a value", word);
    (*index)++;
    return give(cli, option, argv[*index]);
}

static bool take_words(Cli *cli, int argc, const char *const *argv)
{
    bool only_arguments = false;
    for (int i = 2; i < argc; i++) {
        if (!only_arguments && text_equal(argv[i], "--")) {
            only_arguments = true;
        } else if (!only_arguments && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take_option(cli, argc, argv, &i))
                return false;
        } else if (cli->arguments_count == CLI_ARGUMENTS_MAX) {
            return usage(cli, "too many arguments at %s", argv[i]);
        } else {
            cli->arguments[cli->arguments_count++] = argv[i];
        }
    }
    return true;
}

bool cli_parse(Cli *cli, int argc, const char *const *argv)
{
    const char *name = argc < 2 ? "help" : argv[1];
    if (text_equal(name, "--help") || text_equal(name, "-h"))
        name = "help";
    if (text_equal(name, "--version"))
        name = "version";
    cli->command = cli_command_find(name);
    if (cli->command == NULL)
        return command_unknown(name);
    if (!take_words(cli, argc, argv))
        return false;
    if (cli_flag(cli, "help"))
        return true;
    if (cli->arguments_count < cli->command->arguments_min)
        return usage(cli, "%s is missing", cli->command->arguments);
    if (cli->arguments_count > cli->command->arguments_max)
        return usage(cli, "\"%s\" is one argument too many",
                     cli->arguments[cli->command->arguments_max]);
    return true;
}

const char *cli_option(const Cli *cli, const char *name)
{
    for (int i = cli->given_count - 1; i >= 0; i--) {
        if (text_equal(cli->given[i].name, name))
            return cli->given[i].value;
    }
    const CliOption *option = option_find(cli, name, strlen(name), 0);
    const char *value =
        option == NULL || option->variable == NULL ? NULL : getenv(option->variable);
    return text_empty(value) ? NULL : value;
}

const char *cli_option_nth(const Cli *cli, const char *name, int n)
{
    for (int i = 0; i < cli->given_count; i++) {
        if (text_equal(cli->given[i].name, name) && n-- == 0)
            return cli->given[i].value;
    }
    return NULL;
}

bool cli_option_number(const Cli *cli, const CliNumber *number, int64_t *ret_value, Error *err)
{
    const char *text = cli_option(cli, number->option);
    char *end = NULL;
    char until[32] = "";
    if (text == NULL) {
        *ret_value = number->otherwise;
        return true;
    }
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && value >= number->least &&
        value <= number->most) {
        *ret_value = value;
        return true;
    }
    if (number->most != INT64_MAX)
        snprintf(until, sizeof(until), " to %" PRId64, number->most);
    return error_set(err, ERROR_INPUT, "--%s is a number from %" PRId64 "%s, not \"%.40s\"",
                     number->option, number->least, until, text);
}

bool cli_flag(const Cli *cli, const char *name)
{
    return cli_option(cli, name) != NULL;
}

const char *cli_argument(const Cli *cli, int n)
{
    return n < cli->arguments_count ? cli->arguments[n] : NULL;
}

bool cli_yes(void)
{
    char answer[16] = "";
    return fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

void cli_print_json(const json_t *value)
{
    AUTO(base_free) char *text = json_text(value);
    puts(text);
}

CliExit cli_fail(const Error *err)
{
    static const struct {
        ErrorKind kind;
        CliExit exit;
    } EXITS[] = {
        {ERROR_INPUT, CLI_FAILED},
        {ERROR_REFUSED, CLI_NOT_PERMITTED},
        {ERROR_CANCELLED, CLI_INTERRUPTED},
    };
    char message[sizeof(err->message)];
    memcpy(message, err->message, sizeof(message));
    log_redact(message);
    fprintf(stderr, "headgate: %s%s%s%s\n", message, err->sqlstate[0] == '\0' ? "" : " (SQLSTATE ",
            err->sqlstate, err->sqlstate[0] == '\0' ? "" : ")");
    if (err->hint[0] != '\0')
        fprintf(stderr, "  next: %s\n", err->hint);
    for (size_t i = 0; i < COUNT_OF(EXITS); i++) {
        if (EXITS[i].kind == err->kind)
            return EXITS[i].exit;
    }
    return CLI_FAILED;
}
