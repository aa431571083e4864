/* Installing and finding triggers. */
#include "data/sync.h"

#include "db/sql.h"

static bool take_created(const DbResult *rows, json_t *drops, Error *err)
{
    enum { KIND, UNDO, REPLACED, NAME };
    for (int i = 0; i < db_rows(rows); i++) {
        const char *name = db_value(rows, i, NAME);
        if (db_is_null(rows, i, UNDO))
            return error_set(
                err, ERROR_REFUSED,
                "sync created %s: only triggers and their functions can be taken back; "
                "create it in a step with a down",
                name);
        if (db_bool(rows, i, REPLACED))
            return error_set(err, ERROR_REFUSED,
                             "sync replaced function %s, which was there before: an undo could not "
                             "bring it back",
                             name);
        json_array_append_new(drops, json_string(db_value(rows, i, UNDO)));
    }
    return true;
}

bool data_sync_install(const DataJob *job, DbConn *conn, json_t **ret_drops, Error *err)
{
    AUTO(db_result_auto) DbResult *before = NULL;
    AUTO(db_result_auto) DbResult *created = NULL;
    AUTO(json_auto) json_t *drops = json_array();
    bool ok = true;
    if (job->spec->sync_up != NULL) {
        ok = db_query(conn, db_sql("data_sync_before"), NULL, &before, err) &&
             data_job_role_on(job, conn, err) &&
             db_exec(conn, job->spec->sync_up, NULL, NULL, err) &&
             data_job_role_off(job, conn, err) &&
             db_query(conn, db_sql("data_sync_created"),
                      DB_PARAMS(db_value(before, 0, 0), db_value(before, 0, 1)), &created, err) &&
             take_created(created, drops, err);
    }
    if (!ok)
        return error_wrap(err, "installing sync");
    *ret_drops = json_incref(drops);
    return true;
}

bool data_sync_drop(DbConn *conn, const json_t *drops, Error *err)
{
    size_t i;
    const json_t *drop;
    json_array_foreach (drops, i, drop) {
        if (!db_exec(conn, json_string_value(drop), NULL, NULL, err))
            return error_wrap(err, "taking back sync");
    }
    return true;
}
