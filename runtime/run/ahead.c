/* Two places: the step at work, and the one behind it. A plan's SQL never changes in a run, so the
 * node is key enough. */
#include "run/ahead.h"

#include "run/kind.h"

#include <stdlib.h>
#include <string.h>

/* More would hold up the loop, and with it the answer that is waited for and the look at the lock
 * queue: 16 KiB are some milliseconds. */
enum { AHEAD_BYTES = 16 * 1024 };

static RunSql *sql_read(const PlanNode *step)
{
    RunSql *sql = base_alloc(sizeof(*sql));
    const char *up = plan_sql(step, "up");
    const char *down = plan_sql(step, "down");
    *sql = (RunSql){.arena = arena_new(), .node = step};
    sql->dropped.arena = sql->arena;
    sql->allowed = run_kind_step_check(step, "up", &sql->outside, &sql->refused);
    sql->split =
        up != NULL && sql_split(sql->arena, up, &sql->statements, &sql->count, &sql->unsplit);
    if (down != NULL)
        sql_columns_dropped(down, &sql->dropped);
    run_own_names(sql->arena, &sql->dropped, NULL, &sql->dropped_names);
    return sql;
}

static void sql_free(RunSql *sql)
{
    if (sql == NULL)
        return;
    arena_free(sql->arena);
    free(sql);
}

const RunSql *run_ahead_read(Run *run, const PlanNode *step)
{
    if (run->sql != NULL && run->sql->node == step)
        return run->sql;
    sql_free(run->sql);
    run->sql = run->sql_next;
    run->sql_next = NULL;
    if (run->sql != NULL && run->sql->node == step)
        return run->sql;
    sql_free(run->sql);
    run->sql = sql_read(step);
    return run->sql;
}

static const PlanNode *step_behind(const Run *run, const PlanNode *step)
{
    for (size_t i = step->index + 1; i < run->plan->nodes_count; i++) {
        if (run->plan->nodes[i]->kind == PLAN_STEP)
            return run->plan->nodes[i];
    }
    return NULL;
}

static size_t sql_bytes(const PlanNode *step, const char *key)
{
    const char *text = plan_sql(step, key);
    return text == NULL ? 0 : strlen(text);
}

static void ahead_main(void *arg)
{
    Run *run = arg;
    const PlanNode *next = step_behind(run, run->sql->node);
    if (next != NULL && run->sql_next == NULL &&
        sql_bytes(next, "up") + sql_bytes(next, "down") <= AHEAD_BYTES)
        run->sql_next = sql_read(next);
    run->reads_ahead = false;
    fiber_event_broadcast(&run->read_ahead);
}

void run_ahead_start(Run *run, const PlanNode *step)
{
    if (run->reads_ahead || run->sql_next != NULL || run->sql == NULL || run->sql->node != step)
        return;
    run->reads_ahead = true;
    fiber_start(run->loop, "read ahead", ahead_main, run);
}

void run_ahead_done(Run *run)
{
    bool shielded = fiber_shield(true);
    while (run->reads_ahead)
        fiber_event_wait(&run->read_ahead, -1);
    fiber_shield(shielded);
    sql_free(run->sql);
    sql_free(run->sql_next);
    run->sql = NULL;
    run->sql_next = NULL;
}
