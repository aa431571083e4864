/* Bounds of what can be changed. */
#include "run/tune.h"

#include "base/bounds.h"

enum { BATCH_LEAST_US = 5000, PAUSE_MOST_US = 60000000 };

const RunTune RUN_TUNES[] = {
    {"speed", 1, 100, "percent", "the share of the time that workers work, at most"},
    {"batch_us", BATCH_LEAST_US, BOUND_BATCH_LIMIT_MS * 1000.0, "us", "how long a batch takes"},
    {"pause_us", 0, PAUSE_MOST_US, "us", "the rest between two batches of a worker"},
    {"workers", 1, BOUND_WORKERS, "", "how many workers there are"},
    {NULL, 0, 0, NULL, NULL},
};

bool run_tune_check(const json_t *body, Error *err)
{
    bool any = false;
    for (const RunTune *tune = RUN_TUNES; tune->name != NULL; tune++) {
        const json_t *value = json_object_get(body, tune->name);
        if (value == NULL)
            continue;
        any = true;
        bool whole = tune->unit[0] == 'p' || json_is_integer(value);
        double number = json_is_number(value) && whole ? json_number_value(value) : -1;
        if (number < tune->least || number > tune->most)
            return error_set(err, ERROR_INPUT, "\"%s\" is %s from %.0f to %.0f", tune->name,
                             tune->unit[0] == 'p' ? "a number" : "a whole number", tune->least,
                             tune->most);
    }
    return any ||
           error_set(err, ERROR_INPUT, "say what to change: speed, batch_us, pause_us or workers");
}

json_t *run_tunes_json(void)
{
    json_t *list = json_array();
    for (const RunTune *tune = RUN_TUNES; tune->name != NULL; tune++) {
        json_t *item = json_object();
        json_set_string(item, "name", tune->name);
        json_object_set_new(item, "least", json_real(tune->least));
        json_object_set_new(item, "most", json_real(tune->most));
        json_set_string(item, "unit", tune->unit);
        json_set_string(item, "doc", tune->doc);
        json_array_append_new(list, item);
    }
    return list;
}
