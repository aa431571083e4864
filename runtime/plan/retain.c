/* Periods are those of UTC: the same on every machine, and none is 23 hours long. */
#include "plan/retain.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const int64_t SECOND_US = 1000000;
enum { HOUR_S = 3600, DAY_S = 86400, DAYS_IN_WEEK = 7, MONDAY_IS = 3, MONTHS_IN_YEAR = 12 };

/* ------------------------------------------------------------------ numbering periods */

static int64_t floor_div(int64_t value, int64_t by)
{
    int64_t result = value / by;
    return value % by < 0 ? result - 1 : result;
}

static int64_t hour_of(int64_t s)
{
    return floor_div(s, HOUR_S);
}

static int64_t day_of(int64_t s)
{
    return floor_div(s, DAY_S);
}

/* The first day of 1970 was a Thursday. */
static int64_t week_of(int64_t s)
{
    return floor_div(day_of(s) + MONDAY_IS, DAYS_IN_WEEK);
}

static int64_t month_of(int64_t s)
{
    struct tm date = {0};
    time_t at = (time_t)s;
    gmtime_r(&at, &date);
    return (int64_t)date.tm_year * MONTHS_IN_YEAR + date.tm_mon;
}

static int64_t year_of(int64_t s)
{
    return floor_div(month_of(s), MONTHS_IN_YEAR);
}

static const struct PeriodRow {
    const char *key;
    int64_t (*number)(int64_t s); ///< grows with time
} ROWS[PERIODS] = {
    [PERIOD_HOUR] = {"hourly", hour_of}, [PERIOD_DAY] = {"daily", day_of},
    [PERIOD_WEEK] = {"weekly", week_of}, [PERIOD_MONTH] = {"monthly", month_of},
    [PERIOD_YEAR] = {"yearly", year_of},
};

/* ------------------------------------------------------------------ reading and showing */

bool plan_retain_read(const json_t *value, PlanRetain *ret_retain, Error *err)
{
    PlanRetain retain = {0};
    if (json_is_string(value)) {
        *ret_retain = retain;
        return duration_parse(json_string_value(value), &ret_retain->age_us, err);
    }
    int64_t all = 0;
    for (size_t i = 0; i < PERIODS; i++) {
        retain.counts[i] = json_get_int(value, ROWS[i].key, 0);
        all |= retain.counts[i];
    }
    if (all <= 0)
        return error_set(err, ERROR_INPUT,
                         "retain names nothing to keep: write a duration, or { daily = 30, … }");
    *ret_retain = retain;
    return true;
}

const char *plan_retain_text(const PlanRetain *retain, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    if (retain->age_us > 0)
        return duration_text(retain->age_us, out, size);
    for (size_t i = 0; i < PERIODS; i++) {
        if (retain->counts[i] <= 0 || used >= size)
            continue;
        int wrote = snprintf(out + used, size - used, "%s%" PRId64 " %s", used == 0 ? "" : ", ",
                             retain->counts[i], ROWS[i].key);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    return out;
}

/* ------------------------------------------------------------------ deciding */

typedef struct Taken {
    int64_t at_us;
    size_t index;
} Taken;

static int newest_first(const void *a, const void *b)
{
    const Taken *left = a;
    const Taken *right = b;
    if (left->at_us != right->at_us)
        return left->at_us > right->at_us ? -1 : 1;
    return left->index > right->index ? -1 : left->index < right->index;
}

static void keep_periods(const struct PeriodRow *row, int64_t most, const Taken *taken,
                         size_t count, bool *ret_keep)
{
    int64_t last = 0;
    int64_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t number = row->number(floor_div(taken[i].at_us, SECOND_US));
        if (kept > 0 && number == last)
            continue;
        if (kept == most)
            return;
        ret_keep[taken[i].index] = true;
        last = number;
        kept++;
    }
}

void plan_retain_keep(const PlanRetain *retain, const int64_t *times_us, size_t count,
                      int64_t now_us, bool *ret_keep)
{
    Taken *taken = base_alloc((count + 1) * sizeof(*taken));
    for (size_t i = 0; i < count; i++) {
        taken[i] = (Taken){times_us[i], i};
        ret_keep[i] = retain->age_us > 0 && now_us - times_us[i] <= retain->age_us;
    }
    qsort(taken, count, sizeof(*taken), newest_first);
    for (size_t i = 0; i < PERIODS; i++) {
        if (retain->counts[i] > 0)
            keep_periods(&ROWS[i], retain->counts[i], taken, count, ret_keep);
    }
    free(taken);
}
