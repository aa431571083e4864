/* The dumps that backup steps made, as the ledger knows them. Whether their files are still there
 * is not known here. */
#ifndef HEADGATE_LEDGER_BACKUP_H
#define HEADGATE_LEDGER_BACKUP_H

#include "ledger/call.h"

/// Waits. All runs of the state database, for ledger_backup_list(); owned by the caller.
NODISCARD bool ledger_backup_runs(DbConn *state, json_t **ret_runs, Error *err);
/// Waits. The dumps of those runs that have conn's database as their target: {plan, path, database,
/// run, ended, file, size_bytes, retain, taken_at, taken_us, now_us}, the rows of a series (one
/// step of one plan) beside each other, newest first. Owned by the caller.
NODISCARD bool ledger_backup_list(DbConn *conn, const json_t *runs, json_t **ret_backups,
                                  Error *err);

#endif
