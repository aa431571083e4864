/* What the API shows of a run, and what people may do to it. */
#include "seed.h"

static void a_run_shows_its_steps_gates_and_rollouts(void **state)
{
    UNUSED(state);
    Reply reply = ask_as("vera", "GET", "/api/runs/7", "", NULL);
    assert_int_equal(reply.status, 200);
    const json_t *run = reply.json;
    assert_string_equal(text_at(run, "id"), "7");
    assert_string_equal(text_at(run, "state"), "waiting");
    assert_string_equal(text_at(run, "reason.kind"), "gate");
    assert_string_equal(text_at(run, "version"), "1");
    assert_string_equal(text_at(run, "seq"), "3");
    assert_true(json_is_true(at(run, "alive")));
    assert_int_equal(json_integer_value(at(run, "steps_done")), 3);
    assert_int_equal(json_integer_value(at(run, "steps_total")), 8);
    assert_int_equal(json_array_size(at(run, "steps")), 5);
    assert_string_equal(text_at(run, "graph.children.0.children.0.path"), "expand/column");
    assert_string_equal(text_at(run, "gates.0.path"), "start");
    assert_null(at(run, "gates.0.evidence"));
    assert_null(at(run, "gates.0.about"));
    assert_int_equal(json_integer_value(at(run, "review.open")), 3);
    assert_true(json_integer_value(at(run, "active_us")) >= 0);
    const char *created = text_at(run, "created_at");
    assert_int_equal(strlen(created), strlen("2026-11-21T14:02:11.000000Z"));
    assert_int_equal(created[26], 'Z');
    reply_done(&reply);
}

static void a_rollout_shows_stages_guards_and_samples(void **state)
{
    UNUSED(state);
    Reply reply = ask_as("vera", "GET", "/api/runs/7/rollout", "", NULL);
    const json_t *rollout = at(reply.json, "rollouts.0");
    assert_string_equal(text_at(rollout, "flag"), "v2");
    assert_true(json_number_value(at(rollout, "percent")) > 9.9);
    assert_true(json_number_value(at(rollout, "intended_percent")) > 9.9);
    assert_true(json_is_true(at(rollout, "enabled")));
    assert_string_equal(text_at(rollout, "stages.0.state"), "watching");
    assert_int_equal(json_integer_value(at(rollout, "stages.0.left_us")), 3800000);
    assert_string_equal(text_at(rollout, "stages.1.state"), "pending");
    assert_string_equal(text_at(rollout, "stages.1.gate"), "v2/100%/100%");
    assert_int_equal(json_integer_value(at(rollout, "stages.1.window_us")), 3600000000);
    assert_string_equal(text_at(rollout, "guards.0.op"), "<");
    assert_string_equal(text_at(rollout, "guards.0.verdict"), "ok");
    assert_string_equal(text_at(rollout, "samples.0.guard"), "error_rate < 1%");
    assert_string_equal(text_at(rollout, "samples.0.points.0.2"), "ok");
    reply_done(&reply);
}

/* As the gate says, and as the run will watch it: headgate.yaml's time, not the plan's. */
static void a_stage_to_come_shows_the_watch_of_its_environment(void **state)
{
    UNUSED(state);
    sql("UPDATE headgate.run SET config = '{\"watch_us\": {\"100\": 6000000}}' WHERE id = 7");
    Reply reply = ask_as("vera", "GET", "/api/runs/7/rollout", "", NULL);
    const json_t *rollout = at(reply.json, "rollouts.0");
    assert_int_equal(json_integer_value(at(rollout, "stages.0.left_us")), 3800000);
    assert_int_equal(json_integer_value(at(rollout, "stages.1.window_us")), 6000000);
    assert_int_equal(json_integer_value(at(rollout, "stages.1.left_us")), 6000000);
    reply_done(&reply);
    sql("UPDATE headgate.run SET config = '{}' WHERE id = 7");
}

static const json_t *need_of(const json_t *list, const char *kind)
{
    size_t i = 0;
    json_t *need = NULL;
    json_array_foreach (list, i, need) {
        if (strcmp(text_at(need, "kind"), kind) == 0)
            return need;
    }
    fail_msg("nothing of kind %s is needed", kind);
    return NULL;
}

static void lists_filter_and_say_what_needs_you(void **state)
{
    UNUSED(state);
    Reply reply =
        ask_as("bob", "GET", "/api/runs?state=waiting,held&plan=events&env=demo&q=ALICE", "", NULL);
    assert_int_equal(json_array_size(at(reply.json, "runs")), 1);
    const json_t *gate = need_of(at(reply.json, "needs_you"), "gate");
    assert_string_equal(text_at(gate, "text"), "start needs 1 × admin");
    assert_true(json_is_true(at(gate, "mine")));
    assert_string_equal(text_at(need_of(at(reply.json, "needs_you"), "review"), "text"),
                        "3 rows to decide");
    reply_done(&reply);
    reply = ask_as("alice", "GET", "/api/runs", "", NULL);
    assert_true(json_is_false(at(need_of(at(reply.json, "needs_you"), "gate"), "mine")));
    reply_done(&reply);
    static const char *const NONE[] = {"?state=done", "?plan=other", "?env=production",
                                       "?q=nothing", "?before=7"};
    for (size_t i = 0; i < COUNT_OF(NONE); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/api/runs%s", NONE[i]);
        reply = ask_as("vera", "GET", path, "", NULL);
        assert_int_equal(json_array_size(at(reply.json, "runs")), 0);
        reply_done(&reply);
    }
}

static void events_come_in_pages(void **state)
{
    UNUSED(state);
    Reply reply = ask_as("vera", "GET", "/api/runs/7/events?since=1&limit=1", "", NULL);
    assert_string_equal(text_at(reply.json, "seq"), "3");
    assert_int_equal(json_array_size(at(reply.json, "events")), 1);
    assert_string_equal(text_at(reply.json, "events.0.seq"), "2");
    assert_string_equal(text_at(reply.json, "events.0.node"), "v2/10%");
    reply_done(&reply);
    reply = ask_as("vera", "GET", "/api/runs/7/events?before=3&limit=1", "", NULL);
    assert_string_equal(text_at(reply.json, "events.0.seq"), "2");
    reply_done(&reply);
    reply = ask_as("vera", "GET", "/api/runs/7/events?type=run.state", "", NULL);
    assert_int_equal(json_array_size(at(reply.json, "events")), 1);
    reply_done(&reply);
    expect_error(ask_as("vera", "GET", "/api/runs/99/events", "", NULL), 404, "there is no run 99");
}

static void a_report_has_everything(void **state)
{
    UNUSED(state);
    Reply reply = ask_as("vera", "GET", "/api/runs/7/report", "", NULL);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_at(reply.json, "gates.0.evidence.0.verdict"), "pass");
    assert_string_equal(text_at(reply.json, "checks.0.path"), "backfill/all");
    assert_string_equal(text_at(reply.json, "states.0.to"), "running");
    assert_true(json_is_array(at(reply.json, "requests")));
    assert_true(json_is_array(at(reply.json, "answers")));
    reply_done(&reply);
}

/* ------------------------------------------------------------------ gates */

static void a_gate_says_whether_you_may(void **state)
{
    UNUSED(state);
    static const char *const MAY[][2] = {{"alice", "you started this run"},
                                         {"bob", ""},
                                         {"carol", "needs role admin"},
                                         {"dora", ""},
                                         {"vera", "needs role admin"}};
    for (size_t i = 0; i < COUNT_OF(MAY); i++) {
        Reply reply = ask_as(MAY[i][0], "GET", "/api/runs/7/gates/start", "", NULL);
        assert_string_equal(header_of(&reply, "etag"), "\"d1\"");
        assert_string_equal(text_at(reply.json, "may.why"), MAY[i][1]);
        assert_int_equal(json_is_true(at(reply.json, "may.approve")), MAY[i][1][0] == '\0');
        assert_string_equal(text_at(reply.json, "then"), "go to 10%");
        assert_string_equal(text_at(reply.json, "evidence.0.text"), "0 rows");
        reply_done(&reply);
    }
    expect_error(ask_as("vera", "GET", "/api/runs/7/gates/none", "", NULL), 404,
                 "run 7 has no gate \"none\" (yet)");
}

static const char SAW[] = "If-Match: \"d1\"\r\n";
static const char APPROVE[] = "/api/runs/7/gates/start/approve";

static void approvals_are_refused_with_the_reason(void **state)
{
    UNUSED(state);
    expect_error(ask_as("alice", "POST", APPROVE, SAW, "{}"), 403, "you started this run");
    expect_error(ask_as("carol", "POST", APPROVE, SAW, "{}"), 403, "needs role admin");
    expect_error(ask_as("bob", "POST", APPROVE, "", "{}"), 428,
                 "the header If-Match is missing: it says which version you saw");
    expect_error(ask_as("bob", "POST", "/api/runs/7/gates/start/reject", SAW, "{}"), 400,
                 "a reject needs a comment that says why");
    expect_error(ask_as("bob", "POST", APPROVE, SAW, "{\"comment\": 1}"), 400,
                 "\"comment\" is a text");
    expect_error(ask_as("bob", "POST", "/api/runs/7/gates/none/approve", SAW, "{}"), 404,
                 "run 7 has no gate \"none\" (yet)");
    Reply reply = ask_as("bob", "POST", APPROVE, "If-Match: \"d0\"\r\n", "{}");
    assert_int_equal(reply.status, 409);
    assert_string_equal(text_at(reply.json, "error.message"),
                        "the gate has changed since you opened it");
    assert_string_equal(text_at(reply.json, "digest"), "d1");
    reply_done(&reply);
    assert_string_equal(sql_value("SELECT count(*) FROM headgate.approval"), "0");
}

static void check_signature(void)
{
    char keys[128];
    assert_string_equal(sql_value("SELECT (data -> 'via')::text FROM headgate.event WHERE type = "
                                  "'gate.approval'"),
                        "{\"door\": \"api\", \"from\": \"127.0.0.1\"}");
    snprintf(keys, sizeof(keys), "%s/keys", served.folder);
    AccessVerifier verifier;
    Error err = {0};
    assert_true(access_verifier_open(keys, &verifier, &err));
    AUTO(base_free) char *said_at = base_strdup(sql_value("SELECT at FROM headgate.approval"));
    AUTO(base_free)
    char *signature = base_strdup(sql_value("SELECT signature FROM headgate.approval"));
    AUTO(json_auto) json_t *roles = json_pack("[s]", "admin");
    AUTO(json_auto) json_t *fields = json_object();
    AccessRecord record = {.run = 7,
                           .gate = "start",
                           .digest = "d1",
                           .person = "bob",
                           .roles = roles,
                           .decision = "approve",
                           .comment = "looks \"good\"",
                           .fields = fields,
                           .nth = 1,
                           .at = said_at};
    assert_true(access_verify(&verifier, &record, signature));
    record.person = "dora";
    assert_false(access_verify(&verifier, &record, signature));
}

static void an_approval_is_signed_told_and_counted_once(void **state)
{
    UNUSED(state);
    sql("LISTEN headgate_run");
    for (int i = 0; i < 2; i++) {
        Reply reply = ask_as("bob", "POST", APPROVE, SAW, "{\"comment\": \"looks \\\"good\\\"\"}");
        assert_int_equal(reply.status, 200);
        assert_string_equal(text_at(reply.json, "approvals.0.person"), "bob");
        assert_string_equal(text_at(reply.json, "approvals.0.roles.0"), "admin");
        assert_string_equal(text_at(reply.json, "may.why"), "you have already approved this gate");
        reply_done(&reply);
    }
    assert_string_equal(sql_value("SELECT count(*) FROM headgate.approval"), "1");
    assert_string_equal(
        sql_value(
            "SELECT count(*) FROM headgate.event WHERE type = 'gate.approval' AND node = 'start' "
            "AND data ->> 'person' = 'bob'"),
        "1");
    PQconsumeInput(served.pg);
    PGnotify *note = PQnotifies(served.pg);
    assert_non_null(note);
    assert_string_equal(note->relname, "headgate_run");
    assert_string_equal(note->extra, "7");
    PQfreemem(note);
    check_signature();
    Reply reply =
        ask_as("bob", "POST", "/api/runs/7/gates/start/reject", SAW, "{\"comment\": \"no\"}");
    assert_int_equal(reply.status, 409);
    assert_string_equal(text_at(reply.json, "error.message"),
                        "you have already approved this gate");
    reply_done(&reply);
}

static void a_closed_gate_is_closed(void **state)
{
    UNUSED(state);
    sql("UPDATE headgate.gate SET state = 'passed'");
    Reply reply = ask_as("dora", "POST", APPROVE, SAW, "{}");
    assert_int_equal(reply.status, 409);
    assert_string_equal(text_at(reply.json, "error.message"), "the gate is passed already");
    reply_done(&reply);
    sql("UPDATE headgate.gate SET state = 'open', expires_at = now() - interval '1 second'");
    reply = ask_as("dora", "GET", "/api/runs/7/gates/start", "", NULL);
    assert_string_equal(text_at(reply.json, "on_expire"), "hold");
    assert_string_equal(text_at(reply.json, "may.why"), "the gate has expired");
    reply_done(&reply);
    reply = ask_as("dora", "POST", APPROVE, SAW, "{}");
    assert_string_equal(text_at(reply.json, "error.message"), "the gate has expired");
    reply_done(&reply);
}

/* Two clicks at the same moment are one approval. */
static void clicks_at_once_are_one_approval(void **state)
{
    UNUSED(state);
    enum { CLICKS = 20 };
    int fds[CLICKS];
    sql("UPDATE headgate.gate SET expires_at = NULL");
    char headers[256];
    snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n%s", served.api[person("dora")],
             SAW);
    char *text = compose("POST", APPROVE, headers, "{}");
    for (int i = 0; i < CLICKS; i++) {
        fds[i] = dial();
        send_text(fds[i], text);
    }
    for (int i = 0; i < CLICKS; i++) {
        Reply reply = read_reply(fds[i], true);
        assert_int_equal(reply.status, 200);
        reply_done(&reply);
        close(fds[i]);
    }
    free(text);
    assert_string_equal(sql_value("SELECT count(*) FROM headgate.approval WHERE person = 'dora'"),
                        "1");
}

static void paths_may_have_slashes_and_blanks(void **state)
{
    UNUSED(state);
    sql("INSERT INTO headgate.gate (run, path, state, digest, question, approvers, need, evidence, "
        "next) VALUES "
        "(7, 'v2/100%/a gate & é;+?', 'open', 'd2', '?', '[\"product\"]', 1, '[]', '[]')");
    Reply reply =
        ask_as("vera", "GET", "/api/runs/7/gates/v2%2F100%25%2Fa%20gate%20%26%20%C3%A9%3B%2B%3F",
               "", NULL);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_at(reply.json, "path"), "v2/100%/a gate & é;+?");
    reply_done(&reply);
    reply = ask_as("carol", "POST",
                   "/api/runs/7/gates/v2%2F100%25%2Fa%20gate%20%26%20%C3%A9%3B%2B%3F/reject",
                   "If-Match: \"d2\"\r\n", "{\"comment\": \"not yet\"}");
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_at(reply.json, "approvals.0.decision"), "reject");
    reply_done(&reply);
}

/* ------------------------------------------------------------------ requests, review, answers */

static void requests_need_the_version_you_saw(void **state)
{
    UNUSED(state);
    static const char PATH[] = "/api/runs/7/requests";
    static const char V1[] = "If-Match: \"1\"\r\n";
    expect_error(ask_as("bob", "POST", PATH, "", "{\"kind\": \"pause\"}"), 428,
                 "the header If-Match is missing: it says which version you saw");
    expect_error(ask_as("bob", "POST", PATH, V1, "{\"kind\": \"explode\"}"), 400,
                 "a run cannot be asked to \"explode\"; it can pause, resume, retry, rollback, "
                 "abort, skip, repair, tune and advance");
    expect_error(ask_as("bob", "POST", PATH, "If-Match: \"9\"\r\n", "{\"kind\": \"pause\"}"), 409,
                 "the run has changed since you looked: it is waiting now");
    expect_error(ask_as("vera", "POST", PATH, V1, "{\"kind\": \"pause\"}"), 403,
                 "this needs the role operator, you are viewer");
    expect_error(ask_as("bob", "POST", "/api/runs/99/requests", V1, "{\"kind\": \"pause\"}"), 404,
                 "there is no run 99");
    for (int i = 0; i < 2; i++) {
        Reply reply = ask_as("bob", "POST", PATH, "If-Match: \"1\"\r\nIdempotency-Key: click-1\r\n",
                             "{\"kind\": \"pause\", \"why\": \"lunch\"}");
        assert_int_equal(reply.status, 202);
        reply_done(&reply);
    }
    assert_string_equal(
        sql_value(
            "SELECT count(*) FROM headgate.request WHERE kind = 'pause' AND asked_by = 'bob' AND "
            "body ->> 'why' = 'lunch'"),
        "1");
    sql("UPDATE headgate.run SET state = 'done' WHERE id = 7");
    expect_error(ask_as("bob", "POST", PATH, V1, "{\"kind\": \"resume\"}"), 409,
                 "the run is done: it cannot resume");
    Reply reply = ask_as("bob", "POST", PATH, V1, "{\"kind\": \"rollback\"}");
    assert_int_equal(reply.status, 202);
    reply_done(&reply);
    sql("UPDATE headgate.run SET state = 'waiting' WHERE id = 7");
}

static void the_queue_is_shown_in_pages(void **state)
{
    UNUSED(state);
    Reply reply = ask_as("vera", "GET", "/api/runs/7/review?state=open&limit=2", "", NULL);
    assert_int_equal(json_integer_value(at(reply.json, "total")), 3);
    assert_string_equal(text_at(reply.json, "reasons.0.reason"), "two match");
    assert_int_equal(json_integer_value(at(reply.json, "reasons.0.count")), 2);
    assert_string_equal(text_at(reply.json, "rows.0.key.0"), "c,2");
    assert_true(json_is_null(at(reply.json, "rows.0.decision")));
    assert_string_equal(text_at(reply.json, "rows.1.key.0"), "c1");
    assert_string_equal(text_at(reply.json, "rows.1.choices.1.label"), "b");
    const json_t *before = at(reply.json, "rows.1.before");
    assert_int_equal(json_integer_value(json_object_get(before, "id")), 1);
    assert_int_equal(json_object_size(before), 1); /* the digest is not for people */
    assert_string_equal(text_at(reply.json, "next"), "[\"backfill/rows\",[\"c1\"]]");
    reply_done(&reply);
    reply =
        ask_as("vera", "GET",
               "/api/runs/7/review?state=open&after=%5B%22backfill%2Frows%22%2C%5B%22c1%22%5D%5D",
               "", NULL);
    assert_int_equal(json_array_size(at(reply.json, "rows")), 1);
    assert_string_equal(text_at(reply.json, "rows.0.key.0"), "c3");
    assert_true(json_is_null(at(reply.json, "next")));
    reply_done(&reply);
    expect_error(ask_as("vera", "GET", "/api/runs/7/review?after=x", "", NULL), 400,
                 "\"after\" is the \"next\" of the page before");
}

static void decisions_are_checked_and_written(void **state)
{
    UNUSED(state);
    static const char PATH[] = "/api/runs/7/review";
    expect_error(ask_as("bob", "POST", PATH, "", "{\"decisions\": []}"), 400,
                 "\"decisions\" is a list of 1 to 500 entries");
    expect_error(ask_as("bob", "POST", PATH, "",
                        "{\"decisions\": [{\"step\": \"backfill/rows\", \"key\": [\"c1\"], "
                        "\"decision\": {}}]}"),
                 400,
                 "entry 0: a decision is {\"choice\": n}, {\"skip\": true} or {\"set\": "
                 "{\"column\": value}}");
    expect_error(ask_as("bob", "POST", PATH, "",
                        "{\"decisions\": [{\"step\": \"backfill/rows\", \"key\": [\"c1\"], "
                        "\"decision\": {\"choice\": 2}}]}"),
                 400, "entry 0: row {c1} has 2 choices, so there is no choice 2");
    expect_error(ask_as("bob", "POST", PATH, "",
                        "{\"decisions\": [{\"step\": \"backfill/rows\", \"key\": [\"no\"], "
                        "\"decision\": {\"skip\": true}}]}"),
                 409, "entry 0: there is no such open row in step \"backfill/rows\" (any more)");
    for (int i = 0; i < 2; i++) {
        Reply reply = ask_as("bob", "POST", PATH, "Idempotency-Key: d1\r\n",
                             "{\"decisions\": [{\"step\": \"backfill/rows\", \"reason\": \"two "
                             "match\", \"decision\": "
                             "{\"choice\": 1}}, {\"step\": \"backfill/rows\", \"key\": [\"c3\"], "
                             "\"decision\": {\"set\": "
                             "{\"a\": 100.00}}}]}");
        assert_int_equal(reply.status, 200);
        assert_int_equal(json_integer_value(at(reply.json, "decided")), 3);
        reply_done(&reply);
    }
    assert_string_equal(
        sql_value(
            "SELECT string_agg(key[1] || decision::text, ' ' ORDER BY key) FROM headgate.decision"),
        "c,2{\"choice\": 1} c1{\"choice\": 1} c3{\"set\": {\"a\": 100.00}}");
    assert_string_equal(sql_value("SELECT count(*) FROM headgate.request WHERE kind = 'review'"),
                        "1");
    assert_string_equal(
        sql_value("SELECT data ->> 'count' FROM headgate.event WHERE type = 'review.decided'"),
        "3");
    Reply reply = ask_as("vera", "GET", "/api/runs/7/review?state=open", "", NULL);
    assert_string_equal(text_at(reply.json, "rows.0.decided_by"), "bob");
    assert_int_equal(json_integer_value(at(reply.json, "rows.0.decision.choice")), 1);
    reply_done(&reply);
}

/* The chain has its digest; readers of events are not sent a document. */
static void a_large_decision_is_kept_beside_the_event(void **state)
{
    UNUSED(state);
    enum { DOCUMENT_BYTES = 200000 };
    char *document = calloc(1, DOCUMENT_BYTES + 1);
    memset(document, 'x', DOCUMENT_BYTES);
    sql("INSERT INTO headgate.queued_row (run, step, key, kind, reason, choices, before) VALUES "
        "(7, 'backfill/rows', '{c4}', 'error', 'broken', NULL, '{}')");
    AUTO(base_free)
    char *body = base_printf("{\"decisions\": [{\"step\": \"backfill/rows\", \"key\": [\"c4\"], "
                             "\"decision\": {\"set\": {\"doc\": \"%s\"}}}]}",
                             document);
    Reply reply = ask_as("bob", "POST", "/api/runs/7/review", "", body);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    assert_string_equal(
        sql_value("SELECT length(decision #>> '{set,doc}') FROM headgate.decided WHERE key = "
                  "'{c4}'"),
        "200000");
    assert_string_equal(
        sql_value("SELECT (data -> 'decision')::text || ' ' || length(data ->> 'digest') FROM "
                  "headgate.event WHERE type = 'review.decided' ORDER BY seq DESC LIMIT 1"),
        "null 64");
    free(document);
}

static void answers_tick_boxes(void **state)
{
    UNUSED(state);
    static const char PATH[] = "/api/runs/7/answers";
    expect_error(ask_as("bob", "POST", PATH, "", "{\"path\": \"start\"}"), 404,
                 "the plan has no manual step \"start\"");
    expect_error(ask_as("bob", "POST", PATH, "", "{\"path\": \"after\", \"item\": 2}"), 400,
                 "\"after\" has 2 items");
    expect_error(ask_as("vera", "POST", PATH, "", "{\"path\": \"after\", \"item\": 1}"), 403,
                 "this needs the role of the step, or operator");
    expect_error(ask_as("bob", "POST", PATH, "", "{\"path\": \"after\", \"item\": 1}"), 409,
                 "the run does not wait for \"after\" now");
    sql("UPDATE headgate.run SET node = 'after' WHERE id = 7");
    for (int i = 0; i < 2; i++) {
        Reply reply = ask_as("bob", "POST", PATH, "",
                             "{\"path\": \"after\", \"item\": 1, \"note\": \"seen\"}");
        assert_int_equal(reply.status, 200);
        reply_done(&reply);
    }
    assert_string_equal(sql_value("SELECT by || note FROM headgate.answer WHERE item = 1"),
                        "bobseen");
    assert_string_equal(
        sql_value("SELECT count(*) FROM headgate.event WHERE type = 'manual.answer'"), "1");
}

/* ------------------------------------------------------------------ plans */

static void hold_plans(bool held)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/hold", served.folder);
    FILE *file = held ? fopen(path, "w") : NULL;
    if (held)
        fclose(file);
    else
        unlink(path);
}

/* How many were being evaluated when the next one began. */
static int hear_evaluating(void)
{
    return (int)strtol(hear("plans"), NULL, 10);
}

static void plans_that_hang_hold_up_nobody_else(void **state)
{
    UNUSED(state);
    static const char *const WHO[] = {"alice", "alice", "bob", "bob", "alice", "bob"};
    enum { AT_ONCE = 4 };
    int fds[COUNT_OF(WHO)];
    hold_plans(true);
    for (size_t i = 0; i < COUNT_OF(WHO); i++)
        fds[i] = ask_later(WHO[i], "GET", "/api/plans");
    for (int i = 1; i <= AT_ONCE; i++)
        assert_int_equal(hear_evaluating(), i);
    Reply reply = ask_as("carol", "GET", "/api/me", "", NULL);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    reply = ask_as("bob", "POST", "/api/runs", "", "{\"plan\": \"hello\"}");
    assert_int_equal(reply.status, 201);
    reply_done(&reply);
    hold_plans(false);
    for (size_t i = AT_ONCE; i < COUNT_OF(WHO); i++)
        assert_in_range(hear_evaluating(), 1, AT_ONCE);
    for (size_t i = 0; i < COUNT_OF(WHO); i++) {
        reply = read_reply(fds[i], true);
        assert_int_equal(reply.status, 200);
        assert_string_equal(text_at(reply.json, "plans.0.name"), "hello");
        reply_done(&reply);
        close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_shows_its_steps_gates_and_rollouts),
        cmocka_unit_test(a_rollout_shows_stages_guards_and_samples),
        cmocka_unit_test(a_stage_to_come_shows_the_watch_of_its_environment),
        cmocka_unit_test(lists_filter_and_say_what_needs_you),
        cmocka_unit_test(events_come_in_pages),
        cmocka_unit_test(a_report_has_everything),
        cmocka_unit_test(a_gate_says_whether_you_may),
        cmocka_unit_test(approvals_are_refused_with_the_reason),
        cmocka_unit_test(an_approval_is_signed_told_and_counted_once),
        cmocka_unit_test(a_closed_gate_is_closed),
        cmocka_unit_test(clicks_at_once_are_one_approval),
        cmocka_unit_test(paths_may_have_slashes_and_blanks),
        cmocka_unit_test(requests_need_the_version_you_saw),
        cmocka_unit_test(the_queue_is_shown_in_pages),
        cmocka_unit_test(decisions_are_checked_and_written),
        cmocka_unit_test(a_large_decision_is_kept_beside_the_event),
        cmocka_unit_test(answers_tick_boxes),
        cmocka_unit_test(plans_that_hang_hold_up_nobody_else),
    };
    return cmocka_run_group_tests(tests, serve_seeded, unserve);
}
