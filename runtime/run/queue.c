/* Looking at pg_locks while a statement of ours is under way. */
#include "run/queue.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/log.h"
#include "ledger/call.h"
#include "sql/shown.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum { FIRST_LOOK_MS = 40, LOOK_EVERY_MS = 50, LOOK_TIMEOUT_MS = 5000, QUERY_BYTES = 300 };

static int64_t or_default(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

RunQueueLimits run_queue_limits(const ConfigTarget *target)
{
    return (RunQueueLimits){
        .victims = (int)or_default(target->lock_victims, BOUND_LOCK_VICTIMS),
        .victim_wait_us = or_default(target->lock_victim_wait_ms, BOUND_LOCK_VICTIM_WAIT_MS) * 1000,
        .max_block_us = or_default(target->max_block_ms, BOUND_LOCK_MAX_BLOCK_MS) * 1000};
}

RunQueueVerdict run_queue_decide(const json_t *look, const RunQueueLimits *limits)
{
    bool waits = json_is_object(json_object_get(look, "waits"));
    int64_t longest_us = json_get_int(look, "longest_us", 0);
    int64_t victims = json_get_int(look, "victims_total", 0);
    if (victims == 0)
        return RUN_QUEUE_FINE;
    if (waits && (victims >= limits->victims || longest_us >= limits->victim_wait_us))
        return RUN_QUEUE_WITHDRAWN;
    return !waits && longest_us >= limits->max_block_us ? RUN_QUEUE_STOPPED : RUN_QUEUE_FINE;
}

/* ------------------------------------------------------------------ what is shown */

static const char *cut(Arena *arena, const char *text, size_t most)
{
    size_t bytes = strlen(text);
    if (bytes <= most)
        return text;
    while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80)
        most--; /* not inside a character */
    return arena_printf(arena, "%s…", arena_strndup(arena, text, most));
}

/* Nobody's values leave the database (P12). */
static void hide_values(json_t *sessions)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t i = 0;
    json_t *session = NULL;
    json_array_foreach (sessions, i, session) {
        const char *query = json_get_string(session, "query", NULL);
        if (query == NULL)
            continue;
        char *shown = arena_strdup(arena, cut(arena, sql_shown(arena, query), QUERY_BYTES));
        log_redact(shown);
        json_set_string(session, "query", shown);
    }
}

/* "AccessExclusiveLock" is written ACCESS EXCLUSIVE in SQL. */
static const char *mode_text(Arena *arena, const char *mode)
{
    size_t bytes = strlen(mode);
    if (text_ends(mode, "Lock"))
        bytes -= strlen("Lock");
    char *text = arena_alloc(arena, bytes * 2 + 1);
    size_t used = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (i > 0 && isupper((unsigned char)mode[i]))
            text[used++] = ' ';
        text[used++] = (char)toupper((unsigned char)mode[i]);
    }
    return text;
}

static const char *wanted_text(Arena *arena, const json_t *waits)
{
    static const struct {
        const char *object;
        const char *text;
    } OTHERS[] = {{"transactionid", "the end of a transaction"},
                  {"virtualxid", "the end of a transaction"},
                  {"tuple", "a row"}};
    const char *object = json_get_string(waits, "object", "");
    for (size_t i = 0; i < COUNT_OF(OTHERS); i++) {
        if (text_equal(OTHERS[i].object, object))
            return OTHERS[i].text;
    }
    return arena_printf(arena, "%s on %s",
                        mode_text(arena, json_get_string(waits, "mode", "a lock")), object);
}

static const char *session_text(Arena *arena, const json_t *session)
{
    int64_t pid = json_get_int(session, "pid", 0);
    if (pid == 0)
        return "a prepared transaction (pg_prepared_xacts)";
    int64_t open_us = json_get_int(session, "transaction_us", -1);
    const char *application = json_get_string(session, "application", "");
    const char *state = json_get_string(session, "state", NULL);
    const char *query = json_get_string(session, "query", "");
    char age[32];
    const char *text =
        arena_printf(arena, "pid %" PRId64 " (%s%suser %s", pid, application,
                     application[0] == '\0' ? "" : ", ", json_get_string(session, "user", "?"));
    if (state != NULL)
        text = arena_printf(arena, "%s, %s", text, state);
    if (open_us >= 0)
        text = arena_printf(arena, "%s, transaction open for %s", text,
                            duration_text(open_us / 1000 * 1000, age, sizeof(age)));
    else
        text = arena_printf(arena, "%s, more is shown to members of pg_read_all_stats", text);
    return arena_printf(arena, "%s)%s%s", text, query[0] == '\0' ? "" : ": ", query);
}

const char *run_queue_text(Arena *arena, const json_t *look)
{
    const json_t *blockers = json_object_get(look, "blockers");
    const json_t *first = json_array_get(blockers, 0);
    size_t more = json_array_size(blockers) > 1 ? json_array_size(blockers) - 1 : 0;
    const char *text = wanted_text(arena, json_object_get(look, "waits"));
    if (first == NULL)
        return text;
    if (more > 0)
        text = arena_printf(arena, "%s, behind %zu sessions, first", text, more + 1);
    return arena_printf(arena, "%s%s %s", text, more > 0 ? "" : ", behind",
                        session_text(arena, first));
}

int64_t run_queue_blocker(const json_t *look)
{
    return json_get_int(json_array_get(json_object_get(look, "blockers"), 0), "pid", 0);
}

/* ------------------------------------------------------------------ the watch */

static void keep(json_t **kept, json_t *look)
{
    json_decref(*kept);
    *kept = json_incref(look);
}

static bool look_once(RunQueue *queue, Error *err)
{
    Run *run = queue->run;
    LedgerParams params = {0};
    ledger_param_int(&params, db_backend_pid(run->effects));
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(run->watch, "lock_queue", &params, &rows, err))
        return false;
    if (queue->stop || queue->verdict != RUN_QUEUE_FINE)
        return true;
    json_t *look = json_array_get(rows, 0);
    hide_values(json_object_get(look, "blockers"));
    hide_values(json_object_get(look, "victims"));
    queue->verdict = run_queue_decide(look, &queue->limits);
    if (json_is_object(json_object_get(look, "waits")))
        keep(&queue->waits, look);
    else if (queue->on_free != NULL)
        queue->on_free(queue->ctx);
    if (queue->verdict != RUN_QUEUE_FINE)
        keep(&queue->harm, look);
    return true;
}

static void watch_main(void *arg)
{
    RunQueue *queue = arg;
    int64_t pause_ms = FIRST_LOOK_MS;
    bool ok = true;
    while (ok && !queue->stop) {
        fiber_event_wait(&queue->changed, pause_ms);
        pause_ms = LOOK_EVERY_MS;
        ok = queue->stop || look_once(queue, &queue->error);
        /* What nobody watches does not go on; and what was told to stop is told again until it
         * does. */
        if (!queue->stop && (!ok || queue->verdict != RUN_QUEUE_FINE))
            db_cancel(queue->run->effects);
    }
    queue->alive = false;
    fiber_event_broadcast(&queue->changed);
}

/* Planning the look takes the server six times as long as the look, four times a second: it is
 * planned once. */
static bool open_watch(Run *run, const ConfigTarget *target, Error *err)
{
    DbConn *conn = NULL;
    if (!run_connect(run, target, true, &conn, err))
        return false;
    if (!db_exec(conn, "SET plan_cache_mode = force_generic_plan", NULL, NULL, err)) {
        db_close(conn);
        return false;
    }
    run->watch = conn;
    return true;
}

bool run_queue_start(RunQueue *queue, Run *run, Error *err)
{
    if (run->watch != NULL && !db_usable(run->watch)) {
        db_close(run->watch);
        run->watch = NULL;
    }
    ConfigTarget target = *run->options.target;
    target.statement_timeout_ms = LOOK_TIMEOUT_MS;
    if (run->watch == NULL && !open_watch(run, &target, err))
        return false;
    queue->run = run;
    queue->limits = run_queue_limits(run->options.target);
    queue->alive = true;
    fiber_start(run->loop, "lock queue", watch_main, queue);
    return true;
}

void run_queue_stop(RunQueue *queue)
{
    bool before = fiber_shield(true);
    queue->stop = true;
    fiber_event_broadcast(&queue->changed);
    while (queue->alive)
        fiber_event_wait(&queue->changed, -1);
    fiber_shield(before);
}

void run_queue_done(RunQueue *queue)
{
    json_decref(queue->waits);
    json_decref(queue->harm);
    *queue = (RunQueue){0};
}
