/* The keys of backup, and of the check that WAL is archived. */
#include "plan/word_backup.h"

#include "plan/retain.h"

const PlanKey PLAN_WAL_FIELDS[] = {
    {.name = "max_age",
     .type = KEY_DURATION,
     .required = true,
     .doc = "The last WAL file must have been archived at most this long ago. On a server that "
            "writes little, archive_timeout has to be shorter."},
    {0},
};

static const PlanKey RESTORE_FIELDS[] = {
    {.name = "digests",
     .type = KEY_BOOLEAN,
     .doc = "Compare the content of each table too, by a sum over its rows, not only how many they "
            "are."},
    {.name = "jobs",
     .type = KEY_COUNT,
     .doc = "How many connections restore beside each other. Default: 1."},
    {0},
};

#define KEPT(name_, doc_)                                                                          \
    {                                                                                              \
        .name = name_, .type = KEY_COUNT, .doc = doc_                                              \
    }

/* The names are those of plan/retain.c. */
static const PlanKey RETAIN_FIELDS[] = {
    KEPT("hourly", "The newest backup of so many hours."),
    KEPT("daily", "The newest backup of so many days."),
    KEPT("weekly", "The newest backup of so many weeks, Monday to Sunday."),
    KEPT("monthly", "The newest backup of so many months."),
    KEPT("yearly", "The newest backup of so many years."),
    {0},
};

static const PlanKey PROOF_FIELDS[] = {
    {.name = "command",
     .type = KEY_ARGV,
     .required = true,
     .doc = "A program that only looks, and prints JSON, or a time a line of which the newest "
            "counts. Times are ISO 8601 (UTC where they name no zone) or seconds since 1970. Exit "
            "code 0 = there is a backup."},
    {.name = "max_age",
     .type = KEY_DURATION,
     .required = true,
     .doc = "The backup must be at most so old, by the clock of the state database."},
    {.name = "time",
     .type = KEY_TEXT,
     .fallback = "\"/time\"",
     .doc = "A JSON pointer: where the time stands in JSON."},
    {.name = "id",
     .type = KEY_TEXT,
     .fallback = "\"/id\"",
     .doc = "A JSON pointer: where the name of the backup stands in JSON; it need not be there."},
    {.name = "env",
     .type = KEY_PAIRS,
     .doc = "Environment variables of the program; `${name}` stands for a variable of "
            "headgate.yaml."},
    {.name = "timeout",
     .type = KEY_DURATION,
     .fallback = "\"30s\"",
     .doc = "The longest the program may take."},
    {0},
};

const PlanRule PLAN_BACKUP_RULES[] = {
    RULE(AT_MOST_ONE, "proof restore_test",
         "with a proof nothing is dumped here: let the other tool test its restore"),
    RULE(AT_MOST_ONE, "proof format", "with a proof nothing is dumped here"),
    RULES_END,
};

bool plan_backup_check(const PlanNode *node, Error *err)
{
    Error why = {0};
    PlanRetain retain;
    const json_t *value = json_object_get(node->keys, "retain");
    if (node->kind != PLAN_BACKUP || value == NULL || plan_retain_read(value, &retain, &why))
        return true;
    return plan_error_at(err, plan_key_position(node, "retain"), "backup \"%s\": %s", node->name,
                         why.message);
}

const PlanKey PLAN_BACKUP_KEYS[] = {
    {.name = "proof",
     .type = KEY_TABLE,
     .fields = PROOF_FIELDS,
     .doc = "Nothing is dumped: another tool has made a backup, and a program says so. What it "
            "said is the evidence."},
    {.name = "restore_test",
     .type = KEY_BOOLEAN,
     .fields = RESTORE_FIELDS,
     .doc =
         "Restores the dump into a scratch database on the same server, compares its tables with "
         "the snapshot that was dumped, and drops it again. Needs CREATEDB, which is looked at "
         "before the first effect of the run."},
    {.name = "retain",
     .type = KEY_DURATION,
     .fields = RETAIN_FIELDS,
     .doc = "How long the backup must be kept, or how many of the series that this step makes from "
            "run to run: of each of the last n days (weeks, …) that have a backup, the newest one. "
            "Nothing is deleted by itself: `headgate backup prune` does it."},
    {.name = "format",
     .type = KEY_CHOICE,
     .choices = "custom",
     .fallback = "\"custom\"",
     .doc = "The format of pg_dump."},
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What the backup is for."},
    {0},
};
