/* Thresholds, durations and percentages. Lines: a threshold, a metric's name, a duration, a
 * percentage, two units. */
#include "fuzz.h"

#include "base/clock.h"
#include "plan/setting.h"
#include "plan/threshold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const PlanPosition AT = {"headgate.yaml", 3, 7};

static void check_limit(const Threshold *threshold, Arena *arena)
{
    static const double VALUES[] = {0, -1, 1, 0.5, 1e9, -1e300, INFINITY};
    invariant(threshold->metric != NULL && threshold->text != NULL && threshold->unit != NULL);
    invariant(isfinite(threshold->limit) && threshold->for_us >= 0);
    invariant(threshold_say(threshold, arena)[0] != '\0');
    Threshold goal = *threshold;
    Threshold alert = *threshold;
    goal.is_alert = false;
    alert.is_alert = true;
    for (size_t i = 0; i < COUNT_OF(VALUES); i++)
        invariant(threshold_breached(&goal, VALUES[i]) != threshold_breached(&alert, VALUES[i]));
    invariant(threshold_breached(&goal, NAN) && threshold_breached(&alert, NAN));
    bool breached = threshold_breached(&alert, threshold->limit);
    bool with_equal = threshold->op == OP_LESS_EQUAL || threshold->op == OP_GREATER_EQUAL ||
                      threshold->op == OP_EQUAL;
    invariant(breached == with_equal);
}

/* As it is kept, a threshold means the same when it is read again. */
static void check_threshold(Arena *arena, const char *text, const char *metric)
{
    Error err = {0};
    Threshold threshold;
    Threshold again;
    if (!threshold_parse(arena, text, metric, AT, &threshold, &err)) {
        fuzz_check_error(&err);
        invariant(text_starts(err.message, "headgate.yaml:3:7: "));
        return;
    }
    check_limit(&threshold, arena);
    bool ok = threshold_parse(arena, threshold.text, metric, AT, &again, &err);
    invariant(ok && again.op == threshold.op && again.for_us == threshold.for_us);
    invariant(again.unit == threshold.unit && strcmp(again.metric, threshold.metric) == 0);
}

static void check_duration(const char *text)
{
    Error err = {0};
    int64_t us;
    int64_t again;
    char shown[32];
    if (!duration_parse(text, &us, &err)) {
        fuzz_check_error(&err);
        return;
    }
    invariant(us >= 0);
    bool ok = duration_parse(duration_text(us, shown, sizeof(shown)), &again, &err);
    /* two units are shown, the rest is cut off */
    invariant(ok && again <= us && again >= us / 2 / 1000 * 1000);
}

static void check_units(const char *from, const char *to)
{
    double there;
    double back;
    if (!threshold_convert(from, to, &there))
        return;
    bool ok = threshold_convert(to, from, &back);
    invariant(ok && there > 0 && fabs(there * back - 1) < 1e-9);
    invariant(threshold_unit(from) != NULL && threshold_unit(to) != NULL);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    FuzzInput input = {bytes, size};
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(base_free) char *text = fuzz_line(&input);
    AUTO(base_free) char *metric = fuzz_line(&input);
    AUTO(base_free) char *duration = fuzz_line(&input);
    AUTO(base_free) char *percent = fuzz_line(&input);
    AUTO(base_free) char *from = fuzz_line(&input);
    AUTO(base_free) char *to = fuzz_line(&input);
    double number;
    check_threshold(arena, text, NULL);
    check_threshold(arena, text, metric);
    check_duration(duration);
    if (plan_setting_percent(percent, &number))
        invariant(number > 0 && number <= 100);
    check_units(from, to);
}
