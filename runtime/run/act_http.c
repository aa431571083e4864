/* Requests, and what an answer must be. */
#include "run/act.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool has_header(const json_t *headers, const char *wanted)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach ((json_t *)(uintptr_t)headers, name, value) {
        if (strcasecmp(name, wanted) == 0)
            return true;
    }
    return false;
}

static bool headers_of(const Run *run, const RunActHttp *http, Arena *arena,
                       const char *const **ret_headers, Error *err)
{
    const json_t *given = json_object_get(http->ask, "headers");
    const char **headers = arena_alloc(arena, (json_object_size(given) + 3) * sizeof(*headers));
    size_t n = 0;
    const char *name = NULL;
    json_t *text = NULL;
    json_object_foreach ((json_t *)(uintptr_t)given, name, text) {
        const char *value = NULL;
        if (!config_expand(run->options.environment, arena, json_string_value(text), &value, err))
            return false;
        if (strpbrk(value, "\r\n") != NULL)
            return error_set(err, ERROR_INPUT, "header %s has a line break", name);
        headers[n++] = arena_printf(arena, "%s: %s", name, value);
    }
    if (http->key != NULL && !has_header(given, "Idempotency-Key"))
        headers[n++] = arena_printf(arena, "Idempotency-Key: %s", http->key);
    if (!has_header(given, "Content-Type"))
        headers[n++] = "Content-Type: application/json";
    headers[n] = NULL;
    *ret_headers = headers;
    return true;
}

bool run_act_http(Run *run, const RunActHttp *http, HttpResponse *ret_response, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const ConfigEnvironment *environment = run->options.environment;
    const char *body = http->body != NULL ? http->body : json_get_string(http->ask, "body", NULL);
    const char *timeout = json_get_string(http->ask, "timeout", NULL);
    int64_t timeout_us = (int64_t)BOUND_HTTP_TIMEOUT_MS * 1000;
    HttpRequest request = {.method = json_get_string(http->ask, "method", http->method)};
    if (!config_expand(environment, arena, json_get_string(http->ask, "url", ""), &request.url,
                       err) ||
        (body != NULL && !config_expand(environment, arena, body, &body, err)) ||
        !headers_of(run, http, arena, &request.headers, err) ||
        (timeout != NULL && !duration_parse(timeout, &timeout_us, err)))
        return false;
    request.body = body;
    request.body_bytes = body == NULL ? 0 : strlen(body);
    request.timeout_ms = timeout_us / 1000 > INT32_MAX ? INT32_MAX : (int)(timeout_us / 1000);
    if (http_request(run->loop, &request, ret_response, err))
        return true;
    log_redact(err->message);
    if (err->kind == ERROR_UNREACHABLE)
        err->kind = ERROR_INTERNAL; /* UNREACHABLE is for databases: it ends the process */
    return false;
}

bool run_act_http_right(Run *run, const json_t *ask, bool any_2xx, const HttpResponse *response,
                        char *why, size_t size)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *has = json_get_string(ask, "has", NULL);
    int64_t status = json_get_int(ask, "status", 0);
    bool right = status != 0 ? response->status == status
                 : any_2xx   ? response->status / 100 == 2
                             : response->status == 200;
    Error err = {0};
    if (!right)
        snprintf(why, size, "status %d: %.200s", response->status, response->body);
    else if (has != NULL && !config_expand(run->options.environment, arena, has, &has, &err))
        snprintf(why, size, "%s", err.message);
    else if (has != NULL && strstr(response->body, has) == NULL)
        snprintf(why, size, "its answer does not hold \"%.100s\"", has);
    else
        return true;
    log_redact(why);
    return false;
}
