/* The boxes of a check-list document: task list lines of Markdown ("- [ ] text", also *, + and
 * numbered), under their headings. Reads only; what ticks a box is plan/tick.h. */
#ifndef HEADGATE_PLAN_BOX_H
#define HEADGATE_PLAN_BOX_H

#include "base/arena.h"
#include "base/error.h"

/// None, where an index of a heading or of a box is asked for.
#define BOX_NONE SIZE_MAX

typedef struct BoxHeading {
    const char *text; ///< without marks
    int line;
    int level;    ///< 1 … 6
    size_t outer; ///< the heading it stands under; BOX_NONE at the top
} BoxHeading;

typedef struct PlanBox {
    const char *text; ///< one line, without Markdown's `, * and ~~
    int line;         ///< from 1
    int column;       ///< of its "[", in bytes from 1
    bool claimed;     ///< the document says [x]
    size_t heading;   ///< index; BOX_NONE = above the first
    size_t outer;     ///< the box whose list it stands in; BOX_NONE at the top
} PlanBox;

typedef struct PlanBoxes {
    const char *file; ///< "document.md"
    const char *text; ///< the document, as it is
    BoxHeading *headings;
    size_t headings_count;
    PlanBox *boxes; ///< in the order of the document
    size_t boxes_count;
} PlanBoxes;

/// Reads a document (CommonMark's lists, headings, fences and comments as far as boxes need them).
/// Boxes in code and in comments are none. All from arena; file and text are borrowed. Fails when
/// there are more than BOUND_BOXES.
NODISCARD bool plan_box_read(Arena *arena, const char *file, const char *text,
                             PlanBoxes **ret_boxes, Error *err);
/// The form in which texts are compared and shown: blanks made one, marks of Markdown left out.
/// From arena.
const char *plan_box_plain(Arena *arena, const char *text, size_t bytes);
/// "Heading > Inner heading > text": the whole address of a box. From arena.
const char *plan_box_address(Arena *arena, const PlanBoxes *boxes, const PlanBox *box);

#endif
