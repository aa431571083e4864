/* JSON messages (never row data): jansson, plus the few helpers everybody needs. */
#ifndef HEADGATE_BASE_JSON_H
#define HEADGATE_BASE_JSON_H

#include "base/error.h"

#include <jansson.h>

/// Destructor: AUTO(json_auto) json_t *body = ...;
void json_auto(json_t **value);

/// Parses with our limits (depth, size, no duplicate keys). Owned by the caller; NULL and err on
/// failure, with line and column in the message.
NODISCARD json_t *json_parse(const char *text, size_t bytes, Error *err);
/// Compact text; free() releases it.
char *json_text(const json_t *value);
/// Compact text with sorted keys: the form that digests are taken over. free() releases it.
char *json_canonical(const json_t *value);

/// The value of key, or otherwise when it is absent or of another type. Strings are borrowed from
/// object.
const char *json_get_string(const json_t *object, const char *key, const char *otherwise);
int64_t json_get_int(const json_t *object, const char *key, int64_t otherwise);
double json_get_number(const json_t *object, const char *key, double otherwise);
bool json_get_bool(const json_t *object, const char *key, bool otherwise);
/// Sets key to text, or to null when text is NULL. What is not UTF-8 in it becomes "?".
void json_set_string(json_t *object, const char *key, const char *text);
void json_set_int(json_t *object, const char *key, int64_t value);
/// 64-bit ids travel as strings, because browsers have doubles.
void json_set_id(json_t *object, const char *key, int64_t id);
/// {kind, message, sqlstate?, hint?}
json_t *json_from_error(const Error *err);
/// What json_from_error() wrote; ERROR_INTERNAL when its kind is none of ours.
void json_to_error(const json_t *object, Error *ret);

#endif
