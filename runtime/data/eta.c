/* The interval. */
#include "data/eta.h"

#include <math.h>

enum { SLICES_TO_SAY = 6, SLICES_WINDOW_LEAST = 12 };

/* Of the logarithm of the time left: what changes between now and the end and no slice has shown.
 */
static const double DRIFT = 0.06;
static const double DRIFT_ESTIMATE = 0.05;
static const double TOGETHER_LEAST = 0.3;
static const double Z = 1.2816; /* of P10 and P90 */

void data_eta_skip(DataEta *eta, int64_t now_us, int64_t done)
{
    eta->begun = true;
    eta->slice_began_us = now_us;
    eta->slice_done = done;
}

/* A look that comes late fills several slices with its mean. */
void data_eta_take(DataEta *eta, int64_t now_us, int64_t done)
{
    if (!eta->begun) {
        data_eta_skip(eta, now_us, done);
        return;
    }
    int64_t slices = (now_us - eta->slice_began_us) / ETA_SLICE_US;
    if (slices < 1)
        return;
    double rows =
        (double)(done - eta->slice_done) * ETA_SLICE_US / (double)(now_us - eta->slice_began_us);
    for (int64_t i = 0; i < slices && i < ETA_SLICES; i++) {
        eta->slices[eta->next] = rows;
        eta->next = (eta->next + 1) % ETA_SLICES;
        if (eta->count < ETA_SLICES)
            eta->count++;
    }
    eta->slice_began_us = now_us;
    eta->slice_done = done;
}

/* The newest slices, back = 0 is the newest. */
static double slice(const DataEta *eta, size_t back)
{
    return eta->slices[(eta->next + ETA_SLICES - 1 - back) % ETA_SLICES];
}

typedef struct Series {
    double count;
    double mean;
    double variance;
    double together; /* how many slices one independent one is worth */
} Series;

static Series series_of(const DataEta *eta, size_t count)
{
    Series series = {.count = (double)count, .together = 1};
    double neighbours = 0;
    for (size_t i = 0; i < count; i++)
        series.mean += slice(eta, i) / series.count;
    for (size_t i = 0; i < count; i++) {
        double off = slice(eta, i) - series.mean;
        series.variance += off * off / (series.count - 1);
        if (i > 0)
            neighbours += off * (slice(eta, i - 1) - series.mean);
    }
    double most = series.count / 4;
    double lag_1 = series.variance > 0 ? neighbours / (series.variance * (series.count - 1)) : 0;
    series.together = lag_1 < 1 ? (1 + lag_1) / (1 - lag_1) : most;
    /* Batches alternate with waits: what comes too early is missing after. */
    series.together = fmin(fmax(series.together, TOGETHER_LEAST), most);
    return series;
}

/* Few slices know their own spread badly: the tails of Student's t are longer (an approximation
 * by Hill's first term). */
static double quantile(double independent)
{
    double freedom = independent - 1 > 1 ? independent - 1 : 1;
    return Z * (1 + (Z * Z + 1) / (4 * freedom));
}

DataEtaLeft data_eta_left(const DataEta *eta, int64_t left, bool estimated)
{
    size_t window = eta->count / 2;
    if (window < SLICES_WINDOW_LEAST)
        window = eta->count < SLICES_WINDOW_LEAST ? eta->count : SLICES_WINDOW_LEAST;
    if (left <= 0 || eta->count < SLICES_TO_SAY)
        return left <= 0 ? (DataEtaLeft){0, 0, 0} : ETA_UNKNOWN;
    Series series = series_of(eta, window);
    if (series.mean <= 0)
        return ETA_UNKNOWN;
    double slices_left = (double)left / series.mean;
    double independent = series.count / series.together;
    double relative = series.variance / (series.mean * series.mean) * series.together;
    double sampled = relative * (1 / series.count + 1 / fmax(slices_left, 1));
    double drift = DRIFT * DRIFT + (estimated ? DRIFT_ESTIMATE * DRIFT_ESTIMATE : 0);
    double spread = quantile(independent) * sqrt(sampled + drift);
    double middle_s = slices_left * ETA_SLICE_US / 1e6;
    spread = fmin(spread, 3); /* a factor of twenty says: not known */
    return (DataEtaLeft){
        .low_s = middle_s * exp(-spread), .middle_s = middle_s, .high_s = middle_s * exp(spread)};
}
