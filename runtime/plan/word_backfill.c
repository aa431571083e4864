/* The keys of backfill, and of what its map may return. */
#include "plan/word_backfill.h"

const PlanKey PLAN_BACKFILL_KEYS[] = {
    {.name = "table",
     .type = KEY_TEXT,
     .doc = "The table, with its schema if need be. Default: the name up to its first \".\"."},
    {.name = "key",
     .type = KEY_COLUMNS,
     .doc = "Columns of a unique, not null index to walk along. Default: the primary key."},
    {.name = "where",
     .type = KEY_TEXT,
     .doc =
         "An SQL condition on the rows that still need work; passes repeat until it finds none."},
    {.name = "map",
     .type = KEY_FUNCTION,
     .doc = "function(row, db): the columns to write, or skip \"why\", or ambiguous(\"why\", "
            "{choices = …})."},
    {.name = "set",
     .type = KEY_MAP,
     .doc = "Column = SQL expression over the row, instead of map: the server does the work."},
    {.name = "columns", .type = KEY_COLUMNS, .doc = "The columns that map reads. Default: all."},
    {.name = "keep",
     .type = KEY_COLUMNS,
     .doc = "Columns that must not change; a write that changes one is an error."},
    {.name = "sync",
     .type = KEY_SYNC,
     .doc = "What keeps new rows right meanwhile: trigger(sql), or \"application\" when its code "
            "does."},
    {.name = "batch",
     .type = KEY_COUNT,
     .doc =
         "Rows of the first batch; later ones follow batch_time. Default: chosen by the runtime."},
    {.name = "batch_time",
     .type = KEY_DURATION,
     .fallback = "\"300ms\"",
     .doc = "How long a batch should take; at most 5s."},
    PLAN_PAUSE_KEY,
    {.name = "workers",
     .type = KEY_WORKERS,
     .fallback = "\"auto\"",
     .doc = "Worker processes, or \"auto\": 1 for a table below 5,000 rows, else 2, "
            "and from then on as many as bring more, up to 8."},
    {.name = "on_error",
     .type = KEY_CHOICE,
     .choices = "queue fail",
     .fallback = "\"queue\"",
     .doc = "A row whose map raises goes to the review queue, or fails the step."},
    {.name = "one_way",
     .type = KEY_TEXT,
     .doc = "Why old values need not be kept for a rollback. Without it every old value is kept."},
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What the backfill does, for people."},
    {0},
};

const PlanRule PLAN_BACKFILL_RULES[] = {
    RULE(EXACTLY_ONE, "map set", "say what to write: a Lua function, or SQL expressions"),
    RULE(AT_MOST_ONE, "columns set", "columns says what map reads, and set needs no map"),
    RULES_END,
};

const PlanKey PLAN_AMBIGUOUS_KEYS[] = {
    {.name = "choices",
     .type = KEY_TABLE,
     .doc =
         "A list of possible results, each a table of columns, or { label = \"…\", set = { columns "
         "} }; a person picks one."},
    {0},
};
