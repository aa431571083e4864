/* step: the plan's SQL, in one transaction with its ledger row, or outside of one under an intent.
 */
#include "run/kind.h"

#include "base/clock.h"
#include "db/sql.h"
#include "run/ahead.h"
#include "run/kept.h"
#include "run/outside.h"
#include "run/own.h"
#include "run/proof.h"
#include "sql/check.h"
#include "sql/expression.h"
#include "sql/position.h"
#include "sql/split.h"

#include <inttypes.h>
#include <stdio.h>

enum { SOAK_POLL_MS = 15000 };

bool run_kind_sql_at(const PlanNode *node, const char *key, const SqlStatement *statement,
                     int position, Error *err)
{
    const json_t *value = json_object_get(node->keys, key);
    const char *file = json_get_string(value, "file", node->at.file);
    int64_t line = json_get_int(value, "line", node->at.line);
    int at_line = 0;
    int at_column = 0;
    if (position == 0)
        return error_wrap(err, "%s:%" PRId64, file, line + statement->line - 1);
    sql_position_of(plan_sql(node, key),
                    statement->offset_bytes + sql_position_bytes(statement->text, position),
                    &at_line, &at_column);
    return error_wrap(err, "%s:%" PRId64 ":%d", file, line + at_line - 1, at_column);
}

/* How many statements go to the server at once: their results are kept until the last has come. */
enum { SCRIPT_STATEMENTS = 200 };

static bool own_failed(Error *err)
{
    return error_wrap(err, "after the plan's SQL");
}

/* Statements of the plan, then ours, in one round trip for each SCRIPT_STATEMENTS. */
static bool run_statements(DbConn *conn, const PlanNode *node, const char *key,
                           const SqlStatement *statements, size_t count, const DbStatement *own,
                           size_t own_count, DbResult **ret_own, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DbStatement *all = arena_alloc(arena, (count + own_count) * sizeof(*all));
    DbResult **results = arena_alloc(arena, (count + own_count) * sizeof(*results));
    size_t total = count + own_count;
    for (size_t i = 0; i < total; i++)
        all[i] = i < count ? (DbStatement){.sql = statements[i].text} : own[i - count];
    for (size_t done = 0; done < total;) {
        size_t some = total - done < SCRIPT_STATEMENTS ? total - done : SCRIPT_STATEMENTS;
        DbPlace place = {0};
        if (!db_script(conn, all + done, some, results + done, &place, err)) {
            size_t at = done + place.statement;
            return at < count ? run_kind_sql_at(node, key, &statements[at], place.position, err)
                              : own_failed(err);
        }
        done += some;
        for (size_t i = done - some; i < done; i++) {
            if (i >= count && ret_own != NULL)
                ret_own[i - count] = results[i];
            else
                db_result_free(results[i]);
        }
    }
    return true;
}

/* The statements under key; those of up have been read already. */
static bool statements_of(Run *run, const PlanNode *node, const char *key, Arena *arena,
                          SqlStatement **ret_statements, size_t *ret_count, Error *err)
{
    if (!text_equal(key, "up"))
        return sql_split(arena, plan_sql(node, key), ret_statements, ret_count, err);
    const RunSql *sql = run_ahead_read(run, node);
    if (!sql->split) {
        *err = sql->unsplit;
        return false;
    }
    *ret_statements = sql->statements;
    *ret_count = sql->count;
    return true;
}

/* An error names its own statement. What the version 15 grammar cannot cut goes to the server as it
 * is. */
bool run_kind_sql(Run *run, const PlanNode *node, const char *key, const DbStatement *own,
                  size_t own_count, DbResult **ret_own, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DbConn *conn = run->effects;
    SqlStatement *statements = NULL;
    size_t count = 0;
    if (key != NULL && !statements_of(run, node, key, arena, &statements, &count, err))
        return run_kind_sql_at(node, key, &(SqlStatement){.line = 1}, 0, err);
    bool cut = true;
    for (size_t i = 0; i < count; i++)
        cut = cut && statements[i].parsed;
    run_ahead_start(run, node);
    if (!cut) {
        SqlStatement whole = {.text = plan_sql(node, key), .line = 1};
        int position = 0;
        if (!db_exec(conn, whole.text, NULL, &position, err))
            return run_kind_sql_at(node, key, &whole, position, err);
        count = 0;
    }
    return run_statements(conn, node, key, statements, count, own, own_count, ret_own, err);
}

static SqlFile file_of_value(const PlanNode *node, const json_t *value)
{
    return (SqlFile){.text = json_get_string(value, "text", NULL),
                     .file = json_get_string(value, "file", node->at.file),
                     .first_line = (int)json_get_int(value, "line", node->at.line),
                     .transaction = SQL_TRANSACTION_UNSAID};
}

static SqlFile file_of(const PlanNode *node, const char *key)
{
    SqlFile file = file_of_value(node, json_object_get(node->keys, key));
    file.text = plan_sql(node, key);
    if (json_object_get(node->positions, "transaction") != NULL)
        file.transaction =
            plan_bool(node, "transaction") ? SQL_TRANSACTION_YES : SQL_TRANSACTION_NO;
    return file;
}

bool run_kind_step_check(const PlanNode *node, const char *key, bool *ret_outside, Error *err)
{
    SqlFile file = file_of(node, key);
    return sql_check_file(&file, ret_outside, err);
}

static bool check_expression(const PlanNode *node, const char *key, const char *name,
                             const char *text, Error *err)
{
    PlanPosition at = plan_key_position(node, key);
    return sql_check_expression(text, err) ||
           error_wrap(err, "%s:%d:%d: %s", at.file, at.line, at.column, name);
}

/* Text of a backfill that becomes part of statements of ours. */
static bool check_expressions(const PlanNode *node, Error *err)
{
    const char *where = plan_text(node, "where");
    if (where != NULL && !check_expression(node, "where", "where", where, err))
        return false;
    const char *column;
    json_t *text;
    json_object_foreach (json_object_get(node->keys, "set"), column, text) {
        if (!check_expression(node, "set", column, json_string_value(text), err))
            return false;
    }
    return true;
}

/* What no transaction holds cannot be proven at the moment it happens. */
static bool check_proof_outside(const PlanNode *node, Error *err)
{
    PlanPosition at = plan_key_position(node, "proof");
    if (json_object_get(json_object_get(node->keys, "proof"), "no_rows") == NULL)
        return true;
    return error_set(
        err, ERROR_INPUT,
        "%s:%d:%d: proof.no_rows needs a transaction, and these statements run outside of "
        "one: put a verify before the step",
        at.file, at.line, at.column);
}

/* Only indexes made CONCURRENTLY need no word about their undo: they are dropped the same way. */
static bool check_undo(const PlanNode *node, Error *err)
{
    if (node->kind != PLAN_STEP || !plan_mutates(node) || plan_sql(node, "down") != NULL ||
        plan_text(node, "one_way") != NULL || run_outside_undoes_itself(node))
        return true;
    return plan_error_at(
        err, node->at,
        "step \"%s\" has neither down nor one_way: say how to take it back, or why "
        "there is no way back",
        node->name);
}

/* SQL inside the tables of check and verify. */
static bool check_forms(const PlanNode *node, Error *err)
{
    const json_t *planned = json_object_get(json_object_get(node->keys, "plan_uses_index"), "sql");
    const char *where = json_get_string(json_object_get(node->keys, "checksums"), "where", NULL);
    SqlFile file = file_of_value(node, planned);
    return run_form_schema_check(node, err) && (planned == NULL || sql_check_read(&file, err)) &&
           (where == NULL || check_expression(node, "checksums", "where", where, err));
}

bool run_kind_sql_check(const PlanNode *node, Error *err)
{
    static const struct {
        const char *key;
        bool reads;
    } KEYS[] = {{"up", false}, {"down", false}, {"sql", true}, {"no_rows", true}};
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        bool outside = false;
        if (plan_sql(node, KEYS[i].key) == NULL)
            continue;
        SqlFile file = file_of(node, KEYS[i].key);
        if (KEYS[i].reads ? !sql_check_read(&file, err) : !sql_check_file(&file, &outside, err))
            return false;
        if (outside && i == 0 && !check_proof_outside(node, err))
            return false;
    }
    return check_undo(node, err) && check_forms(node, err) &&
           (node->kind != PLAN_BACKFILL || check_expressions(node, err));
}

static bool before_up(Run *run, const PlanNode *node, DbConn *conn, void *ctx, json_t *detail,
                      Error *err)
{
    const RunQuestion *there = ctx; /* is any of its down's objects there already? */
    bool any = there->answer != NULL && db_bool(there->answer, 0, 0);
    return (!any || run_own_before(run, node, conn, detail, err)) &&
           run_proof(conn, node, detail, err);
}

static bool before_down(Run *run, const PlanNode *node, DbConn *conn, void *ctx, json_t *detail,
                        Error *err)
{
    UNUSED(ctx);
    return run_own_check(conn, plan_sql(node, "down"), detail, err) &&
           run_kept_copy(run, node, plan_sql(node, "down"), conn, detail, err);
}

/* How long the last stage must still have held. */
static bool soak_left_ms(Run *run, int64_t soak_us, int64_t *ret_left_ms, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run->id);
    ledger_param_int(&params, soak_us);
    AUTO(db_result_auto) DbResult *left = NULL;
    if (!ledger_call(run->ledger, "soak_left", &params, &left, err))
        return false;
    if (db_is_null(left, 0, 0))
        return error_set(err, ERROR_REFUSED,
                         "it must soak after a rollout, and no stage of this run has ended");
    *ret_left_ms = db_int(left, 0, 0);
    return true;
}

static bool soak(Run *run, const PlanNode *node, Error *err)
{
    const char *text = json_get_string(json_object_get(node->keys, "proof"), "soak", NULL);
    int64_t soak_us = 0;
    int64_t left_ms = 0;
    if (text == NULL)
        return true;
    if (!duration_parse(text, &soak_us, err))
        return false;
    if (run->options.environment->soak_us >= 0)
        soak_us = run->options.environment->soak_us;
    while (soak_left_ms(run, soak_us, &left_ms, err) && left_ms > 0) {
        if (run->state == RUN_RUNNING) {
            char lasts[32];
            AUTO(json_auto)
            json_t *reason = run_reason("soak", node->path, NULL, "\"%s\" comes after a soak of %s",
                                        node->name, duration_text(soak_us, lasts, sizeof(lasts)));
            json_set_int(reason, "left_us", left_ms * 1000);
            if (!run_apply(run, RUN_EVENT_WATCH, node->path, reason, err))
                return false;
        }
        if (!run_wait(run, left_ms < SOAK_POLL_MS ? left_ms : SOAK_POLL_MS, err))
            return false;
    }
    return err->kind == ERROR_NONE &&
           (run->state == RUN_RUNNING || run_apply(run, RUN_EVENT_GO, node->path, NULL, err));
}

bool run_kind_step_forward(Run *run, const PlanNode *node, Error *err)
{
    const RunSql *sql = run_ahead_read(run, node);
    bool outside = sql->outside;
    if (!sql->allowed) {
        *err = sql->refused;
        return false;
    }
    if (!soak(run, node, err))
        return false;
    run_step_started(run, node);
    if (outside)
        return run_outside_forward(run, node, err);
    const char *relations = sql->dropped_names.relations;
    RunQuestion there = {
        .asks = {db_sql("own_any"), DB_PARAMS(relations), .prepared = true},
    };
    return run_effect(run, node,
                      &(RunEffectOptions){.event = STEP_EVENT_FINISH,
                                          .effect = before_up,
                                          .ctx = &there,
                                          .question = relations == NULL ? NULL : &there,
                                          .as_role = true,
                                          .user_sql = true,
                                          .sql = "up"},
                      err);
}

bool run_kind_step_back(Run *run, const PlanNode *node, Error *err)
{
    StepState state = run_step_state(run, node);
    bool outside = false;
    bool nothing_happened = false;
    if (!run_kind_step_check(node, "up", &outside, err))
        return false;
    if (!outside)
        nothing_happened = state == STEP_FAILED;
    else if (!run_outside_settle(run, node, &nothing_happened, err))
        return false;
    if (nothing_happened)
        return run_step_apply(run, node, STEP_EVENT_UNDO_FINISH, NULL, NULL, err);
    if (plan_sql(node, "down") == NULL && outside && run_outside_undoes_itself(node))
        return run_outside_back(run, node, err);
    if (plan_sql(node, "down") == NULL)
        return error_set(err, ERROR_REFUSED, "there is no way back: %s",
                         json_get_string(node->keys, "one_way", "it has no down"));
    if (!run_kind_step_check(node, "down", &outside, err))
        return false;
    if (outside)
        return run_outside_back(run, node, err);
    return run_effect(run, node,
                      &(RunEffectOptions){.event = STEP_EVENT_UNDO_FINISH,
                                          .effect = before_down,
                                          .as_role = true,
                                          .user_sql = true,
                                          .sql = "down"},
                      err);
}
