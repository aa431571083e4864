/* allow = { rule = "reason" }: names that are rules, and that something needs. */
#include "run/lint_walk.h"

#include "base/suggest.h"

static bool is_rule(const char *name, Suggest *suggest)
{
    const SqlLintRule *rule = NULL;
    for (size_t i = 0; (rule = run_lint_rule_at(i)) != NULL; i++) {
        if (text_equal(rule->name, name))
            return true;
        suggest_offer(suggest, rule->name);
    }
    return false;
}

/* Only the database knows what is missing. */
static bool is_asked(const RunLintWalk *walk, const char *name)
{
    return walk->exists != NULL || !text_equal(name, run_lint_rule(RUN_LINT_MISSING_OBJECT)->name);
}

void run_lint_allow(RunLintWalk *walk)
{
    for (size_t i = 0; i < walk->plan->nodes_count; i++) {
        const char *name = NULL;
        json_t *reason = NULL;
        walk->node = walk->plan->nodes[i];
        json_object_foreach (json_object_get(walk->node->keys, "allow"), name, reason) {
            Suggest suggest;
            suggest_init(&suggest, name);
            const char *key = arena_printf(walk->arena, "%s/%s", walk->node->path, name);
            if (!is_rule(name, &suggest))
                run_lint_say(walk, "allow", run_lint_rule(RUN_LINT_ALLOW_UNKNOWN), 0,
                             arena_printf(walk->arena, "allow = { %s = ... }%s%s%s", name,
                                          suggest.best == NULL ? "" : " (did you mean ",
                                          suggest.best == NULL ? "" : suggest.best,
                                          suggest.best == NULL ? "" : "?)"));
            else if (json_object_get(walk->used, key) == NULL && is_asked(walk, name))
                run_lint_say(walk, "allow", run_lint_rule(RUN_LINT_ALLOW_UNUSED), 0,
                             arena_printf(walk->arena, "allow = { %s = ... }", name));
        }
    }
}
