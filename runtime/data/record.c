/* A file's bytes in a buffer that slides, records out of it. */
#include "data/record.h"

#include "base/bounds.h"
#include "data/csv.h"
#include "data/scan.h"
#include "data/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 256 * 1024 };

struct DataSource {
    const DataJob *job;
    Arena *arena;
    const char *file;
    int fd;
    int64_t size; /* when the run began */
    int64_t changed_ns;
    int64_t end;    /* of the range; a record that begins before it belongs to it */
    int64_t offset; /* in the file, of the first byte in hand */
    bool lines_known;
    DataScan scan;
    char *buffer;
    size_t capacity;
    size_t used; /* bytes in front that are dealt with */
    size_t have;
    bool all_read;         /* the buffer reaches the end of the file */
    const char *too_large; /* what is wrong with a record that the buffer cannot hold */
    DataCsvField *names;
    size_t names_count;
    Text row; /* a CSV row as JSON */
    DataDocument document;
};

const char *data_record_place(Arena *arena, const char *file, const DataRecord *record)
{
    return record->line > 0 ? arena_printf(arena, "%s:%" PRId64, file, record->line)
                            : arena_printf(arena, "%s: byte %" PRId64, file, record->offset);
}

/* ---------------------------------------------------------------- bytes */

static bool same_file(const DataSource *source, Error *err)
{
    struct stat now;
    if (fstat(source->fd, &now) != 0)
        return error_set(err, ERROR_INTERNAL, "%s: %s", source->file, strerror(errno));
    int64_t changed_ns = (int64_t)now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec;
    if (now.st_size == source->size && changed_ns == source->changed_ns)
        return true;
    error_set(err, ERROR_REFUSED,
              "%s has changed since the import began: it had %" PRId64 " bytes and has %" PRId64,
              source->file, source->size, (int64_t)now.st_size);
    return error_hint(err, "put the file back as it was and resume, or roll back and start anew");
}

typedef struct Filling {
    DataSource *source;
    ssize_t bytes;
    int problem;
} Filling;

static void fill_now(void *arg)
{
    Filling *filling = arg;
    DataSource *source = filling->source;
    int64_t at = source->offset + (int64_t)(source->have - source->used);
    do
        filling->bytes =
            pread(source->fd, source->buffer + source->have, source->capacity - source->have, at);
    while (filling->bytes < 0 && errno == EINTR);
    filling->problem = filling->bytes < 0 ? errno : 0;
}

/* Room behind what is in hand: the dealt with goes, then the buffer grows. */
static void make_room(DataSource *source)
{
    size_t left = source->have - source->used;
    memmove(source->buffer, source->buffer + source->used, left);
    source->used = 0;
    source->have = left;
    if (left < source->capacity)
        return;
    source->capacity *= 2;
    source->buffer = base_realloc(source->buffer, source->capacity);
}

static bool fill(DataSource *source, Error *err)
{
    Filling filling = {.source = source};
    make_room(source);
    fiber_run_blocking(fill_now, &filling);
    if (filling.bytes < 0)
        return error_set(err, ERROR_INTERNAL, "%s: %s", source->file, strerror(filling.problem));
    source->have += (size_t)filling.bytes;
    source->all_read = source->offset + (int64_t)source->have >= source->size;
    if (filling.bytes == 0 && !source->all_read)
        return same_file(source, err) &&
               error_set(err, ERROR_INTERNAL, "%s ends too early", source->file);
    return true;
}

static void consume(DataSource *source, size_t bytes)
{
    source->used += bytes;
    source->offset += (int64_t)bytes;
}

/* Consumes bytes up to the end of the line. */
static bool skip_line(DataSource *source, Error *err)
{
    for (;;) {
        const char *begin = source->buffer + source->used;
        const char *end = memchr(begin, '\n', source->have - source->used);
        if (end != NULL) {
            consume(source, (size_t)(end - begin) + 1);
            return true;
        }
        consume(source, source->have - source->used);
        if (source->all_read)
            return true;
        if (!fill(source, err))
            return false;
    }
}

/* A record that begins with all that is in hand and goes on behind it. A line is a bad record like
 * others, whose rest is skipped by skip_large(); where else a record ends, nobody knows. */
static bool take_large(DataSource *source, DataScanPiece *piece, Error *err)
{
    DataRecord record = {.offset = source->offset,
                         .line = source->lines_known ? source->scan.line : 0};
    if (source->scan.format != FORMAT_NDJSON)
        return error_set(err, ERROR_INPUT, "%s: %s",
                         data_record_place(source->arena, source->file, &record),
                         source->too_large);
    *piece = (DataScanPiece){.size = source->have - source->used,
                             .consumed = source->have - source->used,
                             .line = source->scan.line,
                             .problem = source->too_large};
    return true;
}

/* What stands behind the line can be read again. */
static bool skip_large(DataSource *source, Error *err)
{
    data_scan_init(&source->scan, source->scan.format, SCAN_LINES, source->scan.line + 1);
    return skip_line(source, err);
}

/* The next record; it is in hand until the next call. *ret_end: there is none. */
static bool next_record(DataSource *source, DataScanPiece *piece, bool *ret_end, Error *err)
{
    for (;;) {
        DataScanStep step = data_scan(&source->scan, source->buffer + source->used,
                                      source->have - source->used, source->all_read, piece);
        *ret_end = step == SCAN_END;
        if (step != SCAN_MORE)
            return true;
        consume(source, piece->skipped);
        if (source->have - source->used >= BOUND_IMPORT_RECORD_BYTES)
            return take_large(source, piece, err);
        if (!fill(source, err))
            return false;
    }
}

/* ---------------------------------------------------------------- opening */

static void seek(DataSource *source, int64_t offset)
{
    source->offset = offset;
    source->used = source->have = 0;
    source->all_read = offset >= source->size;
}

static bool read_header(DataSource *source, Error *err)
{
    DataScanPiece piece;
    bool end = false;
    bool ok = next_record(source, &piece, &end, err);
    if (!ok || end)
        return ok;
    const char *line =
        arena_memdup(source->arena, source->buffer + source->used + piece.skipped, piece.size);
    consume(source, piece.consumed);
    return data_csv_split(line, piece.size, source->scan.delimiter, source->arena, &source->names,
                          &source->names_count, err) ||
           error_wrap(err, "%s:1", source->file);
}

/* A range that begins inside a file of lines begins behind the line that is there. */
static bool skip_started_line(DataSource *source, int64_t from, Error *err)
{
    seek(source, from - 1);
    source->lines_known = false;
    return skip_line(source, err);
}

static bool go_to_start(DataSource *source, const DataRange *range, Error *err)
{
    bool table = source->scan.format == FORMAT_CSV || source->scan.format == FORMAT_TSV;
    int64_t from = strtoll(range->lower[PLACE_OFFSET], NULL, 10);
    source->lines_known = true;
    if (table && !read_header(source, err))
        return false;
    if (range->last != NULL) {
        int64_t line = strtoll(range->last[LAST_LINE], NULL, 10);
        seek(source, strtoll(range->last[PLACE_OFFSET], NULL, 10));
        source->lines_known = line > 0;
        data_scan_init(&source->scan, source->scan.format,
                       (DataScanState)strtol(range->last[LAST_STATE], NULL, 10), line);
        return true;
    }
    return from == 0 || skip_started_line(source, from, err);
}

static bool open_file(DataSource *source, Error *err)
{
    const char *path =
        arena_printf(source->arena, "%s/%s", source->job->spec->import->root, source->file);
    source->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0)
        return error_set(err, ERROR_REFUSED, "%s: %s", source->file, strerror(errno));
    return same_file(source, err);
}

bool data_source_open(const DataJob *job, const DataRange *range, DataSource **ret_source,
                      Error *err)
{
    DataSource *source = base_alloc(sizeof(DataSource));
    DataFormat format = job->spec->import->format;
    source->job = job;
    source->arena = arena_new();
    source->file = arena_strdup(source->arena, range->lower[PLACE_FILE]);
    source->size = strtoll(range->lower[PLACE_SIZE], NULL, 10);
    source->changed_ns = strtoll(range->lower[PLACE_CHANGED], NULL, 10);
    source->end = strtoll(range->upper[PLACE_OFFSET], NULL, 10);
    source->capacity = BUFFER_BYTES;
    source->buffer = base_alloc(source->capacity);
    source->fd = -1;
    source->too_large = arena_printf(source->arena, "the record is larger than %d bytes",
                                     BOUND_IMPORT_RECORD_BYTES);
    text_init(&source->row, BOUND_IMPORT_RECORD_BYTES * 2);
    data_scan_init(&source->scan, format == FORMATS ? data_format_of(source->file) : format,
                   SCAN_START, 1);
    if (!open_file(source, err) || !go_to_start(source, range, err)) {
        data_source_close(source);
        return false;
    }
    *ret_source = source;
    return true;
}

void data_source_close(DataSource *source)
{
    if (source == NULL)
        return;
    if (source->fd >= 0)
        close(source->fd);
    data_document_done(&source->document);
    text_done(&source->row);
    free(source->buffer);
    arena_free(source->arena);
    base_free(&source);
}

/* ---------------------------------------------------------------- records */

static DataRecord *add_record(DataChunk *chunk)
{
    if (chunk->count == chunk->capacity) {
        chunk->capacity = chunk->capacity == 0 ? 256 : chunk->capacity * 2;
        chunk->records = base_realloc(chunk->records, chunk->capacity * sizeof(DataRecord));
    }
    DataRecord *record = &chunk->records[chunk->count++];
    *record = (DataRecord){0};
    return record;
}

/* The record's text, as JSON where it is a row of a table. */
static bool take_text(DataSource *source, DataChunk *chunk, const DataScanPiece *piece,
                      DataRecord *record, Error *err)
{
    const char *bytes = source->buffer + source->used + piece->skipped;
    bool table = source->scan.format == FORMAT_CSV || source->scan.format == FORMAT_TSV;
    record->text = arena_memdup(chunk->arena, bytes, piece->size);
    record->bytes = piece->size;
    if (piece->problem != NULL)
        return error_set(err, ERROR_INPUT, "%s", piece->problem);
    if (table) {
        DataCsvField *fields = NULL;
        size_t count = 0;
        text_clear(&source->row);
        if (!data_csv_split(record->text, record->bytes, source->scan.delimiter, chunk->arena,
                            &fields, &count, err) ||
            !data_csv_object(&source->row, source->names, source->names_count, fields, count, err))
            return false;
        record->bytes = source->row.length_bytes;
        record->text = arena_memdup(chunk->arena, text_string(&source->row), record->bytes);
    }
    record->read = data_document_parse(&source->document, record->text, record->bytes, err);
    return record->read;
}

static bool map_record(DataSource *source, DataMapper *mapper, DataChunk *chunk, DataRecord *record,
                       Error *err)
{
    static const DataColumn WHOLE = {.name = "record", .class = DATA_JSON};
    static const DataColumn *const COLUMNS[] = {&WHOLE};
    if (mapper == NULL)
        return true;
    if (mapper->map == NULL)
        return data_record_by_name(source->job, chunk->arena, &source->document, &record->mapped,
                                   err);
    DataValue value = {.text = record->text, .bytes = record->bytes};
    DataRow row = {.table = &source->job->table,
                   .columns = COLUMNS,
                   .values = &value,
                   .count = 1,
                   .document = &source->document,
                   .db = mapper->reader};
    return mapper->map(mapper->ctx, &row, chunk->arena, &record->mapped, err);
}

/* A record that cannot be read or mapped is marked, or ends the import when the plan says so. */
static bool take_record(DataSource *source, DataMapper *mapper, DataChunk *chunk,
                        const DataScanPiece *piece, Error *err)
{
    Error why;
    DataRecord *record = add_record(chunk);
    record->offset = source->offset + (int64_t)piece->skipped;
    record->line = source->lines_known ? piece->line : 0;
    chunk->bytes += piece->size;
    if (take_text(source, chunk, piece, record, &why) &&
        map_record(source, mapper, chunk, record, &why))
        return true;
    bool its_own = why.kind == ERROR_SCRIPT || why.kind == ERROR_INPUT;
    if (!its_own || source->job->spec->fail_on_error) {
        *err = why;
        return error_wrap(err, "%s", data_record_place(chunk->arena, chunk->file, record));
    }
    record->failed = arena_strdup(chunk->arena, why.message);
    record->mapped = (DataMapped){0}; /* what it held when the map gave up is no row */
    return true;
}

static void end_chunk(DataSource *source, DataChunk *chunk)
{
    Arena *arena = chunk->arena;
    chunk->to = source->offset;
    chunk->last[PLACE_FILE] = chunk->file;
    chunk->last[PLACE_OFFSET] = arena_printf(arena, "%" PRId64, source->offset);
    chunk->last[LAST_LINE] =
        arena_printf(arena, "%" PRId64, source->lines_known ? source->scan.line : 0);
    chunk->last[LAST_STATE] = arena_printf(arena, "%d", (int)source->scan.state);
}

static bool read_chunk(DataSource *source, DataMapper *mapper, int limit, DataChunk *chunk,
                       Error *err)
{
    DataTurnTime turn = {0};
    while (chunk->count < (size_t)limit && chunk->bytes < BOUND_IMPORT_CHUNK_BYTES) {
        DataScanPiece piece;
        if (source->offset >= source->end && source->end < source->size) {
            chunk->ends_range = true;
            break;
        }
        if (!next_record(source, &piece, &chunk->ends_range, err))
            return false;
        chunk->ends_range |=
            source->end < source->size && source->offset + (int64_t)piece.skipped >= source->end;
        if (chunk->ends_range)
            break;
        if (!take_record(source, mapper, chunk, &piece, err))
            return false;
        consume(source, piece.consumed);
        if (piece.problem == source->too_large && !skip_large(source, err))
            return false;
        data_turn_may_end(&turn); /* the chunk before this one is being written meanwhile */
    }
    return same_file(source, err);
}

bool data_source_read(DataSource *source, DataMapper *mapper, int limit, DataChunk **ret_chunk,
                      Error *err)
{
    DataChunk *chunk = base_alloc(sizeof(DataChunk));
    chunk->arena = arena_new();
    chunk->file = arena_strdup(chunk->arena, source->file);
    chunk->from = source->offset;
    if (!read_chunk(source, mapper, limit, chunk, err)) {
        data_chunk_free(chunk);
        return false;
    }
    end_chunk(source, chunk);
    *ret_chunk = chunk;
    return true;
}

void data_chunk_free(DataChunk *chunk)
{
    if (chunk == NULL)
        return;
    data_copies_free(chunk->copies, chunk->copies_count);
    free(chunk->records);
    arena_free(chunk->arena);
    base_free(&chunk);
}
