/* Statements that no transaction may hold: intent, act, done. */
#include "run/outside.h"

#include "sql/split.h"

static bool act_outside(Run *run, const PlanNode *node, const char *key, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlStatement *statements = NULL;
    size_t count = 0;
    DbConn *conn = NULL;
    if (!sql_split(arena, plan_sql(node, key), &statements, &count, err) ||
        !run_connect(run, run->options.target, false, &conn, err))
        return false;
    bool ok = db_exec(conn, "SET lock_timeout = 0; SET statement_timeout = 0", NULL, NULL, err) &&
              db_query(conn, "SELECT pg_catalog.set_config('search_path', $1, false)",
                       DB_PARAMS(run->search_path), NULL, err);
    for (size_t i = 0; ok && i < count; i++) {
        ok = db_exec(conn, statements[i].text, NULL, NULL, err);
        if (!ok)
            error_wrap(err, "%s:%d", node->at.file, statements[i].line);
    }
    db_close(conn);
    return ok;
}

bool run_outside_forward(Run *run, const PlanNode *node, Error *err)
{
    if (run_step_state(run, node) == STEP_INTENT) {
        error_set(
            err, ERROR_REFUSED,
            "the runner died while \"%s\" ran outside a transaction: look whether it happened",
            node->name);
        return error_hint(err, "headgate retry does it again, headgate rollback takes it back");
    }
    return run_step_apply(run, node, STEP_EVENT_INTEND, NULL, NULL, err) &&
           act_outside(run, node, "up", err) &&
           run_step_apply(run, node, STEP_EVENT_FINISH, NULL, NULL, err);
}

bool run_outside_back(Run *run, const PlanNode *node, Error *err)
{
    return run_step_apply(run, node, STEP_EVENT_UNDO, NULL, NULL, err) &&
           act_outside(run, node, "down", err) &&
           run_step_apply(run, node, STEP_EVENT_UNDO_FINISH, NULL, NULL, err);
}
