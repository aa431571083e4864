/* Counting records. */
#include "data/import_dry.h"

#include "data/import.h"
#include "data/record.h"

#include <inttypes.h>
#include <stdio.h>

enum { RECORDS_A_READ = 1000 };

typedef struct Dry {
    const DataDryOptions *options;
    bool no_table;
    Arena *arena;
    DataSpec spec;
    DataJob job;
    DataMapper mapper;
    DataImportDry found;
} Dry;

static void add_sample(Dry *dry, const DataChunk *chunk, const DataRecord *record, const char *kind)
{
    DataDryCounts *counts = &dry->found.counts;
    if (counts->samples_count >= dry->options->samples_max)
        return;
    counts->samples[counts->samples_count++] = (DataDrySample){
        .key = data_record_place(dry->arena, chunk->file, record),
        .kind = kind,
        .reason = arena_strdup(dry->arena,
                               record->failed != NULL ? record->failed : record->mapped.reason),
    };
}

static void count_record(Dry *dry, DataDryFile *file, const DataChunk *chunk,
                         const DataRecord *record)
{
    DataDryCounts *counts = &dry->found.counts;
    bool rejected = record->mapped.verdict == MAPPED_REJECT;
    counts->rows++;
    file->records++;
    if (record->failed != NULL || rejected) {
        counts->error++;
        file->errors++;
        add_sample(dry, chunk, record, "error");
    } else if (record->mapped.verdict == MAPPED_AMBIGUOUS) {
        counts->ambiguous++;
        add_sample(dry, chunk, record, "ambiguous");
    } else if (record->mapped.verdict == MAPPED_SKIP) {
        counts->skip++;
    } else {
        counts->write++;
    }
}

static bool read_all(Dry *dry, DataSource *source, DataDryFile *file, Error *err)
{
    bool more = true;
    while (more) {
        DataChunk *chunk = NULL;
        if (!data_source_read(source, dry->no_table ? NULL : &dry->mapper, RECORDS_A_READ, &chunk,
                              err))
            return false;
        for (size_t i = 0; i < chunk->count; i++)
            count_record(dry, file, chunk, &chunk->records[i]);
        more = !chunk->ends_range;
        data_chunk_free(chunk);
        if (fiber_cancelled())
            return error_set(err, ERROR_CANCELLED, "stopped");
    }
    return true;
}

static bool read_file(Dry *dry, const DataFile *listed, Error *err)
{
    DataDryFile *file = &dry->found.files[dry->found.files_count++];
    DataSource *source = NULL;
    *file = (DataDryFile){.name = listed->name, .size_bytes = listed->size_bytes};
    if (!data_import_open(&dry->job, listed, &source, err))
        return false;
    bool ok = read_all(dry, source, file, err);
    data_source_close(source);
    return ok;
}

static bool open_job(Dry *dry, Error *err)
{
    const DataDryOptions *options = dry->options;
    DataJobOptions job = {.role = options->role,
                          .expected = options->expected,
                          .expected_count = options->expected_count};
    dry->job.spec = &dry->spec;
    if (dry->no_table)
        return true;
    return data_mapper_open(&dry->mapper, options->loop, &options->target, err) &&
           data_job_open(dry->mapper.reader, dry->arena, &dry->spec, &job, &dry->job, err);
}

static bool run(Dry *dry, Error *err)
{
    DataFile *files = NULL;
    size_t count = 0;
    if (!open_job(dry, err) ||
        !data_import_files(dry->spec.import, dry->arena, &files, &count, err))
        return false;
    dry->found.files = arena_alloc(dry->arena, (count + 1) * sizeof(DataDryFile));
    for (size_t i = 0; i < count; i++) {
        if (!read_file(dry, &files[i], err))
            return false;
    }
    return true;
}

bool data_import_dry(const DataDryOptions *options, bool no_table, Arena *arena, DataImportDry *ret,
                     Error *err)
{
    Dry *dry = arena_alloc(arena, sizeof(Dry));
    *dry = (Dry){.options = options,
                 .no_table = no_table,
                 .arena = arena,
                 .spec = *options->spec,
                 .mapper = {.map = options->map, .ctx = options->map_ctx}};
    dry->spec.fail_on_error = false;
    dry->found.counts.samples =
        arena_alloc(arena, (options->samples_max + 1) * sizeof(DataDrySample));
    bool ok = run(dry, err);
    db_close(dry->mapper.reader);
    if (ok)
        *ret = dry->found;
    return ok;
}
