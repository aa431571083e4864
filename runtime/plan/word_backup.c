/* The keys of backup, and of the check that WAL is archived. */
#include "plan/word_backup.h"

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

const PlanKey PLAN_BACKUP_KEYS[] = {
    {.name = "restore_test",
     .type = KEY_BOOLEAN,
     .fields = RESTORE_FIELDS,
     .doc =
         "Restores the dump into a scratch database on the same server, compares its tables with "
         "the snapshot that was dumped, and drops it again. Needs CREATEDB, which is looked at "
         "before the first effect of the run."},
    {.name = "retain",
     .type = KEY_DURATION,
     .doc =
         "How long the backup must be kept; written into its sheet, nothing is deleted by itself."},
    {.name = "format",
     .type = KEY_CHOICE,
     .choices = "custom",
     .fallback = "\"custom\"",
     .doc = "The format of pg_dump."},
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What the backup is for."},
    {0},
};
