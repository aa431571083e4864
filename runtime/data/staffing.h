/* How many workers row work has. Pure: no clock, no database.
 *
 * "auto" climbs: what so many workers write in a window is compared with what one more, or one
 * fewer, writes in the next. One more stays for a tenth more rows, one fewer when it costs less
 * than 3 %. What did not help is tried again, each time after twice the rest, because the
 * application beside us comes and goes.
 *
 * While the pace slows the work, and nobody said how many, there are fewer workers before each does
 * less: one that works all the time leaves the other cores to the application, two at half the time
 * leave now all, now none.
 */
#ifndef HEADGATE_DATA_STAFFING_H
#define HEADGATE_DATA_STAFFING_H

#include "base/base.h"

enum {
    STAFFING_MOST = 8,            ///< "auto" goes no further
    STAFFING_FIRST_US = 5000000,  ///< until the first trial: batches find their size meanwhile
    STAFFING_AGAIN_US = 60000000, ///< after one that did not help; then twice as long each time
    STAFFING_AGAIN_MAX_US = 960000000, ///< up to this
    STAFFING_SETTLE_US = 1500000,      ///< after the number changed
    STAFFING_GIVE_UP_US = 10000000,    ///< when a trial's worker finds nothing to do
    STAFFING_WINDOW_US = 4000000,      ///< what is compared: at least so long,
    STAFFING_WINDOW_BATCHES = 20       ///< and so many batches
};

typedef enum DataStaffingPhase {
    STAFFING_RESTS,
    STAFFING_BEFORE, ///< measures what best writes
    STAFFING_SETTLES,
    STAFFING_TRIES ///< measures best + step
} DataStaffingPhase;

typedef struct DataStaffing {
    int least;
    int most;
    int best;
    int step; ///< of the trial at work, or else of the next: 1 or -1
    int from; ///< the last trial went from so many
    int to;   ///< to so many
    DataStaffingPhase phase;
    int64_t since_us; ///< when phase began
    int64_t rest_us;  ///< how long STAFFING_RESTS lasts
    int64_t again_us; ///< the next rest after a trial that does not help
    int64_t rows;     ///< when the window began
    int64_t batches;
    double before; ///< rows/s that from wrote
    double tried;  ///< rows/s that to wrote
} DataStaffing;

/// What happened so far, now (monotonic).
typedef struct DataStaffingLook {
    int64_t now_us;
    int64_t rows;
    int64_t batches;
    int workers; ///< at work
    bool steady; ///< their number alone decides how fast they are: no pace, nobody who joined
} DataStaffingLook;

/// least = most: that many, always.
void data_staffing_init(DataStaffing *staffing, int workers, int least, int most, int64_t now_us);
/// How many there are to be.
int data_staffing_wanted(const DataStaffing *staffing);
/// Call it a few times a second. True when a trial ended: best is the better of from and to.
bool data_staffing_look(DataStaffing *staffing, const DataStaffingLook *look);

/// How many of the wanted workers do duty's share of what they and those who joined could do; now:
/// how many there are. One more comes when those that are there have no time left, one goes when
/// the others can do its part and have a rest.
int data_staffing_slowed(int wanted, int joined, int now, double duty);
/// The share of its time that each of now workers and of those who joined works: their part of
/// duty, 0 to 1.
double data_staffing_each(int wanted, int joined, int now, double duty);

#endif
