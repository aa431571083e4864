/* Where a viewer that comes (again) goes on, and telling it when it cannot. */
#ifndef HEADGATE_SERVER_RESUME_H
#define HEADGATE_SERVER_RESUME_H

#include "server/viewer.h"

/// What was missed is not sent any more: from seq on the watch is live again. A viewer whose queue
/// has no room for it is closed.
void resume_reset(ServerViewer *viewer, ViewerWatch *watch, int64_t seq, const char *why);
/// Those who watch run and were told of events after one of them.
void resume_reset_all(Server *server, int64_t run, int64_t seq, int64_t after, const char *why);
/// Waits. Is the event that a watch names (seq and at) still the one of that number? After a
/// failover another may have it. Watches at the same event are let go on (their at is cleared), or
/// reset to newest. point is a copy: viewers may go while we wait.
NODISCARD bool resume_check(Server *server, DbConn *conn, const ViewerWatch *point, int64_t newest,
                            Error *err);

#endif
