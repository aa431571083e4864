/* The worker processes of one backfill: started, watched, ended, counted. */
#ifndef HEADGATE_DATA_CREW_H
#define HEADGATE_DATA_CREW_H

#include "base/bounds.h"
#include "data/job.h"
#include "loop/child.h"

typedef struct DataCrew DataCrew;

/// One place in the crew. A process that ended stays here until it was looked at.
typedef struct DataCrewPlace {
    DataCrew *crew;
    Child *child; ///< NULL = empty
    char name[64];
    bool asked; ///< to end
    bool ended;
    ChildExit exit;
} DataCrewPlace;

struct DataCrew {
    Loop *loop;
    const char *const *argv;
    const char *prefix; ///< of names, so that they are unique among machines; "" for the run's own
    int64_t epoch;
    unsigned started; ///< so far: names are never used twice
    DataCrewPlace places[BOUND_WORKERS];
    FiberEvent changed; ///< a process ended
};

void data_crew_init(DataCrew *crew, Loop *loop, const char *const *argv, int64_t epoch);
int data_crew_size(const DataCrew *crew); ///< places that are taken
NODISCARD bool data_crew_start_one(DataCrew *crew, Error *err);
/// Asks one process to end after its batch, unless one was asked and has not ended yet.
void data_crew_end_one(DataCrew *crew);
/// A process that has ended, or NULL. Give it back with data_crew_bury().
DataCrewPlace *data_crew_ended(DataCrew *crew);
void data_crew_bury(DataCrewPlace *place);
/// Waits, also when the fiber was cancelled. Signals all processes, kills those still there after
/// grace_ms, and empties all places.
void data_crew_end(DataCrew *crew, int signum, int64_t grace_ms);
/// Why a process ended, from its exit and the error on its standard output. ERROR_NONE when it was
/// done.
Error data_crew_why(const DataCrewPlace *place);

#endif
