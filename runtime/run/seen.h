/* Requests that were dealt with and may still be read as open, because that is not committed yet,
 * or was not when the list was read. Each by itself: two people ask at once, and the one whose
 * number is higher may commit first. */
#ifndef HEADGATE_RUN_SEEN_H
#define HEADGATE_RUN_SEEN_H

#include "base/json.h"

/// Empty; the caller's.
json_t *run_seen_new(void);
void run_seen_add(json_t *seen, const json_t *request);
bool run_seen_has(const json_t *seen, const json_t *request);
/// Forgets those that are not in requests, an array: once handled, a request is never open again.
void run_seen_keep(json_t *seen, const json_t *requests);

#endif
