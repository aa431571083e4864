/* Files and ranges. */
#include "data/import.h"

#include "base/bounds.h"
#include "data/record.h"
#include "data/writer.h"
#include "db/sql.h"
#include "loop/fiber.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RANGE_BYTES = 64 * 1024 * 1024 };

/* ---------------------------------------------------------------- files */

typedef struct Listing {
    const DataImport *import;
    Arena *arena;
    DataFile *files;
    size_t count;
    size_t capacity;
    bool ok;
    Error err;
} Listing;

static bool valid_name(const char *name)
{
    size_t left = strlen(name);
    while (left > 0) {
        size_t step = data_writer_utf8((const unsigned char *)name, left);
        if (step == 0)
            return false;
        name += step;
        left -= step;
    }
    return true;
}

static bool listed(const Listing *listing, const char *name)
{
    for (size_t i = 0; i < listing->count; i++) {
        if (strcmp(listing->files[i].name, name) == 0)
            return true;
    }
    return false;
}

static bool add_file(Listing *listing, const char *path, const char *name, size_t before)
{
    struct stat found;
    Error *err = &listing->err;
    DataFormat format = listing->import->format;
    if (stat(path, &found) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    if (!S_ISREG(found.st_mode) || (before > 0 && listed(listing, name)))
        return true;
    if (!valid_name(name))
        return error_set(err, ERROR_INPUT, "%s: the name of a file is not UTF-8", path);
    format = format == FORMATS ? data_format_of(name) : format;
    if (format == FORMATS)
        return error_set(err, ERROR_INPUT, "%s: its ending says no format", path);
    if (listing->count == BOUND_IMPORT_FILES)
        return error_set(err, ERROR_INPUT, "more than %d files", BOUND_IMPORT_FILES);
    if (listing->count == listing->capacity) {
        listing->capacity = listing->capacity == 0 ? 64 : listing->capacity * 2;
        DataFile *larger = arena_alloc(listing->arena, listing->capacity * sizeof(DataFile));
        if (listing->count > 0)
            memcpy(larger, listing->files, listing->count * sizeof(DataFile));
        listing->files = larger;
    }
    listing->files[listing->count++] = (DataFile){
        .name = arena_strdup(listing->arena, name),
        .size_bytes = found.st_size,
        .changed_ns = (int64_t)found.st_mtim.tv_sec * 1000000000 + found.st_mtim.tv_nsec,
        .format = format,
    };
    return true;
}

/* The folder's own name is no pattern. */
static const char *escaped(Arena *arena, const char *path)
{
    char *out = arena_alloc(arena, 2 * strlen(path) + 1);
    char *at = out;
    for (; *path != '\0'; path++) {
        if (strchr("\\*?[", *path) != NULL)
            *at++ = '\\';
        *at++ = *path;
    }
    return out;
}

static bool list_pattern(Listing *listing, const char *pattern)
{
    const char *root = listing->import->root;
    const char *whole =
        arena_printf(listing->arena, "%s/%s", escaped(listing->arena, root), pattern);
    size_t before = listing->count;
    glob_t found = {0};
    bool ok = true;
    int code = glob(whole, 0, NULL, &found);
    for (size_t i = 0; ok && code == 0 && i < found.gl_pathc; i++)
        ok = add_file(listing, found.gl_pathv[i], found.gl_pathv[i] + strlen(root) + 1, before);
    globfree(&found);
    if (ok && listing->count == before)
        return error_set(&listing->err, ERROR_INPUT, "no file is \"%s\" in %s", pattern, root);
    return ok;
}

static void list_now(void *arg)
{
    Listing *listing = arg;
    listing->ok = true;
    for (size_t i = 0; listing->ok && i < listing->import->from.count; i++)
        listing->ok = list_pattern(listing, listing->import->from.items[i]);
}

bool data_import_files(const DataImport *import, Arena *arena, DataFile **ret_files,
                       size_t *ret_count, Error *err)
{
    Listing listing = {.import = import, .arena = arena};
    fiber_run_blocking(list_now, &listing);
    if (!listing.ok) {
        *err = listing.err;
        return error_wrap(err, "store \"%s\"", import->store);
    }
    *ret_files = listing.files;
    *ret_count = listing.count;
    return true;
}

bool data_import_open(const DataJob *job, const DataFile *file, DataSource **ret_source, Error *err)
{
    char size[24];
    char changed[24];
    char start[] = "0";
    AUTO(base_free) char *name = base_strdup(file->name);
    snprintf(size, sizeof(size), "%" PRId64, file->size_bytes);
    snprintf(changed, sizeof(changed), "%" PRId64, file->changed_ns);
    char *lower[] = {name, start, size, changed};
    char *upper[] = {name, size, size, changed};
    const DataRange whole = {.pass = 1, .lower = lower, .upper = upper};
    return data_source_open(job, &whole, ret_source, err);
}

/* ---------------------------------------------------------------- ranges */

static bool create_range(const DataJob *job, DbConn *conn, int number, const DataFile *file,
                         int64_t from, int64_t to, Error *err)
{
    char places[2][24];
    char size[24];
    char changed[24];
    snprintf(places[0], sizeof(places[0]), "%" PRId64, from);
    snprintf(places[1], sizeof(places[1]), "%" PRId64, to);
    snprintf(size, sizeof(size), "%" PRId64, file->size_bytes);
    snprintf(changed, sizeof(changed), "%" PRId64, file->changed_ns);
    const char *lower[] = {file->name, places[0], size, changed};
    const char *upper[] = {file->name, places[1], size, changed};
    return data_cursor_create(job, conn, number, lower, upper, err);
}

bool data_import_ranges(const DataJob *job, DbConn *conn, int64_t *ret_bytes, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DataFile *files = NULL;
    size_t count = 0;
    int number = 0;
    *ret_bytes = 0;
    if (!data_import_files(job->spec->import, arena, &files, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        /* Only lines can be begun in the middle. */
        int64_t piece = files[i].format == FORMAT_NDJSON ? RANGE_BYTES : files[i].size_bytes;
        int64_t at = 0;
        do {
            int64_t end = files[i].size_bytes - at > piece ? at + piece : files[i].size_bytes;
            if (!create_range(job, conn, number++, &files[i], at, end, err))
                return false;
            at = end;
        } while (at < files[i].size_bytes);
        *ret_bytes += files[i].size_bytes;
    }
    return true;
}

bool data_import_bytes(const DataJob *job, DbConn *conn, int64_t *ret_done, int64_t *ret_total,
                       Error *err)
{
    AUTO(db_result_auto) DbResult *row = NULL;
    if (!db_query_prepared(conn, db_sql("data_import_bytes"),
                           DB_PARAMS(job->run_text, job->spec->step), &row, err))
        return error_wrap(err, "data_import_bytes");
    *ret_done = db_int(row, 0, 0);
    *ret_total = db_int(row, 0, 1);
    return true;
}
