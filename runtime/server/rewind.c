/* What viewers were told of a run, and whether it is still so. */
#include "server/rewind.h"

#include "base/log.h"
#include "db/sql.h"
#include "ledger/event.h"

#include <inttypes.h>
#include <stdio.h>

void rewind_told(Rewind *rewind, const char *at)
{
    snprintf(rewind->at, sizeof(rewind->at), "%s", at);
}

void rewind_note(Rewind *rewind, int64_t to)
{
    *rewind = (Rewind){.found = true, .to = to};
}

/* A runner on the promoted server may have told so much since that the numbers do not show that the
 * ledger went back: the time of what was told last does. */
static bool clear_doubt(Rewind *rewind, DbConn *conn, const RewindRun *run, Error *err)
{
    char id[24];
    char seq[24];
    snprintf(id, sizeof(id), "%" PRId64, run->run);
    snprintf(seq, sizeof(seq), "%" PRId64, run->seq);
    AUTO(db_result_auto) DbResult *newest = NULL;
    if (!db_query_prepared(conn, db_sql("server_rewind"), DB_PARAMS(id, seq, rewind->at), &newest,
                           err))
        return false;
    if (db_int(newest, 0, 0) < run->seq)
        rewind_note(rewind, db_int(newest, 0, 0));
    return true;
}

bool rewind_tell(Rewind *rewind, DbConn *conn, const RewindRun *run, Error *err)
{
    if (rewind->doubtful && rewind->at[0] != '\0' && !clear_doubt(rewind, conn, run, err))
        return false;
    rewind->doubtful = false;
    if (!rewind->found)
        return true;
    AUTO(json_auto) json_t *data = json_object();
    json_set_id(data, "to", rewind->to);
    log_warn("run %" PRId64 ": the ledger went back to event %" PRId64, run->run, rewind->to);
    if (!ledger_event_append(conn, &(LedgerWriter){.run = run->run}, "rewind", run->timeline,
                             "rewind", "", data, err))
        return false;
    rewind->found = false;
    return true;
}
