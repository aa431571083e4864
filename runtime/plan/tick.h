/* Which node of a plan ticks which box of its document. "ticks" holds the texts; here they become
 * boxes. What is true of a box in a run is run/'s. */
#ifndef HEADGATE_PLAN_TICK_H
#define HEADGATE_PLAN_TICK_H

#include "plan/box.h"
#include "plan/plan.h"

/// What stands behind a box.
typedef enum BoxClass {
    BOX_UNBOUND,   ///< nothing: shown as debt
    BOX_AUTOMATIC, ///< the machine looked, or did it
    BOX_METRIC,    ///< a guard held
    BOX_SIGN_OFF,  ///< a person said so
    BOX_CLASSES,   ///< how many
} BoxClass;

typedef struct PlanTick {
    size_t box;           ///< in plan->boxes
    const PlanNode *node; ///< whose success ticks it
    const char *metric;   ///< of a guard of a rollout or stage: only that one; NULL = all of it
    int item;             ///< of a checklist, from 0: only that one; -1 = all of it
    PlanPosition at;
} PlanTick;

struct PlanTicks {
    PlanBoxes *boxes;
    PlanTick *ticks; ///< by box, then in the order of the plan
    size_t count;
    BoxClass *classes; ///< by box
    size_t by_class[BOX_CLASSES];
};

/// Reads the plan's document and finds the boxes that its nodes tick: plan->ticks, NULL without a
/// document. Fails with the position of a text that is no box of it (with did-you-mean), or that
/// several boxes have.
NODISCARD bool plan_tick_resolve(Plan *plan, Error *err);
/// "automatic", "metric", "sign-off", "unbound".
const char *plan_tick_class_name(BoxClass class);
/// {"file", "counts": {class: n}, "boxes": [{"text", "line", "headings": [text], "outer": index or
/// null, "claimed", "class", "ticks": [{"path", "kind", "name", "metric"?, "item"?, "roles"?,
/// "evidence"?}]}]}, or NULL without a document. Owned by the caller.
json_t *plan_tick_json(const Plan *plan);

#endif
