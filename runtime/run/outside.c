/* The loop over statements, and over one statement until it is done or gone. */
#include "run/outside.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"
#include "db/sql.h"
#include "db/sqlstate.h"
#include "ledger/fence.h"
#include "run/kind.h"
#include "run/probe.h"
#include "run/watchdog.h"
#include "sql/split.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 5, LOCK_PAUSE_MIN_MS = 200, LOCK_PAUSE_MAX_MS = 2000 };

typedef struct Work {
    Run *run;
    const PlanNode *node;
    const char *key; /* up or down */
    bool back;
    Arena *arena;
    DbConn *act;
    RunWatchdog watchdog;
    json_t *detail;  /* ours, until it is written */
    json_t *records; /* of the statements of key; borrowed from detail */
    int count;
} Work;

/* One statement on its way. */
typedef struct Turn {
    const SqlStatement *statement; /* NULL: made by us, probing says what to run */
    SqlOutside outside;
    json_t *record; /* borrowed from the records */
    bool acted;
    bool collided;
    int tries;
    int64_t until_us; /* how long locks are asked for */
    Error why;        /* why it is given up, once what is half there is ended */
} Turn;

/* ------------------------------------------------------------------ records */

static const char *records_key(bool back)
{
    return back ? "undo" : "statements";
}

static bool begun(const json_t *record)
{
    return text_equal(json_get_string(record, "state", ""), "intent");
}

/* The fence is checked with it: a runner that was replaced begins nothing more. */
static bool put(Work *work, Turn *turn, const char *state, Error *err)
{
    json_set_string(turn->record, "state", state);
    AUTO(json_auto) json_t *detail = json_deep_copy(work->detail);
    return run_step_apply(work->run, work->node, work->back ? STEP_EVENT_UNDO : STEP_EVENT_INTEND,
                          detail, NULL, err);
}

static json_t *record_of(Work *work, int number, const SqlStatement *statement,
                         const SqlOutside *outside)
{
    json_t *record = json_array_get(work->records, (size_t)number - 1);
    if (record != NULL)
        return record;
    record = json_object();
    json_set_int(record, "number", number);
    if (statement != NULL)
        json_set_int(record, "line", statement->line);
    json_set_string(record, "kind", sql_outside_name(outside->kind));
    json_set_string(record, "state", "pending");
    json_array_append_new(work->records, record);
    return record;
}

/* ------------------------------------------------------------------ sessions */

static bool session_open(Work *work, Error *err)
{
    const ConfigTarget *target = work->run->options.target;
    ConfigTarget patient = *target;
    patient.lock_timeout_ms = -1;
    patient.statement_timeout_ms = -1;
    if (!run_connect(work->run, &patient, false, &work->act, err))
        return false;
    return db_query(work->act, db_sql("outside_session"),
                    DB_PARAMS(work->run->search_path, target->run_as), NULL, err) ||
           error_wrap(err, "preparing the session");
}

static void work_done(Work *work)
{
    db_close(work->act);
    run_watchdog_done(&work->watchdog);
    json_decref(work->detail);
    arena_free(work->arena);
}

static bool must_end(const Error *err)
{
    return err->kind == ERROR_UNREACHABLE || err->kind == ERROR_FENCED;
}

static void work_begin(Work *work, Run *run, const PlanNode *node, bool back)
{
    const ConfigTarget *target = run->options.target;
    const json_t *before = json_object_get(run_step_row(run, node->path), "detail");
    *work = (Work){.run = run,
                   .node = node,
                   .key = back ? "down" : "up",
                   .back = back,
                   .arena = arena_new(),
                   .detail = before == NULL ? json_object() : json_deep_copy(before)};
    work->records = json_object_get(work->detail, records_key(back));
    if (work->records == NULL) {
        work->records = json_array();
        json_object_set_new(work->detail, records_key(back), work->records);
    }
    work->watchdog = (RunWatchdog){.run = run,
                                   .node = node,
                                   .limit_us = (target->outside_timeout_ms > 0
                                                    ? target->outside_timeout_ms
                                                    : (int64_t)BOUND_OUTSIDE_TIMEOUT_MS) *
                                               1000};
}

/* ------------------------------------------------------------------ orphans */

static bool orphans_of(Run *run, DbResult **ret_rows, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run->id);
    ledger_param_int(&params, run->epoch);
    return ledger_call(run->effects, "outside_orphans", &params, ret_rows, err) ||
           error_wrap(err, "looking for what the runner before left");
}

static bool end_orphans(Run *run, Error *err)
{
    return ledger_fence_end_backends(run->effects, run->id, run->epoch, LEDGER_FENCE_END, err);
}

/* A build goes on without its client: it is waited for, not begun again. Then its backend is ended,
 * because a runner that was only stopped could still use it. */
static bool adopt(Work *work, Turn *turn, Error *err)
{
    Run *run = work->run;
    for (;;) {
        AUTO(db_result_auto) DbResult *orphans = NULL;
        if (!orphans_of(run, &orphans, err))
            return false;
        bool building = db_rows(orphans) > 0 && db_bool(orphans, 0, 1);
        if (!building)
            return db_rows(orphans) == 0 || end_orphans(run, err);
        Error why = {0};
        if (run_watchdog_adopt(&work->watchdog, (int)db_int(orphans, 0, 0), &why))
            continue;
        turn->why = why;
        if (must_end(&why)) {
            *err = why;
            return false;
        }
        return end_orphans(run, err);
    }
}

/* ------------------------------------------------------------------ one statement */

static bool located(const Work *work, const Turn *turn, int position, Error *err)
{
    if (turn->statement == NULL)
        return false;
    return run_kind_sql_at(work->node, work->key, turn->statement, position, err);
}

/* Ended by somebody, a deadlock: the same again may work. */
static bool transient(const Error *err)
{
    return err->kind == ERROR_DATABASE &&
           (sqlstate_advice(err->sqlstate) == SQLSTATE_RETRY || text_equal(err->sqlstate, "57014"));
}

static bool collision(const Error *err)
{
    static const char *const STATES[] = {"42P07", "42710", "42P04"};
    for (size_t i = 0; i < COUNT_OF(STATES); i++) {
        if (text_equal(err->sqlstate, STATES[i]))
            return true;
    }
    return false;
}

/* What is half there is ended before requests are answered, so they do not cut this short. */
static bool pause_for_lock(Work *work, const Error *why, Error *err)
{
    run_log(work->run, work->node->path, "warn", "%s: trying again", why->message);
    return fiber_sleep(LOCK_PAUSE_MIN_MS + clock_random(LOCK_PAUSE_MAX_MS - LOCK_PAUSE_MIN_MS),
                       err);
}

/* After a statement has failed: goes on when it is worth another try, else keeps why. */
static bool failed(Work *work, Turn *turn, int position, const Error *problem, Error *err)
{
    if (must_end(problem)) {
        *err = *problem;
        return false;
    }
    if (turn->outside.blocks && text_equal(problem->sqlstate, "55P03") &&
        clock_monotonic_us() < turn->until_us) {
        turn->tries--;
        return pause_for_lock(work, problem, err);
    }
    turn->collided = collision(problem);
    if (transient(problem) && turn->tries < TRIES) {
        run_log(work->run, work->node->path, "warn", "try %d of %d: %s", turn->tries, TRIES,
                problem->message);
        return true;
    }
    turn->why = *problem;
    located(work, turn, position, &turn->why);
    if (text_equal(problem->sqlstate, "23505"))
        error_hint(&turn->why,
                   "settle the rows that are there more than once; then headgate retry %s",
                   work->run->id_text);
    return true;
}

static bool set_lock_timeout(Work *work, const Turn *turn, Error *err)
{
    int ms = work->run->options.target->lock_timeout_ms;
    char text[16] = "0";
    if (turn->outside.blocks)
        snprintf(text, sizeof(text), "%d", ms > 0 ? ms : (int)BOUND_LOCK_TIMEOUT_MS);
    return db_query(work->act, "SELECT pg_catalog.set_config('lock_timeout', $1, false)",
                    DB_PARAMS(text), NULL, err);
}

static bool act(Work *work, Turn *turn, const RunProbe *probe, Error *err)
{
    if (run_interrupted(work->run)) {
        run_stop_here(&turn->why);
        return begun(turn->record) || run_stop_here(err);
    }
    if (!begun(turn->record))
        json_object_update(turn->record, probe->facts);
    json_set_int(turn->record, "tries", ++turn->tries);
    if (!put(work, turn, "intent", err) || !set_lock_timeout(work, turn, err))
        return false;
    Error problem = {0};
    int position = 0;
    const char *sql = probe->instead != NULL ? probe->instead : turn->statement->text;
    turn->acted = run_watchdog_exec(&work->watchdog, work->act, sql, &position, &problem);
    return turn->acted || failed(work, turn, position, &problem, err);
}

static bool leftover_stays(const Turn *turn, const char *leftover, const Error *why, Error *err)
{
    *err = turn->why.kind == ERROR_NONE ? *why : turn->why;
    error_wrap(err, "%s could not be removed (%s)", leftover, why->message);
    return error_hint(err, "%s",
                      why->hint[0] != '\0' ? why->hint
                                           : "headgate retry, or headgate rollback, removes it");
}

/* Locks are asked for again until the limit; what somebody ended, TRIES times. */
static bool removal_again(Work *work, Turn *turn, int tries, const Error *problem)
{
    Error ignored = {0};
    if (!transient(problem))
        return false;
    if (!text_equal(problem->sqlstate, "55P03"))
        return tries < TRIES;
    return clock_monotonic_us() < turn->until_us + work->watchdog.limit_us &&
           pause_for_lock(work, problem, &ignored);
}

/* What our own intent names, and nothing else. Requests do not interrupt it. */
static bool remove_leftover(Work *work, Turn *turn, const RunProbe *probe, Error *err)
{
    Error problem = {0};
    bool removed = false;
    int position = 0;
    json_set_string(turn->record, "leftover", probe->leftover);
    work->watchdog.doing = arena_printf(work->arena, "removing %s", probe->leftover);
    work->watchdog.uninterruptible = true;
    for (int tries = 1; !removed; tries++) {
        problem = (Error){0};
        if (!put(work, turn, "intent", err) || !set_lock_timeout(work, turn, err))
            return false;
        removed =
            run_watchdog_exec(&work->watchdog, work->act, probe->removal, &position, &problem) ||
            text_equal(problem.sqlstate, "42704");
        if (!removed && !removal_again(work, turn, tries, &problem))
            break;
    }
    work->watchdog.doing = NULL;
    work->watchdog.uninterruptible = false;
    if (removed) {
        json_object_del(turn->record, "leftover");
        run_log(work->run, work->node->path, "warn", "%s was removed", probe->leftover);
        return true;
    }
    if (!must_end(&problem))
        return leftover_stays(turn, probe->leftover, &problem, err);
    *err = problem;
    return false;
}

static bool creates(const Turn *turn)
{
    switch (turn->outside.kind) {
    case SQL_OUTSIDE_CREATE_INDEX:
    case SQL_OUTSIDE_CREATE_DATABASE:
    case SQL_OUTSIDE_CREATE_TABLESPACE:
    case SQL_OUTSIDE_CREATE_SUBSCRIPTION:
        return true;
    default:
        return false;
    }
}

/* Nothing of it is there: it has not been begun, for the next try and for a rollback. */
static bool give_up(Work *work, Turn *turn, Error *err)
{
    if (creates(turn) && begun(turn->record) && !put(work, turn, "gone", err))
        return false;
    *err = turn->why;
    return false;
}

static bool refused(Work *work, Turn *turn, Error *err)
{
    Error why = *err;
    if (why.kind != ERROR_REFUSED || !begun(turn->record))
        return false;
    located(work, turn, 0, &why);
    bool unknown = turn->outside.kind == SQL_OUTSIDE_UNKNOWN;
    if ((turn->collided || unknown) && !put(work, turn, unknown ? "unknown" : "gone", err))
        return false;
    *err = why;
    return false;
}

static bool finish(Work *work, Turn *turn, const RunProbe *probe, Error *err)
{
    if (!begun(turn->record))
        json_object_update(turn->record, probe->facts);
    if (probe->note != NULL)
        run_log(work->run, work->node->path, "info", "%s", probe->note);
    if (probe->oid != NULL)
        json_set_string(turn->record, "oid", probe->oid);
    return put(work, turn, "done", err);
}

static bool turn_step(Work *work, Turn *turn, const RunProbe *probe, bool *ret_done, Error *err)
{
    switch (probe->verdict) {
    case RUN_PROBE_DONE:
        *ret_done = true;
        return finish(work, turn, probe, err) &&
               (turn->why.kind != ERROR_CANCELLED || run_stop_here(err));
    case RUN_PROBE_LEFTOVER:
        *ret_done = BUG("if_not_exists");
        if (*ret_done)
            return finish(work, turn, probe, err);
        return remove_leftover(work, turn, probe, err);
    case RUN_PROBE_ABSENT:
        break;
    }
    return turn->why.kind != ERROR_NONE ? give_up(work, turn, err) : act(work, turn, probe, err);
}

static bool treat(Work *work, Turn *turn, Error *err)
{
    bool done = false;
    turn->until_us = clock_monotonic_us() + work->watchdog.limit_us;
    while (!done) {
        RunProbeAsk ask = {.conn = work->act,
                           .outside = &turn->outside,
                           .intent = begun(turn->record) ? turn->record : NULL,
                           .ups = work->back ? json_object_get(work->detail, "statements") : NULL,
                           .back = work->back,
                           .acted = turn->acted,
                           .collided = turn->collided};
        RunProbe probe = {0};
        bool ok = run_probe(work->arena, &ask, &probe, err)
                      ? turn_step(work, turn, &probe, &done, err)
                      : refused(work, turn, err);
        json_decref(probe.facts);
        if (!ok)
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ all statements */

static bool run_statement(Work *work, int number, const SqlStatement *statement,
                          const SqlOutside *outside, Error *err)
{
    Turn turn = {.statement = statement, .outside = *outside};
    turn.record = record_of(work, number, statement, outside);
    int position = 0;
    if (outside->kind == SQL_OUTSIDE_SESSION)
        return db_exec(work->act, statement->text, NULL, &position, err) ||
               located(work, &turn, position, err);
    if (text_equal(json_get_string(turn.record, "state", ""), "done"))
        return true;
    work->watchdog.number = number;
    work->watchdog.count = work->count;
    work->watchdog.object = outside->object.name;
    if (begun(turn.record) && !adopt(work, &turn, err))
        return false;
    return treat(work, &turn, err);
}

static bool run_statements(Work *work, Error *err)
{
    SqlStatement *statements = NULL;
    size_t count = 0;
    if (!sql_split(work->arena, plan_sql(work->node, work->key), &statements, &count, err))
        return false;
    work->count = (int)count;
    for (size_t i = 0; i < count; i++) {
        SqlOutside outside = sql_outside(work->arena, statements[i].text);
        if (!run_statement(work, (int)i + 1, &statements[i], &outside, err))
            return false;
    }
    return true;
}

/* The indexes that up made, the last one first. */
static bool drop_what_up_made(Work *work, Error *err)
{
    SqlStatement *statements = NULL;
    size_t count = 0;
    if (!sql_split(work->arena, plan_sql(work->node, "up"), &statements, &count, err))
        return false;
    work->count = (int)count;
    for (size_t i = count; i > 0; i--) {
        SqlOutside outside = sql_outside(work->arena, statements[i - 1].text);
        outside.kind = SQL_OUTSIDE_DROP_INDEX;
        outside.form = NULL;
        if (!run_statement(work, (int)(count - i) + 1, NULL, &outside, err))
            return false;
    }
    return true;
}

bool run_outside_forward(Run *run, const PlanNode *node, Error *err)
{
    Work work;
    work_begin(&work, run, node, false);
    bool ok = session_open(&work, err) && run_statements(&work, err);
    /* A step whose statements only set something has written no intent. */
    ok = ok &&
         (run_step_state(run, node) == STEP_INTENT ||
          run_step_apply(run, node, STEP_EVENT_INTEND, NULL, NULL, err)) &&
         run_step_apply(run, node, STEP_EVENT_FINISH, NULL, NULL, err);
    if (!ok && must_end(err))
        return false; /* the statement may still run: nothing of it may be freed */
    work_done(&work);
    return ok;
}

bool run_outside_back(Run *run, const PlanNode *node, Error *err)
{
    Work work;
    work_begin(&work, run, node, true);
    bool own_down = plan_sql(node, "down") != NULL;
    bool ok = session_open(&work, err) &&
              (own_down ? run_statements(&work, err) : drop_what_up_made(&work, err)) &&
              run_step_apply(run, node, STEP_EVENT_UNDO_FINISH, NULL, NULL, err);
    if (!ok && must_end(err))
        return false;
    work_done(&work);
    return ok;
}

bool run_outside_settle(Run *run, const PlanNode *node, bool *ret_nothing, Error *err)
{
    const json_t *detail = json_object_get(run_step_row(run, node->path), "detail");
    size_t i = 0;
    json_t *record = NULL;
    *ret_nothing = true;
    json_array_foreach (json_object_get(detail, records_key(false)), i, record) {
        const char *state = json_get_string(record, "state", "");
        if (!text_equal(state, "pending") && !text_equal(state, "gone"))
            *ret_nothing = false;
    }
    return end_orphans(run, err);
}

bool run_outside_undoes_itself(const PlanNode *node)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlStatement *statements = NULL;
    size_t count = 0;
    Error ignored;
    const char *up = plan_sql(node, "up");
    if (up == NULL || !sql_split(arena, up, &statements, &count, &ignored))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (sql_outside(arena, statements[i].text).kind != SQL_OUTSIDE_CREATE_INDEX)
            return false;
    }
    return count > 0;
}
