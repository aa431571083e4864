/* The commands of ALTER TABLE, on tables that the application uses. */
#include "sql/lint_walk.h"

#include "sql/tree.h"
#include "sql/volatile.h"

#include <string.h>

typedef struct Alter {
    SqlLintWalk *walk;
    const json_t *relation;
    const char *table;
    const json_t *command;
} Alter;

typedef void See(const Alter *alter);

static const char *name_of(const Alter *alter)
{
    return json_get_string(alter->command, "name", "");
}

static void add(const Alter *alter, SqlLint lint, const json_t *at, const char *what)
{
    sql_lint_add(alter->walk, lint, at, what);
}

static const char *say(const Alter *alter, const char *what, const char *column)
{
    return arena_printf(alter->walk->arena, "%s %s.%s", what, alter->table, column);
}

/* ------------------------------------------------------------------ columns */

static bool is_serial(const json_t *column)
{
    const char *type = sql_tree_type(json_object_get(column, "typeName"));
    return strstr(type, "serial") == type || strstr(type, "bigserial") == type ||
           strstr(type, "smallserial") == type;
}

static bool computed(const json_t *column)
{
    const json_t *constraints = json_object_get(column, "constraints");
    const json_t *given = sql_tree_constraint(constraints, "CONSTR_DEFAULT");
    return is_serial(column) || sql_tree_constraint(constraints, "CONSTR_IDENTITY") != NULL ||
           sql_tree_constraint(constraints, "CONSTR_GENERATED") != NULL ||
           (given != NULL && sql_volatile_default(given));
}

static void see_add_column(const Alter *alter)
{
    const json_t *column = json_object_get(json_object_get(alter->command, "def"), "ColumnDef");
    const json_t *constraints = json_object_get(column, "constraints");
    const char *name = json_get_string(column, "colname", "");
    bool key = sql_tree_constraint(constraints, "CONSTR_PRIMARY") != NULL;
    bool filled = computed(column) || sql_tree_constraint(constraints, "CONSTR_DEFAULT") != NULL;
    const json_t *not_null = sql_tree_constraint(constraints, "CONSTR_NOTNULL");
    if (computed(column))
        add(alter, SQL_LINT_ADD_REWRITES, column, say(alter, "ADD COLUMN", name));
    if ((not_null != NULL || key) && !filled)
        add(alter, SQL_LINT_ADD_NOT_NULL, column, say(alter, "ADD COLUMN", name));
    if (key || sql_tree_constraint(constraints, "CONSTR_UNIQUE") != NULL)
        add(alter, SQL_LINT_UNIQUE_BLOCKS, column, say(alter, "ADD COLUMN", name));
    /* without a default all rows have NULL, and PostgreSQL checks none of them */
    if (filled && sql_tree_constraint(constraints, "CONSTR_FOREIGN") != NULL)
        add(alter, SQL_LINT_FOREIGN_KEY_SCAN, column, say(alter, "ADD COLUMN", name));
    if (sql_tree_constraint(constraints, "CONSTR_CHECK") != NULL)
        add(alter, SQL_LINT_CHECK_SCAN, column, say(alter, "ADD COLUMN", name));
}

static void see_type(const Alter *alter)
{
    add(alter, SQL_LINT_TYPE_REWRITES, NULL,
        arena_printf(alter->walk->arena, "%s to %s", say(alter, "TYPE of", name_of(alter)),
                     sql_tree_type(json_object_get(
                         json_object_get(json_object_get(alter->command, "def"), "ColumnDef"),
                         "typeName"))));
}

static bool kept_from_null(const Alter *alter)
{
    const SqlLintMemory *memory = alter->walk->memory;
    const char *table = json_get_string(alter->relation, "relname", "");
    for (size_t i = 0; i < memory->checks_count; i++) {
        const SqlLintCheck *check = &memory->checks[i];
        if (check->valid && strcmp(check->table, table) == 0 &&
            (check->column == NULL || strcmp(check->column, name_of(alter)) == 0))
            return true;
    }
    return false;
}

static void see_not_null(const Alter *alter)
{
    if (!kept_from_null(alter))
        add(alter, SQL_LINT_NOT_NULL_SCAN, NULL, say(alter, "SET NOT NULL of", name_of(alter)));
}

static void see_drop_not_null(const Alter *alter)
{
    add(alter, SQL_LINT_DROP_NOT_NULL, NULL, say(alter, "DROP NOT NULL of", name_of(alter)));
}

/* ------------------------------------------------------------------ constraints */

/* The column of CHECK (column IS NOT NULL), else NULL. */
static const char *not_null_column(const json_t *check)
{
    const json_t *test = json_object_get(json_object_get(check, "raw_expr"), "NullTest");
    const json_t *column = json_object_get(json_object_get(test, "arg"), "ColumnRef");
    return column != NULL && text_equal(json_get_string(test, "nulltesttype", ""), "IS_NOT_NULL")
               ? sql_tree_last(json_object_get(column, "fields"))
               : NULL;
}

static SqlLintCheck *new_check(const Alter *alter)
{
    SqlLintMemory *memory = alter->walk->memory;
    if (memory->checks_count == memory->checks_room) {
        memory->checks_room = memory->checks_room == 0 ? 16 : memory->checks_room * 2;
        SqlLintCheck *more = arena_alloc(memory->made.arena, memory->checks_room * sizeof(*more));
        if (memory->checks_count > 0)
            memcpy(more, memory->checks, memory->checks_count * sizeof(*more));
        memory->checks = more;
    }
    SqlLintCheck *check = &memory->checks[memory->checks_count++];
    *check = (SqlLintCheck){
        .table = arena_strdup(memory->made.arena, json_get_string(alter->relation, "relname", ""))};
    return check;
}

static void remember_check(const Alter *alter, const json_t *constraint)
{
    if (not_null_column(constraint) == NULL)
        return;
    Arena *arena = alter->walk->memory->made.arena;
    SqlLintCheck *check = new_check(alter);
    check->constraint = arena_strdup(arena, json_get_string(constraint, "conname", NULL));
    check->column = arena_strdup(arena, not_null_column(constraint));
    check->valid = !json_get_bool(constraint, "skip_validation", false);
}

static const struct {
    const char *contype;
    const char *word;
    SqlLint lint;
    bool may_wait; /* NOT VALID, or USING INDEX, makes it harmless */
} CONSTRAINTS[] = {
    {"CONSTR_CHECK", "CHECK", SQL_LINT_CHECK_SCAN, true},
    {"CONSTR_FOREIGN", "FOREIGN KEY", SQL_LINT_FOREIGN_KEY_SCAN, true},
    {"CONSTR_UNIQUE", "UNIQUE", SQL_LINT_UNIQUE_BLOCKS, true},
    {"CONSTR_PRIMARY", "PRIMARY KEY", SQL_LINT_UNIQUE_BLOCKS, true},
    {"CONSTR_EXCLUSION", "EXCLUDE", SQL_LINT_EXCLUSION_BLOCKS, false},
};

static void see_add_constraint(const Alter *alter)
{
    const json_t *constraint =
        json_object_get(json_object_get(alter->command, "def"), "Constraint");
    const char *contype = json_get_string(constraint, "contype", "");
    bool later = json_get_bool(constraint, "skip_validation", false);
    bool made = later || json_get_string(constraint, "indexname", NULL) != NULL;
    SqlObject object = {.kind = SQL_OBJECT_CONSTRAINT,
                        .table = json_get_string(alter->relation, "relname", ""),
                        .name = json_get_string(constraint, "conname", "")};
    if (later)
        sql_objects_add(&alter->walk->pending, &object);
    for (size_t i = 0; i < COUNT_OF(CONSTRAINTS); i++) {
        if (text_equal(contype, CONSTRAINTS[i].contype) && !(made && CONSTRAINTS[i].may_wait))
            add(alter, CONSTRAINTS[i].lint, constraint,
                arena_printf(alter->walk->arena, "%s added to %s", CONSTRAINTS[i].word,
                             alter->table));
    }
}

static void see_validate(const Alter *alter)
{
    SqlObject object = {.kind = SQL_OBJECT_CONSTRAINT,
                        .table = json_get_string(alter->relation, "relname", ""),
                        .name = name_of(alter)};
    if (sql_objects_find(&alter->walk->pending, &object) != NULL)
        add(alter, SQL_LINT_VALIDATE_AT_ONCE, NULL,
            say(alter, "VALIDATE CONSTRAINT of", name_of(alter)));
}

/* ------------------------------------------------------------------ the table as a whole */

static void see_rewrite(const Alter *alter)
{
    static const struct {
        const char *subtype;
        const char *word;
    } WORDS[] = {{"AT_SetLogged", "SET LOGGED"},
                 {"AT_SetUnLogged", "SET UNLOGGED"},
                 {"AT_SetTableSpace", "SET TABLESPACE"},
                 {"AT_SetAccessMethod", "SET ACCESS METHOD"}};
    for (size_t i = 0; i < COUNT_OF(WORDS); i++) {
        if (text_equal(json_get_string(alter->command, "subtype", ""), WORDS[i].subtype))
            add(alter, SQL_LINT_TABLE_REWRITES, NULL,
                arena_printf(alter->walk->arena, "%s of %s", WORDS[i].word, alter->table));
    }
}

static void see_detach(const Alter *alter)
{
    const json_t *partition =
        json_object_get(json_object_get(alter->command, "def"), "PartitionCmd");
    if (!json_get_bool(partition, "concurrent", false))
        add(alter, SQL_LINT_DETACH_BLOCKS, NULL,
            arena_printf(alter->walk->arena, "DETACH PARTITION of %s", alter->table));
}

static const struct {
    const char *subtype;
    See *see;
} COMMANDS[] = {
    {"AT_AddColumn", see_add_column},
    {"AT_AlterColumnType", see_type},
    {"AT_SetNotNull", see_not_null},
    {"AT_DropNotNull", see_drop_not_null},
    {"AT_AddConstraint", see_add_constraint},
    {"AT_ValidateConstraint", see_validate},
    {"AT_SetLogged", see_rewrite},
    {"AT_SetUnLogged", see_rewrite},
    {"AT_SetTableSpace", see_rewrite},
    {"AT_SetAccessMethod", see_rewrite},
    {"AT_DetachPartition", see_detach},
};

/* What is true of the rows after the command, whoever uses the table. */
static void remember(const Alter *alter)
{
    const char *subtype = json_get_string(alter->command, "subtype", "");
    SqlLintMemory *memory = alter->walk->memory;
    const char *table = json_get_string(alter->relation, "relname", "");
    if (text_equal(subtype, "AT_AddConstraint"))
        remember_check(alter,
                       json_object_get(json_object_get(alter->command, "def"), "Constraint"));
    if (!text_equal(subtype, "AT_ValidateConstraint"))
        return;
    bool known = false;
    for (size_t i = 0; i < memory->checks_count; i++) {
        SqlLintCheck *check = &memory->checks[i];
        if (!text_equal(check->constraint, name_of(alter)) || strcmp(check->table, table) != 0)
            continue;
        check->valid = true;
        known = true;
    }
    SqlObject object = {.kind = SQL_OBJECT_CONSTRAINT, .table = table, .name = name_of(alter)};
    if (known || sql_objects_find(&memory->made, &object) != NULL)
        return;
    /* added before this plan: it may keep any column from being NULL */
    SqlLintCheck *check = new_check(alter);
    check->constraint = arena_strdup(memory->made.arena, name_of(alter));
    check->valid = true;
}

void sql_lint_alter(SqlLintWalk *walk, const json_t *body)
{
    const json_t *relation = json_object_get(body, "relation");
    bool table = text_equal(json_get_string(body, "objtype", ""), "OBJECT_TABLE");
    bool in_use = table && sql_lint_in_use(walk, relation);
    SqlObject locked = sql_lint_table(relation);
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(body, "cmds"), i, item) {
        const json_t *command = json_object_get(item, "AlterTableCmd");
        const char *subtype = json_get_string(command, "subtype", "");
        Alter alter = {.walk = walk,
                       .relation = relation,
                       .table = sql_lint_name(walk, relation),
                       .command = command};
        for (size_t c = 0; in_use && c < COUNT_OF(COMMANDS); c++) {
            if (text_equal(subtype, COMMANDS[c].subtype))
                COMMANDS[c].see(&alter);
        }
        if (!walk->text->down)
            remember(&alter);
        if (in_use && !text_equal(subtype, "AT_ValidateConstraint"))
            sql_objects_add(&walk->locked, &locked);
    }
}
