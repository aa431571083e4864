/* Private PostgreSQL clusters from the installed server binaries, for the demo, tests and
 * rehearsals. */
#ifndef HEADGATE_DB_CLUSTER_H
#define HEADGATE_DB_CLUSTER_H

#include "loop/child.h"

typedef struct DbCluster DbCluster;

typedef struct DbClusterOptions {
    /// Created when missing, and then removed by db_cluster_free() unless keep; of one that was
    /// there before only data/ is removed. NULL = a new temp folder.
    const char *directory;
    bool keep;            ///< leave the data: the next start reuses it
    bool durable;         ///< fsync on (default off is for tests only)
    const char *settings; ///< extra lines for postgresql.conf; NULL = none
} DbClusterOptions;

/// Waits. initdb (as user postgres or nobody when we are root) and start, on a unix socket only.
NODISCARD bool db_cluster_start(Loop *loop, const DbClusterOptions *options,
                                DbCluster **ret_cluster, Error *err);
/// "host=/tmp/... port=5432 user=headgate dbname=postgres": no value needs quoting.
const char *db_cluster_conninfo(const DbCluster *cluster);
const char *db_cluster_directory(const DbCluster *cluster);
/// Folder of initdb, pg_dump, ...: $HEADGATE_PG_BIN, the newest where distributions put it, or from
/// PATH. NULL when no server is installed.
const char *db_cluster_bin(void);
/// Waits. Fast shutdown; removes the folder unless keep.
void db_cluster_free(DbCluster *cluster);

#endif
