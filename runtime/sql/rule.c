/* The table of statements and its conditions. Facts about PostgreSQL are those of its own check
 * PreventInTransactionBlock() and of its manual's pages, versions 13 to 18. */
#include "sql/rule.h"

#include <string.h>
#include <strings.h>

static bool field_is(const SqlFacts *facts, const char *field, const char *value)
{
    return text_equal(json_get_string(facts->body, field, NULL), value);
}

static bool field_true(const SqlFacts *facts, const char *field)
{
    return json_get_bool(facts->body, field, false);
}

static bool field_given(const SqlFacts *facts, const char *field)
{
    return json_object_get(facts->body, field) != NULL;
}

static const json_t *option_find(const json_t *options, const char *name)
{
    size_t i;
    json_t *option;
    json_array_foreach (options, i, option) {
        const json_t *element = json_object_get(option, "DefElem");
        if (text_equal(json_get_string(element, "defname", NULL), name))
            return element;
    }
    return NULL;
}

/* As PostgreSQL's defGetBoolean(): alone means on; false, off and 0 mean off. */
static bool option_on(const json_t *options, const char *name, bool otherwise)
{
    const json_t *element = option_find(options, name);
    if (element == NULL)
        return otherwise;
    const json_t *value = json_object_get(element, "arg");
    const json_t *words = json_object_get(json_object_get(value, "TypeName"), "names");
    const json_t *last = json_array_get(words, json_array_size(words) - 1);
    const char *text = json_get_string(json_object_get(value, "String"), "sval", NULL);
    if (text == NULL)
        text = json_get_string(json_object_get(last, "String"), "sval", NULL);
    if (text != NULL)
        return strcasecmp(text, "false") != 0 && strcasecmp(text, "off") != 0;
    const json_t *number = json_object_get(value, "Integer");
    return number == NULL || json_get_int(number, "ival", 0) != 0;
}

static bool sets_forbidden(const SqlFacts *facts)
{
    return facts->sets_forbidden || facts->writes_settings;
}

static bool select_into(const SqlFacts *facts)
{
    return field_given(facts, "intoClause");
}

static bool select_writes(const SqlFacts *facts)
{
    return !select_into(facts) && (facts->writes || facts->locks_rows);
}

static bool query_writes(const SqlFacts *facts)
{
    return facts->writes || facts->locks_rows;
}

static bool explain_writes(const SqlFacts *facts)
{
    static const char *const READS[] = {"SelectStmt", "DeclareCursorStmt"};
    json_t *query = json_object_get(facts->body, "query");
    void *first = json_object_iter(query);
    bool reads = false;
    for (size_t i = 0; i < COUNT_OF(READS) && first != NULL; i++)
        reads |= strcmp(json_object_iter_key(first), READS[i]) == 0;
    return option_on(json_object_get(facts->body, "options"), "analyze", false) &&
           (!reads || query_writes(facts));
}

static bool copy_to_client(const SqlFacts *facts)
{
    return !field_true(facts, "is_from") && !field_given(facts, "filename");
}

static bool copy_from_client(const SqlFacts *facts)
{
    return field_true(facts, "is_from") && !field_given(facts, "filename");
}

static bool set_forbidden(const SqlFacts *facts)
{
    return sql_facts_forbidden(json_get_string(facts->body, "name", ""));
}

static bool set_transaction(const SqlFacts *facts)
{
    return field_is(facts, "kind", "VAR_SET_MULTI");
}

static bool reset_all(const SqlFacts *facts)
{
    return field_is(facts, "kind", "VAR_RESET_ALL");
}

static bool deallocate_all(const SqlFacts *facts)
{
    return !field_given(facts, "name");
}

static bool index_if_not_exists(const SqlFacts *facts)
{
    return field_true(facts, "concurrent") && field_true(facts, "if_not_exists");
}

static bool index_nameless(const SqlFacts *facts)
{
    return field_true(facts, "concurrent") && !field_given(facts, "idxname");
}

static bool index_concurrently(const SqlFacts *facts)
{
    return field_true(facts, "concurrent") && !index_if_not_exists(facts) && !index_nameless(facts);
}

static bool concurrently(const SqlFacts *facts)
{
    return field_true(facts, "concurrent");
}

static bool reindex_concurrently(const SqlFacts *facts)
{
    return option_on(json_object_get(facts->body, "params"), "concurrently", false);
}

static bool reindex_many(const SqlFacts *facts)
{
    return !reindex_concurrently(facts) && !field_is(facts, "kind", "REINDEX_OBJECT_INDEX") &&
           !field_is(facts, "kind", "REINDEX_OBJECT_TABLE");
}

static bool detach_concurrently(const SqlFacts *facts)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(facts->body, "cmds"), i, item) {
        const json_t *command = json_object_get(item, "AlterTableCmd");
        const json_t *def = json_object_get(json_object_get(command, "def"), "PartitionCmd");
        if (json_get_bool(def, "concurrent", false))
            return true;
    }
    return false;
}

static bool enum_value_added(const SqlFacts *facts)
{
    return !field_given(facts, "oldVal");
}

static bool vacuum(const SqlFacts *facts)
{
    return field_true(facts, "is_vacuumcmd");
}

static bool cluster_all(const SqlFacts *facts)
{
    return !field_given(facts, "relation");
}

static bool database_moves(const SqlFacts *facts)
{
    return option_find(json_object_get(facts->body, "options"), "tablespace") != NULL;
}

static bool subscription_with_slot(const SqlFacts *facts)
{
    const json_t *options = json_object_get(facts->body, "options");
    return option_on(options, "create_slot", true) && option_on(options, "connect", true);
}

static bool subscription_refreshes(const SqlFacts *facts)
{
    static const char *const KINDS[] = {"ALTER_SUBSCRIPTION_SET_PUBLICATION",
                                        "ALTER_SUBSCRIPTION_ADD_PUBLICATION",
                                        "ALTER_SUBSCRIPTION_DROP_PUBLICATION"};
    if (field_is(facts, "kind", "ALTER_SUBSCRIPTION_REFRESH"))
        return true;
    for (size_t i = 0; i < COUNT_OF(KINDS); i++) {
        if (field_is(facts, "kind", KINDS[i]))
            return option_on(json_object_get(facts->body, "options"), "refresh", true);
    }
    return false;
}

static const SqlRule RULES[] = {
    {.node = "TransactionStmt",
     .title = "BEGIN, COMMIT, ROLLBACK, SAVEPOINT, PREPARE TRANSACTION, ...",
     .class = SQL_REFUSED,
     .why = "the runtime begins and ends transactions, so that an effect and its ledger row commit "
            "together"},
    {.node = "VariableSetStmt", .title = "SET, RESET", .class = SQL_WRITE, .why = ""},
    {.node = "VariableSetStmt",
     .title = "SET ROLE, SESSION AUTHORIZATION, session_replication_role, ... (guarded settings)",
     .class = SQL_REFUSED,
     .applies = set_forbidden,
     .why = "the runtime depends on this setting and keeps it itself"},
    {.node = "VariableSetStmt",
     .title = "SET TRANSACTION, SET SESSION CHARACTERISTICS",
     .class = SQL_REFUSED,
     .applies = set_transaction,
     .why = "isolation and access mode belong to the runtime"},
    {.node = "VariableSetStmt",
     .title = "RESET ALL",
     .class = SQL_REFUSED,
     .applies = reset_all,
     .why =
         "it drops the time limits and the search path that every connection of the runtime has"},
    {.node = "*",
     .title = "set_config() of a guarded or computed name, UPDATE pg_settings",
     .class = SQL_REFUSED,
     .applies = sets_forbidden,
     .why = "it can change a setting that the runtime depends on; name the setting in the text, "
            "and none of the guarded ones"},
    {.node = "DiscardStmt",
     .title = "DISCARD",
     .class = SQL_REFUSED,
     .why = "it drops what the runtime keeps in the session"},
    {.node = "DeallocateStmt", .title = "DEALLOCATE name", .class = SQL_WRITE, .why = ""},
    {.node = "DeallocateStmt",
     .title = "DEALLOCATE ALL",
     .class = SQL_REFUSED,
     .applies = deallocate_all,
     .why = "it drops the runtime's own prepared statements"},
    {.node = "IndexStmt", .title = "CREATE INDEX", .class = SQL_DDL, .why = ""},
    {.node = "IndexStmt",
     .title = "CREATE INDEX CONCURRENTLY IF NOT EXISTS",
     .class = SQL_REFUSED,
     .applies = index_if_not_exists,
     .why = "IF NOT EXISTS is satisfied by an INVALID index that a failed build left behind; leave "
            "it out, the runtime removes such a remainder itself"},
    {.node = "IndexStmt",
     .title = "CREATE INDEX CONCURRENTLY without a name",
     .class = SQL_REFUSED,
     .applies = index_nameless,
     .why = "without a name an interrupted build cannot be found again; give the index a name"},
    {.node = "IndexStmt",
     .title = "CREATE INDEX CONCURRENTLY",
     .class = SQL_OUTSIDE,
     .applies = index_concurrently,
     .why = ""},
    {.node = "CopyStmt",
     .title = "COPY from or to a file or program of the server",
     .class = SQL_WRITE,
     .why = "it needs rights on the server's machine"},
    {.node = "CopyStmt",
     .title = "COPY ... FROM STDIN",
     .class = SQL_REFUSED,
     .applies = copy_from_client,
     .why = "a plan has no input to copy from; use INSERT, or a file on the server"},
    {.node = "CopyStmt",
     .title = "COPY ... TO STDOUT",
     .class = SQL_REFUSED,
     .applies = copy_to_client,
     .why = "nobody reads its output; use SELECT"},
    {.node = "DropStmt",
     .title = "DROP TABLE, VIEW, INDEX, TYPE, ...",
     .class = SQL_DDL,
     .why = ""},
    {.node = "DropStmt",
     .title = "DROP INDEX CONCURRENTLY",
     .class = SQL_OUTSIDE,
     .applies = concurrently,
     .why = "when it fails it leaves an INVALID index"},
    {.node = "ReindexStmt", .title = "REINDEX TABLE, REINDEX INDEX", .class = SQL_DDL, .why = ""},
    {.node = "ReindexStmt",
     .title = "REINDEX ... CONCURRENTLY",
     .class = SQL_OUTSIDE,
     .applies = reindex_concurrently,
     .why = "when it fails it leaves an INVALID index named ..._ccnew"},
    {.node = "ReindexStmt",
     .title = "REINDEX SCHEMA, DATABASE, SYSTEM",
     .class = SQL_OUTSIDE,
     .applies = reindex_many,
     .why = ""},
    {.node = "AlterTableStmt",
     .title = "ALTER TABLE, INDEX, SEQUENCE, VIEW, ... (DETACH PARTITION ... FINALIZE as well)",
     .class = SQL_DDL,
     .why = ""},
    {.node = "AlterTableStmt",
     .title = "ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY",
     .class = SQL_OUTSIDE,
     .applies = detach_concurrently,
     .why = "when it fails, DETACH PARTITION ... FINALIZE ends it"},
    {.node = "VacuumStmt", .title = "ANALYZE", .class = SQL_WRITE, .why = ""},
    {.node = "VacuumStmt", .title = "VACUUM", .class = SQL_OUTSIDE, .applies = vacuum, .why = ""},
    {.node = "ClusterStmt", .title = "CLUSTER table", .class = SQL_DDL, .why = ""},
    {.node = "ClusterStmt",
     .title = "CLUSTER without a table",
     .class = SQL_OUTSIDE,
     .applies = cluster_all,
     .why = ""},
    {.node = "AlterSystemStmt", .title = "ALTER SYSTEM", .class = SQL_OUTSIDE, .why = ""},
    {.node = "CreatedbStmt", .title = "CREATE DATABASE", .class = SQL_OUTSIDE, .why = ""},
    {.node = "DropdbStmt", .title = "DROP DATABASE", .class = SQL_OUTSIDE, .why = ""},
    {.node = "AlterDatabaseStmt", .title = "ALTER DATABASE", .class = SQL_DDL, .why = ""},
    {.node = "AlterDatabaseStmt",
     .title = "ALTER DATABASE ... SET TABLESPACE",
     .class = SQL_OUTSIDE,
     .applies = database_moves,
     .why = ""},
    {.node = "CreateTableSpaceStmt", .title = "CREATE TABLESPACE", .class = SQL_OUTSIDE, .why = ""},
    {.node = "DropTableSpaceStmt", .title = "DROP TABLESPACE", .class = SQL_OUTSIDE, .why = ""},
    {.node = "CreateSubscriptionStmt",
     .title = "CREATE SUBSCRIPTION without a slot (create_slot = false or connect = false)",
     .class = SQL_DDL,
     .why = ""},
    {.node = "CreateSubscriptionStmt",
     .title = "CREATE SUBSCRIPTION",
     .class = SQL_OUTSIDE,
     .applies = subscription_with_slot,
     .why = "it makes a slot on the other server"},
    {.node = "AlterSubscriptionStmt", .title = "ALTER SUBSCRIPTION", .class = SQL_DDL, .why = ""},
    {.node = "AlterSubscriptionStmt",
     .title = "ALTER SUBSCRIPTION with refresh",
     .class = SQL_OUTSIDE,
     .applies = subscription_refreshes,
     .why = "say refresh = false to keep it in a transaction"},
    {.node = "DropSubscriptionStmt",
     .title = "DROP SUBSCRIPTION",
     .class = SQL_OUTSIDE,
     .why = "it drops a slot on the other server, unless slot_name is NONE"},
    {.node = "AlterEnumStmt", .title = "ALTER TYPE ... RENAME VALUE", .class = SQL_DDL, .why = ""},
    {.node = "AlterEnumStmt",
     .title = "ALTER TYPE ... ADD VALUE",
     .class = SQL_DDL,
     .applies = enum_value_added,
     .one_way = true,
     .why = "no statement removes a value from an enum, and it cannot be used before the "
            "transaction commits"},
    {.node = "SelectStmt", .title = "SELECT, VALUES, TABLE", .class = SQL_READ, .why = ""},
    {.node = "SelectStmt",
     .title = "SELECT ... INTO",
     .class = SQL_DDL,
     .applies = select_into,
     .why = ""},
    {.node = "SelectStmt",
     .title = "SELECT with FOR UPDATE or FOR SHARE, or with a writing WITH",
     .class = SQL_WRITE,
     .applies = select_writes,
     .why = ""},
    {.node = "ExplainStmt", .title = "EXPLAIN", .class = SQL_READ, .why = ""},
    {.node = "ExplainStmt",
     .title = "EXPLAIN ANALYZE of what writes",
     .class = SQL_WRITE,
     .applies = explain_writes,
     .why = "ANALYZE runs the statement"},
    {.node = "VariableShowStmt", .title = "SHOW", .class = SQL_READ, .why = ""},
    {.node = "DeclareCursorStmt", .title = "DECLARE CURSOR", .class = SQL_READ, .why = ""},
    {.node = "DeclareCursorStmt",
     .title = "DECLARE CURSOR with FOR UPDATE",
     .class = SQL_WRITE,
     .applies = query_writes,
     .why = ""},
    {.node = "FetchStmt", .title = "FETCH, MOVE", .class = SQL_READ, .why = ""},
    {.node = "ClosePortalStmt", .title = "CLOSE", .class = SQL_READ, .why = ""},
    {.node = "InsertStmt", .title = "INSERT", .class = SQL_WRITE, .why = ""},
    {.node = "UpdateStmt", .title = "UPDATE", .class = SQL_WRITE, .why = ""},
    {.node = "DeleteStmt", .title = "DELETE", .class = SQL_WRITE, .why = ""},
    {.node = "MergeStmt", .title = "MERGE", .class = SQL_WRITE, .why = ""},
    {.node = "TruncateStmt", .title = "TRUNCATE", .class = SQL_WRITE, .why = ""},
    {.node = "RefreshMatViewStmt",
     .title = "REFRESH MATERIALIZED VIEW (CONCURRENTLY as well)",
     .class = SQL_WRITE,
     .why = ""},
    {.node = "LockStmt", .title = "LOCK", .class = SQL_WRITE, .why = ""},
    {.node = "CallStmt",
     .title = "CALL",
     .class = SQL_WRITE,
     .why = "what it runs is not seen here; the runtime checks afterwards"},
    {.node = "DoStmt",
     .title = "DO",
     .class = SQL_WRITE,
     .why = "what it runs is not seen here; the runtime checks afterwards"},
    {.node = "PrepareStmt", .title = "PREPARE name AS", .class = SQL_WRITE, .why = ""},
    {.node = "ExecuteStmt",
     .title = "EXECUTE",
     .class = SQL_WRITE,
     .why = "what it runs is not seen here; the runtime checks afterwards"},
    {.node = "ConstraintsSetStmt", .title = "SET CONSTRAINTS", .class = SQL_WRITE, .why = ""},
    {.node = "NotifyStmt", .title = "NOTIFY", .class = SQL_WRITE, .why = ""},
    {.node = "ListenStmt", .title = "LISTEN", .class = SQL_WRITE, .why = ""},
    {.node = "UnlistenStmt", .title = "UNLISTEN", .class = SQL_WRITE, .why = ""},
    {.node = "CheckPointStmt", .title = "CHECKPOINT", .class = SQL_WRITE, .why = ""},
    {.node = "LoadStmt", .title = "LOAD", .class = SQL_WRITE, .why = ""},
    {.node = "CreateStmt", .title = "CREATE TABLE", .class = SQL_DDL, .why = ""},
    {.node = "CreateTableAsStmt",
     .title = "CREATE TABLE ... AS, CREATE MATERIALIZED VIEW",
     .class = SQL_DDL,
     .why = ""},
    {.node = "ViewStmt", .title = "CREATE VIEW", .class = SQL_DDL, .why = ""},
    {.node = "CreateSeqStmt", .title = "CREATE SEQUENCE", .class = SQL_DDL, .why = ""},
    {.node = "AlterSeqStmt", .title = "ALTER SEQUENCE", .class = SQL_DDL, .why = ""},
    {.node = "CreateFunctionStmt",
     .title = "CREATE FUNCTION, CREATE PROCEDURE",
     .class = SQL_DDL,
     .why = ""},
    {.node = "AlterFunctionStmt",
     .title = "ALTER FUNCTION, ALTER PROCEDURE",
     .class = SQL_DDL,
     .why = ""},
    {.node = "CreateTrigStmt", .title = "CREATE TRIGGER", .class = SQL_DDL, .why = ""},
    {.node = "CreateEventTrigStmt", .title = "CREATE EVENT TRIGGER", .class = SQL_DDL, .why = ""},
    {.node = "AlterEventTrigStmt", .title = "ALTER EVENT TRIGGER", .class = SQL_DDL, .why = ""},
    {.node = "RuleStmt", .title = "CREATE RULE", .class = SQL_DDL, .why = ""},
    {.node = "CreatePolicyStmt", .title = "CREATE POLICY", .class = SQL_DDL, .why = ""},
    {.node = "AlterPolicyStmt", .title = "ALTER POLICY", .class = SQL_DDL, .why = ""},
    {.node = "CreateSchemaStmt", .title = "CREATE SCHEMA", .class = SQL_DDL, .why = ""},
    {.node = "CreateEnumStmt", .title = "CREATE TYPE ... AS ENUM", .class = SQL_DDL, .why = ""},
    {.node = "CompositeTypeStmt", .title = "CREATE TYPE ... AS (...)", .class = SQL_DDL, .why = ""},
    {.node = "CreateRangeStmt", .title = "CREATE TYPE ... AS RANGE", .class = SQL_DDL, .why = ""},
    {.node = "AlterTypeStmt", .title = "ALTER TYPE ... SET", .class = SQL_DDL, .why = ""},
    {.node = "CreateDomainStmt", .title = "CREATE DOMAIN", .class = SQL_DDL, .why = ""},
    {.node = "AlterDomainStmt", .title = "ALTER DOMAIN", .class = SQL_DDL, .why = ""},
    {.node = "DefineStmt",
     .title = "CREATE AGGREGATE, OPERATOR, TYPE, COLLATION, TEXT SEARCH ...",
     .class = SQL_DDL,
     .why = ""},
    {.node = "AlterOperatorStmt", .title = "ALTER OPERATOR", .class = SQL_DDL, .why = ""},
    {.node = "AlterCollationStmt", .title = "ALTER COLLATION", .class = SQL_DDL, .why = ""},
    {.node = "AlterDatabaseRefreshCollStmt",
     .title = "ALTER DATABASE ... REFRESH COLLATION VERSION",
     .class = SQL_DDL,
     .why = ""},
    {.node = "AlterDatabaseSetStmt",
     .title = "ALTER DATABASE ... SET",
     .class = SQL_DDL,
     .why = ""},
    {.node = "RenameStmt", .title = "ALTER ... RENAME", .class = SQL_DDL, .why = ""},
    {.node = "AlterOwnerStmt", .title = "ALTER ... OWNER TO", .class = SQL_DDL, .why = ""},
    {.node = "AlterObjectSchemaStmt", .title = "ALTER ... SET SCHEMA", .class = SQL_DDL, .why = ""},
    {.node = "AlterObjectDependsStmt",
     .title = "ALTER ... DEPENDS ON EXTENSION",
     .class = SQL_DDL,
     .why = ""},
    {.node = "AlterTableMoveAllStmt",
     .title = "ALTER TABLE ALL IN TABLESPACE",
     .class = SQL_DDL,
     .why = ""},
    {.node = "AlterTableSpaceOptionsStmt",
     .title = "ALTER TABLESPACE",
     .class = SQL_DDL,
     .why = ""},
    {.node = "CommentStmt", .title = "COMMENT ON", .class = SQL_DDL, .why = ""},
    {.node = "SecLabelStmt", .title = "SECURITY LABEL", .class = SQL_DDL, .why = ""},
    {.node = "GrantStmt", .title = "GRANT, REVOKE on objects", .class = SQL_DDL, .why = ""},
    {.node = "GrantRoleStmt", .title = "GRANT, REVOKE of roles", .class = SQL_DDL, .why = ""},
    {.node = "AlterDefaultPrivilegesStmt",
     .title = "ALTER DEFAULT PRIVILEGES",
     .class = SQL_DDL,
     .why = ""},
    {.node = "CreateRoleStmt", .title = "CREATE ROLE, CREATE USER", .class = SQL_DDL, .why = ""},
    {.node = "AlterRoleStmt", .title = "ALTER ROLE", .class = SQL_DDL, .why = ""},
    {.node = "AlterRoleSetStmt", .title = "ALTER ROLE ... SET", .class = SQL_DDL, .why = ""},
    {.node = "DropRoleStmt", .title = "DROP ROLE", .class = SQL_DDL, .why = ""},
    {.node = "DropOwnedStmt", .title = "DROP OWNED", .class = SQL_DDL, .why = ""},
    {.node = "ReassignOwnedStmt", .title = "REASSIGN OWNED", .class = SQL_DDL, .why = ""},
    {.node = "CreateExtensionStmt", .title = "CREATE EXTENSION", .class = SQL_DDL, .why = ""},
    {.node = "AlterExtensionStmt",
     .title = "ALTER EXTENSION ... UPDATE",
     .class = SQL_DDL,
     .why = ""},
    {.node = "AlterExtensionContentsStmt",
     .title = "ALTER EXTENSION ... ADD, DROP",
     .class = SQL_DDL,
     .why = ""},
    {.node = "CreateStatsStmt", .title = "CREATE STATISTICS", .class = SQL_DDL, .why = ""},
    {.node = "AlterStatsStmt", .title = "ALTER STATISTICS", .class = SQL_DDL, .why = ""},
    {.node = "CreatePublicationStmt", .title = "CREATE PUBLICATION", .class = SQL_DDL, .why = ""},
    {.node = "AlterPublicationStmt", .title = "ALTER PUBLICATION", .class = SQL_DDL, .why = ""},
    {.node = "CreateCastStmt", .title = "CREATE CAST", .class = SQL_DDL, .why = ""},
    {.node = "CreateConversionStmt", .title = "CREATE CONVERSION", .class = SQL_DDL, .why = ""},
    {.node = "CreateTransformStmt", .title = "CREATE TRANSFORM", .class = SQL_DDL, .why = ""},
    {.node = "CreatePLangStmt", .title = "CREATE LANGUAGE", .class = SQL_DDL, .why = ""},
    {.node = "CreateAmStmt", .title = "CREATE ACCESS METHOD", .class = SQL_DDL, .why = ""},
    {.node = "CreateOpClassStmt", .title = "CREATE OPERATOR CLASS", .class = SQL_DDL, .why = ""},
    {.node = "CreateOpFamilyStmt", .title = "CREATE OPERATOR FAMILY", .class = SQL_DDL, .why = ""},
    {.node = "AlterOpFamilyStmt", .title = "ALTER OPERATOR FAMILY", .class = SQL_DDL, .why = ""},
    {.node = "AlterTSConfigurationStmt",
     .title = "ALTER TEXT SEARCH CONFIGURATION",
     .class = SQL_DDL,
     .why = ""},
    {.node = "AlterTSDictionaryStmt",
     .title = "ALTER TEXT SEARCH DICTIONARY",
     .class = SQL_DDL,
     .why = ""},
    {.node = "CreateFdwStmt", .title = "CREATE FOREIGN DATA WRAPPER", .class = SQL_DDL, .why = ""},
    {.node = "AlterFdwStmt", .title = "ALTER FOREIGN DATA WRAPPER", .class = SQL_DDL, .why = ""},
    {.node = "CreateForeignServerStmt", .title = "CREATE SERVER", .class = SQL_DDL, .why = ""},
    {.node = "AlterForeignServerStmt", .title = "ALTER SERVER", .class = SQL_DDL, .why = ""},
    {.node = "CreateForeignTableStmt",
     .title = "CREATE FOREIGN TABLE",
     .class = SQL_DDL,
     .why = ""},
    {.node = "ImportForeignSchemaStmt",
     .title = "IMPORT FOREIGN SCHEMA",
     .class = SQL_DDL,
     .why = ""},
    {.node = "CreateUserMappingStmt", .title = "CREATE USER MAPPING", .class = SQL_DDL, .why = ""},
    {.node = "AlterUserMappingStmt", .title = "ALTER USER MAPPING", .class = SQL_DDL, .why = ""},
    {.node = "DropUserMappingStmt", .title = "DROP USER MAPPING", .class = SQL_DDL, .why = ""},
};

static const char *const CLASS_NAMES[SQL_CLASSES] = {
    [SQL_READ] = "read",       [SQL_WRITE] = "write",     [SQL_DDL] = "ddl",
    [SQL_OUTSIDE] = "outside", [SQL_REFUSED] = "refused", [SQL_UNKNOWN] = "unknown",
};

const char *sql_rule_class_name(SqlClass class)
{
    return CLASS_NAMES[class];
}

const SqlRule *sql_rule(size_t i)
{
    return i < COUNT_OF(RULES) ? &RULES[i] : NULL;
}

static const SqlRule *rule_for(const char *node, const SqlFacts *facts)
{
    const SqlRule *plain = NULL;
    for (size_t i = 0; i < COUNT_OF(RULES); i++) {
        if (strcmp(RULES[i].node, node) != 0)
            continue;
        if (RULES[i].applies == NULL)
            plain = &RULES[i];
        else if (RULES[i].applies(facts))
            return &RULES[i];
    }
    return plain;
}

const SqlRule *sql_rule_find(const SqlFacts *facts)
{
    const SqlRule *any = rule_for("*", facts);
    return any != NULL ? any : rule_for(facts->node, facts);
}
