/* Help, completions, manual page and docs/cli.md: all from the command table. */
#include "cli/command.h"

#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

static const struct ExitDoc {
    CliExit code;
    const char *doc;
} EXITS[] = {
    {CLI_OK, "done"},
    {CLI_FAILED, "failed"},
    {CLI_USAGE, "wrong use of the command line"},
    {CLI_CHECK_FAILED, "a check or verification failed"},
    {CLI_NOT_PERMITTED, "not permitted, or not logged in"},
    {CLI_AT_GATE, "stopped at a gate (--no-wait)"},
    {CLI_NEEDS_REVIEW, "rows need review"},
    {CLI_ROLLED_BACK, "rolled back cleanly (a guard was breached, or somebody asked)"},
    {CLI_ROLLBACK_FAILED, "the rollback failed: it needs a person"},
    {CLI_INTERRUPTED, "interrupted; the run is paused and can be resumed"},
};

static void option_left(const CliOption *option, char *out, size_t size)
{
    char letter[8] = "    ";
    if (option->letter != 0)
        snprintf(letter, sizeof(letter), "-%c, ", option->letter);
    snprintf(out, size, "%s--%s%s%s", letter, option->name, option->value == NULL ? "" : " ",
             option->value == NULL ? "" : option->value);
}

static void options_help(const CliOption *options, Text *out)
{
    for (; options->name != NULL; options++) {
        char left[80];
        option_left(options, left, sizeof(left));
        text_printf(out, "  %-26s %s", left, options->doc);
        if (options->variable != NULL)
            text_printf(out, " [%s]", options->variable);
        text_append(out, "\n");
    }
}

void cli_help_command(const CliCommand *command, Text *out)
{
    text_printf(out, "headgate %s%s%s [options]\n\n%s\n", command->name,
                text_empty(command->arguments) ? "" : " ", command->arguments, command->doc);
    if (command->more != NULL)
        text_printf(out, "\n%s\n", command->more);
    if (command->options->name != NULL) {
        text_append(out, "\nOptions:\n");
        options_help(command->options, out);
    }
    text_append(out, "\nOptions of every command:\n");
    options_help(CLI_GLOBAL_OPTIONS, out);
}

void cli_help_all(Text *out)
{
    text_append(
        out, "headgate runs risky PostgreSQL migrations as scripts: gated, watched, reversible.\n\n"
             "  headgate check plans/hello           mistakes, without a database\n"
             "  headgate plan plans/hello            what would happen here\n"
             "  headgate run plans/hello             do it\n"
             "  headgate demo                        see it all on a throw-away "
             "database\n\nCommands:\n");
    for (const CliCommand *command = CLI_COMMANDS; command->name != NULL; command++) {
        if (!command->hidden)
            text_printf(out, "  %-12s %-16s %s\n", command->name, command->arguments, command->doc);
    }
    text_append(out, "\nOptions of every command:\n");
    options_help(CLI_GLOBAL_OPTIONS, out);
    text_append(out, "\nheadgate help COMMAND shows its options; headgate help exit-codes lists "
                     "the exit codes.\n");
}

static void exit_codes(Text *out)
{
    for (size_t i = 0; i < COUNT_OF(EXITS); i++)
        text_printf(out, "%3d  %s\n", (int)EXITS[i].code, EXITS[i].doc);
}

static void option_words(const CliOption *options, Text *out)
{
    for (; options->name != NULL; options++)
        text_printf(out, " --%s", options->name);
}

void cli_completion_bash(Text *out)
{
    text_append(
        out,
        "# bash completion for headgate; written by `headgate completion bash`\n_headgate() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]}\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        "
        "mapfile -t COMPREPLY < <(compgen -W \"");
    for (const CliCommand *command = CLI_COMMANDS; command->name != NULL; command++) {
        if (!command->hidden)
            text_printf(out, "%s ", command->name);
    }
    text_append(out, "\" -- \"$word\")\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n");
    for (const CliCommand *command = CLI_COMMANDS; command->name != NULL; command++) {
        if (command->hidden)
            continue;
        text_printf(out, "    %s) mapfile -t COMPREPLY < <(compgen -f -W \"", command->name);
        option_words(command->options, out);
        option_words(CLI_GLOBAL_OPTIONS, out);
        text_append(out, "\" -- \"$word\") ;;\n");
    }
    text_append(out, "    esac\n}\ncomplete -F _headgate headgate\n");
}

static void mdoc_options(const CliOption *options, Text *out)
{
    text_append(out, ".Bl -tag -width Ds -compact\n");
    for (; options->name != NULL; options++) {
        text_printf(out, ".It Fl \\-%s", options->name);
        if (options->value != NULL)
            text_printf(out, " Ar %s", options->value);
        text_printf(out, "\n%s\n", options->doc);
    }
    text_append(out, ".El\n");
}

void cli_manual(Text *out)
{
    text_append(
        out, ".Dd November 21, 2026\n.Dt HEADGATE 1\n.Os\n.Sh NAME\n.Nm headgate\n.Nd run risky "
             "PostgreSQL migrations as scripts\n"
             ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar arguments\n.Op options\n.Sh DESCRIPTION\n.Nm\n"
             "runs plans written in Lua: phases, checks, backfills, gates, rollouts, "
             "rollback.\n.Sh COMMANDS\n");
    for (const CliCommand *command = CLI_COMMANDS; command->name != NULL; command++) {
        if (command->hidden)
            continue;
        text_printf(out, ".Ss %s %s\n%s.\n", command->name, command->arguments, command->doc);
        if (command->more != NULL)
            text_printf(out, "%s\n", command->more);
        if (command->options->name != NULL)
            mdoc_options(command->options, out);
    }
    text_append(out, ".Sh OPTIONS\nOptions of every command:\n");
    mdoc_options(CLI_GLOBAL_OPTIONS, out);
    text_append(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n");
    for (size_t i = 0; i < COUNT_OF(EXITS); i++)
        text_printf(out, ".It %d\n%s\n", (int)EXITS[i].code, EXITS[i].doc);
    text_append(out, ".El\n");
}

void cli_docs_markdown(Text *out)
{
    text_append(out, "# Command line\n\nWritten by `headgate docs cli` from the command table in "
                     "`runtime/cli/table.c`; a test compares.\n\n");
    for (const CliCommand *command = CLI_COMMANDS; command->name != NULL; command++) {
        if (command->hidden)
            continue;
        text_printf(out, "## `headgate %s%s%s`\n\n%s.\n", command->name,
                    text_empty(command->arguments) ? "" : " ", command->arguments, command->doc);
        if (command->more != NULL)
            text_printf(out, "\n%s\n", command->more);
        for (const CliOption *option = command->options; option->name != NULL; option++) {
            char left[80];
            option_left(option, left, sizeof(left));
            text_printf(out, "%s* `%s`: %s\n", option == command->options ? "\n" : "",
                        left + strspn(left, " "), option->doc);
        }
        text_append(out, "\n");
    }
    text_append(out, "## Options of every command\n\n");
    for (const CliOption *option = CLI_GLOBAL_OPTIONS; option->name != NULL; option++) {
        char left[80];
        option_left(option, left, sizeof(left));
        text_printf(out, "* `%s`: %s\n", left + strspn(left, " "), option->doc);
    }
    text_append(out, "\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n");
    for (size_t i = 0; i < COUNT_OF(EXITS); i++)
        text_printf(out, "| %d | %s |\n", (int)EXITS[i].code, EXITS[i].doc);
}

CliExit cli_help(Cli *cli)
{
    const char *name = cli_argument(cli, 0);
    const CliCommand *command = name == NULL ? NULL : cli_command_find(name);
    AUTO(text_done) Text text;
    text_init(&text, (size_t)1 << 20);
    if (text_equal(name, "exit-codes")) {
        exit_codes(&text);
    } else if (command != NULL) {
        cli_help_command(command, &text);
    } else if (name == NULL) {
        cli_help_all(&text);
    } else {
        fprintf(stderr, "headgate: there is no command \"%s\"\n", name);
        return CLI_USAGE;
    }
    fputs(text_string(&text), stdout);
    return CLI_OK;
}

CliExit cli_completion(Cli *cli)
{
    const char *shell = cli_argument(cli, 0);
    if (shell != NULL && !text_equal(shell, "bash")) {
        fprintf(stderr, "headgate: completions are written for bash, not for %s\n", shell);
        return CLI_USAGE;
    }
    AUTO(text_done) Text text;
    text_init(&text, (size_t)1 << 20);
    cli_completion_bash(&text);
    fputs(text_string(&text), stdout);
    return CLI_OK;
}
