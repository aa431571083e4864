/* What is too large for an event. Pure. */
#ifndef HEADGATE_RUN_CUT_H
#define HEADGATE_RUN_CUT_H

#include "base/json.h"

/// data (another reference to it), or, where it is larger than BOUND_EVENT_BYTES, a copy without
/// its large members: of a text the beginning is left, of anything else null, and "cut" says how
/// many bytes each had. The caller's.
json_t *run_cut(const json_t *data);

#endif
