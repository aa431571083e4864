/* The only source of time and randomness, so that tests can put a seed behind both. */
#ifndef HEADGATE_BASE_CLOCK_H
#define HEADGATE_BASE_CLOCK_H

#include "base/error.h"

int64_t clock_monotonic_us(void); ///< for deadlines; never goes back
int64_t clock_wall_us(void); ///< since 1970; only for log lines: windows use the database's clock
/// Uniform in [0, below); below > 0. Seeded by HEADGATE_SEED when set. Not for secrets.
uint32_t clock_random(uint32_t below);

/// Parses "24h", "5s", "300ms", "7d", "1h30m" into microseconds. Units: ms s m (or min) h d w.
/// ERROR_INPUT otherwise.
NODISCARD bool duration_parse(const char *text, int64_t *ret_us, Error *err);
/// Writes "24h", "1h30m", "5s", "300ms" and returns out. size >= 32.
const char *duration_text(int64_t us, char *out, size_t size);

#endif
