/* Bugs in statements, to see whether the tests notice them: text that is replaced while
 * HEADGATE_BUG names the bug. Bugs in C stand where they would be made, as BUG("name");
 * tests/crash/bugs.ts lists both. */
#include "db/fault.h"

#include <stdlib.h>
#include <string.h>

#ifdef HEADGATE_BUGS

static const struct SqlBug {
    const char *bug;
    const char *statement;
    const char *from;
    const char *to;
} BUGS[] = {
    {"no_compare_and_set", "data_cursor_move", "last IS NOT DISTINCT FROM $5::text[] AND NOT done",
     "($5::text[] IS NULL OR true)"},
    {"counted_twice", "data_cursor_move", "rows_changed + $9::bigint",
     "rows_changed + 2 * $9::bigint"},
    {"epoch_not_checked", "fence_check", "AND epoch = $2::bigint", "AND $2::bigint > 0"},
    {"lease_not_checked", "lease_take", "(until <= pg_catalog.clock_timestamp() OR",
     "(true OR until <= pg_catalog.clock_timestamp() OR"},
    {"lease_not_released", "lease_release", "WHERE", "WHERE false AND"},
    {"ledger_not_read", "step_list", "WHERE", "WHERE false AND"},
    {"undo_in_start_order", "step_list", "pg_catalog.row_to_json(s)",
     "pg_catalog.to_jsonb(s) || pg_catalog.jsonb_build_object('start_order', - s.start_order)"},
    {"events_not_keyed", "schema_001", "moment, a_epoch, a_sources[i], a_version",
     "moment, a_epoch, a_sources[i], last + 1"},
    {"range_not_released", "data_cursor_release", "range >= 0", "range < -1"},
    {"old_value_not_kept", "data_old_add", "ON CONFLICT", "WHERE false ON CONFLICT"},
    {"old_value_overwritten", "data_old_add", "o.written::jsonb ->> k.key", "'never'"},
    {"queue_forgotten", "data_queue_add", "ON CONFLICT", "WHERE false ON CONFLICT"},
    {"decision_not_settled", "data_queue_settle", "state = 'open'", "state = 'never'"},
    {"sync_left_behind", "data_undo_begin", "VALUES ($1::bigint, $2::text, -1)",
     "SELECT $1::bigint, $2::text, -1 WHERE false"},
};

static char *replaced(const char *text, const struct SqlBug *bug)
{
    const char *at = strstr(text, bug->from);
    invariant(at != NULL); /* the statement was changed: change the bug too */
    return base_printf("%.*s%s%s", (int)(at - text), text, bug->to, at + strlen(bug->from));
}

const char *db_bug_sql(const char *name, const char *text)
{
    static char *texts[COUNT_OF(BUGS)]; /* for ever, like the embedded ones */
    for (size_t i = 0; i < COUNT_OF(BUGS); i++) {
        if (!text_equal(BUGS[i].statement, name) || !BUG(BUGS[i].bug))
            continue;
        if (texts[i] == NULL)
            texts[i] = replaced(text, &BUGS[i]);
        return texts[i];
    }
    return text;
}

#endif
