/* The words of headgate.yaml as data: sections, keys, types, docs; and the check of a file against
 * them. Internal to plan/. */
#ifndef HEADGATE_PLAN_SETTING_H
#define HEADGATE_PLAN_SETTING_H

#include "plan/yaml.h"

typedef enum SettingType {
    SETTING_TEXT,
    SETTING_DURATION, ///< at most 24 days: it must fit into milliseconds of an int
    SETTING_NUMBER,
    SETTING_COUNT,   ///< a whole number from 1 to 1000000
    SETTING_ZONE,    ///< a time zone's name
    SETTING_CHOICE,  ///< one of choices
    SETTING_WORDS,   ///< a list of choices, or one
    SETTING_FIELDS,  ///< a map with fields
    SETTING_NAMED,   ///< a map of name → a map with fields
    SETTING_PEOPLE,  ///< a map of role → list of names
    SETTING_WATCHES, ///< a map of percent → duration
    SETTING_TEXTS,   ///< a map of name → text
    SETTING_ARGV,    ///< a list of texts, a program and its arguments
    SETTING_LIMITS,  ///< a map of metric → threshold, or of group → such a map
    SETTING_TYPES,   ///< how many
} SettingType;

typedef struct PlanSetting PlanSetting;
struct PlanSetting {
    const char *name; ///< NULL ends a table
    SettingType type;
    bool required;
    const char *fallback; ///< for the page; NULL = none
    const char *doc;
    const char *choices;       ///< SETTING_CHOICE, SETTING_WORDS: separated by spaces
    const PlanSetting *fields; ///< SETTING_FIELDS, SETTING_NAMED
};

extern const PlanSetting PLAN_METRIC_FIELDS[];
extern const PlanSetting PLAN_THROTTLE_FIELDS[];
extern const PlanSetting PLAN_STORE_FIELDS[];
/// The key "stores" of the whole file and of an environment.
#define PLAN_STORES_SETTING(doc_)                                                                  \
    {                                                                                              \
        .name = "stores", .type = SETTING_NAMED, .fields = PLAN_STORE_FIELDS, .doc = doc_          \
    }

/// The sections, ended by a NULL name.
const PlanSetting *plan_setting_sections(void);
/// Checks the whole file: unknown and missing keys, types, places. Thresholds are left to config.c.
NODISCARD bool plan_setting_check(const PlanYaml *root, Arena *arena, Error *err);
/// "a duration", ...: how messages and the page call a type.
const char *plan_setting_type_text(SettingType type);
/// "12.5" or "12.5%": above 0 and up to 100; false otherwise.
bool plan_setting_percent(const char *text, double *ret_percent);

#endif
