/* What people decide about rows in the review queue, applied. */
#ifndef HEADGATE_DATA_DECIDE_H
#define HEADGATE_DATA_DECIDE_H

#include "base/json.h"
#include "data/update.h"

typedef enum DataDecided {
    DECIDED_APPLIED,
    DECIDED_SKIPPED,
    DECIDED_GONE,    ///< the row was deleted or needs nothing any more: settled as skipped
    DECIDED_CHANGED, ///< the row changed since it was queued: shown anew, still open
    DECIDED_BEFORE,  ///< it was settled before, or is not in the queue: nothing happened
} DataDecided;

/// Waits. One transaction = {fence, the row, its queue row}. decision is the JSON text of
/// {"choice": n} (from 0), {"skip": true} or {"set": {column: value}}, whose numbers reach the row
/// as they are spelled. ERROR_INPUT for a decision that says nothing, a choice that does not
/// exist, or a column that may not be written; ERROR_DATABASE when the server refuses the values.
NODISCARD bool data_decide(DataUpdater *updater, const char *const *key, size_t key_count,
                           const char *decision, DataDecided *ret, Error *err);
/// "applied", "skipped", ...
const char *data_decided_name(DataDecided decided);

#endif
