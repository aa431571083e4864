/* The keys of rollout, of its stages and flag, and of gate, which stands in a stage too. */
#include "plan/word_rollout.h"

#define GUARD_TICKS_KEY                                                                            \
    {                                                                                              \
        .name = "ticks", .type = KEY_GUARD_TICKS,                                                  \
        .doc =                                                                                     \
            "The boxes of the plan's document that this ticks when it is done: texts, or metric "  \
            "= texts for what the guard of that metric ticks."                                     \
    }

static const PlanKey WINDOW_KEYS[] = {
    {.name = "days", .type = KEY_DAYS, .doc = "The days on which it begins. Default: every day."},
    {.name = "from",
     .type = KEY_CLOCK,
     .fallback = "\"00:00\"",
     .doc = "Not before this time of day."},
    {.name = "to",
     .type = KEY_CLOCK,
     .fallback = "\"24:00\"",
     .doc = "Not at or after this one; one that is not later than `from` is of the next day."},
    {.name = "zone",
     .type = KEY_ZONE,
     .doc = "The time zone of these times, as PostgreSQL knows it: \"Europe/Berlin\". Default: the "
            "environment's `time_zone`."},
    {0},
};

static const PlanKey FIELD_KEYS[] = {
    {.name = "type",
     .type = KEY_CHOICE,
     .choices = "text integer number boolean choice duration",
     .fallback = "\"text\"",
     .doc = "What the answer must be."},
    {.name = "choices",
     .type = KEY_STRINGS,
     .doc = "The answers that a field of type \"choice\" may have."},
    {.name = "default", .type = KEY_SCALAR, .doc = "The answer of an approver who gives none."},
    {.name = "required",
     .type = KEY_BOOLEAN,
     .doc = "Must an approver answer it? Default: yes, unless there is a default."},
    {.name = "doc", .type = KEY_TEXT, .doc = "The question, as the gate's page shows it."},
    {0},
};

#define GATE_FIELDS_TABLE                                                                          \
    {.name = "ask", .type = KEY_TEXT, .doc = "The question on the gate's page."},                  \
        {.name = "approvers",                                                                      \
         .type = KEY_STRINGS,                                                                      \
         .required = true,                                                                         \
         .doc = "Roles of headgate.yaml; at least one person of each must approve."},              \
        {.name = "need",                                                                           \
         .type = KEY_COUNT,                                                                        \
         .fallback = "1",                                                                          \
         .doc = "How many different persons must approve. Nobody approves their own run."},        \
        {.name = "evidence",                                                                       \
         .type = KEY_EVIDENCE,                                                                     \
         .doc = "Phases or steps before the gate, by name or path, whose verdicts are shown and "  \
                "bound by the approval."},                                                         \
        {.name = "expires",                                                                        \
         .type = KEY_DURATION,                                                                     \
         .doc = "How long the gate waits for its approvals. Default: for ever."},                  \
        {.name = "on_expire",                                                                      \
         .type = KEY_CHOICE,                                                                       \
         .choices = "hold reject rollback",                                                        \
         .fallback = "\"hold\"",                                                                   \
         .doc = "What happens when it has waited that long. It never counts as approved."},        \
        {.name = "wait",                                                                           \
         .type = KEY_DURATION,                                                                     \
         .doc = "How long the run waits after the last approval; until then it can be revoked."},  \
        {.name = "window",                                                                         \
         .type = KEY_TABLE,                                                                        \
         .fields = WINDOW_KEYS,                                                                    \
         .doc = "When what follows may begin. An approved gate waits for it."},                    \
        {.name = "fields",                                                                         \
         .type = KEY_PARAMS,                                                                       \
         .fields = FIELD_KEYS,                                                                     \
         .doc = "What an approver is asked besides: typed answers, by name. They are part of the " \
                "signed approval and stand in the step's detail and the report."},                 \
        PLAN_TICKS_KEY,                                                                            \
    {                                                                                              \
        .name = "doc", .type = KEY_TEXT, .doc = "What passing the gate means."                     \
    }

const PlanKey PLAN_GATE_KEYS[] = {GATE_FIELDS_TABLE, {0}};

const PlanRule PLAN_GATE_RULES[] = {
    RULE(NEEDS, "on_expire expires", "it says what happens then"),
    RULES_END,
};

const PlanKey PLAN_ROLLOUT_KEYS[] = {
    {.name = "flag",
     .type = KEY_FLAG,
     .doc = "Where the application reads its percentage: sql_flag { … }."},
    {.name = "traffic",
     .type = KEY_TRAFFIC,
     .doc = "Instead of a flag: what share of the traffic goes to the new version, haproxy { … }. "
            "An environment with `traffic: none` passes over such a rollout."},
    {.name = "guards",
     .type = KEY_GUARDS,
     .doc =
         "What must hold during every stage: \"error_rate < 1%\", thresholds \"name\", or a list."},
    {.name = "on_breach",
     .type = KEY_CHOICE,
     .choices = "rollback hold",
     .fallback = "\"rollback\"",
     .doc = "When a guard does not hold: back to 0 % and off, or hold and ask a person."},
    {.name = "on_no_data",
     .type = KEY_CHOICE,
     .choices = "hold rollback",
     .fallback = "\"hold\"",
     .doc =
         "When a guard has no data, or the share cannot be read: hold until that is over, or roll "
         "back. It never counts as good."},
    GUARD_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What is let out."},
    {0},
};

const PlanRule PLAN_ROLLOUT_RULES[] = {
    RULE(EXACTLY_ONE, "flag traffic", "say what the percentage is set with"),
    RULES_END,
};

const PlanKey PLAN_STAGE_KEYS[] = {
    {.name = "percent",
     .type = KEY_PERCENT,
     .required = true,
     .doc = "Whom the flag lets in; never less than in the stage before."},
    {.name = "watch",
     .type = KEY_DURATION,
     .required = true,
     .doc = "How long every guard must have data and hold before the next stage."},
    {.name = "guards", .type = KEY_GUARDS, .doc = "What must hold too, in this stage."},
    {.name = "gate",
     .type = KEY_TABLE,
     .fields = PLAN_GATE_KEYS,
     .doc = "A gate to pass before this stage begins: the keys of gate."},
    GUARD_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What the stage is for."},
    {0},
};

const PlanKey PLAN_HAPROXY_KEYS[] = {
    {.name = "socket",
     .type = KEY_TEXT,
     .required = true,
     .doc = "Its admin socket (`stats socket … level admin`): an absolute path, or a loopback "
            "address like 127.0.0.1:9999; `${name}` stands for a variable of headgate.yaml."},
    {.name = "backend", .type = KEY_TEXT, .required = true, .doc = "The backend's name."},
    {.name = "blue",
     .type = KEY_TEXT,
     .required = true,
     .doc = "The server of the version that runs now."},
    {.name = "green", .type = KEY_TEXT, .required = true, .doc = "The server of the new version."},
    {0},
};

const PlanKey PLAN_FLAG_KEYS[] = {
    {.name = "table",
     .type = KEY_TEXT,
     .required = true,
     .doc = "The application's table of flags."},
    {.name = "name",
     .type = KEY_TEXT,
     .required = true,
     .doc = "Its column with the flag's name; the row of the rollout's name is the flag."},
    {.name = "percent",
     .type = KEY_TEXT,
     .required = true,
     .doc = "Its column with the percentage, 0 to 100."},
    {.name = "enabled", .type = KEY_TEXT, .doc = "Its boolean column that switches the flag on."},
    {0},
};
