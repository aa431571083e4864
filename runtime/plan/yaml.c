/* Builds the tree from libyaml's events. libyaml itself knows no depth limit, accepts duplicate
 * keys and is quadratic in flow depth, so everything is refused at the event where it is first
 * seen. */
#include "plan/yaml.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "plan/repair.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

typedef struct Builder {
    Arena *arena;
    const char *path;
    const Repair *repair;
    PlanYaml *open[BOUND_YAML_DEPTH]; /* maps and lists that have not ended */
    size_t depth;
    PlanYaml *key; /* waits for its value */
    PlanYaml *root;
    json_t *seen; /* {"<address of map>:<key>": line} */
    size_t nodes;
    int documents;
} Builder;

static PlanPosition position(const Builder *builder, const yaml_mark_t *mark)
{
    int line = (int)mark->line + 1;
    return (PlanPosition){builder->path, line,
                          plan_repair_column(builder->repair, line, (int)mark->column + 1)};
}

const PlanYaml *plan_yaml_get(const PlanYaml *map, const char *key)
{
    if (map == NULL || map->kind != PLAN_YAML_MAP)
        return NULL;
    for (const PlanYaml *entry = map->first; entry != NULL; entry = entry->next) {
        if (strcmp(entry->key->text, key) == 0)
            return entry;
    }
    return NULL;
}

const char *plan_yaml_text(const PlanYaml *map, const char *key)
{
    const PlanYaml *value = plan_yaml_get(map, key);
    return value == NULL ? NULL : value->text;
}

int64_t plan_yaml_duration(const PlanYaml *map, const char *key, int64_t otherwise_us)
{
    int64_t us = otherwise_us;
    const char *text = plan_yaml_text(map, key);
    return text != NULL && duration_parse(text, &us, NULL) ? us : otherwise_us;
}

int plan_yaml_count(const PlanYaml *map, const char *key, int otherwise)
{
    const char *text = plan_yaml_text(map, key);
    return text == NULL ? otherwise : (int)strtol(text, NULL, 10);
}

bool plan_yaml_empty(const PlanYaml *node)
{
    return node->kind == PLAN_YAML_TEXT && node->plain &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}

const char *plan_yaml_kind_text(const PlanYaml *node)
{
    if (node->kind == PLAN_YAML_TEXT)
        return plan_yaml_empty(node) ? "nothing" : "text";
    return node->kind == PLAN_YAML_MAP ? "map" : "list";
}

/* ---- characters ---- */

/* Length of the well-formed UTF-8 character at bytes, or 0. */
static size_t utf8_length(const unsigned char *bytes, size_t left)
{
    unsigned char c = bytes[0];
    size_t length = c < 0x80                ? 1
                    : c >= 0xC2 && c < 0xE0 ? 2
                    : (c & 0xF0) == 0xE0    ? 3
                    : c >= 0xF0 && c < 0xF5 ? 4
                                            : 0;
    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    }
    bool overlong = (c == 0xE0 && bytes[1] < 0xA0) || (c == 0xF0 && bytes[1] < 0x90);
    bool outside = (c == 0xED && bytes[1] >= 0xA0) || (c == 0xF4 && bytes[1] >= 0x90);
    return overlong || outside ? 0 : length;
}

static bool check_characters(const char *path, const char *text, size_t bytes, Error *err)
{
    PlanPosition at = {path, 1, 1};
    for (size_t i = 0; i < bytes;) {
        const unsigned char *c = (const unsigned char *)text + i;
        size_t length = utf8_length(c, bytes - i);
        if (length == 0)
            return plan_error_at(err, at, "not UTF-8 (byte 0x%02X)", *c);
        bool control = (*c < 0x20 && *c != '\t' && *c != '\n' && *c != '\r') || *c == 0x7F;
        if (control)
            return plan_error_at(err, at, "control character 0x%02X", *c);
        at.column++;
        if (*c == '\n') {
            at.line++;
            at.column = 1;
        }
        i += length;
    }
    return true;
}

/* ---- events ---- */

static bool refuse_properties(Builder *builder, PlanPosition at, const yaml_char_t *anchor,
                              const yaml_char_t *tag, Error *err)
{
    UNUSED(builder);
    if (anchor != NULL)
        return plan_error_at(err, at, "anchors (\"&%s\") are not accepted: write the value out",
                             (const char *)anchor);
    if (tag != NULL)
        return plan_error_at(err, at, "tags (\"%s\") are not accepted: put the text in quotes",
                             (const char *)tag);
    return true;
}

static bool new_node(Builder *builder, PlanYamlKind kind, PlanPosition at, PlanYaml **ret_node,
                     Error *err)
{
    if (++builder->nodes > BOUND_YAML_NODES)
        return plan_error_at(err, at, "more than %d values", BOUND_YAML_NODES);
    PlanYaml *node = arena_alloc(builder->arena, sizeof(PlanYaml));
    node->kind = kind;
    node->at = at;
    *ret_node = node;
    return true;
}

static PlanYaml *open_node(const Builder *builder)
{
    return builder->depth == 0 ? NULL : builder->open[builder->depth - 1];
}

static bool take_key(Builder *builder, PlanYaml *node, Error *err)
{
    if (node->kind != PLAN_YAML_TEXT)
        return plan_error_at(err, node->at, "a key must be a text, got a %s",
                             plan_yaml_kind_text(node));
    if (node->plain && strcmp(node->text, "<<") == 0)
        return plan_error_at(err, node->at,
                             "merge keys (\"<<\") are not accepted: write the values out");
    AUTO(base_free) char *place = base_printf("%p:%s", (void *)open_node(builder), node->text);
    json_int_t line = json_integer_value(json_object_get(builder->seen, place));
    if (line > 0)
        return plan_error_at(err, node->at, "duplicate key \"%s\" (first in line %d)", node->text,
                             (int)line);
    json_object_set_new(builder->seen, place, json_integer(node->at.line));
    builder->key = node;
    return true;
}

/* Hangs node where it belongs: as a key, as the value of the waiting key, as an item, or as the
 * root. */
static bool attach(Builder *builder, PlanYaml *node, Error *err)
{
    PlanYaml *parent = open_node(builder);
    if (parent == NULL) {
        builder->root = node;
        return true;
    }
    if (parent->kind == PLAN_YAML_MAP && builder->key == NULL)
        return take_key(builder, node, err);
    node->key = builder->key;
    builder->key = NULL;
    if (parent->last == NULL)
        parent->first = node;
    else
        parent->last->next = node;
    parent->last = node;
    parent->count++;
    return true;
}

static bool on_scalar(Builder *builder, const yaml_event_t *event, Error *err)
{
    PlanPosition at = position(builder, &event->start_mark);
    const char *text = (const char *)event->data.scalar.value;
    PlanYaml *node = NULL;
    if (!refuse_properties(builder, at, event->data.scalar.anchor, event->data.scalar.tag, err))
        return false;
    if (strlen(text) != event->data.scalar.length)
        return plan_error_at(err, at, "a text must not contain the character NUL");
    if (!new_node(builder, PLAN_YAML_TEXT, at, &node, err))
        return false;
    node->text = arena_memdup(builder->arena, text, event->data.scalar.length);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->repaired = event->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE &&
                     plan_repair_at(builder->repair, at.line, at.column);
    return attach(builder, node, err);
}

static bool on_open(Builder *builder, PlanYamlKind kind, const yaml_event_t *event, Error *err)
{
    PlanPosition at = position(builder, &event->start_mark);
    bool map = kind == PLAN_YAML_MAP;
    PlanYaml *node = NULL;
    if (!refuse_properties(
            builder, at, map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
            map ? event->data.mapping_start.tag : event->data.sequence_start.tag, err))
        return false;
    if (builder->depth == BOUND_YAML_DEPTH)
        return plan_error_at(err, at, "nested deeper than %d", BOUND_YAML_DEPTH);
    if (!new_node(builder, kind, at, &node, err) || !attach(builder, node, err))
        return false;
    builder->open[builder->depth++] = node;
    return true;
}

static bool on_event(Builder *builder, const yaml_event_t *event, Error *err)
{
    PlanPosition at = position(builder, &event->start_mark);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++builder->documents > 1)
            return plan_error_at(err, at, "a second document begins here: there may be only one");
        return true;
    case YAML_ALIAS_EVENT:
        return plan_error_at(err, at, "aliases (\"*%s\") are not accepted: write the value out",
                             (const char *)event->data.alias.anchor);
    case YAML_SCALAR_EVENT:
        return on_scalar(builder, event, err);
    case YAML_MAPPING_START_EVENT:
        return on_open(builder, PLAN_YAML_MAP, event, err);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(builder, PLAN_YAML_LIST, event, err);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        builder->depth--;
        return true;
    default:
        return true;
    }
}

static bool parser_error(const Builder *builder, const yaml_parser_t *parser, Error *err)
{
    const char *problem = parser->problem == NULL ? "not YAML" : parser->problem;
    if (parser->error == YAML_READER_ERROR)
        return plan_error_at(err, (PlanPosition){builder->path, 0, 0}, "%s (byte %zu)", problem,
                             parser->problem_offset);
    PlanPosition at = position(builder, &parser->problem_mark);
    if (parser->context == NULL)
        return plan_error_at(err, at, "%s", problem);
    PlanPosition context = position(builder, &parser->context_mark);
    bool block = strstr(parser->context, "block scalar") != NULL;
    return plan_error_at(err, at, "%s %s that begins at %d:%d%s", problem, parser->context,
                         context.line, context.column,
                         block ? " (a text that begins with \">\" or \"|\" wants quotes)" : "");
}

static bool run(Builder *builder, yaml_parser_t *parser, Error *err)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return parser_error(builder, parser, err);
        more = event.type != YAML_STREAM_END_EVENT;
        bool ok = on_event(builder, &event, err);
        yaml_event_delete(&event);
        if (!ok)
            return false;
    }
    return true;
}

bool plan_yaml_parse(Arena *arena, const char *path, const char *text, size_t bytes,
                     PlanYaml **ret_root, Error *err)
{
    PlanPosition start = {path, 1, 1};
    if (bytes > BOUND_YAML_BYTES)
        return plan_error_at(err, start, "the file is larger than %d KiB", BOUND_YAML_BYTES / 1024);
    if (!check_characters(path, text, bytes, err))
        return false;
    Repair repair;
    plan_repair(arena, text, bytes, &repair);
    AUTO(json_auto) json_t *seen = json_object();
    Builder builder = {.arena = arena, .path = path, .repair = &repair, .seen = seen};
    yaml_parser_t parser;
    invariant(yaml_parser_initialize(&parser));
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)repair.text, repair.bytes);
    bool ok = run(&builder, &parser, err);
    yaml_parser_delete(&parser);
    if (!ok)
        return false;
    if (builder.root == NULL)
        return plan_error_at(err, start, "the file is empty");
    *ret_root = builder.root;
    return true;
}
