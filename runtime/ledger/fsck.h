/* The invariants of the ledger (I1 to I16), each as SQL that finds what violates it. Reading only:
 * nothing is repaired, because whatever is found is a bug of ours or a hand in the tables, and
 * people must look first. */
#ifndef HEADGATE_LEDGER_FSCK_H
#define HEADGATE_LEDGER_FSCK_H

#include "ledger/call.h"

/// Which group of tables an invariant reads: they may be in two databases (DESIGN §9).
typedef enum LedgerFsckTables { FSCK_STATE, FSCK_TARGET, FSCK_TABLES } LedgerFsckTables;

/// One invariant over one group of tables. sql gives rows (run or NULL, node, what is wrong).
typedef struct LedgerFsckRow {
    const char *id;       ///< "I5"
    const char *sentence; ///< what must be true
    LedgerFsckTables tables;
    const char *sql;  ///< name of the embedded statement; NULL = the ledger cannot show it
    const char *next; ///< what to do when it is violated, or where else it is proved
} LedgerFsckRow;

extern const LedgerFsckRow LEDGER_FSCK[];
extern const size_t LEDGER_FSCK_COUNT;

/// Waits. What the state database knows of all runs, or of one (run > 0), as a JSON array owned by
/// the caller.
NODISCARD bool ledger_fsck_runs(DbConn *state, int64_t run, json_t **ret_runs, Error *err);
/// Waits. Takes from runs those of conn's database into a new array.
NODISCARD bool ledger_fsck_here(DbConn *conn, const json_t *runs, json_t **ret_here, Error *err);
/// Waits. Asks all invariants over these tables about runs, and appends {id, sentence, run, node,
/// text, next} to faults for each row found.
NODISCARD bool ledger_fsck(DbConn *conn, LedgerFsckTables tables, const json_t *runs,
                           json_t *faults, Error *err);

#endif
