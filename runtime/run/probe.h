/* Probing by definition: what the server says about a statement outside transactions, before it
 * acts and after it may have acted. One function a kind; nothing here changes anything. */
#ifndef HEADGATE_RUN_PROBE_H
#define HEADGATE_RUN_PROBE_H

#include "base/json.h"
#include "db/conn.h"
#include "sql/outside.h"

typedef enum RunProbeVerdict {
    RUN_PROBE_ABSENT,   ///< it has not happened: act
    RUN_PROBE_DONE,     ///< what it is for is there (or gone)
    RUN_PROBE_LEFTOVER, ///< half there, and our own intent names it: an INVALID index, a partition
                        ///< half detached. That is ended first, also when the step is given up
} RunProbeVerdict;

typedef struct RunProbeAsk {
    DbConn *conn; ///< the acting session: search_path and role are those of the statement
    const SqlOutside *outside;
    const json_t *intent; ///< what was kept before it acted; NULL = it has not been begun
    const json_t *ups;    ///< going back: the records of the statements of up; else NULL
    bool back;            ///< it is part of an undo
    bool acted;           ///< this process has run it, and it succeeded
    bool collided; ///< this process has run it, and something of its name had just come to be
} RunProbeAsk;

typedef struct RunProbe {
    RunProbeVerdict verdict;
    json_t *facts;        ///< for the intent, if there is none yet; owned by the caller
    const char *instead;  ///< ABSENT: what to run instead of the statement, or NULL
    const char *leftover; ///< LEFTOVER: what it is, for people
    const char *removal;  ///< LEFTOVER: the statement that ends it
    const char *note;     ///< DONE without acting: what people should know, or NULL
    const char *oid;      ///< DONE: of what is there; NULL = nothing is
} RunProbe;

/// Waits. Texts of *ret live as long as arena. ERROR_REFUSED when what is there is not ours, or
/// when nobody can tell.
NODISCARD bool run_probe(Arena *arena, const RunProbeAsk *ask, RunProbe *ret, Error *err);

#endif
