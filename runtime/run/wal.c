/* What pg_stat_archiver says, against what the plan wants. */
#include "run/wal.h"

#include "base/clock.h"
#include "db/sql.h"
#include "run/kind.h"

#include <stdio.h>

enum {
    MODE,
    STANDBY,
    DONE_WAL,
    DONE_AT,
    AGE_US,
    FAILED_WAL,
    FAILED_AT,
    FAILED,
    FAILS_NOW,
    SINCE,
    MARKS_SEEN
};

static const char TURN_ON[] = "set archive_mode = on and archive_command, then restart the server";
static const char LOOK[] = "the server's log has the message of archive_command";
static const char TIMEOUT[] =
    "archive_timeout says how long a WAL file may stay open on a server that writes little";

/* The newest file that was archived; NULL texts: none that we know of. */
typedef struct Newest {
    const char *wal;
    const char *at;
    int64_t age_us;
} Newest;

/* A crash of the server resets its statistics, but not the marks of the files. */
static bool find_newest(DbConn *conn, const DbResult *stat, DbResult **ret_marks, Newest *newest,
                        Error *err)
{
    *newest = (Newest){0};
    if (!db_is_null(stat, 0, AGE_US)) {
        *newest = (Newest){.wal = db_value(stat, 0, DONE_WAL),
                           .at = db_value(stat, 0, DONE_AT),
                           .age_us = db_int(stat, 0, AGE_US)};
        return true;
    }
    if (!db_bool(stat, 0, MARKS_SEEN))
        return true;
    if (!db_query(conn, db_sql("wal_archived_files"), NULL, ret_marks, err))
        return false;
    if (db_rows(*ret_marks) > 0)
        *newest = (Newest){.wal = db_value(*ret_marks, 0, 0),
                           .at = db_value(*ret_marks, 0, 1),
                           .age_us = db_int(*ret_marks, 0, 2)};
    return true;
}

/* What helps; "" = it holds. */
static const char *judge(const DbResult *stat, const Newest *newest, int64_t max_us, char *text,
                         size_t size)
{
    char age[32];
    char most[32];
    bool never = newest->wal == NULL;
    int64_t age_us = newest->age_us;
    const char *mode = db_value(stat, 0, MODE);
    bool standby = db_bool(stat, 0, STANDBY);
    if (text_equal(mode, "off") || (standby && !text_equal(mode, "always"))) {
        snprintf(text, size, "WAL is not archived: archive_mode is %s%s", mode,
                 standby ? " on a standby" : "");
        return TURN_ON;
    }
    if (db_bool(stat, 0, FAILS_NOW)) {
        snprintf(
            text, size, "archiving fails: %s at %s, %s failures in all; %s%s",
            db_value(stat, 0, FAILED_WAL), db_value(stat, 0, FAILED_AT), db_value(stat, 0, FAILED),
            never ? "it has never succeeded" : "its last success was at ", never ? "" : newest->at);
        return LOOK;
    }
    if (never) {
        snprintf(text, size, "archive_mode is %s, but nothing has been archived since %s", mode,
                 db_value(stat, 0, SINCE));
        return TIMEOUT;
    }
    duration_text(max_us, most, sizeof(most));
    snprintf(text, size, "the last WAL file, %s, was archived %s ago; at most %s", newest->wal,
             duration_text(age_us < 0 ? 0 : age_us - age_us % 1000000, age, sizeof(age)), most);
    return age_us > max_us ? TIMEOUT : "";
}

bool run_wal_archiving(const RunLook *look, json_t *detail, Error *err)
{
    const json_t *wanted = json_object_get(look->node->keys, "wal_archiving");
    AUTO(db_result_auto) DbResult *stat = NULL;
    AUTO(db_result_auto) DbResult *marks = NULL;
    Newest newest;
    int64_t max_us = 0;
    char found[400];
    if (!duration_parse(json_get_string(wanted, "max_age", ""), &max_us, err) ||
        !db_query(look->conn, db_sql("wal_archiving"), NULL, &stat, err) ||
        !find_newest(look->conn, stat, &marks, &newest, err))
        return false;
    const char *hint = judge(stat, &newest, max_us, found, sizeof(found));
    AUTO(base_free)
    char *text = base_printf("%s%s%s", found, hint[0] == '\0' ? "" : ": ", hint);
    json_set_string(detail, "last_archived_at", newest.at == NULL ? "" : newest.at);
    return run_kind_check_verdict(detail, hint[0] == '\0', text, err);
}
