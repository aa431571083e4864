/* The keys of check and verify: what they look at, and what it must be. */
#include "plan/word_check.h"

#include "plan/word_backup.h"
#include "plan/word_import.h"
#include "plan/word_outside.h"

#include <string.h>

#define COMPARISONS "equals at_least at_most below above"
#define LOOKS "sql http no_rows exists absent plan_uses_index checksums schema_equal wal_archiving"

static const PlanKey OBJECT_FIELDS[] = {
    {.name = "schemas", .type = KEY_STRINGS, .doc = "Schemas."},
    {.name = "extensions", .type = KEY_STRINGS, .doc = "Extensions."},
    {.name = "tables", .type = KEY_STRINGS, .doc = "Tables, also partitioned and foreign ones."},
    {.name = "columns", .type = KEY_STRINGS, .doc = "Columns, as \"table.column\"."},
    {.name = "enums", .type = KEY_STRINGS, .doc = "Enum types."},
    {.name = "views", .type = KEY_STRINGS, .doc = "Views, also materialized ones."},
    {.name = "sequences", .type = KEY_STRINGS, .doc = "Sequences."},
    {.name = "functions",
     .type = KEY_STRINGS,
     .doc = "Functions and procedures: \"name\", or \"name(type, type)\" for one of several."},
    {.name = "triggers", .type = KEY_STRINGS, .doc = "Enabled triggers, as \"table.trigger\"."},
    {.name = "indexes", .type = KEY_STRINGS, .doc = "Indexes that are valid and ready."},
    {.name = "constraints",
     .type = KEY_STRINGS,
     .doc = "Validated constraints, as \"table.constraint\"."},
    {.name = "foreign_keys",
     .type = KEY_STRINGS,
     .doc = "Validated foreign keys, as \"table.constraint\" or \"table.column -> table.column\" "
            "(several columns: \"a.x, a.y -> b.x, b.y\")."},
    {0},
};

static const PlanKey INDEX_FIELDS[] = {
    {.name = "sql",
     .type = KEY_SQL,
     .required = true,
     .doc = "The query that is planned; it is not run."},
    {.name = "index",
     .type = KEY_STRINGS,
     .required = true,
     .doc = "The index, or several of which the plan must scan at least one."},
    {.name = "params", .type = KEY_VALUES, .doc = "The values of $1, $2, … in the query."},
    {.name = "enable_seqscan",
     .type = KEY_BOOLEAN,
     .doc = "false: ask what is planned when a sequential scan is no choice (for tables that are "
            "still small); the evidence says so."},
    {0},
};

static const PlanKey CHECKSUM_FIELDS[] = {
    {.name = "table", .type = KEY_TEXT, .required = true, .doc = "The table."},
    {.name = "equals",
     .type = KEY_TEXT,
     .doc = "The table that must hold the same. Default with target: the same name."},
    {.name = "was",
     .type = KEY_TEXT,
     .doc = "The name that the table had when the run started: what it holds must be unchanged."},
    {.name = "columns",
     .type = KEY_COLUMNS,
     .doc = "Only these columns. Default: all, and both tables must have the same ones."},
    {.name = "where", .type = KEY_TEXT, .doc = "Only the rows for which this SQL condition holds."},
    {.name = "target",
     .type = KEY_TEXT,
     .doc = "The target of headgate.yaml in whose database the other table is."},
    PLAN_FILES_KEYS(false),
    {0},
};

static const PlanKey FILES_FIELDS[] = {PLAN_FILES_KEYS(true), {0}};

static const PlanKey SCHEMA_FIELDS[] = {
    {.name = "with",
     .type = KEY_CHOICE,
     .choices = "start",
     .doc = "\"start\": with what it was made of when the run started."},
    {.name = "target",
     .type = KEY_TEXT,
     .doc = "With the database of this target of headgate.yaml."},
    {.name = "file",
     .type = KEY_DOCUMENT,
     .doc = "With a file of the plan's folder, as `headgate schema` prints it: file \"…\"."},
    {.name = "schemas",
     .type = KEY_STRINGS,
     .doc = "Only what stands in these schemas. Default: all but headgate's and the system's."},
    {.name = "except",
     .type = KEY_STRINGS,
     .doc = "What is left out: \"public.new\" or \"table public.new\", an object with all its "
            "parts; \"table public.t: column x\", one part."},
    {.name = "privileges",
     .type = KEY_BOOLEAN,
     .doc = "false: owners and grants may differ. Default: true."},
    {.name = "column_order",
     .type = KEY_BOOLEAN,
     .doc = "false: columns may stand in another order. Default: true."},
    {0},
};

#define LOOK_KEYS                                                                                     \
    {.name = "sql", .type = KEY_SQL, .doc = "A query of one row with one value, to be compared."},    \
        {.name = "http",                                                                              \
         .type = KEY_TABLE,                                                                           \
         .fields = PLAN_LOOK_FIELDS,                                                                  \
         .doc = "A request whose answer must be as described; what its pointer shows may be "         \
                "compared."},                                                                         \
        {.name = "equals", .type = KEY_SCALAR, .doc = "The value must be this."},                     \
        {.name = "at_least", .type = KEY_NUMBER, .doc = "… must be this or more."},                   \
        {.name = "at_most", .type = KEY_NUMBER, .doc = "… must be this or less."},                    \
        {.name = "above", .type = KEY_NUMBER, .doc = "… must be more than this."},                    \
        {.name = "below", .type = KEY_NUMBER, .doc = "… must be less than this."},                    \
        {.name = "no_rows",                                                                           \
         .type = KEY_SQL,                                                                             \
         .doc = "A query that must find nothing; what it finds is shown as the evidence."},           \
        {.name = "exists",                                                                            \
         .type = KEY_TABLE,                                                                           \
         .fields = OBJECT_FIELDS,                                                                     \
         .doc = "Objects that must be there and in order, with their schema if need be; all that "    \
                "is missing is named at once."},                                                      \
        {.name = "absent",                                                                            \
         .type = KEY_TABLE,                                                                           \
         .fields = OBJECT_FIELDS,                                                                     \
         .doc = "Objects that must not be there."},                                                   \
        {.name = "plan_uses_index",                                                                   \
         .type = KEY_TABLE,                                                                           \
         .fields = INDEX_FIELDS,                                                                      \
         .doc = "A query whose plan must scan an index."},                                            \
        {.name = "checksums",                                                                         \
         .type = KEY_CHECKSUMS,                                                                       \
         .fields = CHECKSUM_FIELDS,                                                                   \
         .doc = "Tables whose rows must be as they were when the run started, or { table = …, "     \
                "equals = … }: two tables, also of two databases, that must hold the same rows; "   \
                "or { table = …, data = …, from = … }: files, whose records must be the rows. " \
                "What differs is named by its keys."},                                                \
        {.name = "schema_equal",                                                                      \
         .type = KEY_TABLE,                                                                           \
         .fields = SCHEMA_FIELDS,                                                                     \
         .doc = "The schema must equal another: by object and part, not by the text of a dump. "      \
                "What differs is named."},                                                            \
    {                                                                                                 \
        .name = "wal_archiving", .type = KEY_TABLE, .fields = PLAN_WAL_FIELDS,                        \
        .doc =                                                                                        \
            "The server must archive its WAL: archive_mode is on, nothing has failed since the "      \
            "last success, and that is not too long ago."                                             \
    }

#define LOOK_RULES(word_)                                                                          \
    RULE(NEEDS, "sql " COMPARISONS, "say what its value must be"),                                 \
        RULE(NEEDS, "equals sql http", "it compares a value"),                                     \
        RULE(NEEDS, "at_least sql http", "it compares a value"),                                   \
        RULE(NEEDS, "at_most sql http", "it compares a value"),                                    \
        RULE(NEEDS, "above sql http", "it compares a value"),                                      \
        RULE(NEEDS, "below sql http", "it compares a value"),                                      \
        RULE(AT_MOST_ONE, COMPARISONS, "write one " word_ " for each")

const PlanKey PLAN_CHECK_KEYS[] = {
    LOOK_KEYS,
    PLAN_ALLOW_KEY,
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "Why it must be so."},
    {0},
};

const PlanRule PLAN_CHECK_RULES[] = {
    RULE(EXACTLY_ONE, LOOKS, "say what to look at"),
    LOOK_RULES("check"),
    RULES_END,
};

const PlanKey PLAN_VERIFY_KEYS[] = {
    LOOK_KEYS,
    {.name = "counts",
     .type = KEY_COUNTS,
     .fields = FILES_FIELDS,
     .doc = "Tables that must have as many rows as when the run started, or table = exact number "
            "of rows, or table = another table with as many, or table = { data = …, from = … }: "
            "files with as many records."},
    {.name = "ambiguous", .type = KEY_ZERO, .doc = "0: the review queue of the run must be empty."},
    {.name = "holds_until",
     .type = KEY_TEXT,
     .doc = "A later phase or step, by name or path, that changes what is seen here: from its "
            "begin `headgate verify` no longer looks. Default: it must hold for good."},
    PLAN_ALLOW_KEY,
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "Why it must be so."},
    {0},
};

const PlanRule PLAN_VERIFY_RULES[] = {
    RULE(EXACTLY_ONE, LOOKS " counts ambiguous", "say what to look at"),
    LOOK_RULES("verify"),
    RULES_END,
};

/* ---- what tables of keys cannot say ---- */

/* Objects that stand in a table are named with it. */
static bool check_names(const PlanNode *node, const char *key, const char *field, Error *err)
{
    size_t i;
    json_t *name;
    json_array_foreach (json_object_get(json_object_get(node->keys, key), field), i, name) {
        if (strchr(json_string_value(name), '.') == NULL)
            return plan_error_at(err, plan_key_position(node, key),
                                 "%s \"%s\": %s of %s names \"%s\" without its table: write "
                                 "\"table.%s\"",
                                 node->word->name, node->name, field, key, json_string_value(name),
                                 json_string_value(name));
    }
    return true;
}

static bool check_objects(const PlanNode *node, const char *key, Error *err)
{
    static const char *const IN_TABLES[] = {"columns", "triggers", "constraints", "foreign_keys"};
    const json_t *objects = json_object_get(node->keys, key);
    if (objects != NULL && json_object_size(objects) == 0)
        return plan_error_at(err, plan_key_position(node, key), "%s \"%s\": %s names nothing",
                             node->word->name, node->name, key);
    for (size_t i = 0; i < COUNT_OF(IN_TABLES); i++) {
        if (!check_names(node, key, IN_TABLES[i], err))
            return false;
    }
    return true;
}

/* With what a table is compared: exactly one of these. */
static bool check_checksums(const PlanNode *node, Error *err)
{
    const json_t *form = json_object_get(node->keys, "checksums");
    if (!json_is_object(form))
        return true;
    bool was = json_object_get(form, "was") != NULL;
    bool other = json_object_get(form, "equals") != NULL || json_object_get(form, "target") != NULL;
    bool data = json_object_get(form, "data") != NULL;
    bool from = json_object_get(form, "from") != NULL;
    const char *problem = NULL;
    if (data != from || (!data && json_object_get(form, "format") != NULL))
        problem = data ? "data without from: say which files of the store"
                       : "from or format without data: say which store of headgate.yaml";
    else if (was + other + data == 0)
        problem = "neither equals, target, data nor was: say what it is compared with";
    else if (was + other + data > 1)
        problem = was && other ? "both was and another table: write one verify for each"
                               : "both files and a table: write one verify for each";
    if (problem != NULL)
        return plan_error_at(err, plan_key_position(node, "checksums"),
                             "%s \"%s\": checksums has %s", node->word->name, node->name, problem);
    return plan_import_check_files(node, "checksums", form, err);
}

static bool check_counts(const PlanNode *node, Error *err)
{
    const char *table;
    json_t *rows;
    json_object_foreach (json_object_get(node->keys, "counts"), table, rows) {
        if (!plan_import_check_files(node, "counts", rows, err))
            return false;
    }
    return true;
}

static bool check_schema(const PlanNode *node, Error *err)
{
    static const char *const SOURCES[] = {"with", "target", "file"};
    const json_t *form = json_object_get(node->keys, "schema_equal");
    size_t given = 0;
    for (size_t i = 0; i < COUNT_OF(SOURCES); i++)
        given += json_object_get(form, SOURCES[i]) != NULL;
    if (form == NULL || given == 1)
        return true;
    return plan_error_at(err, plan_key_position(node, "schema_equal"),
                         "%s \"%s\": schema_equal has %s: say what it is compared with",
                         node->word->name, node->name,
                         given == 0 ? "neither with, target nor file"
                                    : "more than one of with, target and file");
}

bool plan_check_check(const PlanNode *node, Error *err)
{
    return check_objects(node, "exists", err) && check_objects(node, "absent", err) &&
           check_checksums(node, err) && check_counts(node, err) && check_schema(node, err);
}
