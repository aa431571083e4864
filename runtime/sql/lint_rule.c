/* The rules. What finds them stands in lint_data.c, lint_lock.c, lint_shape.c and, where more than
 * one text is needed, in run/lint.c. */
#include "sql/lint_rule.h"

static const SqlLintRule RULES[SQL_LINTS] = {
    [SQL_LINT_CHECK_NUMBER] =
        {"check_number", SQL_LINT_ERROR, "CHECK of a number",
         "a CHECK is a condition, and this is a number: PostgreSQL refuses it "
         "when the step runs",
         "write the condition: CHECK (percentage BETWEEN 0 AND 100)", false},
    [SQL_LINT_DUPLICATE_COLUMN] = {"duplicate_column", SQL_LINT_ERROR,
                                   "a column named twice in one statement",
                                   "PostgreSQL refuses it when the step runs",
                                   "name each column once", false},
    [SQL_LINT_INDEX_VOLATILE] = {"index_volatile", SQL_LINT_ERROR,
                                 "an index, or a generated column, over a function that is not "
                                 "IMMUTABLE",
                                 "its value changes while the row does not, so PostgreSQL refuses "
                                 "it when the step runs",
                                 "index the column itself, or a function that is IMMUTABLE", false},
    [SQL_LINT_ENUM_USED] = {"enum_used", SQL_LINT_ERROR,
                            "a new enum value used in the transaction that adds it",
                            "a new value can be used only after the commit: PostgreSQL refuses it "
                            "when the step runs",
                            "use the value in a later step", false},

    [SQL_LINT_INSERT_STAR] = {"insert_star", SQL_LINT_WARNING,
                              "INSERT INTO ... SELECT * FROM another table",
                              "it pairs columns by their place, and a column whose enum is of "
                              "another schema has no cast",
                              "name the columns, or move the table with SET SCHEMA", true},
    [SQL_LINT_INSERT_PLACES] = {"insert_places", SQL_LINT_WARNING,
                                "INSERT without the names of its columns",
                                "it pairs values and columns by their place, which differs where "
                                "a column was added or dropped in another order",
                                "name the columns: INSERT INTO t (a, b) ...", true},
    [SQL_LINT_OFFSET] = {"offset", SQL_LINT_WARNING, "pages by LIMIT and OFFSET",
                         "OFFSET counts again each time: rows that left the set since the page "
                         "before make it skip as many others",
                         "use a backfill, or go on after the last key (WHERE id > ... ORDER BY id "
                         "LIMIT ...)",
                         true},
    [SQL_LINT_WHOLE_TABLE] = {"whole_table", SQL_LINT_WARNING,
                              "UPDATE or DELETE of all rows of a table in one statement",
                              "one transaction holds all rows locked until its end, and keeps "
                              "every dead row from VACUUM",
                              "use a backfill: small batches that yield to the application", false},
    [SQL_LINT_LOCK_THEN_DATA] = {"lock_then_data", SQL_LINT_WARNING,
                                 "rows written in the step that has locked their table by ALTER "
                                 "TABLE",
                                 "the table stays locked, for readers too, until the rows are "
                                 "written",
                                 "write the rows in a step or backfill of their own", false},
    [SQL_LINT_CASCADE] = {"cascade", SQL_LINT_WARNING, "DROP or TRUNCATE ... CASCADE",
                          "it takes with it whatever somebody built on the object, and says so to "
                          "nobody",
                          "name what is dropped", true},
    [SQL_LINT_COPY_DROP] = {"copy_drop", SQL_LINT_WARNING,
                            "rows copied to another table, then their table dropped",
                            "what is written between the two is lost",
                            "move the table with SET SCHEMA, lock it in the same step before the "
                            "copy, or give the drop a proof.no_rows",
                            false},
    [SQL_LINT_DROP_UNPROVEN] = {"drop_unproven", SQL_LINT_WARNING,
                                "DROP of a table, column, schema or database that the plan did not "
                                "make, without a proof",
                                "nothing shows that nobody needs it any more",
                                "give the step a proof: proof = { no_rows = ... } or "
                                "{ soak = \"14d\" }",
                                false},
    [SQL_LINT_TRUNCATE] = {"truncate", SQL_LINT_WARNING,
                           "TRUNCATE of a table that the plan did not make",
                           "it locks out readers, fires no DELETE trigger, and nothing shows that "
                           "nobody needs the rows any more",
                           "delete in batches, or give the step a proof", false},

    [SQL_LINT_INDEX_BLOCKS] = {"index_blocks", SQL_LINT_WARNING,
                               "CREATE INDEX without CONCURRENTLY on a table in use",
                               "nobody can write to the table until the index is built",
                               "CREATE INDEX CONCURRENTLY, in a step of its own", false},
    [SQL_LINT_INDEX_DROP_BLOCKS] = {"index_drop_blocks", SQL_LINT_WARNING,
                                    "DROP INDEX without CONCURRENTLY",
                                    "it locks out readers and writers of the table, and waits in "
                                    "front of them for every query that runs",
                                    "DROP INDEX CONCURRENTLY, in a step of its own", false},
    [SQL_LINT_REINDEX_BLOCKS] = {"reindex_blocks", SQL_LINT_WARNING, "REINDEX without CONCURRENTLY",
                                 "it locks out writers, and readers that would use the index",
                                 "REINDEX ... CONCURRENTLY, in a step of its own", false},
    [SQL_LINT_UNIQUE_BLOCKS] = {"unique_blocks", SQL_LINT_WARNING,
                                "UNIQUE or PRIMARY KEY added to a table in use",
                                "readers and writers wait until its index is built",
                                "CREATE UNIQUE INDEX CONCURRENTLY in a step of its own, then ADD "
                                "CONSTRAINT ... USING INDEX",
                                false},
    [SQL_LINT_EXCLUSION_BLOCKS] = {"exclusion_blocks", SQL_LINT_WARNING,
                                   "EXCLUDE added to a table in use",
                                   "readers and writers wait until its index is built, and "
                                   "PostgreSQL knows no other way",
                                   "plan a window for it, or keep the rule in a trigger", false},
    [SQL_LINT_FOREIGN_KEY_SCAN] = {"foreign_key_scan", SQL_LINT_WARNING,
                                   "FOREIGN KEY added to a table in use without NOT VALID",
                                   "nobody can write to either table while all rows are checked",
                                   "add it NOT VALID, and VALIDATE CONSTRAINT in a later step",
                                   false},
    [SQL_LINT_CHECK_SCAN] = {"check_scan", SQL_LINT_WARNING,
                             "CHECK added to a table in use without NOT VALID",
                             "readers and writers wait while all rows are checked",
                             "add it NOT VALID, and VALIDATE CONSTRAINT in a later step", false},
    [SQL_LINT_NOT_NULL_SCAN] = {"not_null_scan", SQL_LINT_WARNING,
                                "SET NOT NULL where no valid CHECK proves it",
                                "readers and writers wait while all rows are checked",
                                "ADD CONSTRAINT ... CHECK (column IS NOT NULL) NOT VALID, VALIDATE "
                                "it in a later step, then SET NOT NULL, which reads no row",
                                false},
    [SQL_LINT_VALIDATE_AT_ONCE] = {"validate_at_once", SQL_LINT_WARNING,
                                   "VALIDATE CONSTRAINT in the step that adds it NOT VALID",
                                   "the lock of ADD CONSTRAINT is held while all rows are checked, "
                                   "which NOT VALID was to avoid",
                                   "VALIDATE CONSTRAINT in a later step", false},
    [SQL_LINT_ADD_NOT_NULL] = {"add_not_null", SQL_LINT_WARNING,
                               "a NOT NULL column added to a table in use without a default",
                               "it fails when the table has a row, and the application that runs "
                               "now does not fill it",
                               "give it a DEFAULT, or add it without NOT NULL, fill it by a "
                               "backfill, then SET NOT NULL",
                               false},
    [SQL_LINT_ADD_REWRITES] = {"add_rewrites", SQL_LINT_WARNING,
                               "a column added to a table in use with a value that each row must "
                               "compute",
                               "a volatile default, a serial, an identity and a STORED column "
                               "rewrite the table, and readers and writers wait",
                               "add the column without it, SET DEFAULT for new rows, and fill the "
                               "others by a backfill",
                               false},
    [SQL_LINT_TYPE_REWRITES] = {"type_rewrites", SQL_LINT_WARNING,
                                "the type of a column in use changed",
                                "unless both types are stored alike, the table and its indexes are "
                                "rewritten, and readers and writers wait",
                                "add a column of the new type, fill it by a backfill with sync, "
                                "and let the old one go in a contract phase",
                                false},
    [SQL_LINT_TABLE_REWRITES] = {"table_rewrites", SQL_LINT_WARNING,
                                 "VACUUM FULL, CLUSTER, SET LOGGED, SET TABLESPACE, SET ACCESS "
                                 "METHOD",
                                 "the table is written anew, and readers and writers wait",
                                 "plan a window for it, or use pg_repack", false},
    [SQL_LINT_DETACH_BLOCKS] = {"detach_blocks", SQL_LINT_WARNING,
                                "DETACH PARTITION without CONCURRENTLY",
                                "it locks out readers and writers of the whole table",
                                "DETACH PARTITION ... CONCURRENTLY, in a step of its own", false},
    [SQL_LINT_REFRESH_BLOCKS] = {"refresh_blocks", SQL_LINT_WARNING,
                                 "REFRESH MATERIALIZED VIEW without CONCURRENTLY",
                                 "readers wait until it is filled",
                                 "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique "
                                 "index on it",
                                 false},

    [SQL_LINT_RENAME] = {"rename", SQL_LINT_WARNING,
                         "a table or column in use gets another name or schema",
                         "the application that runs now asks for the old name",
                         "leave a view of the old name in the same step, or add, fill and contract",
                         false},
    [SQL_LINT_DROP_NOT_NULL] = {"drop_not_null", SQL_LINT_WARNING, "DROP NOT NULL",
                                "code that reads the column does not expect NULL, and the way back "
                                "fails once there is one",
                                "make sure that every reader copes with NULL", false},

    [SQL_LINT_IF_NOT_EXISTS] = {"if_not_exists", SQL_LINT_WARNING,
                                "CREATE or ADD ... IF NOT EXISTS",
                                "where something else has that name, nothing is made and the step "
                                "counts as done, and its down takes away what was there before",
                                "leave IF NOT EXISTS out: a step runs exactly once", false},
    [SQL_LINT_OR_REPLACE] = {"or_replace", SQL_LINT_WARNING,
                             "CREATE OR REPLACE of what the down drops",
                             "a definition that was there before is lost with the rollback",
                             "use CREATE, or let the down put the old one back", false},
    [SQL_LINT_DOWN_IF_EXISTS] = {"down_if_exists", SQL_LINT_WARNING, "DROP ... IF EXISTS in a down",
                                 "in the wrong database, or with a wrong name, it drops nothing "
                                 "and counts as done",
                                 "leave IF EXISTS out", true},
    [SQL_LINT_DOWN_LEAVES] = {"down_leaves", SQL_LINT_WARNING,
                              "a down that does not drop what its up makes",
                              "a rollback would leave it there", "drop it in the down", false},

    [SQL_LINT_PUBLIC_GRANT] = {"public_grant", SQL_LINT_WARNING, "GRANT ... TO PUBLIC",
                               "everybody who can connect gets it, now and later",
                               "grant it to a role", false},
    [SQL_LINT_SCHEMA_GRANT_ALL] = {"schema_grant_all", SQL_LINT_WARNING,
                                   "GRANT ALL ON SCHEMA or DATABASE",
                                   "it has the right to CREATE in it: objects that nobody planned, "
                                   "and functions that shadow others",
                                   "GRANT USAGE ON SCHEMA, CONNECT ON DATABASE", false},
    [SQL_LINT_DEFINER_PATH] = {"definer_path", SQL_LINT_WARNING,
                               "a SECURITY DEFINER function without SET search_path",
                               "its caller chooses what its names mean, and it runs with its "
                               "owner's rights",
                               "add SET search_path = pg_catalog, pg_temp, and write names with "
                               "their schema",
                               false},
    [SQL_LINT_SUPERUSER] = {"superuser", SQL_LINT_WARNING,
                            "a role that may do everything (SUPERUSER, BYPASSRLS, REPLICATION)",
                            "it is beyond every other check of the database",
                            "grant the rights that it needs", false},
    [SQL_LINT_PASSWORD] = {"password", SQL_LINT_WARNING, "a password in SQL",
                           "it is kept with the plan, in the server's log and in its statistics",
                           "set it outside the plan (psql's \\password), or use certificates",
                           false},

    [SQL_LINT_NAME_PATTERN] = {"name_pattern", SQL_LINT_WARNING,
                               "objects looked for by LIKE in a catalog",
                               "whatever matches counts, and what does not match is not missed",
                               "name them: exists = { tables = { ... } }", false},
    [SQL_LINT_NAME_NUMBER] = {"name_number", SQL_LINT_WARNING,
                              "a number of objects that the query, or the plan, cannot give",
                              "the number and the names are about different things",
                              "name them: exists = { functions = { ... } }", false},

    [SQL_LINT_IDENTIFIER_LONG] = {"identifier_long", SQL_LINT_WARNING,
                                  "a name of more than 63 bytes",
                                  "PostgreSQL cuts it, so that another name stands in the database "
                                  "and two long ones may become the same",
                                  "shorten it", false},
    [SQL_LINT_NO_PRIMARY_KEY] = {"no_primary_key", SQL_LINT_NOTE, "a table without a primary key",
                                 "its rows cannot be replicated, walked by key or told apart",
                                 "add one, if only an identity column", false},
    [SQL_LINT_SMALL_KEY] = {"small_key", SQL_LINT_NOTE, "a generated key of less than 64 bits",
                            "it runs out at 2,147,483,647, and changing its type then rewrites the "
                            "table",
                            "use bigint", false},
    [SQL_LINT_SERIAL] = {"serial", SQL_LINT_NOTE, "serial instead of an identity column",
                         "its sequence has rights, an owner and a default of its own",
                         "GENERATED BY DEFAULT AS IDENTITY", false},
    [SQL_LINT_CHAR_TYPE] = {"char_type", SQL_LINT_NOTE, "char(n)",
                            "it is filled up with blanks, which some comparisons see and others do "
                            "not",
                            "use text, with a CHECK where the length matters", false},
    [SQL_LINT_TIMESTAMP_TYPE] = {"timestamp_type", SQL_LINT_NOTE, "timestamp without time zone",
                                 "it forgets which moment was meant", "use timestamptz", false},
    [SQL_LINT_JSON_TYPE] = {"json_type", SQL_LINT_NOTE, "json instead of jsonb",
                            "it has no equality: DISTINCT, GROUP BY and UNION of its rows fail",
                            "use jsonb", false},
};

static const char *const LEVEL_NAMES[SQL_LINT_LEVELS] = {
    [SQL_LINT_ERROR] = "error",
    [SQL_LINT_WARNING] = "warning",
    [SQL_LINT_NOTE] = "note",
};

const SqlLintRule *sql_lint_rule(SqlLint lint)
{
    return &RULES[lint];
}

const char *sql_lint_level_name(SqlLintLevel level)
{
    return LEVEL_NAMES[level];
}
