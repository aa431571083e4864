/* The restore test of a backup: what was dumped is put into a scratch database, compared with the
 * snapshot of the dump, and dropped again. */
#ifndef HEADGATE_RUN_RESTORE_H
#define HEADGATE_RUN_RESTORE_H

#include "run/run.h"

typedef struct RunRestore RunRestore;

/// Does the backup ask for it?
bool run_restore_wanted(const PlanNode *node);
/// Waits. Before the first effect of a run: may the target's role create databases, if a backup
/// that is still to come wants it?
/// False with ERROR_REFUSED and that backup in *ret_node when not.
NODISCARD bool run_restore_ready(Run *run, const PlanNode **ret_node, Error *err);
/// Waits. Drops what dead runners of this run left behind: every scratch database is named by its
/// run and step.
NODISCARD bool run_restore_sweep(Run *run, Error *err);

/// Waits. Opens the snapshot that is to be dumped. Ends with run_restore_done().
NODISCARD bool run_restore_begin(Run *run, const PlanNode *node, RunRestore **ret_restore,
                                 Error *err);
/// For pg_dump --snapshot.
const char *run_restore_snapshot(const RunRestore *restore);
/// Waits. After the dump: counts the tables in the snapshot and closes it, restores the file,
/// compares. detail gets "restore": {"verdict", "text", "tables", "rows", "seconds"}. False when
/// it could not be restored, or is not what was dumped.
NODISCARD bool run_restore_test(RunRestore *restore, const char *path, json_t *detail, Error *err);
/// Waits. Drops the scratch database, whatever has happened, and frees it. NULL is fine.
void run_restore_done(RunRestore *restore);

#endif
