/* The form people write, `cpu_usage: > 80%`, is not YAML (">" opens a block scalar, "!=" is a tag).
 * Such values are put in quotes before the parser sees them, and columns are counted back. Internal
 * to plan/. */
#ifndef HEADGATE_PLAN_REPAIR_H
#define HEADGATE_PLAN_REPAIR_H

#include "base/arena.h"

/// One value that was quoted: where it stands in the text as written.
typedef struct RepairSpot {
    int line;
    int column;     ///< of its first character, from 1
    int end_column; ///< behind its last character
    int inserted;   ///< quotes put into its line before it
} RepairSpot;

typedef struct Repair {
    const char *text; ///< the repaired text; from the arena
    size_t bytes;
    RepairSpot *spots; ///< in the order of the text
    size_t spots_count;
} Repair;

/// Quotes plain values that begin with a comparison (">", ">=", "!=") and go on with a number, on
/// `key: value` lines and in { key: value }. Never inside quotes, comments or block scalars, and
/// never where the text is valid YAML as it stands. text must be valid UTF-8.
void plan_repair(Arena *arena, const char *text, size_t bytes, Repair *ret_repair);
/// The column in the text as written of a column in the repaired text.
int plan_repair_column(const Repair *repair, int line, int column);
/// Was the value at this place (as written) quoted by us?
bool plan_repair_at(const Repair *repair, int line, int column);

#endif
