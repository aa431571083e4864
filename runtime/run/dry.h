/* A dry run: what a run would do here, asked in READ ONLY transactions. It needs no ledger and
 * assigns no transaction id. */
#ifndef HEADGATE_RUN_DRY_H
#define HEADGATE_RUN_DRY_H

#include "data/map.h"
#include "plan/config.h"
#include "run/run.h"

typedef struct RunDryOptions {
    Loop *loop;
    const Plan *plan;
    const ConfigTarget *target;
    const ConfigEnvironment *environment;
    int samples; ///< ambiguous rows to show for each backfill
    /// The map of the backfill at path; NULL when it has none.
    DataMap *map;
    void *(*map_open)(void *ctx, const char *path, Error *err);
    void (*map_close)(void *map_ctx);
    void *ctx;
} RunDryOptions;

/// Waits. *ret_report: {plan, hash, environment, target, server, items: [{path, kind, name, file,
/// line, outcome, text, …}], wrote: false,
/// warnings: see run_lint()}. outcome: would_run, pass, fail,
/// not_simulated, passed_over, error. Owned by the caller.
NODISCARD bool run_dry(const RunDryOptions *options, json_t **ret_report, Error *err);

#endif
