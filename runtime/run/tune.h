/* What a person may change about row work while it runs. Pure: what a request holds; run/throttle.h
 * follows it. */
#ifndef HEADGATE_RUN_TUNE_H
#define HEADGATE_RUN_TUNE_H

#include "base/json.h"

/// One thing that can be changed.
typedef struct RunTune {
    const char *name; ///< in the body of a request
    double least;
    double most;
    const char *unit; ///< "percent", "us", ""
    const char *doc;
} RunTune;

extern const RunTune RUN_TUNES[]; ///< ended by a NULL name

/// Does a request's body name at least one of them, all within their bounds? ERROR_INPUT otherwise.
NODISCARD bool run_tune_check(const json_t *body, Error *err);
/// [{"name", "least", "most", "unit", "doc"}]: for forms.
json_t *run_tunes_json(void);

#endif
