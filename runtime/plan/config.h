/* headgate.yaml: who, where and how much; never what. Read by libyaml's events with
 * file:line:column. */
#ifndef HEADGATE_PLAN_CONFIG_H
#define HEADGATE_PLAN_CONFIG_H

#include "plan/threshold.h"

typedef struct ConfigMetric {
    const char *name;
    const char *sql; ///< one row, one number; NULL result = no data
    const char *unit;
    const char *target; ///< target to ask; NULL = the plan's
    bool has_empty;     ///< empty: 0 → no row counts as this value
    double empty;
} ConfigMetric;

typedef struct ConfigTarget {
    const char *name;
    const char
        *url; ///< conninfo or URI, ${VARIABLES} replaced; "" = PG* variables. A secret: never shown
    const char *shown;  ///< the same without password
    const char *run_as; ///< role for the plan's SQL; NULL = the connection's own
    bool pooler_session;
    int lock_timeout_ms;      ///< 0 = default
    int statement_timeout_ms; ///< 0 = default
    PlanPosition at;
} ConfigTarget;

typedef struct ConfigRole {
    const char *name;
    const char **people;
    size_t people_count;
} ConfigRole;

typedef struct ConfigWatch {
    double percent;
    int64_t watch_us;
} ConfigWatch;

typedef struct ConfigEnvironment {
    const char *name;
    ConfigTarget *targets; ///< those of the environment, then the common ones it does not override
    size_t targets_count;
    ConfigRole *roles; ///< approvers:
    size_t roles_count;
    Threshold *thresholds; ///< alerts and goals, all groups
    size_t thresholds_count;
    ConfigWatch *watches; ///< watch: {10: 5s}
    size_t watches_count;
    int64_t guard_interval_us; ///< guard_interval: 15s is the default
    bool gates_auto;           ///< gates: auto — recorded as approved by "policy: <env>"
} ConfigEnvironment;

typedef struct Config {
    Arena *arena;
    const char *path;
    ConfigMetric *metrics;
    size_t metrics_count;
    ConfigEnvironment *environments;
    size_t environments_count;
    const char *state_target; ///< state: {target: app}; NULL = the plan's target
} Config;

/// Reads text (the content of path; path is only for messages). ${NAME} is replaced from the
/// environment (an unset one is an error with its position). DATABASE_URL and PG* apply when a
/// target names no url. Errors: "headgate.yaml:25:17: ...". A missing file is config_default().
NODISCARD bool config_parse(const char *path, const char *text, size_t bytes, Config **ret_config,
                            Error *err);
NODISCARD bool config_read(const char *path, Config **ret_config, Error *err);
/// One environment "default" with one target "app" from DATABASE_URL or PG*.
Config *config_default(void);
void config_free(Config *config);

const ConfigEnvironment *
config_environment(const Config *config,
                   const char *name); ///< NULL name = the only one or "default"; NULL when absent
const ConfigTarget *config_target(const ConfigEnvironment *environment, const char *name);
const ConfigRole *config_role(const ConfigEnvironment *environment, const char *name);
const ConfigMetric *config_metric(const Config *config, const char *name);
bool config_role_has(const ConfigRole *role, const char *person);
/// The resolved configuration of an environment without secrets, for digests and bundles.
json_t *config_shown(const Config *config, const ConfigEnvironment *environment);
/// Checks a plan's references (target, roles, metrics, thresholds, watch overrides) against an
/// environment: "headgate.yaml:25:17: role ..." or "plan.lua:37:..: role "dbas" is not defined for
/// production (did you mean dba?)".
NODISCARD bool config_check_plan(const Config *config, const ConfigEnvironment *environment,
                                 const Plan *plan, Error *err);

#endif
