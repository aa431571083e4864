/* Which backups of a series stay: by age ("30d"), or so many of each hour, day, week, month and
 * year. Pure. */
#ifndef HEADGATE_PLAN_RETAIN_H
#define HEADGATE_PLAN_RETAIN_H

#include "base/json.h"

typedef enum PlanPeriod {
    PERIOD_HOUR,
    PERIOD_DAY,
    PERIOD_WEEK, ///< Monday to Sunday
    PERIOD_MONTH,
    PERIOD_YEAR,
    PERIODS
} PlanPeriod;

typedef struct PlanRetain {
    int64_t age_us;          ///< 0 = not by age
    int64_t counts[PERIODS]; ///< 0 = no such rule
} PlanRetain;

/// The value of the key retain as the plan holds it: a duration, or {"daily": 30, …}. ERROR_INPUT
/// when it is neither.
NODISCARD bool plan_retain_read(const json_t *value, PlanRetain *ret_retain, Error *err);
/// "30d", or "30 daily, 12 weekly, 12 monthly, 5 yearly". Returns out. size >= 160.
const char *plan_retain_text(const PlanRetain *retain, char *out, size_t size);
/// Which of a series stay, taken at times_us (since 1970, UTC, in any order); ret_keep has count
/// elements.
///
/// By age: those that are at most so old at now_us. By periods: of each of the last n hours (days,
/// …) that have a backup the newest one. Periods without one do not count, so that nothing goes
/// only because no new backup came; and pruning every day leaves what pruning once leaves.
void plan_retain_keep(const PlanRetain *retain, const int64_t *times_us, size_t count,
                      int64_t now_us, bool *ret_keep);

#endif
