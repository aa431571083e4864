/* Inside bind/: what the files of this folder share about a loaded plan. Row work (bind/row.h) runs
 * a plan's map with it:
 *
 *     ScriptTask *task;  script_task_new(bind_plan_state(plan), &bind_task, &task, err)
 *     push:  bind_plan_push(L, "backfill/events", "map"), the row, bind_db_push(L)
 *     take:  bind_verdict(L, first), then the table's columns or bind_verdict_field(…)
 *
 * The owner of every task of a plan's state is a const BindTask *. */
#ifndef HEADGATE_BIND_STATE_H
#define HEADGATE_BIND_STATE_H

#include "base/suggest.h"
#include "bind/plan.h"
#include "bind/source.h"
#include "script/task.h"

typedef struct BindLimits {
    int load_ms;      ///< 0 = BOUND_SCRIPT_LOAD_MS
    size_t max_bytes; ///< of the heap; 0 = BOUND_SCRIPT_BYTES
} BindLimits;

/// bind_plan_load() with other limits, for tests. extend (may be NULL) may add names before the
/// plan runs; it gets L and may raise.
NODISCARD bool bind_plan_load_with(const Bundle *bundle, BindLimits limits, lua_CFunction extend,
                                   BindPlan **ret_plan, Error *err);
ScriptState *bind_plan_state(BindPlan *plan);
const Bundle *bind_plan_bundle(const BindPlan *plan);
/// The plan whose state L belongs to.
BindPlan *bind_plan_of(lua_State *L);
/// Memory for building the graph; freed when loading ends.
Arena *bind_plan_scratch(BindPlan *plan);
/// The tokens of a Lua file of the bundle, read once; NULL when there is none. For building
/// the graph only.
const BindSource *bind_plan_source(BindPlan *plan, const char *path);
/// Pushes the function that stands under key of the node at path; raises when there is none. May
/// raise.
void bind_plan_push(lua_State *L, const char *path, const char *key);
/// Takes the function on top of L as the one under key of the node at path. May raise.
void bind_plan_record(lua_State *L, const char *path, const char *key);

/// Sets the metatables and functions of all modules and runs scripts/prelude.lua. May raise.
void bind_open(lua_State *L);
/// Pushes `db`: one value for all tasks, because it means the connection of the task that runs. May
/// raise.
void bind_db_push(lua_State *L);
/// The task that runs in L; raises where none does ("what cannot be used while the plan is
/// loaded").
const BindTask *bind_task_check(lua_State *L, const char *what);

/// Pushes " (did you mean WORD?)", or "" where nothing was near, and returns it. May raise.
const char *bind_suggested(lua_State *L, const Suggest *suggest);

/* What the prelude's words make: tables with one of two metatables. */

/// Is the value at index a node, a value? Never raises.
bool bind_is_node(lua_State *L, int index);
bool bind_is_value(lua_State *L, int index);

/// What a map returned.
typedef enum BindVerdict {
    VERDICT_NONE,      ///< nil, or something that is no verdict
    VERDICT_COLUMNS,   ///< a plain table: the columns to write
    VERDICT_SKIP,      ///< skip "why": field "reason"
    VERDICT_REJECT,    ///< reject "why": field "reason"
    VERDICT_AMBIGUOUS, ///< ambiguous("why", { choices = … }): fields "reason" and "choices"
} BindVerdict;
BindVerdict bind_verdict(lua_State *L, int index);
/// Pushes field of the skip or ambiguous value at index (nil when absent). Never raises but for
/// memory.
void bind_verdict_field(lua_State *L, int index, const char *field);

/// Builds the graph of the nodes the plan's Lua made into *graph (an empty object). May raise
/// ERROR_INPUT "plan.lua:3:5: …".
void bind_graph_build(lua_State *L, json_t *graph);

#endif
