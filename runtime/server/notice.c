/* Telling webhooks what happens to runs (headgate.yaml: notify). One fiber a webhook: what it was
 * told of each run stands in headgate.notice, so that another supervisor, or this one started
 * again, goes on there. An event is told at least once, those of a run in their order; the key of a
 * message is the same each time. Decision 052. */
#include "server/private.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "http/http.h"
#include "ledger/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 1000,
    SEND_MS = 10000,  ///< for an answer
    CLAIM_MS = 20000, ///< a message that somebody took and did not settle is taken again
    GIVE_UP_S = 24 * 3600,
    MESSAGE_BYTES = 4000,
    ANSWER_BYTES = 64 * 1024,
};

struct ServerNotice {
    Server *server;
    const ConfigEnvironment *environment;
    const ConfigNotice *config;
    Fiber *fiber;
    bool ended;
    bool warned; ///< that it cannot be looked what to tell
    struct ServerNotice *next;
};

/* Ids are texts in what leaves the database. */
static int64_t id_of(const json_t *item, const char *key)
{
    return strtoll(json_get_string(item, key, "0"), NULL, 10);
}

/* ------------------------------------------------------------------ what is said */

/* Where people look at it, and act. */
static void append_link(const ServerNotice *notice, const json_t *item, Text *out)
{
    text_printf(out, "%s/runs/%s", notice->server->guard.url, json_get_string(item, "run", ""));
    if (text_equal(json_get_string(item, "kind", ""), "gate")) {
        text_append(out, "/gates/");
        text_append_encoded(out, json_get_string(item, "node", ""));
    }
}

static void append_words(const ServerNotice *notice, const json_t *item, Text *out)
{
    const json_t *data = json_object_get(item, "data");
    const char *to = json_get_string(data, "to", NULL);
    const char *why =
        json_get_string(json_object_get(data, "reason"), "text", json_get_string(data, "why", ""));
    text_printf(out, "run %s (%s on %s)", json_get_string(item, "run", ""),
                json_get_string(item, "plan", ""), notice->environment->name);
    if (text_equal(json_get_string(item, "type", ""), "gate.opened"))
        text_printf(out, ": gate \"%s\" waits for %" PRId64 " approval(s): %s",
                    json_get_string(item, "node", ""), json_get_int(data, "need", 1),
                    json_get_string(data, "question", ""));
    else if (to != NULL)
        text_printf(out, " is %s%s%s", to, why[0] == '\0' ? "" : ": ", why);
    else
        text_printf(out, ": %s", json_get_string(data, "text", ""));
}

/* item: as notice_take gives it. */
static json_t *message_of(const ServerNotice *notice, json_t *item)
{
    AUTO(text_done) Text text;
    AUTO(text_done) Text link;
    text_init(&text, MESSAGE_BYTES);
    text_init(&link, MESSAGE_BYTES);
    append_words(notice, item, &text);
    append_link(notice, item, &link);
    json_set_string(item, "environment", notice->environment->name);
    json_set_string(item, "text", text_string(&text));
    json_set_string(item, "url", text_string(&link));
    if (!notice->config->slack)
        return json_incref(item);
    AUTO(base_free) char *line = base_printf("%s\n%s", text_string(&text), text_string(&link));
    json_t *short_one = json_object();
    json_set_string(short_one, "text", line);
    return short_one;
}

/* ------------------------------------------------------------------ sending */

/* The time is this machine's, and only for the receiver to see how old the message is. */
static const char *signature_of(const char *secret, const char *at, const char *body, Arena *arena)
{
    char hex[HASH_HEX_BYTES];
    AUTO(base_free) char *signed_text = base_printf("%s.%s", at, body);
    hash_hmac_sha256_hex(secret, strlen(secret), signed_text, strlen(signed_text), hex);
    return arena_printf(arena, "X-Headgate-Signature: sha256=%s", hex);
}

static bool post(const ServerNotice *notice, const json_t *message, const char *key, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(base_free) char *body = json_text(message);
    const char *url = NULL;
    const char *secret = NULL;
    char at[24];
    snprintf(at, sizeof(at), "%" PRId64, clock_wall_us() / 1000000);
    if (!config_expand(notice->environment, arena, notice->config->url, &url, err) ||
        (notice->config->secret != NULL &&
         !config_expand(notice->environment, arena, notice->config->secret, &secret, err)))
        return false;
    const char *headers[] = {"Content-Type: application/json",
                             arena_printf(arena, "Idempotency-Key: %s", key),
                             arena_printf(arena, "X-Headgate-Timestamp: %s", at),
                             secret == NULL ? NULL : signature_of(secret, at, body, arena), NULL};
    HttpRequest request = {.method = "POST",
                           .url = url,
                           .headers = headers,
                           .body = body,
                           .body_bytes = strlen(body),
                           .timeout_ms = SEND_MS,
                           .max_bytes = ANSWER_BYTES};
    HttpResponse response = {0};
    if (!http_request(notice->server->loop, &request, &response, err)) {
        log_redact(err->message);
        return false;
    }
    int status = response.status;
    http_response_done(&response);
    return status / 100 == 2 ||
           error_set(err, ERROR_INTERNAL, "it answered with status %d", status);
}

static void place(const ServerNotice *notice, int64_t run, LedgerParams *params)
{
    ledger_param_text(params, notice->environment->name);
    ledger_param_text(params, notice->config->name);
    ledger_param_int(params, run);
}

static bool told(const ServerNotice *notice, DbConn *conn, int64_t run, int64_t seq, Error *err)
{
    LedgerParams params = {0};
    place(notice, run, &params);
    ledger_param_int(&params, seq);
    return ledger_call(conn, "notice_told", &params, NULL, err);
}

/* The run goes on whatever a webhook does; a day later nobody needs to know any more. */
static bool not_told(ServerNotice *notice, DbConn *conn, const json_t *item, const Error *why,
                     Error *err)
{
    AUTO(db_result_auto) DbResult *tried = NULL;
    LedgerParams params = {0};
    int64_t run = id_of(item, "run");
    int64_t seq = id_of(item, "seq");
    place(notice, run, &params);
    ledger_param_int(&params, seq);
    ledger_param_text(&params, why->message);
    if (!ledger_call(conn, "notice_failed", &params, &tried, err))
        return false;
    bool first = db_int(tried, 0, 0) == 1;
    bool late = db_int(tried, 0, 1) > GIVE_UP_S;
    if (first || late)
        log_warn("webhook \"%s\" of %s does not take event %" PRId64 " of run %" PRId64 " (%s): %s",
                 notice->config->name, notice->environment->name, seq, run, why->message,
                 late ? "given up after a day" : "it is tried again");
    return !late || told(notice, conn, run, seq, err);
}

/* conn is not kept while a webhook thinks. */
static bool settle(ServerNotice *notice, const json_t *item, bool sent, const Error *why,
                   Error *err)
{
    DbConn *conn = NULL;
    if (!pool_take(notice->server->pool, &conn, err))
        return false;
    bool ok = sent ? told(notice, conn, id_of(item, "run"), id_of(item, "seq"), err)
                   : not_told(notice, conn, item, why, err);
    pool_put(notice->server->pool, conn);
    return ok;
}

static bool send_one(ServerNotice *notice, json_t *item, Error *err)
{
    Error why = {0};
    AUTO(json_auto) json_t *message = message_of(notice, item);
    bool sent = post(notice, message, json_get_string(item, "key", ""), &why);
    if (!sent && why.kind == ERROR_CANCELLED) {
        *err = why;
        return false;
    }
    return settle(notice, item, sent, &why, err);
}

/* ------------------------------------------------------------------ heads */

static bool take_heads(const ServerNotice *notice, DbConn *conn, json_t **ret_heads, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    LedgerParams params = {0};
    ledger_param_text(&params, notice->environment->name);
    ledger_param_text(&params, notice->config->name);
    ledger_param_int(&params, CLAIM_MS);
    if (!ledger_call_json(conn, "notice_heads", &params, &rows, err))
        return false;
    *ret_heads = json_incref(json_array_get(rows, 0));
    return true;
}

static bool send_heads(ServerNotice *notice, json_t *heads, Error *err)
{
    Error why = {0};
    AUTO(json_auto) json_t *item = json_object();
    AUTO(base_free) char *text = json_text(heads);
    char hex[HASH_HEX_BYTES];
    hash_sha256_hex(text, strlen(text), hex);
    json_set_string(item, "kind", "heads");
    json_set_string(item, "environment", notice->environment->name);
    json_set_string(item, "run", "0");
    json_set_string(item, "seq", "0");
    json_set_string(item, "text", text);
    json_object_set(item, "heads", heads);
    AUTO(json_auto) json_t *short_one = json_object();
    json_set_string(short_one, "text", text);
    bool sent = post(notice, notice->config->slack ? short_one : item, hex, &why);
    if (!sent && why.kind == ERROR_CANCELLED) {
        *err = why;
        return false;
    }
    return settle(notice, item, sent, &why, err);
}

/* ------------------------------------------------------------------ the fiber */

static bool take(const ServerNotice *notice, DbConn *conn, json_t **ret_items, Error *err)
{
    LedgerParams open = {0};
    LedgerParams params = {0};
    ledger_param_text(&open, notice->environment->name);
    ledger_param_text(&open, notice->config->name);
    ledger_param_text(&params, notice->environment->name);
    ledger_param_text(&params, notice->config->name);
    ledger_param_text(&params, notice->config->kinds);
    ledger_param_int(&params, CLAIM_MS);
    return ledger_call(conn, "notice_open", &open, NULL, err) &&
           ledger_call_json(conn, "notice_take", &params, ret_items, err);
}

static bool look(ServerNotice *notice, bool *ret_more, Error *err)
{
    DbConn *conn = NULL;
    AUTO(json_auto) json_t *items = NULL;
    AUTO(json_auto) json_t *heads = NULL;
    if (!pool_take(notice->server->pool, &conn, err))
        return false;
    bool ok = take(notice, conn, &items, err) &&
              (!notice->config->heads || take_heads(notice, conn, &heads, err));
    pool_put(notice->server->pool, conn);
    *ret_more = json_array_size(items) > 0;
    for (size_t i = 0; ok && i < json_array_size(items); i++)
        ok = send_one(notice, json_array_get(items, i), err);
    return ok && (heads == NULL || send_heads(notice, heads, err));
}

static void notice_main(void *arg)
{
    ServerNotice *notice = arg;
    while (!fiber_cancelled()) {
        Error err = {0};
        bool more = false;
        bool ok = look(notice, &more, &err);
        if (!ok && err.kind != ERROR_CANCELLED && !notice->warned)
            log_warn("webhook \"%s\" of %s is told nothing for now: %s", notice->config->name,
                     notice->environment->name, err.message);
        notice->warned = !ok;
        Error ignored = {0};
        if (!more && !fiber_sleep(LOOK_MS, &ignored))
            break;
    }
    notice->ended = true;
    fiber_event_broadcast(&notice->server->ended);
}

static void start_one(Server *server, const ConfigEnvironment *environment,
                      const ConfigNotice *config)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *ignored = NULL;
    Error err = {0};
    if (!config_expand(environment, arena, config->url, &ignored, &err) ||
        (config->secret != NULL &&
         !config_expand(environment, arena, config->secret, &ignored, &err))) {
        log_warn("webhook \"%s\" of %s is not told anything: %s", config->name, environment->name,
                 err.message);
        return;
    }
    ServerNotice *notice = base_alloc(sizeof(*notice));
    *notice = (ServerNotice){
        .server = server, .environment = environment, .config = config, .next = server->notices};
    server->notices = notice;
    notice->fiber = fiber_start(server->loop, "notice", notice_main, notice);
}

void notice_start(Server *server)
{
    for (size_t i = 0; server->config != NULL && i < server->config->environments_count; i++) {
        const ConfigEnvironment *environment = &server->config->environments[i];
        for (size_t n = 0; n < environment->notices_count; n++)
            start_one(server, environment, &environment->notices[n]);
    }
}

void notice_stop(Server *server)
{
    for (ServerNotice *notice = server->notices; notice != NULL; notice = notice->next)
        fiber_cancel(notice->fiber);
    while (server->notices != NULL) {
        ServerNotice *notice = server->notices;
        while (!notice->ended) {
            if (!fiber_event_wait(&server->ended, -1) && !notice->ended)
                fiber_yield();
        }
        server->notices = notice->next;
        free(notice);
    }
}
