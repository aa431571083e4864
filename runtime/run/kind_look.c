/* check and verify over HTTP: status, a text, and the value that a JSON pointer names. */
#include "base/log.h"
#include "base/pointer.h"
#include "run/act.h"
#include "run/kind.h"

#include <stdio.h>

static bool compares(const PlanNode *node)
{
    static const char *const KEYS[] = {"equals", "at_least", "at_most", "above", "below"};
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        if (json_object_get(node->keys, KEYS[i]) != NULL)
            return true;
    }
    return false;
}

/* A value as its text, as SQL would give it. */
static bool value_text(const json_t *value, char *out, size_t size)
{
    if (json_is_string(value))
        snprintf(out, size, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(out, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(out, size, "%.17g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(out, size, "%s", json_is_true(value) ? "t" : "f");
    else
        return false;
    return true;
}

static bool compare(const PlanNode *node, const json_t *ask, const HttpResponse *response,
                    json_t *detail, Error *err)
{
    const char *pointer = json_get_string(ask, "pointer", "");
    char value[400];
    char text[600];
    Error wrong = {0};
    AUTO(json_auto) json_t *body = json_parse(response->body, response->body_bytes, &wrong);
    if (body == NULL) {
        snprintf(text, sizeof(text), "its answer is not JSON: %.300s", wrong.message);
        return run_kind_check_verdict(detail, false, text, err);
    }
    if (!value_text(pointer_find(body, pointer), value, sizeof(value))) {
        snprintf(text, sizeof(text), "its answer has no text, number or boolean at \"%.200s\"",
                 pointer);
        return run_kind_check_verdict(detail, false, text, err);
    }
    log_redact(value);
    return run_kind_check_compare(node, value, detail, err);
}

bool run_kind_look(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    const json_t *ask = json_object_get(node->keys, "http");
    HttpResponse response = {0};
    char text[400];
    Error none = {0};
    if (!run_act_http(run, &(RunActHttp){.ask = ask, .method = "GET"}, &response, &none)) {
        if (none.kind != ERROR_INTERNAL) {
            *err = none; /* a variable is missing: nothing was asked */
            return false;
        }
        snprintf(text, sizeof(text), "no answer: %.300s", none.message);
        return run_kind_check_verdict(detail, false, text, err);
    }
    json_set_int(detail, "status", response.status);
    bool right = run_act_http_right(run, ask, false, &response, text, sizeof(text));
    bool ok = false;
    if (!right) {
        ok = run_kind_check_verdict(detail, false, text, err);
    } else if (compares(node)) {
        ok = compare(node, ask, &response, detail, err);
    } else {
        snprintf(text, sizeof(text), "status %d", response.status);
        ok = run_kind_check_verdict(detail, true, text, err);
    }
    http_response_done(&response);
    return ok;
}
