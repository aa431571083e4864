/* tune: how fast the row work of a run goes, while it runs. */
#include "base/bounds.h"
#include "base/clock.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "ledger/run.h"
#include "run/tune.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool set_speed(const Cli *cli, json_t *body, Error *err)
{
    const char *text = cli_option(cli, "speed");
    char *end = NULL;
    if (text == NULL)
        return true;
    double number = strtod(text, &end);
    if (end == text || (*end != '\0' && !text_equal(end, "%")) || !isfinite(number))
        return error_set(err, ERROR_INPUT, "--speed takes a number, not \"%s\"", text);
    json_object_set_new(body, "speed", json_real(number));
    return true;
}

static bool set_workers(const Cli *cli, json_t *body, Error *err)
{
    const CliNumber number = {.option = "workers", .least = 1, .most = BOUND_WORKERS};
    int64_t workers = 0;
    if (!cli_option_number(cli, &number, &workers, err))
        return false;
    if (workers > 0)
        json_set_int(body, "workers", workers);
    return true;
}

static bool set_duration(const Cli *cli, const char *option, const char *key, json_t *body,
                         Error *err)
{
    const char *text = cli_option(cli, option);
    int64_t us = 0;
    if (text == NULL)
        return true;
    if (!duration_parse(text, &us, err))
        return error_wrap(err, "--%s", option);
    json_set_int(body, key, us);
    return true;
}

static bool read_body(Cli *cli, json_t *body, Error *err)
{
    const char *path = cli_argument(cli, 1);
    const char *message = cli_option(cli, "message");
    json_set_string(body, "why", message == NULL ? "" : message);
    if (path != NULL)
        json_set_string(body, "path", path);
    return set_speed(cli, body, err) && set_workers(cli, body, err) &&
           set_duration(cli, "batch-time", "batch_us", body, err) &&
           set_duration(cli, "pause", "pause_us", body, err) && run_tune_check(body, err);
}

static bool at_work(const CliAsk *ask, Error *err)
{
    const char *state = json_get_string(ask->head, "state", "");
    bool works = text_equal(state, "running") || text_equal(state, "throttled");
    return works || error_set(err, ERROR_REFUSED,
                              "run %" PRId64 " is %s: only row work that runs can be tuned",
                              ask->run, state);
}

CliExit cli_tune(Cli *cli)
{
    Error err = {0};
    CliAsk ask = {0};
    AUTO(json_auto) json_t *body = json_object();
    bool ok = read_body(cli, body, &err) && cli_ask_open(cli, &ask, &err) && at_work(&ask, &err) &&
              cli_ask_request(&ask, "tune", body, &err);
    CliExit code = ok ? CLI_OK : cli_fail(&err);
    if (ok)
        fprintf(stderr, "tune of run %" PRId64 " asked\n", ask.run);
    cli_ask_done(&ask);
    return code;
}
