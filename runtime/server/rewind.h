/* What viewers were told of a run, and whether it is still so after a failover to a server that was
 * behind. */
#ifndef HEADGATE_SERVER_REWIND_H
#define HEADGATE_SERVER_REWIND_H

#include "server/message.h"

#include "db/conn.h"

typedef struct Rewind {
    char at[MESSAGE_AT_BYTES]; ///< when the newest event that was told happened; "" = nobody was
                               ///< told
    bool doubtful;             ///< the database failed over: that event's number may be another's
    bool found;                ///< the ledger went back to event to, and no event says so yet
    int64_t to;
} Rewind;

typedef struct RewindRun {
    int64_t run;
    int64_t seq; ///< newest event that was told
    int64_t timeline;
} RewindRun;

/// at: "" = nobody watches.
void rewind_told(Rewind *rewind, const char *at);
/// The numbers show it already.
void rewind_note(Rewind *rewind, int64_t to);
/// Waits. Clears a doubt, and says by an event of the run that its ledger went back; two
/// supervisors say it once for each timeline. rewind must outlive the call.
NODISCARD bool rewind_tell(Rewind *rewind, DbConn *conn, const RewindRun *run, Error *err);

#endif
