/* fsck: are the ledger's invariants true? */
#include "cli/commands.h"
#include "cli/context.h"
#include "ledger/fsck.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct Fsck {
    Cli *cli;
    CliContext context;
    DbConn *state;
    int64_t run; /* 0 = all */
    json_t *runs;
    json_t *faults;
    size_t asked; /* runs whose effects were looked at */
} Fsck;

/* The effects of the runs that work on this target. */
static bool look_at_target(Fsck *fsck, const ConfigTarget *target, Error *err)
{
    AUTO(db_close_auto) DbConn *own = NULL;
    AUTO(json_auto) json_t *here = NULL;
    DbConn *conn = fsck->state;
    if (target != fsck->context.state) {
        if (!cli_context_target(fsck->cli, target, true, &own, err) || !db_begin_snapshot(own, err))
            return error_wrap(err, "target \"%s\"", target->name);
        conn = own;
    }
    if (!ledger_fsck_here(conn, fsck->runs, &here, err))
        return false;
    fsck->asked += json_array_size(here);
    return json_array_size(here) == 0 || ledger_fsck(conn, FSCK_TARGET, here, fsck->faults, err);
}

static bool look(Fsck *fsck, Error *err)
{
    Cli *cli = fsck->cli;
    const char *run = cli_argument(cli, 0);
    if (!cli_context_open(cli, NULL, &fsck->context, err) ||
        !cli_context_connect(cli, &fsck->context, false, &fsck->state, err) ||
        (run != NULL && !cli_context_run(fsck->state, run, &fsck->run, err)) ||
        !db_begin_snapshot(fsck->state, err) ||
        !ledger_fsck_runs(fsck->state, fsck->run, &fsck->runs, err) ||
        !ledger_fsck(fsck->state, FSCK_STATE, fsck->runs, fsck->faults, err))
        return false;
    if (fsck->run > 0 && json_array_size(fsck->runs) == 0)
        return error_set(err, ERROR_INPUT, "there is no run %" PRId64 " here", fsck->run);
    for (size_t i = 0; i < fsck->context.environment->targets_count; i++) {
        if (!look_at_target(fsck, &fsck->context.environment->targets[i], err))
            return false;
    }
    return true;
}

/* Faults come sorted by invariant within each group of tables; what is said once for an invariant
 * is printed when it changes. */
static void print_faults(const Fsck *fsck)
{
    const char *said = "";
    size_t i = 0;
    json_t *fault = NULL;
    json_array_foreach (fsck->faults, i, fault) {
        const char *id = json_get_string(fault, "id", "");
        const char *node = json_get_string(fault, "node", "");
        if (!text_equal(said, id))
            printf("%s violated: %s\n    next: %s\n", id, json_get_string(fault, "sentence", ""),
                   json_get_string(fault, "next", ""));
        said = id;
        printf("    run %s%s%s%s: %s\n", json_get_string(fault, "run", "-"),
               node[0] == '\0' ? "" : " \"", node, node[0] == '\0' ? "" : "\"",
               json_get_string(fault, "text", ""));
    }
}

static void print_result(const Fsck *fsck)
{
    size_t runs = json_array_size(fsck->runs);
    size_t faults = json_array_size(fsck->faults);
    if (cli_flag(fsck->cli, "json")) {
        AUTO(json_auto) json_t *result = json_object();
        json_set_int(result, "runs", (int64_t)runs);
        json_set_int(result, "runs_elsewhere", (int64_t)(runs - fsck->asked));
        json_object_set(result, "faults", fsck->faults);
        cli_print_json(result);
        return;
    }
    print_faults(fsck);
    if (runs > fsck->asked)
        printf("%zu of %zu runs work on databases that this environment does not name: only what "
               "the state database says of them was looked at\n",
               runs - fsck->asked, runs);
    if (faults == 0)
        printf("%zu run%s: all invariants hold\n", runs, runs == 1 ? "" : "s");
    else
        printf("%zu fault%s in %zu run%s\n", faults, faults == 1 ? "" : "s", runs,
               runs == 1 ? "" : "s");
}

CliExit cli_fsck(Cli *cli)
{
    Error err = {0};
    Fsck fsck = {.cli = cli, .faults = json_array()};
    bool ok = look(&fsck, &err);
    CliExit code = !ok                                ? cli_fail(&err)
                   : json_array_size(fsck.faults) > 0 ? CLI_CHECK_FAILED
                                                      : CLI_OK;
    if (ok)
        print_result(&fsck);
    json_decref(fsck.runs);
    json_decref(fsck.faults);
    db_close(fsck.state);
    if (fsck.context.arena != NULL)
        cli_context_done(&fsck.context);
    return code;
}
