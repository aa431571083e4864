/* headgate.yaml: who, where and how much; never what. Read by libyaml's events with
 * file:line:column. */
#ifndef HEADGATE_PLAN_CONFIG_H
#define HEADGATE_PLAN_CONFIG_H

#include "plan/threshold.h"

typedef enum ConfigSource {
    METRIC_SQL,
    METRIC_PROMETHEUS,
    METRIC_HTTP,
    METRIC_COMMAND,
    METRIC_SOURCES, ///< how many
} ConfigSource;

/// How several series become one number.
typedef enum ConfigSeries {
    SERIES_ONE, ///< they do not: more than one is an error
    SERIES_MAX,
    SERIES_MIN,
    SERIES_SUM,
    SERIES_AVG,
} ConfigSeries;

/// Where a number comes from. Texts are as written: ${variables} are put in when it is asked.
typedef struct ConfigMetric {
    const char *name;
    ConfigSource source;
    const char *sql;       ///< METRIC_SQL
    const char *url;       ///< METRIC_PROMETHEUS, METRIC_HTTP
    const char *query;     ///< METRIC_PROMETHEUS: PromQL
    const json_t *headers; ///< name → text; NULL = none
    const json_t *argv;    ///< METRIC_COMMAND
    const json_t *env;     ///< METRIC_COMMAND: name → text; NULL = none
    const char *pointer;   ///< into JSON; NULL = all of it (http), or it prints a number (command)
    const char *samples;   ///< how many observations: a pointer, or PromQL; NULL = not asked
    const char *time;      ///< a pointer: when it was measured; NULL = not asked
    const char *unit;      ///< as in Threshold; "" = none given
    const char *target;    ///< target to ask; NULL = the plan's
    bool has_empty;        ///< empty: 0 → no row counts as this value
    double empty;
    ConfigSeries series;
    int64_t min_samples;
    int64_t interval_us; ///< 0 = whenever guards are sampled
    int64_t timeout_us;
    PlanPosition at;
} ConfigMetric;

/// Which autovacuum of the table a backfill makes room for.
typedef enum ConfigVacuum { VACUUM_WRAPAROUND, VACUUM_ANY, VACUUM_NONE } ConfigVacuum;

/// What slows and pauses row work in a target. (plan/throttle.c)
typedef struct ConfigThrottle {
    int64_t replica_lag_us; ///< of the slowest replica
    int64_t blocked_us;     ///< how long a session may wait for rows that we hold
    int wal_backlog_mib;    ///< WAL that is not archived yet
    int active_sessions;    ///< of others; 0 = no limit
    ConfigVacuum autovacuum;
    Threshold *metrics; ///< alerts: "above" only
    size_t metrics_count;
} ConfigThrottle;

typedef struct ConfigTarget {
    const char *name;
    /// conninfo or URI with ${VARIABLES} replaced; "" = the PG* variables. A secret: never shown.
    /// Where a variable is not set it is a text that libpq refuses, and problem says why.
    const char *url;
    const char *shown;   ///< the same without password
    const char *problem; ///< NULL = usable; see config_target_ready()
    const char *run_as;  ///< role for the plan's SQL; NULL = the connection's own
    bool pooler_session;
    int lock_timeout_ms;      ///< 0 = default, as for the others
    int lock_budget_ms;       ///< all tries of one step to get its locks
    int lock_victims;         ///< sessions that may wait behind a statement of ours that waits
    int lock_victim_wait_ms;  ///< how long one of them may wait
    int max_block_ms;         ///< how long a session may wait for a lock that we hold
    int statement_timeout_ms; ///< 0 = default
    int outside_timeout_ms;   ///< of a statement outside transactions; 0 = default
    ConfigThrottle throttle;
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

/// A folder with files that plans read.
typedef struct ConfigStore {
    const char *name;
    const char *written; ///< as it stands in the file
    const char *path;    ///< absolute, or relative to the working folder; NULL = unusable
    const char *problem; ///< why; NULL = usable
    PlanPosition at;
} ConfigStore;

/// A text that plans may name: "${name}".
typedef struct ConfigVariable {
    const char *name;
    const char *written; ///< as it stands in the file
    const char *value;   ///< a secret when it was taken from the environment; NULL = not set there
    const char *missing; ///< what is not set there
    PlanPosition at;
} ConfigVariable;

/// A webhook that is told what happens to the runs of an environment.
typedef struct ConfigNotice {
    const char *name;
    const char *url;    ///< as written: ${variables} are put in when it is asked
    const char *secret; ///< the same; NULL = messages are not signed
    const char *kinds;  ///< a JSON list: "gate", "breach", …
    bool heads;         ///< "heads" is among them
    bool slack;
} ConfigNotice;

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
    ConfigVariable *variables; ///< those of the environment, then the common ones
    size_t variables_count;
    ConfigStore *stores; ///< those of the environment, then the common ones
    size_t stores_count;
    ConfigNotice *notices; ///< notify:
    size_t notices_count;
    int64_t soak_us;           ///< soak: instead of every proof's; -1 = the plan's
    const char *time_zone;     ///< time_zone: of windows that name none; UTC is the default
    int64_t guard_interval_us; ///< guard_interval: 15s is the default
    bool gates_auto;           ///< gates: auto — recorded as approved by "policy: <env>"
    bool traffic_none;         ///< traffic: none — rollouts with traffic are passed over
    PlanPosition at;
} ConfigEnvironment;

typedef struct Config {
    Arena *arena;
    const char *path;
    ConfigMetric *metrics;
    size_t metrics_count;
    ConfigEnvironment *environments;
    size_t environments_count;
    const char *state_target; ///< state: {target: app}; NULL = app, or the first
    PlanPosition state_at;    ///< of state_target
    const char *
        *notes; ///< what was understood of thresholds that are not YAML: "headgate.yaml:30:17: …"
    size_t notes_count;
} Config;

/// Reads text (the content of path; path is only for messages). ${NAME} in targets is replaced from
/// the process's environment; an unset one makes that target unusable (config_target_ready() says
/// where), not the others. DATABASE_URL and PG* apply when a target names no url. Errors:
/// "headgate.yaml:25:17: ...". A missing file is config_default().
NODISCARD bool config_parse(const char *path, const char *text, size_t bytes, Config **ret_config,
                            Error *err);
NODISCARD bool config_read(const char *path, Config **ret_config, Error *err);
/// One environment "default" with one target "app" from DATABASE_URL or PG*.
Config *config_default(void);
void config_free(Config *config);

/// By name; NULL name = the only one, or else "default". NULL when absent.
const ConfigEnvironment *config_environment(const Config *config, const char *name);
/// How long a stage of that percentage is watched here: the environment's word, or else
/// otherwise_us.
int64_t config_watch_us(const ConfigEnvironment *environment, double percent, int64_t otherwise_us);
const ConfigTarget *config_target(const ConfigEnvironment *environment, const char *name);
const ConfigRole *config_role(const ConfigEnvironment *environment, const char *name);
const ConfigStore *config_store(const ConfigEnvironment *environment, const char *name);
const ConfigMetric *config_metric(const Config *config, const char *name);
bool config_role_has(const ConfigRole *role, const char *person);
/// The alerts and goals that thresholds "name" means: the group of that name in environment, or
/// else all of the environment of that name. From arena; NULL when there is neither.
const Threshold **config_thresholds(const Config *config, const ConfigEnvironment *environment,
                                    const char *name, Arena *arena, size_t *ret_count);
/// The folder of a store. Fails with ERROR_INPUT and a position when there is none of that name, or
/// a ${VARIABLE} of its path is not set. (plan/store.c)
NODISCARD bool config_store_path(const ConfigEnvironment *environment, const char *name,
                                 const char **ret_path, Error *err);
/// Can the target be used? Fails with ERROR_INPUT and its position when a ${VARIABLE} of it is not
/// set.
NODISCARD bool config_target_ready(const ConfigTarget *target, Error *err);
/// Puts the values of variables into a text that names them as ${name}. From arena. Fails with
/// ERROR_INPUT when one is not there, or not set. (plan/variable.c)
NODISCARD bool config_expand(const ConfigEnvironment *environment, Arena *arena, const char *text,
                             const char **ret_text, Error *err);
/// The resolved configuration of an environment without secrets, for digests and bundles. Owned by
/// the caller.
json_t *config_shown(const Config *config, const ConfigEnvironment *environment);
/// Checks all that a plan refers to against an environment: target, state target, roles and people,
/// metrics, units, thresholds. Fails with "headgate.yaml:25:17: ..." or "plan.lua:37:3: role "dbas"
/// is not defined for production (did you mean dba?)". (plan/config_check.c)
NODISCARD bool config_check_plan(const Config *config, const ConfigEnvironment *environment,
                                 const Plan *plan, Error *err);

#endif
