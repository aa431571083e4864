/* queued_row and old_value. */
#include "data/queue.h"

#include "base/bounds.h"
#include "data/document.h"
#include "data/jsonb.h"
#include "data/writer.h"
#include "db/sql.h"

#include <string.h>

enum { BEFORE_VALUE_BYTES = 4096 };

/* Queries of the ledger by (run, step) and up to five arrays. */
typedef struct QueueCall {
    DataArray arrays[5];
    DataList list;
} QueueCall;

static void call_init(QueueCall *call, const DataJob *job, size_t arrays)
{
    call->list.count = 0;
    data_list_text(&call->list, job->run_text);
    data_list_text(&call->list, job->spec->step);
    for (size_t i = 0; i < COUNT_OF(call->arrays); i++) {
        call->arrays[i] = (DataArray){0};
        if (i < arrays)
            data_array_init(&call->arrays[i]);
    }
}

static void call_done(QueueCall *call)
{
    for (size_t i = 0; i < COUNT_OF(call->arrays); i++)
        data_array_done(&call->arrays[i]);
}

static bool call_run(QueueCall *call, DbConn *conn, const char *name, size_t arrays,
                     DbResult **ret_result, Error *err)
{
    for (size_t i = 0; i < arrays; i++)
        data_list_array(&call->list, &call->arrays[i]);
    DbParams params = data_list_params(&call->list);
    return db_query_prepared(conn, db_sql(name), &params, ret_result, err) ||
           error_wrap(err, "%s", name);
}

static void add_text(DataArray *array, const char *text)
{
    data_array_add(array, text, text == NULL ? 0 : strlen(text));
}

static const char *key_of(Arena *arena, const DataUpdateRow *row)
{
    return data_job_key_text(arena, row->row.key, row->row.key_count);
}

/* NULL when the row does not go to the queue. */
static const char *kind_of(const DataUpdateRow *row)
{
    if (row->gone)
        return NULL;
    if (row->failed != NULL)
        return "error";
    switch (row->mapped.verdict) {
    case MAPPED_SKIP:
        return "skip";
    case MAPPED_AMBIGUOUS:
        return "ambiguous";
    default:
        return NULL;
    }
}

/* ---------------------------------------------------------------- the row as it was, for people */

static bool is_json_as_it_is(const DataColumn *column, const DataValue *value)
{
    switch (column->class) {
    case DATA_INTEGER:
        return true;
    case DATA_NUMERIC:
    case DATA_FLOAT:
        return data_decimal_valid(value->text, value->bytes);
    case DATA_JSON:
        return value->bytes <= BEFORE_VALUE_BYTES && data_jsonb_takes(value->text, value->bytes);
    case DATA_JSONB:
        return value->bytes <= BEFORE_VALUE_BYTES;
    default:
        return false;
    }
}

/* At most BEFORE_VALUE_BYTES, never half a character. */
static bool write_cut(Text *out, const DataValue *value, Error *err)
{
    if (value->bytes <= BEFORE_VALUE_BYTES)
        return data_writer_string(out, value->text, value->bytes, err);
    size_t bytes = BEFORE_VALUE_BYTES;
    while (bytes > 0 && ((unsigned char)value->text[bytes] & 0xc0) == 0x80)
        bytes--;
    char copy[BEFORE_VALUE_BYTES + 8];
    memcpy(copy, value->text, bytes);
    memcpy(copy + bytes, "\xe2\x80\xa6", 3); /* an ellipsis */
    return data_writer_string(out, copy, bytes + 3, err);
}

static bool write_value(Text *out, const DataColumn *column, const DataValue *value, Error *err)
{
    if (value->text == NULL)
        text_append(out, "null");
    else if (column->class == DATA_BOOLEAN)
        text_append(out, value->text[0] == 't' ? "true" : "false");
    else if (is_json_as_it_is(column, value))
        text_append_bytes(out, value->text, value->bytes);
    else
        return write_cut(out, value, err);
    return true;
}

static bool write_members(Text *out, const DataRow *row, Error *err)
{
    for (size_t i = 0; i < row->count; i++) {
        const DataColumn *column = row->columns[i];
        text_append(out, i > 0 ? ", " : "");
        if (!data_writer_string(out, column->name, strlen(column->name), err))
            return false;
        text_append(out, ": ");
        if (!write_value(out, column, &row->values[i], err))
            return false;
    }
    return true;
}

bool data_queue_before(Text *out, const DataRow *row, Error *err)
{
    text_append_char(out, '{');
    bool ok = write_members(out, row, err);
    text_append_char(out, '}');
    return ok;
}

bool data_queue_guarded(Text *out, const DataRow *row, const char *digest, Error *err)
{
    text_printf(out, "{\"\": \"%s\"%s", digest, row->count > 0 ? ", " : "");
    bool ok = write_members(out, row, err);
    text_append_char(out, '}');
    return ok;
}

/* ---------------------------------------------------------------- the row as it was, all of it */

/* The digest of a row that changed after it was mapped: no row has it. */
static const char CHANGED[] = "changed";

static bool is_skip(const DataUpdateRow *row)
{
    return row->failed == NULL && row->mapped.verdict == MAPPED_SKIP;
}

/* The keys of the rows that people will decide about; places: where these rows are. */
static size_t take_keys(const DataUpdateRow *rows, size_t count, DataArray *keys, size_t key_count,
                        size_t *places)
{
    size_t taken = 0;
    for (size_t k = 0; k < key_count; k++)
        data_array_init(&keys[k]);
    for (size_t i = 0; i < count; i++) {
        if (kind_of(&rows[i]) == NULL || is_skip(&rows[i]))
            continue;
        places[taken++] = i;
        for (size_t k = 0; k < key_count; k++)
            add_text(&keys[k], rows[i].row.key[k]);
    }
    return taken;
}

static bool query_digests(const DataJob *job, DbConn *conn, Arena *arena, DataArray *keys,
                          DbResult **ret_result, Error *err)
{
    DataList *list = arena_alloc(arena, sizeof(DataList));
    DataParts parts = {0};
    data_job_join(job, arena, keys, list, &parts);
    data_parts_set(&parts, "version", job->version);
    data_parts_set(&parts, "alias", job->table.alias);
    DbParams params = data_list_params(list);
    return (data_job_role_on(job, conn, err) &&
            db_query(conn, data_statement(arena, "data_queue_digest", &parts), &params, ret_result,
                     err) &&
            data_job_role_off(job, conn, err)) ||
           error_wrap(err, "reading rows for the review queue");
}

/* Of each row that people will decide about, in its place. Only these are read a second time: it
 * would cost too much to read a digest with every row. */
static bool read_digests(const DataJob *job, DbConn *conn, Arena *arena, const DataUpdateRow *rows,
                         size_t count, const char **digests, Error *err)
{
    enum { NUMBER, VERSION, DIGEST };
    AUTO(db_result_auto) DbResult *result = NULL;
    size_t key_count = job->table.key_count;
    DataArray *keys = arena_alloc(arena, key_count * sizeof(DataArray));
    size_t *places = arena_alloc(arena, count * sizeof(*places));
    size_t taken = take_keys(rows, count, keys, key_count, places);
    for (size_t i = 0; i < taken; i++)
        digests[places[i]] = CHANGED;
    bool ok = taken == 0 || query_digests(job, conn, arena, keys, &result, err);
    for (int i = 0; ok && taken > 0 && i < db_rows(result); i++) {
        size_t place = places[db_int(result, i, NUMBER) - 1];
        if (text_equal(rows[place].version, db_value(result, i, VERSION)))
            digests[place] = arena_strdup(arena, db_value(result, i, DIGEST));
    }
    for (size_t k = 0; k < key_count; k++)
        data_array_done(&keys[k]);
    return ok;
}

/* ---------------------------------------------------------------- queueing */

static bool queue_row(QueueCall *call, Arena *arena, const DataUpdateRow *row, const char *kind,
                      const char *digest, Error *err)
{
    bool skip = is_skip(row);
    Text before;
    text_init(&before, BOUND_DOCUMENT_BYTES);
    bool ok = skip || data_queue_guarded(&before, &row->row, digest, err);
    if (ok) {
        add_text(&call->arrays[0], key_of(arena, row));
        add_text(&call->arrays[1], kind);
        add_text(&call->arrays[2], row->failed != NULL ? row->failed : row->mapped.reason);
        add_text(&call->arrays[3], row->failed != NULL ? NULL : row->mapped.choices);
        add_text(&call->arrays[4], skip ? NULL : text_string(&before));
    }
    text_done(&before);
    return ok;
}

static bool queue_rows(QueueCall *call, Arena *arena, const DataUpdateRow *rows, size_t count,
                       const char *const *digests, DataCounts *counts, Error *err)
{
    for (size_t i = 0; i < count; i++) {
        const char *kind = kind_of(&rows[i]);
        if (kind == NULL)
            continue;
        if (!queue_row(call, arena, &rows[i], kind, digests[i], err))
            return false;
        if (text_equal(kind, "skip"))
            counts->skipped++;
        else
            counts->queued++;
    }
    return true;
}

bool data_queue_add(const DataJob *job, DbConn *conn, const DataUpdateRow *rows, size_t count,
                    DataCounts *counts, Error *err)
{
    enum { ARRAYS = 5 };
    size_t queued = 0;
    for (size_t i = 0; i < count; i++)
        queued += kind_of(&rows[i]) != NULL;
    if (queued == 0)
        return true;
    AUTO(arena_auto) Arena *arena = arena_new();
    QueueCall *call = arena_alloc(arena, sizeof(QueueCall));
    call_init(call, job, ARRAYS);
    const char **digests = arena_alloc(arena, count * sizeof(*digests));
    bool ok = read_digests(job, conn, arena, rows, count, digests, err) &&
              queue_rows(call, arena, rows, count, digests, counts, err) &&
              call_run(call, conn, "data_queue_add", ARRAYS, NULL, err);
    call_done(call);
    return ok;
}

bool data_queue_old(const DataJob *job, DbConn *conn, const DataUpdateRow *rows, size_t count,
                    Error *err)
{
    enum { ARRAYS = 3 };
    if (!job->options.save_old)
        return true;
    AUTO(arena_auto) Arena *arena = arena_new();
    QueueCall *call = arena_alloc(arena, sizeof(QueueCall));
    call_init(call, job, ARRAYS);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].old == NULL || !rows[i].written)
            continue;
        add_text(&call->arrays[0], key_of(arena, &rows[i]));
        add_text(&call->arrays[1], rows[i].old);
        add_text(&call->arrays[2], rows[i].digests);
    }
    bool ok = call->arrays[0].count == 0 || call_run(call, conn, "data_old_add", ARRAYS, NULL, err);
    call_done(call);
    return ok;
}

bool data_queue_exclude(const DataJob *job, DbConn *conn, DataUpdateRow *rows, size_t count,
                        Error *err)
{
    enum { ARRAYS = 1 };
    AUTO(db_result_auto) DbResult *result = NULL;
    AUTO(arena_auto) Arena *arena = arena_new();
    QueueCall *call = arena_alloc(arena, sizeof(QueueCall));
    call_init(call, job, ARRAYS);
    for (size_t i = 0; i < count; i++)
        add_text(&call->arrays[0], key_of(arena, &rows[i]));
    bool ok = call_run(call, conn, "data_queue_find", ARRAYS, &result, err);
    for (int i = 0; ok && i < db_rows(result); i++)
        rows[db_int(result, i, 0) - 1].gone = true;
    call_done(call);
    return ok;
}
