/* Runs: lists, one run, report, requests. */
#include "db/sql.h"
#include "rollout/asked.h"
#include "run/kept.h"
#include "run/tune.h"
#include "run/undo.h"
#include "server/handlers.h"
#include "server/private.h"
#include "server/report.h"
#include "server/view.h"
#include "sql/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LIMIT_RUNS = 500, WHY_BYTES = 2000, PATH_BYTES = 4 * BOUND_NAME_BYTES };

bool get_runs(ServerRequest *request, json_t **ret_body, Error *err)
{
    int64_t limit = 0;
    ServerFilter filter = {.states = request_arg(request, "state"),
                           .plan = request_arg(request, "plan"),
                           .environment = request_arg(request, "env"),
                           .text = request_arg(request, "q")};
    if (!request_arg_int(request, "limit", 0, LIMIT_RUNS, &limit, err) ||
        !request_arg_int(request, "before", 0, INT64_MAX, &filter.before, err))
        return false;
    filter.limit = (int)limit;
    const ServerReader reader = {.config = request->server->config,
                                 .person = request->who.person,
                                 .role = request->who.role};
    return server_view_runs(request->conn, request->server->targets, &filter, &reader, ret_body,
                            err);
}

bool get_run(ServerRequest *request, json_t **ret_body, Error *err)
{
    int64_t run = 0;
    if (!request_run(request, &run, err) ||
        !request_found(request,
                       server_view_run(request->conn, request->server->targets, run, ret_body, err),
                       err))
        return false;
    const char *environment = json_get_string(*ret_body, "environment", "");
    json_object_set_new(*ret_body, "mend",
                        rollout_asked_ways(request_environment(request, environment)));
    return true;
}

/* The report as a file. */
static bool get_report_as(ServerRequest *request, const char *name, Error *err)
{
    int64_t run = 0;
    const ReportFormat *format = server_report_format(name);
    AUTO(json_auto) json_t *report = NULL;
    AUTO(text_done) Text text;
    text_init(&text, REPORT_MAX_BYTES);
    if (format == NULL)
        return error_set(err, ERROR_INPUT, "there is no report as %.40s", name);
    if (!request_run(request, &run, err) ||
        !request_found(
            request, server_report_read(request->conn, request->server->targets, run, &report, err),
            err))
        return false;
    server_report_write(format, report, &text);
    write_file(request, format->type,
               arena_printf(request->arena, "headgate-run-%" PRId64 ".%s", run, format->ending),
               &text);
    return true;
}

bool get_checklist(ServerRequest *request, json_t **ret_body, Error *err)
{
    int64_t run = 0;
    return request_run(request, &run, err) &&
           request_found(
               request,
               server_report_checklist(request->conn, request->server->targets, run, ret_body, err),
               err);
}

bool get_report(ServerRequest *request, json_t **ret_body, Error *err)
{
    int64_t run = 0;
    if (request_arg(request, "format") != NULL)
        return get_report_as(request, request_arg(request, "format"), err);
    return request_run(request, &run, err) &&
           request_found(
               request,
               server_view_report(request->conn, request->server->targets, run, ret_body, err),
               err);
}

bool get_rollout(ServerRequest *request, json_t **ret_body, Error *err)
{
    int64_t run = 0;
    AUTO(json_auto) json_t *whole = NULL;
    if (!request_run(request, &run, err) ||
        !request_found(request,
                       server_view_run(request->conn, request->server->targets, run, &whole, err),
                       err))
        return false;
    *ret_body = json_object();
    json_object_set(*ret_body, "rollouts", json_object_get(whole, "rollouts"));
    json_object_set(*ret_body, "unavailable", json_object_get(whole, "unavailable"));
    return true;
}

bool get_kept(ServerRequest *request, json_t **ret_body, Error *err)
{
    int64_t run = 0;
    json_t *list = NULL;
    const Server *server = request->server;
    if (!request_run(request, &run, err) ||
        !request_found(request,
                       run_kept_count(server->loop, request->conn, server->config, run, &list, err),
                       err))
        return false;
    *ret_body = json_object();
    json_object_set_new(*ret_body, "kept", list);
    return true;
}

/* ------------------------------------------------------------------ requests */

static bool check_state(ServerRequest *request, const RunRequest *kind, const char *state,
                        Error *err)
{
    return run_request_allowed(kind, run_state_parse(state)) ||
           request_fail(request, STATUS_CONFLICT, err, ERROR_CONFLICT,
                        "the run is %s: it cannot %s", state, kind->name);
}

typedef struct Asked {
    int64_t run;
    const RunRequest *kind;
    const char *why;
    const char *version;
    const char *path;    ///< of the step whose undo is mended, or of the watched stage; or NULL
    const char *sql;     ///< of a repair
    const json_t *tunes; ///< the body of a tune
    const char *step;    ///< that it is about; NULL = whichever is at work
} Asked;

/* The runner asks the same of the SQL; here a typing error costs nothing yet. */
static bool check_repair(const char *sql, Error *err)
{
    const SqlFile file = {
        .text = sql, .file = "the SQL", .first_line = 1, .transaction = SQL_TRANSACTION_YES};
    bool outside = false;
    return sql_check_file(&file, &outside, err);
}

static bool read_tune(const ServerRequest *request, Asked *asked, Error *err)
{
    const json_t *path = json_object_get(request->body, "path");
    asked->tunes = request->body;
    return (path == NULL || request_body_text(request, "path", PATH_BYTES, &asked->step, err)) &&
           run_tune_check(request->body, err);
}

static bool names_a_tune(const json_t *body)
{
    for (const RunTune *tune = RUN_TUNES; tune->name != NULL; tune++) {
        if (json_object_get(body, tune->name) != NULL)
            return true;
    }
    return false;
}

static bool read_more(const ServerRequest *request, Asked *asked, Error *err)
{
    bool repairs = text_equal(asked->kind->name, "repair");
    if (!repairs && json_object_get(request->body, "sql") != NULL)
        return error_set(err, ERROR_INPUT, "only a repair takes \"sql\"");
    if (asked->kind->about == REQUEST_TUNES)
        return read_tune(request, asked, err);
    if (names_a_tune(request->body))
        return error_set(err, ERROR_INPUT, "only tune takes speed, batch_us, pause_us and workers");
    if (asked->kind->about == REQUEST_MOVES)
        return json_object_get(request->body, "path") == NULL ||
               error_set(err, ERROR_INPUT, "only skip, repair, tune and advance take \"path\"");
    const char *why = NULL;
    return request_body_text(request, "path", PATH_BYTES, &asked->path, err) &&
           request_body_text(request, "why", WHY_BYTES, &why, err) &&
           (!repairs ||
            (request_body_text(request, "sql", BOUND_HTTP_BODY_BYTES, &asked->sql, err) &&
             check_repair(asked->sql, err)));
}

static bool read_asked(ServerRequest *request, Asked *asked, Error *err)
{
    static const char *const KEYS[] = {"kind",     "why",      "path",    "sql", "speed",
                                       "batch_us", "pause_us", "workers", NULL};
    const char *name = NULL;
    if (!request_run(request, &asked->run, err) ||
        !request_if_match(request, &asked->version, err) ||
        !request_body_keys(request, KEYS, err) ||
        !request_body_text(request, "kind", 40, &name, err))
        return false;
    asked->kind = run_request_find(name);
    if (asked->kind == NULL)
        return error_set(err, ERROR_INPUT,
                         "a run cannot be asked to \"%s\"; it can pause, resume, retry, rollback, "
                         "abort, skip, repair, tune and advance",
                         name);
    asked->why = json_get_string(request->body, "why", "");
    if (strlen(asked->why) > WHY_BYTES)
        return error_set(err, ERROR_INPUT, "\"why\" is longer than %d bytes", (int)WHY_BYTES);
    return read_more(request, asked, err);
}

static json_t *body_of(const Asked *asked)
{
    json_t *body = json_object();
    json_set_string(body, "why", asked->why);
    if (asked->path != NULL)
        json_set_string(body, "path", asked->path);
    if (asked->sql != NULL)
        json_set_string(body, "sql", asked->sql);
    if (asked->step != NULL)
        json_set_string(body, "path", asked->step);
    for (const RunTune *tune = RUN_TUNES; asked->tunes != NULL && tune->name != NULL; tune++) {
        json_t *value = json_object_get(asked->tunes, tune->name);
        if (value != NULL)
            json_object_set(body, tune->name, value);
    }
    return body;
}

/* Why it was not stored; a request that would only meet a log line of the runner is stored. */
static bool refused(ServerRequest *request, const Asked *asked, const DbResult *result, Error *err)
{
    if (!check_state(request, asked->kind, db_value(result, 0, 1), err))
        return false;
    return asked->path == NULL ||
           request_fail(request, STATUS_CONFLICT, err, ERROR_CONFLICT,
                        asked->kind->about == REQUEST_MENDS
                            ? "the rollback is not blocked by the undo of \"%s\""
                            : "\"%s\" is not a stage that is watched",
                        asked->path);
}

/* One statement: the version is compared and the request stored, or nothing happens. */
static bool store(ServerRequest *request, const Asked *asked, Error *err)
{
    char run[24];
    snprintf(run, sizeof(run), "%" PRId64, asked->run);
    AUTO(json_auto) json_t *body = body_of(asked);
    AUTO(base_free) char *text = json_text(body);
    AUTO(json_auto) json_t *via = door_of(request);
    AUTO(base_free) char *door = json_text(via);
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!db_query_prepared(request->conn, db_sql("server_request_add"),
                           DB_PARAMS(run, asked->kind->name, text, request->who.person,
                                     request_key(request), asked->version, asked->path, door),
                           &result, err))
        return false;
    if (db_rows(result) == 0)
        return request_fail(request, STATUS_NOT_FOUND, err, ERROR_INPUT, "there is no run %s", run);
    if (db_bool(result, 0, 3)) /* the same key again */
        return true;
    if (!text_equal(db_value(result, 0, 0), asked->version))
        return error_set(err, ERROR_CONFLICT, "the run has changed since you looked: it is %s now",
                         db_value(result, 0, 1));
    return db_bool(result, 0, 2) || refused(request, asked, result, err);
}

bool post_request(ServerRequest *request, json_t **ret_body, Error *err)
{
    Asked asked = {0};
    if (!read_asked(request, &asked, err) || !store(request, &asked, err))
        return false;
    launch_wake(request->server);
    request->answer.status = STATUS_ACCEPTED;
    *ret_body = json_object();
    json_set_string(*ret_body, "kind", asked.kind->name);
    return true;
}
