/* sql_flag. */
#include "rollout/flag.h"

#include "base/fault.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Table and columns of the flag, quoted. */
typedef struct Names {
    const char *table;
    const char *name;
    const char *percent;
    const char *enabled; /* NULL: there is no such column */
} Names;

static bool quote(DbConn *conn, Arena *arena, const json_t *flag, const char *key, const char **ret,
                  Error *err)
{
    const char *column = json_get_string(flag, key, NULL);
    *ret = column == NULL ? NULL : db_quote_identifier(conn, arena, column, err);
    return column == NULL || *ret != NULL;
}

static bool names_of(DbConn *conn, Arena *arena, const PlanNode *rollout, Names *ret, Error *err)
{
    const json_t *flag = json_object_get(rollout->keys, "flag");
    AUTO(db_result_auto) DbResult *table = NULL;
    if (!db_query(conn,
                  "SELECT n.nspname, c.relname FROM pg_catalog.pg_class AS c JOIN "
                  "pg_catalog.pg_namespace AS n "
                  "ON n.oid = c.relnamespace WHERE c.oid = $1::text::regclass",
                  DB_PARAMS(json_get_string(flag, "table", "")), &table, err))
        return error_wrap(err, "the flag's table");
    const char *schema = db_quote_identifier(conn, arena, db_value(table, 0, 0), err);
    const char *relation = db_quote_identifier(conn, arena, db_value(table, 0, 1), err);
    if (schema == NULL || relation == NULL)
        return false;
    ret->table = arena_printf(arena, "%s.%s", schema, relation);
    return quote(conn, arena, flag, "name", &ret->name, err) &&
           quote(conn, arena, flag, "percent", &ret->percent, err) &&
           quote(conn, arena, flag, "enabled", &ret->enabled, err);
}

bool rollout_flag_read(DbConn *conn, const PlanNode *rollout, RolloutFlag *ret_flag, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Names names;
    if (!names_of(conn, arena, rollout, &names, err))
        return false;
    const char *sql =
        arena_printf(arena, "SELECT %s::text, %s FROM %s WHERE %s = $1", names.percent,
                     names.enabled == NULL ? "true" : names.enabled, names.table, names.name);
    AUTO(db_result_auto) DbResult *row = NULL;
    if (!db_query(conn, sql, DB_PARAMS(rollout->name), &row, err))
        return error_wrap(err, "reading the flag");
    if (db_rows(row) != 1)
        return error_set(err, ERROR_REFUSED,
                         "%d rows of %s have the flag's name \"%s\": it must be one", db_rows(row),
                         names.table, rollout->name);
    snprintf(ret_flag->percent, sizeof(ret_flag->percent), "%s", db_value(row, 0, 0));
    ret_flag->enabled = db_bool(row, 0, 1);
    return true;
}

bool rollout_flag_look(DbConn *conn, const PlanNode *rollout, RolloutFlag *ret_flag, Error *err)
{
    bool ok = db_begin_snapshot(conn, err) && rollout_flag_read(conn, rollout, ret_flag, err);
    db_rollback(conn);
    return ok;
}

static bool changed_meanwhile(DbConn *conn, const PlanNode *rollout, Error *err)
{
    RolloutFlag now;
    if (!rollout_flag_read(conn, rollout, &now, err))
        return false;
    return error_set(err, ERROR_CONFLICT, "someone set %s to %s %%, %s", rollout->name, now.percent,
                     now.enabled ? "on" : "off");
}

bool rollout_flag_write(DbConn *conn, const PlanNode *rollout, const RolloutFlag *seen,
                        const char *percent, bool enabled, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Names names;
    if (BUG("flag_left_on") && !enabled)
        return true;
    if (!names_of(conn, arena, rollout, &names, err))
        return false;
    const char *on = enabled ? "true" : "false";
    const char *set_on =
        names.enabled == NULL ? "" : arena_printf(arena, ", %s = %s", names.enabled, on);
    const char *if_percent =
        seen == NULL ? "" : arena_printf(arena, " AND coalesce(%s::text, '') = $3", names.percent);
    const char *if_on = seen == NULL || names.enabled == NULL
                            ? ""
                            : arena_printf(arena, " AND coalesce(%s, false) = %s", names.enabled,
                                           seen->enabled ? "true" : "false");
    const char *sql = arena_printf(arena, "UPDATE %s SET %s = $2%s WHERE %s = $1%s%s", names.table,
                                   names.percent, set_on, names.name, if_percent, if_on);
    AUTO(db_result_auto) DbResult *written = NULL;
    DbParams *params = seen == NULL ? DB_PARAMS(rollout->name, percent)
                                    : DB_PARAMS(rollout->name, percent, seen->percent);
    if (!db_query(conn, sql, params, &written, err))
        return error_wrap(err, "writing the flag");
    if (db_affected(written) == 1)
        return true;
    if (db_affected(written) == 0)
        return changed_meanwhile(conn, rollout, err);
    return error_set(err, ERROR_REFUSED, "%lld rows have the flag's name \"%s\": it must be one",
                     (long long)db_affected(written), rollout->name);
}

bool rollout_flag_is(const RolloutFlag *flag, double percent, bool enabled)
{
    if (BUG("flag_left_on"))
        return true;
    return flag->enabled == enabled && flag->percent[0] != '\0' &&
           fabs(strtod(flag->percent, NULL) - percent) < 1e-9;
}
