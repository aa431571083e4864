/* jansson with our limits and names. */
#include "base/json.h"

#include "base/bounds.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_auto(json_t **value)
{
    json_decref(*value);
}

/* jansson recurses up to 2048 levels, which a fiber's stack may not have. */
static bool too_deep(const char *text, size_t bytes)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < bytes; i++) {
        if (quoted) {
            if (text[i] == '\\')
                i++; /* whatever follows is no end of the text */
            else
                quoted = text[i] != '"';
            continue;
        }
        quoted = text[i] == '"';
        depth += text[i] == '{' || text[i] == '[';
        depth -= text[i] == '}' || text[i] == ']';
        if (depth > BOUND_JSON_DEPTH)
            return true;
    }
    return false;
}

json_t *json_parse(const char *text, size_t bytes, Error *err)
{
    if (bytes > BOUND_JSON_BYTES) {
        error_set(err, ERROR_INPUT, "JSON of %zu bytes is over the limit of %d", bytes,
                  BOUND_JSON_BYTES);
        return NULL;
    }
    if (too_deep(text, bytes)) {
        error_set(err, ERROR_INPUT, "JSON nested deeper than %d levels", BOUND_JSON_DEPTH);
        return NULL;
    }
    json_error_t problem;
    json_t *value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (value == NULL)
        error_set(err, ERROR_INPUT, "JSON line %d column %d: %s", problem.line, problem.column,
                  problem.text);
    return value;
}

static char *dump(const json_t *value, size_t flags)
{
    char *text = json_dumps(value, flags | JSON_COMPACT | JSON_ENCODE_ANY);
    invariant(text != NULL);
    return text;
}

char *json_text(const json_t *value)
{
    return dump(value, 0);
}

char *json_canonical(const json_t *value)
{
    return dump(value, JSON_SORT_KEYS);
}

const char *json_get_string(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? otherwise : text;
}

int64_t json_get_int(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

double json_get_number(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

bool json_get_bool(const json_t *object, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

void json_set_string(json_t *object, const char *key, const char *text)
{
    json_t *value = text == NULL ? json_null() : json_string(text);
    if (value == NULL) {
        AUTO(base_free) char *mended = base_strdup(text);
        text_make_utf8(mended);
        value = json_string(mended);
    }
    json_object_set_new(object, key, value);
}

void json_set_int(json_t *object, const char *key, int64_t value)
{
    json_object_set_new(object, key, json_integer(value));
}

void json_set_id(json_t *object, const char *key, int64_t id)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRId64, id);
    json_set_string(object, key, digits);
}

json_t *json_from_error(const Error *err)
{
    json_t *object = json_object();
    json_set_string(object, "kind", error_kind_name(err->kind));
    json_set_string(object, "message", err->message);
    if (err->sqlstate[0] != '\0')
        json_set_string(object, "sqlstate", err->sqlstate);
    if (err->hint[0] != '\0')
        json_set_string(object, "hint", err->hint);
    return object;
}

static ErrorKind kind_named(const char *name)
{
    for (int kind = ERROR_INPUT; kind <= ERROR_INTERNAL; kind++) {
        if (text_equal(error_kind_name((ErrorKind)kind), name))
            return (ErrorKind)kind;
    }
    return ERROR_INTERNAL;
}

void json_to_error(const json_t *object, Error *ret)
{
    error_set(ret, kind_named(json_get_string(object, "kind", "")), "%s",
              json_get_string(object, "message", ""));
    snprintf(ret->sqlstate, sizeof(ret->sqlstate), "%s", json_get_string(object, "sqlstate", ""));
    error_hint(ret, "%s", json_get_string(object, "hint", ""));
}
