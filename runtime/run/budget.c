/* Measured against budget. */
#include "run/budget.h"

#include "base/clock.h"

static const char *const NAMES[] = {"downtime", "rollback", "duration"};

static int64_t measured(const Spent *spent, const char *name)
{
    return text_equal(name, "downtime")   ? spent->downtime_us
           : text_equal(name, "rollback") ? spent->rollback_us
                                          : spent->duration_us;
}

json_t *run_budget_json(const Plan *plan, const Spent *spent)
{
    json_t *list = json_array();
    const json_t *budgets = json_object_get(plan->root->keys, "budgets");
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        const char *text = json_get_string(budgets, NAMES[i], NULL);
        int64_t budget_us = 0;
        if (text == NULL || !duration_parse(text, &budget_us, NULL))
            continue;
        int64_t measured_us = measured(spent, NAMES[i]);
        json_t *item = json_object();
        json_set_string(item, "name", NAMES[i]);
        json_object_set_new(item, "measured_us",
                            measured_us < 0 ? json_null() : json_integer(measured_us));
        json_set_int(item, "budget_us", budget_us);
        json_object_set_new(item, "over", json_boolean(measured_us > budget_us));
        json_array_append_new(list, item);
    }
    return list;
}
