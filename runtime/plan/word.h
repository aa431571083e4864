/* The plan language as data: every word, its keys, their types and their docs. The checks (plan.c),
 * the reference page and the LuaCATS types (docs.c) and the words a script may use (bind/) come
 * from here. */
#ifndef HEADGATE_PLAN_WORD_H
#define HEADGATE_PLAN_WORD_H

#include "plan/plan.h"

/// How a word is written in Lua.
typedef enum WordForm {
    WORD_NODE,  ///< word "name" { key = value, child, … }: a node of the tree
    WORD_PLAIN, ///< word { key = value }: a node without a name of its own (stage)
    WORD_TEXT,  ///< word "text": a value (file, thresholds, skip)
    WORD_TABLE, ///< word { key = value }: a value (sql_flag)
    WORD_SQL,   ///< word(sql): a value around SQL text or file "…" (trigger)
    WORD_CASE,  ///< word("text", { key = value }): a value that map returns (ambiguous)
} WordForm;

/// What a key takes. Each has a row in the table of types (word.c): its name in messages and in
/// LuaCATS.
typedef enum KeyType {
    KEY_TEXT,        ///< "…", not empty
    KEY_SQL,         ///< "…", [[ … ]] or file "sql/x.sql"
    KEY_DURATION,    ///< "24h"
    KEY_CLOCK,       ///< "09:00": a time of day
    KEY_ZONE,        ///< "Europe/Berlin": a time zone
    KEY_DAYS,        ///< "mon" or a list of such
    KEY_PERCENT,     ///< a number: 0 < p <= 100
    KEY_NUMBER,      ///< any number
    KEY_COUNT,       ///< a whole number >= 1
    KEY_ZERO,        ///< 0 and nothing else
    KEY_SCALAR,      ///< a number, a text or a boolean
    KEY_BOOLEAN,     ///< true or false
    KEY_CHOICE,      ///< one of PlanKey.choices
    KEY_STRINGS,     ///< a text or a list of texts
    KEY_COLUMNS,     ///< the same, column names
    KEY_EVIDENCE,    ///< the same, names or paths of nodes that stand before
    KEY_COUNTS,      ///< a list of tables, or a map of table → whole number >= 0 or table
    KEY_CHECKSUMS,   ///< a table, a list of tables, or a table with PlanKey.fields
    KEY_MAP,         ///< a map of column → SQL expression
    KEY_PAIRS,       ///< a map of name → text
    KEY_ARGV,        ///< a list of texts, a program and its arguments
    KEY_VALUES,      ///< a list of numbers, texts and booleans
    KEY_FUNCTION,    ///< a Lua function
    KEY_FLAG,        ///< sql_flag { … }
    KEY_TRAFFIC,     ///< haproxy { … }
    KEY_SYNC,        ///< trigger(sql) or "application"
    KEY_GUARDS,      ///< thresholds as text, thresholds "name", or a list of both
    KEY_WORKERS,     ///< a whole number 1 … BOUND_WORKERS or "auto"
    KEY_TABLE,       ///< a table with PlanKey.fields
    KEY_PARAMS,      ///< a map of name → a table with PlanKey.fields
    KEY_DOCUMENT,    ///< file "document.md"
    KEY_TICKS,       ///< a text or a list of texts: boxes of the document
    KEY_GUARD_TICKS, ///< the same, or a map of metric → such
    KEY_TYPES,       ///< how many
} KeyType;

typedef struct PlanKey PlanKey;
struct PlanKey {
    const char *name; ///< NULL ends a table of keys
    KeyType type;
    bool required;
    const char *fallback;  ///< the default, as written in Lua; NULL = none
    const char *doc;       ///< one sentence
    const char *choices;   ///< KEY_CHOICE: the words, separated by spaces
    const PlanKey *fields; ///< KEY_TABLE, KEY_PARAMS: the keys inside; any other type with fields
                           ///< takes a table with these too
};

/// Every kind of node but plan has this key (plan/tick.h).
#define PLAN_TICKS_KEY                                                                             \
    {                                                                                              \
        .name = "ticks", .type = KEY_TICKS,                                                        \
        .doc = "The boxes of the plan's document that this ticks when it is done."                 \
    }

/// Of what moves rows in batches.
#define PLAN_PAUSE_KEY                                                                             \
    {                                                                                              \
        .name = "pause", .type = KEY_DURATION, .fallback = "\"0s\"",                               \
        .doc = "A rest between two batches of a worker."                                           \
    }

/// What `check` reports and the plan means (run/lint.h): of groups, and of the kinds that hold SQL
/// or programs.
#define PLAN_ALLOW_KEY                                                                             \
    {                                                                                              \
        .name = "allow", .type = KEY_PAIRS,                                                        \
        .doc = "What `headgate check` reports here or below and is meant, with the reason: "       \
               "{ index_blocks = \"250 rows\" }. docs/lint.md has the rules."                      \
    }

/// A rule over several keys of a word.
typedef enum RuleKind {
    RULE_EXACTLY_ONE, ///< of keys
    RULE_AT_MOST_ONE, ///< of keys
    RULE_NEEDS,       ///< the first of keys needs one of the others
} RuleKind;

typedef struct PlanRule {
    RuleKind kind;
    const char *keys; ///< separated by spaces; NULL ends a table of rules
    const char *why;  ///< follows the message, after a colon
    const char
        *unless_blank; ///< the rule does not hold while this SQL key is blank; NULL = always holds
    const char *unless_says; ///< none of keys is fine when that SQL has this word: who parses it
                             ///< asks again (run/kind_step.c); NULL = never
} PlanRule;

/* How a table of rules is written: rows, then RULES_END. */
#define RULE(kind_, keys_, why_)                                                                   \
    {                                                                                              \
        .kind = RULE_##kind_, .keys = keys_, .why = why_                                           \
    }
#define RULE_UNLESS_SAYS(key_, word_, kind_, keys_, why_)                                          \
    {                                                                                              \
        .kind = RULE_##kind_, .keys = keys_, .why = why_, .unless_blank = key_,                    \
        .unless_says = word_                                                                       \
    }
#define RULES_END                                                                                  \
    {                                                                                              \
        .keys = NULL                                                                               \
    }

struct PlanWord {
    const char *name; ///< as written in Lua
    WordForm form;
    PlanKind kind; ///< of its node; PLAN_KINDS for value words
    const char *doc;
    const char *example;   ///< Lua, one or more lines
    const PlanKey *keys;   ///< ends with a NULL name; NULL = none
    const PlanRule *rules; ///< ends with NULL keys; NULL = none
    unsigned children;     ///< kinds that may stand in it: bits of 1u << PlanKind
    bool filled;           ///< its children are made when the plan is loaded; nobody writes them
    bool mutates;      ///< changes the target, so it needs a way back (rules) or has one by itself
    bool bare;         ///< word "name" may stand without a table
    const char *items; ///< the key that positional texts go to (checklist: "items"); NULL = refused
};

/// All words: the kinds in the order of PlanKind, then the values. NULL behind the last.
const PlanWord *plan_word_at(size_t index);
/// By its name in Lua ("step", "file"); NULL when there is none.
const PlanWord *plan_word_find(const char *name);
/// The word of a kind of node. Never NULL.
const PlanWord *plan_word_of(PlanKind kind);
/// A key of the word, or NULL.
const PlanKey *plan_word_key(const PlanWord *word, const char *name);
/// Does the key take its type or a table with its fields?
bool plan_key_or_table(const PlanKey *key);
/// "a number", "SQL", ...: how messages and the reference call a type.
const char *plan_key_type_text(KeyType type);
/// The same as a LuaCATS type.
const char *plan_key_type_lua(KeyType type);

#endif
