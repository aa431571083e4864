/* Objects by identity: one that was dropped and made again under its name is another one. */
#include "run/own.h"

#include "ledger/call.h"
#include "run/ahead.h"
#include "run/kind.h"

bool run_own_names(Arena *arena, const SqlColumns *gone, const SqlColumns *own,
                   RunOwnNames *ret_names)
{
    size_t count = 0;
    const char **relations = arena_alloc(arena, (gone->count + 1) * sizeof(*relations));
    const char **columns = arena_alloc(arena, (gone->count + 1) * sizeof(*columns));
    for (size_t i = 0; i < gone->count; i++) {
        const SqlColumn *item = &gone->items[i];
        if (own != NULL && sql_columns_find(own, item->table, item->column) != NULL)
            continue;
        relations[count] = item->relation;
        columns[count++] = item->column;
    }
    *ret_names = (RunOwnNames){NULL, NULL};
    if (count == 0)
        return false;
    ret_names->relations = db_array_text(arena, relations, count);
    ret_names->columns = db_array_text(arena, columns, count);
    return true;
}

/* What is there of them: an object from identity to name. */
static bool find(DbConn *conn, const RunOwnNames *names, json_t **ret_found, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    LedgerParams params = {0};
    ledger_param_text(&params, names->relations);
    ledger_param_text(&params, names->columns);
    if (!ledger_call_json(conn, "own_objects", &params, &rows, err))
        return false;
    *ret_found = json_incref(json_array_get(rows, 0));
    return true;
}

bool run_own_before(Run *run, const PlanNode *node, DbConn *conn, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *there = NULL;
    AUTO(json_auto) json_t *before = NULL;
    SqlColumns own = {.arena = arena};
    const RunSql *sql = run_ahead_read(run, node);
    RunOwnNames names;
    if (!find(conn, &sql->dropped_names, &there, err))
        return false;
    if (json_object_size(there) == 0)
        return true;
    /* Rare: only now it is worth reading the SQL of all steps before. */
    run_kind_backfill_dropped(run->plan, node, &own);
    if (!run_own_names(arena, &sql->dropped, &own, &names))
        return true;
    if (!find(conn, &names, &before, err))
        return false;
    if (json_object_size(before) > 0)
        json_object_set(detail, "before", before);
    return true;
}

bool run_own_check(DbConn *conn, const char *sql, const json_t *detail, Error *err)
{
    const json_t *before = json_object_get(detail, "before");
    AUTO(json_auto) json_t *there = NULL;
    const char *identity = NULL;
    json_t *name = NULL;
    if (before == NULL)
        return true;
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlColumns gone = {.arena = arena};
    RunOwnNames names;
    sql_columns_dropped(sql, &gone);
    if (!run_own_names(arena, &gone, NULL, &names))
        return true;
    if (!find(conn, &names, &there, err))
        return false;
    json_object_foreach (there, identity, name) {
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
