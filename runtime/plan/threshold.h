/* A limit on a metric, as people write it: "error_rate < 1%", "> 80% for 5m". */
#ifndef HEADGATE_PLAN_THRESHOLD_H
#define HEADGATE_PLAN_THRESHOLD_H

#include "plan/plan.h"

typedef enum ThresholdOp {
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_EQUAL,
    OP_NOT_EQUAL,
} ThresholdOp;

/// A limit that must hold (goal, guard) or is a breach when true (alert).
typedef struct Threshold {
    const char *metric;
    ThresholdOp op;
    double limit;
    const char *unit; ///< "", "%", "ms", "s", "/s", "B", "KiB", "MiB", "GiB"
    int64_t for_us;   ///< "for 5m"; 0 = three samples in a row
    bool is_alert;    ///< true: a breach when it is true. false: a breach when it is false
    PlanPosition at;
    const char *text;  ///< as written, for people
    const char *group; ///< alerts and goals of headgate.yaml: "application", ...; NULL = none
} Threshold;

/// Parses "error_rate < 1%" (metric in front) or, with metric given, "< 1%". Everything is copied
/// into arena. Fails with ERROR_INPUT and at's position in front of the message.
NODISCARD bool threshold_parse(Arena *arena, const char *text, const char *metric, PlanPosition at,
                               Threshold *ret_threshold, Error *err);
/// Does value (in the threshold's unit) break it?
bool threshold_breached(const Threshold *threshold, double value);
/// What to multiply a value in unit from by to have it in unit to ("" fits everything). false: they
/// do not convert.
bool threshold_convert(const char *from, const char *to, double *ret_factor);
/// "%" for "percent", and so on; NULL when there is no such unit.
const char *threshold_unit(const char *name);
/// "<", ">=", ...
const char *threshold_op_text(ThresholdOp op);
/// One sentence for people: "error_rate must stay below 1 %", "a breach when cpu_usage is above 80
/// %". From arena.
const char *threshold_say(const Threshold *threshold, Arena *arena);

#endif
