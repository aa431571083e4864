/* A job with its connections, as a worker has them, and its batches one at a time. */
#ifndef HEADGATE_TESTS_DATA_WORK_H
#define HEADGATE_TESTS_DATA_WORK_H

#include "fixture.h"

typedef struct Work {
    Arena *arena;
    DataSpec spec;
    DataJob job;
    DbConn *writer;
    DataUpdater updater;
    DataMapper mapper;
    DataRange range;
    DataCounts counts;
    Error err;
} Work;

static inline void work_open_with(Work *work, const DataSpec *spec, DataMap *map, bool save_old)
{
    *work = (Work){.arena = arena_new(), .spec = *spec};
    work->spec.step = "backfill/t";
    work->spec.table = "t";
    work->spec.map = map != NULL;
    DataJobOptions options = {.run = RUN, .epoch = EPOCH, .save_old = save_old};
    if (!data_job_open(fixture_conn, work->arena, &work->spec, &options, &work->job, &work->err))
        fail_msg("%s", work->err.message);
    work->writer = fixture_open(false);
    work->mapper = (DataMapper){.map = map, .reader = fixture_open(true)};
    data_updater_init(&work->updater, &work->job, work->writer);
    bool found;
    assert_true(data_cursor_create(&work->job, fixture_conn, 0, NULL, NULL, &work->err));
    assert_true(data_cursor_claim(&work->job, fixture_conn, "me", work->arena, &work->range, &found,
                                  &work->err));
    assert_true(found);
}

static inline void work_open(Work *work, const DataSpec *spec, DataMap *map)
{
    work_open_with(work, spec, map, false);
}

static inline void work_close(Work *work)
{
    data_updater_done(&work->updater);
    db_close(work->writer);
    db_close(work->mapper.reader);
    arena_free(work->arena);
}

static inline DataBatch *read_and_map(Work *work, int limit)
{
    DataBatch *batch = NULL;
    assert_true(data_mapper_lock(&work->mapper, &work->err));
    if (!data_batch_read(&work->job, &work->mapper, &work->range,
                         (const char *const *)work->range.last, limit, &batch, &work->err) ||
        !data_batch_map(&work->job, &work->mapper, batch, &work->err))
        fail_msg("%s", work->err.message);
    data_mapper_unlock(&work->mapper);
    return batch;
}

static inline bool commit_with(Work *work, DataBatch *batch, bool careful)
{
    DataCommit commit = {.updater = &work->updater,
                         .mapper = &work->mapper,
                         .range = &work->range,
                         .batch_rows = 10,
                         .careful = careful};
    return data_batch_commit(batch, &commit, &work->counts, &work->err);
}

static inline void commit(Work *work, DataBatch *batch)
{
    if (!commit_with(work, batch, false))
        fail_msg("%s", work->err.message);
}

/* One whole batch over all rows. */
static inline void run_batch(Work *work)
{
    DataBatch *batch = read_and_map(work, 1000);
    commit(work, batch);
    data_batch_free(batch);
}

#endif
