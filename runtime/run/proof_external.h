/* proof = { … } of a backup: another tool made it, and a program says when. */
#ifndef HEADGATE_RUN_PROOF_EXTERNAL_H
#define HEADGATE_RUN_PROOF_EXTERNAL_H

#include "run/run.h"

/// Does the backup want it?
bool run_proof_external_wanted(const PlanNode *node);
/// Waits. Asks the program, and compares the age of what it names with max_age: detail gets
/// verdict, text and "proof": {"time", "id", "age_s"}. False with ERROR_REFUSED when there is no
/// proof (the text says what to do), or with another error when the database cannot be asked.
NODISCARD bool run_proof_external(Run *run, const PlanNode *node, json_t *detail, Error *err);

#endif
