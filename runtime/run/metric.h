/* The metrics of a watch: asked beside each other, each as often and as long as headgate.yaml says.
 * What answers mean stands in run/answer.h. */
#ifndef HEADGATE_RUN_METRIC_H
#define HEADGATE_RUN_METRIC_H

#include "run/answer.h"
#include "run/run.h"

enum { RUN_METRICS_MAX = 64 };

typedef struct RunMetric {
    const ConfigMetric *metric;
    RunAnswer answer; ///< the newest
    int64_t asked_us; ///< by the monotonic clock; 0 = never
    bool fresh;       ///< the last run_metrics_ask() asked it
} RunMetric;

typedef struct RunMetrics RunMetrics;

/// For one watched node (programs are told its path). SQL goes over connections of their own, one a
/// target, opened when they are needed and again when they were lost.
RunMetrics *run_metrics_new(Run *run, const PlanNode *node);
/// The metric of that name, from now on one of those that are asked; NULL when headgate.yaml has
/// none, or there are RUN_METRICS_MAX.
const RunMetric *run_metrics_find(RunMetrics *metrics, const char *name);
/// Waits. Asks all whose interval is over; returns when each has answered or its timeout is over. A
/// metric that cannot be asked has an answer too: why not.
void run_metrics_ask(RunMetrics *metrics);
void run_metrics_free(RunMetrics *metrics); ///< NULL is fine

#endif
