/* Keys of the word that reads files. Internal to plan/. */
#ifndef HEADGATE_PLAN_WORD_IMPORT_H
#define HEADGATE_PLAN_WORD_IMPORT_H

#include "plan/word.h"

extern const PlanKey PLAN_IMPORT_KEYS[];
extern const PlanRule PLAN_IMPORT_RULES[];

/// What no table of keys can say: patterns stay inside the store, and a format can be told for
/// each. Fails with ERROR_INPUT and its position.
NODISCARD bool plan_import_check(const PlanNode *node, Error *err);

/// The keys data, from and format, for other words that read files.
#define PLAN_FILES_KEYS(required_)                                                                 \
    {.name = "data",                                                                               \
     .type = KEY_TEXT,                                                                             \
     .required = (required_),                                                                      \
     .doc = "The store in headgate.yaml whose folder holds the files."},                           \
        {.name = "from",                                                                           \
         .type = KEY_STRINGS,                                                                      \
         .required = (required_),                                                                  \
         .doc = "Files of that folder: names or patterns with * and ? (\"users/*.json\"). A "      \
                "pattern that finds none is an error."},                                           \
    {                                                                                              \
        .name = "format", .type = KEY_CHOICE, .choices = "ndjson json csv tsv",                    \
        .doc = "ndjson: a record a line. json: one array of records, or one record. csv, tsv: "    \
               "with a header. Default: by the file's ending."                                     \
    }

/// The same as plan_import_check() for keys that stand inside the key `key` of node.
NODISCARD bool plan_import_check_files(const PlanNode *node, const char *key, const json_t *keys,
                                       Error *err);

#endif
