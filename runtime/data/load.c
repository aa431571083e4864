/* COPY, halving, ledger. */
#include "data/load.h"

#include "base/bounds.h"
#include "base/fault.h"
#include "data/record_queue.h"
#include "db/copy.h"
#include "db/sql.h"
#include "ledger/fence.h"

#include <stdio.h>
#include <string.h>

static const char FOREIGN_KEY_VIOLATION[] = "23503";

/* Records on their way into the table. */
typedef struct Loading {
    const DataJob *job;
    DbConn *conn;
    Arena *arena;
    size_t words;     /* of a set of columns */
    uint64_t *shared; /* columns that some record writes and that are NULL where they are absent */
    Text copy;
} Loading;

/* ---------------------------------------------------------------- columns */

static bool has(const uint64_t *set, size_t column)
{
    return (set[column / 64] >> (column % 64)) & 1;
}

static void add(uint64_t *set, size_t column)
{
    set[column / 64] |= UINT64_C(1) << (column % 64);
}

static size_t column_index(const Loading *loading, const DataColumn *column)
{
    return (size_t)(column - loading->job->table.columns);
}

/* A column that a record does not have is NULL like any that is not written; but one with a default
 * has to stay away, so records with other such columns need a COPY of their own. */
static void choose_columns(Loading *loading, DataRecord *const *records, size_t count)
{
    const DataTable *table = &loading->job->table;
    loading->words = table->columns_count / 64 + 1;
    loading->shared = arena_alloc(loading->arena, loading->words * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        const DataMapped *mapped = &records[i]->mapped;
        records[i]->columns = arena_alloc(loading->arena, loading->words * sizeof(uint64_t));
        for (size_t w = 0; w < mapped->writes_count; w++) {
            const DataColumn *column = mapped->writes[w].column;
            add(column->has_default ? records[i]->columns : loading->shared,
                column_index(loading, column));
        }
    }
}

static bool same_columns(const Loading *loading, const DataRecord *a, const DataRecord *b)
{
    return memcmp(a->columns, b->columns, loading->words * sizeof(uint64_t)) == 0;
}

/* ---------------------------------------------------------------- COPY */

/* The text format: https://www.postgresql.org/docs/current/sql-copy.html */
static void append_value(Text *out, const DataWrite *write)
{
    static const char ESCAPES[256] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
                                      ['\t'] = 't', ['\v'] = 'v', ['\\'] = '\\'};
    if (write == NULL || write->text == NULL) {
        text_append_bytes(out, "\\N", 2);
        return;
    }
    const char *plain = write->text;
    const char *end = write->text + write->bytes;
    for (const char *at = plain; at < end; at++) {
        char escape = ESCAPES[(unsigned char)*at];
        if (escape == 0)
            continue;
        char pair[2] = {'\\', escape};
        text_append_bytes(out, plain, (size_t)(at - plain));
        text_append_bytes(out, pair, sizeof(pair));
        plain = at + 1;
    }
    text_append_bytes(out, plain, (size_t)(end - plain));
}

static void append_row(Loading *loading, const DataRecord *record, const size_t *columns,
                       size_t count)
{
    const DataTable *table = &loading->job->table;
    for (size_t i = 0; i < count; i++) {
        const DataWrite *found = NULL;
        for (size_t w = 0; w < record->mapped.writes_count && found == NULL; w++) {
            if (record->mapped.writes[w].column == &table->columns[columns[i]])
                found = &record->mapped.writes[w];
        }
        if (i > 0)
            text_append_char(&loading->copy, '\t');
        append_value(&loading->copy, found);
    }
    text_append_char(&loading->copy, '\n');
}

/* One COPY of the records that have the same columns as the first that is not yet taken. */
static bool copy_alike(Loading *loading, DataRecord *const *records, size_t count, size_t first,
                       bool *taken, Error *err)
{
    const DataTable *table = &loading->job->table;
    size_t *columns = arena_alloc(loading->arena, (table->columns_count + 1) * sizeof(*columns));
    size_t columns_count = 0;
    int64_t sent = 0;
    int64_t written = 0;
    const char *list = "";
    for (size_t c = 0; c < table->columns_count; c++) {
        if (!has(loading->shared, c) && !has(records[first]->columns, c))
            continue;
        list = arena_printf(loading->arena, "%s%s%s", list, columns_count > 0 ? ", " : "",
                            table->columns[c].quoted);
        columns[columns_count++] = c;
    }
    text_clear(&loading->copy);
    for (size_t i = first; i < count; i++) {
        if (taken[i] || !same_columns(loading, records[i], records[first]))
            continue;
        append_row(loading, records[i], columns, columns_count);
        taken[i] = true;
        sent++;
    }
    if (!db_copy_in(loading->conn,
                    arena_printf(loading->arena, "COPY %s (%s) FROM STDIN", table->quoted, list),
                    text_string(&loading->copy), loading->copy.length_bytes, &written, err))
        return false;
    if (written == sent)
        return true;
    error_set(err, ERROR_DATABASE, "a trigger kept the row from being written");
    memcpy(err->sqlstate, "P0001", sizeof(err->sqlstate));
    return false;
}

static bool write_once(Loading *loading, DataRecord *const *records, size_t count, Error *err)
{
    bool *taken = arena_alloc(loading->arena, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (!taken[i] && !copy_alike(loading, records, count, i, taken, err))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- halving */

/* Violations are the same problem for all rows of a constraint: the row's values follow in
 * brackets and stand in the queue anyway. */
static const char *reason_of(Arena *arena, const Error *why)
{
    static const char *const DETAILS[] = {" (Key (", " (Failing row contains "};
    bool violation = strncmp(why->sqlstate, "23", 2) == 0;
    for (size_t i = 0; violation && i < COUNT_OF(DETAILS); i++) {
        const char *detail = strstr(why->message, DETAILS[i]);
        if (detail != NULL)
            return arena_strndup(arena, why->message, (size_t)(detail - why->message));
    }
    return arena_strdup(arena, why->message);
}

static bool try_rows(Loading *loading, DataRecord *const *records, size_t count, Error *err)
{
    if (!db_exec(loading->conn, "SAVEPOINT hg_rows", NULL, NULL, err))
        return false;
    if (write_once(loading, records, count, err))
        return db_exec(loading->conn, "RELEASE SAVEPOINT hg_rows", NULL, NULL, err);
    Error why = *err;
    if (!data_batch_row_error(&why) ||
        !db_exec(loading->conn, "ROLLBACK TO SAVEPOINT hg_rows; RELEASE SAVEPOINT hg_rows", NULL,
                 NULL, err))
        return false;
    if (count == 1) {
        records[0]->failed = reason_of(loading->arena, &why);
        records[0]->orphan = text_equal(why.sqlstate, FOREIGN_KEY_VIOLATION);
        return true;
    }
    size_t half = count / 2;
    return try_rows(loading, records, half, err) &&
           try_rows(loading, records + half, count - half, err);
}

/* Marks what the server refuses, and writes nothing: what stays must have the xmin of the
 * transaction, not of a savepoint. */
static bool probe(Loading *loading, DataRecord **records, size_t *count, Error *err)
{
    size_t left = 0;
    if (!db_exec(loading->conn, "SAVEPOINT hg_probe", NULL, NULL, err) ||
        !try_rows(loading, records, *count, err) ||
        !db_exec(loading->conn, "ROLLBACK TO SAVEPOINT hg_probe; RELEASE SAVEPOINT hg_probe", NULL,
                 NULL, err))
        return false;
    for (size_t i = 0; i < *count; i++) {
        if (records[i]->failed == NULL)
            records[left++] = records[i];
    }
    *count = left;
    return true;
}

bool data_load_write(const DataJob *job, DbConn *conn, Arena *arena, DataRecord *records,
                     size_t count, bool careful, int64_t *ret_written, Error *err)
{
    Loading loading = {.job = job, .conn = conn, .arena = arena};
    DataRecord **wanted = arena_alloc(arena, (count + 1) * sizeof(*wanted));
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (data_load_wants(&records[i]))
            wanted[left++] = &records[i];
    }
    *ret_written = 0;
    if (left == 0)
        return true;
    text_init(&loading.copy, BOUND_DOCUMENT_BYTES);
    choose_columns(&loading, wanted, left);
    bool ok = data_job_role_on(job, conn, err) &&
              (!careful || probe(&loading, wanted, &left, err)) &&
              write_once(&loading, wanted, left, err) && data_job_role_off(job, conn, err);
    text_done(&loading.copy);
    *ret_written = (int64_t)left;
    return ok || error_wrap(err, "writing %s", job->table.shown);
}

/* ---------------------------------------------------------------- committing */

bool data_load_wrote(const DataJob *job, DbConn *conn, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const DataTable *table = &job->table;
    const char **names = arena_alloc(arena, (table->columns_count + 1) * sizeof(*names));
    char oid[16];
    names[0] = "*"; /* whole rows are ours, not only columns of them */
    for (size_t i = 0; i < table->columns_count; i++)
        names[i + 1] = table->columns[i].name;
    snprintf(oid, sizeof(oid), "%u", table->oid);
    return db_query_prepared(conn, db_sql("wrote_add"),
                             DB_PARAMS(job->run_text, job->spec->step, oid,
                                       db_array_text(arena, names, table->columns_count + 1)),
                             NULL, err) ||
           error_wrap(err, "wrote_add");
}

static bool refused_any(const DataLoad *load, const DataChunk *chunk, Error *err)
{
    for (size_t i = 0; load->job->spec->fail_on_error && i < chunk->count; i++) {
        const DataRecord *record = &chunk->records[i];
        if (record->failed != NULL)
            return error_set(err, ERROR_INPUT, "%s: %s",
                             data_record_place(chunk->arena, chunk->file, record), record->failed);
    }
    return true;
}

static bool commit(const DataLoad *load, DataChunk *chunk, bool careful, DataCounts *ret_counts,
                   Error *err)
{
    const DataJob *job = load->job;
    AUTO(arena_auto) Arena *arena = arena_new();
    DataCounts counts = {0};
    if (!ledger_fence_begin(load->conn, job->options.run, job->options.epoch, NULL, NULL, err) ||
        !data_load_write(job, load->conn, careful ? chunk->arena : arena, chunk->records,
                         chunk->count, careful, &counts.changed, err) ||
        !refused_any(load, chunk, err))
        return false;
    FAULT("worker.effect");
    if ((counts.changed > 0 && !data_load_wrote(job, load->conn, err)) ||
        !data_record_queue_add(job, load->conn, chunk, &counts, err))
        return false;
    DataMove move = {.last = chunk->last,
                     .done = chunk->ends_range,
                     .batch_rows = load->batch_rows,
                     .counts = counts};
    *ret_counts = counts;
    return data_cursor_move(job, load->conn, load->range, &move, err) && db_commit(load->conn, err);
}

bool data_load_commit(const DataLoad *load, DataChunk *chunk, DataCounts *ret_counts, Error *err)
{
    bool ok = commit(load, chunk, false, ret_counts, err);
    if (!ok && data_batch_row_error(err)) {
        db_rollback(load->conn);
        *err = (Error){0};
        ok = commit(load, chunk, true, ret_counts, err);
    }
    if (!ok)
        db_rollback(load->conn);
    else
        FAULT("worker.committed");
    return ok;
}
