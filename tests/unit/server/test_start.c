/* Starting and stopping: addresses that cannot be used say so, and nothing is left behind. */
#include "server/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Attempt {
    const char *listen;
    const char *keys;
    bool ok;
    Error err;
    int port;
    char url[128];
} Attempt;

static Loop *loop;

static void attempt_main(void *arg)
{
    Attempt *attempt = arg;
    Server *server = NULL;
    /* Nobody answers there: the server starts all the same. */
    const ServerOptions options = {.listen = attempt->listen,
                                   .state = {.conninfo = "host=/nonexistent dbname=none"},
                                   .key_folder = attempt->keys};
    attempt->ok = server_start(loop, &options, &server, &attempt->err);
    if (attempt->ok) {
        attempt->port = server_port(server);
        snprintf(attempt->url, sizeof(attempt->url), "%s", server_url(server));
    }
    server_stop(server);
    loop_stop(loop);
}

static char keys[64];

static Attempt try_to_listen(const char *listen_on)
{
    Attempt attempt = {.listen = listen_on, .keys = keys};
    loop = loop_new();
    fiber_start(loop, "test", attempt_main, &attempt);
    loop_run(loop);
    loop_run(loop); /* until every handle has closed */
    loop_free(loop);
    return attempt;
}

static void a_port_in_use_says_so(void **state)
{
    UNUSED(state);
    int taken = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    assert_int_equal(bind(taken, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(taken, 1), 0);
    assert_int_equal(getsockname(taken, (struct sockaddr *)&address, &size), 0);
    char text[32];
    char message[96];
    snprintf(text, sizeof(text), "127.0.0.1:%d", ntohs(address.sin_port));
    snprintf(message, sizeof(message), "port %d is in use: choose another with --listen",
             ntohs(address.sin_port));
    Attempt attempt = try_to_listen(text);
    assert_false(attempt.ok);
    assert_string_equal(attempt.err.message, message);
    close(taken);
    attempt = try_to_listen(text);
    assert_true(attempt.ok);
    assert_int_equal(attempt.port, ntohs(address.sin_port));
}

static void any_port_will_do(void **state)
{
    UNUSED(state);
    static const char *const ANY[] = {"127.0.0.1:0", "localhost:0", "[::1]:0"};
    for (size_t i = 0; i < COUNT_OF(ANY); i++) {
        Attempt attempt = try_to_listen(ANY[i]);
        if (!attempt.ok)
            fail_msg("%s: %s", ANY[i], attempt.err.message);
        assert_true(attempt.port > 0);
        char port[16];
        snprintf(port, sizeof(port), ":%d", attempt.port);
        assert_non_null(strstr(attempt.url, port));
    }
}

static void other_addresses_are_refused(void **state)
{
    UNUSED(state);
    Attempt attempt = try_to_listen("0.0.0.0:0");
    assert_false(attempt.ok);
    assert_int_equal(attempt.err.kind, ERROR_REFUSED);
    attempt = try_to_listen("headgate.example:0");
    assert_false(attempt.ok);
    attempt = try_to_listen("nonsense:port");
    assert_string_equal(attempt.err.message, "\"nonsense:port\" is not an address to listen on");
}

static int make_keys(void **state)
{
    UNUSED(state);
    snprintf(keys, sizeof(keys), "/tmp/headgate-start-XXXXXX");
    return mkdtemp(keys) == NULL ? -1 : 0;
}

static int drop_keys(void **state)
{
    UNUSED(state);
    char path[128];
    snprintf(path, sizeof(path), "%s/approval.key", keys);
    unlink(path);
    snprintf(path, sizeof(path), "%s/approval.pub", keys);
    unlink(path);
    return rmdir(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_in_use_says_so),
        cmocka_unit_test(any_port_will_do),
        cmocka_unit_test(other_addresses_are_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
