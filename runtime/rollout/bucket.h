/* Who is let in: a person's place among 10,000, the same in C, in SQL and in any application. */
#ifndef HEADGATE_ROLLOUT_BUCKET_H
#define HEADGATE_ROLLOUT_BUCKET_H

#include "base/base.h"

enum { ROLLOUT_BUCKETS = 10000 };

/// 0..9999: the first 32 bits, big-endian, of SHA-256(flag ":" id), modulo 10,000.
/// docs/bucketing.md has the test vectors and the same in SQL.
int rollout_bucket(const char *flag, const char *id);
/// Is id let in at this percentage, given in hundredths of a percent (10 % = 1000)? Who is in at
/// one percentage is in at every higher one.
bool rollout_bucket_in(const char *flag, const char *id, int percent_hundredths);

#endif
