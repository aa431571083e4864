/* The process: parses, makes the loop, runs the command in a fiber. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/execute.h"

#include "base/fault.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void run_command(void *arg)
{
    Cli *cli = arg;
    cli->exit = cli->command->main(cli);
    loop_stop(cli->loop);
}

/* The third one ends the process at once; the lease expires by itself. */
static void on_signal(void *ctx, int signum)
{
    Cli *cli = ctx;
    cli->signals++;
    if (cli->signals >= 3)
        _exit(128 + signum);
    fiber_event_broadcast(&cli->signalled);
}

static void set_log_level(const Cli *cli)
{
    const char *level = cli_option(cli, "log");
    static const char *const NAMES[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        if (text_equal(NAMES[i], level))
            log_set_level((LogLevel)i);
    }
}

/* Children are started by this path, whatever the folder they start in. */
static const char *own_path(char *buffer, size_t size, const char *otherwise)
{
    ssize_t length = readlink("/proc/self/exe", buffer, size - 1);
    if (length <= 0)
        return otherwise;
    buffer[length] = '\0';
    return buffer;
}

/* The leak check of a build with AddressSanitizer traces its own process. HEADGATE_TRACEABLE is for
 * debuggers, and for tests that find processes by their environment. */
static void seal(void)
{
#if !defined(__SANITIZE_ADDRESS__)
    if (getenv("HEADGATE_TRACEABLE") == NULL)
        base_seal_memory();
#endif
}

/* Connecting and cancelling block a thread each while a server does not answer. All threads of the
 * pool are made with the first that is needed: too much for "run", which has one connection and
 * often nothing to do. What we start ourselves does not inherit our number. */
static void set_threads(const CliCommand *command)
{
    setenv("UV_THREADPOOL_SIZE", command->main == cli_run ? "4" : "16", command->hidden);
}

int main(int argc, char **argv)
{
    seal();
    if (argc > 1 && text_equal(argv[1], "execute"))
        return cli_execute(argc, argv);
    static Cli cli;
    static char path[4096];
    cli.program = own_path(path, sizeof(path), argv[0]);
    log_set_level(LOG_WARN);
    if (!cli_parse(&cli, argc, (const char *const *)argv))
        return CLI_USAGE;
    set_log_level(&cli);
    FAULT_PROCESS(cli.command->name);
    if (cli_flag(&cli, "help")) {
        AUTO(text_done) Text text;
        text_init(&text, (size_t)1 << 20);
        cli_help_command(cli.command, &text);
        fputs(text_string(&text), stdout);
        return CLI_OK;
    }
    set_threads(cli.command);
    cli.loop = loop_new();
    loop_on_signal(cli.loop, SIGINT, on_signal, &cli);
    loop_on_signal(cli.loop, SIGTERM, on_signal, &cli);
    fiber_start(cli.loop, cli.command->name, run_command, &cli);
    loop_run(cli.loop);
    fflush(stdout);
    /* Fibers of detached runners may still wait: the process ends with them, and nothing is lost.
     */
    _exit((int)cli.exit);
}
