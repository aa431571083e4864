/* What people did, of all runs, and whether the chain of a run is whole. */
#include "seed.h"

static const char STORY[] =
    "SELECT headgate.event_append(7, 0, 'person', 1, 'request', '', "
    "'{\"kind\": \"pause\", \"by\": \"bob\", \"why\": \"lunch\"}');"
    "SELECT headgate.event_append(7, 3, 'gate', 1, 'gate.approval', 'start', "
    "'{\"person\": \"dora\", \"decision\": \"reject\", \"comment\": \"not now\"}');"
    "SELECT headgate.event_append(7, 3, 'run', 2, 'run.created', '', "
    "'{\"started_by\": \"alice\", \"plan\": \"events\"}');";

static int serve_story(void **state)
{
    if (serve_seeded(state) != 0)
        return -1;
    sql(STORY);
    return 0;
}

static void expect_entries(const char *query, size_t count, const char *who)
{
    char path[256];
    snprintf(path, sizeof(path), "/api/audit%s", query);
    Reply reply = ask_as("vera", "GET", path, "", NULL);
    assert_int_equal(reply.status, 200);
    const json_t *entries = at(reply.json, "entries");
    if (json_array_size(entries) != count ||
        (count > 0 && strcmp(text_at(entries, "0.who"), who) != 0))
        fail_msg("%s: %s", path, reply.body);
    reply_done(&reply);
}

static void people_are_found(void **state)
{
    UNUSED(state);
    expect_entries("", 3, "alice");
    expect_entries("?person=bob", 1, "bob");
    expect_entries("?what=gate.approval,request", 2, "dora");
    expect_entries("?run=7&plan=events&q=NOT+now", 1, "dora");
    expect_entries("?run=8", 0, "");
    expect_entries("?since=2020-01-01&until=2100-01-01T00:00:00Z", 3, "alice");
    expect_entries("?until=2020-01-01", 0, "");
    Reply reply = ask_as("vera", "GET", "/api/audit?person=bob", "", NULL);
    assert_string_equal(text_at(reply.json, "entries.0.why"), "lunch");
    assert_string_equal(text_at(reply.json, "entries.0.what"), "request");
    assert_string_equal(text_at(reply.json, "entries.0.run"), "7");
    assert_string_equal(text_at(reply.json, "entries.0.environment"), "demo");
    assert_null(at(reply.json, "entries.0.cursor"));
    reply_done(&reply);
}

static void pages_follow_each_other(void **state)
{
    UNUSED(state);
    static const char *const WHO[] = {"alice", "dora", "bob"};
    char after[128] = "";
    for (size_t i = 0; i < COUNT_OF(WHO); i++) {
        char query[200];
        snprintf(query, sizeof(query), "/api/audit?limit=1%s", after);
        Reply reply = ask_as("vera", "GET", query, "", NULL);
        assert_string_equal(text_at(reply.json, "entries.0.who"), WHO[i]);
        snprintf(after, sizeof(after), "&after=%s", text_at(reply.json, "next"));
        reply_done(&reply);
    }
    char query[200];
    snprintf(query, sizeof(query), "/api/audit?limit=1%s", after);
    Reply reply = ask_as("vera", "GET", query, "", NULL);
    assert_int_equal(json_array_size(at(reply.json, "entries")), 0);
    assert_true(json_is_null(at(reply.json, "next")));
    reply_done(&reply);
}

static void wrong_arguments_are_refused(void **state)
{
    UNUSED(state);
    static const char *const TIMES[] = {"2026-02-30",           "yesterday",
                                        "2026-11-21T25:00:00Z", "2026-11-21T10:00:00+01",
                                        "2026-13-01",           "1969-01-01"};
    for (size_t i = 0; i < COUNT_OF(TIMES); i++) {
        char path[100];
        snprintf(path, sizeof(path), "/api/audit?since=%s", TIMES[i]);
        Reply reply = ask_as("vera", "GET", path, "", NULL);
        assert_int_equal(reply.status, 400);
        reply_done(&reply);
    }
    static const char *const CURSORS[] = {"x", "1.2", "1.2.3.4", "0.7.1", "1.2.-3"};
    for (size_t i = 0; i < COUNT_OF(CURSORS); i++) {
        char path[100];
        snprintf(path, sizeof(path), "/api/audit?after=%s", CURSORS[i]);
        expect_error(ask_as("vera", "GET", path, "", NULL), 400,
                     "\"after\" is the \"next\" of the page before");
    }
    expect_error(ask_as("vera", "GET", "/api/runs/99/audit", "", NULL), 404, "there is no run 99");
}

/* Changes in the story above are not in the rows of decisions: this run is whole. */
static const char WHOLE[] =
    "INSERT INTO headgate.run (id, plan, plan_name, environment, system_identifier, database, "
    "state, started_by) OVERRIDING SYSTEM VALUE "
    "VALUES (8, 'p7', 'events', 'demo', 's', 'whole', 'running', 'alice');"
    "INSERT INTO headgate.lease (run, epoch, owner, until) VALUES (8, 1, 'x', now() + interval '1 "
    "hour');"
    "SELECT headgate.event_append(8, 1, 'run', 1, 'run.state', '', '{\"from\": \"pending\", "
    "\"to\": \"running\", \"reason\": {}, \"direction\": \"forward\"}');"
    "SELECT headgate.event_append(8, 1, 'log', 1, 'log', '', '{\"text\": \"one\"}')";

static void a_chain_is_verified_and_what_breaks_it_is_named(void **state)
{
    UNUSED(state);
    sql(WHOLE);
    Reply reply = ask_as("vera", "GET", "/api/runs/8/audit", "", NULL);
    assert_int_equal(reply.status, 200);
    if (!json_is_null(at(reply.json, "broken")))
        fail_msg("%s", reply.body);
    assert_int_equal(json_integer_value(at(reply.json, "entries")), 2);
    assert_string_equal(text_at(reply.json, "head"),
                        sql_value("SELECT encode(head, 'hex') FROM headgate.run WHERE id = 8"));
    char *verified_at = strdup(text_at(reply.json, "verified_at"));
    reply_done(&reply);
    /* kept while nothing is told */
    reply = ask_as("vera", "GET", "/api/runs/8/audit", "", NULL);
    assert_string_equal(text_at(reply.json, "verified_at"), verified_at);
    reply_done(&reply);
    free(verified_at);
    /* something is told: it is verified again, and what was changed is found */
    sql("UPDATE headgate.event SET data = '{\"text\": \"two\"}' WHERE run = 8 AND seq = 2");
    sql("SELECT headgate.event_append(8, 1, 'log', 2, 'log', '', '{\"text\": \"three\"}')");
    reply = ask_as("vera", "GET", "/api/runs/8/audit", "", NULL);
    assert_int_equal(json_integer_value(at(reply.json, "broken.seq")), 2);
    assert_int_equal(json_integer_value(at(reply.json, "faults")), 1);
    reply_done(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_found),
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(a_chain_is_verified_and_what_breaks_it_is_named),
    };
    return cmocka_run_group_tests(tests, serve_story, unserve);
}
