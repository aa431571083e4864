/* Cutting a table into key ranges, so that several workers have something to claim. */
#ifndef HEADGATE_DATA_RANGE_H
#define HEADGATE_DATA_RANGE_H

#include "data/job.h"

/// Waits. Up to ranges - 1 keys, in order, that cut the table as data_range_share() says: found in
/// the column's statistics, or evenly between the least and the greatest integer, or in a sample.
/// Fewer (also none) when the table is small or says nothing about itself. Each key is an array of
/// texts from arena.
NODISCARD bool data_range_split(const DataJob *job, DbConn *conn, int ranges, Arena *arena,
                                char ****ret_keys, size_t *ret_count, Error *err);
/// Waits. The ends of the buckets of a column's histogram, as texts in order: about as many rows
/// lie between each two. None when the server has no statistics of it.
NODISCARD bool data_range_histogram(DbConn *conn, const char *oid, const char *column, Arena *arena,
                                    char ***ret_ends, size_t *ret_count, Error *err);
/// The share of the rows, 0 to 1, that lie before the cut (1 to ranges - 1): each range is smaller
/// than the one before, so that workers who take them in order end at about the same time.
double data_range_share(int cut, int ranges);
/// How many ranges a table of that size is worth for so many workers.
int data_range_count(int64_t rows, int workers);

#endif
