/* What is told: the event writer of a runner. Events follow the ledger's commit; a fiber of its own
 * appends them in order, many in one STATE transaction, keyed (run, source, version), so that a
 * successor appends what is missing and nothing twice. */
#ifndef HEADGATE_LEDGER_EVENT_H
#define HEADGATE_LEDGER_EVENT_H

#include "ledger/call.h"

typedef struct LedgerEvents LedgerEvents;

/// Starts the writer on its own connection conn (taken over). failed is broadcast when it can write
/// no more (ledger_events_error).
LedgerEvents *ledger_events_start(Loop *loop, DbConn *conn, int64_t run, int64_t epoch,
                                  FiberEvent *failed);
/// Queues an event; data is borrowed. source and version are its key: for transitions the node's
/// path and its version; pass version 0 for a fresh key in this epoch (log lines, progress).
void ledger_events_add(LedgerEvents *events, const char *source, int64_t version, const char *type,
                       const char *node, const json_t *data);
/// An event of this run was appended past the writer (with the head's own change): readers are told
/// soon.
void ledger_events_nudge(LedgerEvents *events);
/// Waits until everything queued so far is durable.
NODISCARD bool ledger_events_flush(LedgerEvents *events, Error *err);
/// NULL while it works.
const Error *ledger_events_error(const LedgerEvents *events);
/// Waits. Flushes if it can, ends the fiber, closes the connection.
void ledger_events_stop(LedgerEvents *events);

/// Waits. The newest version told for each source of a run: {"expand/x": 3, …}.
NODISCARD bool ledger_events_told(DbConn *state, int64_t run, json_t **ret_versions, Error *err);
/// Waits. Did the run fail, hold or turn back at node after this event was told?
NODISCARD bool ledger_events_followed(DbConn *state, int64_t run, const char *source,
                                      int64_t version, const char *node, bool *ret_followed,
                                      Error *err);

/// Waits. One event, at once, on a connection of the caller's and in its transaction. The writer's
/// epoch 0 is the supervisor; a runner that was replaced gets ERROR_FENCED.
NODISCARD bool ledger_event_append(DbConn *state, const LedgerWriter *writer, const char *source,
                                   int64_t version, const char *type, const char *node,
                                   const json_t *data, Error *err);

#endif
