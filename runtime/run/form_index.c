/* Does the planner take the index? The query is planned with its values and not run. */
#include "run/form.h"

#include "base/text.h"
#include "ledger/call.h"
#include "run/kind.h"
#include "sql/split.h"

#include <inttypes.h>
#include <stdio.h>

enum { TEXT_BYTES = 700, PARAMS_MAX = 100, SCANS_MAX = 50, DEPTH_MAX = 64 };

static json_t *names_of(DbConn *conn, const char *index, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    LedgerParams params = {0};
    ledger_param_text(&params, index);
    if (!ledger_call(conn, "check_index_names", &params, &found, err))
        return NULL;
    json_t *names = json_object();
    for (int i = 0; i < db_rows(found); i++)
        json_object_set_new(names, db_value(found, i, 0), json_true());
    return names;
}

/* The names of all indexes; false with a verdict when one is not there. */
static bool read_names(DbConn *conn, const json_t *indexes, json_t *names, json_t *detail,
                       Error *err)
{
    size_t i;
    json_t *index;
    json_array_foreach (indexes, i, index) {
        AUTO(json_auto) json_t *own = names_of(conn, json_string_value(index), err);
        if (own == NULL)
            return false;
        if (json_object_size(own) == 0) {
            char text[400];
            snprintf(text, sizeof(text), "there is no index \"%.300s\"", json_string_value(index));
            return run_kind_check_verdict(detail, false, text, err);
        }
        json_object_update(names, own);
    }
    return true;
}

static const char *value_text(const json_t *value, Arena *arena)
{
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value))
        return arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return arena_printf(arena, "%.17g", json_real_value(value));
}

static bool explain(DbConn *conn, const json_t *form, Arena *arena, json_t **ret_plan, Error *err)
{
    const json_t *given = json_object_get(form, "params");
    const char *values[PARAMS_MAX];
    SqlStatement *statements = NULL;
    size_t count = 0;
    AUTO(db_result_auto) DbResult *answer = NULL;
    const char *sql = json_get_string(json_object_get(form, "sql"), "text", "");
    if (json_array_size(given) > PARAMS_MAX)
        return error_set(err, ERROR_INPUT, "it has more than %d params", PARAMS_MAX);
    for (size_t i = 0; i < json_array_size(given); i++)
        values[i] = value_text(json_array_get(given, i), arena);
    if (!sql_split(arena, sql, &statements, &count, err))
        return false;
    if (count != 1)
        return error_set(err, ERROR_INPUT, "one query is expected, not %zu", count);
    const char *asked = arena_printf(arena, "EXPLAIN (FORMAT JSON) %s", statements[0].text);
    DbParams params = {.count = (int)json_array_size(given), .values = values};
    if (!db_query(conn, asked, &params, &answer, err))
        return false;
    *ret_plan = json_parse(db_value(answer, 0, 0), (size_t)db_value_bytes(answer, 0, 0), err);
    return *ret_plan != NULL;
}

/* One node and those below it: "Index Scan using users_email on users". */
static void walk(const json_t *node, const json_t *names, json_t *scans, bool *ret_used, int depth)
{
    const char *index = json_get_string(node, "Index Name", NULL);
    const char *relation = json_get_string(node, "Relation Name", NULL);
    if (depth > DEPTH_MAX || json_array_size(scans) >= SCANS_MAX)
        return;
    AUTO(base_free)
    char *text = base_printf("%s%s%s%s%s", json_get_string(node, "Node Type", "?"),
                             index == NULL ? "" : " using ", index == NULL ? "" : index,
                             relation == NULL ? "" : " on ", relation == NULL ? "" : relation);
    json_array_append_new(scans, json_string(text));
    if (index != NULL && json_object_get(names, index) != NULL)
        *ret_used = true;
    size_t i;
    json_t *below;
    json_array_foreach (json_object_get(node, "Plans"), i, below)
        walk(below, names, scans, ret_used, depth + 1);
}

static bool judge(const json_t *form, const json_t *scans, bool used, json_t *detail, Error *err)
{
    AUTO(text_done) Text text;
    text_init(&text, 2 * TEXT_BYTES);
    size_t i;
    json_t *one;
    if (!used)
        text_append(&text, "the plan does not use it: ");
    json_array_foreach (scans, i, one) {
        if (text.length_bytes < TEXT_BYTES)
            text_printf(&text, "%s%.200s", i == 0 ? "" : ", ", json_string_value(one));
    }
    if (json_is_false(json_object_get(form, "enable_seqscan")))
        text_append(&text, " (asked with enable_seqscan = off)");
    return run_kind_check_verdict(detail, used, text_string(&text), err);
}

bool run_form_index(const RunLook *look, json_t *detail, Error *err)
{
    DbConn *conn = look->conn;
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *names = json_object();
    AUTO(json_auto) json_t *plan = NULL;
    const json_t *form = json_object_get(look->node->keys, "plan_uses_index");
    bool no_seqscan = json_is_false(json_object_get(form, "enable_seqscan"));
    if (!read_names(conn, json_object_get(form, "index"), names, detail, err) ||
        !db_exec(conn, no_seqscan ? "SET LOCAL enable_seqscan = off" : "SELECT 1", NULL, NULL,
                 err) ||
        !explain(conn, form, arena, &plan, err))
        return false;
    bool used = false;
    json_t *scans = json_array();
    json_object_set_new(detail, "scans", scans);
    walk(json_object_get(json_array_get(plan, 0), "Plan"), names, scans, &used, 0);
    return judge(form, scans, used, detail, err);
}
