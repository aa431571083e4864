/* schema: what a database is made of, as the file that verify's schema_equal compares with. */
#include "cli/commands.h"
#include "cli/context.h"
#include "data/catalog.h"

#include <stdio.h>

static bool read_catalog(DbConn *conn, json_t **ret_catalog, Error *err)
{
    bool ok = db_begin_snapshot(conn, err) && data_catalog_read(conn, 0, ret_catalog, err);
    db_rollback(conn);
    return ok;
}

static bool print(Cli *cli, const CliContext *context, Error *err)
{
    const char *name = cli_argument(cli, 0) == NULL ? "app" : cli_argument(cli, 0);
    const ConfigTarget *target = config_target(context->environment, name);
    AUTO(db_close_auto) DbConn *conn = NULL;
    AUTO(json_auto) json_t *catalog = NULL;
    AUTO(text_done) Text text;
    text_init(&text, CATALOG_TEXT_BYTES);
    if (target == NULL)
        return error_set(err, ERROR_INPUT, "environment \"%s\" has no target \"%s\"",
                         context->environment->name, name);
    if (!cli_context_target(cli, target, true, &conn, err) || !read_catalog(conn, &catalog, err))
        return error_wrap(err, "target \"%s\"", name);
    if (cli_flag(cli, "json")) {
        cli_print_json(catalog);
        return true;
    }
    data_catalog_write(catalog, &text);
    if (text.overflowed)
        return error_set(err, ERROR_INPUT, "the schema is larger than %d MiB",
                         CATALOG_TEXT_BYTES >> 20);
    fputs(text_string(&text), stdout);
    return true;
}

CliExit cli_schema(Cli *cli)
{
    Error err = {0};
    CliContext context = {0};
    bool ok = cli_context_open(cli, NULL, &context, &err) && print(cli, &context, &err);
    if (context.arena != NULL)
        cli_context_done(&context);
    return ok ? CLI_OK : cli_fail(&err);
}
