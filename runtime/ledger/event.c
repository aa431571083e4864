/* The event writer. */
#include "ledger/event.h"

#include "base/clock.h"
#include "db/sql.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Readers are woken every NOTIFY_EVERY_MS at most, so writing more often would show nothing sooner,
 * and each commit holds up those of the effects: what comes in between is one transaction, with its
 * NOTIFY. */
enum { APPEND_MAX = 64, NOTIFY_EVERY_MS = 100, EPOCH_STEP = 1000000000 };

typedef struct Pending {
    struct Pending *next;
    char *source;
    char *type;
    char *node;
    char *data;
    int64_t version;
} Pending;

struct LedgerEvents {
    Loop *loop;
    DbConn *conn;
    int64_t run;
    int64_t epoch;
    int64_t fresh; /* last fresh version given out */
    Pending *first;
    Pending *last;
    uint64_t queued; /* how many were ever queued, and made durable */
    uint64_t durable;
    bool stopping;
    bool ended;
    bool notify_due;
    int64_t notified_at_us;
    int64_t written_at_us;
    int flushing; /* how many wait for everything to be durable: no time to linger */
    Error error;
    FiberEvent added;
    FiberEvent written;
    FiberEvent *failed;
};

static void pending_free(Pending *event)
{
    free(event->source);
    free(event->type);
    free(event->node);
    free(event->data);
    free(event);
}

void ledger_events_add(LedgerEvents *events, const char *source, int64_t version, const char *type,
                       const char *node, const json_t *data)
{
    Pending *event = base_alloc(sizeof(*event));
    event->source = base_strdup(source);
    event->version = version != 0 ? version : ++events->fresh;
    event->type = base_strdup(type);
    event->node = base_strdup(node == NULL ? "" : node);
    event->data = data == NULL ? base_strdup("{}") : json_text(data);
    if (events->last == NULL)
        events->first = event;
    else
        events->last->next = event;
    events->last = event;
    events->queued++;
    fiber_event_broadcast(&events->added);
}

void ledger_events_nudge(LedgerEvents *events)
{
    events->notify_due = true;
    fiber_event_broadcast(&events->added);
}

static bool notify_is_due(const LedgerEvents *events)
{
    return events->stopping ||
           (clock_monotonic_us() - events->notified_at_us) / 1000 >= NOTIFY_EVERY_MS;
}

/* A column of the pending events, as an array. */
static const char *texts_of(Arena *arena, const Pending *event, size_t count, size_t field)
{
    const char *items[APPEND_MAX];
    for (size_t i = 0; i < count; i++, event = event->next)
        memcpy(&items[i], (const char *)event + field, sizeof(items[i]));
    return db_array_text(arena, items, count);
}

static const char *versions_of(Arena *arena, const Pending *event, size_t count)
{
    const char *items[APPEND_MAX];
    for (size_t i = 0; i < count; i++, event = event->next)
        items[i] = arena_printf(arena, "%" PRId64, event->version);
    return db_array_text(arena, items, count);
}

/* One transaction by itself: keyed, so that a successor who doubts it appends again. A NOTIFY is
 * sent by its commit; it stands first so that the fault points are those of the events. */
static bool append_some(LedgerEvents *events, const Pending *first, size_t count, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    LedgerParams run = {0};
    LedgerParams params = {0};
    bool notifies = notify_is_due(events);
    ledger_param_int(&run, events->run);
    ledger_param_int(&params, events->run);
    ledger_param_int(&params, events->epoch);
    ledger_param_text(&params, texts_of(arena, first, count, offsetof(Pending, source)));
    ledger_param_text(&params, versions_of(arena, first, count));
    ledger_param_text(&params, texts_of(arena, first, count, offsetof(Pending, type)));
    ledger_param_text(&params, texts_of(arena, first, count, offsetof(Pending, node)));
    ledger_param_text(&params, texts_of(arena, first, count, offsetof(Pending, data)));
    const DbParams lists[] = {{.count = run.count, .values = run.values},
                              {.count = params.count, .values = params.values}};
    const DbStatement statements[] = {{db_sql("event_notify"), &lists[0], .prepared = true},
                                      {db_sql("events_append"), &lists[1], .prepared = true}};
    if (notifies) {
        /* before we wait: what asks for it then comes too late for this one */
        events->notify_due = false;
        events->notified_at_us = clock_monotonic_us();
    }
    size_t skip = notifies ? 0 : 1;
    if (!db_pipeline(events->conn, statements + skip, COUNT_OF(statements) - skip, NULL, err))
        return false;
    events->notify_due = events->notify_due || !notifies;
    return true;
}

static bool notify(LedgerEvents *events, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, events->run);
    events->notify_due = false;
    events->notified_at_us = clock_monotonic_us();
    return ledger_call(events->conn, "event_notify", &params, NULL, err);
}

static bool write_some(LedgerEvents *events, Error *err)
{
    size_t count = 0;
    for (Pending *event = events->first; event != NULL && count < APPEND_MAX; event = event->next)
        count++;
    if (!append_some(events, events->first, count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        Pending *done = events->first;
        events->first = done->next;
        pending_free(done);
    }
    if (events->first == NULL)
        events->last = NULL;
    events->durable += count;
    events->written_at_us = clock_monotonic_us();
    return true;
}

static void linger(LedgerEvents *events)
{
    while (!events->stopping && events->flushing == 0 &&
           events->queued - events->durable < APPEND_MAX) {
        int64_t left_ms = NOTIFY_EVERY_MS - (clock_monotonic_us() - events->written_at_us) / 1000;
        if (left_ms <= 0)
            return;
        fiber_event_wait(&events->added, left_ms);
    }
}

static bool writer_turn(LedgerEvents *events, Error *err)
{
    if (events->first != NULL)
        linger(events);
    if (events->first != NULL && !write_some(events, err))
        return false;
    if (events->notify_due && notify_is_due(events) && !notify(events, err))
        return false;
    fiber_event_broadcast(&events->written);
    if (events->first == NULL && !events->stopping)
        fiber_event_wait(&events->added, events->notify_due ? NOTIFY_EVERY_MS : -1);
    return true;
}

static void writer_main(void *arg)
{
    LedgerEvents *events = arg;
    while (!events->stopping || events->first != NULL) {
        if (!writer_turn(events, &events->error)) {
            fiber_event_broadcast(events->failed);
            break;
        }
    }
    if (events->notify_due && events->error.kind == ERROR_NONE) {
        Error ignored = {0};
        if (!notify(events, &ignored))
            events->notify_due = false;
    }
    events->ended = true;
    fiber_event_broadcast(&events->written);
}

LedgerEvents *ledger_events_start(Loop *loop, DbConn *conn, int64_t run, int64_t epoch,
                                  FiberEvent *failed)
{
    LedgerEvents *events = base_alloc(sizeof(*events));
    *events = (LedgerEvents){.loop = loop,
                             .conn = conn,
                             .run = run,
                             .epoch = epoch,
                             .fresh = epoch * EPOCH_STEP,
                             .failed = failed};
    fiber_start(loop, "events", writer_main, events);
    return events;
}

/* False when the fiber was cancelled. */
static bool await_durable(LedgerEvents *events, uint64_t target)
{
    bool ok = true;
    events->flushing++;
    fiber_event_broadcast(&events->added);
    while (ok && events->durable < target && !events->ended)
        ok = fiber_event_wait(&events->written, -1) || !fiber_cancelled();
    events->flushing--;
    return ok;
}

bool ledger_events_flush(LedgerEvents *events, Error *err)
{
    uint64_t target = events->queued;
    if (events->durable < target && !await_durable(events, target))
        return error_set(err, ERROR_CANCELLED, "stopped while events were being written");
    if (events->durable >= target)
        return true;
    if (err != NULL)
        *err = events->error;
    return error_wrap(err, "writing events");
}

const Error *ledger_events_error(const LedgerEvents *events)
{
    return events->error.kind == ERROR_NONE ? NULL : &events->error;
}

void ledger_events_stop(LedgerEvents *events)
{
    if (events == NULL)
        return;
    events->stopping = true;
    fiber_event_broadcast(&events->added);
    while (!events->ended) {
        if (!fiber_event_wait(&events->written, -1) && fiber_cancelled() && !events->ended)
            fiber_yield();
    }
    while (events->first != NULL) {
        Pending *left = events->first;
        events->first = left->next;
        pending_free(left);
    }
    db_close(events->conn);
    free(events);
}

bool ledger_events_told(DbConn *state, int64_t run, json_t **ret_versions, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(state, "events_told", &params, &rows, err))
        return false;
    *ret_versions = json_incref(json_array_get(rows, 0));
    return true;
}

bool ledger_events_followed(DbConn *state, int64_t run, const char *source, int64_t version,
                            const char *node, bool *ret_followed, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, source);
    ledger_param_int(&params, version);
    ledger_param_text(&params, node);
    AUTO(db_result_auto) DbResult *followed = NULL;
    if (!ledger_call(state, "events_followed", &params, &followed, err))
        return false;
    *ret_followed = db_bool(followed, 0, 0);
    return true;
}

bool ledger_event_append(DbConn *state, const LedgerWriter *writer, const char *source,
                         int64_t version, const char *type, const char *node, const json_t *data,
                         Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, writer->run);
    ledger_param_int(&params, writer->epoch);
    ledger_param_text(&params, source);
    ledger_param_int(&params, version);
    ledger_param_text(&params, type);
    ledger_param_text(&params, node);
    ledger_param_json(&params, data);
    return ledger_call(state, "event_append", &params, NULL, err);
}
