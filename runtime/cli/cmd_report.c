/* report: text, Markdown or JSON, to the terminal or a file. */
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

static bool report(const CliReport *of, Error *err)
{
    const char *format = cli_option(of->cli, "format");
    AUTO(text_done) Text text;
    text_init(&text, (size_t)16 << 20);
    if (text_equal(format, "json")) {
        AUTO(json_auto) json_t *document = NULL;
        if (!cli_report_json(of, &document, err))
            return false;
        AUTO(base_free) char *dumped = json_text(document);
        text_printf(&text, "%s\n", dumped);
    } else if (text_equal(format, "md")) {
        if (!cli_report_markdown(of, &text, err))
            return false;
    } else if (format != NULL && !text_equal(format, "text")) {
        return error_set(err, ERROR_INPUT, "--format is text, md or json, not %s", format);
    } else if (!cli_report_text(of, &text, err)) {
        return false;
    }
    return write_out(of->cli, text_string(&text), err);
}

CliExit cli_report(Cli *cli)
{
    Error err = {0};
    CliContext context = {0};
    DbConn *state = NULL;
    int64_t run = 0;
    bool ok =
        cli_context_open(cli, NULL, &context, &err) &&
        cli_context_connect(cli, &context, false, &state, &err) &&
        cli_context_run(state, cli_argument(cli, 0), &run, &err) &&
        report(&(CliReport){.cli = cli, .context = &context, .state = state, .run = run}, &err);
    db_close(state);
    if (context.arena != NULL)
        cli_context_done(&context);
    return ok ? CLI_OK : cli_fail(&err);
}
