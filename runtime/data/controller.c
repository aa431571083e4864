/* The size loop. */
#include "data/controller.h"

#include "base/bounds.h"

enum { SAMPLES_TO_FIT = 4, PANIC_FACTOR = 5, PANIC_SHRINK = 10 };
static const double GROWTH = 1.5;

static void set_rows(DataController *controller, double rows)
{
    double most = controller->rows * GROWTH + 1;
    rows = rows > most ? most : rows;
    rows = rows > controller->most ? controller->most : rows;
    controller->rows = rows < BOUND_BATCH_ROWS_MIN ? BOUND_BATCH_ROWS_MIN : (int)rows;
}

void data_controller_init(DataController *controller, int first_rows, int64_t target_us)
{
    *controller = (DataController){.target_us = target_us,
                                   .most = BOUND_BATCH_ROWS_MAX,
                                   .rows = first_rows > 0 ? first_rows : CONTROLLER_FIRST_ROWS};
    if (controller->rows > controller->most)
        controller->rows = controller->most;
}

int data_controller_rows(DataController *controller)
{
    static const int TENTHS[] = {0, 1, 0, -1};
    int tenth = controller->rows < 10 ? 1 : controller->rows / 10;
    int rows = controller->rows + tenth * TENTHS[controller->turn++ % COUNT_OF(TENTHS)];
    rows = rows < BOUND_BATCH_ROWS_MIN ? BOUND_BATCH_ROWS_MIN : rows;
    return rows > controller->most ? controller->most : rows;
}

/* Least squares of us = fixed + per_row × rows. False when all batches had the same size. */
static bool fit(const DataController *controller, double *ret_fixed, double *ret_per_row)
{
    double count = (double)controller->samples_count;
    double sum_rows = 0;
    double sum_us = 0;
    for (size_t i = 0; i < controller->samples_count; i++) {
        sum_rows += controller->samples[i].rows;
        sum_us += controller->samples[i].us;
    }
    double spread = 0;
    double together = 0;
    for (size_t i = 0; i < controller->samples_count; i++) {
        double off = controller->samples[i].rows - sum_rows / count;
        spread += off * off;
        together += off * (controller->samples[i].us - sum_us / count);
    }
    if (spread < 1)
        return false;
    *ret_per_row = together / spread;
    *ret_fixed = sum_us / count - *ret_per_row * sum_rows / count;
    return true;
}

/* What a batch may last. Where its fixed cost is more than half of the target, smaller batches only
 * pay that more often: at least half of a batch is to be work. */
static double allowed_us(const DataController *controller)
{
    double target = (double)controller->target_us;
    double most = BOUND_BATCH_LIMIT_MS * 1000.0 / 2;
    double fair = controller->fixed_us * 2 < most ? controller->fixed_us * 2 : most;
    return fair > target ? fair : target;
}

/* Far too long. Was a smaller batch nearly as long as the one before, then that is its fixed cost,
 * and nothing is gained by shrinking. */
static void panic(DataController *controller, double rows, double us)
{
    double before_rows = controller->panic_rows;
    double per_row = (controller->panic_us - us) / (before_rows - rows);
    bool comparable = before_rows >= 2 * rows && per_row >= 0;
    if (rows <= BOUND_BATCH_ROWS_MIN)
        controller->fixed_us = us;
    else if (comparable)
        controller->fixed_us = us - per_row * rows > 0 ? us - per_row * rows : 0;
    controller->panic_rows = rows;
    controller->panic_us = us;
    controller->samples_count = controller->samples_next = 0;
    bool was_fixed = us <= allowed_us(controller) * PANIC_FACTOR;
    set_rows(controller, was_fixed ? controller->rows * GROWTH : rows / PANIC_SHRINK);
}

static void keep(DataController *controller, double rows, double us)
{
    controller->samples[controller->samples_next].rows = rows;
    controller->samples[controller->samples_next].us = us;
    controller->samples_next = (controller->samples_next + 1) % CONTROLLER_SAMPLES;
    if (controller->samples_count < CONTROLLER_SAMPLES)
        controller->samples_count++;
}

void data_controller_sample(DataController *controller, int rows, int64_t us)
{
    double took = (double)(us > 0 ? us : 1);
    double fixed = 0;
    double per_row = 0;
    if (took > allowed_us(controller) * PANIC_FACTOR) {
        panic(controller, rows, took);
        return;
    }
    keep(controller, rows, took);
    if (controller->samples_count < SAMPLES_TO_FIT || !fit(controller, &fixed, &per_row)) {
        set_rows(controller, rows * allowed_us(controller) / took);
    } else {
        controller->fixed_us = fixed > 0 ? fixed : 0;
        double left = allowed_us(controller) - controller->fixed_us;
        bool hopeless = per_row <= 0 || left <= 0; /* more rows cost nothing, as far as is known */
        set_rows(controller, hopeless ? controller->rows * GROWTH : left / per_row);
    }
}

void data_controller_halve(DataController *controller)
{
    controller->samples_count = controller->samples_next = 0;
    controller->fixed_us = controller->panic_rows = 0;
    set_rows(controller, controller->rows / 2.0);
}

void data_controller_row_bytes(DataController *controller, size_t bytes)
{
    size_t most = bytes == 0 ? BOUND_BATCH_ROWS_MAX : BOUND_BATCH_BYTES / bytes;
    most = most > BOUND_BATCH_ROWS_MAX ? BOUND_BATCH_ROWS_MAX : most;
    controller->most = most < 1 ? 1 : (int)most;
    if (controller->rows > controller->most)
        controller->rows = controller->most;
}
