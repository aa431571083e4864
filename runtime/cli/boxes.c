/* Boxes on a terminal. */
#include "cli/boxes.h"

#include "plan/tick.h"

void cli_boxes_print(FILE *out, const Plan *plan)
{
    const PlanTicks *ticks = plan->ticks;
    if (ticks == NULL)
        return;
    AUTO(arena_auto) Arena *arena = arena_new();
    const PlanBoxes *boxes = ticks->boxes;
    for (size_t i = 0; i < boxes->boxes_count; i++) {
        const PlanBox *box = &boxes->boxes[i];
        if (ticks->classes[i] == BOX_UNBOUND)
            fprintf(out, "%s:%d: warning: nothing ticks the box \"%s\"%s\n", boxes->file, box->line,
                    plan_box_address(arena, boxes, box),
                    box->claimed ? ", which the document says is ticked" : "");
    }
    fprintf(out, "%s: %zu boxes:", boxes->file, boxes->boxes_count);
    for (BoxClass class = BOX_CLASSES; class -- > 0;)
        fprintf(out, " %zu %s%s", ticks->by_class[class], plan_tick_class_name(class),
                class > 0 ? "," : "\n");
}
