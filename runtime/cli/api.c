/* HTTP calls to the supervisor. */
#include "cli/api.h"

#include "base/bounds.h"
#include "base/log.h"
#include "base/text.h"
#include "http/http.h"
#include "server/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CALL_TIMEOUT_MS = 30000, TOKEN_FILE_BYTES = 256, ANSWER_BYTES = 16 * 1024 * 1024 };

static bool read_token(Arena *arena, const char *path, const char **ret_token, Error *err)
{
    char line[TOKEN_FILE_BYTES];
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL) {
        if (file != NULL)
            fclose(file);
        return error_set(err, ERROR_INPUT, "no token can be read from %s", path);
    }
    fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    *ret_token = arena_strdup(arena, line);
    return true;
}

/* A token in the clear is everybody's on the way. */
static bool is_private(Arena *arena, const char *url, Error *err)
{
    static const char HTTP[] = "http://";
    if (strncasecmp(url, HTTP, sizeof(HTTP) - 1) != 0)
        return true;
    const char *host = url + sizeof(HTTP) - 1;
    host += host[0] == '[';
    if (guard_is_loopback(
            arena_strndup(arena, host, strcspn(host, host[-1] == '[' ? "]" : ":/?#"))))
        return true;
    error_set(err, ERROR_REFUSED, "%.200s is plain HTTP: your token could be read on the way", url);
    return error_hint(err,
                      "give the supervisor as https://… (headgate serve --tls-cert, or a proxy)");
}

bool cli_api_open(const Cli *cli, Arena *arena, CliApi *ret_api, Error *err)
{
    const char *url = cli_option(cli, "server");
    const char *file = cli_option(cli, "token-file");
    CliApi api = {.loop = cli->loop,
                  .url = url == NULL ? "http://127.0.0.1:8080" : url,
                  .ca_file = cli_option(cli, "ca-file"),
                  .token = getenv("HEADGATE_TOKEN")};
    if (!is_private(arena, api.url, err))
        return false;
    if (file != NULL && !read_token(arena, file, &api.token, err))
        return false;
    if (text_empty(api.token)) {
        error_set(err, ERROR_REFUSED, "you are not logged in: no token");
        return error_hint(err,
                          "headgate token create YOUR-NAME, then HEADGATE_TOKEN=… or --token-file");
    }
    log_secret(api.token);
    *ret_api = api;
    return true;
}

const char *cli_api_run(const char *text)
{
    return text != NULL && text[0] == '#' ? text + 1 : text;
}

const char *cli_api_gate_path(Arena *arena, const char *run, const char *node, const char *action)
{
    AUTO(text_done) Text text;
    text_init(&text, (size_t)BOUND_NAME_BYTES * BOUND_PLAN_DEPTH * 3);
    text_append_encoded(&text, node);
    return arena_printf(arena, "/api/runs/%s/gates/%s%s%s", run, text_string(&text),
                        action == NULL ? "" : "/", action == NULL ? "" : action);
}

static bool refused_by_server(int status, const json_t *answer, Error *err)
{
    static const struct {
        int status;
        ErrorKind kind;
    } KINDS[] = {{401, ERROR_REFUSED},
                 {403, ERROR_REFUSED},
                 {409, ERROR_CONFLICT},
                 {503, ERROR_UNREACHABLE}};
    const json_t *problem = json_object_get(answer, "error");
    ErrorKind kind = ERROR_INPUT;
    for (size_t i = 0; i < COUNT_OF(KINDS); i++) {
        if (KINDS[i].status == status)
            kind = KINDS[i].kind;
    }
    error_set(err, kind, "the supervisor says %d: %s", status,
              json_get_string(problem, "message", "it changed meanwhile: look again"));
    const char *hint = json_get_string(problem, "hint", NULL);
    return hint == NULL ? false : error_hint(err, "%s", hint);
}

/* accept: the type of the answer. */
static bool send(const CliApi *api, const CliApiCall *call, const char *accept,
                 HttpResponse *ret_response, Error *err)
{
    AUTO(base_free) char *url = base_printf("%s%s", api->url, call->path);
    AUTO(base_free) char *authorization = base_printf("Authorization: Bearer %s", api->token);
    AUTO(base_free)
    char *if_match =
        call->if_match == NULL ? NULL : base_printf("If-Match: \"%s\"", call->if_match);
    AUTO(base_free)
    char *body = call->text != NULL   ? base_strdup(call->text)
                 : call->body != NULL ? json_text(call->body)
                                      : NULL;
    const char *headers[] = {authorization, accept,
                             body == NULL ? if_match : "Content-Type: application/json",
                             body == NULL ? NULL : if_match, NULL};
    HttpRequest request = {.method = call->method,
                           .url = url,
                           .headers = headers,
                           .body = body,
                           .body_bytes = body == NULL ? 0 : strlen(body),
                           .timeout_ms = CALL_TIMEOUT_MS,
                           .ca_file = api->ca_file,
                           .max_bytes = ANSWER_BYTES};
    return http_request(api->loop, &request, ret_response, err) ||
           error_wrap(err, "asking the supervisor at %s", api->url);
}

bool cli_api_file(const CliApi *api, const char *path, Text *out, Error *err)
{
    const CliApiCall call = {.method = "GET", .path = path};
    HttpResponse response = {0};
    if (!send(api, &call, "Accept: */*", &response, err))
        return false;
    bool there = response.status < 400;
    if (there) {
        text_append_bytes(out, response.body, response.body_bytes);
    } else {
        AUTO(json_auto) json_t *answer = json_parse(response.body, response.body_bytes, err);
        refused_by_server(response.status, answer, err);
    }
    http_response_done(&response);
    return there && (!out->overflowed || error_set(err, ERROR_INPUT, "the file is too large"));
}

bool cli_api_call(const CliApi *api, const CliApiCall *call, json_t **ret_answer, Error *err)
{
    HttpResponse response = {0};
    if (!send(api, call, "Accept: application/json", &response, err))
        return false;
    json_t *answer = json_parse(response.body, response.body_bytes, err);
    int status = response.status;
    http_response_done(&response);
    if (answer == NULL)
        return error_wrap(err, "the supervisor's answer (%d)", status);
    if (status >= 400) {
        refused_by_server(status, answer, err);
        json_decref(answer);
        return false;
    }
    *ret_answer = answer;
    return true;
}

bool cli_api_gate(const CliApi *api, const char *run, const char *gate, json_t **ret_gate,
                  Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const CliApiCall look = {.method = "GET", .path = cli_api_gate_path(arena, run, gate, NULL)};
    return cli_api_call(api, &look, ret_gate, err);
}

bool cli_api_decide(const CliApi *api, const CliApiWord *word, json_t **ret_gate, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *body = json_object();
    bool says = !text_equal(word->action, "recheck");
    if (says)
        json_set_string(body, "comment", word->comment == NULL ? "" : word->comment);
    if (json_object_size(word->fields) > 0)
        json_object_set(body, "fields", word->fields);
    CliApiCall act = {.method = "POST",
                      .path = cli_api_gate_path(arena, word->run, word->gate, word->action),
                      .body = body,
                      .if_match = word->digest};
    return cli_api_call(api, &act, ret_gate, err);
}
