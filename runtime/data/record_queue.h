/* Records in the review queue. Their key is the file and the byte they begin at. */
#ifndef HEADGATE_DATA_RECORD_QUEUE_H
#define HEADGATE_DATA_RECORD_QUEUE_H

#include "data/record.h"

/// Waits. In the chunk's transaction: queues the records that were skipped, rejected, ambiguous or
/// failed, and adds them to counts.
NODISCARD bool data_record_queue_add(const DataJob *job, DbConn *conn, const DataChunk *chunk,
                                     DataCounts *counts, Error *err);

#endif
