/* The keys of exec, http and notify, of a look over HTTP, and of the probe that says whether
 * something outside the database has happened. */
#include "plan/word_outside.h"

#include <ctype.h>
#include <string.h>

#define METHODS "GET HEAD POST PUT PATCH DELETE"

#define ASK_FIELDS                                                                                 \
    {.name = "url",                                                                                \
     .type = KEY_TEXT,                                                                             \
     .required = true,                                                                             \
     .doc = "http:// or https://; `${name}` stands for a variable of headgate.yaml."},             \
        {.name = "headers",                                                                        \
         .type = KEY_PAIRS,                                                                        \
         .doc = "Headers by name; `${name}` stands for a variable of headgate.yaml."},             \
        {.name = "body", .type = KEY_TEXT, .doc = "The body, as it is sent."},                     \
        {.name = "has", .type = KEY_TEXT, .doc = "A text that the answer's body must hold."},      \
    {                                                                                              \
        .name = "timeout", .type = KEY_DURATION, .fallback = "\"30s\"",                            \
        .doc = "The longest the request may take."                                                 \
    }

#define METHOD(fallback_)                                                                          \
    {                                                                                              \
        .name = "method", .type = KEY_CHOICE, .choices = METHODS, .fallback = fallback_,           \
        .doc = "The method of the request."                                                        \
    }

const PlanKey PLAN_LOOK_FIELDS[] = {
    ASK_FIELDS,
    METHOD("\"GET\""),
    {.name = "status",
     .type = KEY_COUNT,
     .fallback = "200",
     .doc = "The status that the answer must have."},
    {.name = "pointer",
     .type = KEY_TEXT,
     .doc = "A JSON pointer, \"/items/0/count\": the value in the answer that is compared."},
    {0},
};

static const PlanKey CALL_FIELDS[] = {
    ASK_FIELDS,
    METHOD("\"POST\""),
    {.name = "status",
     .type = KEY_COUNT,
     .doc = "The status that means done. Default: any from 200 to 299."},
    {0},
};

const PlanKey PLAN_DONE_FIELDS[] = {
    {.name = "sql", .type = KEY_SQL, .doc = "A query of one boolean value: has it happened?"},
    {.name = "exec",
     .type = KEY_ARGV,
     .doc = "A program that looks: exit code 0 = it has happened, 1 = it has not."},
    {.name = "http",
     .type = KEY_TABLE,
     .fields = PLAN_LOOK_FIELDS,
     .doc = "A request: it has happened when the answer is as described."},
    {0},
};

static const PlanKey UNDO_FIELDS[] = {
    {.name = "sql", .type = KEY_SQL, .doc = "SQL, in one transaction with its row in the ledger."},
    {.name = "exec", .type = KEY_ARGV, .doc = "A program; it may be run twice."},
    {.name = "http",
     .type = KEY_TABLE,
     .fields = CALL_FIELDS,
     .doc = "A request; it may be sent twice, with the same Idempotency-Key."},
    {0},
};

#define OUTSIDE_KEYS(doc_)                                                                         \
    {.name = "done",                                                                               \
     .type = KEY_TABLE,                                                                            \
     .fields = PLAN_DONE_FIELDS,                                                                   \
     .doc = "How to find out whether it has happened, when a runner died while it was done. "      \
            "Without it the run is held, and a person is asked."},                                 \
        {.name = "undo", .type = KEY_TABLE, .fields = UNDO_FIELDS, .doc = "What takes it back."},  \
        {.name = "one_way", .type = KEY_TEXT, .doc = "Why there is no way back."},                 \
        {.name = "no_effect",                                                                      \
         .type = KEY_TEXT,                                                                         \
         .doc = "Why there is nothing to take back (it only looks)."},                             \
        {.name = "repeatable",                                                                     \
         .type = KEY_BOOLEAN,                                                                      \
         .fallback = "false",                                                                      \
         .doc = "true: doing it twice is the same as once, so it is done again without asking."},  \
        PLAN_ALLOW_KEY, PLAN_TICKS_KEY,                                                            \
    {                                                                                              \
        .name = "doc", .type = KEY_TEXT, .doc = doc_                                               \
    }

const PlanKey PLAN_EXEC_KEYS[] = {
    {.name = "argv",
     .type = KEY_ARGV,
     .required = true,
     .doc = "The program and its arguments; no shell. A relative name with \"/\" is a file of "
            "the plan's folder; a name without one is looked up in PATH."},
    {.name = "env",
     .type = KEY_PAIRS,
     .doc = "Variables of its environment, beside PATH, HOME, USER, LANG, TZ and TMPDIR; `${name}` "
            "stands for a variable of headgate.yaml."},
    {.name = "timeout",
     .type = KEY_DURATION,
     .fallback = "\"10m\"",
     .doc = "The longest it may run; it is killed after that and has failed."},
    OUTSIDE_KEYS("What the program does, for people."),
    {0},
};

const PlanKey PLAN_HTTP_KEYS[] = {
    ASK_FIELDS,
    METHOD("\"POST\""),
    {.name = "status",
     .type = KEY_COUNT,
     .doc = "The status that means done. Default: any from 200 to 299."},
    OUTSIDE_KEYS("What the request does, for people."),
    {0},
};

const PlanKey PLAN_NOTIFY_KEYS[] = {
    {.name = "url",
     .type = KEY_TEXT,
     .required = true,
     .doc = "Where to send it; `${name}` stands for a variable of headgate.yaml."},
    {.name = "text", .type = KEY_TEXT, .doc = "The message. Default: the name."},
    {.name = "headers",
     .type = KEY_PAIRS,
     .doc = "Headers by name; `${name}` stands for a variable of headgate.yaml."},
    {.name = "body",
     .type = KEY_TEXT,
     .doc = "The whole body instead of `{\"text\": …, \"plan\": …, \"run\": …, \"environment\": "
            "…}`."},
    {.name = "timeout",
     .type = KEY_DURATION,
     .fallback = "\"10s\"",
     .doc = "The longest the request may take."},
    {.name = "on_error",
     .type = KEY_CHOICE,
     .choices = "go_on fail",
     .fallback = "\"go_on\"",
     .doc = "When nobody takes it: go on and say so, or fail the step."},
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "Who is told, and why."},
    {0},
};

const PlanKey PLAN_SOAK_KEYS[] = {
    {.name = "lasts",
     .type = KEY_DURATION,
     .required = true,
     .doc = "How long, by the database's clock, also while no runner runs. `soak` of the "
            "environment goes before it."},
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What the time is for."},
    {0},
};

const PlanRule PLAN_OUTSIDE_RULES[] = {
    {.kind = RULE_EXACTLY_ONE,
     .keys = "undo one_way no_effect",
     .why = "say how to take it back, why there is no way back, or why there is nothing to take "
            "back"},
    {.keys = NULL},
};

/* ------------------------------------------------------------------ checks */

static bool wrong(const PlanNode *node, const char *key, Error *err, const char *what,
                  const char *value)
{
    return plan_error_at(err, plan_key_position(node, key), "%s \"%s\": field \"%s\" %s%s%s%s",
                         plan_kind_name(node->kind), node->name, key, what,
                         value[0] == '\0' ? "" : " \"", value, value[0] == '\0' ? "" : "\"");
}

static bool check_one_way_each(const PlanNode *node, const char *key, Error *err)
{
    static const char *const WAYS[] = {"sql", "exec", "http"};
    const json_t *table = json_object_get(node->keys, key);
    size_t given = 0;
    for (size_t i = 0; i < COUNT_OF(WAYS); i++)
        given += json_object_get(table, WAYS[i]) != NULL;
    bool table_of_ways = json_is_object(table) && json_object_get(table, "$") == NULL;
    return !table_of_ways || given == 1 ||
           wrong(node, key, err, "must have one of sql, exec and http", "");
}

static bool is_token(const char *text, const char *more)
{
    bool ok = text[0] != '\0';
    for (const char *at = text; *at != '\0'; at++)
        ok = ok && (isalnum((unsigned char)*at) || strchr(more, *at) != NULL);
    return ok;
}

static bool check_pairs(const PlanNode *node, const char *key, const json_t *pairs,
                        const char *more, Error *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach ((json_t *)(uintptr_t)pairs, name, value) {
        if (!is_token(name, more))
            return wrong(node, key, err, "has a name that cannot be sent:", name);
        if (strpbrk(json_string_value(value), "\r\n") != NULL)
            return wrong(node, key, err, "has a line break in", name);
    }
    return true;
}

static bool check_ask(const PlanNode *node, const char *key, const json_t *ask, Error *err)
{
    const char *url = json_get_string(ask, "url", NULL);
    const char *pointer = json_get_string(ask, "pointer", "/");
    if (url == NULL)
        return true;
    if (!text_starts(url, "http://") && !text_starts(url, "https://") && !text_starts(url, "${"))
        return wrong(node, key, err, "needs an address that begins with http:// or https://, got",
                     url);
    if (pointer[0] != '/')
        return wrong(node, key, err, "needs a pointer that begins with \"/\", got", pointer);
    return check_pairs(node, key, json_object_get(ask, "headers"), "-_", err);
}

bool plan_outside_check(const PlanNode *node, Error *err)
{
    const json_t *done = json_object_get(node->keys, "done");
    const json_t *undo = json_object_get(node->keys, "undo");
    return check_one_way_each(node, "done", err) && check_one_way_each(node, "undo", err) &&
           check_ask(node, "url", node->keys, err) &&
           check_ask(node, "http", json_object_get(node->keys, "http"), err) &&
           check_ask(node, "done", json_object_get(done, "http"), err) &&
           check_ask(node, "undo", json_object_get(undo, "http"), err) &&
           check_pairs(node, "env", json_object_get(node->keys, "env"), "_", err);
}
