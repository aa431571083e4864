/* The review queue as a file: open rows go out with a column that people fill in with their own
 * tools, and the filled-in file comes back. All of its decisions are taken, or none. */
#include "data/csv.h"
#include "data/document.h"
#include "data/scan.h"
#include "db/sql.h"
#include "ledger/call.h"
#include "server/handlers.h"
#include "server/private.h"
#include "server/review.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_ROWS = 5000,
    BEFORE_CHARACTERS = 8000,
    FILE_BYTES = 64 * 1024 * 1024,
    PROBLEMS_MAX = 100,
    CHANGES_MAX = 1000
};

/* ------------------------------------------------------------------ out */

/* A spreadsheet would take a text that begins so for a formula. */
static bool is_formula(const char *text)
{
    return text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
}

static void append_field(Text *out, const char *text)
{
    text_append(out, "\"");
    text_append(out, is_formula(text) ? "'" : "");
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"')
            text_append(out, "\"");
        text_append_bytes(out, at, 1);
    }
    text_append(out, "\"");
}

static void append_rows(Text *out, const DbResult *rows)
{
    for (int column = 0; column < db_columns(rows); column++)
        text_printf(out, "%s%s", column == 0 ? "" : ",", db_column_name(rows, column));
    text_append(out, "\r\n");
    for (int row = 0; row < db_rows(rows); row++) {
        for (int column = 0; column < db_columns(rows); column++) {
            text_append(out, column == 0 ? "" : ",");
            append_field(out, db_is_null(rows, row, column) ? "" : db_value(rows, row, column));
        }
        text_append(out, "\r\n");
    }
}

bool review_write_csv(ServerRequest *request, int64_t run, Error *err)
{
    AUTO(review_rows_done) ReviewRows rows = {0};
    AUTO(db_result_auto) DbResult *found = NULL;
    LedgerParams params = {0};
    if (!text_equal(request_arg(request, "format"), "csv"))
        return error_set(err, ERROR_INPUT, "the queue comes as csv, not as %.40s",
                         request_arg(request, "format"));
    ledger_param_int(&params, run);
    ledger_param_text(&params, request_arg(request, "step"));
    ledger_param_text(&params, request_arg(request, "reason"));
    ledger_param_int(&params, FILE_ROWS);
    ledger_param_int(&params, BEFORE_CHARACTERS);
    if (!request_found(request, review_rows_open(request, run, &rows, err), err) ||
        !ledger_call(rows.target.conn, "server_review_csv", &params, &found, err))
        return false;
    AUTO(text_done) Text text;
    text_init(&text, FILE_BYTES);
    append_rows(&text, found);
    if (text.overflowed)
        return error_set(err, ERROR_INPUT,
                         "these rows make a file of more than %d MiB: narrow "
                         "it by step or reason",
                         FILE_BYTES / 1024 / 1024);
    write_file(request, "text/csv",
               arena_printf(request->arena, "headgate-run-%" PRId64 "-review.csv", run), &text);
    return true;
}

/* ------------------------------------------------------------------ in */

enum { COLUMN_STEP, COLUMN_KEY, COLUMN_DECISION, COLUMNS };
static const char *const NAMES[COLUMNS] = {"step", "key", "decision"};

/* A file on its way in. */
typedef struct Sheet {
    ServerRequest *request;
    ReviewRows *rows;
    char delimiter;
    size_t places[COLUMNS]; /* which field of a line it is */
    json_t *seen;           /* "step key" → the line that decided it */
    json_t *changes;
    json_t *problems;
    int64_t lines;
    int64_t decided;
} Sheet;

static const char *field_text(Arena *arena, const DataCsvField *field)
{
    return arena_strndup(arena, field->text, field->bytes);
}

/* Programs that write lists with ";" do so in the head too. */
static bool read_names(Sheet *sheet, const char *line, size_t bytes, Error *err)
{
    DataCsvField *fields = NULL;
    size_t count = 0;
    Arena *arena = sheet->request->arena;
    sheet->delimiter = memchr(line, ',', bytes) == NULL ? ';' : ',';
    if (!data_csv_split(line, bytes, sheet->delimiter, arena, &fields, &count, err))
        return error_wrap(err, "line 1");
    for (size_t name = 0; name < COLUMNS; name++) {
        size_t i = 0;
        while (i < count && !text_equal(field_text(arena, &fields[i]), NAMES[name]))
            i++;
        if (i == count)
            return error_set(err, ERROR_INPUT,
                             "line 1 names no column \"%s\"; step, key and decision are needed",
                             NAMES[name]);
        sheet->places[name] = i;
    }
    return true;
}

/* A key of one part may stand there as it is. */
static json_t *key_of(const char *text, Error *err)
{
    return text[0] == '[' ? json_parse(text, strlen(text), err) : json_pack("[s]", text);
}

static bool is_number(const char *text)
{
    size_t length = strspn(text, "0123456789");
    return length > 0 && length < 10 && text[length] == '\0';
}

/* *ret_text: as review_take() wants it. */
static bool read_decision(Arena *arena, const char *text, json_t **ret_decision,
                          const char **ret_text, Error *err)
{
    if (text[0] == '{') {
        json_t *set = json_parse(text, strlen(text), err);
        *ret_text = arena_printf(arena, "{\"set\": %s}", text);
        *ret_decision = set == NULL ? NULL : json_pack("{s:o}", "set", set);
        return set != NULL;
    }
    if (is_number(text) && strtoll(text, NULL, 10) > 0)
        *ret_decision = json_pack("{s:I}", "choice", (json_int_t)strtoll(text, NULL, 10) - 1);
    else if (text_equal(text, "skip"))
        *ret_decision = json_pack("{s:b}", "skip", 1);
    else
        return error_set(err, ERROR_INPUT,
                         "a decision is the number of a choice, skip or {\"column\": value}, not "
                         "\"%.80s\"",
                         text);
    AUTO(base_free) char *written = json_text(*ret_decision);
    *ret_text = arena_strdup(arena, written);
    return true;
}

static const char *trimmed(Arena *arena, const char *text)
{
    text += strspn(text, " \t\r\n");
    size_t bytes = strlen(text);
    while (bytes > 0 && strchr(" \t\r\n", text[bytes - 1]) != NULL)
        bytes--;
    return arena_strndup(arena, text, bytes);
}

/* A row that two lines decide: which of them is meant, nobody knows. */
static bool check_twice(Sheet *sheet, const json_t *entry, int64_t line, Error *err)
{
    AUTO(base_free) char *key = json_text(json_object_get(entry, "key"));
    const char *name =
        arena_printf(sheet->request->arena, "%s %s", json_get_string(entry, "step", ""), key);
    int64_t before = json_get_int(sheet->seen, name, 0);
    if (before > 0)
        return error_set(err, ERROR_INPUT, "line %" PRId64 " decides the same row", before);
    json_set_int(sheet->seen, name, line);
    return true;
}

static bool take_decision(Sheet *sheet, const char *const *values, const char *decision_text,
                          int64_t line, Error *err)
{
    Arena *arena = sheet->request->arena;
    const char *text = NULL;
    json_t *decision = NULL;
    AUTO(json_auto) json_t *chosen = NULL;
    AUTO(json_auto) json_t *entry = json_object();
    if (!read_decision(arena, decision_text, &decision, &text, err))
        return false;
    json_object_set_new(entry, "decision", decision);
    json_set_string(entry, "step", values[COLUMN_STEP]);
    json_t *key = key_of(values[COLUMN_KEY], err);
    if (key == NULL)
        return error_wrap(err, "key");
    json_object_set_new(entry, "key", key);
    if (!check_twice(sheet, entry, line, err) ||
        !review_take(sheet->request, entry, text, sheet->rows, &chosen, err))
        return false;
    sheet->decided++;
    json_set_int(entry, "line", line);
    json_object_set(entry, "choice", chosen == NULL ? json_null() : chosen);
    if (json_array_size(sheet->changes) < CHANGES_MAX)
        json_array_append(sheet->changes, entry);
    return true;
}

static bool take_line(Sheet *sheet, const char *line, size_t bytes, int64_t number, Error *err)
{
    DataCsvField *fields = NULL;
    size_t count = 0;
    Arena *arena = sheet->request->arena;
    const char *values[COLUMNS];
    if (!data_csv_split(line, bytes, sheet->delimiter, arena, &fields, &count, err))
        return false;
    for (size_t i = 0; i < COLUMNS; i++) {
        if (sheet->places[i] >= count)
            return error_set(err, ERROR_INPUT, "it has %zu fields, and none for \"%s\"", count,
                             NAMES[i]);
        values[i] = field_text(arena, &fields[sheet->places[i]]);
    }
    const char *decision = trimmed(arena, values[COLUMN_DECISION]);
    return decision[0] == '\0' || take_decision(sheet, values, decision, number, err);
}

static void add_problem(Sheet *sheet, int64_t line, const char *text)
{
    if (json_array_size(sheet->problems) < PROBLEMS_MAX)
        json_array_append_new(sheet->problems,
                              json_pack("{s:I, s:s}", "line", (json_int_t)line, "text", text));
}

/* What is wrong with a line is told with all others; the database that cannot be asked is not the
 * line's fault. */
static bool take_lines(Sheet *sheet, const char *bytes, size_t size, Error *err)
{
    DataScan scan;
    DataScanPiece piece;
    data_scan_init(&scan, FORMAT_CSV, SCAN_START, 1);
    while (data_scan(&scan, bytes, size, true, &piece) == SCAN_RECORD) {
        Error wrong = {0};
        const char *line = bytes + piece.skipped;
        if (piece.problem != NULL) {
            add_problem(sheet, piece.line, piece.problem);
            return true;
        }
        if (sheet->lines++ == 0) {
            if (!read_names(sheet, line, piece.size, err))
                return false;
            scan.delimiter = sheet->delimiter;
        } else if (!take_line(sheet, line, piece.size, piece.line, &wrong)) {
            sheet->request->answer.status = 0;
            if (wrong.kind != ERROR_INPUT && wrong.kind != ERROR_CONFLICT) {
                *err = wrong;
                return false;
            }
            add_problem(sheet, piece.line, wrong.message);
        }
        bytes += piece.consumed;
        size -= piece.consumed;
    }
    return sheet->lines > 0 || error_set(err, ERROR_INPUT, "the file is empty");
}

static bool check_whole(const Sheet *sheet, Error *err)
{
    const json_t *first = json_array_get(sheet->problems, 0);
    if (first != NULL)
        return error_set(err, ERROR_INPUT,
                         "line %" PRId64
                         ": %s; lines that cannot be taken: %zu; nothing was decided",
                         json_get_int(first, "line", 0), json_get_string(first, "text", ""),
                         json_array_size(sheet->problems));
    return sheet->decided > 0 || error_set(err, ERROR_INPUT, "no line has a decision");
}

static bool import(Sheet *sheet, const char *csv, bool apply, int64_t *ret_decided, Error *err)
{
    static const char MARK[] = "\xEF\xBB\xBF"; /* how some programs begin UTF-8 */
    size_t skipped = strncmp(csv, MARK, sizeof(MARK) - 1) == 0 ? sizeof(MARK) - 1 : 0;
    return take_lines(sheet, csv + skipped, strlen(csv + skipped), err) &&
           (!apply || (check_whole(sheet, err) &&
                       review_write(sheet->request, sheet->rows, ret_decided, err)));
}

static json_t *answer_of(const Sheet *sheet, bool applied, int64_t decided)
{
    json_t *answer = json_object();
    int64_t rows = sheet->lines > 0 ? sheet->lines - 1 : 0;
    json_object_set_new(answer, "applied", json_boolean(applied));
    json_set_int(answer, "rows", rows);
    json_set_int(answer, "decided", applied ? decided : sheet->decided);
    json_object_set(answer, "changes", sheet->changes);
    json_object_set(answer, "problems", sheet->problems);
    return answer;
}

bool post_review_file(ServerRequest *request, json_t **ret_body, Error *err)
{
    static const char *const KEYS[] = {"csv", "apply", NULL};
    const char *csv = NULL;
    int64_t run = 0;
    int64_t decided = -1;
    bool apply = json_get_bool(request->body, "apply", false);
    AUTO(review_rows_done) ReviewRows rows = {0};
    if (!request_run(request, &run, err) || !request_body_keys(request, KEYS, err) ||
        !request_body_text(request, "csv", BOUND_HTTP_BODY_BYTES, &csv, err) ||
        (apply && !review_decided(request, run, &decided, err)) ||
        !request_found(request, review_rows_open(request, run, &rows, err), err))
        return false;
    Sheet sheet = {.request = request,
                   .rows = &rows,
                   .seen = json_object(),
                   .changes = json_array(),
                   .problems = json_array()};
    bool ok = decided >= 0 || import(&sheet, csv, apply, &decided, err);
    if (ok)
        *ret_body = answer_of(&sheet, apply, decided);
    if (ok && apply)
        launch_wake(request->server);
    json_decref(sheet.seen);
    json_decref(sheet.changes);
    json_decref(sheet.problems);
    return ok;
}
