/* What people see of a record, and what they can choose. */
#include "data/record_queue.h"

#include "base/bounds.h"
#include "data/jsonb.h"
#include "data/writer.h"
#include "db/sql.h"

#include <inttypes.h>
#include <string.h>

enum { SHOWN_BYTES = 4096, ARRAYS = 5 };

/* NULL: it became a row. */
static const char *kind_of(const DataRecord *record)
{
    if (record->failed != NULL)
        return record->orphan ? "orphan" : "error";
    switch (record->mapped.verdict) {
    case MAPPED_SKIP:
        return "skip";
    case MAPPED_AMBIGUOUS:
        return "ambiguous";
    case MAPPED_REJECT:
        return "error";
    default:
        return NULL;
    }
}

/* ---------------------------------------------------------------- text for jsonb */

/* As a JSON text, at most SHOWN_BYTES of it. */
static void append_shown(Text *out, const char *bytes, size_t size)
{
    Error ignored = {0};
    Text clean;
    text_init(&clean, 4 * (size_t)SHOWN_BYTES);
    if (data_jsonb_clean(&clean, bytes, size, SHOWN_BYTES) < size)
        text_append(&clean, "\xe2\x80\xa6"); /* an ellipsis */
    bool ok = data_writer_string(out, text_string(&clean), clean.length_bytes, &ignored);
    invariant(ok);
    text_done(&clean);
}

static void append_before(Text *out, const DataChunk *chunk, const DataRecord *record)
{
    text_append(out, "{\"file\": ");
    append_shown(out, chunk->file, strlen(chunk->file));
    if (record->line > 0)
        text_printf(out, ", \"line\": %" PRId64, record->line);
    text_printf(out, ", \"byte\": %" PRId64 ", \"record\": ", record->offset);
    if (record->read && record->bytes <= SHOWN_BYTES &&
        data_jsonb_takes(record->text, record->bytes))
        text_append_bytes(out, record->text, record->bytes);
    else
        append_shown(out, record->text, record->bytes);
    text_append_char(out, '}');
}

/* ---------------------------------------------------------------- choices */

static bool append_write(Text *out, const DataWrite *write)
{
    Error ignored = {0};
    bool json = write->column->class == DATA_JSON || write->column->class == DATA_JSONB;
    if (!data_writer_string(out, write->column->name, strlen(write->column->name), &ignored))
        return false;
    text_append(out, ": ");
    if (write->text == NULL) {
        text_append(out, "null");
        return true;
    }
    if (!json)
        return data_writer_string(out, write->text, write->bytes, &ignored);
    text_append_bytes(out, write->text, write->bytes);
    return data_jsonb_takes(write->text, write->bytes);
}

/* The row as it was mapped, to be written once what it misses is there, or changed by hand. False
 * when it cannot be kept. */
static bool append_row_choice(Text *out, const DataMapped *mapped)
{
    text_append(out, "[{\"label\": \"write it as it is\", \"set\": {");
    for (size_t i = 0; i < mapped->writes_count; i++) {
        text_append(out, i > 0 ? ", " : "");
        if (!append_write(out, &mapped->writes[i]))
            return false;
    }
    text_append(out, "}}]");
    return !out->overflowed;
}

/* ---------------------------------------------------------------- queueing */

static void add_text(DataArray *array, const char *text)
{
    data_array_add(array, text, text == NULL ? 0 : strlen(text));
}

static void queue_record(DataArray *arrays, Arena *arena, const DataChunk *chunk,
                         const DataRecord *record, const char *kind)
{
    const char *key[] = {chunk->file, arena_printf(arena, "%" PRId64, record->offset)};
    bool skip = strcmp(kind, "skip") == 0;
    bool refused = record->failed != NULL && record->mapped.writes_count > 0;
    Text before;
    Text choices;
    text_init(&before, BOUND_DOCUMENT_BYTES);
    text_init(&choices, BOUND_DOCUMENT_BYTES);
    if (!skip)
        append_before(&before, chunk, record);
    bool kept = refused && append_row_choice(&choices, &record->mapped);
    add_text(&arrays[0], data_job_key_text(arena, key, COUNT_OF(key)));
    add_text(&arrays[1], kind);
    add_text(&arrays[2], record->failed != NULL ? record->failed : record->mapped.reason);
    add_text(&arrays[3], record->failed == NULL ? record->mapped.choices
                         : kept                 ? text_string(&choices)
                                                : NULL);
    add_text(&arrays[4], skip ? NULL : text_string(&before));
    text_done(&before);
    text_done(&choices);
}

static bool run(const DataJob *job, DbConn *conn, DataArray *arrays, Error *err)
{
    DataList list = {0};
    data_list_text(&list, job->run_text);
    data_list_text(&list, job->spec->step);
    for (size_t i = 0; i < ARRAYS; i++)
        data_list_array(&list, &arrays[i]);
    DbParams params = data_list_params(&list);
    return db_query_prepared(conn, db_sql("data_queue_add"), &params, NULL, err) ||
           error_wrap(err, "data_queue_add");
}

bool data_record_queue_add(const DataJob *job, DbConn *conn, const DataChunk *chunk,
                           DataCounts *counts, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DataArray arrays[ARRAYS];
    for (size_t i = 0; i < ARRAYS; i++)
        data_array_init(&arrays[i]);
    for (size_t i = 0; i < chunk->count; i++) {
        const char *kind = kind_of(&chunk->records[i]);
        if (kind == NULL)
            continue;
        queue_record(arrays, arena, chunk, &chunk->records[i], kind);
        if (strcmp(kind, "skip") == 0)
            counts->skipped++;
        else
            counts->queued++;
    }
    bool ok = arrays[0].count == 0 || run(job, conn, arrays, err);
    for (size_t i = 0; i < ARRAYS; i++)
        data_array_done(&arrays[i]);
    return ok;
}
