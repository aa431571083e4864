/* What a metric's source answered, as one number or as a reason why there is none. Pure. The rule:
 * what is not one finite, fresh number that rests on enough observations never counts as good. */
#ifndef HEADGATE_RUN_ANSWER_H
#define HEADGATE_RUN_ANSWER_H

#include "plan/config.h"

enum { RUN_ANSWER_SERIES_MAX = 10000, RUN_ANSWER_WHY_BYTES = 240 };

/// One number, or why there is none.
typedef struct RunAnswer {
    bool has_value;
    double value;                   ///< finite
    char why[RUN_ANSWER_WHY_BYTES]; ///< one line; "" when it has a value
} RunAnswer;

/// The numbers of one answer, before they are one. Ended by run_series_done().
typedef struct RunSeries {
    double *values;
    size_t count;
    size_t room;
    double samples;   ///< how many observations they rest on
    bool has_samples; ///< false: the source did not say
    int64_t at_us;    ///< when the oldest was measured, since 1970; 0 = the source did not say
} RunSeries;

void run_series_done(RunSeries *series); ///< also a destructor for AUTO
/// Adds a number as sources write it: "1.5", "NaN", "+Inf". False when it is none, or there are
/// RUN_ANSWER_SERIES_MAX.
NODISCARD bool run_series_add(RunSeries *series, const char *text);

/// Reads the body of Prometheus's instant query API: a vector or a scalar. Fails with what the
/// server says (errors, warnings) or what is wrong with the answer.
NODISCARD bool run_answer_prometheus(const char *body, size_t bytes, RunSeries *ret_series,
                                     Error *err);
/// Reads JSON: the metric's pointer (a number, a numeric text, null, or a list of these), samples
/// and time.
NODISCARD bool run_answer_json(const ConfigMetric *metric, const char *body, size_t bytes,
                               RunSeries *ret_series, Error *err);
/// Reads what a program printed: JSON when the metric has a pointer, samples or time, otherwise a
/// number. Nothing but blanks is no series.
NODISCARD bool run_answer_output(const ConfigMetric *metric, const char *output,
                                 RunSeries *ret_series, Error *err);
/// Makes the series one number: empty, series, min_samples, age (more than stale_us before now_us,
/// or after it), NaN and infinities.
void run_answer_fold(const ConfigMetric *metric, const RunSeries *series, int64_t now_us,
                     int64_t stale_us, RunAnswer *ret_answer);

#endif
