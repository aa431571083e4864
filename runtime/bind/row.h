/* A plan's map, called row by row: the DataMap of workers and the dry run. */
#ifndef HEADGATE_BIND_ROW_H
#define HEADGATE_BIND_ROW_H

#include "bind/plan.h"
#include "data/map.h"

typedef struct BindRows BindRows;

/// The map of the backfill at path. plan is borrowed and must outlive it.
NODISCARD bool bind_rows_open(BindPlan *plan, const char *path, BindRows **ret_rows, Error *err);
/// NULL is fine.
void bind_rows_close(BindRows *rows);
/// A DataMap: ctx is the BindRows. map(row, db) in the sandbox, with the deadline of a slice; db
/// reads on the row's connection.
bool bind_rows_map(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err);

#endif
