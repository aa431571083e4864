/* The rules about plans, and the page of all rules. */
#include "run/lint_rule.h"

static const SqlLintRule RULES[RUN_LINTS] = {
    [RUN_LINT_LATER_OBJECT] = {"later_object", SQL_LINT_ERROR,
                               "a table or type used before the plan makes it",
                               "the step fails: it is made only later",
                               "put what makes it before what needs it", false},
    [RUN_LINT_MISSING_OBJECT] = {"missing_object", SQL_LINT_ERROR,
                                 "a table or type that is neither in the database nor made by the "
                                 "plan (only headgate plan, which asks the database)",
                                 "the step fails: it is not there",
                                 "correct the name or the schema, or make it first", false},
    [RUN_LINT_CYCLE] = {"cycle", SQL_LINT_ERROR, "tables that need each other to be made",
                        "no order of the statements works",
                        "make the tables first, and add one of the foreign keys afterwards: ALTER "
                        "TABLE ... ADD CONSTRAINT",
                        false},
    [RUN_LINT_REFERENCE_UNFILLED] = {"reference_unfilled", SQL_LINT_WARNING,
                                     "a column with a foreign key, added to a table in use, that "
                                     "nothing in the plan fills",
                                     "rows that exist refer to nobody",
                                     "fill it by a backfill, and decide rows without an answer in "
                                     "the review",
                                     false},
    [RUN_LINT_FILL_COMPRESSION] = {"fill_compression", SQL_LINT_NOTE,
                                   "a jsonb column of a table in use that a backfill fills, "
                                   "without a compression",
                                   "rows that outgrow 2 kB are compressed, by pglz where the "
                                   "server's settings say nothing else: a third of its time while "
                                   "the column is filled",
                                   "ADD COLUMN ... jsonb COMPRESSION lz4", false},
    [RUN_LINT_RESTORE] = {"restore", SQL_LINT_ERROR, "a rollback that restores a backup",
                          "what was written since the backup is lost: that is no rollback",
                          "take back what the plan did (down, undo), and keep the backup for "
                          "disasters",
                          false},
    [RUN_LINT_NO_REVERSE] = {"no_reverse", SQL_LINT_ERROR,
                             "a way back from imported tables to their files that takes no writes "
                             "along",
                             "what is written after the switch is in the database only, and the "
                             "way back loses it",
                             "note every write of the imported tables by a trigger of the plan, "
                             "and let the undo carry it into the files; or say one_way",
                             false},
    [RUN_LINT_EXEC_VARIABLE] = {"exec_variable", SQL_LINT_ERROR,
                                "a program that is given a variable which nobody sets",
                                "a shell puts nothing in its place, without a shell it stays as it "
                                "is: the program acts on something else, or nothing",
                                "set it in env = { ... }, or correct its name", false},
    [RUN_LINT_ALLOW_UNKNOWN] = {"allow_unknown", SQL_LINT_ERROR, "allow = { ... } of no rule",
                                "no rule has that name", "docs/lint.md lists the rules", false},
    [RUN_LINT_ALLOW_UNUSED] = {"allow_unused", SQL_LINT_WARNING,
                               "allow = { ... } of what is not there",
                               "nothing below it breaks that rule (any more)", "leave it out",
                               false},
};

const SqlLintRule *run_lint_rule(RunLint lint)
{
    return &RULES[lint];
}

const SqlLintRule *run_lint_rule_at(size_t index)
{
    if (index < SQL_LINTS)
        return sql_lint_rule((SqlLint)index);
    return index - SQL_LINTS < RUN_LINTS ? &RULES[index - SQL_LINTS] : NULL;
}

static const struct {
    SqlLintLevel level;
    const char *heading;
    const char *text;
} SECTIONS[] = {
    {SQL_LINT_ERROR, "Errors",
     "What cannot be meant, or fails for certain. `headgate check` and `headgate plan` end with a "
     "code other than 0."},
    {SQL_LINT_WARNING, "Warnings",
     "What may be meant, and hurts when it is not. With `--strict` they count as errors."},
    {SQL_LINT_NOTE, "Notes", "What most projects do otherwise. Told once a rule and file."},
};

void run_lint_docs(Text *text)
{
    text_append(
        text,
        "# What check and plan report\n\n"
        "Written from the tables in runtime/sql/lint_rule.c and runtime/run/lint_rule.c; a test "
        "compares the two.\n\n"
        "`headgate check` and `headgate plan` read the SQL of a plan with PostgreSQL's own grammar "
        "and say, with file and line, what\nruns and rarely does what its author thinks. A table "
        "is "
        "*in use* when the plan has not made it, or a rollout or soak has\nstood between: what "
        "blocks readers or writers matters only there. What a rollback runs is looked at too, by "
        "the rules\nmarked *also in down*. Bodies of functions, `DO` blocks and Lua are not "
        "seen.\n\n"
        "What is meant is allowed by name, with the reason, where it stands or above it (step, "
        "migrations, phase, plan):\n\n"
        "```lua\n"
        "step \"small table\" {\n"
        "  up    = \"CREATE INDEX countries_code ON countries (code)\",\n"
        "  down  = \"DROP INDEX countries_code\",\n"
        "  allow = { index_blocks = \"250 rows, written once a year\" },\n"
        "}\n"
        "```\n\n"
        "With `--json` each is `{\"file\", \"line\", \"rule\", \"level\", \"path\", \"text\", "
        "\"advice\"}`, and `\"allowed\"` with the reason where it is allowed.\n");
    for (size_t s = 0; s < COUNT_OF(SECTIONS); s++) {
        text_printf(text,
                    "\n## %s\n\n%s\n\n| rule | what it finds | why | instead |\n"
                    "| --- | --- | --- | --- |\n",
                    SECTIONS[s].heading, SECTIONS[s].text);
        const SqlLintRule *rule = NULL;
        for (size_t i = 0; (rule = run_lint_rule_at(i)) != NULL; i++) {
            if (rule->level == SECTIONS[s].level)
                text_printf(text, "| `%s` | %s%s | %s | %s |\n", rule->name, rule->title,
                            rule->in_down ? " (also in down)" : "", rule->why, rule->advice);
        }
    }
}
