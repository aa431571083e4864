/* Counting what would happen. */
#include "data/dry.h"

#include "data/batch.h"
#include "data/queue.h"
#include "data/writer.h"

#include <string.h>

enum { ROWS_A_READ = 1000, AFTER_BYTES = 600, BEFORE_BYTES = 64 * 1024 };

typedef struct Dry {
    const DataDryOptions *options;
    Arena *arena;
    DataSpec spec;
    DataJob job;
    DataMapper mapper;
    DataDryCounts counts;
} Dry;

/* The first bytes of a text, whole characters. */
static size_t cut(const char *text, size_t bytes)
{
    size_t used = 0;
    while (used < bytes) {
        size_t one = data_writer_utf8((const unsigned char *)text + used, bytes - used);
        if (one == 0 || used + one > AFTER_BYTES)
            break;
        used += one;
    }
    return used;
}

/* A column that goes in by reference does not travel: its name stands where its value will. */
static json_t *after_of(Arena *arena, const DataMapped *mapped)
{
    json_t *after = json_object();
    for (size_t i = 0; i < mapped->writes_count; i++) {
        const DataWrite *write = &mapped->writes[i];
        const char *text = write->text;
        if (text != NULL && write->source != NULL)
            text = arena_printf(arena, "%.*s<%s>%s", (int)write->hole, text, write->source->name,
                                text + write->hole);
        size_t bytes = text == NULL ? 0 : strlen(text);
        size_t shown = text == NULL ? 0 : cut(text, bytes);
        json_object_set_new(
            after, write->column->name,
            text == NULL ? json_null()
                         : json_sprintf("%.*s%s", (int)shown, text, shown < bytes ? "…" : ""));
    }
    return after;
}

/* Only that it cannot be shown is lost when it is too long, or no text. */
static void keep_change(Dry *dry, const DataUpdateRow *row)
{
    DataDryCounts *counts = &dry->counts;
    if (dry->options->map == NULL || counts->changes_count >= dry->options->samples_max)
        return;
    Error ignored = {0};
    AUTO(text_done) Text before;
    text_init(&before, BEFORE_BYTES);
    if (!data_queue_before(&before, &row->row, &ignored) || before.overflowed)
        return;
    counts->changes[counts->changes_count++] = (DataDryChange){
        .key = arena_strdup(dry->arena,
                            data_job_key_shown(dry->arena, row->row.key, row->row.key_count)),
        .before = arena_strdup(dry->arena, text_string(&before)),
        .after = after_of(dry->arena, &row->mapped),
    };
}

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
        keep_change(dry, row);
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
    return data_mapper_open(&dry->mapper, options->loop, &options->target, err) &&
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
    dry->counts.changes = arena_alloc(arena, (options->samples_max + 1) * sizeof(DataDryChange));
    dry->counts.samples = arena_alloc(arena, (options->samples_max + 1) * sizeof(DataDrySample));
    bool ok = run(dry, err);
    db_close(dry->mapper.reader);
    if (ok)
        *ret = dry->counts;
    else
        data_dry_done(&dry->counts);
    return ok;
}

void data_dry_done(DataDryCounts *counts)
{
    for (size_t i = 0; i < counts->changes_count; i++)
        json_decref(counts->changes[i].after);
    counts->changes_count = 0;
}
