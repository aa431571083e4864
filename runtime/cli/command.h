/* The command table: names, arguments, options and docs of every command. Parsing, help,
 * completions and the manual page come from it. */
#ifndef HEADGATE_CLI_COMMAND_H
#define HEADGATE_CLI_COMMAND_H

#include "base/json.h"
#include "base/text.h"
#include "loop/fiber.h"

/// What a process says by its exit code (`headgate help exit-codes`).
typedef enum CliExit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_CHECK_FAILED = 4, ///< a check or verification failed
    CLI_NOT_PERMITTED = 5,
    CLI_AT_GATE = 6, ///< stopped at a gate (--no-wait)
    CLI_NEEDS_REVIEW = 7,
    CLI_ROLLED_BACK = 8,     ///< a guard was breached; rolled back cleanly
    CLI_ROLLBACK_FAILED = 9, ///< needs a person
    CLI_AGAIN = 75,          ///< of a runner, to its parent: start another
    CLI_INTERRUPTED = 130,
} CliExit;

typedef struct CliOption {
    const char *name;     ///< "env": --env
    char letter;          ///< 'e': -e; 0 = none
    const char *value;    ///< "ENV"; NULL = a flag
    const char *variable; ///< environment variable that gives its default; NULL = none
    const char *doc;
} CliOption;

typedef struct Cli Cli;
typedef struct CliCommand CliCommand;
/// Runs in a fiber. Returns the exit code.
typedef CliExit CliMain(Cli *cli);

struct CliCommand {
    const char *name;
    const char *arguments; ///< "PLAN", "RUN GATE", "[RUN]"
    int arguments_min;
    int arguments_max;
    const char *doc;          ///< one line
    const char *more;         ///< paragraphs for its own help and the manual; NULL = none
    const CliOption *options; ///< ends with a row whose name is NULL
    CliMain *main;
    bool hidden; ///< internal: started by ourselves
    bool lua;    ///< runs Lua: its parent watches it
};

enum { CLI_ARGUMENTS_MAX = 32, CLI_OPTIONS_MAX = 96 };

/// One invocation.
struct Cli {
    Loop *loop;
    const CliCommand *command;
    const char *program; ///< full path of this binary
    const char *arguments[CLI_ARGUMENTS_MAX];
    int arguments_count;
    struct {
        const char *name;
        const char *value;
    } given[CLI_OPTIONS_MAX];
    int given_count;
    CliExit exit;
    FiberEvent signalled; ///< SIGINT or SIGTERM came
    int signals;          ///< how many
};

extern const CliCommand CLI_COMMANDS[];
extern const CliOption CLI_GLOBAL_OPTIONS[];
const CliCommand *cli_command_find(const char *name);

/// Fills cli from argv; prints what is wrong (with did-you-mean) and returns false.
bool cli_parse(Cli *cli, int argc, const char *const *argv);
/// The value of an option: as given, or from its variable, or NULL.
const char *cli_option(const Cli *cli, const char *name);
bool cli_flag(const Cli *cli, const char *name);
/// The n-th value (from 0) of an option that may be given several times, or NULL.
const char *cli_option_nth(const Cli *cli, const char *name, int n);
/// A whole number that an option takes.
typedef struct CliNumber {
    const char *option;
    int64_t otherwise; ///< when it is not given
    int64_t least;
    int64_t most; ///< INT64_MAX = no end
} CliNumber;
/// ERROR_INPUT for anything else: "", "9O" and "-1" must not become a number that nobody meant.
NODISCARD bool cli_option_number(const Cli *cli, const CliNumber *number, int64_t *ret_value,
                                 Error *err);
/// The n-th argument or NULL.
const char *cli_argument(const Cli *cli, int n);

/// Help of one command, or the list of all.
void cli_help_command(const CliCommand *command, Text *out);
void cli_help_all(Text *out);
void cli_completion_bash(Text *out);
void cli_manual(Text *out);        ///< mdoc
void cli_docs_markdown(Text *out); ///< docs/cli.md

/// What a person answers on the terminal: anything but y is no.
bool cli_yes(void);
/// What --json gives: value as one line on stdout.
void cli_print_json(const json_t *value);
/// Prints "headgate: message" and the hint on stderr, secrets redacted, and returns the exit code
/// that fits the kind.
CliExit cli_fail(const Error *err);

#endif
