/* COPY, halving, ledger. */
#include "data/load.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"
#include "data/record_queue.h"
#include "db/copy.h"
#include "db/sql.h"
#include "ledger/fence.h"

#include <stdio.h>
#include <string.h>

static const char FOREIGN_KEY_VIOLATION[] = "23503";

/* Those that are to become rows. */
static DataRecord **choose(Arena *arena, DataRecord *records, size_t count, size_t *ret_count)
{
    DataRecord **wanted = arena_alloc(arena, (count + 1) * sizeof(*wanted));
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (data_load_wants(&records[i]))
            wanted[(*ret_count)++] = &records[i];
    }
    return wanted;
}

void data_load_encode(const DataJob *job, DataChunk *chunk)
{
    size_t count = 0;
    DataRecord **wanted = choose(chunk->arena, chunk->records, chunk->count, &count);
    chunk->copies =
        data_copies_encode(job, chunk->arena, wanted, count, COPY_FEWEST, &chunk->copies_count);
}

/* ---------------------------------------------------------------- COPY */

/* The end of a COPY of so many rows. */
static bool end_rows(DbConn *conn, int64_t rows, Error *err)
{
    int64_t written = 0;
    if (!db_copy_end(conn, &written, err))
        return false;
    if (written == rows)
        return true;
    error_set(err, ERROR_DATABASE, "a trigger kept the row from being written");
    memcpy(err->sqlstate, "P0001", sizeof(err->sqlstate));
    return false;
}

static bool send_copy(DbConn *conn, const DataCopy *copy, Error *err)
{
    if (!db_copy_begin(conn, copy->sql, err))
        return false;
    db_copy_put(conn, text_string(&copy->data), copy->data.length_bytes);
    return end_rows(conn, copy->rows, err);
}

static bool send_copies(DbConn *conn, const DataCopy *copies, size_t count, Error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!send_copy(conn, &copies[i], err))
            return false;
    }
    return true;
}

/* What deferred constraints would say at COMMIT, while it can still be said of single rows. */
static bool check_deferred(DbConn *conn, Error *err)
{
    return db_exec(conn, "SET CONSTRAINTS ALL IMMEDIATE", NULL, NULL, err);
}

/* ---------------------------------------------------------------- one COPY of several chunks */

static bool is_suspect(const DataLoad *load, const DataChunk *chunk)
{
    return chunk->from < load->suspect_to && chunk->to > load->suspect_from;
}

static bool is_alone(const DataLoad *load, const DataChunk *chunk)
{
    return load->alone > 0 || is_suspect(load, chunk);
}

static bool send_encoded(DataLoad *load, const DataChunk *chunk, Error *err)
{
    const DataJob *job = load->job;
    load->checked = is_alone(load, chunk);
    return (data_job_role_on(job, load->conn, err) &&
            send_copies(load->conn, chunk->copies, chunk->copies_count, err) &&
            (!load->checked || check_deferred(load->conn, err)) &&
            data_job_role_rest(job, load->conn, err)) ||
           error_wrap(err, "writing %s", job->table.shown);
}

/* Nothing but rows, all with the same columns, and nothing known against them. */
static bool streams(const DataLoad *load, const DataChunk *chunk)
{
    return chunk->copies_count == 1 && chunk->copies[0].rows == (int64_t)chunk->count &&
           !is_alone(load, chunk);
}

/* Can the chunk be written while the COPY that is open stays so? */
static bool continues(const DataLoad *load, const DataChunk *chunk)
{
    return chunk->count == 0 || (streams(load, chunk) && load->copy.sql != NULL &&
                                 strcmp(load->copy.sql, chunk->copies[0].sql) == 0);
}

static bool begin_copy(DataLoad *load, const DataChunk *chunk, Error *err)
{
    const char *sql = chunk->copies[0].sql;
    int64_t now_us = clock_monotonic_us();
    if (!data_job_role_on(load->job, load->conn, err) || !db_copy_begin(load->conn, sql, err))
        return error_wrap(err, "writing %s", load->job->table.shown);
    load->copy = (DataLoadCopy){.sql = base_strdup(sql), .from = chunk->from, .began_us = now_us};
    return true;
}

static bool stream(DataLoad *load, const DataChunk *chunk, Error *err)
{
    const DataCopy *copy = &chunk->copies[0];
    if (load->copy.sql == NULL && !begin_copy(load, chunk, err))
        return false;
    db_copy_put(load->conn, text_string(&copy->data), copy->data.length_bytes);
    load->copy.rows += copy->rows;
    load->copy.to = chunk->to;
    return true;
}

static void took(DataLoad *load, int64_t records, int64_t since_us)
{
    load->took_records += records;
    load->took_us += clock_monotonic_us() - since_us;
}

static bool end_copy(DataLoad *load, Error *err)
{
    DataLoadCopy *copy = &load->copy;
    base_free(&copy->sql);
    copy->sql = NULL;
    bool ok =
        end_rows(load->conn, copy->rows, err) && data_job_role_rest(load->job, load->conn, err);
    took(load, copy->rows, copy->began_us);
    return ok || error_wrap(err, "writing %s", load->job->table.shown);
}

/* ---------------------------------------------------------------- halving */

/* Records that are being tried. */
typedef struct Trial {
    const DataJob *job;
    DbConn *conn;
    Arena *arena;
    DataCopyOrder order;
} Trial;

static bool write_once(const Trial *trial, DataRecord *const *records, size_t count, Error *err)
{
    size_t copies_count = 0;
    DataCopy *copies =
        data_copies_encode(trial->job, trial->arena, records, count, trial->order, &copies_count);
    bool ok =
        send_copies(trial->conn, copies, copies_count, err) && check_deferred(trial->conn, err);
    data_copies_free(copies, copies_count);
    return ok;
}

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

static bool try_rows(const Trial *trial, DataRecord *const *records, size_t count, Error *err)
{
    if (!db_exec(trial->conn, "SAVEPOINT hg_rows", NULL, NULL, err))
        return false;
    if (write_once(trial, records, count, err))
        return db_exec(trial->conn, "RELEASE SAVEPOINT hg_rows", NULL, NULL, err);
    Error why = *err;
    if (!data_batch_row_error(&why) ||
        !db_exec(trial->conn, "ROLLBACK TO SAVEPOINT hg_rows; RELEASE SAVEPOINT hg_rows", NULL,
                 NULL, err))
        return false;
    if (count == 1) {
        records[0]->failed = reason_of(trial->arena, &why);
        records[0]->orphan = text_equal(why.sqlstate, FOREIGN_KEY_VIOLATION);
        return true;
    }
    size_t half = count / 2;
    return try_rows(trial, records, half, err) &&
           try_rows(trial, records + half, count - half, err);
}

/* Marks what the server refuses, and writes nothing: what stays must have the xmin of the
 * transaction, not of a savepoint. */
static bool probe(const Trial *trial, DataRecord **records, size_t *count, Error *err)
{
    size_t left = 0;
    if (!db_exec(trial->conn, "SAVEPOINT hg_probe", NULL, NULL, err) ||
        !try_rows(trial, records, *count, err) ||
        !db_exec(trial->conn, "ROLLBACK TO SAVEPOINT hg_probe; RELEASE SAVEPOINT hg_probe", NULL,
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
    /* A record may refer to one before it, and halves that were written in one order say nothing
     * about another. */
    DataCopyOrder order = careful ? COPY_IN_ORDER : COPY_FEWEST;
    const Trial trial = {.job = job, .conn = conn, .arena = arena, .order = order};
    size_t left = 0;
    DataRecord **wanted = choose(arena, records, count, &left);
    *ret_written = 0;
    if (left == 0)
        return true;
    bool ok = data_job_role_on(job, conn, err) && (!careful || probe(&trial, wanted, &left, err)) &&
              write_once(&trial, wanted, left, err) && data_job_role_off(job, conn, err);
    *ret_written = (int64_t)left;
    return ok || error_wrap(err, "writing %s", job->table.shown);
}

/* ---------------------------------------------------------------- committing */

/* That the transaction's rows of the table are ours: whole rows, not only columns of them. */
static DbParams wrote_params(const DataJob *job, Arena *arena)
{
    const DataTable *table = &job->table;
    const char **names = arena_alloc(arena, (table->columns_count + 1) * sizeof(*names));
    const char **values = arena_alloc(arena, 4 * sizeof(*values));
    names[0] = "*";
    for (size_t i = 0; i < table->columns_count; i++)
        names[i + 1] = table->columns[i].name;
    values[0] = job->run_text;
    values[1] = job->spec->step;
    values[2] = arena_printf(arena, "%u", table->oid);
    values[3] = db_array_text(arena, names, table->columns_count + 1);
    return (DbParams){.count = 4, .values = values};
}

bool data_load_wrote(const DataJob *job, DbConn *conn, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DbParams params = wrote_params(job, arena);
    return db_query_prepared(conn, db_sql("wrote_add"), &params, NULL, err) ||
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

/* With the transaction's first rows it is noted whose they are. */
static bool begin(DataLoad *load, bool writes, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(db_result_auto) DbResult *noted = NULL;
    const DataJobOptions *options = &load->job->options;
    DbParams params = wrote_params(load->job, arena);
    const DbStatement wrote = {db_sql("wrote_add"), &params, .prepared = true};
    if (!ledger_fence_begin_with(load->conn, options->run, options->epoch, &wrote, writes, &noted,
                                 err))
        return false;
    load->chunks = 0;
    load->records = load->bytes = 0;
    load->counts = (DataCounts){0};
    load->noted = writes;
    load->full = load->ends_range = load->shared = load->checked = false;
    load->began_us = clock_monotonic_us();
    load->open = true;
    return true;
}

static bool note(DataLoad *load, bool writes, Error *err)
{
    if (!writes || load->noted)
        return true;
    load->noted = true;
    return data_load_wrote(load->job, load->conn, err);
}

/* The rows as they were encoded, in as few round trips as it takes. */
static bool write_encoded(DataLoad *load, const DataChunk *chunk, int64_t *ret_written, Error *err)
{
    bool writes = chunk->copies_count > 0;
    bool ok = load->open ? note(load, writes, err) : begin(load, writes, err);
    for (size_t i = 0; i < chunk->copies_count; i++)
        *ret_written += chunk->copies[i].rows;
    if (!ok || !writes)
        return ok;
    if (streams(load, chunk))
        return stream(load, chunk, err);
    int64_t began_us = clock_monotonic_us();
    ok = send_encoded(load, chunk, err);
    took(load, (int64_t)chunk->count, began_us);
    return ok;
}

/* Record by record, in a transaction of its own. */
static bool write_careful(DataLoad *load, DataChunk *chunk, int64_t *ret_written, Error *err)
{
    if (!begin(load, false, err))
        return false;
    load->checked = true;
    return data_load_write(load->job, load->conn, chunk->arena, chunk->records, chunk->count, true,
                           ret_written, err) &&
           refused_any(load, chunk, err) && note(load, *ret_written > 0, err);
}

static bool add_chunk(DataLoad *load, DataChunk *chunk, bool careful, Error *err)
{
    int64_t written = 0;
    if (careful ? !write_careful(load, chunk, &written, err)
                : !write_encoded(load, chunk, &written, err))
        return false;
    FAULT("worker.effect");
    load->counts.changed += written;
    return data_record_queue_add(load->job, load->conn, chunk, &load->counts, err);
}

void data_load_init(DataLoad *load, const DataJob *job, DbConn *conn)
{
    *load =
        (DataLoad){.job = job, .conn = conn, .limit_us = job->spec->load_us, .arena = arena_new()};
}

void data_load_done(DataLoad *load)
{
    arena_free(load->arena);
    load->arena = NULL;
}

void data_load_abandon(DataLoad *load)
{
    Error ignored = {0};
    if (load->copy.sql != NULL)
        end_copy(load, &ignored); /* what it wrote is undone */
    db_rollback(load->conn);
    load->open = false;
    load->took_records = load->took_us = 0;
}

bool data_load_apart(const DataLoad *load, const DataChunk *chunk)
{
    return load->open && is_alone(load, chunk);
}

int64_t data_load_left_ms(const DataLoad *load)
{
    int64_t left_us = load->began_us + load->limit_us - clock_monotonic_us();
    return left_us > 0 ? (left_us + 999) / 1000 : 0;
}

/* What the transaction holds now, and whether it may hold more. */
static void take_in(DataLoad *load, const DataChunk *chunk)
{
    load->chunks++;
    load->records += (int64_t)chunk->count;
    load->bytes += (int64_t)chunk->bytes;
    load->ends_range = chunk->ends_range;
    load->full = chunk->ends_range || is_alone(load, chunk) ||
                 load->bytes >= BOUND_IMPORT_TRANSACTION_BYTES || data_load_left_ms(load) == 0;
    arena_clear(load->arena);
    for (size_t i = 0; i < PLACE_PARTS; i++)
        load->last[i] = arena_strdup(load->arena, chunk->last[i]);
}

/* What was written with a chunk that fails is undone with it, and will be written again without. */
static void fail(DataLoad *load, int64_t from, int64_t to, const Error *err)
{
    if (load->shared && data_batch_row_error(err)) {
        load->suspect_from = from;
        load->suspect_to = to;
    }
    data_load_abandon(load);
}

bool data_load_pause(DataLoad *load, Error *err)
{
    if (load->copy.sql == NULL || end_copy(load, err))
        return true;
    load->shared = true; /* it may be any of the chunks that it was given */
    fail(load, load->copy.from, load->copy.to, err);
    return false;
}

static bool add_again(DataLoad *load, DataChunk *chunk, Error *err)
{
    enum { ALONE_AFTER = 16 }; /* refused records seldom come alone */
    data_load_abandon(load);
    *err = (Error){0};
    load->alone = ALONE_AFTER;
    return add_chunk(load, chunk, true, err);
}

bool data_load_add(DataLoad *load, DataChunk *chunk, Error *err)
{
    if (!continues(load, chunk) && !data_load_pause(load, err))
        return false;
    bool first = !load->open;
    bool ok = add_chunk(load, chunk, false, err) ||
              (first && data_batch_row_error(err) && add_again(load, chunk, err));
    if (ok) {
        take_in(load, chunk);
        return true;
    }
    load->shared = load->open && load->chunks > 0;
    fail(load, chunk->from, chunk->to, err);
    return false;
}

bool data_load_commit(DataLoad *load, const DataRange *range, DataNextRange *next, Error *err)
{
    DataMove move = {.last = load->last,
                     .done = load->ends_range,
                     .batch_rows = (int)load->records,
                     .counts = load->counts};
    if (!data_load_pause(load, err))
        return false;
    bool ok = data_job_role_on(load->job, load->conn, err) && /* for what is deferred */
              data_job_role_off(load->job, load->conn, err) &&
              data_cursor_move(load->job, load->conn, range, &move, err) &&
              (next == NULL || data_cursor_take(load->job, load->conn, next->owner, next->arena,
                                                &next->range, &next->found, err)) &&
              db_commit(load->conn, err);
    if (!ok) {
        load->shared = !load->checked;
        if (load->shared && data_batch_row_error(err))
            load->alone = load->chunks; /* nobody knows which of them COMMIT refuses, or what */
        data_load_abandon(load);
        return false;
    }
    load->open = false;
    load->alone -= load->alone > 0;
    if (load->ends_range)
        load->suspect_from = load->suspect_to = 0;
    FAULT("worker.committed");
    return true;
}
