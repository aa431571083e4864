/* Questions to the catalog, against what the plan makes. */
#include "run/lint_walk.h"

#include "sql/look.h"

#include <inttypes.h>
#include <string.h>

/* Those of the made objects that a catalog lists, in one of these schemas when any of them is one.
 */
static size_t made_of(const RunLintWalk *walk, const SqlLook *look, SqlObject *ret,
                      const char **ret_schema)
{
    size_t count = 0;
    *ret_schema = NULL;
    for (size_t i = 0; i < walk->memory.made.count; i++) {
        for (size_t o = 0; o < look->others_count && walk->memory.made.items[i].schema != NULL;
             o++) {
            if (strcmp(look->others[o], walk->memory.made.items[i].schema) == 0)
                *ret_schema = look->others[o];
        }
    }
    for (size_t i = 0; i < walk->memory.made.count; i++) {
        const SqlObject *object = &walk->memory.made.items[i];
        bool here = *ret_schema == NULL ||
                    (object->schema != NULL && strcmp(object->schema, *ret_schema) == 0);
        if (object->kind == look->kind && here)
            ret[count++] = *object;
    }
    return count;
}

static void lint_pattern(RunLintWalk *walk, const char *key, const SqlLook *look,
                         const SqlObject *made, size_t count)
{
    SqlObject *missed = arena_alloc(walk->arena, (count + 1) * sizeof(*missed));
    size_t missed_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!sql_look_matches(look, made[i].name))
            missed[missed_count++] = made[i];
    }
    const char *kind = sql_object_kind_name(look->kind);
    const char *what = arena_printf(walk->arena, "LIKE '%s'", look->pattern);
    if (missed_count > 0)
        what = arena_printf(walk->arena, "%s sees %zu of the %zu %ss that the plan makes, not %s",
                            what, count - missed_count, count, kind,
                            run_lint_names(walk->arena, missed, missed_count, false));
    run_lint_say(walk, key, sql_lint_rule(SQL_LINT_NAME_PATTERN), 0, what);
}

/* What the value must be at least, or 0 when nothing says so. */
static int64_t wanted(const PlanNode *node, bool *ret_exact)
{
    const json_t *exact = json_object_get(node->keys, "equals");
    const json_t *least = json_object_get(node->keys, "at_least");
    *ret_exact = json_is_integer(exact);
    const json_t *number = *ret_exact ? exact : least;
    return json_is_number(number) ? (int64_t)json_number_value(number) : 0;
}

static void lint_number(RunLintWalk *walk, const char *key, const SqlLook *look, size_t count,
                        const char *schema)
{
    bool exact = false;
    int64_t number = wanted(walk->node, &exact);
    const char *kind = sql_object_kind_name(look->kind);
    if (number > 0 && (size_t)number > look->names_count && look->names_count > 0)
        run_lint_say(walk, key, sql_lint_rule(SQL_LINT_NAME_NUMBER), 0,
                     arena_printf(walk->arena,
                                  "%" PRId64 " are asked for, and the query names %zu: %s", number,
                                  look->names_count, look->names[0]));
    else if (number > 0 && look->names_count == 0 && schema != NULL && count > 0 &&
             (exact ? (size_t)number != count : (size_t)number > count))
        run_lint_say(walk, key, sql_lint_rule(SQL_LINT_NAME_NUMBER), 0,
                     arena_printf(walk->arena,
                                  "%" PRId64 " are asked for, and the plan makes %zu %ss in %s",
                                  number, count, kind, schema));
}

void run_lint_look(RunLintWalk *walk, const char *key)
{
    SqlLook look;
    const char *schema = NULL;
    if (plan_sql(walk->node, key) == NULL ||
        !sql_look(walk->arena, plan_sql(walk->node, key), &look))
        return;
    SqlObject *made = arena_alloc(walk->arena, (walk->memory.made.count + 1) * sizeof(*made));
    size_t count = made_of(walk, &look, made, &schema);
    if (look.pattern != NULL)
        lint_pattern(walk, key, &look, made, count);
    else
        lint_number(walk, key, &look, count, schema);
}
