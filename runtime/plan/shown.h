/* A plan as people and programs outside see it: the checked tree with its paths, as
 * docs/protocol.md calls NODE. */
#ifndef HEADGATE_PLAN_SHOWN_H
#define HEADGATE_PLAN_SHOWN_H

#include "plan/plan.h"

/// {"kind", "name", "path", "file", "line", "column", "keys", "children"} of the plan and all below
/// it, gates of stages included. Owned by the caller.
json_t *plan_shown(const Plan *plan);

#endif
