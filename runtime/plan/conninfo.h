/* Connection strings as far as headgate.yaml has to know them: variables in, passwords out.
 * Internal to plan/. */
#ifndef HEADGATE_PLAN_CONNINFO_H
#define HEADGATE_PLAN_CONNINFO_H

#include "base/arena.h"

/// The connection string without passwords; "" (the PG* variables) shows what they say. A string
/// that does not parse is not shown at all. Passwords found are remembered by log_secret().
const char *plan_conninfo_shown(Arena *arena, const char *url);
/// Replaces ${NAME} from the process's environment. false: *ret_missing is the first name that is
/// not set (or "" where "${" has no name and end).
bool plan_conninfo_expand(Arena *arena, const char *text, const char **ret_text,
                          const char **ret_missing);

#endif
