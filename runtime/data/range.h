/* Cutting a table into key ranges, so that several workers have something to claim. */
#ifndef HEADGATE_DATA_RANGE_H
#define HEADGATE_DATA_RANGE_H

#include "data/job.h"

/// Waits. Up to ranges - 1 keys, in order, that cut the table into about equal parts: from the
/// column's statistics, or evenly between the least and the greatest integer, or from a sample.
/// Fewer (also none) when the table is small or says nothing about itself. Each key is an array of
/// texts from arena.
NODISCARD bool data_range_split(const DataJob *job, DbConn *conn, int ranges, Arena *arena,
                                char ****ret_keys, size_t *ret_count, Error *err);
/// Waits. The ends of the buckets of a column's histogram, as texts in order: about as many rows
/// lie between each two. None when the server has no statistics of it.
NODISCARD bool data_range_histogram(DbConn *conn, const char *oid, const char *column, Arena *arena,
                                    char ***ret_ends, size_t *ret_count, Error *err);
/// How many ranges a table of that size is worth for so many workers.
int data_range_count(int64_t rows, int workers);

#endif
