/* How fast a backfill may go while others use the database: the rate loop. Pure: no clock, no
 * database.
 *
 * Pressure of a signal = value / limit; the worst one counts. Signals that stop (a replica's lag, a
 * WAL backlog) slow above 0.7, pause at 1 and let go below 0.8 for three seconds; a pause that does
 * not help is followed by one of twice the length. Signals that steer (metrics of the application)
 * are held near their limit by an integral controller of the share's logarithm (Astrom and Murray,
 * Feedback Systems, ch. 11), and pause at twice the limit; the median of their last three values
 * counts. What cannot be read counts as its limit. */
#ifndef HEADGATE_DATA_PACE_H
#define HEADGATE_DATA_PACE_H

#include "base/base.h"

enum {
    PACE_SIGNALS_MAX = 48,
    PACE_NEWEST = 3,              ///< values of a signal that steers, of which the median counts
    PACE_UNKNOWN_US = 5000000,    ///< a signal may be unreadable for so long
    PACE_CALM_US = 3000000,       ///< how long it must be calm before a pause ends
    PACE_PAUSE_US = 1000000,      ///< the first pause; the next are longer,
    PACE_PAUSE_MAX_US = 600000000 ///< up to this
};

typedef struct DataSignal {
    char name[96]; ///< "the lag of replica s1": stands in front of "6.1 s"; names it from look to
                   ///< look
    double value;
    double limit;     ///< > 0
    const char *unit; ///< behind numbers, for people; static
    bool known;       ///< false: value could not be read
    bool steers;
    bool fresh;    ///< of one that steers: measured since the last look
    char why[160]; ///< it is not known
} DataSignal;

typedef enum DataPaceState { PACE_FREE, PACE_SLOWED, PACE_PAUSED } DataPaceState;
const char *data_pace_state_name(DataPaceState state); ///< "free", "slowed", "paused"

typedef struct DataPace {
    DataPaceState state;
    double duty;     ///< the share of time to work: 0 while paused, else 0.01 to 1
    double most;     ///< a person's limit to that
    double left;     ///< the share when it was paused last
    bool beginning;  ///< slowly: no signal that steers has come near its limit yet
    char why[256];   ///< "the lag of replica s1 is 6.1 s, its limit is 5 s"; "" when free
    char until[128]; ///< what ends it: "goes on below 4 s for 3 s"
    int64_t hold_us; ///< how long the newest pause lasts at least
    int64_t paused_us;
    int64_t resumed_us;
    int64_t calm_us; ///< since when it is calm; < 0 = it is not
    int64_t looked_us;
    struct {
        char name[96];
        double smooth;
        double newest[PACE_NEWEST]; ///< of one that steers, in turn
        size_t measured;
        int64_t known_us; ///< when it was last known
        int64_t seen_us;
    } past[PACE_SIGNALS_MAX];
    size_t past_count;
} DataPace;

/// duty: where a runner before this one left it; 1 = nobody was there.
void data_pace_init(DataPace *pace, double duty, int64_t now_us);
/// Nobody knows yet what the application bears: a twentieth of the time to begin with, and half as
/// much again at each new value until one reaches its limit, as TCP finds a link's speed. A pause
/// and a share that a runner before this one found stay what they are.
void data_pace_begin_slowly(DataPace *pace);
/// One look: count <= PACE_SIGNALS_MAX signals as they are now (monotonic, µs).
void data_pace_look(DataPace *pace, const DataSignal *signals, size_t count, int64_t now_us);

#endif
