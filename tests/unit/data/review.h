/* A job after its batches, on one connection, with rows in the review queue. */
#ifndef HEADGATE_TESTS_DATA_REVIEW_H
#define HEADGATE_TESTS_DATA_REVIEW_H

#include "work.h"

#include "data/decide.h"

typedef struct Review {
    Arena *arena;
    DataSpec spec;
    DataJob job;
    DataUpdater updater;
    Error err;
} Review;

static inline void review_open(Review *review, const DataSpec *spec)
{
    DataJobOptions options = {.run = RUN, .epoch = EPOCH, .save_old = true};
    *review = (Review){.arena = arena_new(), .spec = *spec};
    review->spec.step = "backfill/t";
    review->spec.table = "t";
    review->spec.batch_us = 300000;
    if (!data_job_open(fixture_conn, review->arena, &review->spec, &options, &review->job,
                       &review->err))
        fail_msg("%s", review->err.message);
    data_updater_init(&review->updater, &review->job, fixture_conn);
}

static inline void review_close(Review *review)
{
    data_updater_done(&review->updater);
    arena_free(review->arena);
}

static const DataSpec SPEC = {.map = true, .where = "doc IS NULL", .keep = NAMES("a")};

static inline void make_table(void)
{
    sql("CREATE TABLE t (id bigint PRIMARY KEY, a text, n numeric, doc jsonb);"
        "INSERT INTO t VALUES (1, 'x', 1.50), (2, 'y', 2), (3, 'z', 3);"
        "INSERT INTO headgate.queued_row (run, step, key, kind, reason, choices, before) SELECT 7,"
        " 'backfill/t', ARRAY[id::text], 'ambiguous', 'two match', '[{\"set\": {\"doc\": [1]}},"
        " {\"set\": {\"doc\": {\"p\": 100.00, \"e\": []}, \"n\": 7.10}}]',"
        " jsonb_build_object('id', id, 'a', a, 'n', n, 'doc', NULL) FROM t");
}

/* What became of it, or the error. */
static inline const char *decide(Review *review, const char *key, const char *decision)
{
    DataDecided decided;
    if (!data_decide(&review->updater, &key, 1, decision, &decided, &review->err))
        return review->err.message;
    return data_decided_name(decided);
}

#endif
