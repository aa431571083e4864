/* report: the filled-in check-list, to the terminal or a file. */
#include "base/fault.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool write_out(const Cli *cli, const char *text, Error *err)
{
    const char *path = cli_option(cli, "output");
    if (path == NULL) {
        fputs(text, stdout);
        return true;
    }
    FILE *file = fopen(path, "we");
    if (file == NULL || FAULT_FAILS("file.report") || fputs(text, file) < 0 || fclose(file) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    return true;
}

static bool find_format(const Cli *cli, const ReportFormat **ret_format, Error *err)
{
    const char *name = cli_option(cli, "format");
    *ret_format = server_report_format(name == NULL ? "text" : name);
    if (*ret_format != NULL)
        return true;
    AUTO(text_done) Text known;
    text_init(&known, sizeof(err->message));
    for (size_t i = 0; i < REPORT_FORMATS_COUNT; i++)
        text_printf(&known, "%s%s",
                    i == 0                         ? ""
                    : i + 1 < REPORT_FORMATS_COUNT ? ", "
                                                   : " or ",
                    REPORT_FORMATS[i].name);
    return error_set(err, ERROR_INPUT, "--format is %s, not %s", text_string(&known), name);
}

bool cli_report_read(const Cli *cli, const CliContext *context, DbConn *state, int64_t run,
                     json_t **ret_report, Error *err)
{
    const DbTarget here = {.conninfo = context->state->url};
    ServerTargets *targets = targets_new(cli->loop, &here, context->config);
    bool ok = server_report_read(state, targets, run, ret_report, err);
    targets_free(targets);
    return ok;
}

static bool report(const Cli *cli, const CliContext *context, DbConn *state, int64_t run,
                   Error *err)
{
    const ReportFormat *format = NULL;
    AUTO(json_auto) json_t *document = NULL;
    AUTO(text_done) Text text;
    text_init(&text, REPORT_MAX_BYTES);
    if (!find_format(cli, &format, err) ||
        !cli_report_read(cli, context, state, run, &document, err))
        return false;
    server_report_write(format, document, &text);
    return write_out(cli, text_string(&text), err);
}

CliExit cli_report(Cli *cli)
{
    Error err = {0};
    CliContext context = {0};
    DbConn *state = NULL;
    int64_t run = 0;
    bool ok = cli_context_open(cli, NULL, &context, &err) &&
              cli_context_connect(cli, &context, false, &state, &err) &&
              cli_context_run(state, cli_argument(cli, 0), &run, &err) &&
              report(cli, &context, state, run, &err);
    db_close(state);
    if (context.arena != NULL)
        cli_context_done(&context);
    return ok ? CLI_OK : cli_fail(&err);
}
