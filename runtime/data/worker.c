/* The worker: claim, pipeline, retry. */
#include "data/worker.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"
#include "data/controller.h"
#include "data/load.h"
#include "data/throttle.h"
#include "db/sql.h"
#include "db/sqlstate.h"
#include "loop/child.h"

#include <signal.h>
#include <string.h>

typedef struct Worker Worker;
typedef struct Pipeline Pipeline;

/* Where the reader is. */
typedef struct Position {
    Arena *arena;
    char **from;        /* the key behind which it goes on */
    DataSource *source; /* of an import */
} Position;

/* What a range is made of: batches of rows, or chunks of records. */
typedef struct Flow {
    /* Waits. What follows *position, which it moves behind that; *ret_more: something may follow.
     */
    bool (*read)(Worker *worker, Position *position, void **ret_piece, bool *ret_more, Error *err);
    /* Waits. Writes the piece and moves the worker's range behind it; where another one is ready,
     * it may leave that to a later call, with worker->load open. */
    bool (*write)(Worker *worker, void *piece, const Pipeline *from, bool *ret_ends, Error *err);
    void (*drop)(void *piece);
} Flow;

/* One range on its way: a fiber reads and maps ahead, by one piece. */
struct Pipeline {
    Worker *worker;
    void *ready; /* mapped, to be written */
    bool stop;   /* the reader shall end */
    bool ended;  /* it has */
    bool failed;
    Error err;
    FiberEvent changed;
};

struct Worker {
    const DataWorkerOptions *options;
    const Flow *flow;
    Loop *loop;
    Arena *arena;
    DataJob job;
    DataMapper mapper;
    DbConn *writer;
    DataUpdater updater;
    DataController controller;
    const char *owner; /* of ranges */
    Arena *range_arena;
    DataRange range;
    bool careful; /* the next commit looks for the rows that the server refuses */
    DataLoad load;
    int shared; /* chunks that were undone with one that failed */
    int alone;  /* so many chunks get a transaction each */
    DataThrottle throttle;
    int64_t throttle_us; /* when it was read; 0 = never */
    int64_t busy_us;     /* since when we work without a rest; 0 = not yet */
    bool stopping;
    FiberEvent stop;
};

DataWorkerExit data_worker_exit(const Error *err)
{
    switch (err->kind) {
    case ERROR_NONE:
        return WORKER_DONE;
    case ERROR_UNREACHABLE:
        return WORKER_UNREACHABLE;
    case ERROR_FENCED:
        return WORKER_FENCED;
    default:
        return WORKER_FAILED;
    }
}

/* ---------------------------------------------------------------- reading ahead */

static char **copy_key(Arena *arena, const char *const *key, size_t count)
{
    if (key == NULL)
        return NULL;
    char **copy = arena_alloc(arena, count * sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = arena_strdup(arena, key[i]);
    return copy;
}

static bool next_batch(Worker *worker, const char *const *from, DataBatch **ret_batch, Error *err)
{
    DataMapper *mapper = &worker->mapper;
    int rows = data_controller_rows(&worker->controller);
    if (!data_mapper_lock(mapper, err))
        return false;
    DataBatch *batch = NULL;
    bool ok = data_batch_read(&worker->job, mapper, &worker->range, from, rows, &batch, err);
    FAULT("worker.read");
    ok = ok && data_batch_map(&worker->job, mapper, batch, err);
    FAULT("worker.mapped");
    data_mapper_unlock(mapper);
    if (!ok) {
        data_batch_free(batch);
        return false;
    }
    if (batch->rows_count > 0)
        data_controller_row_bytes(&worker->controller, batch->bytes / batch->rows_count);
    *ret_batch = batch;
    return true;
}

static bool read_batch(Worker *worker, Position *position, void **ret_piece, bool *ret_more,
                       Error *err)
{
    size_t parts = worker->job.cursor_parts;
    DataBatch *batch = NULL;
    if (position->arena == NULL) {
        position->arena = arena_new();
        position->from = copy_key(position->arena, (const char *const *)worker->range.last, parts);
    }
    if (!next_batch(worker, (const char *const *)position->from, &batch, err))
        return false;
    *ret_more = !batch->ends_range;
    arena_clear(position->arena);
    if (*ret_more)
        position->from = copy_key(position->arena, data_batch_last(batch), parts);
    *ret_piece = batch;
    return true;
}

static bool read_chunk(Worker *worker, Position *position, void **ret_piece, bool *ret_more,
                       Error *err)
{
    DataMapper *mapper = &worker->mapper;
    DataChunk *chunk = NULL;
    if (position->source == NULL &&
        !data_source_open(&worker->job, &worker->range, &position->source, err))
        return false;
    if (!data_mapper_lock(mapper, err))
        return false;
    bool ok = data_source_read(position->source, mapper, data_controller_rows(&worker->controller),
                               &chunk, err);
    FAULT("worker.mapped");
    data_mapper_unlock(mapper);
    if (!ok)
        return false;
    data_load_encode(&worker->job, chunk);
    *ret_more = !chunk->ends_range;
    *ret_piece = chunk;
    return true;
}

/* Hands a piece over when the one before is taken. False when the reader shall end. */
static bool hand_over(Pipeline *pipeline, void *piece)
{
    while (pipeline->ready != NULL && !pipeline->stop)
        fiber_event_wait(&pipeline->changed, -1);
    if (pipeline->stop) {
        pipeline->worker->flow->drop(piece);
        return false;
    }
    pipeline->ready = piece;
    fiber_event_broadcast(&pipeline->changed);
    return true;
}

static void read_ahead(void *arg)
{
    Pipeline *pipeline = arg;
    Worker *worker = pipeline->worker;
    Position position = {0};
    bool more = true;
    while (more && !pipeline->stop) {
        void *piece = NULL;
        if (!worker->flow->read(worker, &position, &piece, &more, &pipeline->err)) {
            pipeline->failed = true;
            break;
        }
        more &= hand_over(pipeline, piece);
    }
    data_source_close(position.source);
    arena_free(position.arena);
    pipeline->ended = true;
    fiber_event_broadcast(&pipeline->changed);
}

static void *take_piece(Pipeline *pipeline)
{
    while (pipeline->ready == NULL && !pipeline->ended && !fiber_cancelled())
        fiber_event_wait(&pipeline->changed, -1);
    void *piece = pipeline->ready;
    pipeline->ready = NULL;
    fiber_event_broadcast(&pipeline->changed);
    return piece;
}

static void pipeline_end(Pipeline *pipeline)
{
    bool shielded = fiber_shield(true); /* the reader uses our stack: it must have ended */
    pipeline->stop = true;
    fiber_event_broadcast(&pipeline->changed);
    while (!pipeline->ended)
        fiber_event_wait(&pipeline->changed, -1);
    if (pipeline->ready != NULL)
        pipeline->worker->flow->drop(pipeline->ready);
    fiber_shield(shielded);
}

/* ---------------------------------------------------------------- writing */

/* The range's cursor stands at last now. */
static void move_range(Worker *worker, const char *const *last)
{
    Arena *arena = arena_new();
    DataRange *range = &worker->range;
    size_t parts = worker->job.cursor_parts;
    DataRange next = *range;
    next.lower = copy_key(arena, (const char *const *)range->lower, parts);
    next.upper = copy_key(arena, (const char *const *)range->upper, parts);
    next.last = copy_key(arena, last, parts);
    arena_free(worker->range_arena);
    worker->range_arena = arena;
    *range = next;
}

static bool write_batch(Worker *worker, void *piece, const Pipeline *from, bool *ret_ends,
                        Error *err)
{
    UNUSED(from);
    DataBatch *batch = piece;
    DataCommit commit = {.updater = &worker->updater,
                         .mapper = &worker->mapper,
                         .range = &worker->range,
                         .batch_rows = worker->controller.rows,
                         .careful = worker->careful};
    DataCounts counts;
    int64_t began_us = clock_monotonic_us();
    if (!data_batch_commit(batch, &commit, &counts, err))
        return false;
    if (batch->rows_count > 0 && !worker->careful)
        data_controller_sample(&worker->controller, (int)batch->rows_count,
                               clock_monotonic_us() - began_us);
    worker->careful = false;
    *ret_ends = batch->ends_range;
    if (batch->rows_count > 0)
        move_range(worker, data_batch_last(batch));
    return true;
}

/* A COMMIT costs a wait for the disk, in which the server does nothing for us. While we wait for
 * the next chunk anyway it costs nothing. */
static bool ends_transaction(const Worker *worker, const Pipeline *from, const DataChunk *chunk)
{
    const DataLoad *load = &worker->load;
    const DataController *controller = &worker->controller;
    return from->ready == NULL || chunk->ends_range || worker->alone > 0 || worker->stopping ||
           load->records >= controller->rows ||
           clock_monotonic_us() - load->began_us >= controller->target_us;
}

static bool add_chunk(Worker *worker, const Pipeline *from, DataChunk *chunk, Error *err)
{
    enum { ALONE_AFTER = 16 }; /* refused records seldom come alone */
    bool careful = false;
    DataLoad *load = &worker->load;
    if (!data_load_add(load, chunk, &careful, err))
        return false;
    if (careful)
        worker->alone = ALONE_AFTER;
    if (!ends_transaction(worker, from, chunk))
        return true;
    if (!data_load_commit(load, chunk, &worker->range, worker->controller.rows, err))
        return false;
    if (worker->alone > 0)
        worker->alone--;
    if (load->records > 0)
        data_controller_sample(&worker->controller, (int)load->records,
                               clock_monotonic_us() - load->began_us);
    move_range(worker, chunk->last);
    return true;
}

static bool write_chunk(Worker *worker, void *piece, const Pipeline *from, bool *ret_ends,
                        Error *err)
{
    DataChunk *chunk = piece;
    int others = worker->load.open ? worker->load.chunks : 0;
    bool ok = add_chunk(worker, from, chunk, err);
    worker->shared = ok ? 0 : others;
    *ret_ends = chunk->ends_range;
    return ok;
}

static void drop_batch(void *piece)
{
    data_batch_free(piece);
}

static void drop_chunk(void *piece)
{
    data_chunk_free(piece);
}

static const Flow BATCHES = {.read = read_batch, .write = write_batch, .drop = drop_batch};
static const Flow CHUNKS = {.read = read_chunk, .write = write_chunk, .drop = drop_chunk};

/* ---------------------------------------------------------------- pace */

/* Small batches need not ask before each. */
static bool look_at_pace(Worker *worker, Error *err)
{
    enum { ASK_EVERY_US = 100000 };
    int64_t now_us = clock_monotonic_us();
    if (worker->throttle_us > 0 && now_us - worker->throttle_us < ASK_EVERY_US)
        return true;
    bool stale = false;
    if (!data_throttle_read(worker->writer, worker->job.run_text, worker->job.spec->step,
                            &worker->throttle, &stale, err))
        return false;
    if (stale)
        worker->throttle.duty = 0;
    worker->throttle_us = now_us;
    worker->controller.target_us =
        data_throttle_batch_us(&worker->throttle, worker->options->spec->batch_us);
    return true;
}

/* Waits before a batch is written for as long as the one before asks for, and while all is paused.
 * What was read and mapped meanwhile is compared with the row again when it is written. */
static bool keep_pace(Worker *worker, Error *err)
{
    int64_t busy_us = worker->busy_us == 0 ? 0 : clock_monotonic_us() - worker->busy_us;
    if (!look_at_pace(worker, err))
        return false;
    int64_t rest_ms =
        data_throttle_rest_ms(&worker->throttle, busy_us, worker->options->spec->pause_us);
    if (rest_ms > 0 && busy_us > 0)
        fiber_event_wait(&worker->stop, rest_ms);
    while (worker->throttle.duty <= 0 && !worker->stopping) {
        fiber_event_wait(&worker->stop, THROTTLE_POLL_MS);
        worker->stopping |= child_beat_orphaned() || fiber_cancelled();
        if (!worker->stopping && !look_at_pace(worker, err))
            return false;
    }
    worker->busy_us = clock_monotonic_us();
    return true;
}

/* Pieces until the range ends, somebody stops us or something fails. *ret_done: nothing is left in
 * the range. */
static bool run_pipeline(Worker *worker, bool *ret_done, bool *ret_moved, Error *err)
{
    Pipeline pipeline = {.worker = worker};
    bool ok = true;
    *ret_done = false;
    fiber_start(worker->loop, "reader", read_ahead, &pipeline);
    while (ok && !*ret_done && !worker->stopping) {
        bool ends = false;
        void *piece = take_piece(&pipeline);
        if (piece == NULL) {
            ok = pipeline.failed ? (*err = pipeline.err, false)
                                 : error_set(err, ERROR_CANCELLED, "stopped");
            break;
        }
        ok = worker->load.open || keep_pace(worker, err);
        bool writes = ok && !worker->stopping;
        ok = ok && (!writes || worker->flow->write(worker, piece, &pipeline, &ends, err));
        *ret_done = ok && ends;
        *ret_moved |= ok && writes && !worker->load.open;
        worker->flow->drop(piece);
        worker->stopping |= child_beat_orphaned(); /* nobody releases our ranges or counts us */
    }
    pipeline_end(&pipeline);
    if (worker->load.open)
        data_load_abandon(&worker->load);
    return ok;
}

/* What to do after a failed batch. */
typedef enum Remedy {
    REMEDY_NONE,
    REMEDY_AGAIN,
    REMEDY_CAREFUL,
    REMEDY_ALONE,
    REMEDY_LEAVE
} Remedy;

static Remedy remedy_for(const Worker *worker, const Error *err)
{
    static const char STATEMENT_TIMEOUT[] = "57014";
    if (err->kind == ERROR_CONFLICT)
        return REMEDY_LEAVE;
    if (data_batch_row_error(err) && worker->shared > 0)
        return REMEDY_ALONE; /* then it looks for the records by itself */
    bool batches = worker->flow == &BATCHES;
    if (batches && data_batch_row_error(err) && !worker->careful &&
        !worker->options->spec->fail_on_error)
        return REMEDY_CAREFUL;
    bool again = err->kind == ERROR_DATABASE && (sqlstate_advice(err->sqlstate) == SQLSTATE_RETRY ||
                                                 text_equal(err->sqlstate, STATEMENT_TIMEOUT));
    return again ? REMEDY_AGAIN : REMEDY_NONE;
}

/* Waiting for the application's locks is yielding, not failing: that may be repeated for longer. */
static int attempts_for(const Error *err)
{
    static const char LOCK_NOT_AVAILABLE[] = "55P03";
    enum { PATIENCE = 4 };
    return text_equal(err->sqlstate, LOCK_NOT_AVAILABLE) ? PATIENCE * BOUND_ROW_RETRIES
                                                         : BOUND_ROW_RETRIES;
}

static bool pause_before_again(int attempt, Error *err)
{
    enum { FIRST_MS = 50, DOUBLED_MAX = 5 };
    int64_t ms = (int64_t)FIRST_MS << (attempt < DOUBLED_MAX ? attempt : DOUBLED_MAX);
    return fiber_sleep(ms / 2 + (int64_t)clock_random((uint32_t)ms), err);
}

static bool run_range(Worker *worker, Error *err)
{
    bool done = false;
    int attempt = 0;
    while (!done && !worker->stopping) {
        bool moved = false;
        if (run_pipeline(worker, &done, &moved, err))
            continue;
        attempt = moved ? 0 : attempt;
        switch (remedy_for(worker, err)) {
        case REMEDY_LEAVE:
            return true;
        case REMEDY_CAREFUL:
            worker->careful = true;
            break;
        case REMEDY_ALONE:
            worker->alone = worker->shared + 1;
            worker->shared = 0;
            break;
        case REMEDY_AGAIN:
            data_controller_halve(&worker->controller);
            if (attempt++ >= attempts_for(err) || !pause_before_again(attempt, err))
                return false;
            break;
        default:
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- the whole */

static bool claim(Worker *worker, bool *ret_found, Error *err)
{
    arena_free(worker->range_arena);
    worker->range_arena = arena_new();
    return data_cursor_claim(&worker->job, worker->writer, worker->owner, worker->range_arena,
                             &worker->range, ret_found, err);
}

static bool work(Worker *worker, Error *err)
{
    bool found = true;
    while (!worker->stopping) {
        if (!claim(worker, &found, err))
            return false;
        if (!found)
            return true;
        if (!run_range(worker, err))
            return false;
    }
    return data_cursor_release(&worker->job, worker->writer, worker->owner, err);
}

bool data_worker_open_reader(Loop *loop, const DbTarget *target, DbConn **ret_conn, Error *err)
{
    DbTarget reader = *target;
    DbConn *conn = NULL;
    reader.read_only = true;
    if (!db_open(loop, &reader, &conn, err))
        return false;
    if (!db_query(conn, db_sql("data_session_reader"), NULL, NULL, err)) {
        db_close(conn);
        return false;
    }
    *ret_conn = conn;
    return true;
}

static bool open_writer(Worker *worker, Error *err)
{
    DbTarget target = worker->options->target;
    target.statement_timeout_ms = BOUND_BATCH_LIMIT_MS;
    return db_open(worker->loop, &target, &worker->writer, err) &&
           db_query(worker->writer, db_sql("data_session_writer"), NULL, NULL, err);
}

const char *data_worker_joined(Arena *arena, int backend_pid, const char *name)
{
    return arena_printf(arena, "joined:%d:%s", backend_pid, name);
}

static bool worker_open(Worker *worker, Error *err)
{
    const DataWorkerOptions *options = worker->options;
    if (!open_writer(worker, err) ||
        !data_worker_open_reader(worker->loop, &options->target, &worker->mapper.reader, err) ||
        !data_job_open(worker->writer, worker->arena, options->spec, &options->job, &worker->job,
                       err))
        return false;
    worker->owner =
        options->joined
            ? data_worker_joined(worker->arena, db_backend_pid(worker->writer), options->name)
            : options->name;
    data_updater_init(&worker->updater, &worker->job, worker->writer);
    worker->load = (DataLoad){.job = &worker->job, .conn = worker->writer};
    data_controller_init(&worker->controller, options->spec->batch_rows, options->spec->batch_us);
    return true;
}

static void worker_close(Worker *worker)
{
    data_updater_done(&worker->updater);
    db_close(worker->writer);
    db_close(worker->mapper.reader);
    arena_free(worker->range_arena);
    arena_free(worker->arena);
}

static void on_stop(void *ctx, int signum)
{
    Worker **worker = ctx;
    UNUSED(signum);
    if (*worker == NULL)
        return;
    (*worker)->stopping = true;
    fiber_event_broadcast(&(*worker)->stop);
}

int data_worker_main(Loop *loop, const DataWorkerOptions *options, DataMap *map, void *ctx,
                     Error *err)
{
    static Worker *current; /* the handler outlives this call */
    Worker worker = {.options = options,
                     .flow = options->spec->import != NULL ? &CHUNKS : &BATCHES,
                     .loop = loop,
                     .arena = arena_new(),
                     .mapper = {.map = map, .ctx = ctx}};
    *err = (Error){0};
    current = &worker;
    loop_on_signal(loop, SIGTERM, on_stop, &current);
    child_beat_start(loop);
    bool ok = worker_open(&worker, err) && work(&worker, err);
    worker_close(&worker);
    current = NULL;
    return (int)(ok ? WORKER_DONE : data_worker_exit(err));
}
