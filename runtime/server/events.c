/* The events and the log of a run, in pages. */
#include "server/handlers.h"
#include "server/private.h"
#include "server/view.h"

#include <string.h>

enum { TEXT_BYTES = 400 };

/* level=warn asks for that and for what is worse. */
static bool read_level(const ServerRequest *request, const char **ret_levels, Error *err)
{
    static const struct {
        const char *name;
        const char *levels;
    } LEVELS[] = {
        {"error", "{error}"},
        {"warn", "{error,warn}"},
        {"info", "{error,warn,info}"},
        {"debug", NULL},
    };
    const char *asked = request_arg(request, "level");
    *ret_levels = NULL;
    for (size_t i = 0; asked != NULL && i < COUNT_OF(LEVELS); i++) {
        if (!text_equal(asked, LEVELS[i].name))
            continue;
        *ret_levels = LEVELS[i].levels;
        return true;
    }
    return asked == NULL ||
           error_set(err, ERROR_INPUT, "level is error, warn, info or debug, not \"%.40s\"", asked);
}

static bool read_text(const ServerRequest *request, const char *name, const char **ret_text,
                      Error *err)
{
    *ret_text = request_arg(request, name);
    return *ret_text == NULL || strlen(*ret_text) <= TEXT_BYTES ||
           error_set(err, ERROR_INPUT, "%s is longer than %d bytes", name, (int)TEXT_BYTES);
}

static bool read_page(ServerRequest *request, ServerEvents *page, Error *err)
{
    int64_t limit = 0;
    int64_t count = 0;
    if (!request_run(request, &page->run, err) ||
        !request_arg_int(request, "since", 0, INT64_MAX, &page->since, err) ||
        !request_arg_int(request, "before", 0, INT64_MAX, &page->before, err) ||
        !request_arg_int(request, "limit", 0, BOUND_EVENT_PAGE, &limit, err) ||
        !request_arg_int(request, "count", 0, 1, &count, err) ||
        !read_text(request, "path", &page->path, err) ||
        !read_text(request, "type", &page->type, err) ||
        !read_text(request, "q", &page->text, err) || !read_level(request, &page->levels, err))
        return false;
    page->limit = (int)limit;
    page->count = count == 1;
    return true;
}

typedef bool PageView(DbConn *state, const ServerEvents *page, json_t **ret_page, Error *err);

static bool answer(ServerRequest *request, PageView *view, json_t **ret_body, Error *err)
{
    ServerEvents page = {0};
    return read_page(request, &page, err) &&
           request_found(request, view(request->conn, &page, ret_body, err), err);
}

bool get_events(ServerRequest *request, json_t **ret_body, Error *err)
{
    return answer(request, server_view_events, ret_body, err);
}

bool get_log(ServerRequest *request, json_t **ret_body, Error *err)
{
    return answer(request, server_view_log, ret_body, err);
}
