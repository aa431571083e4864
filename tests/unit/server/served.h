/* A server with a private cluster in a child process, and a client that blocks: raw sockets, so
 * that malformed requests can be sent byte by byte. The child ends cleanly, so that leaks are seen
 * there too. */
#ifndef HEADGATE_TESTS_UNIT_SERVER_SERVED_H
#define HEADGATE_TESTS_UNIT_SERVER_SERVED_H

#include "access/sign.h"
#include "access/token.h"
#include "base/log.h"
#include "db/cluster.h"
#include "db/sql.h"
#include "ledger/run.h"
#include "ledger/schema.h"
#include "server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { REPLY_MAX = 4 * 1024 * 1024, PATIENCE_S = 20, HOLD_MS = 20 };

/* ------------------------------------------------------------------ the child */

/* The state database is target app; %s is where it is. */
static const char CONFIG[] = "targets:\n"
                             "  app: {url: \"%s\"}\n"
                             "  other: {url: \"%s dbname=other\"}\n"
                             "  away: {url: \"host=/nonexistent\"}\n"
                             "metrics:\n"
                             "  p95: {http: {url: \"http://u:password@mon.example/p95?k=1\"}}\n"
                             "variables:\n"
                             "  token: \"${HOME}\"\n"
                             "  prefixed: \"${HOME}secret\"\n"
                             "environments:\n"
                             "  demo:\n"
                             "    approvers:\n"
                             "      admin: [alice, bob, dora]\n"
                             "      product: [carol, dora]\n";

static const char *const PEOPLE[][2] = {
    {"alice", "administrator"}, {"bob", "operator"}, {"carol", "viewer"},
    {"dora", "viewer"},         {"vera", "viewer"},
};
enum { PEOPLE_COUNT = COUNT_OF(PEOPLE) };

/* What the child tells the parent, one line each. */
static struct {
    pid_t pid;
    int from; ///< lines of the child
    FILE *lines;
    char folder[64];
    int port;
    char conninfo[256];
    char once[PEOPLE_COUNT][ACCESS_TOKEN_BYTES];
    char api[PEOPLE_COUNT][ACCESS_TOKEN_BYTES];
    PGconn *pg;
} served;

static struct {
    Loop *loop;
    int out;
    DbCluster *cluster;
    DbClusterOptions cluster_options;
    Server *server;
    Config *config;
    Fiber *main;
    bool ends;
    const char *hold; ///< a file: while it is there, plans are not evaluated to their end
    int evaluating;
    int wanted; ///< the last signal
    FiberEvent signalled;
} child;

static void say(const char *format, ...) PRINTF_LIKE(1, 2);
static void say(const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (write(child.out, line, (size_t)length) != length)
        _exit(3);
}

static void child_must(bool ok, const Error *err)
{
    if (ok)
        return;
    fprintf(stderr, "the server's process: %s\n", err->message);
    _exit(3);
}

static bool hook_plans(void *ctx, json_t **ret_plans, Error *err)
{
    UNUSED(ctx);
    say("plans %d\n", ++child.evaluating);
    while (access(child.hold, F_OK) == 0 && fiber_sleep(HOLD_MS, err))
        continue;
    child.evaluating--;
    *ret_plans = json_pack("[{s:s,s:s,s:s,s:n,s:[s]}]", "name", "hello", "doc", "says hello",
                           "hash", "p1", "error", "environments", "demo");
    return true;
}

/* As cli_launch_create() does in the transaction of the run. */
static void keep_key(const ServerStart *start)
{
    Error err = {0};
    DbConn *conn = NULL;
    DbTarget target = {.conninfo = db_cluster_conninfo(child.cluster), .application_name = "start"};
    child_must(db_open(child.loop, &target, &conn, &err), &err);
    child_must(db_query(conn, db_sql("run_create_key"), DB_PARAMS("42", start->person, start->key),
                        NULL, &err),
               &err);
    db_close(conn);
}

static bool hook_start(void *ctx, const ServerStart *start, int64_t *ret_run, Error *err)
{
    UNUSED(ctx);
    if (!text_equal(start->plan, "hello") && !text_equal(start->plan, "taken"))
        return error_set(err, ERROR_INPUT, "there is no plan \"%s\"", start->plan);
    if (start->key != NULL)
        keep_key(start);
    if (text_equal(start->plan, "taken"))
        return error_set(err, ERROR_CONFLICT, "run 42 of \"taken\" is unfinished");
    say("start %s %s %s\n", start->plan, start->environment == NULL ? "-" : start->environment,
        start->person);
    *ret_run = 42;
    return true;
}

static bool hook_adopt(void *ctx, int64_t run, Error *err)
{
    UNUSED(ctx);
    say("adopt %" PRId64 "\n", run);
    return run != 13 || error_set(err, ERROR_INTERNAL, "nobody drives run 13");
}

static void make_people(void)
{
    Error err = {0};
    DbConn *conn = NULL;
    DbTarget target = {.conninfo = db_cluster_conninfo(child.cluster), .application_name = "test"};
    child_must(db_open(child.loop, &target, &conn, &err), &err);
    child_must(ledger_schema_install(conn, NULL, &err), &err);
    for (size_t i = 0; i < PEOPLE_COUNT; i++) {
        char once[ACCESS_TOKEN_BYTES];
        char api[ACCESS_TOKEN_BYTES];
        AccessTokenNew wanted = {
            .person = PEOPLE[i][0], .kind = "once", .label = "", .lasts_us = 3600000000};
        child_must(access_person_add(conn, PEOPLE[i][0], PEOPLE[i][1], &err), &err);
        child_must(access_token_create(conn, &wanted, once, &err), &err);
        wanted.kind = "api";
        child_must(access_token_create(conn, &wanted, api, &err), &err);
        say("token %s %s\n", once, api);
    }
    db_close(conn);
}

static void turn_cluster(void)
{
    Error err = {0};
    if (child.wanted == SIGUSR1) {
        db_cluster_free(child.cluster);
        child.cluster = NULL;
        say("stopped\n");
    } else if (child.wanted == SIGUSR2) {
        child_must(db_cluster_start(child.loop, &child.cluster_options, &child.cluster, &err),
                   &err);
        say("started\n");
    }
}

static void child_main(void *arg)
{
    const char *folder = arg;
    Error err = {0};
    char keys[128];
    snprintf(keys, sizeof(keys), "%s/keys", folder);
    child_must(db_cluster_start(child.loop, &child.cluster_options, &child.cluster, &err), &err);
    AUTO(base_free)
    char *config =
        base_printf(CONFIG, db_cluster_conninfo(child.cluster), db_cluster_conninfo(child.cluster));
    child_must(config_parse("headgate.yaml", config, strlen(config), &child.config, &err), &err);
    make_people();
    ServerOptions options = {
        .listen = "127.0.0.1:0",
        .state = {.conninfo = db_cluster_conninfo(child.cluster)},
        .config = child.config,
        .key_folder = keys,
        .header_timeout_s = 2,
        .hooks = {.plans = hook_plans, .start_run = hook_start, .adopt = hook_adopt}};
    child_must(server_start(child.loop, &options, &child.server, &err), &err);
    say("ready %d %s\n", server_port(child.server), db_cluster_conninfo(child.cluster));
    while (child.wanted != SIGTERM) {
        fiber_event_wait(&child.signalled, -1);
        turn_cluster();
    }
    server_stop(child.server);
    db_cluster_free(child.cluster);
    config_free(child.config);
    loop_stop(child.loop);
}

static void child_signal(void *ctx, int signum)
{
    UNUSED(ctx);
    child.wanted = signum;
    fiber_event_broadcast(&child.signalled);
}

static void run_child(char *folder, int out)
{
    char cluster[96];
    char logs[96];
    char hold[96];
    snprintf(cluster, sizeof(cluster), "%s/pg", folder);
    snprintf(logs, sizeof(logs), "%s/log", folder);
    snprintf(hold, sizeof(hold), "%s/hold", folder);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || freopen(logs, "w", stderr) == NULL)
        _exit(3);
    setvbuf(stderr, NULL, _IONBF, 0);
    log_set_level(LOG_DEBUG);
    child.out = out;
    child.hold = hold;
    child.cluster_options = (DbClusterOptions){
        .directory = cluster, .keep = true, .settings = "log_min_messages = panic"};
    child.loop = loop_new();
    loop_on_signal(child.loop, SIGTERM, child_signal, NULL);
    loop_on_signal(child.loop, SIGUSR1, child_signal, NULL);
    loop_on_signal(child.loop, SIGUSR2, child_signal, NULL);
    fiber_start(child.loop, "test", child_main, folder);
    loop_run(child.loop);
    loop_free(child.loop);
    say("ended\n");
    exit(0);
}

/* ------------------------------------------------------------------ the parent */

/* The next line of the child that begins with word; the rest of it. */
static const char *hear(const char *word)
{
    static char line[512];
    size_t length = strlen(word);
    do {
        if (fgets(line, sizeof(line), served.lines) == NULL)
            fail_msg("the server's process ended instead of saying \"%s\"", word);
        line[strcspn(line, "\n")] = '\0';
    } while (strncmp(line, word, length) != 0);
    return line[length] == '\0' ? "" : line + length + 1;
}

static void hear_tokens(void)
{
    for (size_t i = 0; i < PEOPLE_COUNT; i++) {
        const char *line = hear("token");
        assert_int_equal(sscanf(line, "%47s %47s", served.once[i], served.api[i]), 2);
    }
}

static int serve(void **state)
{
    UNUSED(state);
    int ends[2];
    snprintf(served.folder, sizeof(served.folder), "/tmp/headgate-served-XXXXXX");
    if (mkdtemp(served.folder) == NULL || chmod(served.folder, 0755) != 0 || pipe(ends) != 0)
        return -1;
    served.pid = fork();
    if (served.pid == 0) {
        close(ends[0]);
        run_child(served.folder, ends[1]);
    }
    close(ends[1]);
    served.lines = fdopen(ends[0], "r");
    hear_tokens();
    const char *ready = hear("ready");
    served.port = (int)strtol(ready, NULL, 10);
    snprintf(served.conninfo, sizeof(served.conninfo), "%s", strchr(ready, ' ') + 1);
    served.pg = PQconnectdb(served.conninfo);
    return PQstatus(served.pg) == CONNECTION_OK ? 0 : -1;
}

static int unserve(void **state)
{
    UNUSED(state);
    int status = 0;
    PQfinish(served.pg);
    kill(served.pid, SIGTERM);
    waitpid(served.pid, &status, 0);
    fclose(served.lines);
    char command[160];
    snprintf(command, sizeof(command), "%s/log", served.folder);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        FILE *log = fopen(command, "r");
        for (int c = log == NULL ? EOF : fgetc(log); c != EOF; c = fgetc(log))
            fputc(c, stderr);
        return -1;
    }
    pid_t remover = fork();
    if (remover == 0)
        execlp("rm", "rm", "-rf", served.folder, (char *)NULL);
    waitpid(remover, &status, 0);
    return 0;
}

static size_t person(const char *name)
{
    for (size_t i = 0; i < PEOPLE_COUNT; i++) {
        if (strcmp(PEOPLE[i][0], name) == 0)
            return i;
    }
    fail_msg("nobody is called %s", name);
    return 0;
}

static void sql(const char *text)
{
    PGresult *result = PQexec(served.pg, text);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQerrorMessage(served.pg));
    PQclear(result);
}

/* The first value of a query, "" for NULL or no row. */
static inline const char *sql_value(const char *text)
{
    static char value[4096];
    PGresult *result = PQexec(served.pg, text);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQerrorMessage(served.pg));
    snprintf(value, sizeof(value), "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return value;
}

/* ------------------------------------------------------------------ the client */

static int dial_from(const char *source)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = PATIENCE_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    struct sockaddr_in from = {.sin_family = AF_INET};
    inet_pton(AF_INET, source, &from.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)served.port)};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static int dial(void)
{
    return dial_from("127.0.0.1");
}

static void send_bytes(int fd, const void *bytes, size_t size)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t part = send(fd, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);
        if (part <= 0)
            return; /* the server has hung up: what it answered is read next */
        sent += (size_t)part;
    }
}

static void send_text(int fd, const char *text)
{
    send_bytes(fd, text, strlen(text));
}

typedef struct Reply {
    int status; ///< 0: the connection ended without an answer
    char head[8192];
    char *body;
    size_t body_bytes;
    json_t *json; ///< NULL when the body is none
} Reply;

static void reply_done(Reply *reply)
{
    free(reply->body);
    json_decref(reply->json);
    *reply = (Reply){0};
}

/* The value of a header, or NULL. */
static const char *header_of(const Reply *reply, const char *name)
{
    static char value[1024];
    size_t length = strlen(name);
    for (const char *line = strstr(reply->head, "\r\n"); line != NULL;
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':') {
            const char *from = line + 2 + length + 1;
            from += strspn(from, " ");
            snprintf(value, sizeof(value), "%.*s", (int)strcspn(from, "\r\n"), from);
            return value;
        }
    }
    return NULL;
}

static bool read_head(int fd, Reply *reply)
{
    size_t used = 0;
    while (used < sizeof(reply->head) - 1) {
        if (recv(fd, reply->head + used, 1, 0) != 1)
            return false;
        reply->head[++used] = '\0';
        if (used >= 4 && memcmp(reply->head + used - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static Reply read_reply(int fd, bool has_body)
{
    Reply reply = {0};
    if (!read_head(fd, &reply))
        return reply;
    reply.status = (int)strtol(reply.head + strlen("HTTP/1.1 "), NULL, 10);
    const char *length = header_of(&reply, "content-length");
    size_t wanted = length == NULL || !has_body ? 0 : strtoul(length, NULL, 10);
    assert_true(wanted < REPLY_MAX);
    reply.body = calloc(1, wanted + 1);
    while (reply.body_bytes < wanted) {
        ssize_t part = recv(fd, reply.body + reply.body_bytes, wanted - reply.body_bytes, 0);
        if (part <= 0)
            break;
        reply.body_bytes += (size_t)part;
    }
    assert_int_equal(reply.body_bytes, wanted);
    reply.json = json_loadb(reply.body, reply.body_bytes, JSON_DECODE_ANY, NULL);
    return reply;
}

/* Has the server closed the connection? Waits for it. */
static inline bool hung_up(int fd)
{
    char rest[4096];
    for (;;) {
        ssize_t part = recv(fd, rest, sizeof(rest), 0);
        if (part <= 0)
            return part == 0 || errno == ECONNRESET;
    }
}

static char *compose(const char *method, const char *path, const char *headers, const char *body)
{
    Text text;
    text_init(&text, REPLY_MAX);
    text_append(&text, method);
    text_append(&text, " ");
    text_append(&text, path);
    text_append(&text, " HTTP/1.1\r\n");
    text_append(&text, headers);
    if (strcasestr(headers, "host:") == NULL)
        text_printf(&text, "Host: 127.0.0.1:%d\r\n", served.port);
    if (body != NULL)
        text_printf(&text, "Content-Length: %zu\r\n", strlen(body));
    if (body != NULL && strcasestr(headers, "content-type:") == NULL)
        text_append(&text, "Content-Type: application/json\r\n");
    text_append(&text, "\r\n");
    text_append(&text, body == NULL ? "" : body);
    return text_take(&text);
}

/* A request whose answer is read later, from the connection that is returned. */
static inline int ask_later(const char *name, const char *method, const char *path)
{
    char headers[128];
    int fd = dial();
    snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n", served.api[person(name)]);
    char *text = compose(method, path, headers, NULL);
    send_text(fd, text);
    free(text);
    return fd;
}

/* One request on a connection of its own. headers end with \r\n each; body NULL = none. */
static Reply ask(const char *method, const char *path, const char *headers, const char *body)
{
    int fd = dial();
    char *text = compose(method, path, headers, body);
    send_text(fd, text);
    free(text);
    Reply reply = read_reply(fd, strcmp(method, "HEAD") != 0);
    close(fd);
    return reply;
}

/* The same with a person's API token. */
static inline Reply ask_as(const char *name, const char *method, const char *path, const char *more,
                           const char *body)
{
    char headers[1024];
    snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n%s", served.api[person(name)],
             more);
    return ask(method, path, headers, body);
}

/* A value inside JSON by a path like "runs.0.id"; NULL when there is none. */
static const json_t *at(const json_t *value, const char *path)
{
    char name[128];
    while (value != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)length, path);
        value = json_is_array(value) ? json_array_get(value, strtoul(name, NULL, 10))
                                     : json_object_get(value, name);
        path += length + (path[length] == '.');
    }
    return value;
}

static const char *text_at(const json_t *value, const char *path)
{
    const json_t *found = at(value, path);
    return json_is_string(found) ? json_string_value(found) : "(none)";
}

/* Status and message of a refusal; ends the reply. */
static inline void expect_error(Reply reply, int status, const char *message)
{
    if (reply.status != status || strcmp(text_at(reply.json, "error.message"), message) != 0)
        fail_msg("expected %d \"%s\", got %d: %s", status, message, reply.status,
                 reply.body == NULL ? "nothing" : reply.body);
    reply_done(&reply);
}

#endif
