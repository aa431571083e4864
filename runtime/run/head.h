/* The head of a run's audit chain, told to the outside. */
#ifndef HEADGATE_RUN_HEAD_H
#define HEADGATE_RUN_HEAD_H

#include "run/run.h"

/// Waits. Writes the head of the run's chain to the log and, as a line of JSON, to the hooks'
/// heads_file. What fails is logged: a run does not end for it.
void run_head_export(Run *run);

/// The same with a head as ledger_audit_heads() gives it; file NULL = to the log alone.
void run_head_write(const char *file, const json_t *head);

#endif
