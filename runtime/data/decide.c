/* Applying decisions. */
#include "data/decide.h"

#include "base/bounds.h"
#include "data/batch.h"
#include "data/document.h"
#include "data/load.h"
#include "data/queue.h"
#include "data/unkept.h"
#include "data/wrote.h"
#include "db/sql.h"
#include "ledger/fence.h"

#include <stdlib.h>
#include <string.h>

const char *data_decided_name(DataDecided decided)
{
    static const char *const NAMES[] = {
        [DECIDED_APPLIED] = "applied", [DECIDED_SKIPPED] = "skipped", [DECIDED_GONE] = "gone",
        [DECIDED_CHANGED] = "changed", [DECIDED_BEFORE] = "before",
    };
    return NAMES[decided];
}

typedef struct Deciding {
    DataUpdater *updater;
    const DataJob *job;
    DbConn *conn;
    Arena *arena;
    const char *key_text;
    DataDocument decision; /* not a parsed message: numbers must keep their spelling */
    DbResult *found;       /* the row's values are borrowed from it */
    bool there;            /* the row is there and needs work */
    DataUpdateRow row;
    const char *before; /* what the queue would keep of it now */
    DataDecided outcome;
} Deciding;

/* ---------------------------------------------------------------- the row */

static bool lock_row(Deciding *deciding, const char *const *key, Error *err)
{
    const DataJob *job = deciding->job;
    DataList *list = arena_alloc(deciding->arena, sizeof(DataList));
    DataParts parts = {0};
    data_parts_set(&parts, "version", job->version);
    data_parts_set(&parts, "columns", job->read_list);
    data_parts_set(&parts, "source", job->source);
    data_parts_set(&parts, "match", data_job_compare(job, deciding->arena, "=", key, list));
    data_parts_set(&parts, "where", job->where);
    data_parts_set(&parts, "alias", job->table.alias);
    DbParams params = data_list_params(list);
    if (!data_job_role_on(job, deciding->conn, err) ||
        !db_query(deciding->conn, data_statement(deciding->arena, "data_row_lock", &parts), &params,
                  &deciding->found, err) ||
        !data_job_role_off(job, deciding->conn, err))
        return error_wrap(err, "reading %s", job->table.shown);
    deciding->there = db_rows(deciding->found) == 1;
    if (!deciding->there)
        return true;
    Text before;
    text_init(&before, BOUND_DOCUMENT_BYTES);
    data_batch_take_row(job, deciding->arena, deciding->found, 0, deciding->conn, &deciding->row);
    const char *digest = db_value(deciding->found, 0, db_columns(deciding->found) - 1);
    bool ok = data_queue_guarded(&before, &deciding->row.row, digest, err);
    deciding->before = arena_strdup(deciding->arena, text_string(&before));
    text_done(&before);
    return ok;
}

/* ---------------------------------------------------------------- the queue */

/* A statement of ours by run, step and key. */
static bool queue_call(Deciding *deciding, const char *name, const char *value,
                       DbResult **ret_result, Error *err)
{
    DbParams *params =
        DB_PARAMS(deciding->job->run_text, deciding->job->spec->step, deciding->key_text, value);
    return db_query_prepared(deciding->conn, db_sql(name), params, ret_result, err) ||
           error_wrap(err, "%s", name);
}

static bool settle(Deciding *deciding, const char *state, DataDecided outcome, Error *err)
{
    deciding->outcome = outcome;
    return queue_call(deciding, "data_queue_settle", state, NULL, err);
}

/* ---------------------------------------------------------------- the values */

static bool is_json(const DataColumn *column)
{
    return column->class == DATA_JSON || column->class == DATA_JSONB;
}

static DataWrite *add_write(Deciding *deciding, const char *name, Error *err)
{
    DataMapped *mapped = &deciding->row.mapped;
    DataWrite *write = &mapped->writes[mapped->writes_count];
    if (!data_map_target(&deciding->job->table, name, &write->column, err))
        return NULL;
    if (!data_unkept_allows(deciding->job, name)) {
        error_set(err, ERROR_REFUSED,
                  "column \"%s\" must not be written: its old value is not kept, and no undo of an "
                  "earlier step drops it",
                  name);
        return NULL;
    }
    mapped->writes_count++;
    return write;
}

static void set_text(Deciding *deciding, DataWrite *write, const char *text)
{
    write->text = arena_strdup(deciding->arena, text);
    write->bytes = text == NULL ? 0 : strlen(text);
}

/* NUL-terminated, from the arena. */
static const char *raw_text(const Deciding *deciding, uint32_t node)
{
    size_t bytes;
    const char *raw = data_document_raw(&deciding->decision, node, &bytes);
    return arena_strndup(deciding->arena, raw, bytes);
}

static const char *string_text(const Deciding *deciding, uint32_t node)
{
    Text scratch;
    size_t bytes;
    text_init(&scratch, BOUND_DOCUMENT_BYTES);
    const char *text = data_document_string(&deciding->decision, node, &scratch, &bytes);
    const char *copy = arena_strndup(deciding->arena, text, bytes);
    text_done(&scratch);
    return copy;
}

/* The value for a column: a document as it was spelled, for one that is no JSON a text without
 * quotes. A null is SQL NULL in either, as where a map writes it. */
static const char *value_text(const Deciding *deciding, const DataColumn *column, uint32_t node)
{
    switch (data_document_node(&deciding->decision, node)->kind) {
    case DOCUMENT_NULL:
        return NULL;
    case DOCUMENT_STRING:
        return is_json(column) ? raw_text(deciding, node) : string_text(deciding, node);
    default:
        return raw_text(deciding, node);
    }
}

/* What somebody typed: {column: value}. */
static bool take_set(Deciding *deciding, uint32_t set, Error *err)
{
    const DataDocument *document = &deciding->decision;
    uint32_t members = data_document_node(document, set)->count;
    uint32_t name = set + 1;
    deciding->row.mapped.writes =
        arena_alloc(deciding->arena, ((size_t)members + 1) * sizeof(DataWrite));
    for (uint32_t i = 0; i < members; i++) {
        uint32_t value = data_document_node(document, name)->next;
        DataWrite *write = add_write(deciding, string_text(deciding, name), err);
        if (write == NULL)
            return false;
        set_text(deciding, write, value_text(deciding, write->column, value));
        name = data_document_node(document, value)->next;
    }
    return true;
}

/* The columns of a choice, as the map wrote them. */
static bool take_choice(Deciding *deciding, int choice, Error *err)
{
    enum { NAME, JSON, PLAIN };
    AUTO(db_result_auto) DbResult *rows = NULL;
    if (choice < 0)
        return error_set(err, ERROR_INPUT, "there is no choice %d", choice);
    if (!queue_call(deciding, "data_queue_choice", arena_printf(deciding->arena, "%d", choice),
                    &rows, err))
        return false;
    if (db_rows(rows) == 0)
        return error_set(err, ERROR_INPUT, "there is no choice %d", choice);
    deciding->row.mapped.writes =
        arena_alloc(deciding->arena, ((size_t)db_rows(rows) + 1) * sizeof(DataWrite));
    for (int i = 0; i < db_rows(rows); i++) {
        DataWrite *write = add_write(deciding, db_value(rows, i, NAME), err);
        if (write == NULL)
            return false;
        const char *value = db_value(rows, i, is_json(write->column) ? JSON : PLAIN);
        set_text(deciding, write, db_is_null(rows, i, PLAIN) ? NULL : value);
    }
    return true;
}

/* A record becomes a row. */
static bool insert_row(Deciding *deciding, Error *err)
{
    const DataJob *job = deciding->job;
    DataRecord record = {.mapped = deciding->row.mapped};
    int64_t written = 0;
    return data_load_write(job, deciding->conn, deciding->arena, &record, 1, false, &written,
                           err) &&
           data_load_wrote(job, deciding->conn, err) &&
           settle(deciding, "applied", DECIDED_APPLIED, err);
}

static bool write_row(Deciding *deciding, Error *err)
{
    DataUpdateRow *row = &deciding->row;
    if (row->mapped.writes_count == 0)
        return error_set(err, ERROR_INPUT, "the decision sets no column");
    if (deciding->job->spec->import != NULL)
        return insert_row(deciding, err);
    if (!data_job_role_on(deciding->job, deciding->conn, err) ||
        !data_update_run(deciding->updater, deciding->arena, &row, 1, err) ||
        !data_job_role_off(deciding->job, deciding->conn, err))
        return false;
    if (!row->written)
        return error_set(err, ERROR_REFUSED, "a trigger kept the row from being written");
    return data_wrote_add(deciding->job, deciding->conn, row, 1, err) &&
           data_queue_old(deciding->job, deciding->conn, row, 1, err) &&
           settle(deciding, "applied", DECIDED_APPLIED, err);
}

static bool has_column(const DataMapped *mapped, const DataColumn *column)
{
    for (size_t i = 0; i < mapped->writes_count; i++) {
        if (mapped->writes[i].column == column)
            return true;
    }
    return false;
}

/* Of a record that was mapped and refused, the other columns are as they were mapped. */
static bool take_over(Deciding *deciding, uint32_t set, Error *err)
{
    Error none = {0};
    DataMapped *mapped = &deciding->row.mapped;
    DataMapped before = {0};
    if (take_choice(deciding, 0, &none))
        before = *mapped;
    else if (none.kind != ERROR_INPUT) {
        *err = none;
        return false;
    }
    *mapped = (DataMapped){0};
    if (!take_set(deciding, set, err))
        return false;
    size_t most = mapped->writes_count + before.writes_count + 1;
    DataWrite *all = arena_alloc(deciding->arena, most * sizeof(*all));
    if (mapped->writes_count > 0)
        memcpy(all, mapped->writes, mapped->writes_count * sizeof(*all));
    mapped->writes = all;
    for (size_t i = 0; i < before.writes_count; i++) {
        if (!has_column(mapped, before.writes[i].column))
            all[mapped->writes_count++] = before.writes[i];
    }
    return true;
}

/* ---------------------------------------------------------------- deciding */

/* One member of the decision, when it is of that kind; else DOCUMENT_NONE. */
static uint32_t member(const Deciding *deciding, const char *name, DataDocumentKind kind)
{
    const DataDocument *document = &deciding->decision;
    uint32_t node = data_document_find(document, 0, name, strlen(name));
    bool fits = node != DOCUMENT_NONE && data_document_node(document, node)->kind == kind;
    return fits ? node : DOCUMENT_NONE;
}

static bool take(Deciding *deciding, uint32_t choice, uint32_t set, Error *err)
{
    int64_t number = -1;
    if (choice == DOCUMENT_NONE && deciding->job->spec->import != NULL)
        return take_over(deciding, set, err);
    if (choice == DOCUMENT_NONE)
        return take_set(deciding, set, err);
    bool whole = data_document_int(&deciding->decision, choice, &number);
    if (!whole || number < INT32_MIN || number > INT32_MAX)
        return error_set(err, ERROR_INPUT, "there is no choice %s", raw_text(deciding, choice));
    return take_choice(deciding, (int)number, err);
}

static bool decide_open(Deciding *deciding, bool same, Error *err)
{
    uint32_t choice = member(deciding, "choice", DOCUMENT_NUMBER);
    uint32_t set = member(deciding, "set", DOCUMENT_OBJECT);
    if (member(deciding, "skip", DOCUMENT_TRUE) != DOCUMENT_NONE)
        return settle(deciding, "skipped", DECIDED_SKIPPED, err);
    if (choice == DOCUMENT_NONE && set == DOCUMENT_NONE)
        return error_set(err, ERROR_INPUT, "a decision is {choice: n}, {skip: true} or {set: {…}}");
    if (!deciding->there)
        return settle(deciding, "skipped", DECIDED_GONE, err);
    if (!same) {
        deciding->outcome = DECIDED_CHANGED;
        return queue_call(deciding, "data_queue_renew", deciding->before, NULL, err);
    }
    return take(deciding, choice, set, err) && write_row(deciding, err);
}

static bool decide_in_transaction(Deciding *deciding, const char *const *key, Error *err)
{
    enum { STATE, SAME };
    bool import = deciding->job->spec->import != NULL; /* a record in a file does not change */
    const DataJobOptions *options = &deciding->job->options;
    AUTO(db_result_auto) DbResult *queued = NULL;
    if (!ledger_fence_begin(deciding->conn, options->run, options->epoch, err) ||
        !(import ? (deciding->there = true) : lock_row(deciding, key, err)) ||
        !queue_call(deciding, "data_queue_lock", deciding->before, &queued, err))
        return false;
    if (db_rows(queued) == 0 || !text_equal(db_value(queued, 0, STATE), "open")) {
        deciding->outcome = DECIDED_BEFORE;
        return true;
    }
    return decide_open(deciding, import || db_bool(queued, 0, SAME), err);
}

bool data_decide(DataUpdater *updater, const char *const *key, size_t key_count,
                 const char *decision, DataDecided *ret, Error *err)
{
    Deciding deciding = {
        .updater = updater, .job = updater->job, .conn = updater->conn, .arena = arena_new()};
    enum { RECORD_PARTS = 2 };
    size_t parts =
        updater->job->spec->import != NULL ? RECORD_PARTS : updater->job->table.key_count;
    bool ok =
        key_count == parts || error_set(err, ERROR_INPUT, "the key of %s has %zu parts, not %zu",
                                        updater->job->table.shown, parts, key_count);
    ok = ok && data_document_parse(&deciding.decision, decision, strlen(decision), err);
    if (ok)
        deciding.key_text = data_job_key_text(deciding.arena, key, key_count);
    if (ok && !decide_in_transaction(&deciding, key, err)) {
        db_rollback(deciding.conn);
        ok = false;
    }
    ok = ok && db_commit(deciding.conn, err);
    if (ok)
        *ret = deciding.outcome;
    db_result_free(deciding.found);
    data_document_done(&deciding.decision);
    arena_free(deciding.arena);
    return ok;
}
