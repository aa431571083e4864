/* The parts of `headgate demo`: the simulated application, and the people who decide when nobody is
 * at the terminal. */
#ifndef HEADGATE_CLI_DEMO_H
#define HEADGATE_CLI_DEMO_H

#include "cli/api.h"
#include "cli/context.h"

/// Waits. Runs the .sql files of the plan's demo folder that exist (schema, load, application),
/// with {{events}} replaced.
NODISCARD bool cli_demo_load(const Cli *cli, const char *conninfo, const char *plan_folder,
                             int64_t events, Error *err);
/// Waits. The application fails when its flag lets in 50 %.
NODISCARD bool cli_demo_breach(const Cli *cli, const char *conninfo, Error *err);

/// A fiber that plays requests until it is stopped.
typedef struct CliDemoApp CliDemoApp;
CliDemoApp *cli_demo_app_start(const Cli *cli, const char *conninfo);
void cli_demo_app_stop(CliDemoApp *app);

/// A fiber that decides like the demo's people, through the HTTP API and with their tokens.
typedef struct CliDemoPeople CliDemoPeople;
enum { CLI_DEMO_PEOPLE_MAX = 8 };
CliDemoPeople *cli_demo_people_start(const Cli *cli, const char *url, const char *const *tokens,
                                     size_t count, int64_t run);
void cli_demo_people_stop(CliDemoPeople *people);

#endif
