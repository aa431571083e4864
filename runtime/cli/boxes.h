/* The boxes of a plan's document, as check and plan show them. */
#ifndef HEADGATE_CLI_BOXES_H
#define HEADGATE_CLI_BOXES_H

#include "plan/plan.h"

#include <stdio.h>

/// A warning for each box that nothing ticks, and a line of how many there are of each class.
/// Nothing for a plan without a document.
void cli_boxes_print(FILE *out, const Plan *plan);

#endif
