/* The hours in which a gate lets a run go on: times of day and days of the week. When that is, the
 * database says (headgate.passes_at): it knows the time and the zones. Internal to plan/. */
#ifndef HEADGATE_PLAN_HOURS_H
#define HEADGATE_PLAN_HOURS_H

#include "base/json.h"

/// "00:00" … "24:00"
bool plan_hours_is_clock(const char *text);
/// A day ("mon") or a list of different ones, as a list; NULL when it is neither. The caller's.
json_t *plan_hours_days(const json_t *value);

#endif
