/* A plan as data: a tree of nodes, made from the JSON graph that evaluating the Lua gives (bind/)
 * and that is kept with the bundle. Nothing here knows Lua. Words and keys are described in
 * plan/word.h. */
#ifndef HEADGATE_PLAN_PLAN_H
#define HEADGATE_PLAN_PLAN_H

#include "base/arena.h"
#include "base/json.h"

typedef struct PlanWord PlanWord;
typedef struct PlanTicks PlanTicks;

/// Kinds a node may have, in the order of the words table.
typedef enum PlanKind {
    PLAN_PLAN,
    PLAN_PHASE,
    PLAN_STEP,
    PLAN_MIGRATIONS,
    PLAN_TASK,
    PLAN_BACKFILL,
    PLAN_IMPORT,
    PLAN_CHECK,
    PLAN_VERIFY,
    PLAN_BACKUP,
    PLAN_GATE,
    PLAN_ROLLOUT,
    PLAN_STAGE,
    PLAN_MANUAL,
    PLAN_CHECKLIST,
    PLAN_EXEC,
    PLAN_HTTP,
    PLAN_NOTIFY,
    PLAN_SOAK,
    PLAN_KINDS, ///< how many
} PlanKind;

/// Where something was written. line and column count from 1; 0 = unknown.
typedef struct PlanPosition {
    const char *file;
    int line;
    int column;
} PlanPosition;

typedef struct PlanNode PlanNode;

/// answer("gate", "field") in a function of a node, where both are literal.
typedef struct PlanAnswer {
    const char *name; ///< of the gate, as it is written
    const PlanNode *gate;
    const char *field;
    PlanPosition at;
} PlanAnswer;

struct PlanNode {
    PlanKind kind;
    const PlanWord *word;
    const char *name;
    const char *path; ///< names from the phase down joined by "/":
                      ///< "backfill/events.canonical_event"; "" for the plan
    PlanPosition at;
    json_t *keys; ///< checked values by key (below), defaults filled in; owned by the plan
    const json_t *positions; ///< where each key stands: {"key": [line, column]}; may be NULL
    PlanAnswer *answers;     ///< what its functions read of gates; the plan's: what other files do
    size_t answers_count;
    PlanNode *parent;
    PlanNode **children;
    size_t children_count;
    size_t index; ///< position in document order, 0 = the plan; unique
};

/* How values stand in keys (and in the graph JSON). In keys a list key (approvers, keep, evidence,
 * guards, …) is always a list, inline SQL is an SQL value, and evidence holds the paths it resolved
 * to: text, number, boolean, list, map    as themselves; durations and percents stay text SQL
 * (inline or file "x.sql")        {"$": "sql", "text": "...", "file": "sql/x.sql" or "plan.lua",
 * "line": 1} a Lua function                      {"$": "function", "file": "plan.lua", "line": 40}
 *   sql_flag { ... }                    {"$": "sql_flag", "table":…, "name":…, "percent":…,
 * "enabled":…}
 *   haproxy { ... }                     {"$": "haproxy", "socket":…, "backend":…, "blue":…,
 * "green":…} trigger(sql)                        {"$": "trigger", "sql": {"$": "sql", …}}
 *   thresholds "production"             {"$": "thresholds", "name": "production"} */

typedef struct Plan {
    Arena *arena;
    json_t *graph; ///< owned
    PlanNode *root;
    PlanNode **nodes; ///< by index
    size_t nodes_count;
    json_t *by_path;        ///< path → index; owned
    const PlanTicks *ticks; ///< the document's boxes and what ticks them (plan/tick.h); NULL = none
    char hash[65];          ///< SHA-256 of the canonical graph
} Plan;

/// Builds and checks a plan from its graph: every kind, key, type, name and reference, against the
/// words table. graph is borrowed (a reference is kept). Fails with ERROR_INPUT and
/// "file:line:column: ...", with did-you-mean. *ret_plan is freed with plan_free(). A stage's gate
/// = { … } becomes a child of the stage: a PLAN_GATE named like the stage ("100%") with the path
/// "<stage>/gate", so that all gates are alike.
NODISCARD bool plan_from_graph(json_t *graph, Plan **ret_plan, Error *err);
void plan_free(Plan *plan);
void plan_auto(Plan **plan);
/// NULL when there is none.
const PlanNode *plan_find(const Plan *plan, const char *path);
const char *plan_kind_name(PlanKind kind);
/// The text of an SQL value (also of the SQL in a trigger), or NULL.
const char *plan_sql(const PlanNode *node, const char *key);
/// True when key holds a Lua function.
bool plan_has_function(const PlanNode *node, const char *key);
/// A list of strings under key, where one string counts as a list of one. From arena; count 0 when
/// absent.
const char **plan_strings(const PlanNode *node, const char *key, Arena *arena, size_t *ret_count);
/// The same as one text for people: "admin, product"; "" when absent.
const char *plan_names(const PlanNode *node, const char *key, Arena *arena);
/// The text, number, boolean or duration (in microseconds) under key: the one given, or the default
/// of the words table, or else NULL, 0, false and -1.
const char *plan_text(const PlanNode *node, const char *key);
double plan_number(const PlanNode *node, const char *key);
bool plan_bool(const PlanNode *node, const char *key);
int64_t plan_duration_us(const PlanNode *node, const char *key);
/// The table that a backfill or an import works on. From arena when it is cut from the name.
const char *plan_table(const PlanNode *node, Arena *arena);
/// Where a key of the node stands; the node's own position when that is not known.
PlanPosition plan_key_position(const PlanNode *node, const char *key);
/// ERROR_INPUT with "file:line:column: " in front (as much as is known). Returns false.
bool plan_error_at(Error *err, PlanPosition at, const char *format, ...) PRINTF_LIKE(3, 4);
/// Does it only hold others (plan, phase, migrations)? Then it has no row in the ledger.
bool plan_groups(const PlanNode *node);
/// Does this kind change the target (and so needs an undo or one_way)?
bool plan_mutates(const PlanNode *node);

#endif
