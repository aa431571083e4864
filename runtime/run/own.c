/* Objects by identity: one that was dropped and made again under its name is another one. */
#include "run/own.h"

#include "ledger/call.h"
#include "run/ahead.h"
#include "run/kind.h"
#include "sql/columns.h"

/* What is there of what SQL drops; without what is known as the run's own (may be NULL). */
static bool find(DbConn *conn, const SqlColumns *gone, const SqlColumns *own, json_t **ret_found,
                 Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t count = 0;
    const char **names = arena_alloc(arena, (gone->count + 1) * sizeof(*names));
    const char **columns = arena_alloc(arena, (gone->count + 1) * sizeof(*columns));
    for (size_t i = 0; i < gone->count; i++) {
        const SqlColumn *item = &gone->items[i];
        if (own != NULL && sql_columns_find(own, item->table, item->column) != NULL)
            continue;
        names[count] = item->relation;
        columns[count++] = item->column;
    }
    if (count == 0) {
        *ret_found = json_array();
        return true;
    }
    LedgerParams params = {0};
    ledger_param_text(&params, db_array_text(arena, names, count));
    ledger_param_text(&params, db_array_text(arena, columns, count));
    return ledger_call_json(conn, "own_objects", &params, ret_found, err);
}

bool run_own_before(Run *run, const PlanNode *node, DbConn *conn, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *rows = NULL;
    SqlColumns own = {.arena = arena};
    const SqlColumns *gone = &run_ahead_read(run, node)->dropped;
    if (!find(conn, gone, NULL, &rows, err))
        return false;
    if (json_object_size(json_array_get(rows, 0)) == 0)
        return true;
    /* Rare: only now it is worth reading the SQL of all steps before. */
    AUTO(json_auto) json_t *left = NULL;
    run_kind_backfill_dropped(run->plan, node, &own);
    if (!find(conn, gone, &own, &left, err))
        return false;
    if (json_object_size(json_array_get(left, 0)) > 0)
        json_object_set(detail, "before", json_array_get(left, 0));
    return true;
}

bool run_own_check(DbConn *conn, const char *sql, const json_t *detail, Error *err)
{
    const json_t *before = json_object_get(detail, "before");
    AUTO(json_auto) json_t *rows = NULL;
    const char *identity = NULL;
    json_t *name = NULL;
    if (before == NULL)
        return true;
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlColumns gone = {.arena = arena};
    sql_columns_dropped(sql, &gone);
    if (!find(conn, &gone, NULL, &rows, err))
        return false;
    json_object_foreach (json_array_get(rows, 0), identity, name) {
        if (json_object_get(before, identity) == NULL)
            continue;
        return error_set(
            err, ERROR_REFUSED,
            "its undo would drop %s, which was there before the step: this run did not "
            "make it",
            json_string_value(name));
    }
    return true;
}
