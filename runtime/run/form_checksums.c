/* Do tables hold the same? Of a table as it is now and as it was when the run started, or of two
 * tables. Read in one pass as ranges of keys, so that a difference is named by its keys. */
#include "run/form.h"

#include "base/clock.h"
#include "base/text.h"
#include "data/digest.h"
#include "data/job.h"
#include "data/pass.h"
#include "data/stage.h"
#include "ledger/call.h"
#include "run/kind.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    RANGE_ROWS = 20000,
    RANGES_MAX = 64,
    PAIR_RANGES_MAX = 1000,
    KEYS_MAX = 10,
    TEXT_BYTES = 900,
    VERSION_UNIT = 10000
};

/* ---- what was there at the start ---- */

static json_t *names_json(const DataDigestColumn *columns, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_object();
        json_set_string(one, "name", columns[i].name);
        json_set_string(one, "type", columns[i].type);
        json_object_set_new(one, "plain", json_boolean(columns[i].plain));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *key_json(char *const *key, size_t count)
{
    if (key == NULL)
        return json_null();
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(key[i]));
    return list;
}

static char **key_of(const json_t *list, Arena *arena)
{
    if (!json_is_array(list))
        return NULL;
    char **key = arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*key));
    for (size_t i = 0; i < json_array_size(list); i++)
        key[i] = arena_strdup(arena, json_string_value(json_array_get(list, i)));
    return key;
}

/* The ranges of the start, as they are read. */
typedef struct Taken {
    const DataDigestForm *form;
    const DataDigestCuts *cuts;
    json_t *ranges;
    RunPassKeep *keep; /* only told */
} Taken;

static bool take_range(void *ctx, size_t range, const DataDigest *digest, const DataDigest *other,
                       Error *err)
{
    UNUSED(other);
    UNUSED(err);
    const Taken *taken = ctx;
    json_t *one = json_object();
    json_object_set_new(one, "upper",
                        key_json(data_digest_upper(taken->cuts, range), taken->form->key_count));
    json_set_int(one, "rows", digest->rows);
    json_set_string(one, "sum", digest->sum);
    json_array_append_new(taken->ranges, one);
    taken->keep->done += digest->rows;
    return true;
}

static bool tell_taken(void *ctx, size_t next, Error *err)
{
    UNUSED(next);
    UNUSED(err);
    const Taken *taken = ctx;
    run_pass_tell(taken->keep, "reading what is there at the start");
    return true;
}

static bool take_ranges(RunPassKeep *keep, const DataDigestTable *table, const DataDigestForm *form,
                        json_t *ranges, Arena *arena, Error *err)
{
    DataDigestCuts cuts;
    Taken taken = {form, &cuts, ranges, keep};
    DataPass pass = {
        .table = table, .form = form, .cuts = &cuts, .range = take_range, .ctx = &taken};
    if (!data_digest_cut(table, form, RANGE_ROWS, RANGES_MAX, arena, &cuts, err) ||
        !data_pass_parts(&pass, &pass.parts, err))
        return false;
    if (pass.parts)
        pass.part = tell_taken;
    keep->total = table->rows_estimate;
    keep->began_us = clock_monotonic_us();
    return data_pass_run(&pass, err);
}

static bool take_base(Run *run, DbConn *conn, const PlanNode *node, const char *name, json_t *bases,
                      Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    RunPassKeep keep = {.run = run, .node = node};
    DataDigestTable table;
    DataDigestForm form;
    bool there = false;
    if (json_object_get(bases, name) != NULL)
        return true;
    if (!data_digest_meet(conn, arena, name, &table, &there, err))
        return false;
    if (!there)
        return true; /* an earlier step makes it */
    json_t *base = json_object();
    json_t *ranges = json_array();
    json_object_set_new(bases, name, base);
    data_digest_choose(arena, &table, NULL, (DataNames){0}, false, &form);
    json_object_set_new(base, "columns", names_json(form.columns, form.columns_count));
    json_object_set_new(base, "key", names_json(form.key, form.key_count));
    json_set_int(base, "server", db_server_version(conn) / VERSION_UNIT);
    json_set_int(base, "version", DATA_DIGEST_VERSION);
    json_object_set_new(base, "ranges", ranges);
    return take_ranges(&keep, &table, &form, ranges, arena, err);
}

bool run_form_checksums_base(Run *run, DbConn *conn, const PlanNode *node, json_t *bases,
                             Error *err)
{
    const json_t *form = json_object_get(node->keys, "checksums");
    size_t i;
    json_t *name;
    json_array_foreach (form, i, name) {
        if (!take_base(run, conn, node, json_string_value(name), bases, err))
            return false;
    }
    const char *was = json_get_string(form, "was", NULL);
    return was == NULL || take_base(run, conn, node, was, bases, err);
}

/* ---- as when the run started ---- */

/* The columns of the start, as they are hashed; text NULL: all are there. */
static const char *form_of_base(const json_t *base, const DataDigestTable *table, Arena *arena,
                                DataDigestForm *ret_form)
{
    const json_t *columns = json_object_get(base, "columns");
    const json_t *key = json_object_get(base, "key");
    size_t count = json_array_size(columns);
    const char **names = arena_alloc(arena, (count + 1) * sizeof(*names));
    for (size_t i = 0; i < count; i++)
        names[i] = json_get_string(json_array_get(columns, i), "name", "");
    const char *problem = data_digest_choose(
        arena, table, NULL, (DataNames){.items = names, .count = count}, false, ret_form);
    if (problem != NULL)
        return arena_printf(arena, "%s any more", problem);
    DataDigestColumn *chosen = arena_alloc(arena, (count + 1) * sizeof(*chosen));
    memcpy(chosen, ret_form->columns, count * sizeof(*chosen));
    ret_form->columns = chosen;
    for (size_t i = 0; i < count; i++)
        chosen[i].plain =
            chosen[i].plain && json_get_bool(json_array_get(columns, i), "plain", false);
    DataDigestColumn *walked = arena_alloc(arena, (json_array_size(key) + 1) * sizeof(*walked));
    ret_form->key = walked;
    ret_form->key_count = json_array_size(key);
    for (size_t i = 0; i < ret_form->key_count; i++) {
        const char *name = json_get_string(json_array_get(key, i), "name", "");
        for (size_t c = 0; c < count; c++) {
            if (strcmp(chosen[c].name, name) == 0)
                walked[i] = chosen[c];
        }
    }
    return NULL;
}

/* "between 1 and 20000", without the ends that are open. */
static const char *range_text(char *const *from, char *const *upper, size_t keys, Arena *arena)
{
    const char *low =
        from == NULL ? NULL : data_job_key_shown(arena, (const char *const *)from, keys);
    const char *high =
        upper == NULL ? NULL : data_job_key_shown(arena, (const char *const *)upper, keys);
    if (low != NULL && high != NULL)
        return arena_printf(arena, "behind %s up to %s", low, high);
    if (low != NULL)
        return arena_printf(arena, "behind %s", low);
    return high != NULL ? arena_printf(arena, "up to %s", high) : "somewhere";
}

static void add_text(Text *text, const char *what)
{
    if (text->length_bytes < TEXT_BYTES)
        text_printf(text, "%s%s", text->length_bytes == 0 ? "" : "; ", what);
}

/* The ranges of the start. */
static DataDigestCuts cuts_of(const json_t *ranges, Arena *arena)
{
    size_t count = json_array_size(ranges);
    DataDigestCuts cuts = {.keys = arena_alloc(arena, (count + 1) * sizeof(*cuts.keys))};
    for (; cuts.count + 1 < count; cuts.count++)
        cuts.keys[cuts.count] =
            key_of(json_object_get(json_array_get(ranges, cuts.count), "upper"), arena);
    return cuts;
}

static bool compare_with_start(RunPass *pass, size_t range, const DataDigest *digest,
                               const DataDigest *other, Error *err)
{
    UNUSED(other);
    UNUSED(err);
    const json_t *was = json_array_get(pass->ctx, range);
    bool same = digest->rows == json_get_int(was, "rows", -1) &&
                strcmp(digest->sum, json_get_string(was, "sum", "")) == 0;
    pass->rows += digest->rows;
    pass->rows_other += json_get_int(was, "rows", 0);
    if (!same && pass->differing++ < KEYS_MAX)
        json_array_append_new(pass->named,
                              json_string(range_text(data_digest_from(&pass->cuts, range),
                                                     data_digest_upper(&pass->cuts, range),
                                                     pass->form->key_count, pass->arena)));
    return true;
}

/* What it goes on from was true when it was read, and says so. */
static const char *before_text(const RunPass *pass)
{
    if (pass->begun_at == NULL)
        return "";
    return arena_printf(pass->arena,
                        "; %" PRId64 " rows were compared before an interruption, from %s on",
                        pass->rows_before, pass->begun_at);
}

static const char *list_text(const json_t *texts, Arena *arena)
{
    size_t i;
    json_t *one;
    const char *list = "";
    json_array_foreach ((json_t *)(uintptr_t)texts, i, one)
        list = arena_printf(arena, "%s%s%s", list, i == 0 ? "" : ", ", json_string_value(one));
    return list;
}

static const char *judge_unchanged(const RunPass *pass)
{
    Arena *arena = pass->arena;
    const char *where = list_text(pass->named, arena);
    const char *before = before_text(pass);
    if (pass->differing == 0)
        return arena_printf(arena, "%s: %" PRId64 " rows as when the run started%s",
                            pass->table->shown, pass->rows, before);
    if (pass->rows != pass->rows_other)
        return arena_printf(arena,
                            "%s is not as when the run started: %" PRId64 " rows, were %" PRId64
                            "; it differs %s%s",
                            pass->table->shown, pass->rows, pass->rows_other, where, before);
    return arena_printf(
        arena, "%s is not as when the run started: %" PRId64 " rows, as then; it differs %s%s",
        pass->table->shown, pass->rows, where, before);
}

/* One table, now called name, against what was at the start. */
static bool unchanged(const RunLook *look, int place, const char *name, const char *was, Text *text,
                      bool *ret_same, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *named = json_array();
    const json_t *base = json_object_get(json_object_get(look->base, "checksums"), was);
    DataDigestTable table;
    DataDigestForm form;
    bool there = false;
    if (look->base == NULL) {
        add_text(text, arena_printf(arena, "%s: no run has started", was));
        return true;
    }
    *ret_same = false;
    if (base == NULL) {
        add_text(text, arena_printf(arena, "%s was not there when the run started", was));
        return true;
    }
    if (json_get_int(base, "version", 1) != DATA_DIGEST_VERSION)
        return error_set(err, ERROR_INPUT,
                         "%s was read by another version of Headgate, whose digests cannot be "
                         "compared with this one's",
                         was);
    if (json_get_int(base, "server", 0) != db_server_version(look->conn) / VERSION_UNIT)
        return error_set(err, ERROR_INPUT,
                         "%s was read by PostgreSQL %" PRId64
                         ", and another version's hashes cannot be compared with that",
                         was, json_get_int(base, "server", 0));
    if (!data_digest_meet(look->conn, arena, name, &table, &there, err))
        return false;
    const char *problem = there ? form_of_base(base, &table, arena, &form)
                                : arena_printf(arena, "%s is not there any more", name);
    if (problem == NULL) {
        const json_t *ranges = json_object_get(base, "ranges");
        RunPass pass = {.table = &table,
                        .form = &form,
                        .cuts = cuts_of(ranges, arena),
                        .arena = arena,
                        .keep = look->keep,
                        .place = place,
                        .range = compare_with_start,
                        .ctx = ranges,
                        .named = named};
        if (!run_pass(&pass, err))
            return false;
        *ret_same = pass.differing == 0;
        problem = judge_unchanged(&pass);
    }
    add_text(text, problem);
    return true;
}

/* ---- two tables ---- */

/* What two_tables() knows beside the pass. */
typedef struct Pair {
    bool remote;
    const json_t *problems; /* records that are no rows, or NULL */
    int64_t refused;
} Pair;

static bool same(const DataDigest *a, const DataDigest *b)
{
    return a->rows == b->rows && strcmp(a->sum, b->sum) == 0;
}

/* A range that differs, piece by piece until enough rows are named. */
static bool look_into(const RunPass *pass, char **from, char *const *upper, Error *err)
{
    char **end = NULL;
    do {
        DataDigest a;
        DataDigest b;
        if (json_array_size(pass->named) >= KEYS_MAX)
            return true;
        if (!data_digest_bound(pass->table, pass->form, from, upper, RANGE_ROWS, pass->arena, &end,
                               err))
            return false;
        char *const *to = end == NULL ? upper : end;
        if (!data_digest_range(pass->table, pass->form, from, to, pass->arena, &a, err) ||
            !data_digest_range(pass->other, pass->form, from, to, pass->arena, &b, err) ||
            (!same(&a, &b) && !data_digest_differing(pass->table, pass->other, pass->form, from, to,
                                                     pass->named, KEYS_MAX, err)))
            return false;
        from = end;
    } while (end != NULL);
    return true;
}

static bool compare_range(RunPass *pass, size_t range, const DataDigest *a, const DataDigest *b,
                          Error *err)
{
    char **from = data_digest_from(&pass->cuts, range);
    char **upper = data_digest_upper(&pass->cuts, range);
    pass->rows += a->rows;
    pass->rows_other += b->rows;
    if (same(a, b))
        return true;
    pass->differing++;
    return a->rows <= 2 * RANGE_ROWS && b->rows <= 2 * RANGE_ROWS
               ? data_digest_differing(pass->table, pass->other, pass->form, from, upper,
                                       pass->named, KEYS_MAX, err)
               : look_into(pass, from, upper, err);
}

static bool judge_pair(const RunPass *pass, const Pair *pair, Text *text)
{
    bool differ = pass->differing > 0 || pair->refused > 0;
    if (!differ) {
        text_printf(text, "%s and %s hold the same %" PRId64 " rows%s%s", pass->table->shown,
                    pass->other->shown, pass->rows, pair->remote ? " in both databases" : "",
                    before_text(pass));
        return true;
    }
    size_t i;
    json_t *key;
    text_printf(text, "%s and %s differ: %" PRId64 " and %" PRId64 " rows", pass->table->shown,
                pass->other->shown, pass->rows, pass->rows_other);
    json_array_foreach ((json_t *)(uintptr_t)pair->problems, i, key) {
        if (text->length_bytes < TEXT_BYTES)
            text_printf(text, "; %.300s", json_string_value(key));
    }
    if (pair->refused > (int64_t)json_array_size(pair->problems))
        text_printf(text, "; %" PRId64 " records in all cannot be rows", pair->refused);
    json_array_foreach (pass->named, i, key) {
        if (text->length_bytes < TEXT_BYTES)
            text_printf(text, "%s%.200s", i == 0 ? "; " : ", ", json_string_value(key));
    }
    if (json_array_size(pass->named) == KEYS_MAX)
        text_append(text, ", …");
    text_append(text, before_text(pass));
    return false;
}

static bool two_tables(const RunLook *look, const json_t *given, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(text_done) Text text;
    DataDigestTable a;
    DataDigestTable b;
    DataDigestForm form;
    size_t count = 0;
    text_init(&text, 4 * TEXT_BYTES);
    bool remote = json_object_get(given, "target") != NULL;
    const char *store = json_get_string(given, "data", NULL);
    const char *name = json_get_string(given, "table", "");
    const json_t *listed = json_object_get(given, "columns");
    const char **columns = arena_alloc(arena, (json_array_size(listed) + 1) * sizeof(*columns));
    for (; count < json_array_size(listed); count++)
        columns[count] = json_string_value(json_array_get(listed, count));
    if ((remote || store != NULL) && look->other == NULL)
        return error_set(err, ERROR_INPUT, "the other database cannot be asked here");
    const char *equals = store != NULL ? DATA_STAGE_TABLE : json_get_string(given, "equals", name);
    if (!data_digest_meet(look->conn, arena, name, &a, NULL, err) ||
        !data_digest_meet(look->other != NULL ? look->other : look->conn, arena, equals, &b, NULL,
                          err))
        return false;
    if (store != NULL)
        b.shown = arena_printf(arena, "the files of store \"%s\"", store);
    const char *problem = data_digest_choose(
        arena, &a, &b, (DataNames){.items = columns, .count = count}, remote, &form);
    if (problem != NULL)
        return run_kind_check_verdict(detail, false, problem, err);
    form.where = json_get_string(given, "where", NULL);
    Pair pair = {.remote = remote, .problems = look->problems, .refused = look->refused};
    RunPass pass = {.table = &a,
                    .other = &b,
                    .form = &form,
                    .arena = arena,
                    .keep = look->keep,
                    .source = store,
                    .range = compare_range,
                    .named = json_array()};
    json_object_set_new(detail, "differing", pass.named);
    if (look->problems != NULL)
        json_object_set(detail, "refused", (json_t *)(uintptr_t)look->problems);
    if (!data_digest_cut(&a, &form, RANGE_ROWS, PAIR_RANGES_MAX, arena, &pass.cuts, err) ||
        !run_pass(&pass, err))
        return false;
    bool holds = judge_pair(&pass, &pair, &text);
    return run_kind_check_verdict(detail, holds, text_string(&text), err);
}

bool run_form_checksums(const RunLook *look, json_t *detail, Error *err)
{
    const json_t *given = json_object_get(look->node->keys, "checksums");
    AUTO(text_done) Text text;
    text_init(&text, 4 * TEXT_BYTES);
    bool all = true;
    if (json_is_object(given) && json_object_get(given, "was") == NULL)
        return two_tables(look, given, detail, err);
    if (json_is_object(given)) {
        if (!unchanged(look, 0, json_get_string(given, "table", ""),
                       json_get_string(given, "was", ""), &text, &all, err))
            return false;
        return run_kind_check_verdict(detail, all, text_string(&text), err);
    }
    size_t i;
    json_t *name;
    json_array_foreach (given, i, name) {
        bool same = true;
        if (!unchanged(look, (int)i, json_string_value(name), json_string_value(name), &text, &same,
                       err))
            return false;
        all = all && same;
    }
    return run_kind_check_verdict(detail, all, text_string(&text), err);
}
