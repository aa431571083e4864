/* A check's comparison of tables, range by range. While large tables are read, how far it is is
 * told as progress and kept in headgate.digest, so that the next runner goes on from there
 * (decision 026 says what that means). */
#ifndef HEADGATE_RUN_PASS_H
#define HEADGATE_RUN_PASS_H

#include "data/digest.h"
#include "run/run.h"

/// Where the comparisons of one check are told and kept.
typedef struct RunPassKeep {
    Run *run;
    const PlanNode *node;
    DbConn *conn;       ///< TARGET, beside the check's own transaction; opened when it is needed
    int64_t done;       ///< rows read in large tables
    int64_t total;      ///< about as many they have
    int64_t done_first; ///< those of done that a runner before this one read
    int64_t began_us;   ///< monotonic: the first part; 0 = not yet
} RunPassKeep;

typedef struct RunPass RunPass;
struct RunPass {
    const DataDigestTable *table;
    const DataDigestTable *other; ///< NULL = there is one table
    const DataDigestForm *form;
    DataDigestCuts cuts; ///< those of the runner before this one, when it goes on
    Arena *arena;
    RunPassKeep *keep;  ///< NULL: nothing is told and kept
    int place;          ///< which of the check's comparisons this is
    const char *source; ///< what other is, across runners; NULL = the table by its oid
    /// Each range in its turn, as DataPass says. Adds to what was found.
    bool (*range)(RunPass *pass, size_t range, const DataDigest *digest, const DataDigest *other,
                  Error *err);
    const void *ctx;
    int64_t rows; ///< found from here on
    int64_t rows_other;
    int64_t differing;    ///< ranges
    json_t *named;        ///< the first differences; the caller's array
    int64_t rows_before;  ///< those of rows that were compared before an interruption
    const char *begun_at; ///< when that began; NULL = there was none
};

/// Waits. Reads all ranges that were not compared before. ERROR_CANCELLED when the run was
/// interrupted between two parts.
NODISCARD bool run_pass(RunPass *pass, Error *err);
void run_pass_keep_done(RunPassKeep *keep);
/// An event of the node: how far it is. phase: what is read, when it is not the node's own
/// comparison; NULL = that.
void run_pass_tell(const RunPassKeep *keep, const char *phase);

#endif
