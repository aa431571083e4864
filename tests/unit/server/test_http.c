/* Requests as browsers, scripts and attackers send them. Every message is read. */
#include "served.h"

static void log_in_links_work_once(void **state)
{
    UNUSED(state);
    char body[128];
    snprintf(body, sizeof(body), "{\"token\": \"%s\"}", served.once[person("vera")]);
    Reply reply = ask("POST", "/api/login", "", body);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_at(reply.json, "person"), "vera");
    assert_string_equal(text_at(reply.json, "role"), "viewer");
    const char *cookie = header_of(&reply, "set-cookie");
    assert_non_null(strstr(cookie, "headgate_session=hgt_"));
    assert_non_null(strstr(cookie, "; HttpOnly; SameSite=Strict"));
    assert_null(strstr(cookie, "Secure"));
    reply_done(&reply);
    expect_error(ask("POST", "/api/login", "", body), 401, "this token is not valid (any more)");
    expect_error(ask("POST", "/api/login", "", "{\"token\": \"nonsense\"}"), 401,
                 "this token is not valid (any more)");
    expect_error(ask("POST", "/api/login", "", "{\"token\": 1}"), 400, "\"token\" is a text");
    expect_error(ask("POST", "/api/login", "", "{}"), 400, "the body needs \"token\"");
    expect_error(ask("POST", "/api/login", "", "{\"token\": \"x\", \"as\": \"root\"}"), 400,
                 "the body has an unknown key \"as\"");
}

typedef struct Session {
    char cookie[128];
    char csrf[64];
} Session;

static Session log_in(const char *name)
{
    char body[128];
    Session session = {0};
    snprintf(body, sizeof(body), "{\"token\": \"%s\"}", served.once[person(name)]);
    Reply reply = ask("POST", "/api/login", "", body);
    assert_int_equal(reply.status, 200);
    const char *cookie = header_of(&reply, "set-cookie");
    snprintf(session.cookie, sizeof(session.cookie), "Cookie: %.*s\r\n", (int)strcspn(cookie, ";"),
             cookie);
    snprintf(session.csrf, sizeof(session.csrf), "%s", text_at(reply.json, "csrf"));
    reply_done(&reply);
    return session;
}

static void a_session_needs_csrf_and_origin_to_post(void **state)
{
    UNUSED(state);
    Session session = log_in("carol");
    char headers[512];
    Reply reply = ask("GET", "/api/me", session.cookie, NULL);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_at(reply.json, "csrf"), session.csrf);
    assert_string_equal(text_at(reply.json, "roles.demo.0"), "product");
    reply_done(&reply);
    expect_error(ask("POST", "/api/logout", session.cookie, "{}"), 403,
                 "a POST with a session cookie needs the header Origin");
    snprintf(headers, sizeof(headers), "%sOrigin: http://127.0.0.1:%d\r\n", session.cookie,
             served.port);
    expect_error(ask("POST", "/api/logout", headers, "{}"), 403,
                 "the header X-Headgate-CSRF is missing or wrong: GET /api/me has the right one");
    snprintf(headers, sizeof(headers), "%sOrigin: http://127.0.0.1:%d\r\nX-Headgate-CSRF: %s\r\n",
             session.cookie, served.port, session.csrf);
    reply = ask("POST", "/api/logout", headers, "{}");
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(header_of(&reply, "set-cookie"), "Max-Age=0"));
    reply_done(&reply);
    expect_error(ask("GET", "/api/me", session.cookie, NULL), 401,
                 "you are not logged in (any more)");
}

static void nobody_gets_anything(void **state)
{
    UNUSED(state);
    static const char *const PATHS[] = {"/api/me", "/api/runs", "/api/runs/1",
                                        "/api/runs/1/gates/g", "/api/plans"};
    for (size_t i = 0; i < COUNT_OF(PATHS); i++)
        expect_error(ask("GET", PATHS[i], "", NULL), 401, "you are not logged in (any more)");
    expect_error(ask("GET", "/api/me", "Authorization: Basic eDp5\r\n", NULL), 401,
                 "you are not logged in (any more)");
    expect_error(ask("GET", "/api/me", "Cookie: headgate_session=hgt_\r\n", NULL), 401,
                 "you are not logged in (any more)");
    expect_error(ask_as("vera", "POST", "/api/runs", "", "{\"plan\": \"hello\"}"), 403,
                 "this needs the role operator, you are viewer");
}

static void other_names_and_other_sites_are_refused(void **state)
{
    UNUSED(state);
    char message[192];
    char headers[128];
    expect_error(ask("GET", "/", "Host: evil.example\r\n", NULL), 403,
                 "this server is not \"evil.example\"");
    expect_error(ask("GET", "/", "Host: 127.0.0.1\r\n", NULL), 403,
                 "this server is not \"127.0.0.1\"");
    static const char *const ORIGINS[] = {"http://evil.example",
                                          "null",
                                          "http://127.0.0.1",
                                          "https://127.0.0.1:%d",
                                          "http://127.0.0.1:%d.evil.example",
                                          "http://user@127.0.0.1:%d",
                                          "http://127.0.0.1:%d/"};
    for (size_t i = 0; i < COUNT_OF(ORIGINS); i++) {
        char origin[96];
        snprintf(origin, sizeof(origin), "%s", ORIGINS[i]);
        char *port = strstr(origin, "%d");
        if (port != NULL) {
            char rest[48];
            snprintf(rest, sizeof(rest), "%s", port + 2);
            snprintf(port, sizeof(origin) - (size_t)(port - origin), "%d%s", served.port, rest);
        }
        snprintf(headers, sizeof(headers), "Origin: %s\r\n", origin);
        snprintf(message, sizeof(message), "requests of pages of \"%s\" are not accepted", origin);
        expect_error(ask("GET", "/api/me", headers, NULL), 403, message);
    }
    snprintf(headers, sizeof(headers), "Host: LOCALHOST:%d\r\n", served.port);
    Reply reply = ask("GET", "/", headers, NULL);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    int fd = dial();
    send_text(fd, "GET / HTTP/1.1\r\n\r\n");
    expect_error(read_reply(fd, true), 400, "the request names no host");
    close(fd);
}

static void bodies_are_checked(void **state)
{
    UNUSED(state);
    expect_error(ask_as("bob", "POST", "/api/runs", "Content-Type: text/plain\r\n", "{}"), 415,
                 "the body is not application/json");
    expect_error(ask_as("bob", "POST", "/api/runs", "", "{\"plan\": "), 400,
                 "JSON line 1 column 9: unexpected token near end of file");
    expect_error(ask_as("bob", "POST", "/api/runs", "", "[]"), 400,
                 "the body is not a JSON object");
    expect_error(ask_as("bob", "POST", "/api/runs", "", "{\"plan\": \"a\", \"plan\": \"b\"}"), 400,
                 "JSON line 1 column 20: duplicate object key near '\"plan\"'");
    expect_error(ask_as("bob", "POST", "/api/runs", "", "{\"plan\": 99999999999999999999}"), 400,
                 "JSON line 1 column 29: too big integer near '99999999999999999999'");
    expect_error(ask_as("bob", "POST", "/api/runs", "", "{\"plan\": \"\xff\"}"), 400,
                 "JSON line 1 column 10: unable to decode byte 0xff near '\"'");
    char deep[1000];
    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"a\":", 5);
    deep[sizeof(deep) - 1] = '\0';
    expect_error(ask_as("bob", "POST", "/api/runs", "", deep), 400,
                 "JSON nested deeper than 100 levels");
}

static void lengths_are_checked(void **state)
{
    UNUSED(state);
    int fd = dial();
    char text[512];
    snprintf(text, sizeof(text), "POST /api/login HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n",
             served.port);
    send_text(fd, text);
    expect_error(read_reply(fd, true), 411, "the header Content-Length is missing");
    assert_true(hung_up(fd));
    close(fd);
    expect_error(ask("POST", "/api/login", "Transfer-Encoding: chunked\r\n", NULL), 411,
                 "send the body with Content-Length: chunked bodies are not accepted");
    expect_error(
        ask("POST", "/api/login", "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", NULL), 411,
        "send the body with Content-Length: chunked bodies are not accepted");
    static const char *const WRONG[] = {"-5", "0x10", "5, 5", "1e3", "99999999999999999999", "+3"};
    for (size_t i = 0; i < COUNT_OF(WRONG); i++) {
        snprintf(text, sizeof(text), "Content-Length: %s\r\n", WRONG[i]);
        expect_error(ask("POST", "/api/login", text, NULL), 400, "Content-Length is not a number");
    }
    expect_error(ask("POST", "/api/login", "Content-Length: 2\r\nContent-Length: 3\r\n", NULL), 400,
                 "Content-Length is not a number");
    expect_error(ask("GET", "/api/me", "Content-Length: 5\r\n", NULL), 400, "a GET has no body");
}

static void big_bodies_are_refused(void **state)
{
    UNUSED(state);
    size_t size = 2 * 1024 * 1024;
    char *body = calloc(1, size + 1);
    memset(body, ' ', size);
    expect_error(ask_as("bob", "POST", "/api/runs", "", body), 413,
                 "the body has 2097152 bytes; at most 1048576 are accepted");
    free(body);
    int fd = dial();
    char text[256];
    snprintf(text, sizeof(text),
             "POST /api/login HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 900000000\r\n\r\n",
             served.port);
    send_text(fd, text);
    expect_error(read_reply(fd, true), 413,
                 "the body has 900000000 bytes; at most 1048576 are accepted");
    assert_true(hung_up(fd));
    close(fd);
}

static void addresses_and_methods(void **state)
{
    UNUSED(state);
    expect_error(ask("GET", "/api/nothing", "", NULL), 404, "there is no /api/nothing");
    expect_error(ask("GET", "/nothing.js", "", NULL), 404, "there is no /nothing.js");
    expect_error(ask("GET", "/../../etc/passwd", "", NULL), 404, "there is no /etc/passwd");
    expect_error(ask("GET", "/%2e%2e/%2e%2e/etc/passwd", "", NULL), 404, "there is no /etc/passwd");
    expect_error(ask("DELETE", "/api/runs", "Content-Length: 0\r\n", NULL), 405,
                 "this address takes only GET, POST");
    expect_error(ask("PUT", "/", "", "{}"), 405, "this address takes only GET");
    Reply reply = ask("POST", "/api/me", "", "{}");
    assert_int_equal(reply.status, 405);
    assert_string_equal(header_of(&reply, "allow"), "GET");
    reply_done(&reply);
    expect_error(ask_as("bob", "GET", "/api/runs/x", "", NULL), 404, "there is no run \"x\"");
    expect_error(ask_as("bob", "GET", "/api/runs/99", "", NULL), 404, "there is no run 99");
    expect_error(ask_as("bob", "GET", "/api/runs?limit=-1", "", NULL), 400,
                 "limit is a number from 0 to 500, not \"-1\"");
}

static void the_dashboard_is_served_safely(void **state)
{
    UNUSED(state);
    Reply reply = ask("GET", "/runs/42/gates/x", "", NULL);
    assert_int_equal(reply.status, 200);
    assert_string_equal(header_of(&reply, "content-type"), "text/html; charset=utf-8");
    assert_string_equal(
        header_of(&reply, "content-security-policy"),
        "default-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
        "frame-ancestors 'none'; base-uri 'none'");
    assert_string_equal(header_of(&reply, "x-content-type-options"), "nosniff");
    assert_string_equal(header_of(&reply, "referrer-policy"), "same-origin");
    assert_string_equal(header_of(&reply, "cache-control"), "no-cache");
    assert_true(reply.body_bytes > 0);
    char headers[128];
    snprintf(headers, sizeof(headers), "If-None-Match: %s\r\n", header_of(&reply, "etag"));
    size_t size = reply.body_bytes;
    reply_done(&reply);
    reply = ask("GET", "/", headers, NULL);
    assert_int_equal(reply.status, 304);
    reply_done(&reply);
    reply = ask("HEAD", "/", "", NULL);
    assert_int_equal(reply.status, 200);
    assert_int_equal(strtoul(header_of(&reply, "content-length"), NULL, 10), size);
    reply_done(&reply);
}

static char *compose_as(const char *name, const char *method, const char *path, const char *body)
{
    char headers[256];
    snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n", served.api[person(name)]);
    return compose(method, path, headers, body);
}

/* One connection carries one request: what stands behind it is not looked at. libwebsockets would
 * take the head of a POST for its body, and turn in a circle when something follows. */
static void what_follows_a_request_is_ignored(void **state)
{
    UNUSED(state);
    char *me = compose_as("bob", "GET", "/api/me", NULL);
    char *post = compose_as("bob", "POST", "/api/runs", "{\"plan\": \"hello\"}");
    const char *const FIRST[] = {me, post};
    for (size_t i = 0; i < COUNT_OF(FIRST); i++) {
        int fd = dial();
        char all[4096];
        snprintf(all, sizeof(all), "%s%s%s%s", FIRST[i], post, me, post);
        send_text(fd, all);
        Reply reply = read_reply(fd, true);
        assert_int_equal(reply.status, i == 0 ? 200 : 201);
        assert_string_equal(header_of(&reply, "connection"), "close");
        reply_done(&reply);
        assert_true(hung_up(fd));
        close(fd);
    }
    free(me);
    free(post);
    assert_string_equal(hear("start"), "hello - bob");
}

static void clients_that_leave_do_no_harm(void **state)
{
    UNUSED(state);
    char *text = compose_as("bob", "GET", "/api/runs", NULL);
    for (int i = 0; i < 50; i++) {
        int fd = dial();
        send_text(fd, text);
        close(fd);
    }
    for (size_t length = 1; length < strlen(text); length += 7) {
        int fd = dial();
        send_bytes(fd, text, length);
        close(fd);
    }
    free(text);
    /* bob's share is taken until the server has noticed that nobody waits for those answers */
    struct pollfd nothing = {.fd = -1};
    Reply reply = ask_as("bob", "GET", "/api/me", "", NULL);
    while (reply.status == 429) {
        assert_string_equal(header_of(&reply, "retry-after"), "1");
        reply_done(&reply);
        poll(&nothing, 0, 20);
        reply = ask_as("bob", "GET", "/api/me", "", NULL);
    }
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static void only_websocket_is_an_upgrade(void **state)
{
    UNUSED(state);
    int fd = dial();
    char text[512];
    snprintf(text, sizeof(text),
             "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade, "
             "HTTP2-Settings\r\nUpgrade: h2c\r\n"
             "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
             served.port);
    send_text(fd, text);
    expect_error(read_reply(fd, true), 400, "the only upgrade is to websocket");
    assert_true(hung_up(fd));
    close(fd);
    fd = dial();
    send_text(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_true(hung_up(fd));
    close(fd);
    fd = dial();
    snprintf(text, sizeof(text),
             "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n",
             served.port);
    send_text(fd, text);
    Reply reply = read_reply(fd, false);
    assert_int_equal(reply.status, 403);
    reply_done(&reply);
    assert_true(hung_up(fd));
    close(fd);
}

/* A byte now and then must not keep a connection for ever: the limit is for the whole head. */
static void slow_heads_are_cut(void **state)
{
    UNUSED(state);
    int fd = dial();
    struct timespec began;
    struct timespec ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    send_text(fd, "GET / HTTP/1.1\r\nX-Slow: ");
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    while (poll(&poller, 1, 100) == 0)
        send_text(fd, "x");
    assert_true(hung_up(fd));
    clock_gettime(CLOCK_MONOTONIC, &ended);
    close(fd);
    assert_true(ended.tv_sec - began.tv_sec <= 8); /* libwebsockets itself would wait 10 */
}

static void large_heads_are_dropped(void **state)
{
    UNUSED(state);
    int fd = dial();
    char *head = calloc(1, 40000);
    size_t used = (size_t)snprintf(head, 40000,
                                   "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-Big: ", served.port);
    memset(head + used, 'a', 30000);
    send_text(fd, head);
    send_text(fd, "\r\n\r\n");
    Reply reply = read_reply(fd, true);
    assert_true(reply.status == 0 || reply.status >= 400);
    reply_done(&reply);
    free(head);
    close(fd);
}

static void wrong_tokens_are_slowed_down(void **state)
{
    UNUSED(state);
    static const char WRONG[] = "{\"token\": \"hgt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";
    char *text = compose("POST", "/api/login", "", WRONG);
    Reply reply = {0};
    for (int i = 0; i < 10 && reply.status != 429; i++) {
        reply_done(&reply);
        int fd = dial_from("127.0.0.9");
        send_text(fd, text);
        reply = read_reply(fd, true);
        close(fd);
    }
    free(text);
    assert_int_equal(reply.status, 429);
    const char *after = header_of(&reply, "retry-after"); /* how long exactly: test_peer.c */
    assert_non_null(after);
    assert_in_range(strtol(after, NULL, 10), 1, 60);
    AUTO(base_free)
    char *wanted = base_printf("too many wrong tokens from this address: try again in %s s", after);
    assert_string_equal(text_at(reply.json, "error.message"), wanted);
    reply_done(&reply);
    reply = ask_as("bob", "GET", "/api/me", "", NULL);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static int asked_from(const char *address, const char *token)
{
    AUTO(base_free) char *headers = base_printf("Authorization: Bearer %s\r\n", token);
    AUTO(base_free) char *text = compose("GET", "/api/me", headers, NULL);
    int fd = dial_from(address);
    send_text(fd, text);
    Reply reply = read_reply(fd, true);
    int status = reply.status;
    reply_done(&reply);
    close(fd);
    return status;
}

/* A neighbour behind the same address that asks with a wrong one does not lock the others out. */
static void a_good_token_passes_where_wrong_ones_wait(void **state)
{
    UNUSED(state);
    static const char ADDRESS[] = "127.0.0.19";
    static const char WRONG[] = "hgt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    int status = 401;
    for (int i = 0; i < 20 && status != 429; i++)
        status = asked_from(ADDRESS, WRONG);
    assert_int_equal(status, 429);
    for (int i = 0; i < 500 && status != 200; i++)
        status = asked_from(ADDRESS, served.api[person("bob")]); /* at most ten looks a second */
    assert_int_equal(status, 200);
}

static void runs_are_started_once_per_key(void **state)
{
    UNUSED(state);
    sql("INSERT INTO headgate.plan (hash, name, bytes, graph, graph_text, graph_hash, language, "
        "registered_by) "
        "VALUES ('p1', 'hello', '', '{}', '{}', '', 1, 'wendy')");
    sql("INSERT INTO headgate.run (id, plan, plan_name, environment, system_identifier, database, "
        "state, started_by) "
        "OVERRIDING SYSTEM VALUE VALUES (42, 'p1', 'hello', 'demo', 's', 'app', 'pending', "
        "'alice')");
    Reply reply = ask_as("alice", "POST", "/api/runs", "Idempotency-Key: k1\r\n",
                         "{\"plan\": \"hello\", \"environment\": \"demo\"}");
    assert_int_equal(reply.status, 201);
    assert_string_equal(text_at(reply.json, "id"), "42");
    assert_string_equal(hear("start"), "hello demo alice");
    reply_done(&reply);
    reply =
        ask_as("alice", "POST", "/api/runs", "Idempotency-Key: k1\r\n", "{\"plan\": \"hello\"}");
    assert_int_equal(reply.status, 201);
    assert_string_equal(text_at(reply.json, "id"), "42");
    reply_done(&reply);
    /* Asked twice at once: this one comes second and finds the other's run in its way. */
    reply =
        ask_as("alice", "POST", "/api/runs", "Idempotency-Key: k2\r\n", "{\"plan\": \"taken\"}");
    assert_int_equal(reply.status, 201);
    assert_string_equal(text_at(reply.json, "id"), "42");
    reply_done(&reply);
    expect_error(ask_as("alice", "POST", "/api/runs", "", "{\"plan\": \"taken\"}"), 409,
                 "run 42 of \"taken\" is unfinished");
    expect_error(ask_as("alice", "POST", "/api/runs", "", "{\"plan\": \"hello\", \"params\": []}"),
                 400, "\"params\" is an object");
    reply = ask_as("vera", "GET", "/api/plans", "", NULL);
    assert_string_equal(text_at(reply.json, "plans.0.name"), "hello");
    reply_done(&reply);
}

static void runs_without_a_runner_get_one(void **state)
{
    UNUSED(state);
    sql("INSERT INTO headgate.lease (run, epoch, until) VALUES (42, 1, now() - interval '1 "
        "second')");
    assert_string_equal(hear("adopt"), "42");
    sql("UPDATE headgate.run SET state = 'done' WHERE id = 42");
    sql("INSERT INTO headgate.run (id, plan, plan_name, environment, system_identifier, database, "
        "state, started_by) "
        "OVERRIDING SYSTEM VALUE VALUES (43, 'p1', 'other', 'demo', 's', 'app', 'done', 'alice')");
    sql("INSERT INTO headgate.lease (run, epoch, until) VALUES (43, 1, now())");
    sql("INSERT INTO headgate.request (run, kind, asked_by) VALUES (43, 'rollback', 'bob')");
    while (strcmp(hear("adopt"), "43") != 0)
        continue;
    sql("UPDATE headgate.lease SET until = now() + interval '1 hour'");
}

static void a_state_database_that_goes_away_comes_back(void **state)
{
    UNUSED(state);
    PQfinish(served.pg);
    kill(served.pid, SIGUSR1);
    hear("stopped");
    Reply reply = ask_as("bob", "GET", "/api/runs", "", NULL);
    assert_int_equal(reply.status, 503);
    assert_true(text_starts(text_at(reply.json, "error.message"), "state database unreachable: "));
    reply_done(&reply);
    reply = ask("GET", "/", "", NULL);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    kill(served.pid, SIGUSR2);
    hear("started");
    struct pollfd nothing = {.fd = -1};
    do {
        poll(&nothing, 0, 20);
        reply_done(&reply);
        reply = ask_as("bob", "GET", "/api/runs", "", NULL);
    } while (reply.status == 503);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    served.pg = PQconnectdb(served.conninfo);
    assert_int_equal(PQstatus(served.pg), CONNECTION_OK);
}

static void no_token_is_in_the_log(void **state)
{
    UNUSED(state);
    char path[128];
    snprintf(path, sizeof(path), "%s/log", served.folder);
    FILE *log = fopen(path, "r");
    assert_non_null(log);
    char line[4096];
    size_t lines = 0;
    while (fgets(line, sizeof(line), log) != NULL) {
        lines++;
        assert_null(strstr(line, "hgt_"));
    }
    fclose(log);
    assert_true(lines > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_in_links_work_once),
        cmocka_unit_test(a_session_needs_csrf_and_origin_to_post),
        cmocka_unit_test(nobody_gets_anything),
        cmocka_unit_test(other_names_and_other_sites_are_refused),
        cmocka_unit_test(bodies_are_checked),
        cmocka_unit_test(lengths_are_checked),
        cmocka_unit_test(big_bodies_are_refused),
        cmocka_unit_test(addresses_and_methods),
        cmocka_unit_test(the_dashboard_is_served_safely),
        cmocka_unit_test(what_follows_a_request_is_ignored),
        cmocka_unit_test(clients_that_leave_do_no_harm),
        cmocka_unit_test(only_websocket_is_an_upgrade),
        cmocka_unit_test(slow_heads_are_cut),
        cmocka_unit_test(large_heads_are_dropped),
        cmocka_unit_test(wrong_tokens_are_slowed_down),
        cmocka_unit_test(a_good_token_passes_where_wrong_ones_wait),
        cmocka_unit_test(runs_are_started_once_per_key),
        cmocka_unit_test(runs_without_a_runner_get_one),
        cmocka_unit_test(a_state_database_that_goes_away_comes_back),
        cmocka_unit_test(no_token_is_in_the_log),
    };
    return cmocka_run_group_tests(tests, serve, unserve);
}
