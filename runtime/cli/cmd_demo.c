/* demo: everything on a private PostgreSQL. On a terminal it prints log-in links and waits for
 * people; without one it decides like them. */
#include "access/token.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/demo.h"
#include "cli/follow.h"
#include "cli/param.h"
#include "cli/report.h"
#include "cli/supervise.h"
#include "db/cluster.h"
#include "ledger/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EVENTS_USUAL = 1005 };

typedef struct Demo {
    Cli *cli;
    Arena *arena;
    DbCluster *cluster;
    CliContext context;
    bool context_open;
    CliSupervisor *supervisor;
    CliDemoApp *app;
    CliDemoPeople *people;
    const char *folder;
    const char *tokens[CLI_DEMO_PEOPLE_MAX];
    size_t tokens_count;
    int64_t run;
} Demo;

static const struct Person {
    const char *name;
    const char *role;
    const char *what; /* NULL: only the automatic demo needs them */
    bool approves;
} PEOPLE[] = {
    {"alice", "administrator", "started the run; nobody approves their own", false},
    {"bob", "operator", "approves as admin, decides the review", true},
    {"carol", "operator", "approves as product", true},
    {"dave", "operator", NULL, true},
};

static void say(const char *text)
{
    printf("demo: %s\n", text);
    fflush(stdout);
}

static const char *plan_folder(const Cli *cli, Arena *arena)
{
    const char *said = cli_option(cli, "plan");
    if (said != NULL)
        return said;
    static const char NAME[] = "plans/canonical-events";
    return access(NAME, F_OK) == 0 ? NAME : arena_printf(arena, "%s/%s", HEADGATE_SOURCE_DIR, NAME);
}

static bool start_database(Demo *demo, Error *err)
{
    const char *directory = cli_option(demo->cli, "directory");
    const CliNumber number = {
        .option = "events", .otherwise = EVENTS_USUAL, .least = 0, .most = INT32_MAX};
    int64_t events = 0;
    if (!cli_option_number(demo->cli, &number, &events, err))
        return false;
    say("starting a private PostgreSQL on a unix socket; nothing of yours is touched");
    DbClusterOptions options = {.directory = directory, .keep = directory != NULL, .durable = true};
    if (!db_cluster_start(demo->cli->loop, &options, &demo->cluster, err))
        return false;
    const char *conninfo = db_cluster_conninfo(demo->cluster);
    setenv("DATABASE_URL", conninfo, 1);
    setenv("HEADGATE_HOME",
           arena_printf(demo->arena, "%s/headgate", db_cluster_directory(demo->cluster)), 0);
    say("loading the application's tables");
    return cli_demo_load(demo->cli, conninfo, demo->folder, events, err) &&
           (!cli_flag(demo->cli, "breach") || cli_demo_breach(demo->cli, conninfo, err));
}

static bool add_person(Demo *demo, DbConn *state, const struct Person *person, Error *err)
{
    Error exists = {0};
    if (!access_person_add(state, person->name, person->role, &exists) &&
        exists.kind != ERROR_CONFLICT) {
        *err = exists;
        return false;
    }
    if (!person->approves)
        return true;
    char token[ACCESS_TOKEN_BYTES];
    AccessTokenNew options = {.person = person->name,
                              .kind = "api",
                              .label = "demo",
                              .lasts_us = INT64_C(86400) * 1000000};
    if (!access_token_create(state, &options, token, err))
        return false;
    demo->tokens[demo->tokens_count++] = arena_strdup(demo->arena, token);
    return true;
}

static bool add_people(Demo *demo, Error *err)
{
    AUTO(db_close_auto) DbConn *state = NULL;
    int version = 0;
    if (!cli_context_connect(demo->cli, &demo->context, true, &state, err) ||
        !ledger_schema_version(state, &version, err) ||
        (version == 0 && !ledger_schema_install(state, NULL, err)))
        return false;
    for (size_t i = 0; i < COUNT_OF(PEOPLE); i++) {
        if (!add_person(demo, state, &PEOPLE[i], err))
            return false;
    }
    return true;
}

static bool print_links(Demo *demo, Error *err)
{
    AUTO(db_close_auto) DbConn *state = NULL;
    if (!cli_context_connect(demo->cli, &demo->context, false, &state, err))
        return false;
    printf("\nThe dashboard is at %s\nOpen these links in different browsers (or private windows); "
           "each works once:\n",
           server_url(cli_supervise_server(demo->supervisor)));
    for (size_t i = 0; i < COUNT_OF(PEOPLE); i++) {
        char token[ACCESS_TOKEN_BYTES];
        AccessTokenNew options = {.person = PEOPLE[i].name,
                                  .kind = "once",
                                  .label = "demo",
                                  .lasts_us = INT64_C(86400) * 1000000};
        if (PEOPLE[i].what == NULL)
            continue;
        if (!access_token_create(state, &options, token, err))
            return false;
        printf("  %s/#token=%s\n      %s: %s\n", server_url(cli_supervise_server(demo->supervisor)),
               token, PEOPLE[i].name, PEOPLE[i].what);
    }
    putchar('\n');
    fflush(stdout);
    return true;
}

static bool start_server(Demo *demo, Error *err)
{
    const char *listen = cli_option(demo->cli, "listen");
    CliSuperviseOptions options = {.listen = listen,
                                   .plans = arena_printf(demo->arena, "%s/..", demo->folder)};
    if (cli_supervise_start(demo->cli, &demo->context, &options, &demo->supervisor, err))
        return true;
    options.listen = "127.0.0.1:0";
    return listen == NULL &&
           cli_supervise_start(demo->cli, &demo->context, &options, &demo->supervisor, err);
}

static bool create_run(Demo *demo, Error *err)
{
    CliPlan plan = {0};
    bool ok = cli_evaluate_folder(demo->cli, &demo->context, demo->folder, &plan, err) &&
              cli_param_take(demo->cli, &plan, err) &&
              cli_launch_create(demo->cli, &demo->context, NULL, &plan,
                                &(CliStarter){.person = "alice"}, &demo->run, err) &&
              cli_supervise_adopt(demo->supervisor, demo->run, err);
    cli_plan_done(&plan);
    return ok;
}

static bool prepare(Demo *demo, Error *err)
{
    setenv("HEADGATE_ENV", "demo", 0);
    if (!start_database(demo, err) ||
        !cli_context_open(demo->cli, demo->folder, &demo->context, err))
        return false;
    demo->context_open = true;
    return add_people(demo, err) && start_server(demo, err);
}

static CliExit judge(const Demo *demo, CliExit code)
{
    bool breach = cli_flag(demo->cli, "breach");
    if (breach)
        return code == CLI_ROLLED_BACK ? CLI_OK : CLI_FAILED;
    return code;
}

static bool play(Demo *demo, CliExit *ret_exit, Error *err)
{
    bool by_itself =
        cli_flag(demo->cli, "auto") || isatty(STDOUT_FILENO) != 1 || isatty(STDIN_FILENO) != 1;
    const char *conninfo = db_cluster_conninfo(demo->cluster);
    demo->app = cli_demo_app_start(demo->cli, conninfo);
    if (!create_run(demo, err))
        return false;
    if (by_itself)
        demo->people =
            cli_demo_people_start(demo->cli, server_url(cli_supervise_server(demo->supervisor)),
                                  demo->tokens, demo->tokens_count, demo->run);
    else if (!print_links(demo, err))
        return false;
    CliFollow follow = {.run = demo->run};
    if (!cli_follow(demo->cli, &demo->context, &follow, ret_exit, err))
        return false;
    *ret_exit = judge(demo, *ret_exit);
    AUTO(db_close_auto) DbConn *state = NULL;
    AUTO(json_auto) json_t *report = NULL;
    AUTO(text_done) Text text;
    text_init(&text, REPORT_MAX_BYTES);
    if (!cli_context_connect(demo->cli, &demo->context, false, &state, err) ||
        !cli_report_read(demo->cli, &demo->context, state, demo->run, &report, err))
        return false;
    server_report_write(server_report_format("text"), report, &text);
    fputs(text_string(&text), stdout);
    fflush(stdout);
    while (cli_flag(demo->cli, "stay") && demo->cli->signals == 0)
        fiber_event_wait(&demo->cli->signalled, -1);
    return true;
}

static void demo_done(Demo *demo)
{
    cli_demo_people_stop(demo->people);
    cli_demo_app_stop(demo->app);
    if (demo->supervisor != NULL)
        cli_supervise_stop(demo->supervisor);
    if (demo->context_open)
        cli_context_done(&demo->context);
    db_cluster_free(demo->cluster);
    arena_free(demo->arena);
}

CliExit cli_demo(Cli *cli)
{
    Error err = {0};
    CliExit code = CLI_FAILED;
    Demo demo = {.cli = cli, .arena = arena_new()};
    demo.folder = plan_folder(cli, demo.arena);
    bool ok = prepare(&demo, &err) && play(&demo, &code, &err);
    demo_done(&demo);
    return ok ? code : cli_fail(&err);
}
