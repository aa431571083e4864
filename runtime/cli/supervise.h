/* What serve and demo share: the server with its hooks, and the runners it keeps alive. */
#ifndef HEADGATE_CLI_SUPERVISE_H
#define HEADGATE_CLI_SUPERVISE_H

#include "cli/launch.h"
#include "server/server.h"

typedef struct CliSupervisor CliSupervisor;

typedef struct CliSuperviseOptions {
    const char *listen; ///< NULL = default
    const char *public_url;
    const char *tls_cert;
    const char *tls_key;
    const char *trust_header;
    const char *trusted_proxy;
    const char *plans; ///< folder whose plans can be started; NULL = none
    const char *web_root;
} CliSuperviseOptions;

/// Waits. Starts the server. context is borrowed and must outlive it.
NODISCARD bool cli_supervise_start(Cli *cli, CliContext *context,
                                   const CliSuperviseOptions *options,
                                   CliSupervisor **ret_supervisor, Error *err);
Server *cli_supervise_server(const CliSupervisor *supervisor);
/// Waits. Starts a runner for a run and keeps it alive.
NODISCARD bool cli_supervise_adopt(CliSupervisor *supervisor, int64_t run, Error *err);
/// Waits. Stops the server; runners go on by themselves.
void cli_supervise_stop(CliSupervisor *supervisor);

#endif
