/* The rate loop. */
#include "data/pace.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The two kinds of signals: where they slow, pause and let go. */
static const struct Rule {
    double slow;
    double stop;
    double calm;
} STOPS = {0.7, 1, 0.8}, STEERS = {1, 2, 1.2};

static const double DUTY_LEAST = 0.01;
static const double DUTY_AFTER_PAUSE = 0.25;
static const double DUTY_FIRST = 0.05;
static const double DUTY_STEP = 0.05;
static const double SMOOTH_US = 2e6;
/* Of one look at a steering signal: the share changes by the root of how far it is from its limit,
 * the same way up and down, so that noise around the limit does not move it. */
static const double STEER_POWER = 0.5;
static const double STEER_LEAST = 0.5;
static const double STEER_MOST = 1.25;
/* While it begins. The median is a value late: the limit is reached two steps before it is seen. */
static const double BEGIN_FACTOR = 1.5;
/* Of what its limit is. A backlog that nobody can measure is infinite, which no mean forgets. */
static const double PRESSURE_MOST = 10;
enum { AGAIN_US = 60000000 };

/* What the worst signal says. */
typedef struct Worst {
    const DataSignal *signal;
    double pressure; /* of its own kind */
    double strength; /* pressure / where it pauses: to compare kinds */
} Worst;

typedef struct Look {
    Worst stops;
    Worst steers;
    bool fresh;   /* a steering signal was measured */
    bool steered; /* there is one */
} Look;

const char *data_pace_state_name(DataPaceState state)
{
    static const char *const NAMES[] = {"free", "slowed", "paused"};
    return NAMES[state];
}

static void slowly(DataPace *pace, const char *why)
{
    snprintf(pace->why, sizeof(pace->why), "%s", why);
    snprintf(pace->until, sizeof(pace->until), "faster while all signals keep their limits");
}

void data_pace_init(DataPace *pace, double duty, int64_t now_us)
{
    *pace = (DataPace){.duty = duty,
                       .state = duty <= 0  ? PACE_PAUSED
                                : duty < 1 ? PACE_SLOWED
                                           : PACE_FREE,
                       .most = 1,
                       .left = 1,
                       .calm_us = -1,
                       .looked_us = now_us,
                       .paused_us = now_us,
                       .hold_us = PACE_PAUSE_US};
    pace->resumed_us = now_us - AGAIN_US;
    if (pace->state == PACE_PAUSED)
        snprintf(pace->why, sizeof(pace->why), "it was paused when its runner ended");
    else if (pace->state == PACE_SLOWED)
        slowly(pace, "it goes on as slowly as when its runner ended");
}

void data_pace_begin_slowly(DataPace *pace)
{
    if (pace->state != PACE_FREE) /* a share was found, or a pause: either holds */
        return;
    pace->state = PACE_SLOWED;
    pace->duty = DUTY_FIRST;
    pace->beginning = true;
    slowly(pace, "it begins slowly");
}

static size_t past_of(DataPace *pace, const DataSignal *signal, int64_t now_us)
{
    size_t oldest = 0;
    for (size_t i = 0; i < pace->past_count; i++) {
        if (text_equal(pace->past[i].name, signal->name))
            return i;
        if (pace->past[i].seen_us < pace->past[oldest].seen_us)
            oldest = i;
    }
    size_t at = pace->past_count < PACE_SIGNALS_MAX ? pace->past_count++ : oldest;
    snprintf(pace->past[at].name, sizeof(pace->past[at].name), "%s", signal->name);
    pace->past[at].smooth = 0;
    pace->past[at].measured = 0;
    pace->past[at].known_us = now_us; /* what is new may be unknown for a moment */
    return at;
}

/* The median of the last three: one second in which the disk stood still says nothing about us. */
static double median_of(const double newest[PACE_NEWEST], size_t count)
{
    double a = newest[0];
    double b = count > 1 ? newest[1] : a;
    double c = count > 2 ? newest[2] : fmin(a, b);
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

static double steering_pressure(DataPace *pace, size_t at, double raw)
{
    size_t place = pace->past[at].measured++ % PACE_NEWEST;
    pace->past[at].newest[place] = raw;
    size_t count = pace->past[at].measured < PACE_NEWEST ? pace->past[at].measured : PACE_NEWEST;
    return median_of(pace->past[at].newest, count);
}

/* A rise counts at once where waiting would cost somebody; a fall is smoothed. */
static double pressure_of(DataPace *pace, const DataSignal *signal, int64_t now_us)
{
    size_t at = past_of(pace, signal, now_us);
    bool is_new = pace->past[at].seen_us == 0;
    double elapsed_us = (double)(now_us - pace->past[at].seen_us);
    pace->past[at].seen_us = now_us;
    if (!signal->known)
        return now_us - pace->past[at].known_us > PACE_UNKNOWN_US
                   ? (signal->steers ? STEERS.stop : STOPS.stop)
                   : pace->past[at].smooth;
    pace->past[at].known_us = now_us;
    double raw = signal->value / signal->limit;
    if (!(raw <= PRESSURE_MOST)) /* not a number counts as the worst */
        raw = PRESSURE_MOST;
    if (signal->steers && signal->fresh)
        pace->past[at].smooth = steering_pressure(pace, at, raw);
    if (signal->steers)
        return pace->past[at].smooth;
    bool at_once = is_new || raw > pace->past[at].smooth;
    double weight = at_once ? 1 : 1 - exp(-elapsed_us / SMOOTH_US);
    pace->past[at].smooth += (raw - pace->past[at].smooth) * weight;
    return pace->past[at].smooth;
}

static void take(Worst *worst, const DataSignal *signal, double pressure, double stop)
{
    if (worst->signal != NULL && worst->pressure >= pressure)
        return;
    *worst = (Worst){.signal = signal, .pressure = pressure, .strength = pressure / stop};
}

static Look look_at(DataPace *pace, const DataSignal *signals, size_t count, int64_t now_us)
{
    Look look = {0};
    for (size_t i = 0; i < count && i < PACE_SIGNALS_MAX; i++) {
        const DataSignal *signal = &signals[i];
        double pressure = pressure_of(pace, signal, now_us);
        take(signal->steers ? &look.steers : &look.stops, signal, pressure,
             signal->steers ? STEERS.stop : STOPS.stop);
        look.steered |= signal->steers;
        look.fresh |= signal->steers && signal->fresh;
    }
    return look;
}

/* ------------------------------------------------------------------ words */

static void say(DataPace *pace, const Worst *worst, const struct Rule *rule)
{
    const DataSignal *signal = worst->signal;
    if (!signal->known) {
        snprintf(pace->why, sizeof(pace->why), "%.80s cannot be read: %.150s", signal->name,
                 signal->why);
        snprintf(pace->until, sizeof(pace->until), "goes on when it can be read");
        return;
    }
    snprintf(pace->why, sizeof(pace->why), "%s is %.3g%s, its limit is %.3g%s", signal->name,
             signal->value, signal->unit, signal->limit, signal->unit);
    if (pace->state == PACE_PAUSED)
        snprintf(pace->until, sizeof(pace->until), "goes on below %.3g%s for %d s",
                 signal->limit * rule->calm, signal->unit, PACE_CALM_US / 1000000);
    else
        snprintf(pace->until, sizeof(pace->until), "faster below %.3g%s",
                 signal->limit * rule->slow, signal->unit);
}

static void explain(DataPace *pace, const Look *look)
{
    bool steers = look->stops.signal == NULL || look->steers.strength > look->stops.strength;
    const Worst *worst = steers ? &look->steers : &look->stops;
    if (worst->signal != NULL)
        say(pace, worst, steers ? &STEERS : &STOPS);
}

/* ------------------------------------------------------------------ the loop */

static void pause(DataPace *pace, const Look *look, int64_t now_us)
{
    bool again = now_us - pace->resumed_us < AGAIN_US;
    int64_t longer_us = pace->hold_us * 2;
    pace->hold_us = again ? longer_us : PACE_PAUSE_US;
    if (pace->hold_us > PACE_PAUSE_MAX_US)
        pace->hold_us = PACE_PAUSE_MAX_US;
    pace->state = PACE_PAUSED;
    pace->left = pace->duty;
    pace->duty = 0;
    pace->beginning = false;
    pace->paused_us = now_us;
    pace->calm_us = -1;
    explain(pace, look);
}

static void stay_paused(DataPace *pace, const Look *look, int64_t now_us)
{
    bool calm = look->stops.pressure < STOPS.calm && look->steers.pressure < STEERS.calm;
    if (!calm) {
        pace->calm_us = -1;
        explain(pace, look);
        return;
    }
    if (pace->calm_us < 0)
        pace->calm_us = now_us;
    if (now_us - pace->calm_us < PACE_CALM_US || now_us - pace->paused_us < pace->hold_us)
        return;
    pace->resumed_us = now_us;
    pace->state = PACE_SLOWED;
    pace->duty = fmin(DUTY_AFTER_PAUSE, fmax(pace->left / 2, DUTY_LEAST));
    slowly(pace, "it goes on slowly after a pause");
}

static double steered(DataPace *pace, double pressure)
{
    if (!pace->beginning)
        return fmin(fmax(pow(pressure, -STEER_POWER), STEER_LEAST), STEER_MOST);
    pace->beginning = pressure < STEERS.slow;
    return pace->beginning ? BEGIN_FACTOR : 1 / (BEGIN_FACTOR * BEGIN_FACTOR);
}

static void steer(DataPace *pace, const Look *look)
{
    double stops = look->stops.pressure;
    double factor = look->fresh ? steered(pace, look->steers.pressure) : 1;
    bool near_stop = stops > STOPS.slow;
    if (near_stop)
        pace->duty *= 1 - 0.5 * (stops - STOPS.slow) / (STOPS.stop - STOPS.slow);
    else if (!look->steered)
        pace->duty += DUTY_STEP;
    if (!near_stop || factor < 1)
        pace->duty *= factor;
    pace->duty = fmin(fmax(pace->duty, DUTY_LEAST), pace->most);
    pace->state = pace->duty < pace->most ? PACE_SLOWED : PACE_FREE;
    if (near_stop || look->steers.pressure > STEERS.slow)
        explain(pace, look);
    if (pace->state == PACE_FREE)
        pace->why[0] = pace->until[0] = '\0';
}

void data_pace_look(DataPace *pace, const DataSignal *signals, size_t count, int64_t now_us)
{
    Look look = look_at(pace, signals, count, now_us);
    pace->looked_us = now_us;
    if (pace->state == PACE_PAUSED)
        stay_paused(pace, &look, now_us);
    else if (look.stops.pressure >= STOPS.stop || look.steers.pressure >= STEERS.stop)
        pause(pace, &look, now_us);
    else
        steer(pace, &look);
}
