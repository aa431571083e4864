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
    /* Waits. Writes the piece and moves the worker's range behind it, or leaves that to a later
     * call, with worker->load open. */
    bool (*write)(Worker *worker, void *piece, bool *ret_ends, Error *err);
    void (*drop)(void *piece);
    bool ahead; /* pieces are small: one is read while another waits */
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
    size_t written_bytes; /* of memory, a row of the batch that was written last */
    const char *owner;    /* of ranges */
    Arena *range_arena;
    DataRange range;
    bool found;   /* it is one; else none is open */
    bool claimed; /* it was asked for with the COMMIT of the one before */
    bool careful; /* the next commit looks for the rows that the server refuses */
    DataLoad load;
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

/* Rows that were written may take more than those that were only read: what they were is kept. */
static void learn_bytes(Worker *worker, const DataBatch *batch)
{
    size_t bytes = data_batch_row_bytes(batch);
    if (bytes > 0)
        data_controller_row_bytes(&worker->controller,
                                  bytes > worker->written_bytes ? bytes : worker->written_bytes);
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
    learn_bytes(worker, batch);
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
        position->from =
            data_cursor_key(position->arena, (const char *const *)worker->range.last, parts);
    }
    if (!next_batch(worker, (const char *const *)position->from, &batch, err))
        return false;
    *ret_more = !batch->ends_range;
    arena_clear(position->arena);
    if (*ret_more)
        position->from = data_cursor_key(position->arena, data_batch_last(batch), parts);
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

static void wait_for_room(Pipeline *pipeline)
{
    while (pipeline->ready != NULL && !pipeline->stop)
        fiber_event_wait(&pipeline->changed, -1);
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
        if (worker->flow->ahead)
            wait_for_room(pipeline);
        if (pipeline->stop) {
            worker->flow->drop(piece);
            break;
        }
        pipeline->ready = piece;
        fiber_event_broadcast(&pipeline->changed);
        if (!worker->flow->ahead)
            wait_for_room(pipeline);
    }
    data_source_close(position.source);
    arena_free(position.arena);
    pipeline->ended = true;
    fiber_event_broadcast(&pipeline->changed);
}

/* NULL: the reader has ended, somebody stops us, or what is written has waited long enough. */
static void *take_piece(Pipeline *pipeline)
{
    const DataLoad *load = &pipeline->worker->load;
    while (pipeline->ready == NULL && !pipeline->ended && !fiber_cancelled()) {
        int64_t wait_ms = load->open ? data_load_left_ms(load) : -1;
        if (wait_ms == 0)
            break;
        fiber_event_wait(&pipeline->changed, wait_ms);
    }
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
    worker->range = data_cursor_moved(&worker->job, &worker->range, last, arena);
    arena_free(worker->range_arena);
    worker->range_arena = arena;
}

static bool write_batch(Worker *worker, void *piece, bool *ret_ends, Error *err)
{
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
    worker->written_bytes = data_batch_row_bytes(batch);
    worker->careful = false;
    *ret_ends = batch->ends_range;
    if (batch->rows_count > 0)
        move_range(worker, data_batch_last(batch));
    return true;
}

/* From what the server took for chunks. */
static void learn(Worker *worker)
{
    DataLoad *load = &worker->load;
    if (load->took_records > 0)
        data_controller_sample(&worker->controller, (int)load->took_records, load->took_us);
    load->took_records = load->took_us = 0;
}

/* What is open. The last of a range claims the next one with it: a transaction for that alone would
 * be one more wait for the disk. */
static bool commit_load(Worker *worker, Error *err)
{
    DataLoad *load = &worker->load;
    bool claims = load->ends_range && !worker->stopping;
    DataNextRange next = {.owner = worker->owner, .arena = claims ? arena_new() : NULL};
    if (!data_load_commit(load, &worker->range, claims ? &next : NULL, err)) {
        arena_free(next.arena);
        return false;
    }
    learn(worker);
    if (!claims) {
        move_range(worker, load->last);
        return true;
    }
    arena_free(worker->range_arena);
    worker->range_arena = next.arena;
    worker->range = next.range;
    worker->found = next.found;
    worker->claimed = true;
    return true;
}

static bool write_chunk(Worker *worker, void *piece, bool *ret_ends, Error *err)
{
    DataChunk *chunk = piece;
    DataLoad *load = &worker->load;
    if ((data_load_apart(load, chunk) && !commit_load(worker, err)) ||
        !data_load_add(load, chunk, err))
        return false;
    learn(worker);
    *ret_ends = chunk->ends_range;
    return !(load->full || worker->stopping) || commit_load(worker, err);
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
static const Flow CHUNKS = {
    .read = read_chunk, .write = write_chunk, .drop = drop_chunk, .ahead = true};

/* ---------------------------------------------------------------- pace */

/* While work is slowed an import's transactions are as short as any batch. */
static void set_times(Worker *worker)
{
    const DataSpec *spec = worker->options->spec;
    int64_t batch_us = data_throttle_batch_us(&worker->throttle, spec->batch_us);
    bool slowed = worker->throttle.duty < 1;
    worker->controller.target_us =
        spec->import != NULL && batch_us > spec->batch_us ? spec->batch_us : batch_us;
    worker->load.limit_us =
        slowed ? batch_us : data_throttle_batch_us(&worker->throttle, spec->load_us);
}

/* Small batches need not ask before each. */
static bool look_at_pace(Worker *worker, Error *err)
{
    enum { ASK_EVERY_US = 100000 };
    int64_t now_us = clock_monotonic_us();
    if (worker->throttle_us > 0 && now_us - worker->throttle_us < ASK_EVERY_US)
        return true;
    bool stale = false;
    if (!data_load_pause(&worker->load, err) ||
        !data_throttle_read(worker->writer, worker->job.run_text, worker->job.spec->step,
                            &worker->throttle, &stale, err))
        return false;
    if (stale)
        worker->throttle.duty = 0;
    worker->throttle_us = now_us;
    set_times(worker);
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

/* Waits until the next piece may be written. A pause is for what is open, too. */
static bool await_turn(Worker *worker, Error *err)
{
    if (!worker->load.open)
        return keep_pace(worker, err);
    return look_at_pace(worker, err) &&
           (worker->throttle.duty > 0 || (commit_load(worker, err) && keep_pace(worker, err)));
}

/* What was written stays, unless writing has failed. */
static bool end_load(Worker *worker, const Pipeline *pipeline, bool ok, Error *err)
{
    Error second;
    if (!worker->load.open)
        return ok;
    if (ok)
        return commit_load(worker, err);
    if (pipeline->failed)
        commit_load(worker, &second);
    else
        data_load_abandon(&worker->load);
    return false;
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
        ok = pipeline.ready != NULL || data_load_pause(&worker->load, err);
        if (!ok)
            break;
        void *piece = take_piece(&pipeline);
        if (piece == NULL && worker->load.open && !pipeline.ended && !fiber_cancelled()) {
            ok = commit_load(worker, err);
            *ret_moved |= ok;
            continue;
        }
        if (piece == NULL) {
            ok = pipeline.failed ? (*err = pipeline.err, false)
                                 : error_set(err, ERROR_CANCELLED, "stopped");
            break;
        }
        ok = await_turn(worker, err);
        bool writes = ok && !worker->stopping;
        ok = ok && (!writes || worker->flow->write(worker, piece, &ends, err));
        *ret_done = ok && ends;
        *ret_moved |= ok && writes && !worker->load.open;
        worker->flow->drop(piece);
        worker->stopping |= child_beat_orphaned(); /* nobody releases our ranges or counts us */
    }
    ok = end_load(worker, &pipeline, ok, err);
    pipeline_end(&pipeline);
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
    if (data_batch_row_error(err) && worker->load.shared)
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
            worker->load.shared = false; /* the chunk is known */
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

static bool claim(Worker *worker, Error *err)
{
    bool claimed = worker->claimed;
    worker->claimed = false;
    if (claimed)
        return true;
    arena_free(worker->range_arena);
    worker->range_arena = arena_new();
    return data_cursor_claim(&worker->job, worker->writer, worker->owner, worker->range_arena,
                             &worker->range, &worker->found, err);
}

static bool work(Worker *worker, Error *err)
{
    while (!worker->stopping) {
        if (!claim(worker, err))
            return false;
        if (!worker->found)
            return true;
        if (!run_range(worker, err))
            return false;
    }
    return data_cursor_release(&worker->job, worker->writer, worker->owner, err);
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
        !data_mapper_open(&worker->mapper, worker->loop, &options->target, err) ||
        !data_job_open(worker->writer, worker->arena, options->spec, &options->job, &worker->job,
                       err))
        return false;
    worker->owner =
        options->joined
            ? data_worker_joined(worker->arena, db_backend_pid(worker->writer), options->name)
            : options->name;
    data_updater_init(&worker->updater, &worker->job, worker->writer);
    data_load_init(&worker->load, &worker->job, worker->writer);
    data_controller_init(&worker->controller, options->spec->batch_rows, options->spec->batch_us);
    return true;
}

static void worker_close(Worker *worker)
{
    data_updater_done(&worker->updater);
    data_load_done(&worker->load);
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
