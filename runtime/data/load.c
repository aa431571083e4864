/* COPY, halving, ledger. */
#include "data/load.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"
#include "data/record_queue.h"
#include "data/turn.h"
#include "data/writer.h"
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
    DataTurnTime turn;
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
        data_turn_may_end(&loading->turn);
        const DataMapped *mapped = &records[i]->mapped;
        records[i]->columns = arena_alloc(loading->arena, loading->words * sizeof(uint64_t));
        for (size_t w = 0; w < mapped->writes_count; w++) {
            const DataColumn *column = mapped->writes[w].column;
            add(column->has_default ? records[i]->columns : loading->shared,
                column_index(loading, column));
        }
    }
}

/* Those that are to become rows, with their columns. */
static DataRecord **choose_records(Loading *loading, DataRecord *records, size_t count,
                                   size_t *ret_count)
{
    DataRecord **wanted = arena_alloc(loading->arena, (count + 1) * sizeof(*wanted));
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (data_load_wants(&records[i]))
            wanted[(*ret_count)++] = &records[i];
    }
    choose_columns(loading, wanted, *ret_count);
    return wanted;
}

static bool same_columns(const Loading *loading, const DataRecord *a, const DataRecord *b)
{
    return memcmp(a->columns, b->columns, loading->words * sizeof(uint64_t)) == 0;
}

/* ---------------------------------------------------------------- COPY */

/* A backslash or a control character. */
static inline uint64_t is_escape(uint64_t eight)
{
    uint64_t slash = eight ^ (DATA_WRITER_ONES * '\\');
    return (((eight - DATA_WRITER_ONES * 0x20) & ~eight) | ((slash - DATA_WRITER_ONES) & ~slash)) &
           DATA_WRITER_TOPS;
}

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
    for (const char *at = plain; (at = data_writer_next(at, end, is_escape)) < end; at++) {
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

/* The columns of one COPY, and where a row had its value for each: the next has it there too. */
typedef struct Layout {
    size_t *columns;
    size_t *places;
    size_t count;
} Layout;

static const DataWrite *find_write(const DataMapped *mapped, const DataColumn *column,
                                   size_t *place)
{
    if (*place < mapped->writes_count && mapped->writes[*place].column == column)
        return &mapped->writes[*place];
    for (size_t w = 0; w < mapped->writes_count; w++) {
        if (mapped->writes[w].column == column) {
            *place = w;
            return &mapped->writes[w];
        }
    }
    return NULL;
}

static void append_row(Text *out, const DataTable *table, const DataRecord *record,
                       const Layout *layout)
{
    for (size_t i = 0; i < layout->count; i++) {
        const DataColumn *column = &table->columns[layout->columns[i]];
        if (i > 0)
            text_append_char(out, '\t');
        append_value(out, find_write(&record->mapped, column, &layout->places[i]));
    }
    text_append_char(out, '\n');
}

static const char *choose_layout(const Loading *loading, const DataRecord *first, Layout *layout)
{
    const DataTable *table = &loading->job->table;
    const char *list = "";
    layout->columns = arena_alloc(loading->arena, (table->columns_count + 1) * sizeof(size_t));
    layout->places = arena_alloc(loading->arena, (table->columns_count + 1) * sizeof(size_t));
    for (size_t c = 0; c < table->columns_count; c++) {
        if (!has(loading->shared, c) && !has(first->columns, c))
            continue;
        list = arena_printf(loading->arena, "%s%s%s", list, layout->count > 0 ? ", " : "",
                            table->columns[c].quoted);
        layout->columns[layout->count++] = c;
    }
    return arena_printf(loading->arena, "COPY %s (%s) FROM STDIN", table->quoted, list);
}

/* One COPY of the records that have the same columns as the first that is not yet taken. */
static void encode_alike(Loading *loading, DataRecord *const *records, size_t count, size_t first,
                         bool *taken, DataCopy *ret)
{
    Layout layout = {0};
    *ret = (DataCopy){.sql = choose_layout(loading, records[first], &layout)};
    text_init(&ret->data, BOUND_DOCUMENT_BYTES);
    for (size_t i = first; i < count; i++) {
        data_turn_may_end(&loading->turn);
        if (taken[i] || !same_columns(loading, records[i], records[first]))
            continue;
        append_row(&ret->data, &loading->job->table, records[i], &layout);
        taken[i] = true;
        ret->rows++;
    }
}

static bool send_copy(DbConn *conn, const DataCopy *copy, Error *err)
{
    int64_t written = 0;
    if (!db_copy_in(conn, copy->sql, text_string(&copy->data), copy->data.length_bytes, &written,
                    err))
        return false;
    if (written == copy->rows)
        return true;
    error_set(err, ERROR_DATABASE, "a trigger kept the row from being written");
    memcpy(err->sqlstate, "P0001", sizeof(err->sqlstate));
    return false;
}

/* One COPY for each set of columns; the caller frees them. */
static DataCopy *encode(Loading *loading, DataRecord *const *records, size_t count,
                        size_t *ret_count)
{
    DataCopy *copies = NULL;
    bool *taken = arena_alloc(loading->arena, count + 1);
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (taken[i])
            continue;
        copies = base_realloc(copies, (*ret_count + 1) * sizeof(*copies));
        encode_alike(loading, records, count, i, taken, &copies[(*ret_count)++]);
    }
    return copies;
}

void data_load_encode(const DataJob *job, DataChunk *chunk)
{
    Loading loading = {.job = job, .arena = chunk->arena};
    size_t count = 0;
    DataRecord **wanted = choose_records(&loading, chunk->records, chunk->count, &count);
    chunk->copies = encode(&loading, wanted, count, &chunk->copies_count);
}

static bool send_copies(DbConn *conn, const DataCopy *copies, size_t count, Error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!send_copy(conn, &copies[i], err))
            return false;
    }
    return true;
}

static bool write_once(Loading *loading, DataRecord *const *records, size_t count, Error *err)
{
    size_t copies_count = 0;
    DataCopy *copies = encode(loading, records, count, &copies_count);
    bool ok = send_copies(loading->conn, copies, copies_count, err);
    data_copies_free(copies, copies_count);
    return ok;
}

static bool send_encoded(const DataLoad *load, const DataChunk *chunk, int64_t *ret_written,
                         Error *err)
{
    const DataJob *job = load->job;
    for (size_t i = 0; i < chunk->copies_count; i++)
        *ret_written += chunk->copies[i].rows;
    return (data_job_role_on(job, load->conn, err) &&
            send_copies(load->conn, chunk->copies, chunk->copies_count, err) &&
            data_job_role_off(job, load->conn, err)) ||
           error_wrap(err, "writing %s", job->table.shown);
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
    size_t left = 0;
    DataRecord **wanted = choose_records(&loading, records, count, &left);
    *ret_written = 0;
    if (left == 0)
        return true;
    bool ok = data_job_role_on(job, conn, err) &&
              (!careful || probe(&loading, wanted, &left, err)) &&
              write_once(&loading, wanted, left, err) && data_job_role_off(job, conn, err);
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
    if (!ledger_fence_begin(load->conn, options->run, options->epoch, writes ? &wrote : NULL,
                            &noted, err))
        return false;
    load->chunks = 0;
    load->records = load->bytes = 0;
    load->counts = (DataCounts){0};
    load->noted = writes;
    load->full = load->ends_range = load->shared = false;
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
    return ok && (!writes || send_encoded(load, chunk, ret_written, err));
}

/* Record by record, in a transaction of its own. */
static bool write_careful(DataLoad *load, DataChunk *chunk, int64_t *ret_written, Error *err)
{
    return begin(load, false, err) &&
           data_load_write(load->job, load->conn, chunk->arena, chunk->records, chunk->count, true,
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
    db_rollback(load->conn);
    load->open = false;
}

static bool is_suspect(const DataLoad *load, const DataChunk *chunk)
{
    return chunk->from < load->suspect_to && chunk->to > load->suspect_from;
}

bool data_load_apart(const DataLoad *load, const DataChunk *chunk)
{
    return load->open && (load->alone > 0 || is_suspect(load, chunk));
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
    load->full = chunk->ends_range || load->alone > 0 || is_suspect(load, chunk) ||
                 load->bytes >= BOUND_IMPORT_TRANSACTION_BYTES || data_load_left_ms(load) == 0;
    arena_clear(load->arena);
    for (size_t i = 0; i < PLACE_PARTS; i++)
        load->last[i] = arena_strdup(load->arena, chunk->last[i]);
}

/* What was written with a chunk that fails is undone with it, and will be written again without. */
static void fail(DataLoad *load, const DataChunk *chunk, const Error *err)
{
    load->shared = load->open && load->chunks > 0;
    if (load->shared && data_batch_row_error(err)) {
        load->suspect_from = chunk->from;
        load->suspect_to = chunk->to;
    }
    data_load_abandon(load);
}

bool data_load_add(DataLoad *load, DataChunk *chunk, bool *ret_careful, Error *err)
{
    enum { ALONE_AFTER = 16 }; /* refused records seldom come alone */
    bool first = !load->open;
    bool ok = add_chunk(load, chunk, false, err);
    *ret_careful = !ok && first && data_batch_row_error(err);
    if (*ret_careful) {
        data_load_abandon(load);
        *err = (Error){0};
        load->alone = ALONE_AFTER;
        ok = add_chunk(load, chunk, true, err);
    }
    if (ok)
        take_in(load, chunk);
    else
        fail(load, chunk, err);
    return ok;
}

bool data_load_commit(DataLoad *load, const DataRange *range, DataNextRange *next, Error *err)
{
    DataMove move = {.last = load->last,
                     .done = load->ends_range,
                     .batch_rows = (int)load->records,
                     .counts = load->counts};
    bool ok = data_cursor_move(load->job, load->conn, range, &move, err) &&
              (next == NULL || data_cursor_take(load->job, load->conn, next->owner, next->arena,
                                                &next->range, &next->found, err)) &&
              db_commit(load->conn, err);
    if (!ok) {
        load->shared = load->chunks > 1;
        if (load->shared && data_batch_row_error(err))
            load->alone = load->chunks; /* nobody knows which of them COMMIT refuses */
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
