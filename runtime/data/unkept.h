/* A backfill whose undo an earlier step does, by dropping columns, keeps no old values: it may
 * write only these columns, whoever says so, its map or a person. */
#ifndef HEADGATE_DATA_UNKEPT_H
#define HEADGATE_DATA_UNKEPT_H

#include "data/job.h"

/// May the column be written, or would a rollback leave in it what was?
bool data_unkept_allows(const DataJob *job, const char *column);
/// What a map returned, its choices too. ERROR_INPUT: it concerns this row.
NODISCARD bool data_unkept_check(const DataJob *job, const DataMapped *mapped, Error *err);

#endif
