/* A plan as data: a tree of nodes, made from the JSON graph that evaluating the Lua gives (bind/) and that
 * is kept with the bundle. Nothing here knows Lua. Words and keys are described in plan/word.h. */
#ifndef HEADGATE_PLAN_PLAN_H
#define HEADGATE_PLAN_PLAN_H

#include "base/arena.h"
#include "base/json.h"

typedef struct PlanWord PlanWord;

/// Kinds a node may have, in the order of the words table.
typedef enum PlanKind {
    PLAN_PLAN,
    PLAN_PHASE,
    PLAN_STEP,
    PLAN_TASK,
    PLAN_BACKFILL,
    PLAN_CHECK,
    PLAN_VERIFY,
    PLAN_BACKUP,
    PLAN_GATE,
    PLAN_ROLLOUT,
    PLAN_STAGE,
    PLAN_MANUAL,
    PLAN_CHECKLIST,
    PLAN_KINDS, ///< how many
} PlanKind;

/// Where something was written. line and column count from 1; 0 = unknown.
typedef struct PlanPosition {
    const char *file;
    int line;
    int column;
} PlanPosition;

typedef struct PlanNode PlanNode;
struct PlanNode {
    PlanKind kind;
    const PlanWord *word;
    const char *name;
    const char *path; ///< names from the phase down joined by "/": "backfill/events.canonical_event"; "" for the plan
    PlanPosition at;
    json_t *keys;     ///< checked values by key (below); borrowed from the plan
    PlanNode *parent;
    PlanNode **children;
    size_t children_count;
    size_t index; ///< position in document order, 0 = the plan; unique
};

/* How values stand in keys (and in the graph JSON):
 *   text, number, boolean, list, map    as themselves; durations and percents stay text
 *   SQL (inline or file "x.sql")        {"$": "sql", "text": "...", "file": "sql/x.sql" or "plan.lua", "line": 1}
 *   a Lua function                      {"$": "function", "file": "plan.lua", "line": 40}
 *   sql_flag { ... }                    {"$": "sql_flag", "table":…, "name":…, "percent":…, "enabled":…}
 *   trigger(sql)                        {"$": "trigger", "sql": {"$": "sql", …}}
 *   thresholds "production"             {"$": "thresholds", "name": "production"} */

typedef struct Plan {
    Arena *arena;
    json_t *graph;      ///< owned
    PlanNode *root;
    PlanNode **nodes;   ///< by index
    size_t nodes_count;
    char hash[65];      ///< SHA-256 of the canonical graph
} Plan;

/// Builds and checks a plan from its graph: every kind, key, type, name and reference, against the words
/// table. graph is borrowed (a reference is kept). Fails with ERROR_INPUT and "file:line:column: ...", with
/// did-you-mean. *ret_plan is freed with plan_free().
NODISCARD bool plan_from_graph(json_t *graph, Plan **ret_plan, Error *err);
void plan_free(Plan *plan);
void plan_auto(Plan **plan);
/// NULL when there is none.
const PlanNode *plan_find(const Plan *plan, const char *path);
const char *plan_kind_name(PlanKind kind);
/// The text of an SQL value ({"$":"sql"}), or NULL.
const char *plan_sql(const PlanNode *node, const char *key);
/// True when key holds a Lua function.
bool plan_has_function(const PlanNode *node, const char *key);
/// A list of strings under key, where one string counts as a list of one. From arena; count 0 when absent.
const char **plan_strings(const PlanNode *node, const char *key, Arena *arena, size_t *ret_count);
/// Does this kind change the target (and so needs an undo or one_way)?
bool plan_mutates(const PlanNode *node);

#endif
