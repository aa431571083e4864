/* What row work may harm on its server, as signals for data/pace.h: replicas that fall behind, WAL
 * that is not archived, sessions that wait for our rows, an autovacuum of the table, slots that
 * lose their WAL. */
#ifndef HEADGATE_DATA_HEALTH_H
#define HEADGATE_DATA_HEALTH_H

#include "data/pace.h"
#include "db/conn.h"
#include "plan/config.h"

enum { HEALTH_SIGNALS_MAX = 24 };

typedef struct DataHealthOptions {
    const ConfigThrottle *throttle; ///< borrowed
    int64_t run;                    ///< sessions of this run are ours
    unsigned relation;              ///< the table, by its oid; 0 = none
} DataHealthOptions;

typedef struct DataHealth DataHealth;

DataHealth *data_health_new(const DataHealthOptions *options);
void data_health_free(DataHealth *health); ///< NULL is fine
/// Waits. One look, over any connection to the target; now_us is monotonic. On failure the signals
/// are those of the look before, none of them known.
NODISCARD bool data_health_look(DataHealth *health, DbConn *conn, int64_t now_us,
                                DataSignal ret_signals[HEALTH_SIGNALS_MAX], size_t *ret_count,
                                Error *err);

#endif
