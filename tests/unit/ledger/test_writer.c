/* A runner that was replaced writes nothing into STATE: every write of a runner, by the epoch
 * before and by the one that has the lease. */
#include "ledger/event.h"
#include "ledger/gate.h"
#include "ledger/run.h"
#include "ledger/schema.h"
#include "ledger/watch.h"

#include "../db/with_cluster.h"

enum { RUN = 1 };

static DbConn *state_conn;

static const LedgerWriter FORMER = {.run = RUN, .epoch = 1};
static const LedgerWriter PRESENT = {.run = RUN, .epoch = 2};

static bool open_gate(const LedgerWriter *writer, const char *digest, Error *err)
{
    AUTO(json_auto) json_t *list = json_array();
    AUTO(json_auto) json_t *next = json_object();
    LedgerGate gate = {.path = "gate",
                       .digest = digest,
                       .question = "?",
                       .approvers = list,
                       .need = 1,
                       .evidence = list,
                       .next = next};
    return ledger_gate_open(state_conn, writer, &gate, err);
}

static bool gate_open(const LedgerWriter *writer, Error *err)
{
    return open_gate(writer, "new", err);
}

static bool gate_open_again(const LedgerWriter *writer, Error *err)
{
    return open_gate(writer, "newer", err);
}

static bool gate_close(const LedgerWriter *writer, Error *err)
{
    bool closed = false;
    AUTO(json_auto) json_t *data = json_object();
    const LedgerGateClose gate = {.path = "gate", .state = "passed", .said = -1, .data = data};
    return ledger_gate_close(state_conn, writer, &gate, &closed, err);
}

static bool gate_wait(const LedgerWriter *writer, Error *err)
{
    AUTO(json_auto) json_t *data = json_object();
    return ledger_gate_wait(state_conn, writer, "gate", "2026-11-21T14:00:00.000000Z", 0, data,
                            err);
}

static bool gate_checked(const LedgerWriter *writer, Error *err)
{
    AUTO(json_auto) json_t *evidence = json_array();
    return ledger_gate_checked(state_conn, writer, "gate", evidence, err);
}

static bool decision_forget(const LedgerWriter *writer, Error *err)
{
    return ledger_decision_forget(state_conn, writer, "backfill", "{1}", err);
}

static bool watch_open(const LedgerWriter *writer, Error *err)
{
    LedgerWatch watch;
    return ledger_watch_open(state_conn, writer, "stage", 1000000, &watch, err);
}

static bool watch_tick(const LedgerWriter *writer, Error *err)
{
    LedgerWatch watch;
    LedgerSample sample = {.guard = "g", .has_value = true, .value = 1, .verdict = "ok"};
    return ledger_watch_tick(state_conn, writer, "stage", &sample, 1, true, 1000000, &watch, err);
}

static bool watch_tick_without_samples(const LedgerWriter *writer, Error *err)
{
    LedgerWatch watch;
    return ledger_watch_tick(state_conn, writer, "stage", NULL, 0, true, 1000000, &watch, err);
}

static bool watch_close(const LedgerWriter *writer, Error *err)
{
    return ledger_watch_close(state_conn, writer, "stage", err);
}

static bool request_done(const LedgerWriter *writer, Error *err)
{
    return ledger_request_done(state_conn, writer, 1, "done", err);
}

static bool event_append(const LedgerWriter *writer, Error *err)
{
    AUTO(json_auto) json_t *data = json_object();
    return ledger_event_append(state_conn, writer, "request", 1, "request", "", data, err);
}

static bool run_change(const LedgerWriter *writer, Error *err)
{
    LedgerRunChange change = {.run = writer->run,
                              .epoch = writer->epoch,
                              .from = "pending",
                              .to = "running",
                              .direction = "forward",
                              .node = "",
                              .why = "a runner has started"};
    return ledger_run_change(state_conn, &change, err);
}

static bool lease_renew(const LedgerWriter *writer, Error *err)
{
    return ledger_lease_renew(state_conn, writer->run, writer->epoch, err);
}

/* In the order of a run: some need what those before have written. */
static const struct Write {
    const char *name;
    bool (*write)(const LedgerWriter *writer, Error *err);
} WRITES[] = {
    {"gate_open", gate_open},
    {"gate_open, again", gate_open_again},
    {"gate_wait", gate_wait},
    {"gate_checked", gate_checked},
    {"gate_close", gate_close},
    {"decision_delete", decision_forget},
    {"watch_open", watch_open},
    {"watch_tick", watch_tick},
    {"watch_tick without samples", watch_tick_without_samples},
    {"watch_close", watch_close},
    {"request_done", request_done},
    {"event_append", event_append},
    {"run_change", run_change},
    {"lease_renew", lease_renew},
};

/* Everything that a runner may write, as one text. */
static void read_state(char *out, size_t size)
{
    static const char SQL[] =
        "SELECT md5(string_agg(x, '|' ORDER BY x)) FROM ("
        "SELECT 'run' || r::text FROM headgate.run AS r "
        "UNION ALL SELECT 'lease' || l::text FROM headgate.lease AS l "
        "UNION ALL SELECT 'gate' || g::text FROM headgate.gate AS g "
        "UNION ALL SELECT 'decision' || d::text FROM headgate.decision AS d "
        "UNION ALL SELECT 'watch' || w::text FROM headgate.watch AS w "
        "UNION ALL SELECT 'sample' || s::text FROM headgate.sample AS s "
        "UNION ALL SELECT 'request' || q::text FROM headgate.request AS q "
        "UNION ALL SELECT 'event' || e::text FROM headgate.event AS e) AS all_rows (x)";
    AUTO(db_result_auto) DbResult *result = NULL;
    must(db_query(state_conn, SQL, NULL, &result, &err));
    snprintf(out, size, "%s", db_value(result, 0, 0));
}

static void prepare(void)
{
    static const char SQL[] =
        "INSERT INTO headgate.plan (hash, name, bytes, graph, graph_text, graph_hash, language, "
        "registered_by) VALUES ('h', 'p', '', '{}', '{}', '', 1, 'ada');"
        "INSERT INTO headgate.run (plan, plan_name, environment, system_identifier, database, "
        "state, started_by) VALUES ('h', 'p', 'test', '1', 'd', 'pending', 'ada');"
        "INSERT INTO headgate.lease (run, epoch, until) VALUES (1, 0, now());"
        "INSERT INTO headgate.decision (run, step, key, decision, decided_by) "
        "VALUES (1, 'backfill', '{1}', '{}', 'ada');"
        "INSERT INTO headgate.request (run, kind, asked_by) VALUES (1, 'pause', 'ada');";
    int64_t epoch = 0;
    state_conn = open_as("state");
    must(ledger_schema_install(state_conn, &(LedgerSchemaOptions){0}, &err));
    must(db_exec(state_conn, SQL, NULL, NULL, &err));
    must(ledger_lease_take(state_conn, RUN, "former", &epoch, &err));
    assert_int_equal(epoch, FORMER.epoch);
    ledger_lease_release(state_conn, RUN, epoch);
    must(ledger_lease_take(state_conn, RUN, "present", &epoch, &err));
    assert_int_equal(epoch, PRESENT.epoch);
}

DB_CASE(only_the_epoch_that_has_the_lease_writes)
{
    char before[64];
    char after[64];
    prepare();
    for (size_t i = 0; i < COUNT_OF(WRITES); i++) {
        Error err = {0};
        read_state(before, sizeof(before));
        if (WRITES[i].write(&FORMER, &err))
            fail_msg("%s: written by a runner that was replaced", WRITES[i].name);
        if (err.kind != ERROR_FENCED)
            fail_msg("%s: %s", WRITES[i].name, err.message);
        read_state(after, sizeof(after));
        assert_string_equal(before, after);
        err = (Error){0};
        if (!WRITES[i].write(&PRESENT, &err))
            fail_msg("%s: %s", WRITES[i].name, err.message);
    }
    db_close(state_conn);
}

DB_CASE(what_nobody_decided_is_forgotten_too)
{
    state_conn = open_as("state");
    must(ledger_decision_forget(state_conn, &PRESENT, "backfill", "{2}", &err));
    db_close(state_conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_epoch_that_has_the_lease_writes),
        cmocka_unit_test(what_nobody_decided_is_forgotten_too),
    };
    return cmocka_run_group_tests_name("ledger/writer", tests, group_setup, group_teardown);
}
