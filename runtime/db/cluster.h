/* Private PostgreSQL clusters from the installed server binaries, for the demo, tests and
 * rehearsals. */
#ifndef HEADGATE_DB_CLUSTER_H
#define HEADGATE_DB_CLUSTER_H

#include "loop/child.h"

typedef struct DbCluster DbCluster;

typedef struct DbClusterOptions {
    const char
        *directory; ///< created; removed by db_cluster_free() unless keep. NULL = a new temp folder
    bool keep;      ///< leave the data: the next start reuses it
    bool durable;   ///< fsync on (default off is for tests only)
    const char *settings; ///< extra lines for postgresql.conf; NULL = none
} DbClusterOptions;

/// Waits. initdb (as user postgres or nobody when we are root) and start, on a unix socket only.
NODISCARD bool db_cluster_start(Loop *loop, const DbClusterOptions *options,
                                DbCluster **ret_cluster, Error *err);
/// "host=/tmp/... port=5432 user=headgate dbname=postgres"
const char *db_cluster_conninfo(const DbCluster *cluster);
const char *db_cluster_directory(const DbCluster *cluster);
const char *
db_cluster_bin(void); ///< folder of initdb, pg_dump, ...; NULL when no server is installed
/// Waits. Fast shutdown; removes the folder unless keep.
void db_cluster_free(DbCluster *cluster);

#endif
