/* The row of headgate.pace. */
#include "data/throttle.h"

#include "db/sql.h"
#include "ledger/fence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const DataThrottle DATA_THROTTLE_NONE = {.duty = 1, .each = 1, .most = 1, .pause_us = -1};

bool data_throttle_read(DbConn *conn, const char *run, const char *step, DataThrottle *ret,
                        bool *ret_stale, Error *err)
{
    enum { DUTY, EACH, MOST, BATCH_US, PAUSE_US, WORKERS, AGE_MS };
    AUTO(db_result_auto) DbResult *row = NULL;
    *ret = DATA_THROTTLE_NONE;
    if (!db_query_prepared(conn, db_sql("data_pace_read"), DB_PARAMS(run, step), &row, err))
        return false;
    if (ret_stale != NULL)
        *ret_stale = db_rows(row) > 0 && db_int(row, 0, AGE_MS) > THROTTLE_STALE_MS;
    if (db_rows(row) == 0)
        return true;
    ret->duty = strtod(db_value(row, 0, DUTY), NULL);
    ret->each = strtod(db_value(row, 0, EACH), NULL);
    ret->most = strtod(db_value(row, 0, MOST), NULL);
    ret->batch_us = db_int(row, 0, BATCH_US);
    ret->pause_us = db_int(row, 0, PAUSE_US);
    ret->workers = (int)db_int(row, 0, WORKERS);
    return true;
}

bool data_throttle_write(DbConn *conn, int64_t run, int64_t epoch, const char *step,
                         const DataThrottle *throttle, Error *err)
{
    char run_text[24];
    char duty[32];
    char each[32];
    char most[32];
    char batch[24];
    char pause[24];
    char workers[16];
    snprintf(run_text, sizeof(run_text), "%" PRId64, run);
    snprintf(duty, sizeof(duty), "%.3f", throttle->duty);
    snprintf(each, sizeof(each), "%.3f", throttle->each);
    snprintf(most, sizeof(most), "%.3f", throttle->most);
    snprintf(workers, sizeof(workers), "%d", throttle->workers);
    snprintf(batch, sizeof(batch), "%" PRId64, throttle->batch_us);
    snprintf(pause, sizeof(pause), "%" PRId64, throttle->pause_us);
    if (!ledger_fence_begin(conn, run, epoch, err) ||
        !db_query_prepared(conn, db_sql("data_pace_write"),
                           DB_PARAMS(run_text, step, duty, each, most, batch, pause, workers), NULL,
                           err)) {
        db_rollback(conn);
        return false;
    }
    return db_commit(conn, err);
}

int64_t data_throttle_rest_ms(const DataThrottle *throttle, int64_t busy_us, int64_t plan_pause_us)
{
    int64_t pause_us = throttle->pause_us >= 0 ? throttle->pause_us : plan_pause_us;
    int64_t rest_us = 0;
    if (throttle->each > 0 && throttle->each < 1)
        rest_us = (int64_t)((double)busy_us * (1 / throttle->each - 1));
    rest_us = rest_us > THROTTLE_REST_MAX_MS * 1000LL ? THROTTLE_REST_MAX_MS * 1000LL : rest_us;
    return (rest_us > pause_us ? rest_us : pause_us) / 1000;
}

int64_t data_throttle_batch_us(const DataThrottle *throttle, int64_t plan_batch_us)
{
    int64_t asked_us = throttle->batch_us > 0 ? throttle->batch_us : plan_batch_us;
    if (throttle->duty <= 0 || throttle->duty >= 1 || asked_us <= THROTTLE_BATCH_LEAST_US)
        return asked_us;
    int64_t share_us = (int64_t)((double)asked_us * throttle->duty * throttle->duty);
    return share_us > THROTTLE_BATCH_LEAST_US ? share_us : THROTTLE_BATCH_LEAST_US;
}
