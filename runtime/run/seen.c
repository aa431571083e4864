/* A set of request numbers, as an object with a key for each. */
#include "run/seen.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEY_BYTES = 24 };

static const char *key_of(const json_t *request, char *out)
{
    snprintf(out, KEY_BYTES, "%" PRId64, json_get_int(request, "id", 0));
    return out;
}

json_t *run_seen_new(void)
{
    return json_object();
}

void run_seen_add(json_t *seen, const json_t *request)
{
    char key[KEY_BYTES];
    json_object_set_new(seen, key_of(request, key), json_true());
}

bool run_seen_has(const json_t *seen, const json_t *request)
{
    char key[KEY_BYTES];
    return json_object_get(seen, key_of(request, key)) != NULL;
}

void run_seen_keep(json_t *seen, const json_t *requests)
{
    char key[KEY_BYTES];
    AUTO(json_auto) json_t *open = json_object();
    AUTO(json_auto) json_t *before = json_copy(seen);
    const char *number = NULL;
    json_t *value = NULL;
    size_t i = 0;
    json_t *request = NULL;
    json_array_foreach (requests, i, request)
        json_object_set_new(open, key_of(request, key), json_true());
    json_object_foreach (before, number, value) {
        if (json_object_get(open, number) == NULL)
            json_object_del(seen, number);
    }
}
