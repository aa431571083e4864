/* What people did to runs, and whether the chains that keep it are whole. A chain is verified in
 * pages on a connection of the pool, one run at a time, and what was found is kept for a while:
 * however many look at it, the supervisor has other things to do. */
#include "ledger/audit.h"

#include "base/clock.h"
#include "server/handlers.h"
#include "server/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LIMIT = 100,
    LIMIT_MAX = 1000,
    TEXT_BYTES = 400,
    KEPT = 64,          ///< results
    KEPT_US = 60000000, ///< rows of decisions can be changed without the head
    ENTRIES_MAX = 200000,
    US_PER_S = 1000000,
};

/* ------------------------------------------------------------------ what people did */

/* "2026-11-21" or "2026-11-21T14:02:11Z", of a day that exists. */
static bool read_time(const ServerRequest *request, const char *name, int64_t *ret_us, Error *err)
{
    const char *text = request_arg(request, name);
    *ret_us = 0;
    if (text == NULL)
        return true;
    struct tm tm = {0};
    int used = 0;
    int end = 0;
    bool ok = sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &used) == 3 &&
              (text[used] == '\0' || (sscanf(text + used, "T%2d:%2d:%2dZ%n", &tm.tm_hour,
                                             &tm.tm_min, &tm.tm_sec, &end) == 3 &&
                                      end > 0 && text[used + end] == '\0'));
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    struct tm same = tm;
    time_t at = timegm(&same);
    if (!ok || at <= 0 || same.tm_mday != tm.tm_mday || same.tm_mon != tm.tm_mon ||
        same.tm_hour != tm.tm_hour || same.tm_min != tm.tm_min || same.tm_sec != tm.tm_sec)
        return error_set(err, ERROR_INPUT,
                         "%s is a day or a time in UTC (2026-11-21, 2026-11-21T14:02:11Z), not "
                         "\"%.40s\"",
                         name, text);
    *ret_us = (int64_t)at * US_PER_S;
    return true;
}

static bool read_cursor(const ServerRequest *request, int64_t after[3], Error *err)
{
    const char *text = request_arg(request, "after");
    int end = 0;
    if (text == NULL)
        return true;
    bool ok = strspn(text, "0123456789.") == strlen(text) &&
              sscanf(text, "%16" SCNd64 ".%18" SCNd64 ".%18" SCNd64 "%n", &after[0], &after[1],
                     &after[2], &end) == 3 &&
              text[end] == '\0' && after[0] > 0;
    return ok || error_set(err, ERROR_INPUT, "\"after\" is the \"next\" of the page before");
}

static bool read_texts(const ServerRequest *request, LedgerAuditFilter *page, Error *err)
{
    const struct {
        const char *name;
        const char **text;
    } texts[] = {{"person", &page->person},
                 {"what", &page->what},
                 {"plan", &page->plan},
                 {"q", &page->text}};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        *texts[i].text = request_arg(request, texts[i].name);
        if (*texts[i].text != NULL && strlen(*texts[i].text) > TEXT_BYTES)
            return error_set(err, ERROR_INPUT, "%s is longer than %d bytes", texts[i].name,
                             (int)TEXT_BYTES);
    }
    return true;
}

bool get_audit(ServerRequest *request, json_t **ret_body, Error *err)
{
    LedgerAuditFilter page = {0};
    AUTO(json_auto) json_t *entries = NULL;
    if (!read_texts(request, &page, err) ||
        !request_arg_int(request, "run", 0, INT64_MAX, &page.run, err) ||
        !request_arg_int(request, "limit", LIMIT, LIMIT_MAX, &page.limit, err) ||
        !read_time(request, "since", &page.since_us, err) ||
        !read_time(request, "until", &page.until_us, err) ||
        !read_cursor(request, page.after, err) ||
        !ledger_audit_list(request->conn, &page, &entries, err))
        return false;
    size_t count = json_array_size(entries);
    bool more = count > 0 && (int64_t)count == page.limit;
    json_t *last = json_array_get(entries, count == 0 ? 0 : count - 1);
    *ret_body = json_object();
    json_object_set_new(*ret_body, "next",
                        more ? json_incref(json_object_get(last, "cursor")) : json_null());
    size_t i = 0;
    json_t *entry = NULL;
    json_array_foreach (entries, i, entry) {
        json_object_del(entry, "cursor");
    }
    json_object_set(*ret_body, "entries", entries);
    return true;
}

/* ------------------------------------------------------------------ the chain of a run */

typedef struct Kept {
    int64_t run;
    int64_t until_us; ///< 0 = free
    json_t *result;
} Kept;

struct ServerAudit {
    bool verifying;
    Kept kept[KEPT];
};

void audit_free(Server *server)
{
    for (size_t i = 0; server->audit != NULL && i < KEPT; i++)
        json_decref(server->audit->kept[i].result);
    free(server->audit);
    server->audit = NULL;
}

/* The place of a run, or the one that ends first. */
static Kept *place_of(ServerAudit *audit, int64_t run)
{
    Kept *oldest = &audit->kept[0];
    for (size_t i = 0; i < KEPT; i++) {
        if (audit->kept[i].run == run)
            return &audit->kept[i];
        if (audit->kept[i].until_us < oldest->until_us)
            oldest = &audit->kept[i];
    }
    return oldest;
}

static const json_t *kept_of(ServerAudit *audit, int64_t run, const json_t *head)
{
    const Kept *kept = place_of(audit, run);
    bool fresh =
        kept->run == run && kept->until_us > clock_monotonic_us() &&
        text_equal(json_get_string(kept->result, "head", NULL), json_get_string(head, "hash", ""));
    return fresh ? kept->result : NULL;
}

static void keep(ServerAudit *audit, int64_t run, json_t *result)
{
    Kept *kept = place_of(audit, run);
    json_decref(kept->result);
    *kept = (Kept){
        .run = run, .until_us = clock_monotonic_us() + KEPT_US, .result = json_incref(result)};
}

static json_t *too_long(int64_t run, const json_t *head)
{
    json_t *result = json_object();
    json_set_id(result, "run", run);
    json_object_set_new(result, "entries", json_null());
    json_object_set_new(result, "broken", json_null());
    json_object_set(result, "head", json_object_get(head, "hash"));
    char why[120];
    snprintf(why, sizeof(why), "%s entries: headgate audit verify %" PRId64,
             json_get_string(head, "seq", "?"), run);
    json_set_string(result, "why", why);
    return result;
}

/* Only one at a time gets here. Waits. */
static bool verify(DbConn *conn, int64_t run, const json_t *head, json_t **ret_result, Error *err)
{
    AUTO(json_auto) json_t *results = NULL;
    if (strtoll(json_get_string(head, "seq", "0"), NULL, 10) > ENTRIES_MAX) {
        *ret_result = too_long(run, head);
        return true;
    }
    if (!ledger_audit_verify(conn, run, NULL, &results, err))
        return false;
    json_t *result = json_array_get(results, 0);
    if (result == NULL) /* it was there a moment ago */
        return error_set(err, ERROR_INPUT, "there is no run %" PRId64, run);
    json_object_set(result, "verified_at", json_object_get(head, "at"));
    json_object_del(result, "heads");
    json_object_del(result, "rewound");
    json_object_del(result, "rests");
    *ret_result = json_incref(result);
    return true;
}

static bool verify_alone(ServerRequest *request, int64_t run, const json_t *head,
                         json_t **ret_result, Error *err)
{
    ServerAudit *audit = request->server->audit;
    if (audit->verifying) {
        request->answer.retry_after_s = 1;
        return request_fail(request, STATUS_TOO_MANY, err, ERROR_REFUSED,
                            "the chain of another run is being verified: ask again");
    }
    audit->verifying = true;
    bool ok = verify(request->conn, run, head, ret_result, err);
    audit->verifying = false;
    if (ok)
        keep(audit, run, *ret_result);
    return ok;
}

bool get_run_audit(ServerRequest *request, json_t **ret_body, Error *err)
{
    int64_t run = 0;
    AUTO(json_auto) json_t *heads = NULL;
    Server *server = request->server;
    if (!request_run(request, &run, err) || !ledger_audit_heads(request->conn, run, &heads, err))
        return false;
    const json_t *head = json_array_get(heads, 0);
    if (head == NULL)
        return request_fail(request, STATUS_NOT_FOUND, err, ERROR_INPUT, "there is no run %" PRId64,
                            run);
    if (server->audit == NULL)
        server->audit = base_alloc(sizeof(*server->audit));
    const json_t *kept = kept_of(server->audit, run, head);
    if (kept != NULL) {
        *ret_body = json_copy((json_t *)kept);
        return true;
    }
    return verify_alone(request, run, head, ret_body, err);
}
