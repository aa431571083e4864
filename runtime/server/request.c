/* What handlers ask of a request. */
#include "server/private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *request_value(const ServerRequest *request, const char *name)
{
    size_t index = 0;
    size_t length = strlen(name);
    for (const char *at = strpbrk(request->route->pattern, ":*"); at != NULL;
         at = strpbrk(at + 1, ":*")) {
        if (strncmp(at + 1, name, length) == 0 && (at[1 + length] == '\0' || at[1 + length] == '/'))
            return request->values[index];
        index++;
    }
    invariant_failed(__FILE__, __LINE__, "the pattern has a value of that name");
}

bool request_fail(ServerRequest *request, int status, Error *err, ErrorKind kind,
                  const char *format, ...)
{
    char message[sizeof(err->message)];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    request->answer.status = status;
    return error_set(err, kind, "%s", message);
}

static bool parse_number(const char *text, int64_t *ret_number)
{
    size_t length = strlen(text);
    if (length == 0 || length > 18 || strspn(text, "0123456789") != length)
        return false;
    *ret_number = strtoll(text, NULL, 10);
    return true;
}

bool request_run(ServerRequest *request, int64_t *ret_run, Error *err)
{
    const char *text = request_value(request, "run");
    if (parse_number(text, ret_run) && *ret_run > 0)
        return true;
    return request_fail(request, STATUS_NOT_FOUND, err, ERROR_INPUT, "there is no run \"%.40s\"",
                        text);
}

const char *request_arg(const ServerRequest *request, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < request->args_count; i++) {
        if (strncmp(request->args[i], name, length) == 0 && request->args[i][length] == '=' &&
            request->args[i][length + 1] != '\0')
            return request->args[i] + length + 1;
    }
    return NULL;
}

bool request_arg_int(const ServerRequest *request, const char *name, int64_t otherwise, int64_t max,
                     int64_t *ret_number, Error *err)
{
    const char *text = request_arg(request, name);
    *ret_number = otherwise;
    if (text == NULL)
        return true;
    if (parse_number(text, ret_number) && *ret_number <= max)
        return true;
    return error_set(err, ERROR_INPUT, "%s is a number from 0 to %" PRId64 ", not \"%.40s\"", name,
                     max, text);
}

bool request_body_keys(const ServerRequest *request, const char *const *allowed, Error *err)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach (request->body, key, value) {
        bool known = false;
        for (size_t i = 0; allowed[i] != NULL; i++)
            known = known || strcmp(allowed[i], key) == 0;
        if (!known)
            return error_set(err, ERROR_INPUT, "the body has an unknown key \"%.80s\"", key);
    }
    return true;
}

bool request_body_text(const ServerRequest *request, const char *key, size_t max,
                       const char **ret_text, Error *err)
{
    const json_t *value = json_object_get(request->body, key);
    if (value == NULL)
        return error_set(err, ERROR_INPUT, "the body needs \"%s\"", key);
    if (!json_is_string(value) || json_string_length(value) == 0)
        return error_set(err, ERROR_INPUT, "\"%s\" is a text", key);
    if (json_string_length(value) > max)
        return error_set(err, ERROR_INPUT, "\"%s\" is longer than %zu bytes", key, max);
    *ret_text = json_string_value(value);
    return true;
}

bool request_found(ServerRequest *request, bool ok, const Error *err)
{
    if (!ok && err->kind == ERROR_INPUT)
        request->answer.status = STATUS_NOT_FOUND;
    return ok;
}

bool request_if_match(ServerRequest *request, const char **ret_tag, Error *err)
{
    const char *text = request->if_match;
    if (text == NULL)
        return request_fail(request, STATUS_PRECONDITION_REQUIRED, err, ERROR_INPUT,
                            "the header If-Match is missing: it says which version you saw");
    size_t length = strlen(text);
    bool quoted = length >= 2 && text[0] == '"' && text[length - 1] == '"';
    *ret_tag = quoted ? arena_strndup(request->arena, text + 1, length - 2) : text;
    return true;
}

const char *request_key(const ServerRequest *request)
{
    if (request->idempotency_key == NULL)
        return NULL;
    return arena_printf(request->arena, "%s:%s", request->who.person, request->idempotency_key);
}

const ConfigEnvironment *request_environment(const ServerRequest *request, const char *name)
{
    const Config *config = request->server->config;
    return config == NULL ? NULL : config_environment(config, name);
}

void request_leave_state(ServerRequest *request)
{
    share_put(request);
}

bool request_enter_state(ServerRequest *request, Error *err)
{
    return pool_take(request->server->pool, &request->conn, err);
}
