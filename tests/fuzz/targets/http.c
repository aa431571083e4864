/* A request's head, path, arguments and body, as handlers see them. First a byte for the method,
 * one for flags; then lines: path, Host, Origin, Authorization, Cookie, Content-Length,
 * Idempotency-Key, If-Match, Sec-WebSocket-Protocol, an address to listen on, arguments (up to an
 * empty line). An empty line means: not sent. The rest is the body. */
#include "fuzz.h"

#include "base/bounds.h"
#include "server/head.h"
#include "server/request.h"

#include <stdlib.h>
#include <string.h>

enum { LINES = 10, FLAG_HOST_TWICE = 1, FLAG_LENGTH_TWICE = 2, FLAG_CHUNKED = 4 };

static const char *or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static ServerGuard make_guard(Arena *arena)
{
    Error err = {0};
    ServerGuard guard;
    ServerAddress address;
    bool ok = guard_parse_address("127.0.0.1:8080", &address, &err) &&
              guard_init(&guard, arena, &address, "https://headgate.example", &err);
    invariant(ok);
    return guard;
}

static void check_address(const char *text, Arena *arena)
{
    Error err = {0};
    ServerAddress address;
    ServerGuard guard;
    if (!guard_parse_address(text, &address, &err)) {
        fuzz_check_error(&err);
        return;
    }
    invariant(address.port >= 0 && address.port <= 65535);
    if (!guard_init(&guard, arena, &address, NULL, &err)) {
        invariant(!address.loopback);
        fuzz_check_error(&err);
        return;
    }
    for (size_t i = 0; i < guard.count; i++) {
        invariant(guard_host_allowed(&guard, guard.hosts[i]));
        invariant(guard_origin_allowed(&guard, guard.origins[i]));
    }
    if (guard_init(&guard, arena, &address, text, &err))
        invariant(guard_host_allowed(&guard, guard.hosts[0]));
}

/* Every value of the pattern was taken from the path, and they stand in it in that order. */
static void check_values(const ServerRequest *request)
{
    const char *at = request->path;
    for (size_t i = 0; i < ROUTE_VALUES_MAX && request->values[i] != NULL; i++) {
        const char *value = request->values[i];
        invariant(value[0] != '\0');
        at = strstr(at, value);
        invariant(at != NULL);
        at += strlen(value);
    }
}

static void check_arguments(const ServerRequest *request)
{
    static const char *const NAMES[] = {"state", "limit", "since", "before", "q"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        Error err = {0};
        int64_t number;
        const char *text = request_arg(request, NAMES[i]);
        invariant(text == NULL || text[0] != '\0');
        if (request_arg_int(request, NAMES[i], 7, 500, &number, &err))
            invariant(number >= 0 && number <= 500 && (text != NULL || number == 7));
        else
            fuzz_check_error(&err);
    }
}

static void check_body(ServerRequest *request, const char *text)
{
    static const char *const ALLOWED[] = {"comment", "digest", NULL};
    Error err = {0};
    const char *comment = NULL;
    request->body = json_parse(text, strlen(text), &err);
    if (!json_is_object(request->body)) {
        json_decref(request->body);
        return;
    }
    if (!request_body_keys(request, ALLOWED, &err))
        fuzz_check_error(&err);
    if (request_body_text(request, "comment", 50, &comment, &err))
        invariant(comment[0] != '\0' && strlen(comment) <= 50);
    else
        fuzz_check_error(&err);
    json_decref(request->body);
}

static void check_request(ServerRequest *request, const char *body)
{
    Error err = {0};
    int64_t run;
    const char *tag = NULL;
    if (request->route == NULL) {
        invariant(request->method == METHOD_GET && !text_starts(request->path, "/api/"));
        return;
    }
    invariant(request->route->method == request->method);
    invariant(text_starts(request->path, "/api/"));
    check_values(request);
    bool has_run = strstr(request->route->pattern, ":run") != NULL;
    if (has_run && request_run(request, &run, &err))
        invariant(run > 0);
    if (strstr(request->route->pattern, "*gate") != NULL)
        invariant(strstr(request->path, request_value(request, "gate")) != NULL);
    if (request_if_match(request, &tag, &err))
        invariant(tag != NULL && strlen(tag) <= strlen(request->if_match));
    check_arguments(request);
    check_body(request, body);
}

static void check_head(const ServerHead *head, ServerRequest *request, const char *body)
{
    Error err = {0};
    ServerHeadRead read;
    ServerGuard guard = make_guard(request->arena);
    if (!head_check(head, &guard, request->arena, &read, &err)) {
        fuzz_check_error(&err);
        invariant(read.status >= 400 && read.status < 500);
        invariant((read.allow != NULL) == (read.status == STATUS_METHOD_NOT_ALLOWED));
        return;
    }
    invariant(guard_host_allowed(&guard, head->host) && !head->host_repeated && !head->chunked);
    invariant(!head->has_origin || guard_origin_allowed(&guard, head->origin));
    invariant(read.length <= BOUND_HTTP_BODY_BYTES);
    invariant(head->method == METHOD_GET ? read.length == 0 : head->content_length != NULL);
    request->route = read.route;
    memcpy(request->values, read.values, sizeof(read.values));
    check_request(request, body);
}

static void check_token(const ServerHead *head, bool secure, Arena *arena)
{
    bool by_cookie = false;
    const char *token = head_token(head, secure, arena, &by_cookie);
    invariant(!by_cookie || (token != NULL && head->authorization == NULL));
    if (access_token_plausible(token))
        invariant(strlen(token) == ACCESS_TOKEN_BYTES - 1);
}

static void take_arguments(FuzzInput *input, ServerRequest *request)
{
    while (request->args_count < REQUEST_ARGS_MAX) {
        char *line = fuzz_line(input);
        if (line[0] == '\0') {
            free(line);
            return;
        }
        request->args[request->args_count++] = line;
    }
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    FuzzInput input = {bytes, size};
    AUTO(arena_auto) Arena *arena = arena_new();
    ServerMethod method = (ServerMethod)(fuzz_byte(&input) % 3);
    uint8_t flags = fuzz_byte(&input);
    char *lines[LINES];
    for (size_t i = 0; i < LINES; i++)
        lines[i] = fuzz_line(&input);
    ServerHead head = {.method = method,
                       .path = lines[0],
                       .host = or_null(lines[1]),
                       .host_repeated = (flags & FLAG_HOST_TWICE) != 0,
                       .origin = or_null(lines[2]),
                       .has_origin = lines[2][0] != '\0',
                       .authorization = or_null(lines[3]),
                       .cookie = or_null(lines[4]),
                       .content_length = or_null(lines[5]),
                       .content_length_repeated = (flags & FLAG_LENGTH_TWICE) != 0,
                       .chunked = (flags & FLAG_CHUNKED) != 0,
                       .idempotency_key = or_null(lines[6])};
    ServerRequest request = {
        .arena = arena, .method = method, .path = lines[0], .if_match = or_null(lines[7])};
    take_arguments(&input, &request);
    AUTO(base_free) char *body = fuzz_rest(&input);
    check_token(&head, false, arena);
    check_token(&head, true, arena);
    check_head(&head, &request, body);
    head_names_subprotocol(lines[8], "headgate.v1");
    check_address(lines[9], arena);
    for (size_t i = 0; i < request.args_count; i++)
        free((char *)(uintptr_t)request.args[i]);
    for (size_t i = 0; i < LINES; i++)
        free(lines[i]);
}
