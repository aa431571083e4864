/* Is the WAL of a server archived? */
#ifndef HEADGATE_RUN_WAL_H
#define HEADGATE_RUN_WAL_H

#include "run/form.h"

/// Waits. wal_archiving = { … } of a check, asked in an open transaction: detail gets
/// verdict and text, with what helps. False when it does not hold.
NODISCARD bool run_wal_archiving(const RunLook *look, json_t *detail, Error *err);

#endif
