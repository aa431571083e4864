/* Readers get events by the thousand: what a plan found or returned, however large, stays where it
 * is kept, with its step. */
#include "run/cut.h"

#include "base/bounds.h"

enum {
    MEMBER_BYTES = 1024, ///< what a member may always have: no event has more than twenty
    BEGINNING_BYTES = 200,
};

static size_t bytes_of(const json_t *value)
{
    return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

static json_t *beginning_of(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    if (text == NULL)
        return json_null();
    if (length > BEGINNING_BYTES)
        length = BEGINNING_BYTES;
    while ((text[length] & 0xC0) == 0x80) /* not within a character */
        length--;
    return json_sprintf("%.*s…", (int)length, text);
}

json_t *run_cut(const json_t *data)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (bytes_of(data) <= BOUND_EVENT_BYTES)
        return json_incref((json_t *)data);
    json_t *less = json_copy((json_t *)data);
    json_t *cut = json_object();
    json_object_foreach ((json_t *)data, key, value) {
        size_t size = bytes_of(value);
        if (size <= MEMBER_BYTES)
            continue;
        json_set_int(cut, key, (int64_t)size);
        json_object_set_new(less, key, beginning_of(value));
    }
    json_object_set_new(less, "cut", cut);
    return less;
}
