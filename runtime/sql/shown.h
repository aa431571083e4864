/* Somebody else's statement, as it may be shown: without the values in it. */
#ifndef HEADGATE_SQL_SHOWN_H
#define HEADGATE_SQL_SHOWN_H

#include "base/arena.h"

/// query on one line, its constants replaced by $1, $2, … A text that the grammar does not accept
/// (the server keeps only its first 1,024 bytes) ends with "…" before the first thing that could be
/// a value.
const char *sql_shown(Arena *arena, const char *query);

#endif
