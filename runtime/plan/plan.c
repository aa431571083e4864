/* The tree: nodes from the graph, with names, paths, places and rules checked. Single values are
 * checked in value.c, evidence in evidence.c, which are called from here. */
#include "plan/plan.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/suggest.h"
#include "base/text.h"
#include "plan/answer.h"
#include "plan/evidence.h"
#include "plan/tick.h"
#include "plan/traffic.h"
#include "plan/value.h"
#include "plan/word_backup.h"
#include "plan/word_check.h"
#include "plan/word_import.h"
#include "plan/word_outside.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool plan_error_at(Error *err, PlanPosition at, const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    const char *file = at.file == NULL ? "plan" : at.file;
    if (at.line <= 0)
        return error_set(err, ERROR_INPUT, "%s: %s", file, message);
    if (at.column <= 0)
        return error_set(err, ERROR_INPUT, "%s:%d: %s", file, at.line, message);
    return error_set(err, ERROR_INPUT, "%s:%d:%d: %s", file, at.line, at.column, message);
}

const char *plan_kind_name(PlanKind kind)
{
    return plan_word_of(kind)->name;
}

/* ---- building ---- */

/* "gate \"start-rollout\"": how messages call a node. */
static const char *label_of(Plan *plan, const PlanNode *node)
{
    const PlanNode *named = node;
    const char *of = "";
    if (node->kind == PLAN_GATE && node->parent != NULL && node->parent->kind == PLAN_STAGE) {
        named = node->parent;
        of = "gate of ";
    }
    return arena_printf(plan->arena, "%s%s \"%s\"", of, named->word->name, named->name);
}

static ValuePlace place_of(Plan *plan, const PlanNode *node)
{
    return (ValuePlace){plan->arena, label_of(plan, node), "", node->positions, node->at};
}

/* What is wrong with a name, or NULL. */
static const char *name_problem(const char *name)
{
    if (plan_value_blank(name))
        return "needs a name";
    if (strlen(name) > BOUND_NAME_BYTES)
        return "has too long a name (at most 200 bytes)";
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '/')
            return "has a name with \"/\": it would look like a path";
        if (text_control_bytes(at) > 0)
            return "has a name with a control character";
    }
    return NULL;
}

static bool is_empty_table(const json_t *value)
{
    return value == NULL || json_is_null(value) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

static bool read_kind(const json_t *graph, PlanNode *node, Error *err)
{
    const char *kind = json_get_string(graph, "kind", NULL);
    const PlanWord *word = kind == NULL ? NULL : plan_word_find(kind);
    if (word != NULL && word->kind != PLAN_KINDS) {
        node->word = word;
        node->kind = word->kind;
        return true;
    }
    Suggest suggest;
    suggest_init(&suggest, kind == NULL ? "" : kind);
    for (PlanKind known = 0; known < PLAN_KINDS; known++)
        suggest_offer(&suggest, plan_kind_name(known));
    if (suggest.best != NULL)
        return plan_error_at(err, node->at, "unknown name \"%s\" (did you mean %s?)", kind,
                             suggest.best);
    return plan_error_at(err, node->at, "unknown name \"%s\"", kind == NULL ? "" : kind);
}

static void children_text(const PlanWord *word, Plan *plan, const char **ret_text)
{
    *ret_text = "nothing";
    bool first = true;
    for (PlanKind kind = 0; kind < PLAN_KINDS; kind++) {
        if ((word->children & (1u << kind)) == 0)
            continue;
        *ret_text = first ? plan_kind_name(kind)
                          : arena_printf(plan->arena, "%s, %s", *ret_text, plan_kind_name(kind));
        first = false;
    }
}

static bool check_parent(Plan *plan, const PlanNode *node, Error *err)
{
    const PlanNode *parent = node->parent;
    if (parent == NULL && node->kind == PLAN_PLAN)
        return true;
    if (parent == NULL)
        return plan_error_at(err, node->at, "the outermost word must be plan, got %s",
                             node->word->name);
    /* a stage's gate is a key; only the child made from it may stand there */
    if ((parent->word->children & (1u << node->kind)) != 0 && parent->kind != PLAN_STAGE)
        return true;
    if (parent->kind == PLAN_STAGE)
        return plan_error_at(err, node->at, "%s cannot stand in stage \"%s\"%s", node->word->name,
                             parent->name, node->kind == PLAN_GATE ? ": write gate = { … }" : "");
    const char *allowed;
    children_text(parent->word, plan, &allowed);
    return plan_error_at(err, node->at, "%s \"%s\" cannot stand in %s: it may hold %s",
                         node->word->name, node->name, label_of(plan, parent), allowed);
}

/* A stage is called by its percentage; a second one of the same percentage gets a number. */
static const char *stage_name(Plan *plan, const PlanNode *stage, const json_t *keys)
{
    const json_t *percent = json_object_get(keys, "percent");
    if (!json_is_number(percent))
        return "?";
    const char *name = arena_printf(plan->arena, "%.15g%%", json_number_value(percent));
    size_t same = 1;
    for (size_t i = 0; i < stage->parent->children_count; i++) {
        const char *other = stage->parent->children[i]->name;
        if (text_starts(other, name) && (other[strlen(name)] == '\0' || other[strlen(name)] == ' '))
            same++;
    }
    return same == 1 ? name : arena_printf(plan->arena, "%s (%zu)", name, same);
}

static bool read_name(Plan *plan, const json_t *graph, PlanNode *node, Error *err)
{
    node->name = arena_strdup(plan->arena, json_get_string(graph, "name", ""));
    if (node->word->form == WORD_PLAIN && node->parent != NULL)
        node->name = stage_name(plan, node, json_object_get(graph, "keys"));
    const char *problem = name_problem(node->name);
    if (problem != NULL)
        return plan_error_at(err, node->at, "%s %s", node->word->name, problem);
    return true;
}

/* Gives node its path and index and makes it known. */
static bool register_node(Plan *plan, PlanNode *node, const char *segment, Error *err)
{
    if (plan->nodes_count >= BOUND_PLAN_NODES)
        return plan_error_at(err, node->at, "the plan has more than %d parts", BOUND_PLAN_NODES);
    if (node->parent == NULL)
        node->path = "";
    else if (node->parent->path[0] == '\0')
        node->path = segment;
    else
        node->path = arena_printf(plan->arena, "%s/%s", node->parent->path, segment);
    const json_t *taken = json_object_get(plan->by_path, node->path);
    if (taken != NULL && node->parent != NULL) {
        const PlanNode *other = plan->nodes[json_integer_value(taken)];
        return plan_error_at(err, node->at,
                             "%s has the name of the %s in line %d: names must differ",
                             label_of(plan, node), other->word->name, other->at.line);
    }
    node->index = plan->nodes_count;
    plan->nodes[plan->nodes_count++] = node;
    json_object_set_new(plan->by_path, node->path, json_integer((json_int_t)node->index));
    return true;
}

/* ---- rules ---- */

/* The words of a rule, as "a, b and c" or "a nor b"; last is " and ", " nor " or " or ". */
static const char *rule_list(Arena *arena, const char *keys, const char *last)
{
    const char *result = "";
    for (const char *at = keys; *at != '\0';) {
        int length = (int)strcspn(at, " ");
        bool is_last = at[length] == '\0';
        const char *between = result[0] == '\0' ? "" : is_last ? last : ", ";
        result = arena_printf(arena, "%s%s%.*s", result, between, length, at);
        at += is_last ? length : length + 1;
    }
    return result;
}

/* How many of keys are given; the last two of them in table order. */
static size_t rule_given(Arena *arena, const json_t *values, const char *keys,
                         const char **ret_first, const char **ret_second)
{
    size_t count = 0;
    for (const char *at = keys; *at != '\0';) {
        size_t length = strcspn(at, " ");
        const char *key = arena_strndup(arena, at, length);
        at += at[length] == '\0' ? length : length + 1;
        if (json_object_get(values, key) == NULL)
            continue;
        if (count == 0)
            *ret_first = key;
        else
            *ret_second = key;
        count++;
    }
    return count;
}

static bool rule_missing(Plan *plan, const PlanNode *node, const PlanRule *rule, const char *keys,
                         const char *has, Error *err)
{
    const char *space = strchr(keys, ' ');
    const char *quantity = space == NULL                    ? "no "
                           : strchr(space + 1, ' ') == NULL ? "neither "
                                                            : "none of ";
    const char *list = rule_list(plan->arena, keys, quantity[1] == 'e' ? " nor " : " and ");
    return plan_error_at(err, node->at, "%s has %s%s%s: %s", label_of(plan, node), has, quantity,
                         list, rule->why);
}

static bool check_rule(Plan *plan, const PlanNode *node, const PlanRule *rule, Error *err)
{
    const char *first = NULL;
    const char *second = NULL;
    if (rule->unless_blank != NULL && plan_value_blank(plan_sql(node, rule->unless_blank)))
        return true;
    if (rule->kind == RULE_NEEDS) {
        const char *others = strchr(rule->keys, ' ') + 1;
        const char *key = arena_strndup(plan->arena, rule->keys, (size_t)(others - rule->keys - 1));
        if (json_object_get(node->keys, key) == NULL ||
            rule_given(plan->arena, node->keys, others, &first, &second) > 0)
            return true;
        const char *has = arena_printf(plan->arena, "%s but ", key);
        return rule_missing(plan, node, rule, others, has, err);
    }
    size_t given = rule_given(plan->arena, node->keys, rule->keys, &first, &second);
    if (given == 0 && rule->unless_says != NULL &&
        strcasestr(plan_sql(node, rule->unless_blank), rule->unless_says) != NULL)
        return true;
    if (given == 0 && rule->kind == RULE_EXACTLY_ONE)
        return rule_missing(plan, node, rule, rule->keys, "", err);
    if (given > 1)
        return plan_error_at(err, plan_key_position(node, second), "%s has both %s and %s: %s",
                             label_of(plan, node), first, second, rule->why);
    return true;
}

static bool check_rules(Plan *plan, const PlanNode *node, Error *err)
{
    for (const PlanRule *rule = node->word->rules; rule != NULL && rule->keys != NULL; rule++) {
        if (!check_rule(plan, node, rule, err))
            return false;
    }
    return true;
}

/* ---- what only one kind asks for ---- */

static bool check_backfill(Plan *plan, const PlanNode *node, Error *err)
{
    if (plan_number(node, "batch") > BOUND_BATCH_ROWS_MAX)
        return plan_error_at(err, plan_key_position(node, "batch"),
                             "%s: field \"batch\" must be at most %d rows", label_of(plan, node),
                             BOUND_BATCH_ROWS_MAX);
    int64_t batch_us = plan_duration_us(node, "batch_time");
    if (batch_us <= 0 || batch_us > (int64_t)BOUND_BATCH_LIMIT_MS * 1000)
        return plan_error_at(err, plan_key_position(node, "batch_time"),
                             "%s: field \"batch_time\" must be above 0 and at most 5s",
                             label_of(plan, node));
    return true;
}

static bool check_share(Plan *plan, const PlanNode *node, Error *err)
{
    PlanWeights weights;
    Error why = {0};
    return json_object_get(node->parent->keys, "traffic") == NULL ||
           plan_traffic_weights(plan_number(node, "percent"), &weights, &why) ||
           plan_error_at(err, plan_key_position(node, "percent"), "%s: field \"percent\": %s",
                         label_of(plan, node), why.message);
}

static bool check_stage(Plan *plan, const PlanNode *node, Error *err)
{
    const PlanNode *rollout = node->parent;
    if (!check_share(plan, node, err))
        return false;
    if (rollout->children_count == 0)
        return true;
    if (rollout->children_count == BOUND_PLAN_STAGES)
        return plan_error_at(err, node->at, "rollout \"%s\" has more than %d stages", rollout->name,
                             BOUND_PLAN_STAGES);
    const PlanNode *before = rollout->children[rollout->children_count - 1];
    if (plan_number(node, "percent") < plan_number(before, "percent"))
        return plan_error_at(err, plan_key_position(node, "percent"),
                             "%s: field \"percent\" is less than the %s of the stage before",
                             label_of(plan, node), before->name);
    return true;
}

static bool check_holds(Plan *plan, const PlanNode *node, Error *err)
{
    if (node->children_count > 0)
        return true;
    if (node->kind == PLAN_ROLLOUT)
        return plan_error_at(err, node->at, "%s has no stage", label_of(plan, node));
    if (node->kind == PLAN_PLAN)
        return plan_error_at(err, node->at, "%s is empty: it needs a phase", label_of(plan, node));
    return true;
}

/* ---- nodes ---- */

static bool fill_keys(Plan *plan, PlanNode *node, const json_t *given, Error *err)
{
    ValuePlace place = place_of(plan, node);
    if (!plan_value_check_keys(&place, node->word->keys, given, node->keys, err) ||
        !check_rules(plan, node, err))
        return false;
    plan_value_defaults(node->word->keys, node->keys);
    if (!plan_outside_check(node, err) || !plan_check_check(node, err) ||
        !plan_backup_check(node, err))
        return false;
    if (node->kind == PLAN_IMPORT && !plan_import_check(node, err))
        return false;
    if (node->kind == PLAN_BACKFILL || node->kind == PLAN_IMPORT)
        return check_backfill(plan, node, err);
    return node->kind != PLAN_STAGE || check_stage(plan, node, err);
}

/* stage { gate = { … } } becomes a node, so that every gate of a plan is found and passed in one
 * way. */
static bool add_stage_gate(Plan *plan, PlanNode *stage, Error *err)
{
    const json_t *given = json_object_get(stage->keys, "gate");
    if (given == NULL)
        return true;
    PlanNode *gate = arena_alloc(plan->arena, sizeof(PlanNode));
    gate->kind = PLAN_GATE;
    gate->word = plan_word_of(PLAN_GATE);
    gate->name = stage->name;
    gate->parent = stage;
    gate->at = plan_key_position(stage, "gate");
    if (!register_node(plan, gate, "gate", err))
        return false;
    gate->keys = json_deep_copy(given);
    stage->children[stage->children_count++] = gate;
    if (!check_rules(plan, gate, err))
        return false;
    plan_value_defaults(gate->word->keys, gate->keys);
    return true;
}

static bool add_node(Plan *plan, const json_t *graph, PlanNode *parent, int depth, Error *err);

static bool add_children(Plan *plan, PlanNode *node, const json_t *graph, int depth, Error *err)
{
    const json_t *children = json_object_get(graph, "children");
    size_t count = json_array_size(children);
    node->children = arena_alloc(plan->arena, (count + 1) * sizeof(PlanNode *));
    for (size_t i = 0; i < count; i++) {
        if (!add_node(plan, json_array_get(children, i), node, depth + 1, err))
            return false;
    }
    if (node->kind == PLAN_STAGE && !add_stage_gate(plan, node, err))
        return false;
    return check_holds(plan, node, err);
}

static bool add_node(Plan *plan, const json_t *graph, PlanNode *parent, int depth, Error *err)
{
    PlanNode *node = arena_alloc(plan->arena, sizeof(PlanNode));
    const char *file =
        json_get_string(graph, "file", parent == NULL ? "plan.lua" : parent->at.file);
    node->at = (PlanPosition){arena_strdup(plan->arena, file), (int)json_get_int(graph, "line", 0),
                              (int)json_get_int(graph, "column", 0)};
    node->parent = parent;
    node->positions = json_object_get(graph, "key_positions");
    if (depth > BOUND_PLAN_DEPTH)
        return plan_error_at(err, node->at, "the plan is nested deeper than %d", BOUND_PLAN_DEPTH);
    if (!json_is_object(graph) || !read_kind(graph, node, err))
        return json_is_object(graph) ? false : plan_error_at(err, node->at, "not a part of a plan");
    if (!read_name(plan, graph, node, err) || !check_parent(plan, node, err) ||
        !register_node(plan, node, node->name, err))
        return false;
    plan_answer_take(plan, node, graph);
    const json_t *keys = json_object_get(graph, "keys");
    if (!is_empty_table(keys) && !json_is_object(keys))
        return plan_error_at(err, node->at, "%s: its keys must be a table", label_of(plan, node));
    node->keys = json_object();
    if (!fill_keys(plan, node, keys, err))
        return false;
    if (parent != NULL)
        parent->children[parent->children_count++] = node;
    else
        plan->root = node;
    return add_children(plan, node, graph, depth, err);
}

bool plan_from_graph(json_t *graph, Plan **ret_plan, Error *err)
{
    AUTO(plan_auto) Plan *plan = base_alloc(sizeof(Plan));
    plan->arena = arena_new();
    plan->graph = json_incref(graph);
    plan->by_path = json_object();
    plan->nodes = arena_alloc(plan->arena, BOUND_PLAN_NODES * sizeof(PlanNode *));
    AUTO(base_free) char *canonical = json_canonical(graph);
    hash_sha256_hex(canonical, strlen(canonical), plan->hash);
    if (!add_node(plan, graph, NULL, 0, err) || !plan_evidence_resolve(plan, err) ||
        !plan_answer_resolve(plan, err) || !plan_tick_resolve(plan, err))
        return false;
    *ret_plan = plan;
    plan = NULL;
    return true;
}

void plan_free(Plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->nodes_count; i++)
        json_decref(plan->nodes[i]->keys);
    json_decref(plan->by_path);
    json_decref(plan->graph);
    arena_free(plan->arena);
    free(plan);
}

void plan_auto(Plan **plan)
{
    plan_free(*plan);
}

/* ---- reading ---- */

const PlanNode *plan_find(const Plan *plan, const char *path)
{
    const json_t *index = json_object_get(plan->by_path, path);
    return index == NULL ? NULL : plan->nodes[json_integer_value(index)];
}

const char *plan_sql(const PlanNode *node, const char *key)
{
    const json_t *value = json_object_get(node->keys, key);
    if (text_equal(plan_value_tag(value), "trigger"))
        value = json_object_get(value, "sql");
    return text_equal(plan_value_tag(value), "sql") ? json_get_string(value, "text", NULL) : NULL;
}

bool plan_has_function(const PlanNode *node, const char *key)
{
    return text_equal(plan_value_tag(json_object_get(node->keys, key)), "function");
}

const char **plan_strings(const PlanNode *node, const char *key, Arena *arena, size_t *ret_count)
{
    const json_t *value = json_object_get(node->keys, key);
    size_t count = json_is_string(value) ? 1 : json_array_size(value);
    const char **texts = arena_alloc(arena, (count + 1) * sizeof(char *));
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_is_string(value) ? value : json_array_get(value, i);
        if (json_is_string(item))
            texts[(*ret_count)++] = json_string_value(item);
    }
    return texts;
}

const char *plan_names(const PlanNode *node, const char *key, Arena *arena)
{
    size_t count = 0;
    const char **items = plan_strings(node, key, arena, &count);
    const char *names = count > 0 ? items[0] : "";
    for (size_t i = 1; i < count; i++)
        names = arena_printf(arena, "%s, %s", names, items[i]);
    return names;
}

const char *plan_text(const PlanNode *node, const char *key)
{
    return json_get_string(node->keys, key, NULL);
}

double plan_number(const PlanNode *node, const char *key)
{
    return json_get_number(node->keys, key, 0);
}

bool plan_bool(const PlanNode *node, const char *key)
{
    return json_get_bool(node->keys, key, false);
}

int64_t plan_duration_us(const PlanNode *node, const char *key)
{
    int64_t us = -1;
    const char *text = plan_text(node, key);
    return text != NULL && duration_parse(text, &us, NULL) ? us : -1;
}

const char *plan_table(const PlanNode *node, Arena *arena)
{
    const char *table = plan_text(node, "table");
    return table != NULL ? table : arena_strndup(arena, node->name, strcspn(node->name, "."));
}

PlanPosition plan_key_position(const PlanNode *node, const char *key)
{
    PlanPosition at = node->at;
    const json_t *pair = json_object_get(node->positions, key);
    int line = (int)json_integer_value(json_array_get(pair, 0));
    if (line > 0) {
        at.line = line;
        at.column = (int)json_integer_value(json_array_get(pair, 1));
    }
    return at;
}

bool plan_groups(const PlanNode *node)
{
    return node->kind == PLAN_PLAN || node->kind == PLAN_PHASE || node->kind == PLAN_MIGRATIONS;
}

bool plan_mutates(const PlanNode *node)
{
    if (node->kind == PLAN_STEP)
        return !plan_value_blank(plan_sql(node, "up"));
    if (node->kind == PLAN_TASK)
        return plan_text(node, "no_effect") == NULL;
    return node->word->mutates;
}
