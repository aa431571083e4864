/* Events and log lines of a run, in pages. */
#include "server/view.h"

#include "base/bounds.h"
#include "ledger/call.h"

#include <inttypes.h>

static bool page_of(DbConn *state, const char *statement, const ServerEvents *page, bool by_type,
                    json_t **ret_page, Error *err)
{
    int limit = page->limit <= 0 || page->limit > BOUND_EVENT_PAGE ? BOUND_EVENT_PAGE : page->limit;
    LedgerParams params = {0};
    ledger_param_int(&params, page->run);
    ledger_param_int(&params, page->since);
    ledger_param_int(&params, page->before);
    ledger_param_int(&params, limit);
    if (by_type)
        ledger_param_text(&params, page->type);
    ledger_param_text(&params, page->path);
    ledger_param_text(&params, page->levels);
    ledger_param_text(&params, page->text);
    ledger_param_text(&params, page->count ? "true" : "false");
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(state, statement, &params, &rows, err))
        return false;
    if (json_array_size(rows) == 0)
        return error_set(err, ERROR_INPUT, "there is no run %" PRId64, page->run);
    *ret_page = json_incref(json_array_get(rows, 0));
    return true;
}

bool server_view_events(DbConn *state, const ServerEvents *page, json_t **ret_events, Error *err)
{
    return page_of(state, "server_events", page, true, ret_events, err);
}

bool server_view_log(DbConn *state, const ServerEvents *page, json_t **ret_lines, Error *err)
{
    return page_of(state, "server_log", page, false, ret_lines, err);
}
