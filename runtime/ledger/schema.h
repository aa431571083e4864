/* The life of the schema headgate: install, upgrade, check, prune, uninstall. The schema has its
 * own versioned migrations (db/sql/schema_NNN.sql); a binary refuses a newer schema. */
#ifndef HEADGATE_LEDGER_SCHEMA_H
#define HEADGATE_LEDGER_SCHEMA_H

#include "base/text.h"
#include "db/conn.h"

enum { LEDGER_SCHEMA_VERSION = 2 };

/// Waits. The installed version; 0 when there is no schema headgate. ERROR_REFUSED when a schema of
/// that name exists that is not ours, or is owned by a role we do not belong to.
NODISCARD bool ledger_schema_version(DbConn *conn, int *ret_version, Error *err);
/// Waits. Installs or upgrades in one transaction under an advisory lock. With a FOR ALL TABLES
/// publication it refuses unless accept (the subscriber would stop): the hint names the command
/// that prints the DDL.
typedef struct LedgerSchemaOptions {
    bool accept_publication;
} LedgerSchemaOptions;
NODISCARD bool ledger_schema_install(DbConn *conn, const LedgerSchemaOptions *options, Error *err);
/// Waits. ERROR_REFUSED unless the installed version is one this binary works with.
NODISCARD bool ledger_schema_check(DbConn *conn, Error *err);
/// Waits. Drops the schema; refused while a run is unfinished, unless force, and while there are
/// headgate.kept_<run> tables, always.
NODISCARD bool ledger_schema_uninstall(DbConn *conn, bool force, Error *err);
/// Waits. Deletes the events and samples of runs that ended longer than days ago. *ret_events = how
/// many events.
NODISCARD bool ledger_schema_prune(DbConn *conn, int days, int64_t *ret_events, Error *err);
/// A database that runs had as their target, as ledger_run_identity() names it.
typedef struct LedgerTarget {
    DbConn *conn;
    const char *system;
    const char *database;
} LedgerTarget;
/// Waits. Deletes in a target what steps of such runs wrote (headgate.wrote). *ret_rows = how many
/// rows.
NODISCARD bool ledger_schema_prune_wrote(DbConn *state, int days, const LedgerTarget *target,
                                         int64_t *ret_rows, Error *err);
/// Waits. Appends the names of the headgate.kept_<run> tables, separated by ", ".
NODISCARD bool ledger_schema_kept(DbConn *conn, Text *out, Error *err);
/// The DDL of the newest version, for subscribers and for reading.
void ledger_schema_ddl(Text *out);

#endif
