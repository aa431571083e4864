/* Building and running the UPDATE of a batch. */
#include "data/update.h"

#include "base/fault.h"

#include <string.h>

enum { TARGETS_MAX = 100 };

/* How a row writes a target column. By reference is NULL to the server, because most rows do and
 * NULL is found soonest. */
typedef enum Mode { MODE_LEAVE = '0', MODE_VALUE = '1', MODE_REFERENCE = '2' } Mode;

/* A column that at least one row of the batch writes. */
typedef struct Target {
    const DataColumn *column;
    const DataWrite
        *reference; /* the first write by reference: the only form the statement knows */
    bool leaves;    /* some row does not write it */
    bool values;    /* some row writes a value */
    DataArray data;
    DataArray modes;
    int path; /* parameter number */
} Target;

typedef struct Shape {
    const DataJob *job;
    Arena *arena;
    Target targets[TARGETS_MAX];
    size_t targets_count;
    bool old; /* the statement needs the rows as they were */
    bool keep;
    DataArray *keys;
    DataArray versions;
    DataList list;
} Shape;

void data_updater_init(DataUpdater *updater, const DataJob *job, DbConn *conn)
{
    *updater = (DataUpdater){.job = job, .conn = conn, .arena = arena_new()};
}

void data_updater_done(DataUpdater *updater)
{
    arena_free(updater->arena);
    *updater = (DataUpdater){0};
}

const char *data_updater_statement(DataUpdater *updater, const char *sql)
{
    for (size_t i = 0; i < updater->statements_count; i++) {
        if (strcmp(updater->statements[i], sql) == 0)
            return updater->statements[i];
    }
    if (updater->statements_count == COUNT_OF(updater->statements))
        return NULL;
    const char *copy = arena_strdup(updater->arena, sql);
    updater->statements[updater->statements_count++] = copy;
    return copy;
}

/* ---------------------------------------------------------------- the shape */

static const DataWrite *write_of(const DataUpdateRow *row, const DataColumn *column)
{
    for (size_t i = 0; i < row->mapped.writes_count; i++) {
        if (row->mapped.writes[i].column == column)
            return &row->mapped.writes[i];
    }
    return NULL;
}

static Target *target_of(Shape *shape, const DataColumn *column)
{
    for (size_t i = 0; i < shape->targets_count; i++) {
        if (shape->targets[i].column == column)
            return &shape->targets[i];
    }
    if (shape->targets_count == TARGETS_MAX)
        return NULL;
    Target *target = &shape->targets[shape->targets_count++];
    *target = (Target){.column = column};
    data_array_init(&target->data);
    data_array_init(&target->modes);
    return target;
}

static bool find_targets(Shape *shape, DataUpdateRow *const *rows, size_t count, Error *err)
{
    for (size_t i = 0; i < count; i++) {
        const DataMapped *mapped = &rows[i]->mapped;
        for (size_t w = 0; w < mapped->writes_count; w++) {
            const DataWrite *write = &mapped->writes[w];
            Target *target = target_of(shape, write->column);
            if (target == NULL)
                return error_set(err, ERROR_INPUT, "a batch may write at most %d columns",
                                 TARGETS_MAX);
            if (write->source != NULL && target->reference == NULL)
                target->reference = write;
        }
    }
    return true;
}

static bool same_reference(const DataWrite *a, const DataWrite *b)
{
    if (a->source != b->source || a->path_count != b->path_count)
        return false;
    for (size_t i = 0; i < a->path_count; i++) {
        if (strcmp(a->path[i], b->path[i]) != 0)
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- values */

static const DataValue *row_value(const DataRow *row, const DataColumn *column)
{
    for (size_t i = 0; i < row->count; i++) {
        if (row->columns[i] == column)
            return &row->values[i];
    }
    return NULL;
}

/* The value with filler in its hole. */
static void add_filled(DataArray *array, const DataWrite *write, const char *filler, size_t bytes)
{
    size_t begun = data_array_begin(array);
    text_append_bytes(&array->bytes, write->text, write->hole);
    text_append_bytes(&array->bytes, filler, bytes);
    text_append_bytes(&array->bytes, write->text + write->hole, write->bytes - write->hole);
    data_array_end(array, begun);
}

static Mode add_write(Target *target, const DataUpdateRow *row, const DataWrite *write)
{
    if (write == NULL) {
        data_array_add(&target->data, NULL, 0);
        return MODE_LEAVE;
    }
    if (write->source == NULL) {
        data_array_add(&target->data, write->text, write->bytes);
        return MODE_VALUE;
    }
    if (same_reference(write, target->reference)) {
        if (write->path_count == 0)
            data_array_add(&target->data, NULL, 0);
        else
            add_filled(&target->data, write, "null", 4);
        return MODE_REFERENCE;
    }
    const DataValue *value = row_value(&row->row, write->source);
    invariant(value != NULL && value->text != NULL);
    add_filled(&target->data, write, value->text, value->bytes);
    return MODE_VALUE;
}

static void fill_arrays(Shape *shape, DataUpdateRow *const *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < shape->job->table.key_count; k++)
            data_array_add(&shape->keys[k], rows[i]->row.key[k], strlen(rows[i]->row.key[k]));
        data_array_add(&shape->versions, rows[i]->version, strlen(rows[i]->version));
        for (size_t t = 0; t < shape->targets_count; t++) {
            Target *target = &shape->targets[t];
            char mode = (char)add_write(target, rows[i], write_of(rows[i], target->column));
            target->leaves |= mode == MODE_LEAVE;
            target->values |= mode == MODE_VALUE;
            data_array_add(&target->modes, mode == MODE_REFERENCE ? NULL : &mode, 1);
        }
    }
}

/* Do the rows differ in how they write this column? */
static bool is_mixed(const Target *target)
{
    return target->leaves || (target->values && target->reference != NULL);
}

/* ---------------------------------------------------------------- the statement */

/* Texts that grow item by item. */
typedef struct Fragments {
    Text inputs;
    Text arrays;
    Text names;
    Text set;
    Text match;
    Text old_columns;
    Text old_json;
    Text digests;
    Text kept;
} Fragments;

enum { FRAGMENT_BYTES = 1 << 20 };

static void fragments_init(Fragments *fragments)
{
    Text *all = (Text *)fragments;
    for (size_t i = 0; i < sizeof(*fragments) / sizeof(Text); i++)
        text_init(&all[i], FRAGMENT_BYTES);
}

static void fragments_done(Fragments *fragments)
{
    Text *all = (Text *)fragments;
    for (size_t i = 0; i < sizeof(*fragments) / sizeof(Text); i++)
        text_done(&all[i]);
}

static void comma(Text *text)
{
    if (text->length_bytes > 0)
        text_append(text, ", ");
}

/* One more array for unnest, called name. */
static void add_array(Shape *shape, Fragments *to, const char *name, DataArray *array)
{
    comma(&to->arrays);
    comma(&to->names);
    text_printf(&to->arrays, "pg_catalog.unnest($%d)", data_list_array(&shape->list, array));
    text_append(&to->names, name);
}

static void add_key(Shape *shape, Fragments *to, size_t k)
{
    const DataTable *table = &shape->job->table;
    const DataColumn *column = table->key[k];
    const char *name = arena_printf(shape->arena, "k%zu", k);
    add_array(shape, to, name, &shape->keys[k]);
    comma(&to->inputs);
    text_printf(&to->inputs, "hg_i.%s::%s AS hg_%s", name, column->type, name);
    text_printf(&to->match, "%s.%s = hg_u.hg_%s AND ", table->alias, column->quoted, name);
    if (shape->old) {
        text_printf(&to->match, "hg_o.hg_%s = hg_u.hg_%s AND ", name, name);
        comma(&to->old_columns);
        text_printf(&to->old_columns, "hg_t.%s AS hg_%s", column->quoted, name);
    }
}

static void add_version(Shape *shape, Fragments *to)
{
    add_array(shape, to, "x", &shape->versions);
    comma(&to->inputs);
    text_append(&to->inputs, "hg_i.x::pg_catalog.xid AS hg_x");
    if (BUG("version_not_checked"))
        text_append(&to->match, "hg_u.hg_x IS NOT NULL");
    else
        text_printf(&to->match, "%s = hg_u.hg_x", shape->job->version);
    if (shape->old) {
        text_append(&to->match, " AND hg_o.hg_x = hg_u.hg_x");
        comma(&to->old_columns);
        text_append(&to->old_columns, "hg_t.xmin AS hg_x");
    }
}

/* What a target becomes in rows that write it by reference. */
static const char *reference_sql(Shape *shape, Target *target, size_t t)
{
    const DataWrite *reference = target->reference;
    const char *source =
        arena_printf(shape->arena, "%s.%s", shape->job->table.alias, reference->source->quoted);
    if (reference->path_count == 0)
        return source;
    target->path = data_list_text(
        &shape->list, db_array_text(shape->arena, reference->path, reference->path_count));
    return arena_printf(shape->arena, "pg_catalog.jsonb_set(hg_u.hg_d%zu, $%d::text[], %s)", t,
                        target->path, source);
}

static void add_target(Shape *shape, Fragments *to, size_t t)
{
    Target *target = &shape->targets[t];
    const DataTable *table = &shape->job->table;
    const char *value = arena_printf(shape->arena, "hg_u.hg_d%zu", t);
    const char *refer = target->reference == NULL ? value : reference_sql(shape, target, t);
    add_array(shape, to, arena_printf(shape->arena, "d%zu", t), &target->data);
    comma(&to->inputs);
    text_printf(&to->inputs, "hg_i.d%zu::%s AS hg_d%zu", t, target->column->type, t);
    comma(&to->set);
    text_printf(&to->set, "%s = ", target->column->quoted);
    if (!is_mixed(target)) {
        text_append(&to->set, refer);
        return;
    }
    add_array(shape, to, arena_printf(shape->arena, "m%zu", t), &target->modes);
    text_printf(&to->inputs, ", hg_i.m%zu AS hg_m%zu", t, t);
    text_append(&to->set, "CASE");
    if (target->reference != NULL)
        text_printf(&to->set, " WHEN hg_u.hg_m%zu IS NULL THEN %s", t, refer);
    text_printf(&to->set, " WHEN hg_u.hg_m%zu = '0' THEN %s.%s ELSE %s END", t, table->alias,
                target->column->quoted, value);
}

/* The old text of a target and the digest of its new one, as members of two JSON objects. */
static void add_old(Shape *shape, Fragments *to, size_t t)
{
    const Target *target = &shape->targets[t];
    const char *name = data_job_literal(shape->arena, target->column->name);
    const char *unless =
        is_mixed(target)
            ? arena_printf(shape->arena, "CASE WHEN hg_u.hg_m%zu = '0' THEN '{}' ELSE ", t)
            : "";
    const char *end = unless[0] == '\0' ? "" : " END";
    comma(&to->old_columns);
    text_printf(&to->old_columns, "hg_t.%s::text AS hg_c%zu", target->column->quoted, t);
    text_append(&to->old_json, to->old_json.length_bytes > 0 ? " || " : "");
    text_printf(&to->old_json, "%spg_catalog.jsonb_build_object(%s, hg_o.hg_c%zu)%s", unless, name,
                t, end);
    text_append(&to->digests, to->digests.length_bytes > 0 ? " || " : "");
    text_printf(
        &to->digests,
        "%spg_catalog.jsonb_build_object(%s, coalesce(pg_catalog.md5(%s.%s::text), 'null'))%s",
        unless, name, shape->job->table.alias, target->column->quoted, end);
}

/* The names of keep columns that came out different. */
static void add_kept(Shape *shape, Fragments *to)
{
    const DataTable *table = &shape->job->table;
    for (size_t c = 0; c < table->columns_count; c++) {
        const DataColumn *column = &table->columns[c];
        if (!column->keep)
            continue;
        comma(&to->old_columns);
        comma(&to->kept);
        text_printf(&to->old_columns, "hg_t.%s::text AS hg_keep%zu", column->quoted, c);
        text_printf(&to->kept, "CASE WHEN hg_o.hg_keep%zu IS DISTINCT FROM %s.%s::text THEN %s END",
                    c, table->alias, column->quoted, data_job_literal(shape->arena, column->name));
    }
}

/* Most batches need only the numbers of their rows: what nobody reads is not sent. */
static const char *returning(Shape *shape, const Fragments *from)
{
    if (!shape->old)
        return "hg_u.n";
    return arena_printf(shape->arena, "hg_u.n, %s, %s, %s",
                        from->old_json.length_bytes > 0 ? text_string(&from->old_json) : "NULL",
                        from->digests.length_bytes > 0 ? text_string(&from->digests) : "NULL",
                        shape->keep ? arena_printf(shape->arena, "pg_catalog.concat_ws(', ', %s)",
                                                   text_string(&from->kept))
                                    : "''");
}

/* The keys of the batch lie between those of its first and last row; saying so keeps every plan
 * inside the range. */
static const char *between(Shape *shape, DataUpdateRow *const *rows, size_t count)
{
    const char *low =
        data_job_compare(shape->job, shape->arena, ">=", rows[0]->row.key, &shape->list);
    const char *high =
        data_job_compare(shape->job, shape->arena, "<=", rows[count - 1]->row.key, &shape->list);
    return arena_printf(shape->arena, "%s AND %s", low, high);
}

static const char *make_statement(Shape *shape, DataUpdateRow *const *rows, size_t count)
{
    const DataTable *table = &shape->job->table;
    Fragments fragments;
    fragments_init(&fragments);
    for (size_t k = 0; k < table->key_count; k++)
        add_key(shape, &fragments, k);
    add_version(shape, &fragments);
    for (size_t t = 0; t < shape->targets_count; t++) {
        add_target(shape, &fragments, t);
        if (shape->job->options.save_old)
            add_old(shape, &fragments, t);
    }
    if (shape->keep)
        add_kept(shape, &fragments);
    const char *old = "";
    if (shape->old)
        old = arena_printf(shape->arena, ", (SELECT %s FROM %s AS hg_t) AS hg_o",
                           text_string(&fragments.old_columns), table->quoted);
    DataParts parts = {0};
    data_parts_set(&parts, "table", table->quoted);
    data_parts_set(&parts, "alias", table->alias);
    data_parts_set(&parts, "set", text_string(&fragments.set));
    data_parts_set(&parts, "inputs", text_string(&fragments.inputs));
    data_parts_set(&parts, "arrays", text_string(&fragments.arrays));
    data_parts_set(&parts, "names", text_string(&fragments.names));
    data_parts_set(&parts, "old", old);
    data_parts_set(&parts, "match", text_string(&fragments.match));
    data_parts_set(&parts, "range", between(shape, rows, count));
    data_parts_set(&parts, "returning", returning(shape, &fragments));
    const char *sql = data_statement(shape->arena, "data_batch_update", &parts);
    fragments_done(&fragments);
    return sql;
}

/* ---------------------------------------------------------------- running */

static bool take_results(const Shape *shape, const DbResult *result, DataUpdateRow *const *rows,
                         Error *err)
{
    enum { NUMBER, OLD, DIGESTS, KEPT };
    const DataJob *job = shape->job;
    Arena *arena = shape->arena;
    for (int i = 0; i < db_rows(result); i++) {
        DataUpdateRow *row = rows[db_int(result, i, NUMBER) - 1];
        if (shape->keep && db_value_bytes(result, i, KEPT) > 0)
            return error_set(err, ERROR_REFUSED,
                             "a trigger on %s changed %s of row %s, which the plan keeps",
                             job->table.shown, db_value(result, i, KEPT),
                             data_job_key_shown(arena, row->row.key, row->row.key_count));
        row->written = true;
        if (job->options.save_old) {
            row->old = arena_strdup(arena, db_value(result, i, OLD));
            row->digests = arena_strdup(arena, db_value(result, i, DIGESTS));
        }
    }
    return true;
}

static void shape_init(Shape *shape, const DataJob *job, Arena *arena)
{
    *shape = (Shape){.job = job, .arena = arena};
    shape->keys = arena_alloc(arena, job->table.key_count * sizeof(DataArray));
    for (size_t k = 0; k < job->table.key_count; k++)
        data_array_init(&shape->keys[k]);
    data_array_init(&shape->versions);
}

static void shape_done(Shape *shape)
{
    for (size_t k = 0; k < shape->job->table.key_count; k++)
        data_array_done(&shape->keys[k]);
    data_array_done(&shape->versions);
    for (size_t t = 0; t < shape->targets_count; t++) {
        data_array_done(&shape->targets[t].data);
        data_array_done(&shape->targets[t].modes);
    }
}

/* keep is enforced where a row's map may not name the columns; only a BEFORE trigger could still
 * change them. */
static bool must_check_keep(const Shape *shape)
{
    const DataColumn *columns[TARGETS_MAX];
    for (size_t t = 0; t < shape->targets_count; t++)
        columns[t] = shape->targets[t].column;
    return shape->job->spec->keep.count > 0 &&
           data_table_rewrites(&shape->job->table, columns, shape->targets_count);
}

static bool run_shape(DataUpdater *updater, Shape *shape, DataUpdateRow *const *rows, size_t count,
                      Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!find_targets(shape, rows, count, err))
        return false;
    fill_arrays(shape, rows, count);
    shape->keep = must_check_keep(shape);
    shape->old = shape->keep || shape->job->options.save_old;
    const char *sql = make_statement(shape, rows, count);
    const char *stable = data_updater_statement(updater, sql);
    DbParams params = data_list_params(&shape->list);
    bool ok = stable != NULL ? db_query_prepared(updater->conn, stable, &params, &result, err)
                             : db_query(updater->conn, sql, &params, &result, err);
    return ok && take_results(shape, result, rows, err);
}

bool data_update_run(DataUpdater *updater, Arena *arena, DataUpdateRow *const *rows, size_t count,
                     Error *err)
{
    if (count == 0)
        return true;
    Shape *shape = arena_alloc(arena, sizeof(Shape)); /* large for a fiber's stack */
    shape_init(shape, updater->job, arena);
    bool ok = run_shape(updater, shape, rows, count, err);
    shape_done(shape);
    return ok;
}
