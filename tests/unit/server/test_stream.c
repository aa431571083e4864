/* The stream: who may listen, what comes in which order, and what happens to those who fall behind
 * or misbehave. */
#include "seed.h"
#include "stream.h"

#include "base/bounds.h"

static void only_those_logged_in_may_listen(void **state)
{
    UNUSED(state);
    int fd = -1;
    char headers[512];
    expect_error(upgrade("/api/stream", SUBPROTOCOL, &fd), 401, "you are not logged in (any more)");
    close(fd);
    snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n", served.api[person("vera")]);
    expect_error(upgrade("/api/stream", headers, &fd), 400, "the subprotocol is headgate.v1");
    close(fd);
    snprintf(headers, sizeof(headers), "%sAuthorization: Bearer %s\r\n", SUBPROTOCOL,
             served.api[person("vera")]);
    expect_error(upgrade("/", headers, &fd), 404, "the stream is at /api/stream");
    close(fd);
    snprintf(headers, sizeof(headers),
             "%sOrigin: http://evil.example\r\nAuthorization: Bearer %s\r\n", SUBPROTOCOL,
             served.api[person("vera")]);
    expect_error(upgrade("/api/stream", headers, &fd), 403,
                 "requests of pages of \"http://evil.example\" are not accepted");
    close(fd);
    snprintf(headers, sizeof(headers), "%sHost: evil.example\r\nAuthorization: Bearer %s\r\n",
             SUBPROTOCOL, served.api[person("vera")]);
    expect_error(upgrade("/api/stream", headers, &fd), 403, "this server is not \"evil.example\"");
    close(fd);
    snprintf(headers, sizeof(headers), "%sCookie: headgate_session=%s\r\n", SUBPROTOCOL,
             served.api[person("vera")]);
    expect_error(upgrade("/api/stream", headers, &fd), 403,
                 "a stream with a session cookie needs the header Origin");
    close(fd);
}

/* The handshake cannot wait for the database: an unknown token is upgraded, gets nothing, and is
 * closed. */
static void unknown_tokens_are_closed(void **state)
{
    UNUSED(state);
    Stream stream = {0};
    char headers[256];
    snprintf(headers, sizeof(headers),
             "%sAuthorization: Bearer hgt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n",
             SUBPROTOCOL);
    Reply reply = upgrade("/api/stream", headers, &stream.fd);
    assert_int_equal(reply.status, 101);
    assert_string_equal(header_of(&reply, "sec-websocket-protocol"), "headgate.v1");
    reply_done(&reply);
    expect_close(&stream, 4401, "not logged in");
}

static void add_event(int number)
{
    char text[256];
    snprintf(text, sizeof(text),
             "SELECT headgate.event_append(7, 3, 'test', %d, 'log', 'x', '{\"n\": %d}'), "
             "pg_notify('headgate', '7')",
             number, number);
    sql(text);
}

static void expect_event(Stream *stream, int64_t seq)
{
    const json_t *message = stream_next(stream, "event");
    assert_non_null(message);
    assert_string_equal(text_at(message, "run"), "7");
    assert_int_equal(strtoll(text_at(message, "seq"), NULL, 10), seq);
}

static int64_t last_seq(void)
{
    PGresult *found = PQexec(served.pg, "SELECT last_seq FROM headgate.run WHERE id = 7");
    assert_int_equal(PQntuples(found), 1);
    int64_t seq = strtoll(PQgetvalue(found, 0, 0), NULL, 10);
    PQclear(found);
    return seq;
}

static void a_viewer_catches_up_and_then_hears_news(void **state)
{
    UNUSED(state);
    Stream stream = stream_as("vera");
    const json_t *hello = stream_next(&stream, "hello");
    assert_string_equal(text_at(hello, "person"), "vera");
    assert_string_equal(text_at(hello, "version"), HEADGATE_VERSION);
    stream_send(&stream, "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"1\"}");
    expect_event(&stream, 2);
    expect_event(&stream, 3);
    assert_string_equal(text_at(stream_next(&stream, "caught_up"), "seq"), "3");
    for (int i = 1; i <= 50; i++)
        add_event(i);
    for (int i = 1; i <= 50; i++)
        expect_event(&stream, 3 + i);
    stream_done(&stream);
    stream = stream_as("bob");
    stream_send(&stream, "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"51\"}");
    expect_event(&stream, 52);
    expect_event(&stream, 53);
    assert_string_equal(text_at(stream_next(&stream, "caught_up"), "seq"), "53");
    stream_done(&stream);
}

static void heads_come_to_those_who_watch_all(void **state)
{
    UNUSED(state);
    Stream stream = stream_as("vera");
    stream_send(&stream, "{\"t\": \"watch\", \"run\": \"*\"}");
    assert_non_null(stream_next(&stream, "tick"));
    sql("UPDATE headgate.run SET state = 'watching', version = version + 1 WHERE id = 7; NOTIFY "
        "headgate, '7'");
    const json_t *message = NULL;
    do
        message = stream_next(&stream, "run");
    while (message != NULL && strcmp(text_at(message, "run.state"), "watching") != 0);
    assert_string_equal(text_at(message, "run.id"), "7");
    assert_int_equal(json_integer_value(at(message, "run.steps_total")), 8);
    stream_done(&stream);
}

static void watches_of_nothing_are_reset(void **state)
{
    UNUSED(state);
    Stream stream = stream_as("vera");
    stream_send(&stream, "{\"t\": \"watch\", \"run\": \"99\"}");
    const json_t *message = stream_next(&stream, "reset");
    assert_string_equal(text_at(message, "run"), "99");
    assert_string_equal(text_at(message, "why"), "there is no such run");
    stream_send(&stream, "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"9999\"}");
    message = stream_next(&stream, "reset");
    assert_string_equal(text_at(message, "why"), "the ledger went back");
    assert_string_equal(text_at(message, "seq"), "53");
    stream_done(&stream);
}

static void misbehaviour_ends_the_stream_with_the_reason(void **state)
{
    UNUSED(state);
    static const char *const WRONG[][2] = {
        {"nonsense", "a message is JSON"},
        {"{\"t\": \"watch\", \"run\": \"7\", \"run\": \"8\"}", "a message is JSON"},
        {"[]", "a message is an object with \"t\""},
        {"{\"t\": \"watch\"}", "run is a run's number as text, or \"*\""},
        {"{\"t\": \"watch\", \"run\": 7}", "run is a run's number as text, or \"*\""},
        {"{\"t\": \"watch\", \"run\": \"7; DROP\"}", "run is a run's number as text, or \"*\""},
        {"{\"t\": \"watch\", \"run\": \"7\", \"since\": -1}", "since is a sequence number as text"},
        {"{\"t\": \"approve\", \"run\": \"7\"}", "the messages are watch and unwatch"},
    };
    for (size_t i = 0; i < COUNT_OF(WRONG); i++) {
        Stream stream = stream_as("vera");
        stream_send(&stream, WRONG[i][0]);
        expect_close(&stream, 1008, WRONG[i][1]);
    }
    Stream stream = stream_as("vera");
    send_frame(stream.fd, 2, "x", 1);
    expect_close(&stream, 1008, "a message is text");
    stream = stream_as("vera");
    for (int i = 0; i < 101; i++)
        stream_send(&stream, "{\"t\": \"unwatch\", \"run\": \"7\"}");
    expect_close(&stream, 1008, "at most 100 messages a minute");
    char *big = calloc(1, 70000);
    memset(big, ' ', 70000 - 1);
    stream = stream_as("vera");
    send_frame(stream.fd, 1, big, 70000 - 1);
    expect_close(&stream, 1009, "a message has at most 64 KiB");
    free(big);
    stream = stream_as("vera");
    for (int run = 1; run <= 40; run++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"t\": \"watch\", \"run\": \"%d\"}", run);
        stream_send(&stream, text);
    }
    expect_close(&stream, 1008, "too many runs are watched");
}

/* The next event or reset moves seq on without a gap. False when the stream has ended. */
static bool follow(Stream *stream, int64_t *seq, int *resets)
{
    const json_t *message = NULL;
    while (message == NULL) {
        if (stream->frame == NULL || stream->next == json_array_size(stream->frame)) {
            if (!read_frame(stream))
                return false;
            continue;
        }
        const json_t *next = json_array_get(stream->frame, stream->next++);
        bool is_event = strcmp(text_at(next, "t"), "event") == 0;
        bool is_reset = strcmp(text_at(next, "t"), "reset") == 0;
        message = is_event || is_reset ? next : NULL;
        *resets += is_reset;
        int64_t said = strtoll(text_at(next, "seq"), NULL, 10);
        if (is_event)
            assert_int_equal(said, *seq + 1);
        if (is_reset)
            assert_string_equal(text_at(next, "why"), "fell behind");
        if (message != NULL)
            *seq = said;
    }
    return true;
}

/* 30 MB of events while a viewer does not read: it hears all of them in order, or is told where it
 * goes on; others notice nothing. */
static void who_falls_behind_is_told(void **state)
{
    UNUSED(state);
    Stream slow = stream_as("vera");
    Stream fast = stream_as("bob");
    stream_send(&slow, "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"53\"}");
    stream_send(&fast, "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"53\"}");
    assert_non_null(stream_next(&slow, "caught_up"));
    assert_non_null(stream_next(&fast, "caught_up"));
    int64_t last = 53;
    int64_t heard = 53;
    int resets = 0;
    for (int i = 0; i < 50; i++) {
        char text[256];
        snprintf(text, sizeof(text),
                 "SELECT headgate.event_append(7, 3, 'big', n, 'log', 'x', "
                 "json_build_object('text', repeat('x', "
                 "15000))::jsonb) FROM generate_series(%d, %d) AS n",
                 i * 40 + 1, i * 40 + 40);
        sql(text);
        sql("NOTIFY headgate, '7'");
        last += 40;
        while (heard < last)
            assert_true(follow(&fast, &heard, &resets));
    }
    assert_int_equal(resets, 0);
    heard = 53;
    while (heard < last)
        assert_true(follow(&slow, &heard, &resets));
    assert_int_equal(resets, 1);
    stream_done(&slow);
    stream_done(&fast);
}

/* More than a frame and more than a page holds, all at once: nobody is told to begin anew. */
static void a_burst_comes_whole(void **state)
{
    UNUSED(state);
    enum { BURST = BOUND_EVENT_PAGE + 500 };
    char text[512];
    int64_t before = last_seq();
    Stream stream = stream_as("vera");
    snprintf(text, sizeof(text), "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"%" PRId64 "\"}",
             before);
    stream_send(&stream, text);
    assert_non_null(stream_next(&stream, "caught_up"));
    snprintf(text, sizeof(text),
             "SELECT headgate.event_append(7, 3, 'burst', n, 'log', 'x', '{\"text\": \"%050d\"}') "
             "FROM generate_series(1, %d) AS n; NOTIFY headgate, '7'",
             0, BURST);
    sql(text);
    for (int i = 1; i <= BURST; i++)
        expect_event(&stream, before + i);
    stream_done(&stream);
}

static void a_ledger_that_went_back_resets(void **state)
{
    UNUSED(state);
    Stream stream = stream_as("vera");
    stream_send(&stream, "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"2053\"}");
    assert_non_null(stream_next(&stream, "caught_up"));
    sql("DELETE FROM headgate.event WHERE run = 7 AND seq > 100; UPDATE headgate.run SET last_seq "
        "= 100 WHERE id = 7; "
        "NOTIFY headgate, '7'");
    const json_t *reset = stream_next(&stream, "reset");
    assert_string_equal(text_at(reset, "seq"), "100");
    assert_string_equal(text_at(reset, "why"), "the ledger went back");
    add_event(5000);
    expect_event(&stream, 101);
    stream_done(&stream);
}

/* A viewer comes again after a failover, when the new events have passed its number. */
static void a_number_that_another_event_has_by_now_is_reset(void **state)
{
    UNUSED(state);
    static const char WATCH[] =
        "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"2\", \"at\": \"%s\"}";
    char message[160];
    char was[64];
    Stream stream = stream_as("vera");
    stream_send(&stream, "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"1\"}");
    snprintf(was, sizeof(was), "%s", text_at(stream_next(&stream, "event"), "at"));
    stream_done(&stream);
    snprintf(message, sizeof(message), WATCH, was);
    stream = stream_as("vera");
    stream_send(&stream, message);
    expect_event(&stream, 3);
    stream_done(&stream);
    sql("UPDATE headgate.event SET at = at + interval '1 microsecond' WHERE run = 7 AND seq = 2");
    stream = stream_as("vera");
    stream_send(&stream, message);
    const json_t *reset = stream_next(&stream, "reset");
    assert_string_equal(text_at(reset, "why"), "the ledger went back");
    assert_string_equal(text_at(reset, "seq"), "102"); /* of them one is the rewind */
    add_event(5002);
    expect_event(&stream, 103);
    stream_done(&stream);
}

static void watch_from(Stream *stream, int64_t seq)
{
    char text[96];
    snprintf(text, sizeof(text), "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"%" PRId64 "\"}",
             seq);
    stream_send(stream, text);
}

static void expect_caught_up(Stream *stream, int64_t seq)
{
    const json_t *message = stream_next(stream, "caught_up");
    assert_non_null(message);
    assert_int_equal(strtoll(text_at(message, "seq"), NULL, 10), seq);
}

static void expect_reset(Stream *stream, int64_t seq, const char *why)
{
    const json_t *message = stream_next(stream, "reset");
    assert_non_null(message);
    assert_string_equal(text_at(message, "why"), why);
    assert_int_equal(strtoll(text_at(message, "seq"), NULL, 10), seq);
}

/* Live as well as afterwards, it costs a reset, and nobody else notices it. */
static void an_event_that_no_frame_holds_is_passed_over(void **state)
{
    UNUSED(state);
    static const char WHY[] = "an event is too large for the stream";
    int64_t before = last_seq();
    Stream live = stream_as("vera");
    Stream other = stream_as("bob");
    watch_from(&live, before);
    expect_caught_up(&live, before);
    stream_send(&other, "{\"t\": \"watch\", \"run\": \"*\"}");
    assert_non_null(stream_next(&other, "tick"));
    sql("SELECT headgate.event_append(7, 3, 'large', 1, 'log', 'x', "
        "jsonb_build_object('text', repeat('x', 200000))), pg_notify('headgate', '7')");
    expect_reset(&live, before + 1, WHY);
    expect_caught_up(&live, before + 1);
    add_event(7000);
    expect_event(&live, before + 2);
    sql("UPDATE headgate.run SET state = 'held', version = version + 1 WHERE id = 7; NOTIFY "
        "headgate, '7'");
    const json_t *message = NULL;
    do
        message = stream_next(&other, "run");
    while (message != NULL && strcmp(text_at(message, "run.state"), "held") != 0);
    assert_non_null(message);
    Stream late = stream_as("carol");
    watch_from(&late, before - 1);
    expect_event(&late, before);
    expect_reset(&late, before + 1, WHY);
    expect_event(&late, before + 2);
    expect_caught_up(&late, before + 2);
    stream_done(&late);
    stream_done(&other);
    stream_done(&live);
}

/* Run 8, whose events are short. */
static void add_filler(void)
{
    sql("INSERT INTO headgate.run (id, plan, plan_name, environment, system_identifier, database, "
        "state, started_by) OVERRIDING SYSTEM VALUE VALUES (8, 'p7', 'filler', 'demo', 's', 'app', "
        "'running', 'alice');"
        "INSERT INTO headgate.lease (run, epoch, owner, until) VALUES (8, 1, 'x', now() + interval "
        "'1 hour')");
}

/* More than the sockets hold, but not so many events that it is not sent them later; then short
 * ones, and ticks, into what is left of its queue. */
static void fill(Stream *quick, int64_t before)
{
    enum { LARGE = 900, SHORT = 3000 };
    char text[256];
    snprintf(text, sizeof(text),
             "SELECT headgate.event_append(7, 3, 'fill', n, 'log', 'x', "
             "jsonb_build_object('text', repeat('x', 15000))) FROM generate_series(1, %d) AS n; "
             "NOTIFY headgate, '7'",
             LARGE);
    sql(text);
    for (int i = 1; i <= LARGE; i++)
        expect_event(quick, before + i);
    assert_non_null(stream_next(quick, "tick"));
    snprintf(text, sizeof(text),
             "SELECT headgate.event_append(8, 1, 'fill', n, 'log', 'x', '{}') FROM "
             "generate_series(1, %d) AS n; NOTIFY headgate, '8'",
             SHORT);
    sql(text);
    Stream fresh = stream_as("carol"); /* has no old ticks before it */
    for (int i = 0; i < 4; i++)
        assert_non_null(stream_next(&fresh, "tick"));
    stream_done(&fresh);
}

/* Events of run 7 in order, until a reset (true) or the end; the last one, and its time. */
static bool hear_until_reset(Stream *stream, int64_t *heard, char *at, size_t size)
{
    while (read_frame(stream)) {
        for (size_t i = 0; i < json_array_size(stream->frame); i++) {
            const json_t *message = json_array_get(stream->frame, i);
            if (strcmp(text_at(message, "t"), "reset") == 0)
                return true;
            if (strcmp(text_at(message, "t"), "event") != 0 ||
                strcmp(text_at(message, "run"), "7") != 0)
                continue;
            assert_int_equal(strtoll(text_at(message, "seq"), NULL, 10), ++*heard);
            snprintf(at, size, "%s", text_at(message, "at"));
        }
    }
    return false;
}

/* The ledger goes back to that event, and goes on. */
static void go_back(Stream *quick, int64_t to)
{
    char text[256];
    snprintf(text, sizeof(text),
             "DELETE FROM headgate.event WHERE run = 7 AND seq > %" PRId64
             "; UPDATE headgate.run SET last_seq = %" PRId64 " WHERE id = 7; NOTIFY headgate, '7'",
             to, to);
    sql(text);
    expect_reset(quick, to, "the ledger went back");
    add_event(7001);
    expect_event(quick, to + 1); /* the rewind was told above, once for this timeline */
}

/* Whoever does not read has no room for the reset of a failover either: no event of the new history
 * comes without it. */
static void no_event_of_another_history_comes_before_its_reset(void **state)
{
    UNUSED(state);
    int64_t before = last_seq();
    int64_t heard = before;
    int little = 256 * 1024;
    char at[64] = "";
    char text[160];
    Stream slow = stream_as("vera");
    Stream quick = stream_as("bob");
    assert_int_equal(setsockopt(slow.fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)), 0);
    add_filler();
    watch_from(&slow, before);
    expect_caught_up(&slow, before);
    stream_send(&slow, "{\"t\": \"watch\", \"run\": \"8\"}");
    expect_caught_up(&slow, 0);
    watch_from(&quick, before);
    expect_caught_up(&quick, before);
    fill(&quick, before);
    go_back(&quick, before);
    if (!hear_until_reset(&slow, &heard, at, sizeof(at))) {
        assert_int_equal(slow.close_status, 1013);
        assert_string_equal(slow.close_why, "fell behind");
    }
    stream_done(&slow);
    slow = stream_as("vera");
    snprintf(text, sizeof(text),
             "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"%" PRId64 "\", \"at\": \"%s\"}",
             heard, at);
    stream_send(&slow, text);
    expect_reset(&slow, before + 1, "the ledger went back");
    stream_done(&slow);
    stream_done(&quick);
}

static void logging_out_ends_the_stream(void **state)
{
    UNUSED(state);
    char body[128];
    char cookie[128];
    char csrf[64];
    char headers[512];
    snprintf(body, sizeof(body), "{\"token\": \"%s\"}", served.once[person("carol")]);
    Reply reply = ask("POST", "/api/login", "", body);
    snprintf(cookie, sizeof(cookie), "%.*s", (int)strcspn(header_of(&reply, "set-cookie"), ";"),
             header_of(&reply, "set-cookie"));
    snprintf(csrf, sizeof(csrf), "%s", text_at(reply.json, "csrf"));
    reply_done(&reply);
    snprintf(headers, sizeof(headers), "%sCookie: %s\r\nOrigin: http://127.0.0.1:%d\r\n",
             SUBPROTOCOL, cookie, served.port);
    Stream stream = {0};
    reply = upgrade("/api/stream", headers, &stream.fd);
    assert_int_equal(reply.status, 101);
    reply_done(&reply);
    assert_string_equal(text_at(stream_next(&stream, "hello"), "person"), "carol");
    snprintf(headers, sizeof(headers),
             "Cookie: %s\r\nOrigin: http://127.0.0.1:%d\r\nX-Headgate-CSRF: %s\r\n", cookie,
             served.port, csrf);
    reply = ask("POST", "/api/logout", headers, "{}");
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    expect_close(&stream, 4401, "logged out");
}

static void ticks_say_when_the_database_is_away(void **state)
{
    UNUSED(state);
    Stream stream = stream_as("vera");
    char watch[64];
    snprintf(watch, sizeof(watch), "{\"t\": \"watch\", \"run\": \"7\", \"since\": \"%lld\"}",
             (long long)last_seq());
    stream_send(&stream, watch);
    assert_non_null(stream_next(&stream, "caught_up"));
    PQfinish(served.pg);
    kill(served.pid, SIGUSR1);
    hear("stopped");
    const json_t *tick = NULL;
    do
        tick = stream_next(&stream, "tick");
    while (tick != NULL && at(tick, "away") == NULL);
    assert_true(text_starts(text_at(tick, "away"), "state database unreachable: "));
    kill(served.pid, SIGUSR2);
    hear("started");
    served.pg = PQconnectdb(served.conninfo);
    add_event(5001);
    expect_event(&stream, last_seq());
    stream_done(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_those_logged_in_may_listen),
        cmocka_unit_test(unknown_tokens_are_closed),
        cmocka_unit_test(a_viewer_catches_up_and_then_hears_news),
        cmocka_unit_test(heads_come_to_those_who_watch_all),
        cmocka_unit_test(watches_of_nothing_are_reset),
        cmocka_unit_test(misbehaviour_ends_the_stream_with_the_reason),
        cmocka_unit_test(who_falls_behind_is_told),
        cmocka_unit_test(a_burst_comes_whole),
        cmocka_unit_test(a_ledger_that_went_back_resets),
        cmocka_unit_test(a_number_that_another_event_has_by_now_is_reset),
        cmocka_unit_test(an_event_that_no_frame_holds_is_passed_over),
        cmocka_unit_test(no_event_of_another_history_comes_before_its_reset),
        cmocka_unit_test(logging_out_ends_the_stream),
        cmocka_unit_test(ticks_say_when_the_database_is_away),
    };
    return cmocka_run_group_tests(tests, serve_seeded, unserve);
}
