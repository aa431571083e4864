/* The words table. To give the language a word or a key, add a row here: checks, reference and
 * types follow. */
#include "plan/word.h"

#include "plan/word_backfill.h"
#include "plan/word_backup.h"
#include "plan/word_check.h"
#include "plan/word_import.h"
#include "plan/word_outside.h"
#include "plan/word_rollout.h"

#include <string.h>

#define BIT(kind) (1u << (kind))

static const PlanKey PARAM_FIELDS[] = {
    {.name = "type",
     .type = KEY_CHOICE,
     .choices = "text integer number boolean choice duration",
     .fallback = "\"text\"",
     .doc = "What the value must be."},
    {.name = "choices",
     .type = KEY_STRINGS,
     .doc = "The values that a parameter of type \"choice\" may have."},
    {.name = "default", .type = KEY_SCALAR, .doc = "The value when the run gives none."},
    {.name = "required",
     .type = KEY_BOOLEAN,
     .doc =
         "Must the run give a value? Default: yes, unless there is a default. false: without one "
         "it is nil."},
    {.name = "doc",
     .type = KEY_TEXT,
     .doc = "What the parameter is for; shown where a run is started."},
    {0},
};

static const PlanKey BUDGET_FIELDS[] = {
    {.name = "downtime",
     .type = KEY_DURATION,
     .doc = "How long the application may be stopped: while a phase marked `downtime` is begun and "
            "not over, working or waiting, forward or back."},
    {.name = "rollback", .type = KEY_DURATION, .doc = "How long a rollback may take."},
    {.name = "duration",
     .type = KEY_DURATION,
     .doc = "How long the run may take, without its rollback."},
    {.name = "on_over",
     .type = KEY_CHOICE,
     .choices = "tell hold",
     .fallback = "\"tell\"",
     .doc = "When one is exceeded: tell it (an event, the run's page, the report), or hold the run "
            "before its next step too. A rollback is never held."},
    {0},
};

static const PlanKey PLAN_KEYS[] = {
    {.name = "doc",
     .type = KEY_TEXT,
     .required = true,
     .doc = "What the plan does and why, in a sentence or two; the first thing an approver reads."},
    {.name = "target",
     .type = KEY_TEXT,
     .fallback = "\"app\"",
     .doc = "The target in headgate.yaml that the plan changes."},
    {.name = "document",
     .type = KEY_DOCUMENT,
     .doc =
         "The check-list that the migration must tick: a Markdown file with boxes (`- [ ] text`). "
         "`ticks` says what ticks each of them; a box that nothing ticks is shown as debt."},
    {.name = "budgets",
     .type = KEY_TABLE,
     .fields = BUDGET_FIELDS,
     .doc = "How long it may take; what is measured against it is shown with the run."},
    {.name = "params",
     .type = KEY_PARAMS,
     .fields = PARAM_FIELDS,
     .doc =
         "Typed parameters that a run is given (`--param name=value`, the start form); functions "
         "read them as `params.name`. Their values are part of what is approved."},
    PLAN_ALLOW_KEY,
    {0},
};

static const PlanKey PHASE_KEYS[] = {
    {.name = "downtime",
     .type = KEY_BOOLEAN,
     .doc = "true: the application is stopped meanwhile, which counts against `budgets.downtime`."},
    PLAN_ALLOW_KEY,
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What the phase is for."},
    {0},
};

static const PlanKey PROOF_FIELDS[] = {
    {.name = "soak",
     .type = KEY_DURATION,
     .doc = "How long the last stage of the rollout before must have held with every guard green."},
    {.name = "no_rows",
     .type = KEY_SQL,
     .doc =
         "A query that must find nothing: asked in the step's own transaction, after its locks."},
    {0},
};

static const PlanKey STEP_KEYS[] = {
    {.name = "up",
     .type = KEY_SQL,
     .required = true,
     .doc = "The SQL that makes the change: one or more statements, inline or file \"…\"."},
    {.name = "down",
     .type = KEY_SQL,
     .doc =
         "The SQL that takes the change back; run by a rollback, in reverse order of the steps."},
    {.name = "one_way",
     .type = KEY_TEXT,
     .doc = "Why there is no way back. Announced before the run starts; a rollback stops here."},
    {.name = "transaction",
     .type = KEY_BOOLEAN,
     .fallback = "true",
     .doc =
         "false for statements that cannot run in a transaction (CREATE INDEX CONCURRENTLY, …)."},
    {.name = "lock_budget",
     .type = KEY_DURATION,
     .doc = "How long the step tries to get its locks before it fails and names who holds them. "
            "Default: the target's lock_budget."},
    {.name = "proof",
     .type = KEY_TABLE,
     .fields = PROOF_FIELDS,
     .doc = "What must hold before the step may run: for steps that remove something."},
    PLAN_ALLOW_KEY,
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What the step does, for people."},
    {0},
};

static const PlanRule STEP_RULES[] = {
    RULE_UNLESS_SAYS("up", "CONCURRENTLY", EXACTLY_ONE, "down one_way",
                     "say how to take it back, or why there is no way back"),
    RULES_END,
};

static const PlanKey MIGRATIONS_KEYS[] = {
    {.name = "dir",
     .type = KEY_TEXT,
     .required = true,
     .doc = "The folder inside the plan's own that holds the files."},
    {.name = "one_way",
     .type = KEY_PAIRS,
     .doc = "Why a migration has no way back, by its number or name: { [\"003\"] = \"why\" }; "
            "\"*\" stands for all that have none."},
    {.name = "after",
     .type = KEY_TEXT,
     .doc = "Only migrations with a greater number: the ones up to it were applied before."},
    {.name = "up_to", .type = KEY_TEXT, .doc = "Only migrations up to and with this number."},
    {.name = "lock_budget",
     .type = KEY_DURATION,
     .doc = "How long each step tries to get its locks. Default: the target's lock_budget."},
    PLAN_ALLOW_KEY,
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What the migrations do, for people."},
    {0},
};

static const PlanKey TASK_KEYS[] = {
    {.name = "run",
     .type = KEY_FUNCTION,
     .required = true,
     .doc = "function(db): free-form Lua with waiting calls (db:query, …)."},
    {.name = "undo", .type = KEY_FUNCTION, .doc = "function(db): takes back what run did."},
    {.name = "one_way", .type = KEY_TEXT, .doc = "Why there is no way back."},
    {.name = "no_effect",
     .type = KEY_TEXT,
     .doc = "Why there is nothing to take back (it only looks)."},
    {.name = "transaction",
     .type = KEY_BOOLEAN,
     .fallback = "true",
     .doc = "true: run is one transaction and may wait only for db. false: at least once, may wait "
            "for anything."},
    {.name = "timeout",
     .type = KEY_DURATION,
     .doc = "The longest that run may take, waiting for SQL included; after that it has failed and "
            "its transaction is rolled back."},
    {.name = "done",
     .type = KEY_TABLE,
     .fields = PLAN_DONE_FIELDS,
     .doc = "With transaction = false: how to find out whether it has happened, when a runner died "
            "meanwhile. Without it the run is held, and a person is asked."},
    {.name = "repeatable",
     .type = KEY_BOOLEAN,
     .doc = "With transaction = false: doing it twice is the same as once, so it is done again "
            "without asking."},
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What the task does, for people."},
    {0},
};

static const PlanRule TASK_RULES[] = {
    RULE(EXACTLY_ONE, "undo one_way no_effect",
         "say how to take it back, why there is no way back, or why there is nothing to take back"),
    RULES_END,
};

static const PlanKey MANUAL_KEYS[] = {
    {.name = "role",
     .type = KEY_STRINGS,
     .doc = "Who may say that it is done. Default: anyone who may run."},
    {.name = "evidence",
     .type = KEY_TEXT,
     .doc = "What the person has to give: a link, a ticket, a figure."},
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "How to do it."},
    {0},
};

static const PlanKey CHECKLIST_KEYS[] = {
    {.name = "items",
     .type = KEY_STRINGS,
     .required = true,
     .doc = "What to tick, one by one; may be written straight into the table."},
    {.name = "role", .type = KEY_STRINGS, .doc = "Who may tick. Default: anyone who may run."},
    PLAN_TICKS_KEY,
    {.name = "doc", .type = KEY_TEXT, .doc = "What the list is for."},
    {0},
};

enum {
    STANDS_IN_PLAN = BIT(PLAN_PHASE) | BIT(PLAN_GATE) | BIT(PLAN_ROLLOUT) | BIT(PLAN_MANUAL) |
                     BIT(PLAN_CHECKLIST) | BIT(PLAN_NOTIFY) | BIT(PLAN_SOAK),
    STANDS_IN_PHASE = BIT(PLAN_STEP) | BIT(PLAN_MIGRATIONS) | BIT(PLAN_TASK) | BIT(PLAN_BACKFILL) |
                      BIT(PLAN_IMPORT) | BIT(PLAN_CHECK) | BIT(PLAN_VERIFY) | BIT(PLAN_BACKUP) |
                      BIT(PLAN_GATE) | BIT(PLAN_MANUAL) | BIT(PLAN_CHECKLIST) | BIT(PLAN_EXEC) |
                      BIT(PLAN_HTTP) | BIT(PLAN_NOTIFY) | BIT(PLAN_SOAK),
};

static const PlanWord WORDS[] = {
    [PLAN_PLAN] = {.name = "plan",
                   .kind = PLAN_PLAN,
                   .doc = "The whole migration. A plan.lua has exactly one.",
                   .example = "plan \"canonical-events\" {\n"
                              "  doc = \"Give every event a canonical form\",\n"
                              "  phase \"expand\" { … },\n"
                              "}",
                   .keys = PLAN_KEYS,
                   .children = STANDS_IN_PLAN},
    [PLAN_PHASE] = {.name = "phase",
                    .kind = PLAN_PHASE,
                    .doc = "Steps that belong together; they run in the order they are written.",
                    .example = "phase \"expand\" {\n"
                               "  step \"add column\" { … },\n"
                               "}",
                    .keys = PHASE_KEYS,
                    .children = STANDS_IN_PHASE},
    [PLAN_STEP] = {.name = "step",
                   .kind = PLAN_STEP,
                   .doc = "A change by SQL. It takes effect exactly once, whatever dies when.",
                   .example = "step \"canonical_event column\" {\n"
                              "  up   = file \"sql/001.up.sql\",\n"
                              "  down = \"ALTER TABLE events DROP COLUMN canonical_event\",\n"
                              "}",
                   .keys = STEP_KEYS,
                   .rules = STEP_RULES,
                   .mutates = true},
    [PLAN_MIGRATIONS] =
        {.name = "migrations",
         .kind = PLAN_MIGRATIONS,
         .doc = "A folder of migration files, each a step of its own, in the order of their "
                "numbers: `001_x.up.sql` with `001_x.down.sql`, `001_x/up.sql` with "
                "`001_x/down.sql`, or `001_x.sql` with the lines `-- migrate:up` and "
                "`-- migrate:down`.",
         .example = "migrations \"schema\" {\n"
                    "  dir     = \"sql/migrations\",\n"
                    "  one_way = { [\"003\"] = \"the column was never read\" },\n"
                    "}",
         .keys = MIGRATIONS_KEYS,
         .children = BIT(PLAN_STEP),
         .filled = true},
    [PLAN_TASK] = {.name = "task",
                   .kind = PLAN_TASK,
                   .doc = "A change by Lua that may wait for the database.",
                   .example = "task \"assign owners\" {\n"
                              "  run  = function(db) db:exec(\"UPDATE files SET owner_id = 1 WHERE "
                              "owner_id IS NULL\") end,\n"
                              "  undo = function(db) db:exec(\"UPDATE files SET owner_id = NULL "
                              "WHERE owner_id = 1\") end,\n"
                              "}",
                   .keys = TASK_KEYS,
                   .rules = TASK_RULES,
                   .mutates = true},
    [PLAN_BACKFILL] =
        {.name = "backfill",
         .kind = PLAN_BACKFILL,
         .doc = "A change of many rows, in batches, by worker processes, while the application "
                "writes.",
         .example = "backfill \"events.canonical_event\" {\n"
                    "  where = \"canonical_event IS NULL\", keep = \"event_data\",\n"
                    "  sync  = trigger(file \"sql/canonical_sync.sql\"),\n"
                    "  map   = function(row) return { canonical_event = normalize(row) } end,\n"
                    "}",
         .keys = PLAN_BACKFILL_KEYS,
         .rules = PLAN_BACKFILL_RULES,
         .mutates = true},
    [PLAN_IMPORT] =
        {.name = "import",
         .kind = PLAN_IMPORT,
         .doc = "Records of files into a table, in batches, by worker processes, each exactly "
                "once. What cannot be written goes to the review queue.",
         .example = "import \"users\" {\n"
                    "  data = \"fluxstudio\", from = \"users/*.json\",\n"
                    "  map  = function(record)\n"
                    "    if not record.email then return reject \"no e-mail address\" end\n"
                    "    return { id = record.id, email = record.email }\n"
                    "  end,\n"
                    "}",
         .keys = PLAN_IMPORT_KEYS,
         .rules = PLAN_IMPORT_RULES,
         .mutates = true},
    [PLAN_CHECK] = {.name = "check",
                    .kind = PLAN_CHECK,
                    .doc = "What must be true before: the run stops here when it is not.",
                    .example = "check \"PostgreSQL 15 or newer\" { sql = \"SHOW "
                               "server_version_num\", at_least = 150000 }",
                    .keys = PLAN_CHECK_KEYS,
                    .rules = PLAN_CHECK_RULES},
    [PLAN_VERIFY] =
        {.name = "verify",
         .kind = PLAN_VERIFY,
         .doc =
             "What must be true after: evidence for gates; the run does not go on when it fails.",
         .example = "verify \"every event is canonical\" {\n"
                    "  no_rows = \"SELECT id FROM events WHERE canonical_event IS NULL\",\n"
                    "}",
         .keys = PLAN_VERIFY_KEYS,
         .rules = PLAN_VERIFY_RULES},
    [PLAN_BACKUP] = {.name = "backup",
                     .kind = PLAN_BACKUP,
                     .doc = "A pg_dump of the target, verified by listing it. Restoring it is "
                            "never called a rollback.",
                     .example = "backup \"before\" { retain = \"30d\" }",
                     .keys = PLAN_BACKUP_KEYS,
                     .rules = PLAN_BACKUP_RULES},
    [PLAN_GATE] = {.name = "gate",
                   .kind = PLAN_GATE,
                   .doc = "The run waits here until people have approved what they see.",
                   .example = "gate \"remove-legacy\" { approvers = { \"admin\", \"product\" }, "
                              "need = 2, evidence = \"backfill\" }",
                   .keys = PLAN_GATE_KEYS,
                   .rules = PLAN_GATE_RULES},
    [PLAN_ROLLOUT] =
        {.name = "rollout",
         .kind = PLAN_ROLLOUT,
         .doc =
             "Lets a change out in stages: behind the application's own flag, or by the share of "
             "the traffic that goes to its new version. Its undo is 0 % and off; what it "
             "never set stays as it is.",
         .example =
             "rollout \"v2_canonical_system\" {\n"
             "  flag   = sql_flag { table = \"feature_flags\", name = \"name\", percent = "
             "\"rollout_percentage\" },\n"
             "  guards = \"error_rate < 1%\",\n"
             "  stage { percent = 10, watch = \"24h\" },\n"
             "  stage { percent = 100, watch = \"7d\", gate = { approvers = \"product\" } },\n"
             "}",
         .keys = PLAN_ROLLOUT_KEYS,
         .rules = PLAN_ROLLOUT_RULES,
         .children = BIT(PLAN_STAGE),
         .mutates = true},
    [PLAN_STAGE] =
        {.name = "stage",
         .kind = PLAN_STAGE,
         .form = WORD_PLAIN,
         .doc = "A share of the rollout and how long it is watched. Its name is its percentage.",
         .example = "stage { percent = 50, watch = \"48h\", guards = { \"error_rate < 1%\" } }",
         .keys = PLAN_STAGE_KEYS,
         .children = BIT(PLAN_GATE)},
    [PLAN_MANUAL] =
        {.name = "manual",
         .kind = PLAN_MANUAL,
         .doc = "Something a person does outside; the run waits until they say that it is done.",
         .example = "manual \"Remove the flag checks from the code\" { role = \"dev\" }",
         .keys = MANUAL_KEYS,
         .bare = true},
    [PLAN_CHECKLIST] =
        {.name = "checklist",
         .kind = PLAN_CHECKLIST,
         .doc = "Things for people to tick; the run waits until all are ticked.",
         .example = "checklist \"after\" { \"Monitor error logs\", \"Verify all features\" }",
         .keys = CHECKLIST_KEYS,
         .items = "items"},
    [PLAN_EXEC] = {.name = "exec",
                   .kind = PLAN_EXEC,
                   .doc = "A program, run at least once, in a folder that holds the plan's files.",
                   .example = "exec \"switch the load balancer\" {\n"
                              "  argv = { \"bin/switch.sh\", \"green\" },\n"
                              "  done = { exec = { \"bin/is-at.sh\", \"green\" } },\n"
                              "  undo = { exec = { \"bin/switch.sh\", \"blue\" } },\n"
                              "}",
                   .keys = PLAN_EXEC_KEYS,
                   .rules = PLAN_OUTSIDE_RULES,
                   .mutates = true},
    [PLAN_HTTP] = {.name = "http",
                   .kind = PLAN_HTTP,
                   .doc = "A request that changes something elsewhere, sent at least once with a "
                          "stable Idempotency-Key.",
                   .example =
                       "http \"register the schema\" {\n"
                       "  url  = \"${registry}/schemas\", body = [[{\"name\": \"events\"}]],\n"
                       "  undo = { http = { method = \"DELETE\", url = "
                       "\"${registry}/schemas/events\" } },\n"
                       "}",
                   .keys = PLAN_HTTP_KEYS,
                   .rules = PLAN_OUTSIDE_RULES,
                   .mutates = true},
    [PLAN_NOTIFY] = {.name = "notify",
                     .kind = PLAN_NOTIFY,
                     .doc = "A message to a webhook. It may arrive twice, with the same "
                            "Idempotency-Key.",
                     .example = "notify \"the backfill is done\" { url = \"${chat}\" }",
                     .keys = PLAN_NOTIFY_KEYS},
    [PLAN_SOAK] = {.name = "soak",
                   .kind = PLAN_SOAK,
                   .doc = "The run waits here; the time goes on while no runner runs.",
                   .example = "soak \"two weeks at 100 %\" { lasts = \"14d\" }",
                   .keys = PLAN_SOAK_KEYS},
    {.name = "file",
     .form = WORD_TEXT,
     .kind = PLAN_KINDS,
     .doc = "The text of a file in the plan's own folder; errors in it name the file and its line.",
     .example = "up = file \"sql/001.up.sql\""},
    {.name = "trigger",
     .form = WORD_SQL,
     .kind = PLAN_KINDS,
     .doc = "SQL that installs a trigger which keeps new rows right while a backfill runs.",
     .example = "sync = trigger(file \"sql/canonical_sync.sql\")"},
    {.name = "sql_flag",
     .form = WORD_TABLE,
     .kind = PLAN_KINDS,
     .doc = "A feature flag that is a row in a table of the application.",
     .example = "flag = sql_flag { table = \"feature_flags\", name = \"name\", percent = "
                "\"rollout_percentage\", enabled = \"enabled\" }",
     .keys = PLAN_FLAG_KEYS},
    {.name = "haproxy",
     .form = WORD_TABLE,
     .kind = PLAN_KINDS,
     .doc =
         "Two servers of an HAProxy backend, whose weights a rollout sets by the runtime API: the "
         "traffic that goes to the green one is the stage's percentage. The backend must balance "
         "by weight (roundrobin, leastconn, …) and have no third server that takes traffic.",
     .example = "traffic = haproxy { socket = \"/run/haproxy.sock\", backend = \"app\", blue = "
                "\"blue\", green = \"green\" }",
     .keys = PLAN_HAPROXY_KEYS},
    {.name = "thresholds",
     .form = WORD_TEXT,
     .kind = PLAN_KINDS,
     .doc = "The alerts and goals of that name in headgate.yaml: a group of the run's environment, "
            "or a whole environment.",
     .example = "guards = { thresholds \"production\", \"error_rate < 1%\" }"},
    {.name = "ambiguous",
     .form = WORD_CASE,
     .kind = PLAN_KINDS,
     .doc = "Returned by map: a person has to decide this row. It goes to the review queue, never "
            "to nowhere.",
     .example = "return ambiguous(\"2 integrations match\", { choices = found })",
     .keys = PLAN_AMBIGUOUS_KEYS},
    {.name = "skip",
     .form = WORD_TEXT,
     .kind = PLAN_KINDS,
     .doc = "Returned by map: leave this row as it is, and say why.",
     .example = "return skip \"native campaign\""},
    {.name = "reject",
     .form = WORD_TEXT,
     .kind = PLAN_KINDS,
     .doc = "Returned by the map of an import: this record cannot become a row. It goes to the "
            "review queue.",
     .example = "return reject \"no e-mail address\""},
};

static const struct TypeRow {
    const char *text;
    const char *lua;
} TYPES[KEY_TYPES] = {
    [KEY_TEXT] = {"a text", "string"},
    [KEY_SQL] = {"SQL (a text or file \"…\")", "string|headgate.Sql"},
    [KEY_DURATION] = {"a duration like \"24h\"", "string"},
    [KEY_CLOCK] = {"a time of day like \"09:00\"", "string"},
    [KEY_ZONE] = {"a time zone that is known here, like \"Europe/Berlin\"", "string"},
    [KEY_DAYS] = {"a day or a list of days: mon tue wed thu fri sat sun", "string|string[]"},
    [KEY_PERCENT] = {"a number", "number"},
    [KEY_NUMBER] = {"a number", "number"},
    [KEY_COUNT] = {"a whole number of at least 1", "integer"},
    [KEY_ZERO] = {"0", "integer"},
    [KEY_SCALAR] = {"a number, a text or a boolean", "number|string|boolean"},
    [KEY_BOOLEAN] = {"true or false", "boolean"},
    [KEY_CHOICE] = {"a text", "string"},
    [KEY_STRINGS] = {"a text or a list of texts", "string|string[]"},
    [KEY_COLUMNS] = {"a column or a list of columns", "string|string[]"},
    [KEY_EVIDENCE] = {"a name or a list of names", "string|string[]"},
    [KEY_COUNTS] = {"a list of tables, or a map of table to number, table or files",
                    "string[]|table<string, integer|string|table>"},
    [KEY_CHECKSUMS] = {"a list of tables, or a table of what is compared", "string|string[]|table"},
    [KEY_MAP] = {"a map of column to SQL expression", "table<string, string>"},
    [KEY_PAIRS] = {"a map of name to text", "table<string, string>"},
    [KEY_ARGV] = {"a list of texts, a program and its arguments", "string[]"},
    [KEY_VALUES] = {"a list of numbers, texts and booleans", "(number|string|boolean)[]"},
    [KEY_FUNCTION] = {"a function", "function"},
    [KEY_FLAG] = {"sql_flag { … }", "headgate.SqlFlag"},
    [KEY_TRAFFIC] = {"haproxy { … }", "headgate.Haproxy"},
    [KEY_SYNC] = {"trigger(…) or \"application\"", "headgate.Trigger|\"application\""},
    [KEY_GUARDS] = {"a threshold like \"error_rate < 1%\", thresholds \"…\", or a list of them",
                    "string|headgate.Thresholds|(string|headgate.Thresholds)[]"},
    [KEY_WORKERS] = {"a whole number from 1 to 16 or \"auto\"", "integer|\"auto\""},
    [KEY_TABLE] = {"a table", "table"},
    [KEY_PARAMS] = {"a map of name to table", "table<string, table>"},
    [KEY_DOCUMENT] = {"file \"…\"", "headgate.Sql"},
    [KEY_TICKS] = {"a text or a list of texts", "string|string[]"},
    [KEY_GUARD_TICKS] = {"a text, a list of texts, or a map of metric to such",
                         "string|string[]|table<string, string|string[]>"},
};

const PlanWord *plan_word_at(size_t index)
{
    return index < COUNT_OF(WORDS) ? &WORDS[index] : NULL;
}

const PlanWord *plan_word_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(WORDS); i++) {
        if (strcmp(WORDS[i].name, name) == 0)
            return &WORDS[i];
    }
    return NULL;
}

const PlanWord *plan_word_of(PlanKind kind)
{
    invariant(kind >= 0 && kind < PLAN_KINDS);
    return &WORDS[kind];
}

const PlanKey *plan_word_key(const PlanWord *word, const char *name)
{
    for (const PlanKey *key = word->keys; key != NULL && key->name != NULL; key++) {
        if (strcmp(key->name, name) == 0)
            return key;
    }
    return NULL;
}

bool plan_key_or_table(const PlanKey *key)
{
    return key->fields != NULL && key->type != KEY_TABLE && key->type != KEY_PARAMS &&
           key->type != KEY_CHECKSUMS && key->type != KEY_COUNTS; /* take their tables themselves */
}

const char *plan_key_type_text(KeyType type)
{
    return TYPES[type].text;
}

const char *plan_key_type_lua(KeyType type)
{
    return TYPES[type].lua;
}
