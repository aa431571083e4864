/* HAProxy's runtime API against a stub on a unix socket, and the arithmetic of weights. */
#include "rollout/haproxy.h"

#include "base/text.h"
#include "loop/socket.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char HEAD[] = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state "
                           "srv_admin_state srv_uweight srv_iweight\n";
#define SERVER(name, op, admin, weight) "3 app 1 " name " 127.0.0.1 " op " " admin " " weight " 1\n"

static const RolloutHaproxy APP = {.backend = "app", .blue = "blue", .green = "green"};

/* ------------------------------------------------------------------ pure */

static void weights_follow_percentages(void **state)
{
    UNUSED(state);
    static const struct {
        double percent;
        int blue;
        int green;
    } ROWS[] = {{0, 100, 0},     {1, 99, 1},      {10, 90, 10},  {50, 50, 50},  {100, 0, 100},
                {12.5, 224, 32}, {33.3, 171, 85}, {0.5, 255, 1}, {99.5, 1, 255}};
    PlanWeights weights;
    Error err = {0};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        assert_true(plan_traffic_weights(ROWS[i].percent, &weights, &err));
        assert_int_equal(weights.blue, ROWS[i].blue);
        assert_int_equal(weights.green, ROWS[i].green);
        assert_true(fabs(plan_traffic_percent(weights) - ROWS[i].percent) <= 0.2);
    }
    assert_false(plan_traffic_weights(0.1, &weights, &err));
    assert_string_equal(err.message, "HAProxy's weights cannot express 0.1 %: whole percents, or "
                                     "from 0.4 to 99.6");
    assert_false(plan_traffic_weights(99.9, &weights, &err));
    assert_false(plan_traffic_weights(101, &weights, &err));
    assert_true(plan_traffic_percent((PlanWeights){0}) < 0);
}

static void names_cannot_smuggle_commands(void **state)
{
    UNUSED(state);
    static const struct {
        const char *json;
        const char *why; /* NULL: fine */
    } ROWS[] = {
        {"{\"socket\":\"/s\",\"backend\":\"app\",\"blue\":\"a\",\"green\":\"b\"}", NULL},
        {"{\"socket\":\"${s}\",\"backend\":\"app\",\"blue\":\"a\",\"green\":\"b\"}", NULL},
        {"{\"socket\":\"[::1]:99\",\"backend\":\"a\",\"blue\":\"a\",\"green\":\"b\"}", NULL},
        {"{\"socket\":\"/s\",\"backend\":\"a;b\",\"blue\":\"a\",\"green\":\"b\"}", "no name"},
        {"{\"socket\":\"/s\",\"backend\":\"app\",\"blue\":\"a b\",\"green\":\"b\"}", "no name"},
        {"{\"socket\":\"/s\",\"backend\":\"app\",\"blue\":\"a\",\"green\":\"a\"}", "one server"},
        {"{\"socket\":\"10.0.0.1:9\",\"backend\":\"a\",\"blue\":\"a\",\"green\":\"b\"}",
         "no socket of this machine"},
        {"{\"socket\":\"127.0.0.1\",\"backend\":\"a\",\"blue\":\"a\",\"green\":\"b\"}",
         "no socket of this machine"},
        {"{\"socket\":\"run/s\",\"backend\":\"a\",\"blue\":\"a\",\"green\":\"b\"}",
         "no socket of this machine"},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        Error err = {0};
        AUTO(json_auto) json_t *value = json_parse(ROWS[i].json, strlen(ROWS[i].json), &err);
        assert_non_null(value);
        bool ok = plan_traffic_check(value, &err);
        assert_int_equal(ok, ROWS[i].why == NULL);
        if (!ok && strstr(err.message, ROWS[i].why) == NULL)
            fail_msg("%s: %s", ROWS[i].json, err.message);
    }
}

static void check_parse(const char *servers, const char *why)
{
    RolloutServers found;
    Error err = {0};
    AUTO(base_free) char *answer = base_printf("%s%s", HEAD, servers);
    assert_false(rollout_haproxy_parse(&APP, answer, &found, &err));
    if (strstr(err.message, why) == NULL)
        fail_msg("expected \"%s\", got \"%s\"", why, err.message);
}

static void the_list_of_servers(void **state)
{
    UNUSED(state);
    RolloutServers found;
    Error err = {0};
    AUTO(base_free)
    char *answer = base_printf("%s" SERVER("blue", "2", "0", "90") SERVER("green", "2", "0", "10")
                                   SERVER("spare", "0", "0", "5") "\n",
                               HEAD);
    assert_true(rollout_haproxy_parse(&APP, answer, &found, &err));
    assert_int_equal(found.weights.blue, 90);
    assert_int_equal(found.weights.green, 10);
    assert_true(found.blue_up && found.green_up);
    AUTO(base_free)
    char *drained =
        base_printf("%s" SERVER("blue", "2", "0", "90") SERVER("green", "2", "8", "10"), HEAD);
    assert_true(rollout_haproxy_parse(&APP, drained, &found, &err));
    assert_false(found.green_up);
    check_parse(SERVER("blue", "2", "0", "1"), "has no server \"green\"");
    check_parse(SERVER("blue", "2", "0", "1") SERVER("green", "2", "0", "1")
                    SERVER("third", "2", "0", "1"),
                "third server \"third\"");
    check_parse("3 app\n", "short line");
    assert_false(rollout_haproxy_parse(&APP, "Can't find backend.\n", &found, &err));
    assert_non_null(strstr(err.message, "HAProxy says: Can't find backend."));
    assert_false(rollout_haproxy_parse(&APP, "\n", &found, &err));
}

/* ------------------------------------------------------------------ the stub */

typedef enum StubWay { STUB_RIGHT, STUB_REFUSES, STUB_SILENT, STUB_ENDLESS } StubWay;

typedef struct Stub {
    char folder[64];
    char path[96];
    int listening;
    pthread_t thread;
    StubWay way;
    int blue;
    int green;
    char asked[256];
} Stub;

static void say(int fd, const char *text)
{
    size_t length = strlen(text);
    assert_int_equal(send(fd, text, length, MSG_NOSIGNAL), (ssize_t)length);
}

static void answer(Stub *stub, int fd)
{
    char text[1024];
    ssize_t bytes = recv(fd, stub->asked, sizeof(stub->asked) - 1, 0);
    stub->asked[bytes > 0 ? bytes : 0] = '\0';
    if (stub->way == STUB_SILENT) {
        (void)recv(fd, text, sizeof(text), 0); /* until it gives up */
    } else if (stub->way == STUB_ENDLESS) {
        while (send(fd, HEAD, sizeof(HEAD), MSG_NOSIGNAL) > 0) {
        }
    } else if (strncmp(stub->asked, "show", 4) == 0) {
        snprintf(text, sizeof(text), "%s3 app 1 blue a 2 0 %d 1\n3 app 2 green a 2 0 %d 1\n\n",
                 HEAD, stub->blue, stub->green);
        say(fd, text);
    } else if (stub->way == STUB_REFUSES) {
        say(fd, "Permission denied\n\n\n");
    } else {
        const char *blue = strstr(stub->asked, "app/blue weight ");
        const char *green = strstr(stub->asked, "app/green weight ");
        stub->blue = (int)strtol(blue + strlen("app/blue weight "), NULL, 10);
        stub->green = (int)strtol(green + strlen("app/green weight "), NULL, 10);
        say(fd, "\n\n");
    }
}

static void *serve(void *arg)
{
    Stub *stub = arg;
    for (;;) {
        int fd = accept(stub->listening, NULL, NULL);
        if (fd < 0)
            return NULL;
        answer(stub, fd);
        close(fd);
    }
}

static int start_stub(void **state)
{
    Stub *stub = base_alloc(sizeof(*stub));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *stub = (Stub){.blue = 100};
    snprintf(stub->folder, sizeof(stub->folder), "/tmp/headgate-stub-XXXXXX");
    assert_non_null(mkdtemp(stub->folder));
    snprintf(stub->path, sizeof(stub->path), "%s/socket", stub->folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", stub->path);
    stub->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(stub->listening, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(stub->listening, 8), 0);
    assert_int_equal(pthread_create(&stub->thread, NULL, serve, stub), 0);
    *state = stub;
    return 0;
}

static int stop_stub(void **state)
{
    Stub *stub = *state;
    shutdown(stub->listening, SHUT_RDWR);
    pthread_join(stub->thread, NULL);
    close(stub->listening);
    unlink(stub->path);
    rmdir(stub->folder);
    free(stub);
    return 0;
}

/* Runs body in a fiber of a loop of its own. */
static void in_fiber(FiberMain *body, void *arg)
{
    Loop *loop = loop_new();
    fiber_start(loop, "test", body, arg);
    loop_run(loop);
    loop_free(loop);
}

static void read_and_write(void *arg)
{
    Stub *stub = arg;
    RolloutHaproxy app = APP;
    RolloutServers found;
    Error err = {0};
    app.socket = stub->path;
    assert_true(rollout_haproxy_read(fiber_loop(), &app, &found, &err));
    assert_string_equal(stub->asked, "show servers state app\n");
    assert_int_equal(found.weights.blue, 100);
    PlanWeights ten = {.blue = 90, .green = 10};
    assert_true(rollout_haproxy_write(fiber_loop(), &app, ten, found.weights, &err));
    assert_string_equal(stub->asked,
                        "set server app/green weight 10;set server app/blue weight 90\n");
    PlanWeights none = {.blue = 100, .green = 0};
    assert_true(rollout_haproxy_write(fiber_loop(), &app, none, ten, &err));
    assert_string_equal(stub->asked,
                        "set server app/blue weight 100;set server app/green weight 0\n");
    stub->way = STUB_REFUSES;
    assert_false(rollout_haproxy_write(fiber_loop(), &app, ten, none, &err));
    assert_string_equal(err.message, "HAProxy says: Permission denied");
    assert_int_equal(err.kind, ERROR_REFUSED);
}

static void weights_are_read_and_set(void **state)
{
    in_fiber(read_and_write, *state);
}

static void ask_badly(void *arg)
{
    Stub *stub = arg;
    char *answer = NULL;
    Error err = {0};
    SocketAsk ask = {.address = stub->path, .question = "x\n", .max_bytes = 1000, .timeout_ms = 50};
    stub->way = STUB_SILENT;
    assert_false(socket_ask(fiber_loop(), &ask, &answer, &err));
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_non_null(strstr(err.message, "does not answer within 50 ms"));
    ask.timeout_ms = 10000;
    stub->way = STUB_ENDLESS;
    assert_false(socket_ask(fiber_loop(), &ask, &answer, &err));
    assert_int_equal(err.kind, ERROR_REFUSED);
    ask.address = "/nonexistent/socket";
    assert_false(socket_ask(fiber_loop(), &ask, &answer, &err));
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    ask.address = "127.0.0.1:1";
    assert_false(socket_ask(fiber_loop(), &ask, &answer, &err));
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    ask.address = "192.0.2.1:80";
    assert_false(socket_ask(fiber_loop(), &ask, &answer, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
}

static void no_answer_says_why(void **state)
{
    in_fiber(ask_badly, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_follow_percentages),
        cmocka_unit_test(names_cannot_smuggle_commands),
        cmocka_unit_test(the_list_of_servers),
        cmocka_unit_test_setup_teardown(weights_are_read_and_set, start_stub, stop_stub),
        cmocka_unit_test_setup_teardown(no_answer_says_why, start_stub, stop_stub),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
