/* Guards: what must hold while a stage is watched. Judging is pure; asking the metric is not. */
#ifndef HEADGATE_ROLLOUT_GUARD_H
#define HEADGATE_ROLLOUT_GUARD_H

#include "ledger/watch.h"
#include "plan/config.h"
#include "run/metric.h"

enum { ROLLOUT_GUARDS_MAX = 64, ROLLOUT_BREACHES_MAX = 3 };

typedef struct RolloutGuard {
    Threshold threshold;
    int breaches;        ///< in a row
    int64_t breached_us; ///< for how long, by the sampler's clock
    int64_t breached_since_us;
    LedgerSample sample; ///< the newest
    const char *why;     ///< there is no data; "" when there is. Borrowed from the metric
} RolloutGuard;

typedef struct RolloutGuards {
    Arena *arena; ///< borrowed
    RolloutGuard items[ROLLOUT_GUARDS_MAX];
    size_t count;
} RolloutGuards;

typedef enum RolloutVerdict { ROLLOUT_OK, ROLLOUT_NO_DATA, ROLLOUT_BREACH } RolloutVerdict;

/// Where named thresholds are looked up.
typedef struct RolloutGuardsOf {
    const Config *config;
    const ConfigEnvironment *environment;
} RolloutGuardsOf;

/// The guards of a stage: its own, its rollout's, and the thresholds they name. Of a rollout: those
/// of all its stages.
NODISCARD bool rollout_guards_collect(RolloutGuards *guards, Arena *arena, const PlanNode *stage,
                                      const RolloutGuardsOf *of, Error *err);
/// A guard as people read it, the same in samples, events and messages: "error_rate < 1%", "breach
/// when cpu > 80%". From arena or the threshold.
const char *rollout_guard_text(Arena *arena, const Threshold *threshold);
/// Takes one sample into a guard: ok, breach or no_data. now_us is the sampler's monotonic clock.
void rollout_guard_take(RolloutGuard *guard, bool has_value, double value, int64_t now_us);
/// Over all guards: a breach counts after ROLLOUT_BREACHES_MAX samples in a row, or after the
/// threshold's "for".
RolloutVerdict rollout_guards_judge(const RolloutGuards *guards, const RolloutGuard **ret_worst);
/// Was the newest sample of every guard good? No breach that may yet come to count, and no gap.
bool rollout_guards_hold(const RolloutGuards *guards);
/// Waits. Asks the metrics that are due and takes their answers; a guard whose metric is asked less
/// often keeps its sample. A metric that fails has no data, and why says so.
void rollout_guards_sample(RolloutGuards *guards, RunMetrics *metrics);
/// [{guard, metric, value, op, alert, limit, unit, verdict, why, breaches, breaches_max}]
json_t *rollout_guards_json(const RolloutGuards *guards);

#endif
