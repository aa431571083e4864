/* Walks the changes of state once, in their order: steps of a run follow each other. */
#include "run/spent.h"

#include "run/state.h"

typedef struct Walk {
    const Plan *plan;
    Spent *spent;
    StepState *states;        /* by node */
    int64_t *begun_at_us;     /* by node: since when it works; -1 = it does not */
    int64_t before_us;        /* the change before this one */
    int64_t down_since_us;    /* -1 = the application is not stopped */
    int64_t back_since_us;    /* -1 = not rolling back */
    int64_t forward_since_us; /* -1 = not begun, or over */
    bool back;
    bool ended;
    size_t *phases; /* those marked downtime */
    size_t phases_count;
} Walk;

static void add(int64_t *sum, int64_t more)
{
    *sum = (*sum < 0 ? 0 : *sum) + (more < 0 ? 0 : more);
}

/* ------------------------------------------------------------------ downtime */

static bool begun(StepState state)
{
    return state != STEP_PENDING;
}

static bool stands_in(const PlanNode *phase, const PlanNode *node)
{
    while (node != NULL && node != phase)
        node = node->parent;
    return node == phase;
}

static bool stops_application(const PlanNode *node)
{
    while (node != NULL && !plan_bool(node, "downtime"))
        node = node->parent;
    return node != NULL;
}

/* Begun and not over: forward until all of it is done, back from its first undo until none of it is
 * left. was: was it so before the run turned? */
static bool phase_is_down(const Walk *walk, const PlanNode *phase, bool was)
{
    const Plan *plan = walk->plan;
    bool any = false;
    bool all = true;
    bool left = false;
    bool undoing = false;
    /* the nodes of a phase follow it */
    for (size_t i = phase->index + 1; i < plan->nodes_count && stands_in(phase, plan->nodes[i]);
         i++) {
        StepState state = walk->states[i];
        bool undone = state == STEP_UNDONE || state == STEP_SKIPPED;
        if (plan_groups(plan->nodes[i]))
            continue;
        any = any || begun(state);
        all = all && (state == STEP_DONE || state == STEP_SKIPPED);
        left = left || (begun(state) && !undone && plan_mutates(plan->nodes[i]));
        undoing =
            undoing || state == STEP_UNDOING || state == STEP_UNDO_FAILED || state == STEP_UNDONE;
    }
    return walk->back ? left && (undoing || was) : any && !all;
}

static void look_at_downtime(Walk *walk, int64_t at_us)
{
    bool was = walk->down_since_us >= 0;
    bool down = false;
    for (size_t i = 0; i < walk->phases_count && !down && !walk->ended; i++)
        down = phase_is_down(walk, walk->plan->nodes[walk->phases[i]], was);
    if (down && !was)
        walk->down_since_us = at_us;
    if (!down && was) {
        add(&walk->spent->downtime_us, at_us - walk->down_since_us);
        walk->down_since_us = -1;
    }
}

/* ------------------------------------------------------------------ changes */

static void move_run(Walk *walk, RunState to, int64_t at_us)
{
    Spent *spent = walk->spent;
    bool ended = run_state_rest(to) == RUN_ENDED;
    walk->ended = ended;
    if (to == RUN_ROLLING_BACK && walk->back_since_us < 0) {
        walk->back = true;
        walk->back_since_us = at_us;
        if (walk->forward_since_us >= 0)
            add(&spent->duration_us, at_us - walk->forward_since_us);
        walk->forward_since_us = -1;
    } else if (ended && walk->back_since_us >= 0) {
        add(&spent->rollback_us, at_us - walk->back_since_us);
        walk->back_since_us = -1;
    } else if (ended && walk->forward_since_us >= 0) {
        add(&spent->duration_us, at_us - walk->forward_since_us);
        walk->forward_since_us = -1;
    } else if (!ended && !walk->back && walk->forward_since_us < 0) {
        walk->forward_since_us = at_us;
    }
}

static bool works(StepState state)
{
    return state == STEP_RUNNING || state == STEP_INTENT || state == STEP_UNDOING;
}

static void move_node(Walk *walk, const PlanNode *node, StepState to, int64_t at_us)
{
    SpentNode *spent = &walk->spent->nodes[node->index];
    int64_t *begun_at = &walk->begun_at_us[node->index];
    walk->states[node->index] = to;
    if (works(to)) {
        *begun_at = *begun_at < 0 ? at_us : *begun_at;
        return;
    }
    bool back = to == STEP_UNDONE || to == STEP_UNDO_FAILED;
    add(back ? &spent->back_us : &spent->forward_us, at_us - *begun_at);
    *begun_at = -1;
}

/* What began and ended in one transaction told only its end: it has worked since the change before
 * it. */
static void begin_untold(Walk *walk, const PlanNode *node, StepState to)
{
    bool back = to == STEP_UNDONE || to == STEP_UNDO_FAILED;
    if (works(to) || walk->begun_at_us[node->index] >= 0)
        return;
    walk->begun_at_us[node->index] = walk->before_us;
    walk->states[node->index] = back ? STEP_UNDOING : STEP_RUNNING;
    if (stops_application(node))
        look_at_downtime(walk, walk->before_us);
}

static void close_all(Walk *walk, int64_t now_us)
{
    Spent *spent = walk->spent;
    if (walk->down_since_us >= 0)
        add(&spent->downtime_us, now_us - walk->down_since_us);
    if (walk->back_since_us >= 0)
        add(&spent->rollback_us, now_us - walk->back_since_us);
    if (walk->forward_since_us >= 0)
        add(&spent->duration_us, now_us - walk->forward_since_us);
}

/* A rollout takes its own time, its stages in it; every other holder has the sum. */
static void sum_up(const Plan *plan, Spent *spent)
{
    for (size_t i = plan->nodes_count; i-- > 1;) {
        const PlanNode *node = plan->nodes[i];
        const PlanNode *parent = node->parent;
        if (!plan_groups(parent))
            continue;
        SpentNode *whole = &spent->nodes[parent->index];
        if (spent->nodes[i].forward_us >= 0)
            add(&whole->forward_us, spent->nodes[i].forward_us);
        if (spent->nodes[i].back_us >= 0)
            add(&whole->back_us, spent->nodes[i].back_us);
    }
}

static void walk_moves(Walk *walk, const json_t *moves)
{
    size_t i = 0;
    json_t *move = NULL;
    json_array_foreach ((json_t *)(uintptr_t)moves, i, move) {
        const char *path = json_get_string(move, "node", NULL);
        const char *to = json_get_string(move, "to", "");
        int64_t at_us = json_get_int(move, "at_us", 0);
        const PlanNode *node = text_empty(path) ? NULL : plan_find(walk->plan, path);
        if (node != NULL && step_state_parse(to) < STEP_STATES) {
            begin_untold(walk, node, step_state_parse(to));
            move_node(walk, node, step_state_parse(to), at_us);
        } else if (path == NULL && run_state_parse(to) < RUN_STATES) {
            move_run(walk, run_state_parse(to), at_us);
        }
        if (node == NULL || stops_application(node))
            look_at_downtime(walk, at_us);
        walk->before_us = at_us;
    }
}

Spent run_spent(Arena *arena, const Plan *plan, const json_t *moves, int64_t now_us)
{
    size_t count = plan->nodes_count;
    Spent spent = {.nodes = arena_alloc(arena, count * sizeof(SpentNode)), .rollback_us = -1};
    Walk walk = {.plan = plan,
                 .spent = &spent,
                 .states = arena_alloc(arena, count * sizeof(StepState)),
                 .begun_at_us = arena_alloc(arena, count * sizeof(int64_t)),
                 .phases = arena_alloc(arena, count * sizeof(size_t)),
                 .before_us = json_get_int(json_array_get(moves, 0), "at_us", now_us),
                 .down_since_us = -1,
                 .back_since_us = -1,
                 .forward_since_us = -1};
    for (size_t i = 0; i < count; i++) {
        walk.states[i] = STEP_PENDING;
        walk.begun_at_us[i] = -1;
        spent.nodes[i] = (SpentNode){-1, -1};
        if (plan->nodes[i]->kind == PLAN_PHASE && plan_bool(plan->nodes[i], "downtime"))
            walk.phases[walk.phases_count++] = i;
    }
    walk_moves(&walk, moves);
    close_all(&walk, now_us);
    sum_up(plan, &spent);
    return spent;
}
