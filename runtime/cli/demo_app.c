/* The demo's tables and its simulated application. */
#include "cli/demo.h"

#include "base/log.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MS = 200, SQL_MAX_BYTES = 4 * 1024 * 1024 };

static bool connect_app(const Cli *cli, const char *conninfo, DbConn **ret_conn, Error *err)
{
    DbTarget target = {.conninfo = conninfo,
                       .application_name = "demo application",
                       .search_path = "public",
                       .lock_timeout_ms = -1,
                       .statement_timeout_ms = -1};
    return db_open(cli->loop, &target, ret_conn, err);
}

static bool read_file(const char *path, Text *out, Error *err)
{
    char chunk[4096];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(err, ERROR_INPUT, "%s cannot be read", path);
    for (size_t got = fread(chunk, 1, sizeof(chunk), file); got > 0;
         got = fread(chunk, 1, sizeof(chunk), file))
        text_append_bytes(out, chunk, got);
    fclose(file);
    return !out->overflowed || error_set(err, ERROR_INPUT, "%s is too large", path);
}

static char *with_events(const char *sql, int64_t events)
{
    static const char MARK[] = "{{events}}";
    Text out;
    text_init(&out, SQL_MAX_BYTES);
    for (const char *mark = strstr(sql, MARK); mark != NULL; mark = strstr(sql, MARK)) {
        text_append_bytes(&out, sql, (size_t)(mark - sql));
        text_printf(&out, "%" PRId64, events);
        sql = mark + strlen(MARK);
    }
    text_append(&out, sql);
    return text_take(&out);
}

static bool run_file(DbConn *conn, const char *path, int64_t events, Error *err)
{
    AUTO(text_done) Text text;
    text_init(&text, SQL_MAX_BYTES);
    if (access(path, F_OK) != 0)
        return true;
    if (!read_file(path, &text, err))
        return false;
    AUTO(base_free) char *sql = with_events(text_string(&text), events);
    return db_exec(conn, sql, NULL, NULL, err) || error_wrap(err, "%s", path);
}

bool cli_demo_load(const Cli *cli, const char *conninfo, const char *plan_folder, int64_t events,
                   Error *err)
{
    static const char *const FILES[] = {"schema", "load", "application"};
    AUTO(db_close_auto) DbConn *conn = NULL;
    AUTO(db_result_auto) DbResult *there = NULL;
    if (!connect_app(cli, conninfo, &conn, err) ||
        !db_query(conn, "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public'",
                  NULL, &there, err))
        return false;
    if (db_int(there, 0, 0) > 0)
        return true;
    for (size_t i = 0; i < COUNT_OF(FILES); i++) {
        AUTO(base_free) char *path = base_printf("%s/demo/%s.sql", plan_folder, FILES[i]);
        if (!run_file(conn, path, events, err))
            return false;
    }
    return db_exec(conn, "ANALYZE", NULL, NULL, err);
}

bool cli_demo_breach(const Cli *cli, const char *conninfo, Error *err)
{
    AUTO(db_close_auto) DbConn *conn = NULL;
    return connect_app(cli, conninfo, &conn, err) &&
           db_query(conn, "UPDATE app_setting SET value = 50 WHERE name = 'fail_at_percent'", NULL,
                    NULL, err);
}

struct CliDemoApp {
    const Cli *cli;
    char *conninfo;
    bool stopping;
    bool ended;
    FiberEvent event;
};

static void play(CliDemoApp *app, DbConn *conn)
{
    Error err = {0};
    for (int64_t tick = 1; !app->stopping && db_usable(conn); tick++) {
        char number[24];
        snprintf(number, sizeof(number), "%" PRId64, tick);
        if (!db_query(conn, "SELECT app_tick($1)", DB_PARAMS(number), NULL, &err))
            log_debug("demo application: %s", err.message);
        fiber_event_wait(&app->event, TICK_MS);
    }
}

static void app_main(void *arg)
{
    CliDemoApp *app = arg;
    while (!app->stopping) {
        Error err = {0};
        DbConn *conn = NULL;
        if (connect_app(app->cli, app->conninfo, &conn, &err))
            play(app, conn);
        db_close(conn);
        if (!app->stopping)
            fiber_event_wait(&app->event, TICK_MS);
    }
    app->ended = true;
    fiber_event_broadcast(&app->event);
}

CliDemoApp *cli_demo_app_start(const Cli *cli, const char *conninfo)
{
    CliDemoApp *app = base_alloc(sizeof(*app));
    app->cli = cli;
    app->conninfo = base_strdup(conninfo);
    fiber_start(cli->loop, "demo application", app_main, app);
    return app;
}

void cli_demo_app_stop(CliDemoApp *app)
{
    if (app == NULL)
        return;
    app->stopping = true;
    fiber_event_broadcast(&app->event);
    while (!app->ended)
        fiber_event_wait(&app->event, -1);
    free(app->conninfo);
    free(app);
}
