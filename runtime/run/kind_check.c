/* check and verify: read-only questions to the target. What they found is the evidence that gates
 * show. */
#include "run/kind.h"

#include "db/sql.h"
#include "run/form.h"
#include "run/lock.h"
#include "run/wal.h"
#include "sql/split.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char SET_PATH[] = "SELECT pg_catalog.set_config('search_path', $1, true)";

typedef struct Compare {
    const char *key;
    const char *text; ///< "at least"
    bool (*holds)(double found, double wanted);
} Compare;

static bool holds_at_least(double found, double wanted)
{
    return found >= wanted;
}
static bool holds_at_most(double found, double wanted)
{
    return found <= wanted;
}
static bool holds_above(double found, double wanted)
{
    return found > wanted;
}
static bool holds_below(double found, double wanted)
{
    return found < wanted;
}

static const Compare COMPARES[] = {
    {"at_least", "at least", holds_at_least},
    {"at_most", "at most", holds_at_most},
    {"above", "above", holds_above},
    {"below", "below", holds_below},
};

static bool verdict(json_t *detail, bool holds, const char *text, Error *err)
{
    json_set_string(detail, "verdict", holds ? "pass" : "fail");
    json_set_string(detail, "text", text);
    return holds || error_set(err, ERROR_REFUSED, "%s", text);
}

/* The query as a part of ours: without its ";", and with our bracket behind its last comment. */
static bool no_rows(DbConn *conn, const char *sql, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlStatement *statements = NULL;
    size_t count = 0;
    if (!sql_split(arena, sql, &statements, &count, err))
        return false;
    if (count != 1)
        return error_set(err, ERROR_INPUT, "one query is expected, not %zu", count);
    const char *limited =
        arena_printf(arena, "SELECT * FROM (%s\n) AS found LIMIT 1001", statements[0].text);
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query(conn, limited, NULL, &found, err))
        return false;
    char text[512];
    int rows = db_rows(found);
    if (rows == 0)
        snprintf(text, sizeof(text), "0 rows");
    else
        snprintf(text, sizeof(text), "%s%d row(s) where none may be; the first has %s = %.200s",
                 rows > 1000 ? "more than " : "", rows > 1000 ? 1000 : rows,
                 db_column_name(found, 0), db_value(found, 0, 0));
    return verdict(detail, rows == 0, text, err);
}

static bool compare_number(const PlanNode *node, const char *value, json_t *detail, Error *err)
{
    char *end = NULL;
    errno = 0;
    double found = strtod(value, &end);
    if (errno != 0 || end == value || *end != '\0')
        return error_set(err, ERROR_INPUT, "its query returned \"%s\", which is not a number",
                         value);
    for (size_t i = 0; i < COUNT_OF(COMPARES); i++) {
        if (json_object_get(node->keys, COMPARES[i].key) == NULL)
            continue;
        double wanted = plan_number(node, COMPARES[i].key);
        char text[256];
        snprintf(text, sizeof(text), "%s; it must be %s %.15g", value, COMPARES[i].text, wanted);
        return verdict(detail, COMPARES[i].holds(found, wanted), text, err);
    }
    return error_set(err, ERROR_INPUT, "it has no comparison");
}

static bool equals(const json_t *wanted, const char *value, json_t *detail, Error *err)
{
    char text[512];
    char number[32];
    const char *shown = json_string_value(wanted);
    if (json_is_integer(wanted))
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(wanted));
    else if (json_is_real(wanted))
        snprintf(number, sizeof(number), "%.15g", json_real_value(wanted));
    else if (json_is_boolean(wanted))
        snprintf(number, sizeof(number), "%s", json_is_true(wanted) ? "t" : "f");
    if (shown == NULL)
        shown = number;
    bool same = text_equal(shown, value) || (json_is_number(wanted) && value[0] != '\0' &&
                                             strtod(value, NULL) == json_number_value(wanted));
    snprintf(text, sizeof(text), "%.200s; it must be %.200s", value, shown);
    return verdict(detail, same, text, err);
}

bool run_kind_check_compare(const PlanNode *node, const char *value, json_t *detail, Error *err)
{
    const json_t *wanted = json_object_get(node->keys, "equals");
    json_set_string(detail, "value", value);
    return wanted != NULL ? equals(wanted, value, detail, err)
                          : compare_number(node, value, detail, err);
}

bool run_kind_check_verdict(json_t *detail, bool holds, const char *text, Error *err)
{
    return verdict(detail, holds, text, err);
}

static bool compare_value(DbConn *conn, const PlanNode *node, json_t *detail, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query(conn, plan_sql(node, "sql"), NULL, &found, err))
        return false;
    if (db_rows(found) != 1 || db_columns(found) != 1)
        return error_set(err, ERROR_INPUT,
                         "its query returned %d row(s) of %d column(s): it must be one value",
                         db_rows(found), db_columns(found));
    if (db_is_null(found, 0, 0)) {
        json_set_string(detail, "value", NULL);
        return verdict(detail, false, "its query returned NULL: no data is not good data", err);
    }
    return run_kind_check_compare(node, db_value(found, 0, 0), detail, err);
}

static bool queue_is_empty(DbConn *conn, int64_t run, json_t *detail, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    AUTO(db_result_auto) DbResult *open = NULL;
    if (!ledger_call(conn, "queue_open", &params, &open, err))
        return false;
    char text[160];
    int64_t left = db_int(open, 0, 0);
    snprintf(text, sizeof(text), "%" PRId64 " left for review, %s decided", left,
             db_value(open, 0, 1));
    if (left > 0)
        error_hint(err, "headgate review %" PRId64, run);
    return verdict(detail, left == 0, text, err);
}

static bool count_table(DbConn *conn, const char *table, json_t *detail, int64_t *ret_rows,
                        Error *err)
{
    AUTO(db_result_auto) DbResult *name = NULL;
    if (!db_query(conn, "SELECT $1::text::regclass::text", DB_PARAMS(table), &name, err))
        return error_wrap(err, "table \"%s\"", table);
    AUTO(base_free) char *sql = base_printf("SELECT count(*) FROM %s", db_value(name, 0, 0));
    AUTO(db_result_auto) DbResult *count = NULL;
    if (!db_query(conn, sql, NULL, &count, err))
        return false;
    *ret_rows = db_int(count, 0, 0);
    json_t *counts = json_object_get(detail, "counts");
    if (counts == NULL) {
        counts = json_object();
        json_object_set_new(detail, "counts", counts);
    }
    json_set_int(counts, table, *ret_rows);
    return true;
}

/* How many rows a table of counts must have: as many as it says, as another table, as the records
 * of files, or as when the run started. */
static bool count_wanted(const RunLook *look, const json_t *wanted, const char *table,
                         json_t *detail, int64_t *ret_rows, Error *err)
{
    const json_t *base = json_object_get(look->base, "counts");
    if (json_is_object(wanted))
        return run_form_files_count(look, wanted, ret_rows, err);
    if (json_is_string(wanted))
        return count_table(look->conn, json_string_value(wanted), detail, ret_rows, err);
    if (json_is_integer(wanted))
        *ret_rows = json_integer_value(wanted);
    else
        *ret_rows = json_get_int(base, table, *ret_rows);
    return true;
}

/* counts: a map of exact numbers or other tables, or a list of tables that must not have lost rows
 * since the run started (base). */
static bool compare_counts(const RunLook *look, json_t *detail, Error *err)
{
    const json_t *wanted = json_object_get(look->node->keys, "counts");
    bool exact = json_is_object(wanted);
    char text[512] = "";
    size_t used = 0;
    bool all = true;
    size_t count = exact ? json_object_size(wanted) : json_array_size(wanted);
    void *at = exact ? json_object_iter((json_t *)wanted) : NULL;
    for (size_t i = 0; i < count; i++) {
        const char *table =
            exact ? json_object_iter_key(at) : json_string_value(json_array_get(wanted, i));
        int64_t rows = 0;
        if (!count_table(look->conn, table, detail, &rows, err))
            return false;
        int64_t must = rows;
        if (!count_wanted(look, exact ? json_object_iter_value(at) : NULL, table, detail, &must,
                          err))
            return false;
        all = all && (exact ? rows == must : rows >= must);
        if (used < sizeof(text))
            used +=
                (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %" PRId64 " of %" PRId64,
                                 i == 0 ? "" : ", ", table, rows, must);
        at = exact ? json_object_iter_next((json_t *)wanted, at) : NULL;
    }
    return verdict(detail, all, text, err);
}

static const struct {
    const char *key;
    bool (*look)(const RunLook *look, json_t *detail, Error *err);
} FORMS[] = {
    {"exists", run_form_exists},          {"absent", run_form_absent},
    {"plan_uses_index", run_form_index},  {"checksums", run_form_checksums},
    {"wal_archiving", run_wal_archiving}, {"schema_equal", run_form_schema},
};

bool run_kind_check_evaluate(const RunLook *look, json_t *detail, Error *err)
{
    const PlanNode *node = look->node;
    for (size_t i = 0; i < COUNT_OF(FORMS); i++) {
        if (json_object_get(node->keys, FORMS[i].key) != NULL)
            return FORMS[i].look(look, detail, err);
    }
    if (plan_sql(node, "no_rows") != NULL)
        return no_rows(look->conn, plan_sql(node, "no_rows"), detail, err);
    if (plan_sql(node, "sql") != NULL)
        return compare_value(look->conn, node, detail, err);
    if (json_object_get(node->keys, "counts") != NULL)
        return compare_counts(look, detail, err);
    return queue_is_empty(look->conn, look->run, detail, err);
}

const char *run_kind_check_other(const PlanNode *node)
{
    static const char *const KEYS[] = {"checksums", "schema_equal"};
    const char *name = NULL;
    for (size_t i = 0; i < COUNT_OF(KEYS) && name == NULL; i++)
        name = json_get_string(json_object_get(node->keys, KEYS[i]), "target", NULL);
    return name;
}

/* The other database, read in one snapshot of its own. */
static bool open_other(Run *run, const PlanNode *node, DbConn **ret_other, Error *err)
{
    const char *name = run_kind_check_other(node);
    if (name == NULL)
        return true;
    const ConfigTarget *target = config_target(run->options.environment, name);
    AUTO(db_result_auto) DbResult *path = NULL;
    if (target == NULL)
        return error_set(err, ERROR_INPUT, "headgate.yaml has no target \"%s\"", name);
    return config_target_ready(target, err) && run_connect(run, target, true, ret_other, err) &&
           ledger_call(*ret_other, "search_path_default", NULL, &path, err) &&
           db_begin_snapshot(*ret_other, err) &&
           db_query(*ret_other, SET_PATH, DB_PARAMS(db_value(path, 0, 0)), NULL, err);
}

static bool in_read_only(Run *run, const PlanNode *node, RunPassKeep *keep, json_t *detail,
                         Error *err)
{
    AUTO(db_close_auto) DbConn *other = NULL;
    AUTO(json_auto) json_t *problems = NULL;
    int64_t refused = 0;
    if (!open_other(run, node, &other, err) ||
        !run_form_files_open(run, node, &other, &problems, &refused, err))
        return false;
    RunLook look = {.conn = run->effects,
                    .other = other,
                    .problems = problems,
                    .refused = refused,
                    .environment = run->options.environment,
                    .node = node,
                    .run = run->id,
                    .base = json_object_get(run_step_row(run, ""), "detail"),
                    .keep = keep};
    bool ok = db_begin_snapshot(run->effects, err) && /* one for all that a check reads */
              db_query(run->effects, SET_PATH, DB_PARAMS(run->search_path), NULL, err) &&
              run_kind_check_evaluate(&look, detail, err);
    db_rollback(run->effects);
    return ok;
}

static bool look(Run *run, const PlanNode *node, RunPassKeep *keep, json_t *detail, Error *err)
{
    return json_object_get(node->keys, "http") != NULL ? run_kind_look(run, node, detail, err)
                                                       : in_read_only(run, node, keep, detail, err);
}

bool run_kind_check_again(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    return look(run, node, NULL, detail, err);
}

bool run_kind_check_forward(Run *run, const PlanNode *node, Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    Error found = {0};
    RunPassKeep keep = {.run = run, .node = node};
    run_step_started(run, node);
    bool holds = look(run, node, &keep, detail, &found);
    run_pass_keep_done(&keep);
    bool answered = json_object_get(detail, "verdict") != NULL;
    if (!holds && !answered) {
        *err = found;
        return false;
    }
    AUTO(json_auto) json_t *data = json_copy(detail);
    json_set_string(data, "kind", plan_kind_name(node->kind));
    run_tell(run, "check.result", node->path, data);
    if (!holds) {
        *err = found;
        return false;
    }
    return run_step_apply(run, node, STEP_EVENT_FINISH, detail, NULL, err);
}

/* A table that an earlier step creates is not there yet: it has no base. */
static bool count_if_there(DbConn *conn, const char *table, json_t *detail, Error *err)
{
    AUTO(db_result_auto) DbResult *there = NULL;
    int64_t rows = 0;
    if (!db_query(conn, "SELECT pg_catalog.to_regclass($1::text) IS NOT NULL", DB_PARAMS(table),
                  &there, err))
        return false;
    return !db_bool(there, 0, 0) || count_table(conn, table, detail, &rows, err);
}

static bool read_bases(Run *run, json_t *detail, Error *err)
{
    DbConn *conn = run->effects;
    json_t *checksums = json_object();
    json_t *schema = NULL;
    json_object_set_new(detail, "checksums", checksums);
    for (size_t i = 0; i < run->plan->nodes_count; i++) {
        const json_t *tables = json_object_get(run->plan->nodes[i]->keys, "counts");
        for (size_t t = 0; json_is_array(tables) && t < json_array_size(tables); t++) {
            if (!count_if_there(conn, json_string_value(json_array_get(tables, t)), detail, err))
                return false;
        }
        if (!run_form_checksums_base(run, conn, run->plan->nodes[i], checksums, err) ||
            !run_form_schema_base(conn, run->plan->nodes[i], &schema, err))
            return false;
    }
    if (schema != NULL)
        json_object_set_new(detail, "schema", schema);
    return true;
}

/* What a try of run_kind_check_base() needs. */
typedef struct Bases {
    Run *run;
    json_t *detail;
} Bases;

/* As the verify will read it (in_read_only()): a view's functions are the application's, and may
 * not write here either. */
static bool bases_attempt(void *ctx, int lock_timeout_ms, Error *err)
{
    const Bases *bases = ctx;
    DbConn *conn = bases->run->effects;
    char timeout[16];
    snprintf(timeout, sizeof(timeout), "%d", lock_timeout_ms);
    json_object_clear(bases->detail); /* of the try before */
    bool ok = db_begin_snapshot(conn, err) &&
              db_query(conn,
                       "SELECT pg_catalog.set_config('search_path', $1, true), "
                       "pg_catalog.set_config('lock_timeout', $2, true)",
                       DB_PARAMS(bases->run->search_path, timeout), NULL, err) &&
              read_bases(bases->run, bases->detail, err);
    db_rollback(conn);
    return ok;
}

bool run_kind_check_base(Run *run, Error *err)
{
    if (run_step_row(run, "") != NULL)
        return true;
    AUTO(json_auto) json_t *detail = json_object();
    Bases bases = {.run = run, .detail = detail};
    if (!run_lock(run, run->plan->root, bases_attempt, &bases, err))
        return error_wrap(err, "counting what is there at the start");
    return run_step_apply(run, run->plan->root, STEP_EVENT_FINISH, detail, NULL, err);
}
