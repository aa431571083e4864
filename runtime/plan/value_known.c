/* Keys that no word has. */
#include "plan/value.h"

#include "base/suggest.h"

#include <string.h>

/* jansson's iterators read only, but ask for a json_t * that is not const */
static json_t *loose(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

static bool is_before(PlanPosition a, PlanPosition b)
{
    return a.line < b.line || (a.line == b.line && a.column < b.column);
}

static const PlanKey *find_key(const PlanKey *keys, const char *name)
{
    for (const PlanKey *key = keys; key != NULL && key->name != NULL; key++) {
        if (strcmp(key->name, name) == 0)
            return key;
    }
    return NULL;
}

static bool unknown_key(const ValuePlace *place, const PlanKey *keys, const char *name, Error *err)
{
    Suggest suggest;
    suggest_init(&suggest, name);
    const char *fields = NULL;
    for (const PlanKey *key = keys; key != NULL && key->name != NULL; key++) {
        suggest_offer(&suggest, key->name);
        fields =
            fields == NULL ? key->name : arena_printf(place->arena, "%s, %s", fields, key->name);
    }
    const char *help =
        suggest.best != NULL
            ? arena_printf(place->arena, "did you mean %s?", suggest.best)
            : arena_printf(place->arena, "fields: %s", fields == NULL ? "none" : fields);
    return plan_error_at(err, plan_value_position(place, name), "%s has no field \"%s\" (%s)",
                         place->label, name, help);
}

/* Lua tables have no order: the unknown key that stands first in the file is the one to name. */
bool plan_value_known(const ValuePlace *place, const PlanKey *keys, const json_t *given, Error *err)
{
    const char *first = NULL;
    PlanPosition first_at = {0};
    const char *name;
    json_t *value;
    json_object_foreach (loose(given), name, value) {
        if (find_key(keys, name) != NULL)
            continue;
        PlanPosition at = plan_value_position(place, name);
        if (first == NULL || is_before(at, first_at) ||
            (!is_before(first_at, at) && strcmp(name, first) < 0)) {
            first = name;
            first_at = at;
        }
    }
    return first == NULL || unknown_key(place, keys, first, err);
}
