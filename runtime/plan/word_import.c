/* The keys of import. */
#include "plan/word_import.h"

#include <string.h>

const PlanKey PLAN_IMPORT_KEYS[] = {
    PLAN_FILES_KEYS(true),
    {.name = "table",
     .type = KEY_TEXT,
     .doc = "The table, with its schema if need be. Default: the name up to its first \".\"."},
    {.name = "key",
     .type = KEY_COLUMNS,
     .doc = "Columns of a unique, not null index. Default: the primary key."},
    {.name = "map",
     .type = KEY_FUNCTION,
     .doc = "function(record, db): the columns to write, or skip \"why\", reject \"why\" or "
            "ambiguous(\"why\", {choices = …}). Default: the record's fields by name."},
    {.name = "columns",
     .type = KEY_COLUMNS,
     .doc = "Without map: the fields to take. Default: all; one that is no column goes to the "
            "review queue with its record."},
    {.name = "batch",
     .type = KEY_COUNT,
     .doc =
         "Records of the first COPY; later ones take 300ms or a mebibyte. Default: chosen by the "
         "runtime."},
    {.name = "batch_time",
     .type = KEY_DURATION,
     .fallback = "\"2s\"",
     .doc = "How long a transaction should take, which is what a kill throws away; at most 5s. "
            "While the step is slowed it is shorter."},
    PLAN_PAUSE_KEY,
    {.name = "workers",
     .type = KEY_WORKERS,
     .fallback = "\"auto\"",
     .doc = "Worker processes, or \"auto\": 1 for less than 4 MB of files, else 2, "
            "and from then on as many as bring more, up to 8."},
    {.name = "on_error",
     .type = KEY_CHOICE,
     .choices = "queue fail",
     .fallback = "\"queue\"",
     .doc = "A record that cannot be read, mapped or written goes to the review queue, or fails "
            "the step."},
    {.name = "one_way",
     .type = KEY_TEXT,
     .doc = "Why the rows stay after a rollback. Without it those that still are as they were "
            "written are deleted."},
    PLAN_ALLOW_KEY,
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What is imported, for people."},
    {0},
};

const PlanRule PLAN_IMPORT_RULES[] = {
    RULE(AT_MOST_ONE, "columns map",
         "columns says which fields are taken as they are, and map takes what it wants"),
    RULES_END,
};

static bool leaves_the_store(const char *pattern)
{
    if (pattern[0] == '/')
        return true;
    for (const char *at = pattern; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return true;
    }
    return false;
}

/* A pattern for the ending too is looked at with the files it finds. */
static bool format_is_known(const char *pattern)
{
    static const char *const ENDINGS[] = {".ndjson", ".jsonl", ".json", ".csv", ".tsv"};
    const char *dot = strrchr(pattern, '.');
    if (strpbrk(dot == NULL ? pattern : dot, "*?[") != NULL)
        return true;
    for (size_t i = 0; dot != NULL && i < COUNT_OF(ENDINGS); i++) {
        if (strcmp(dot, ENDINGS[i]) == 0)
            return true;
    }
    return false;
}

bool plan_import_check_files(const PlanNode *node, const char *key, const json_t *keys, Error *err)
{
    const json_t *patterns = json_object_get(keys, "from");
    for (size_t i = 0; i < json_array_size(patterns); i++) {
        const char *pattern = json_string_value(json_array_get(patterns, i));
        if (leaves_the_store(pattern))
            return plan_error_at(err, plan_key_position(node, key),
                                 "%s \"%s\": \"%s\" leaves the store's folder", node->word->name,
                                 node->name, pattern);
        if (json_object_get(keys, "format") == NULL && !format_is_known(pattern))
            return plan_error_at(err, plan_key_position(node, key),
                                 "%s \"%s\": the ending of \"%s\" says no format: give format "
                                 "= \"ndjson\", \"json\", \"csv\" or \"tsv\"",
                                 node->word->name, node->name, pattern);
    }
    return true;
}

bool plan_import_check(const PlanNode *node, Error *err)
{
    return plan_import_check_files(node, "from", node->keys, err);
}
