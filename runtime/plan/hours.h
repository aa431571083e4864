/* The hours in which a gate lets a run go on: times of day and days of the week. When that is, the
 * database says (headgate.passes_at): it knows the time and the zones. Internal to plan/. */
#ifndef HEADGATE_PLAN_HOURS_H
#define HEADGATE_PLAN_HOURS_H

#include "base/json.h"

/// "00:00" … "24:00"; NULL is none.
bool plan_hours_is_clock(const char *text);
/// Is that a time zone's name in the zone database of this machine ("Europe/Berlin")? Where there
/// is none: whatever could be one; NULL never is. The database has the last word: its own zones may
/// be others.
bool plan_hours_is_zone(const char *name);
/// A day ("mon") or a list of different ones, as a list; NULL when it is neither. The caller's.
json_t *plan_hours_days(const json_t *value);

#endif
