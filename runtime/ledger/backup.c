/* Reading only. */
#include "ledger/backup.h"

#include "ledger/fsck.h"

bool ledger_backup_runs(DbConn *state, json_t **ret_runs, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(state, "backup_runs", NULL, &rows, err))
        return false;
    *ret_runs = json_incref(json_array_get(rows, 0));
    return true;
}

bool ledger_backup_list(DbConn *conn, const json_t *runs, json_t **ret_backups, Error *err)
{
    AUTO(json_auto) json_t *here = NULL;
    LedgerParams params = {0};
    if (!ledger_fsck_here(conn, runs, &here, err))
        return false;
    if (json_array_size(here) == 0) {
        *ret_backups = json_array();
        return true;
    }
    ledger_param_json(&params, here);
    return ledger_call_json(conn, "backup_list", &params, ret_backups, err);
}
