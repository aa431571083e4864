/* The table of statements as a page. */
#include "sql/docs.h"

#include "sql/rule.h"

static const struct Section {
    SqlClass class;
    const char *heading;
    const char *text;
} SECTIONS[] = {
    {SQL_REFUSED, "Refused",
     "A plan that holds one of these does not load, and `db:query` raises an error."},
    {SQL_OUTSIDE, "Outside transactions",
     "PostgreSQL runs these only outside a transaction block. A file holds either these or the "
     "others; "
     "a step with both is refused, with the line."},
    {SQL_READ, "Reading", "What a check, a verification or a guard may ask."},
    {SQL_WRITE, "Writing", "Rows and the session. In the step's transaction."},
    {SQL_DDL, "Objects", "In the step's transaction."},
};

static void write_rows(Text *text, SqlClass class)
{
    text_append(text, "\n| statement | note |\n| --- | --- |\n");
    const SqlRule *rule;
    for (size_t i = 0; (rule = sql_rule(i)) != NULL; i++) {
        if (rule->class == class)
            text_printf(text, "| %s | %s%s |\n", rule->title, rule->one_way ? "one-way: " : "",
                        rule->why);
    }
}

void sql_docs(Text *text)
{
    text_append(text,
                "# SQL in plans\n\n"
                "Written from the table in runtime/sql/rule.c; a test compares the two.\n\n"
                "PostgreSQL's own grammar (version 15) reads the SQL of a plan. What it cannot "
                "read is sent to the server all the\nsame when the step says "
                "`transaction = true` or `transaction = false`. Commands of psql (`\\d`, "
                "`:variables`) are not SQL.\nBodies of functions and `DO` blocks are not seen; "
                "after each step the runtime checks that role and transaction are\nstill its "
                "own.\n");
    for (size_t i = 0; i < COUNT_OF(SECTIONS); i++) {
        text_printf(text, "\n## %s\n\n%s\n", SECTIONS[i].heading, SECTIONS[i].text);
        write_rows(text, SECTIONS[i].class);
    }
    text_append(text, "\n## Guarded settings\n\nSET, RESET and set_config() of these are refused:");
    const char *name;
    for (size_t i = 0; (name = sql_facts_forbidden_name(i)) != NULL; i++)
        text_printf(text, "%s `%s`", i == 0 ? "" : ",", name);
    text_append(text, ".\n");
}
