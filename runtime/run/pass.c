/* The row is written when a part is compared, in a transaction of its own under the fence. */
#include "run/pass.h"

#include "base/clock.h"
#include "base/hash.h"
#include "data/pass.h"
#include "db/sql.h"
#include "ledger/fence.h"
#include "run/step.h"

#include <stdio.h>
#include <string.h>

/* ---- what is kept ---- */

/* Another attempt, other columns or another table begin anew. */
static const char *form_text(const RunPass *pass)
{
    const DataDigestTable *other = pass->other;
    char *hex = arena_alloc(pass->arena, HASH_HEX_BYTES);
    const char *text = arena_printf(
        pass->arena, "%d\n%s\n%s\n%s\n%s", run_step_attempt(pass->keep->run, pass->keep->node),
        pass->table->oid,
        data_digest_sql(pass->arena, pass->form, pass->table->relation, true, true, 0),
        other == NULL          ? ""
        : pass->source != NULL ? pass->source
                               : other->oid,
        other == NULL ? ""
                      : data_digest_sql(pass->arena, pass->form, other->relation, true, true, 0));
    hash_sha256_hex(text, strlen(text), hex);
    return hex;
}

static json_t *cuts_json(const RunPass *pass)
{
    json_t *list = json_array();
    for (size_t i = 0; i < pass->cuts.count; i++) {
        json_t *key = json_array();
        for (size_t k = 0; k < pass->form->key_count; k++)
            json_array_append_new(key, json_string(pass->cuts.keys[i][k]));
        json_array_append_new(list, key);
    }
    return list;
}

static void take_cuts(RunPass *pass, const json_t *list)
{
    size_t count = json_array_size(list);
    pass->cuts =
        (DataDigestCuts){arena_alloc(pass->arena, (count + 1) * sizeof(*pass->cuts.keys)), count};
    for (size_t i = 0; i < count; i++) {
        const json_t *key = json_array_get(list, i);
        pass->cuts.keys[i] =
            arena_alloc(pass->arena, pass->form->key_count * sizeof(**pass->cuts.keys));
        for (size_t k = 0; k < pass->form->key_count; k++)
            pass->cuts.keys[i][k] =
                arena_strdup(pass->arena, json_string_value(json_array_get(key, k)));
    }
}

static json_t *found_json(const RunPass *pass)
{
    json_t *found = json_object();
    json_set_int(found, "rows", pass->rows);
    json_set_int(found, "rows_other", pass->rows_other);
    json_set_int(found, "differing", pass->differing);
    json_object_set(found, "named", pass->named);
    return found;
}

static void take_found(RunPass *pass, const json_t *found)
{
    pass->rows = json_get_int(found, "rows", 0);
    pass->rows_other = json_get_int(found, "rows_other", 0);
    pass->differing = json_get_int(found, "differing", 0);
    json_array_extend(pass->named, json_object_get(found, "named"));
    pass->rows_before = pass->rows;
}

static bool value_json(const DbResult *result, int column, json_t **ret_value, Error *err)
{
    *ret_value =
        json_parse(db_value(result, 0, column), (size_t)db_value_bytes(result, 0, column), err);
    return *ret_value != NULL;
}

/* Where a runner before this one was. */
static bool read_kept(RunPass *pass, const char *form, size_t *ret_first, Error *err)
{
    enum { CUTS, DONE, FOUND, BEGUN_AT };
    RunPassKeep *keep = pass->keep;
    char place[16];
    AUTO(db_result_auto) DbResult *kept = NULL;
    AUTO(json_auto) json_t *cuts = NULL;
    AUTO(json_auto) json_t *found = NULL;
    snprintf(place, sizeof(place), "%d", pass->place);
    if ((keep->conn == NULL &&
         !run_connect(keep->run, keep->run->options.target, false, &keep->conn, err)) ||
        !db_query_prepared(keep->conn, db_sql("data_digest_kept"),
                           DB_PARAMS(keep->run->id_text, keep->node->path, place, form), &kept,
                           err))
        return false;
    if (db_rows(kept) == 0)
        return true;
    if (!value_json(kept, CUTS, &cuts, err) || !value_json(kept, FOUND, &found, err))
        return false;
    take_cuts(pass, cuts);
    take_found(pass, found);
    pass->begun_at = arena_strdup(pass->arena, db_value(kept, 0, BEGUN_AT));
    *ret_first = (size_t)db_int(kept, 0, DONE);
    return true;
}

static bool write_kept(const RunPass *pass, const char *form, size_t done, Error *err)
{
    const RunPassKeep *keep = pass->keep;
    char place[16];
    char ranges[24];
    AUTO(json_auto) json_t *cuts = cuts_json(pass);
    AUTO(json_auto) json_t *found = found_json(pass);
    AUTO(base_free) char *cuts_text = json_text(cuts);
    AUTO(base_free) char *found_text = json_text(found);
    snprintf(place, sizeof(place), "%d", pass->place);
    snprintf(ranges, sizeof(ranges), "%zu", done);
    if (!ledger_fence_begin(keep->conn, keep->run->id, keep->run->epoch, err) ||
        !db_query_prepared(keep->conn, db_sql("data_digest_keep"),
                           DB_PARAMS(keep->run->id_text, keep->node->path, place, form, cuts_text,
                                     ranges, found_text),
                           NULL, err)) {
        db_rollback(keep->conn);
        return false;
    }
    return db_commit(keep->conn, err);
}

void run_pass_keep_done(RunPassKeep *keep)
{
    db_close(keep->conn);
    keep->conn = NULL;
}

/* ---- what is told ---- */

void run_pass_tell(const RunPassKeep *keep, const char *phase)
{
    AUTO(json_auto) json_t *data = json_object();
    int64_t took_us = clock_monotonic_us() - keep->began_us;
    double seconds = (double)took_us / 1e6;
    json_set_int(data, "done", keep->done);
    json_set_int(data, "total", keep->total < keep->done ? keep->done : keep->total);
    json_object_set_new(
        data, "rows_per_s",
        json_real(took_us <= 0 ? 0 : (double)(keep->done - keep->done_first) / seconds));
    if (phase != NULL) {
        json_set_string(data, "phase", phase);
        json_set_string(data, "unit", "rows");
        json_set_int(data, "running_s", took_us / 1000000);
    }
    run_tell(keep->run, "step.progress", keep->node->path, data);
}

static int64_t rows_read(const RunPass *pass)
{
    return pass->rows + (pass->other == NULL ? 0 : pass->rows_other);
}

/* ---- reading ---- */

/* A pass in parts: what its callbacks need. */
typedef struct Parts {
    RunPass *pass;
    const char *form;    /* NULL: nothing is kept */
    int64_t done_before; /* of the check's comparisons before this one */
} Parts;

static bool on_range(void *ctx, size_t range, const DataDigest *digest, const DataDigest *other,
                     Error *err)
{
    const Parts *parts = ctx;
    return parts->pass->range(parts->pass, range, digest, other, err);
}

/* The last part is not kept: the verdict follows. */
static bool on_part(void *ctx, size_t next, Error *err)
{
    const Parts *parts = ctx;
    const RunPass *pass = parts->pass;
    RunPassKeep *keep = pass->keep;
    if (parts->form == NULL)
        return true;
    bool last = next > pass->cuts.count;
    if (!last && !write_kept(pass, parts->form, next, err))
        return false;
    keep->done = parts->done_before + rows_read(pass);
    if (last)
        keep->total = keep->done;
    run_pass_tell(keep, NULL);
    return last || run_wait(keep->run, 0, err);
}

static bool begin_keeping(Parts *parts, size_t *ret_first, Error *err)
{
    RunPass *pass = parts->pass;
    RunPassKeep *keep = pass->keep;
    parts->form = form_text(pass);
    parts->done_before = keep->done;
    if (!read_kept(pass, parts->form, ret_first, err))
        return false;
    if (keep->began_us == 0)
        keep->began_us = clock_monotonic_us();
    keep->total = keep->done + pass->table->rows_estimate +
                  (pass->other == NULL ? 0 : pass->other->rows_estimate);
    keep->done += rows_read(pass);
    keep->done_first += rows_read(pass);
    run_pass_tell(keep, NULL);
    return true;
}

bool run_pass(RunPass *pass, Error *err)
{
    Parts parts = {.pass = pass};
    DataPass read = {.table = pass->table,
                     .other = pass->other,
                     .form = pass->form,
                     .cuts = &pass->cuts,
                     .range = on_range,
                     .part = on_part,
                     .ctx = &parts};
    if (!data_pass_parts(&read, &read.parts, err))
        return false;
    if (read.parts && pass->keep != NULL && !begin_keeping(&parts, &read.first, err))
        return false;
    return data_pass_run(&read, err);
}
