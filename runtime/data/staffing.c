/* The climb, and shares. */
#include "data/staffing.h"

#include <math.h>

static const double GAIN = 1.10;  /* one more must bring so much */
static const double LOSS = 0.97;  /* one fewer must leave so much */
static const double SPARE = 0.85; /* how busy the rest may be when one goes */

void data_staffing_init(DataStaffing *staffing, int workers, int least, int most, int64_t now_us)
{
    *staffing = (DataStaffing){.least = least,
                               .most = most,
                               .best = workers,
                               .step = 1,
                               .phase = STAFFING_RESTS,
                               .since_us = now_us,
                               .rest_us = STAFFING_FIRST_US,
                               .again_us = STAFFING_AGAIN_US};
}

int data_staffing_wanted(const DataStaffing *staffing)
{
    bool tries = staffing->phase == STAFFING_SETTLES || staffing->phase == STAFFING_TRIES;
    return tries ? staffing->to : staffing->best;
}

static void enter(DataStaffing *staffing, DataStaffingPhase phase, const DataStaffingLook *look)
{
    staffing->phase = phase;
    staffing->since_us = look->now_us;
    staffing->rows = look->rows;
    staffing->batches = look->batches;
}

static void rest(DataStaffing *staffing, int64_t rest_us, const DataStaffingLook *look)
{
    staffing->rest_us = rest_us;
    enter(staffing, STAFFING_RESTS, look);
}

/* Rows a second of the window; < 0: it is not over. */
static double window_rate(const DataStaffing *staffing, const DataStaffingLook *look)
{
    int64_t elapsed_us = look->now_us - staffing->since_us;
    bool over = elapsed_us >= STAFFING_WINDOW_US &&
                look->batches - staffing->batches >= STAFFING_WINDOW_BATCHES;
    return over ? (double)(look->rows - staffing->rows) * 1e6 / (double)elapsed_us : -1;
}

static bool can_step(const DataStaffing *staffing)
{
    int next = staffing->best + staffing->step;
    return next >= staffing->least && next <= staffing->most;
}

static void begin_trial(DataStaffing *staffing, const DataStaffingLook *look)
{
    if (!can_step(staffing))
        staffing->step = -staffing->step;
    staffing->from = staffing->best;
    staffing->to = staffing->best + staffing->step;
    enter(staffing, STAFFING_SETTLES, look);
}

/* Where one step helped, the next is tried at once; where it did not, the other way, later. */
static void judge(DataStaffing *staffing, const DataStaffingLook *look)
{
    if (staffing->tried >= staffing->before * (staffing->step > 0 ? GAIN : LOSS)) {
        staffing->best = staffing->to;
        staffing->again_us = STAFFING_AGAIN_US;
        rest(staffing, 0, look);
        return;
    }
    staffing->step = -staffing->step;
    rest(staffing, staffing->again_us, look);
    staffing->again_us *= 2;
    if (staffing->again_us > STAFFING_AGAIN_MAX_US)
        staffing->again_us = STAFFING_AGAIN_MAX_US;
}

static bool go_on(DataStaffing *staffing, const DataStaffingLook *look)
{
    int64_t elapsed_us = look->now_us - staffing->since_us;
    double rate = window_rate(staffing, look);
    switch (staffing->phase) {
    case STAFFING_RESTS:
        if (elapsed_us >= staffing->rest_us)
            enter(staffing, STAFFING_BEFORE, look);
        return false;
    case STAFFING_BEFORE:
        staffing->before = rate;
        if (rate >= 0)
            begin_trial(staffing, look);
        return false;
    case STAFFING_SETTLES:
        if (look->workers == data_staffing_wanted(staffing) && elapsed_us >= STAFFING_SETTLE_US)
            enter(staffing, STAFFING_TRIES, look);
        else if (elapsed_us >= STAFFING_GIVE_UP_US)
            rest(staffing, staffing->again_us, look);
        return false;
    case STAFFING_TRIES:
        staffing->tried = rate;
        if (rate >= 0)
            judge(staffing, look);
        return rate >= 0;
    }
    return false;
}

bool data_staffing_look(DataStaffing *staffing, const DataStaffingLook *look)
{
    bool settled = staffing->phase == STAFFING_RESTS || staffing->phase == STAFFING_SETTLES ||
                   look->workers == data_staffing_wanted(staffing);
    if (staffing->least == staffing->most)
        return false;
    if (look->steady && settled)
        return go_on(staffing, look);
    if (staffing->phase != STAFFING_RESTS)
        rest(staffing, STAFFING_FIRST_US, look);
    return false;
}

/* ---------------------------------------------------------------- shares */

int data_staffing_slowed(int wanted, int joined, int now, double duty)
{
    double need = duty * (wanted + joined) - joined; /* of our own, at all their time */
    if (duty <= 0)
        return now < 1 ? 1 : now < wanted ? now : wanted; /* it rests: nothing is to be gained */
    int busy = (int)ceil(need - 1e-9);
    int spared = (int)ceil(need / SPARE - 1e-9);
    int count = busy > now ? busy : spared < now ? spared : now;
    return count < 1 ? 1 : count < wanted ? count : wanted;
}

double data_staffing_each(int wanted, int joined, int now, double duty)
{
    return fmin(1, duty * (wanted + joined) / (now + joined));
}
