/* Checks of single values of a plan against the types of word.h. Internal to plan/. */
#ifndef HEADGATE_PLAN_VALUE_H
#define HEADGATE_PLAN_VALUE_H

#include "plan/word.h"

/// Where a value stands, for messages.
typedef struct ValuePlace {
    Arena *arena;            ///< for scratch
    const char *label;       ///< "gate \"start-rollout\""
    const char *prefix;      ///< of dotted names inside a table: "gate."; "" at the top
    const json_t *positions; ///< by dotted name; may be NULL
    PlanPosition at;         ///< where positions know nothing
} ValuePlace;

/// Checks all of given (an object, or NULL for none) against keys and puts the checked form of each
/// value into ret_values (an object): unknown and missing keys, and types. Rules and defaults are
/// not its business.
NODISCARD bool plan_value_check_keys(const ValuePlace *place, const PlanKey *keys,
                                     const json_t *given, json_t *ret_values, Error *err);
/// Refuses the first key of given that keys do not have, with what was meant (value_known.c).
NODISCARD bool plan_value_known(const ValuePlace *place, const PlanKey *keys, const json_t *given,
                                Error *err);
/// The position of a key (dotted inside a table), or place's own.
PlanPosition plan_value_position(const ValuePlace *place, const char *key);
/// Fills the defaults of keys into values.
void plan_value_defaults(const PlanKey *keys, json_t *values);
/// "text", "a number", "list": what a value is, for messages.
const char *plan_value_kind(const json_t *value);
/// The tag of a tagged value ({"$": "sql"}), or NULL.
const char *plan_value_tag(const json_t *value);
/// { … }: an object without a tag, or a list.
bool plan_value_is_table(const json_t *value);
/// Nothing but blanks? (NULL counts as blank.)
bool plan_value_blank(const char *text);

#endif
