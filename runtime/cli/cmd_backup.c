/* backup: the dumps that steps made, which of them their rules keep, and deleting the others. Only
 * what the ledger knows is ever deleted: in the folder of this machine, and as long as it is. */
#include "cli/commands.h"
#include "cli/context.h"
#include "ledger/backup.h"
#include "plan/retain.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum Verdict {
    KEPT,
    NO_RULE,
    UNENDED,
    ELSEWHERE,
    GONE,
    CHANGED,
    GOES,
    DELETED,
    VERDICTS
} Verdict;

static const struct VerdictRow {
    const char *name;
    const char *why;
} ROWS[VERDICTS] = {
    [KEPT] = {"kept", "its rule keeps it"},
    [NO_RULE] = {"no_rule", "kept: its step has no retain"},
    [UNENDED] = {"unended", "kept: its run has not ended"},
    [ELSEWHERE] = {"elsewhere", "left alone: it is not in this machine's folder"},
    [GONE] = {"gone", "is not there any more"},
    [CHANGED] = {"changed", "left alone: it is not the file that was written"},
    [GOES] = {"goes", "no rule keeps it"},
    [DELETED] = {"deleted", "no rule kept it"},
};

typedef struct Backups {
    Cli *cli;
    CliContext context;
    DbConn *state;
    json_t *runs;
    json_t *all;             ///< rows of ledger_backup_list() with "verdict"
    char folder[PATH_MAX];   ///< where this machine keeps them; "" = it has none
    size_t deleted, unknown; ///< unknown: files in the folder that the ledger does not name
} Backups;

/* ------------------------------------------------------------------ what the ledger knows */

static bool add_target(Backups *backups, const ConfigTarget *target, Error *err)
{
    AUTO(db_close_auto) DbConn *own = NULL;
    AUTO(json_auto) json_t *found = NULL;
    DbConn *conn = backups->state;
    if (target != backups->context.state) {
        Error why = {0};
        if (!cli_context_target(backups->cli, target, true, &own, &why)) {
            fprintf(stderr, "headgate: not looked at: %s\n", why.message);
            return true;
        }
        conn = own;
    }
    if (!ledger_backup_list(conn, backups->runs, &found, err))
        return error_wrap(err, "target \"%s\"", target->name);
    json_array_extend(backups->all, found);
    return true;
}

static bool read_all(Backups *backups, Error *err)
{
    CliContext *context = &backups->context;
    if (!cli_context_open(backups->cli, NULL, context, err) ||
        !cli_context_connect(backups->cli, context, false, &backups->state, err) ||
        !ledger_backup_runs(backups->state, &backups->runs, err))
        return false;
    AUTO(base_free) char *folder = base_printf("%s/backups", context->home);
    if (realpath(folder, backups->folder) == NULL)
        backups->folder[0] = '\0';
    for (size_t i = 0; i < context->environment->targets_count; i++) {
        if (!add_target(backups, &context->environment->targets[i], err))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ what stays */

/* The folder as it is now may be another one than that of the runner: another machine, another
 * HEADGATE_HOME. */
static Verdict look_at_file(const Backups *backups, const json_t *row)
{
    const char *file = json_get_string(row, "file", "");
    const char *slash = strrchr(file, '/');
    char folder[PATH_MAX];
    struct stat info;
    AUTO(base_free)
    char *parent = base_printf("%.*s", slash == NULL ? 0 : (int)(slash - file), file);
    if (backups->folder[0] == '\0' || realpath(parent, folder) == NULL ||
        strcmp(folder, backups->folder) != 0)
        return ELSEWHERE;
    if (lstat(file, &info) != 0)
        return GONE;
    return S_ISREG(info.st_mode) && info.st_size == json_get_int(row, "size_bytes", -1) ? GOES
                                                                                        : CHANGED;
}

static bool rule_of(const json_t *row, PlanRetain *ret_rule)
{
    Error ignored = {0};
    const json_t *value = json_object_get(row, "retain");
    return value != NULL && !json_is_null(value) && plan_retain_read(value, ret_rule, &ignored);
}

/* A series: rows of backups->all whose files are here, newest first. What is gone or elsewhere does
 * not count: it could not be restored from here. */
typedef struct Series {
    const Backups *backups;
    json_t **rows;
    int64_t *times;
    size_t count;
} Series;

static bool keeps(const Series *series, const PlanRetain *rule, size_t row)
{
    bool *keep = base_alloc(series->count * sizeof(*keep));
    plan_retain_keep(rule, series->times, series->count,
                     json_get_int(series->rows[row], "now_us", 0), keep);
    bool result = keep[row];
    free(keep);
    return result;
}

/* What was promised when it was made holds, and so does what the newest one says. */
static Verdict judge(const Series *series, size_t row)
{
    PlanRetain own;
    PlanRetain newest;
    if (!rule_of(series->rows[row], &own) || !rule_of(series->rows[0], &newest))
        return NO_RULE;
    if (keeps(series, &own, row) || keeps(series, &newest, row))
        return KEPT;
    return json_get_bool(series->rows[row], "ended", false) ? GOES : UNENDED;
}

static void judge_series(Series *series, size_t first, size_t end)
{
    series->count = 0;
    for (size_t i = first; i < end; i++) {
        json_t *row = json_array_get(series->backups->all, i);
        Verdict file = look_at_file(series->backups, row);
        json_set_string(row, "verdict", ROWS[file].name);
        if (file != GOES)
            continue;
        series->rows[series->count] = row;
        series->times[series->count++] = json_get_int(row, "taken_us", 0);
    }
    for (size_t i = 0; i < series->count; i++)
        json_set_string(series->rows[i], "verdict", ROWS[judge(series, i)].name);
}

static bool same_series(const json_t *a, const json_t *b)
{
    static const char *const KEYS[] = {"plan", "path", "database"};
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        if (!text_equal(json_get_string(a, KEYS[i], ""), json_get_string(b, KEYS[i], "")))
            return false;
    }
    return true;
}

static void judge_all(const Backups *backups)
{
    size_t most = json_array_size(backups->all);
    Series series = {.backups = backups,
                     .rows = base_alloc((most + 1) * sizeof(*series.rows)),
                     .times = base_alloc((most + 1) * sizeof(*series.times))};
    for (size_t first = 0, end = 0; first < most; first = end) {
        const json_t *head = json_array_get(backups->all, first);
        for (end = first + 1; end < most && same_series(head, json_array_get(backups->all, end));)
            end++;
        judge_series(&series, first, end);
    }
    free(series.rows);
    free(series.times);
}

static bool is_known(const Backups *backups, const char *name)
{
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (backups->all, i, row) {
        const char *slash = strrchr(json_get_string(row, "file", ""), '/');
        if (slash != NULL && strcmp(slash + 1, name) == 0)
            return true;
    }
    return false;
}

static void count_unknown(Backups *backups)
{
    DIR *folder = backups->folder[0] == '\0' ? NULL : opendir(backups->folder);
    const struct dirent *entry = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        backups->unknown += entry->d_name[0] != '.' && !is_known(backups, entry->d_name);
    if (folder != NULL)
        (void)closedir(folder);
}

/* ------------------------------------------------------------------ saying, and doing */

static Verdict verdict_of(const json_t *row)
{
    const char *name = json_get_string(row, "verdict", "");
    Verdict verdict = KEPT;
    while (verdict < DELETED && strcmp(ROWS[verdict].name, name) != 0)
        verdict++;
    return verdict;
}

static void print_series(const json_t *row)
{
    char text[160] = "no retain";
    PlanRetain rule;
    if (rule_of(row, &rule))
        plan_retain_text(&rule, text, sizeof(text));
    printf("%s \"%s\" in %s: %s\n", json_get_string(row, "plan", ""),
           json_get_string(row, "path", ""), json_get_string(row, "database", ""), text);
}

static void print_row(const json_t *row)
{
    const struct VerdictRow *verdict = &ROWS[verdict_of(row)];
    printf("  %-9s %s  run %" PRId64 "  %" PRId64 " bytes  %s  (%s)\n", verdict->name,
           json_get_string(row, "taken_at", ""), json_get_int(row, "run", 0),
           json_get_int(row, "size_bytes", 0), json_get_string(row, "file", ""), verdict->why);
}

static void print_rows(const Backups *backups, bool only_going)
{
    size_t i = 0;
    json_t *row = NULL;
    const json_t *last = NULL;
    json_array_foreach (backups->all, i, row) {
        if (only_going && verdict_of(row) != GOES)
            continue;
        if (last == NULL || !same_series(last, row))
            print_series(row);
        print_row(row);
        last = row;
    }
}

static bool delete_row(Backups *backups, json_t *row, Error *err)
{
    const char *file = json_get_string(row, "file", "");
    if (look_at_file(backups, row) != GOES) /* looked at again: time has passed */
        return true;
    if (unlink(file) != 0)
        return error_set(err, ERROR_INTERNAL, "cannot delete %s: %s", file, strerror(errno));
    json_set_string(row, "verdict", ROWS[DELETED].name);
    backups->deleted++;
    return true;
}

static bool delete_going(Backups *backups, Error *err)
{
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (backups->all, i, row) {
        if (verdict_of(row) == GOES && !delete_row(backups, row, err))
            return false;
    }
    return true;
}

static size_t count(const Backups *backups, Verdict verdict)
{
    size_t found = 0;
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (backups->all, i, row)
        found += text_equal(json_get_string(row, "verdict", ""), ROWS[verdict].name);
    return found;
}

static void print_end(const Backups *backups, bool prune, bool yes)
{
    size_t here = count(backups, KEPT) + count(backups, NO_RULE) + count(backups, UNENDED);
    size_t goes = count(backups, GOES);
    printf("%zu %s; ", here, here == 1 ? "backup stays" : "backups stay");
    if (yes)
        printf("%zu deleted\n", backups->deleted);
    else if (goes == 0)
        printf("none would be deleted\n");
    else
        printf("%zu would be deleted%s\n", goes,
               prune ? ": headgate backup prune --yes does it" : " by headgate backup prune --yes");
    if (backups->unknown > 0)
        printf("%zu other %s left alone in %s: not known to this ledger\n", backups->unknown,
               backups->unknown == 1 ? "file is" : "files are", backups->folder);
}

static bool say_and_do(Backups *backups, bool prune, Error *err)
{
    bool yes = prune && cli_flag(backups->cli, "yes");
    bool json = cli_flag(backups->cli, "json");
    judge_all(backups);
    count_unknown(backups);
    if (!json)
        print_rows(backups, prune);
    bool ok = !yes || delete_going(backups, err);
    if (json) {
        cli_print_json(backups->all);
    } else {
        print_end(backups, prune, yes);
    }
    return ok;
}

CliExit cli_backup(Cli *cli)
{
    Error err = {0};
    Backups backups = {.cli = cli, .all = json_array()};
    const char *action = cli_argument(cli, 0);
    bool prune = text_equal(action, "prune");
    if (!prune && !text_equal(action, "list")) {
        fprintf(stderr,
                "headgate: backup has no action \"%s\"\nheadgate help backup shows how it is "
                "used\n",
                action);
        return CLI_USAGE;
    }
    bool ok = read_all(&backups, &err) && say_and_do(&backups, prune, &err);
    json_decref(backups.runs);
    json_decref(backups.all);
    db_close(backups.state);
    if (backups.context.arena != NULL)
        cli_context_done(&backups.context);
    return ok ? CLI_OK : cli_fail(&err);
}
