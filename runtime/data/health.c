/* Reading the server's health. The lag of a replica is our own measure: it has replayed up to some
 * position, and the log of positions says when the primary stood there. (replay_lag alone stays at
 * its last value when replay stands still.) */
#include "data/health.h"

#include "db/sql.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARKS = 128, REPLICAS_MAX = 16, GONE_US = 60000000, MARK_LEAST_US = 250000 };

typedef struct Replica {
    char name[64];
    int64_t seen_us;
} Replica;

struct DataHealth {
    DataHealthOptions options;
    struct {
        int64_t at_us;
        double lsn;
    } marks[MARKS]; /* in order; as far apart as the limit asks for */
    size_t marks_count;
    double lsn; /* of the look under way */
    Replica replicas[REPLICAS_MAX];
    size_t replicas_count;
    DataSignal signals[HEALTH_SIGNALS_MAX];
    size_t count;
};

DataHealth *data_health_new(const DataHealthOptions *options)
{
    DataHealth *health = base_alloc(sizeof(*health));
    health->options = *options;
    return health;
}

void data_health_free(DataHealth *health)
{
    base_free(&health);
}

static double seconds(int64_t us)
{
    return (double)us / 1e6;
}

static DataSignal *add(DataHealth *health, double value, double limit, const char *unit)
{
    if (health->count == HEALTH_SIGNALS_MAX)
        return NULL;
    DataSignal *signal = &health->signals[health->count++];
    *signal = (DataSignal){.value = value, .limit = limit, .unit = unit, .known = true};
    return signal;
}

static void name(DataSignal *signal, const char *text)
{
    if (signal != NULL)
        snprintf(signal->name, sizeof(signal->name), "%s", text);
}

/* ------------------------------------------------------------------ replicas */

/* Half of the marks reach back as far as the limit. */
static void mark(DataHealth *health, double lsn, int64_t now_us)
{
    int64_t apart_us = health->options.throttle->replica_lag_us / (MARKS / 2);
    apart_us = apart_us < MARK_LEAST_US ? MARK_LEAST_US : apart_us;
    health->lsn = lsn;
    if (health->marks_count > 0 && now_us - health->marks[health->marks_count - 1].at_us < apart_us)
        return;
    if (health->marks_count == MARKS) {
        memmove(health->marks, health->marks + 1, (MARKS - 1) * sizeof(health->marks[0]));
        health->marks_count--;
    }
    health->marks[health->marks_count].at_us = now_us;
    health->marks[health->marks_count++].lsn = lsn;
}

/* At most so long ago the primary stood where the replica stands. */
static int64_t behind_us(const DataHealth *health, double replayed, int64_t now_us)
{
    if (replayed >= health->lsn || health->marks_count == 0)
        return 0;
    size_t at = health->marks_count;
    while (at > 1 && health->marks[at - 1].lsn > replayed)
        at--;
    return now_us - health->marks[at - 1].at_us;
}

static Replica *replica_of(DataHealth *health, const char *replica_name)
{
    for (size_t i = 0; i < health->replicas_count; i++) {
        if (text_equal(health->replicas[i].name, replica_name))
            return &health->replicas[i];
    }
    if (health->replicas_count == REPLICAS_MAX)
        return NULL;
    Replica *replica = &health->replicas[health->replicas_count++];
    snprintf(replica->name, sizeof(replica->name), "%s", replica_name);
    return replica;
}

static DataSignal *add_replica(DataHealth *health, const char *replica_name, double lag_s)
{
    double limit_s = seconds(health->options.throttle->replica_lag_us);
    DataSignal *signal = add(health, lag_s, limit_s, " s");
    if (signal != NULL)
        snprintf(signal->name, sizeof(signal->name), "the lag of replica %.60s", replica_name);
    return signal;
}

typedef struct Row {
    const char *name;
    double value;
    bool null;
    const char *why_not;
} Row;

static void take_replica(DataHealth *health, const Row *row, int64_t now_us)
{
    Replica *replica = replica_of(health, row->name);
    if (replica != NULL)
        replica->seen_us = now_us;
    double lag_s = row->null ? 0 : seconds(behind_us(health, row->value, now_us));
    DataSignal *signal = add_replica(health, row->name, lag_s);
    if (signal == NULL || !row->null)
        return;
    signal->known = false;
    snprintf(signal->why, sizeof(signal->why), "%s",
             row->why_not[0] != '\0' ? row->why_not : "it does not say how far it is");
}

/* What the replica measured itself, when that is more: at the start we have no marks. */
static void take_lag(DataHealth *health, const Row *row, int64_t now_us)
{
    char named[96];
    UNUSED(now_us);
    snprintf(named, sizeof(named), "the lag of replica %.60s", row->name);
    for (size_t i = 0; i < health->count; i++) {
        DataSignal *signal = &health->signals[i];
        bool starting = health->marks_count < MARKS / 2;
        if (starting && text_equal(signal->name, named))
            signal->value = fmax(signal->value, row->value);
    }
}

static void add_gone(DataHealth *health, int64_t now_us)
{
    for (size_t i = 0; i < health->replicas_count; i++) {
        const Replica *replica = &health->replicas[i];
        if (replica->seen_us == now_us || now_us - replica->seen_us > GONE_US)
            continue;
        DataSignal *signal = add_replica(health, replica->name, 0);
        if (signal == NULL)
            return;
        signal->known = false;
        snprintf(signal->why, sizeof(signal->why), "it is not connected any more");
    }
}

/* ------------------------------------------------------------------ the others */

static void take_lsn(DataHealth *health, const Row *row, int64_t now_us)
{
    if (!row->null)
        mark(health, row->value, now_us);
}

static void take_archive(DataHealth *health, const Row *row, int64_t now_us)
{
    static const double MIB = 1024.0 * 1024.0;
    UNUSED(now_us);
    name(add(health, row->value / MIB, health->options.throttle->wal_backlog_mib, " MiB"),
         "WAL waiting to be archived");
}

static void take_blocked(DataHealth *health, const Row *row, int64_t now_us)
{
    UNUSED(now_us);
    name(add(health, row->value, seconds(health->options.throttle->blocked_us), " s"),
         "the wait for rows that we hold");
}

static void take_sessions(DataHealth *health, const Row *row, int64_t now_us)
{
    UNUSED(now_us);
    if (health->options.throttle->active_sessions == 0)
        return;
    DataSignal *signal =
        add(health, row->value, health->options.throttle->active_sessions, " at work");
    name(signal, "the number of sessions");
    if (signal == NULL || row->why_not[0] == '\0')
        return;
    signal->known = false;
    snprintf(signal->why, sizeof(signal->why), "%s", row->why_not);
}

static void take_vacuum(DataHealth *health, const Row *row, int64_t now_us)
{
    static const double LEAST[] = {
        [VACUUM_WRAPAROUND] = 2, [VACUUM_ANY] = 1, [VACUUM_NONE] = HUGE_VAL};
    UNUSED(now_us);
    if (!row->null && row->value >= LEAST[health->options.throttle->autovacuum])
        name(add(health, 1, 1, ""), "the number of autovacuums of the table");
}

static void take_slot(DataHealth *health, const Row *row, int64_t now_us)
{
    UNUSED(now_us);
    DataSignal *signal = add(health, 1, 1, "");
    if (signal != NULL)
        snprintf(signal->name, sizeof(signal->name),
                 "the number of slots about to lose their WAL (%.40s)", row->name);
}

static const struct Kind {
    const char *name;
    void (*take)(DataHealth *health, const Row *row, int64_t now_us);
} KINDS[] = {
    {"lsn", take_lsn},         {"replica", take_replica}, {"lag", take_lag},
    {"archive", take_archive}, {"blocked", take_blocked}, {"sessions", take_sessions},
    {"vacuum", take_vacuum},   {"slot", take_slot},
};

static void take(DataHealth *health, const char *kind, const Row *row, int64_t now_us)
{
    for (size_t i = 0; i < COUNT_OF(KINDS); i++) {
        if (text_equal(KINDS[i].name, kind))
            KINDS[i].take(health, row, now_us);
    }
}

/* ------------------------------------------------------------------ a look */

static bool ask(const DataHealth *health, DbConn *conn, DbResult **ret_rows, Error *err)
{
    char relation[16];
    char ours[48];
    snprintf(relation, sizeof(relation), "%u", health->options.relation);
    snprintf(ours, sizeof(ours), "headgate:%" PRId64 ":", health->options.run);
    return db_query_prepared(conn, db_sql("data_health"), DB_PARAMS(relation, ours), ret_rows, err);
}

/* Nothing was ever read: that nothing is known is a signal, where none would be all clear. */
static void forget_values(DataHealth *health, const Error *err)
{
    if (health->count == 0)
        name(add(health, 0, 1, ""), "the health of the server");
    for (size_t i = 0; i < health->count; i++) {
        health->signals[i].known = false;
        snprintf(health->signals[i].why, sizeof(health->signals[i].why), "%.150s", err->message);
    }
}

bool data_health_look(DataHealth *health, DbConn *conn, int64_t now_us,
                      DataSignal ret_signals[HEALTH_SIGNALS_MAX], size_t *ret_count, Error *err)
{
    enum { KIND, NAME, VALUE, WHY_NOT };
    AUTO(db_result_auto) DbResult *rows = NULL;
    bool ok = ask(health, conn, &rows, err);
    if (ok)
        health->count = 0;
    else
        forget_values(health, err);
    for (int i = 0; ok && i < db_rows(rows); i++) {
        Row row = {.name = db_value(rows, i, NAME),
                   .value = strtod(db_value(rows, i, VALUE), NULL),
                   .null = db_is_null(rows, i, VALUE),
                   .why_not = db_value(rows, i, WHY_NOT)};
        take(health, db_value(rows, i, KIND), &row, now_us);
    }
    if (ok)
        add_gone(health, now_us);
    memcpy(ret_signals, health->signals, health->count * sizeof(ret_signals[0]));
    *ret_count = health->count;
    return ok;
}
