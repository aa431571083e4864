/* A strict, small YAML: texts, maps and lists, each with its place. No anchors, aliases, tags,
 * merge keys, duplicate keys or second documents. All texts are texts: what they mean is for the
 * reader. Internal to plan/. */
#ifndef HEADGATE_PLAN_YAML_H
#define HEADGATE_PLAN_YAML_H

#include "plan/plan.h"

typedef enum PlanYamlKind { PLAN_YAML_TEXT, PLAN_YAML_MAP, PLAN_YAML_LIST } PlanYamlKind;

typedef struct PlanYaml PlanYaml;
struct PlanYaml {
    PlanYamlKind kind;
    PlanPosition at;
    const char *text;    ///< PLAN_YAML_TEXT
    bool plain;          ///< written without quotes: an empty, "~" or "null" one is no value
    bool repaired;       ///< a threshold that was not YAML as written (plan/repair.h)
    const PlanYaml *key; ///< of an entry of a map: its key; NULL in lists and at the root
    PlanYaml *first;     ///< entries of a map, items of a list
    PlanYaml *last;
    PlanYaml *next; ///< its neighbour
    size_t count;   ///< of entries or items
};

/// Reads one document. path is for messages (kept by pointer). Everything comes from arena; bounds
/// are BOUND_YAML_*. Fails with ERROR_INPUT "path:line:column: ...".
NODISCARD bool plan_yaml_parse(Arena *arena, const char *path, const char *text, size_t bytes,
                               PlanYaml **ret_root, Error *err);
/// The entry of a map, or NULL (also for map == NULL).
const PlanYaml *plan_yaml_get(const PlanYaml *map, const char *key);
/// The value of a map's key, whose type was checked before; otherwise (NULL, for a text) when it is
/// not there, also for map == NULL.
const char *plan_yaml_text(const PlanYaml *map, const char *key);
int64_t plan_yaml_duration(const PlanYaml *map, const char *key, int64_t otherwise_us);
int plan_yaml_count(const PlanYaml *map, const char *key, int otherwise);
/// No value: "key:" with nothing behind it, "~" or "null".
bool plan_yaml_empty(const PlanYaml *node);
/// "text", "map", "list", "nothing"
const char *plan_yaml_kind_text(const PlanYaml *node);

#endif
