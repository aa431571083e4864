/* Files into a temporary table. */
#include "data/stage.h"

#include "data/batch.h"
#include "data/import.h"
#include "data/load.h"

#include <inttypes.h>
#include <stdio.h>

enum { RECORDS_A_READ = 1000 };

typedef struct Stage {
    DbConn *conn; /* NULL: records are only counted */
    Arena *arena;
    DataSpec spec;
    DataJob job;
    DataMapper mapper;
    DataStaged *ret;
} Stage;

static void add_problem(Stage *stage, const char *text)
{
    stage->ret->refused++;
    if (json_array_size(stage->ret->problems) < stage->ret->problems_max)
        json_array_append_new(stage->ret->problems, json_string(text));
}

/* ---------------------------------------------------------------- rows */

static bool write_chunk(Stage *stage, DataChunk *chunk, bool careful, Error *err)
{
    int64_t written = 0;
    bool ok = db_begin(stage->conn, err) &&
              data_load_write(&stage->job, stage->conn, chunk->arena, chunk->records, chunk->count,
                              careful, &written, err) &&
              db_commit(stage->conn, err);
    if (!ok)
        db_rollback(stage->conn);
    return ok;
}

/* As an import writes: at once, and when the server refuses a row, looking for it. */
static bool take_chunk(Stage *stage, DataChunk *chunk, Error *err)
{
    if (!write_chunk(stage, chunk, false, err)) {
        if (!data_batch_row_error(err))
            return false;
        *err = (Error){0};
        if (!write_chunk(stage, chunk, true, err))
            return false;
    }
    for (size_t i = 0; i < chunk->count; i++) {
        const DataRecord *record = &chunk->records[i];
        if (record->failed != NULL)
            add_problem(stage, arena_printf(chunk->arena, "%s: %s",
                                            data_record_place(chunk->arena, chunk->file, record),
                                            record->failed));
    }
    return true;
}

static bool read_all(Stage *stage, DataSource *source, Error *err)
{
    bool more = true;
    while (more) {
        DataChunk *chunk = NULL;
        if (!data_source_read(source, stage->conn == NULL ? NULL : &stage->mapper, RECORDS_A_READ,
                              &chunk, err))
            return false;
        stage->ret->records += (int64_t)chunk->count;
        more = !chunk->ends_range;
        bool ok = stage->conn == NULL || take_chunk(stage, chunk, err);
        data_chunk_free(chunk);
        if (!ok)
            return false;
        if (fiber_cancelled())
            return error_set(err, ERROR_CANCELLED, "stopped");
    }
    return true;
}

static bool read_files(Stage *stage, Error *err)
{
    DataFile *files = NULL;
    size_t count = 0;
    if (!data_import_files(stage->spec.import, stage->arena, &files, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        DataSource *source = NULL;
        if (!data_import_open(&stage->job, &files[i], &source, err))
            return false;
        bool ok = read_all(stage, source, err);
        data_source_close(source);
        if (!ok)
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- the table */

/* Types, modifiers and collations are the table's; constraints and defaults are not: what is
 * compared is what the files say. */
static bool make_table(Stage *stage, Error *err)
{
    const DataTable *table = &stage->job.table;
    const char *sql = arena_printf(
        stage->arena, "CREATE TEMPORARY TABLE hg_files AS SELECT * FROM %s LIMIT 0", table->quoted);
    if (!db_exec(stage->conn, sql, NULL, NULL, err))
        return error_wrap(err, "a temporary table for the files");
    stage->job.table.quoted = DATA_STAGE_TABLE;
    return true;
}

static const char *key_list(Stage *stage)
{
    const char *list = "";
    for (size_t i = 0; i < stage->job.table.key_count; i++)
        list = arena_printf(stage->arena, "%s%s%s", list, i == 0 ? "" : ", ",
                            stage->job.table.key[i]->quoted);
    return list;
}

/* Two records of one key would look like one row that differs. */
static bool find_twins(Stage *stage, const char *keys, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    const char *sql = arena_printf(stage->arena,
                                   "SELECT ROW(%s)::text, pg_catalog.count(*) FROM %s GROUP BY %s "
                                   "HAVING pg_catalog.count(*) > 1 ORDER BY %s LIMIT %zu",
                                   keys, DATA_STAGE_TABLE, keys, keys, stage->ret->problems_max);
    if (!db_query(stage->conn, sql, NULL, &found, err))
        return false;
    for (int i = 0; i < db_rows(found); i++)
        add_problem(stage, arena_printf(stage->arena, "%s is in the files %s times",
                                        db_value(found, i, 0), db_value(found, i, 1)));
    return true;
}

static bool index_table(Stage *stage, Error *err)
{
    const char *keys = key_list(stage);
    const char *sql = arena_printf(stage->arena, "CREATE INDEX ON %s (%s); ANALYZE %s",
                                   DATA_STAGE_TABLE, keys, DATA_STAGE_TABLE);
    return db_exec(stage->conn, sql, NULL, NULL, err) && find_twins(stage, keys, err);
}

bool data_stage(DbConn *conn, const DataSpec *spec, DataStaged *ret, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Stage stage = {.conn = conn, .arena = arena, .spec = *spec, .ret = ret};
    stage.spec.fail_on_error = false;
    return data_job_open(conn, arena, &stage.spec, &(DataJobOptions){0}, &stage.job, err) &&
           make_table(&stage, err) && read_files(&stage, err) && index_table(&stage, err);
}

bool data_stage_count(const DataImport *import, int64_t *ret_records, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DataImport copy = *import;
    DataStaged staged = {0};
    Stage stage = {
        .arena = arena, .spec = {.import = &copy, .fail_on_error = true}, .ret = &staged};
    stage.job.spec = &stage.spec;
    if (!read_files(&stage, err))
        return false;
    *ret_records = staged.records;
    return true;
}
