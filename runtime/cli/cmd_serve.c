/* serve: the supervisor. */
#include "base/log.h"
#include "cli/commands.h"
#include "cli/supervise.h"

#include <stdio.h>
#include <unistd.h>

CliExit cli_serve(Cli *cli)
{
    Error err = {0};
    CliContext context = {0};
    CliSupervisor *supervisor = NULL;
    const char *plans = cli_option(cli, "plans");
    log_set_process("supervisor");
    CliSuperviseOptions options = {.listen = cli_option(cli, "listen"),
                                   .public_url = cli_option(cli, "public-url"),
                                   .tls_cert = cli_option(cli, "tls-cert"),
                                   .tls_key = cli_option(cli, "tls-key"),
                                   .trust_header = cli_option(cli, "trust-header"),
                                   .trusted_proxy = cli_option(cli, "trusted-proxy"),
                                   .plans = plans == NULL ? "plans" : plans,
                                   .web_root = cli_option(cli, "web-root")};
    if (!cli_context_open(cli, NULL, &context, &err) ||
        !cli_supervise_start(cli, &context, &options, &supervisor, &err)) {
        cli_context_done(&context);
        return cli_fail(&err);
    }
    printf("headgate serves %s (Ctrl-C ends it; runs go on)\n",
           server_url(cli_supervise_server(supervisor)));
    fflush(stdout);
    while (cli->signals == 0)
        fiber_event_wait(&cli->signalled, -1);
    cli_supervise_stop(supervisor);
    cli_context_done(&context);
    return CLI_OK;
}
