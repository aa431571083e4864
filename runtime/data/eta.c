/* The interval. */
#include "data/eta.h"

#include <math.h>

enum {
    SLICES_TO_SAY = 6,
    SLICES_WINDOW_LEAST = 12,
    BLOCK_LEAST = 6, /* slices */
    BLOCKS_LEAST = 3,
    BLOCKS_MOST = 12,
};

/* Of the logarithm of the time left: what changes between now and the end and no slice has shown.
 */
static const double DRIFT = 0.05;
static const double DRIFT_ESTIMATE = 0.05;
static const double Z = 1.2816; /* of P10 and P90 */

void data_eta_skip(DataEta *eta, int64_t now_us, int64_t done)
{
    eta->begun = true;
    eta->slice_began_us = now_us;
    eta->slice_done = done;
}

/* Where a slice is; back = 0 is the newest. */
static size_t place(const DataEta *eta, size_t back)
{
    return (eta->next + ETA_SLICES - 1 - back) % ETA_SLICES;
}

/* Rows are counted when their batch is over, but were worked on since the last ones were: what the
 * newest slice has belongs to the empty ones before it too. */
static void spread_back(DataEta *eta)
{
    double rows = eta->slices[place(eta, 0)];
    size_t slices = 1;
    while (slices < eta->count && eta->slices[place(eta, slices)] <= 0)
        slices++;
    for (size_t i = 0; i < slices; i++)
        eta->slices[place(eta, i)] = rows / (double)slices;
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
    if (rows > 0)
        spread_back(eta);
    eta->slice_began_us = now_us;
    eta->slice_done = done;
}

typedef struct Series {
    double count; /* slices in the window */
    double mean;
    double spread; /* long-run variance of a slice: neighbours, alike or alternating, included */
    double blocks;
} Series;

/* Means of blocks: a block is longer than what ties neighbours together, batches that land in one
 * slice or the next among it. */
static Series series_of(const DataEta *eta, size_t count)
{
    size_t blocks = count / BLOCK_LEAST < BLOCKS_MOST ? count / BLOCK_LEAST : BLOCKS_MOST;
    blocks = blocks < BLOCKS_LEAST ? BLOCKS_LEAST : blocks;
    size_t length = count / blocks;
    Series series = {.count = (double)(length * blocks), .blocks = (double)blocks};
    double means[BLOCKS_MOST] = {0};
    for (size_t i = 0; i < length * blocks; i++)
        means[i / length] += eta->slices[place(eta, i)] / (double)length;
    for (size_t i = 0; i < blocks; i++)
        series.mean += means[i] / series.blocks;
    for (size_t i = 0; i < blocks; i++)
        series.spread += (double)length * (means[i] - series.mean) * (means[i] - series.mean) /
                         (series.blocks - 1);
    return series;
}

/* Few blocks know their own spread badly: the tails of Student's t are longer (Hill's first term).
 */
static double quantile(double blocks)
{
    double freedom = blocks - 1;
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
    double relative = series.spread / (series.mean * series.mean);
    double sampled = relative * (1 / series.count + 1 / fmax(slices_left, 1));
    double drift = DRIFT * DRIFT + (estimated ? DRIFT_ESTIMATE * DRIFT_ESTIMATE : 0);
    double spread = quantile(series.blocks) * sqrt(sampled + drift);
    double middle_s = slices_left * ETA_SLICE_US / 1e6;
    spread = fmin(spread, 3); /* a factor of twenty says: not known */
    return (DataEtaLeft){
        .low_s = middle_s * exp(-spread), .middle_s = middle_s, .high_s = middle_s * exp(spread)};
}
