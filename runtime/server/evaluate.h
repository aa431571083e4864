/* Turns for plans that requests have evaluated, each by a child process: few at once, and nobody
 * who waits for one holds a connection to the state database, which everybody needs. */
#ifndef HEADGATE_SERVER_EVALUATE_H
#define HEADGATE_SERVER_EVALUATE_H

#include "server/request.h"

/// Whoever starts a run does not wait for those who look at plans.
typedef enum EvaluateWhy { EVALUATE_TO_SHOW, EVALUATE_TO_START, EVALUATE_WHYS } EvaluateWhy;

/// Waits for a turn, which evaluate_end() ends; false: 429. request has no connection to the state
/// database afterwards.
NODISCARD bool evaluate_begin(ServerRequest *request, EvaluateWhy why, Error *err);
void evaluate_end(ServerRequest *request, EvaluateWhy why);

#endif
