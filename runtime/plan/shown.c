/* The tree as JSON. */
#include "plan/shown.h"

static json_t *node_shown(const PlanNode *node)
{
    json_t *shown = json_object();
    json_t *children = json_array();
    json_set_string(shown, "kind", plan_kind_name(node->kind));
    json_set_string(shown, "name", node->name);
    json_set_string(shown, "path", node->path);
    json_set_string(shown, "file", node->at.file);
    json_set_int(shown, "line", node->at.line);
    json_set_int(shown, "column", node->at.column);
    json_object_set(shown, "keys", node->keys);
    for (size_t i = 0; i < node->children_count; i++)
        json_array_append_new(children, node_shown(node->children[i]));
    json_object_set_new(shown, "children", children);
    return shown;
}

json_t *plan_shown(const Plan *plan)
{
    json_t *shown = node_shown(plan->root);
    json_t *keys = json_object_get(shown, "keys");
    json_t *document = json_object_get(keys, "document");
    if (document == NULL)
        return shown;
    /* pages ask for the boxes of the document, never for its text */
    AUTO(json_auto) json_t *fewer = json_copy(keys);
    AUTO(json_auto) json_t *bare = json_copy(document);
    json_object_del(bare, "text");
    json_object_set(fewer, "document", bare);
    json_object_set(shown, "keys", fewer);
    return shown;
}
