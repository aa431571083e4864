/* A rollout or stage looked at again: its metrics are asked once, and each guard must hold. */
#include "base/text.h"
#include "rollout/guard.h"
#include "rollout/rollout.h"
#include "run/kind.h"

#include <stdio.h>

enum { TEXT_BYTES = 900 };

static void describe(const json_t *guards, Text *text)
{
    size_t i = 0;
    json_t *guard = NULL;
    json_array_foreach ((json_t *)(uintptr_t)guards, i, guard) {
        if (text_equal(json_get_string(guard, "verdict", ""), "ok") ||
            text->length_bytes > TEXT_BYTES)
            continue;
        const json_t *value = json_object_get(guard, "value");
        text_printf(text, "%s%s: ", text->length_bytes == 0 ? "" : "; ",
                    json_get_string(guard, "guard", ""));
        if (json_is_number(value))
            text_printf(text, "%.6g%s", json_number_value(value),
                        json_get_string(guard, "unit", ""));
        else
            text_printf(text, "no data: %s", json_get_string(guard, "why", ""));
    }
}

/* The list borrows why from the metrics: it is made while they are there. */
static json_t *ask(Run *run, const PlanNode *node, RolloutGuards *guards)
{
    RunMetrics *metrics = run_metrics_new(run, node);
    rollout_guards_sample(guards, metrics);
    json_t *list = rollout_guards_json(guards);
    run_metrics_free(metrics);
    return list;
}

static bool judge(const RolloutGuards *guards, json_t *list, json_t *detail, Error *err)
{
    AUTO(text_done) Text text;
    text_init(&text, 4 * TEXT_BYTES);
    describe(list, &text);
    bool holds = text.length_bytes == 0;
    if (holds && guards->count == 1)
        text_append(&text, "its guard holds");
    else if (holds)
        text_printf(&text, "all %zu guards hold", guards->count);
    return run_kind_check_verdict(detail, holds, text_string(&text), err);
}

bool rollout_again(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    RolloutGuards *guards = arena_alloc(arena, sizeof(*guards));
    RolloutGuardsOf of = {.config = run->options.config, .environment = run->options.environment};
    if (!rollout_guards_collect(guards, arena, node, &of, err))
        return false;
    json_t *list = ask(run, node, guards);
    json_object_set_new(detail, "guards", list);
    return judge(guards, list, detail, err);
}
