/* The table of invariants, and asking them. */
#include "ledger/fsck.h"

#include "ledger/run.h"

#define LOOK_AT_LOG                                                                                \
    "headgate log RUN shows what happened; keep the database as it is and report a bug"
#define STOP_WRITER                                                                                \
    "two processes wrote: pause the run, end what still runs of it, then headgate resume RUN"

#define AUDIT                                                                                      \
    "headgate audit verify RUN names the first entry; somebody may have changed the tables by "    \
    "hand"

const LedgerFsckRow LEDGER_FSCK[] = {
    {"I1", "a step is done once", FSCK_STATE, "fsck_i01_done_twice", LOOK_AT_LOG},
    {"I1", "a step is done once", FSCK_TARGET, "fsck_i01_not_done",
     "headgate rollback RUN takes the run back; then run it again"},
    {"I2", "a step starts only when all before it are done", FSCK_TARGET, "fsck_i02_predecessors",
     "headgate rollback RUN; nothing behind the first unfinished step can be trusted"},
    {"I3",
     "the ranges of a backfill cover the keys once, those of an import its files, and end with "
     "their step",
     FSCK_TARGET, "fsck_i03_cursors", "headgate rollback RUN; rows may have been left out"},
    {"I4", "epochs never go back", FSCK_STATE, "fsck_i04_event_epochs", STOP_WRITER},
    {"I4", "epochs never go back", FSCK_TARGET, "fsck_i04_fence", STOP_WRITER},
    {"I5", "events are numbered without gaps and tell every change", FSCK_STATE, "fsck_i05_gaps",
     LOOK_AT_LOG},
    {"I5", "events are numbered without gaps and tell every change", FSCK_TARGET, "fsck_i05_untold",
     "headgate resume RUN: a runner tells what was not told; " LOOK_AT_LOG},
    {"I6", "what a gate guards starts only with valid approvals", FSCK_TARGET, "fsck_i06_gates",
     "headgate report RUN shows who approved what; somebody may have changed the tables by hand"},
    {"I7", "a run that rolls back starts no step forward", FSCK_STATE, "fsck_i07_direction",
     LOOK_AT_LOG},
    {"I8", "steps are undone in the reverse order of their start", FSCK_TARGET,
     "fsck_i08_undo_order", "compare the schema with the backup's; " LOOK_AT_LOG},
    {"I9", "only what this run did is undone", FSCK_STATE, "fsck_i09_only_ours",
     "compare the schema with the backup's; " LOOK_AT_LOG},
    {"I10", "a run that ended leaves no lease, connection or INVALID index", FSCK_STATE,
     "fsck_i10_lease", "end the runner that still works for the run"},
    {"I10", "a run that ended leaves no lease, connection or INVALID index", FSCK_TARGET,
     "fsck_i10_left_over", "end the connection (pg_terminate_backend), or drop the index"},
    {"I11", "who approves is neither starter nor author, has the role, and is in time", FSCK_STATE,
     "fsck_i11_people", "headgate report RUN; somebody may have changed the tables by hand"},
    {"I12",
     "who was let in at a small percentage stays in at a larger one, and a watch that ended early "
     "was approved",
     FSCK_STATE, "fsck_i12_rollout", "headgate rollback RUN takes the flag to 0 %"},
    {"I13", "a rollback with nothing to undo says so", FSCK_STATE, "fsck_i13_nothing", LOOK_AT_LOG},
    {"I14", "a dry run writes nothing", FSCK_TARGET, "fsck_i14_dry",
     "end the session (pg_terminate_backend): what it wrote is undone; report a bug"},
    {"I15", "events and decisions are what was written", FSCK_STATE, "fsck_i15_chain", AUDIT},
    {"I15", "events and decisions are what was written", FSCK_STATE, "fsck_i15_records", AUDIT},
    {"I16", "a run that needs a person says why and what next", FSCK_STATE, "fsck_i16_next",
     "headgate status RUN names the commands; " LOOK_AT_LOG},
};
const size_t LEDGER_FSCK_COUNT = COUNT_OF(LEDGER_FSCK);

bool ledger_fsck_runs(DbConn *state, int64_t run, json_t **ret_runs, Error *err)
{
    LedgerParams params = {0};
    ledger_param_above_0(&params, run);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(state, "fsck_runs", &params, &rows, err))
        return false;
    *ret_runs = json_incref(json_array_get(rows, 0));
    return true;
}

bool ledger_fsck_here(DbConn *conn, const json_t *runs, json_t **ret_here, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *system = NULL;
    const char *database = NULL;
    if (!ledger_run_identity(conn, arena, &system, &database, err))
        return false;
    *ret_here = json_array();
    size_t i = 0;
    json_t *run = NULL;
    json_array_foreach (runs, i, run) {
        if (text_equal(json_get_string(run, "system_identifier", ""), system) &&
            text_equal(json_get_string(run, "database", ""), database))
            json_array_append(*ret_here, run);
    }
    return true;
}

static void add_faults(const LedgerFsckRow *row, const DbResult *found, json_t *faults)
{
    for (int i = 0; i < db_rows(found); i++) {
        json_t *fault = json_object();
        json_set_string(fault, "id", row->id);
        json_set_string(fault, "sentence", row->sentence);
        json_set_string(fault, "run", db_is_null(found, i, 0) ? NULL : db_value(found, i, 0));
        json_set_string(fault, "node", db_value(found, i, 1));
        json_set_string(fault, "text", db_value(found, i, 2));
        json_set_string(fault, "next", row->next);
        json_array_append_new(faults, fault);
    }
}

bool ledger_fsck(DbConn *conn, LedgerFsckTables tables, const json_t *runs, json_t *faults,
                 Error *err)
{
    for (size_t i = 0; i < LEDGER_FSCK_COUNT; i++) {
        const LedgerFsckRow *row = &LEDGER_FSCK[i];
        if (row->sql == NULL || row->tables != tables)
            continue;
        LedgerParams params = {0};
        ledger_param_json(&params, runs);
        AUTO(db_result_auto) DbResult *found = NULL;
        if (!ledger_call(conn, row->sql, &params, &found, err))
            return false;
        add_faults(row, found, faults);
    }
    return true;
}
