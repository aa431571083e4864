/* Installing and checking the schema headgate. */
#include "ledger/schema.h"

#include "db/sql.h"

#include <stdio.h>

/* Two installers take turns; the number is ours alone ("headgate" in ASCII, folded). */
static const char LOCK[] = "SELECT pg_catalog.pg_advisory_xact_lock(7521983761245501)";

static const char *const VERSIONS[] = {"schema_001", "schema_002"};
_Static_assert(COUNT_OF(VERSIONS) == LEDGER_SCHEMA_VERSION, "one file for each version");

bool ledger_schema_version(DbConn *conn, int *ret_version, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query(conn, db_sql("schema_version"), NULL, &found, err))
        return error_wrap(err, "looking for the schema headgate");
    *ret_version = 0;
    if (!db_bool(found, 0, 0))
        return true;
    if (!db_bool(found, 0, 1))
        return error_set(
            err, ERROR_REFUSED,
            "the database has a schema \"headgate\" that is not ours: rename it first");
    if (!db_bool(found, 0, 3)) {
        error_set(err, ERROR_REFUSED,
                  "the schema headgate belongs to role \"%s\", and this connection's role is not a "
                  "member of it",
                  db_value(found, 0, 2));
        return error_hint(err, "GRANT %s TO the role of this connection", db_value(found, 0, 2));
    }
    AUTO(db_result_auto) DbResult *version = NULL;
    if (!db_query(conn, "SELECT max(version) FROM headgate.version", NULL, &version, err))
        return error_wrap(err, "reading the version of the schema headgate");
    *ret_version = (int)db_int(version, 0, 0);
    return true;
}

static bool publications_allow(DbConn *conn, const LedgerSchemaOptions *options, Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!db_query(conn, db_sql("schema_publications"), NULL, &result, err))
        return false;
    if (db_is_null(result, 0, 0) || (options != NULL && options->accept_publication))
        return true;
    error_set(
        err, ERROR_REFUSED,
        "publication %s is FOR ALL TABLES: its subscribers stop when they have no schema headgate",
        db_value(result, 0, 0));
    return error_hint(err, "run the output of `headgate ledger ddl` on the subscribers, then "
                           "`headgate ledger install --accept`");
}

static bool install_in_transaction(DbConn *conn, const LedgerSchemaOptions *options, Error *err)
{
    int version = 0;
    if (!db_exec(conn, LOCK, NULL, NULL, err) || !ledger_schema_version(conn, &version, err))
        return false;
    if (version > LEDGER_SCHEMA_VERSION)
        return error_set(
            err, ERROR_REFUSED,
            "the schema headgate has version %d, this binary knows %d: use a newer binary", version,
            LEDGER_SCHEMA_VERSION);
    if (version == 0 && !publications_allow(conn, options, err))
        return false;
    for (int next = version; next < LEDGER_SCHEMA_VERSION; next++) {
        if (!db_exec(conn, db_sql(VERSIONS[next]), NULL, NULL, err))
            return error_wrap(err, "installing version %d of the schema headgate", next + 1);
    }
    return true;
}

bool ledger_schema_install(DbConn *conn, const LedgerSchemaOptions *options, Error *err)
{
    if (!db_begin(conn, err))
        return false;
    if (!install_in_transaction(conn, options, err)) {
        db_rollback(conn);
        return false;
    }
    return db_commit(conn, err);
}

bool ledger_schema_check(DbConn *conn, Error *err)
{
    int version = 0;
    if (!ledger_schema_version(conn, &version, err))
        return false;
    if (version == LEDGER_SCHEMA_VERSION)
        return true;
    if (version == 0)
        error_set(err, ERROR_REFUSED, "the schema headgate is not installed in this database");
    else if (version < LEDGER_SCHEMA_VERSION)
        error_set(err, ERROR_REFUSED, "the schema headgate has version %d, this binary needs %d",
                  version, LEDGER_SCHEMA_VERSION);
    else
        return error_set(
            err, ERROR_REFUSED,
            "the schema headgate has version %d, this binary knows %d: use a newer binary", version,
            LEDGER_SCHEMA_VERSION);
    return error_hint(err, "headgate ledger %s", version == 0 ? "install" : "upgrade");
}

bool ledger_schema_kept(DbConn *conn, Text *out, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query(conn, db_sql("schema_kept"), NULL, &found, err))
        return error_wrap(err, "looking for what rollbacks kept");
    text_append(out, db_value(found, 0, 0));
    return true;
}

/* Rows of the application: no word of ours drops them. */
static bool nothing_kept(DbConn *conn, Error *err)
{
    AUTO(text_done) Text kept;
    text_init(&kept, (size_t)1 << 20);
    if (!ledger_schema_kept(conn, &kept, err) || kept.length_bytes == 0)
        return err->kind == ERROR_NONE;
    error_set(err, ERROR_REFUSED,
              "%s: what applications wrote and a rollback kept would be lost; --force does not "
              "change that",
              text_string(&kept));
    return error_hint(err, "Look at them, then move them (ALTER TABLE … SET SCHEMA …) or drop them "
                           "yourself, and uninstall again");
}

bool ledger_schema_uninstall(DbConn *conn, bool force, Error *err)
{
    int version = 0;
    if (!ledger_schema_version(conn, &version, err))
        return false;
    if (version == 0)
        return error_set(err, ERROR_REFUSED,
                         "the schema headgate is not installed in this database");
    AUTO(db_result_auto) DbResult *unfinished = NULL;
    if (!db_query(conn, db_sql("schema_unfinished"), NULL, &unfinished, err))
        return false;
    if (db_int(unfinished, 0, 0) > 0 && !force) {
        error_set(err, ERROR_REFUSED, "%s unfinished run(s) would be lost",
                  db_value(unfinished, 0, 0));
        return error_hint(err, "finish, roll back or abort them, or add --force");
    }
    return nothing_kept(conn, err) &&
           db_exec(conn, "DROP SCHEMA headgate CASCADE", NULL, NULL, err);
}

bool ledger_schema_prune(DbConn *conn, int days, int64_t *ret_events, Error *err)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", days);
    AUTO(db_result_auto) DbResult *events = NULL;
    if (!db_query(conn, db_sql("schema_prune"), DB_PARAMS(text), &events, err) ||
        !db_query(conn, db_sql("schema_prune_samples"), DB_PARAMS(text), NULL, err))
        return error_wrap(err, "pruning events");
    *ret_events = db_affected(events);
    return true;
}

bool ledger_schema_prune_wrote(DbConn *state, int days, const LedgerTarget *target,
                               int64_t *ret_rows, Error *err)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", days);
    AUTO(db_result_auto) DbResult *runs = NULL;
    AUTO(db_result_auto) DbResult *rows = NULL;
    if (!db_query(state, db_sql("schema_ended"), DB_PARAMS(text, target->system, target->database),
                  &runs, err) ||
        !db_query(target->conn, db_sql("schema_prune_wrote"), DB_PARAMS(db_value(runs, 0, 0)),
                  &rows, err))
        return error_wrap(err, "pruning what steps wrote");
    *ret_rows = db_affected(rows);
    return true;
}

void ledger_schema_ddl(Text *out)
{
    for (size_t i = 0; i < COUNT_OF(VERSIONS); i++)
        text_append(out, db_sql(VERSIONS[i]));
}
