/* Locks first: between a look and a lock, somebody else may write. */
#include "run/proof.h"

#include "ledger/call.h"
#include "sql/lock.h"
#include "sql/split.h"

#include <stdio.h>
#include <stdlib.h>

static bool lock_one(DbConn *conn, const char *table, SqlLockMode mode, Error *err)
{
    AUTO(base_free)
    char *sql = base_printf("LOCK TABLE %s IN %s MODE", table, sql_lock_mode_name(mode));
    if (db_exec(conn, sql, NULL, NULL, err))
        return true;
    if (text_equal(err->sqlstate, "42501"))
        error_hint(err,
                   "The proof needs the lock: GRANT UPDATE ON %s TO the role of the plan's SQL",
                   table);
    return error_wrap(err, "locking %s for its proof", table);
}

static bool find_relations(DbConn *conn, const SqlLocks *locks, DbResult **ret_found, Error *err)
{
    const char **names = arena_alloc(locks->arena, (locks->count + 1) * sizeof(*names));
    const char **modes = arena_alloc(locks->arena, (locks->count + 1) * sizeof(*modes));
    for (size_t i = 0; i < locks->count; i++) {
        names[i] = locks->items[i].relation;
        modes[i] = arena_printf(locks->arena, "%d", (int)locks->items[i].mode);
    }
    LedgerParams params = {0};
    ledger_param_text(&params, db_array_text(locks->arena, names, locks->count));
    ledger_param_text(&params, db_array_text(locks->arena, modes, locks->count));
    return ledger_call(conn, "lock_relations", &params, ret_found, err);
}

static bool lock_all(DbConn *conn, const SqlLocks *locks, json_t *locked, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!find_relations(conn, locks, &found, err))
        return false;
    for (int i = 0; i < db_rows(found); i++) {
        SqlLockMode mode = (SqlLockMode)db_int(found, i, 1);
        if (!lock_one(conn, db_value(found, i, 0), mode, err))
            return false;
        AUTO(base_free)
        char *text = base_printf("%s: %s", db_value(found, i, 0), sql_lock_mode_name(mode));
        json_array_append_new(locked, json_string(text));
    }
    return true;
}

static bool ask(DbConn *conn, const char *sql, json_t *proof, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlStatement *statements = NULL;
    size_t count = 0;
    if (!sql_split(arena, sql, &statements, &count, err))
        return error_wrap(err, "its proof");
    if (count != 1)
        return error_set(err, ERROR_INPUT, "its proof must be one query, not %zu", count);
    const char *limited =
        arena_printf(arena, "SELECT * FROM (%s\n) AS found LIMIT 1001", statements[0].text);
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query(conn, limited, NULL, &found, err))
        return error_wrap(err, "its proof");
    int rows = db_rows(found);
    json_set_string(proof, "verdict", rows == 0 ? "pass" : "fail");
    if (rows == 0)
        return true;
    return error_set(err, ERROR_REFUSED,
                     "its proof does not hold: %s%d row(s) found, the first has %s = %.200s",
                     rows > 1000 ? "more than " : "", rows > 1000 ? 1000 : rows,
                     db_column_name(found, 0), db_value(found, 0, 0));
}

bool run_proof(DbConn *conn, const PlanNode *node, json_t *detail, Error *err)
{
    const json_t *no_rows = json_object_get(json_object_get(node->keys, "proof"), "no_rows");
    if (no_rows == NULL)
        return true;
    const char *sql = json_get_string(no_rows, "text", "");
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlLocks locks = {.arena = arena};
    sql_locks_of_statements(plan_sql(node, "up"), &locks);
    sql_locks_of_query(sql, &locks);
    json_t *proof = json_object();
    json_t *locked = json_array();
    json_object_set_new(proof, "locked", locked);
    json_object_set_new(detail, "proof", proof);
    return lock_all(conn, &locks, locked, err) && ask(conn, sql, proof, err);
}
