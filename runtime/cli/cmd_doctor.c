/* doctor: what must be right before the first effect, with what to do where it is not. */
#include "cli/commands.h"
#include "cli/context.h"
#include "db/env.h"
#include "ledger/call.h"
#include "ledger/schema.h"

#include <stdio.h>

typedef struct Doctor {
    Cli *cli;
    CliContext context;
    json_t *findings;
    int bad;
} Doctor;

typedef enum Finding { FINDING_OK, FINDING_WARN, FINDING_BAD } Finding;

static void found(Doctor *doctor, Finding finding, const char *what, const char *text,
                  const char *hint)
{
    static const char *const WORDS[] = {"ok", "warn", "bad"};
    json_t *item = json_object();
    json_set_string(item, "finding", WORDS[finding]);
    json_set_string(item, "what", what);
    json_set_string(item, "text", text);
    json_set_string(item, "hint", hint);
    json_array_append_new(doctor->findings, item);
    doctor->bad += finding == FINDING_BAD;
    if (!cli_flag(doctor->cli, "json"))
        printf("%-4s  %s: %s%s%s\n", WORDS[finding], what, text,
               text_empty(hint) ? "" : "\n      next: ", text_empty(hint) ? "" : hint);
}

static void check_program(Doctor *doctor, const char *name)
{
    const char *path = NULL;
    Error err = {0};
    bool there = db_env_program(doctor->context.arena, name, &path, &err);
    found(doctor, there ? FINDING_OK : FINDING_WARN, name, there ? path : err.message,
          there ? NULL : err.hint);
}

static void check_privileges(Doctor *doctor, DbConn *conn, const char *target)
{
    Error err = {0};
    AUTO(db_result_auto) DbResult *result = NULL;
    LedgerParams *none = NULL;
    if (!ledger_call(conn, "doctor_privileges", none, &result, &err)) {
        found(doctor, FINDING_BAD, target, err.message, err.hint);
        return;
    }
    for (int i = 0; i < db_rows(result); i++)
        found(doctor, db_bool(result, i, 1) ? FINDING_OK : FINDING_WARN, db_value(result, i, 0),
              db_value(result, i, 2), db_bool(result, i, 1) ? NULL : db_value(result, i, 3));
}

static void check_schema(Doctor *doctor, DbConn *conn, const char *target)
{
    Error err = {0};
    int version = 0;
    char text[128];
    if (!ledger_schema_version(conn, &version, &err)) {
        found(doctor, FINDING_BAD, target, err.message, err.hint);
        return;
    }
    snprintf(text, sizeof(text),
             version == 0 ? "the schema headgate is not installed yet"
                          : "schema headgate, version %d",
             version);
    bool newer = version > LEDGER_SCHEMA_VERSION;
    found(doctor, newer ? FINDING_BAD : FINDING_OK, target, text,
          version == 0 ? "the first run installs it, or headgate ledger install" : NULL);
}

static void check_target(Doctor *doctor, const ConfigTarget *target)
{
    Error err = {0};
    AUTO(db_close_auto) DbConn *conn = NULL;
    char text[256];
    if (!cli_context_target(doctor->cli, target, false, &conn, &err)) {
        found(doctor, FINDING_BAD, target->name, err.message, err.hint);
        return;
    }
    snprintf(text, sizeof(text), "%s, PostgreSQL %d.%d", target->shown,
             db_server_version(conn) / 10000, db_server_version(conn) % 100);
    found(doctor, FINDING_OK, target->name, text, NULL);
    check_schema(doctor, conn, target->name);
    check_privileges(doctor, conn, target->name);
}

CliExit cli_doctor(Cli *cli)
{
    Error err = {0};
    Doctor doctor = {.cli = cli, .findings = json_array()};
    if (!cli_context_open(cli, NULL, &doctor.context, &err))
        return cli_fail(&err);
    found(&doctor, FINDING_OK, "configuration",
          doctor.context.config_path == NULL ? "none: DATABASE_URL or PG* variables"
                                             : doctor.context.config_path,
          NULL);
    check_program(&doctor, "pg_dump");
    check_program(&doctor, "pg_restore");
    for (size_t i = 0; i < doctor.context.environment->targets_count; i++)
        check_target(&doctor, &doctor.context.environment->targets[i]);
    if (cli_flag(cli, "json"))
        cli_print_json(doctor.findings);
    json_decref(doctor.findings);
    cli_context_done(&doctor.context);
    return doctor.bad == 0 ? CLI_OK : CLI_CHECK_FAILED;
}
