/* The metrics of headgate.yaml: read from its tree, shown without secrets, checked against an
 * environment. What their answers mean stands in run/metric.h. Internal to plan/. */
#ifndef HEADGATE_PLAN_METRIC_H
#define HEADGATE_PLAN_METRIC_H

#include "plan/config.h"
#include "plan/yaml.h"

/// Reads the section (NULL = there is none) into config->metrics. Fails with
/// "headgate.yaml:7:3: …".
NODISCARD bool plan_metrics_read(Config *config, const PlanYaml *metrics, Error *err);
void plan_metrics_done(Config *config);
/// {name: {…}} for digests and bundles: variables by name, no userinfo and query of a url. Owned by
/// the caller.
json_t *plan_metrics_shown(const Config *config);
/// Can the metric be asked in this environment: does it have the variables that it names?
NODISCARD bool plan_metric_check(const ConfigMetric *metric, const ConfigEnvironment *environment,
                                 Error *err);

#endif
