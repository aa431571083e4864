/* The plan's document, filled in: what a run says of each box. Pure; shapes in docs/protocol.md. */
#ifndef HEADGATE_SERVER_CHECKLIST_H
#define HEADGATE_SERVER_CHECKLIST_H

#include "plan/plan.h"

/// The boxes of plan_tick_json() with what run says of them: "state" of boxes (ticked, open,
/// failed, taken_back, skipped, unbound) and of each tick, "text", "by" and "at". run: what
/// server_view_report() gives (steps, gates, answers, rollouts, direction). NULL when the plan has
/// no document. The caller's.
json_t *server_checklist(const Plan *plan, const json_t *run);

#endif
