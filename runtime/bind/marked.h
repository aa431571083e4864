/* One file with both ways, as dbmate writes them: "-- migrate:up" … "-- migrate:down". */
#ifndef HEADGATE_BIND_MARKED_H
#define HEADGATE_BIND_MARKED_H

#include "base/arena.h"
#include "base/error.h"

typedef struct MarkedSql {
    const char *text; ///< NULL = there is none
    int line;         ///< of the file, on which text begins
} MarkedSql;

/// Cuts bytes (NUL behind them) into what is done and what takes it back; a file without marks is
/// all up. Texts are from arena. Fails with ERROR_INPUT "path:3: …": a mark that is indented (the
/// way back would run forward), twice, in the wrong order, with an unknown option, or with SQL in
/// front of it.
NODISCARD bool bind_marked_read(Arena *arena, const char *path, const char *bytes,
                                MarkedSql *ret_up, MarkedSql *ret_down, Error *err);

#endif
