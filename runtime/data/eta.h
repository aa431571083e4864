/* When row work will be over, as an interval that is meant to hold the truth four times out of
 * five. Pure: no clock.
 *
 * Rows per slice of time are a noisy series; over the window that stands for the future (the newer
 * half, at most two minutes) they have a mean and a long-run variance, by batch means (Law and
 * Kelton, "Simulation Modeling and Analysis", 9.5.3): neighbours that resemble each other make it
 * larger. Rows that were counted together when their batch was over belong to all slices since the
 * ones before them. The mean is known as well as the window is long, and the future differs from it
 * as much as it is short. What no series knows (load that comes and goes, a total that is an
 * estimate) is added. */
#ifndef HEADGATE_DATA_ETA_H
#define HEADGATE_DATA_ETA_H

#include "base/base.h"

enum { ETA_SLICES = 480, ETA_SLICE_US = 250000 };

typedef struct DataEta {
    double slices[ETA_SLICES]; ///< rows in each, the newest at next - 1
    size_t next;
    size_t count;
    int64_t slice_began_us;
    int64_t slice_done;
    bool begun;
} DataEta;

/// P10, P50 and P90 of the time that is left, in seconds. All < 0: not known yet.
typedef struct DataEtaLeft {
    double low_s;
    double middle_s;
    double high_s;
} DataEtaLeft;

#define ETA_UNKNOWN ((DataEtaLeft){-1, -1, -1})

/// So much was done at now_us (monotonic). done never falls; call it at least twice a slice.
void data_eta_take(DataEta *eta, int64_t now_us, int64_t done);
/// Time stood still for the work (it was paused): what comes next begins a new slice.
void data_eta_skip(DataEta *eta, int64_t now_us, int64_t done);
/// left: rows. estimated: their number is an estimate itself.
DataEtaLeft data_eta_left(const DataEta *eta, int64_t left, bool estimated);

#endif
