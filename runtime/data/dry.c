/* Counting what would happen. */
#include "data/dry.h"

#include "data/batch.h"
#include "data/worker.h"

enum { ROWS_A_READ = 1000 };

typedef struct Dry {
    const DataDryOptions *options;
    Arena *arena;
    DataSpec spec;
    DataJob job;
    DataMapper mapper;
    DataDryCounts counts;
} Dry;

static void count_row(Dry *dry, const DataUpdateRow *row)
{
    DataDryCounts *counts = &dry->counts;
    const char *kind = NULL;
    counts->rows++;
    if (row->failed != NULL) {
        counts->error++;
        kind = "error";
    } else if (row->mapped.verdict == MAPPED_AMBIGUOUS) {
        counts->ambiguous++;
        kind = "ambiguous";
    } else if (row->mapped.verdict == MAPPED_SKIP) {
        counts->skip++;
    } else {
        counts->write++;
    }
    if (kind == NULL || counts->samples_count >= dry->options->samples_max)
        return;
    const char *reason = row->failed != NULL ? row->failed : row->mapped.reason;
    counts->samples[counts->samples_count++] = (DataDrySample){
        .key = arena_strdup(dry->arena,
                            data_job_key_shown(dry->arena, row->row.key, row->row.key_count)),
        .kind = kind,
        .reason = arena_strdup(dry->arena, reason),
    };
}

static char **copy_key(Arena *arena, const DataBatch *batch, size_t count)
{
    const char *const *last = data_batch_last(batch);
    char **key = arena_alloc(arena, count * sizeof(*key));
    for (size_t i = 0; i < count; i++)
        key[i] = arena_strdup(arena, last[i]);
    return key;
}

static bool read_all(Dry *dry, Arena *keys, Error *err)
{
    const DataRange everything = {.pass = 1};
    char **from = NULL;
    bool more = true;
    while (more) {
        DataBatch *batch = NULL;
        bool ok = data_batch_read(&dry->job, &dry->mapper, &everything, (const char *const *)from,
                                  ROWS_A_READ, &batch, err) &&
                  data_batch_map(&dry->job, &dry->mapper, batch, err);
        for (size_t i = 0; ok && i < batch->rows_count; i++)
            count_row(dry, &batch->rows[i]);
        more = ok && !batch->ends_range;
        arena_clear(keys);
        if (more)
            from = copy_key(keys, batch, dry->job.table.key_count);
        data_batch_free(batch);
        if (!ok)
            return false;
        if (fiber_cancelled())
            return error_set(err, ERROR_CANCELLED, "stopped");
    }
    return true;
}

static bool run(Dry *dry, Error *err)
{
    const DataDryOptions *options = dry->options;
    DataJobOptions job = {.role = options->role,
                          .expected = options->expected,
                          .expected_count = options->expected_count};
    AUTO(arena_auto) Arena *keys = arena_new();
    return data_worker_open_reader(options->loop, &options->target, &dry->mapper.reader, err) &&
           data_job_open(dry->mapper.reader, dry->arena, &dry->spec, &job, &dry->job, err) &&
           read_all(dry, keys, err);
}

bool data_dry(const DataDryOptions *options, Arena *arena, DataDryCounts *ret, Error *err)
{
    Dry *dry = arena_alloc(arena, sizeof(Dry));
    *dry = (Dry){.options = options,
                 .arena = arena,
                 .spec = *options->spec,
                 .mapper = {.map = options->map, .ctx = options->map_ctx}};
    dry->spec.fail_on_error = false;
    dry->counts.samples = arena_alloc(arena, (options->samples_max + 1) * sizeof(DataDrySample));
    bool ok = run(dry, err);
    db_close(dry->mapper.reader);
    if (ok)
        *ret = dry->counts;
    return ok;
}
