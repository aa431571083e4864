/* Deciding rows of the review queue. The rows are looked up in the TARGET's ledger, the decisions
 * written to the state database; the runner applies them. */
#include "server/review.h"
#include "data/document.h"
#include "db/sql.h"
#include "ledger/call.h"
#include "server/handlers.h"
#include "server/private.h"
#include "server/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STEP_BYTES = 4 * BOUND_NAME_BYTES, REASON_BYTES = 4000 };

bool get_review(ServerRequest *request, json_t **ret_body, Error *err)
{
    int64_t limit = 0;
    ServerReview page = {.state = request_arg(request, "state"),
                         .step = request_arg(request, "step"),
                         .reason = request_arg(request, "reason"),
                         .after = request_arg(request, "after")};
    if (!request_run(request, &page.run, err) ||
        !request_arg_int(request, "limit", 0, BOUND_REVIEW_PAGE, &limit, err))
        return false;
    page.limit = (int)limit;
    if (request_arg(request, "format") != NULL)
        return review_write_csv(request, page.run, err);
    return server_view_review(request->conn, request->server->targets, &page, ret_body, err);
}

bool review_rows_open(ServerRequest *request, int64_t run, ReviewRows *ret_rows, Error *err)
{
    *ret_rows = (ReviewRows){
        .run = run, .steps = json_array(), .keys = json_array(), .decisions = json_array()};
    return server_view_target(request->conn, request->server->targets, run, &ret_rows->target, err);
}

void review_rows_done(ReviewRows *rows)
{
    target_put(&rows->target);
    json_decref(rows->steps);
    json_decref(rows->keys);
    json_decref(rows->decisions);
}

/* Exactly one of {"choice": n}, {"skip": true}, {"set": {…}}. */
static bool check_decision(const json_t *decision, Error *err)
{
    const json_t *choice = json_object_get(decision, "choice");
    const json_t *skip = json_object_get(decision, "skip");
    const json_t *set = json_object_get(decision, "set");
    bool ok = json_object_size(decision) == 1 &&
              ((json_is_integer(choice) && json_integer_value(choice) >= 0) || json_is_true(skip) ||
               (json_is_object(set) && json_object_size(set) > 0));
    return ok ||
           error_set(
               err, ERROR_INPUT,
               "a decision is {\"choice\": n}, {\"skip\": true} or {\"set\": {\"column\": value}}");
}

static bool check_key(const json_t *key, Error *err)
{
    bool ok = json_is_array(key) && json_array_size(key) > 0 && json_array_size(key) <= 32;
    for (size_t i = 0; ok && i < json_array_size(key); i++)
        ok = json_is_string(json_array_get(key, i));
    return ok || error_set(err, ERROR_INPUT, "\"key\" is a list of texts");
}

static const char *key_text(Arena *arena, const json_t *key)
{
    size_t count = json_array_size(key);
    const char **items = arena_alloc(arena, (count + 1) * sizeof(char *));
    for (size_t i = 0; i < count; i++)
        items[i] = json_string_value(json_array_get(key, i));
    return count == 0 ? NULL : db_array_text(arena, items, count);
}

/* The open rows that an entry is about: [{key (array text), choices (how many)}]. */
static bool find_rows(const ReviewRows *rows, Arena *arena, const json_t *entry, int64_t choice,
                      json_t **ret_rows, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, rows->run);
    ledger_param_text(&params, json_get_string(entry, "step", ""));
    ledger_param_text(&params, key_text(arena, json_object_get(entry, "key")));
    ledger_param_text(&params, json_get_string(entry, "reason", NULL));
    ledger_param_int(&params, REVIEW_ROWS_MAX);
    if (choice < 0)
        ledger_param_text(&params, NULL);
    else
        ledger_param_int(&params, choice);
    return ledger_call_json(rows->target.conn, "server_review_open_rows", &params, ret_rows, err);
}

static bool check_entry(const json_t *entry, Error *err)
{
    const json_t *key = json_object_get(entry, "key");
    const json_t *reason = json_object_get(entry, "reason");
    const char *step = json_get_string(entry, "step", NULL);
    bool one = (key == NULL) != (reason == NULL);
    if (!json_is_object(entry) || json_object_size(entry) != 3 || !one || step == NULL ||
        strlen(step) > STEP_BYTES)
        return error_set(err, ERROR_INPUT,
                         "an entry has \"step\", \"key\" or \"reason\", and \"decision\"");
    if (reason != NULL && (!json_is_string(reason) || json_string_length(reason) > REASON_BYTES))
        return error_set(err, ERROR_INPUT, "\"reason\" is a text");
    return (key == NULL || check_key(key, err)) &&
           check_decision(json_object_get(entry, "decision"), err);
}

bool review_take(ServerRequest *request, const json_t *entry, const char *text, ReviewRows *rows,
                 json_t **ret_chosen, Error *err)
{
    AUTO(json_auto) json_t *found = NULL;
    if (!check_entry(entry, err))
        return false;
    int64_t choice = json_get_int(json_object_get(entry, "decision"), "choice", -1);
    if (choice > INT32_MAX)
        return error_set(err, ERROR_INPUT, "there is no choice %" PRId64, choice);
    if (!find_rows(rows, request->arena, entry, choice, &found, err))
        return false;
    if (json_array_size(found) == 0)
        return request_fail(request, STATUS_CONFLICT, err, ERROR_CONFLICT,
                            "there is no such open row in step \"%.200s\" (any more)",
                            json_get_string(entry, "step", ""));
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (found, i, row) {
        if (choice >= json_get_int(row, "choices", 0))
            return error_set(
                err, ERROR_INPUT, "row %s has %" PRId64 " choices, so there is no choice %" PRId64,
                json_get_string(row, "key", ""), json_get_int(row, "choices", 0), choice);
        json_array_append(rows->steps, json_object_get(entry, "step"));
        json_array_append(rows->keys, json_object_get(row, "key"));
        json_array_append_new(rows->decisions, json_string(text));
    }
    if (ret_chosen != NULL)
        *ret_chosen = json_incref(json_object_get(json_array_get(found, 0), "chosen"));
    return json_array_size(rows->steps) <= REVIEW_ROWS_MAX ||
           error_set(err, ERROR_INPUT, "more than %d rows at once", (int)REVIEW_ROWS_MAX);
}

static const char *array_of(Arena *arena, const json_t *list)
{
    size_t count = json_array_size(list);
    const char **items = arena_alloc(arena, (count + 1) * sizeof(char *));
    for (size_t i = 0; i < count; i++)
        items[i] = json_string_value(json_array_get(list, i));
    return db_array_text(arena, items, count);
}

/* One statement: decisions, the request that wakes the runner, events. Repeated under its key it
 * does nothing. */
bool review_write(ServerRequest *request, ReviewRows *rows, int64_t *ret_decided, Error *err)
{
    target_put(&rows->target);
    LedgerParams params = {0};
    ledger_param_int(&params, rows->run);
    ledger_param_text(&params, array_of(request->arena, rows->steps));
    ledger_param_text(&params, array_of(request->arena, rows->keys));
    ledger_param_text(&params, array_of(request->arena, rows->decisions));
    ledger_param_text(&params, request->who.person);
    ledger_param_text(&params, request_key(request));
    AUTO(json_auto) json_t *via = door_of(request);
    ledger_param_json(&params, via);
    AUTO(db_result_auto) DbResult *written = NULL;
    if (!ledger_call(request->conn, "server_decide", &params, &written, err))
        return false;
    *ret_decided = db_int(written, 0, 0);
    return true;
}

bool review_decided(ServerRequest *request, int64_t run, int64_t *ret_decided, Error *err)
{
    const char *key = request_key(request);
    AUTO(db_result_auto) DbResult *found = NULL;
    *ret_decided = -1;
    if (key == NULL)
        return true;
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, key);
    if (!ledger_call(request->conn, "server_decided", &params, &found, err))
        return false;
    if (db_rows(found) > 0)
        *ret_decided = db_int(found, 0, 0);
    return true;
}

/* The bytes of entry i's decision in the body. */
static const char *decision_text(ServerRequest *request, const DataDocument *body, size_t i)
{
    static const char LIST[] = "decisions";
    static const char DECISION[] = "decision";
    uint32_t list = data_document_find(body, 0, LIST, sizeof(LIST) - 1);
    uint32_t entry = data_document_at(body, list, (uint32_t)i + 1);
    uint32_t node = data_document_find(body, entry, DECISION, sizeof(DECISION) - 1);
    size_t bytes = 0;
    const char *raw = node == DOCUMENT_NONE ? "" : data_document_raw(body, node, &bytes);
    return arena_strndup(request->arena, raw, bytes);
}

static bool take_entries(ServerRequest *request, const json_t *entries, ReviewRows *rows,
                         Error *err)
{
    AUTO(data_document_done) DataDocument body = {0};
    const Text *text = &request->body_text;
    if (!data_document_parse(&body, text_string(text), text->length_bytes, err))
        return error_wrap(err, "the body");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        if (!review_take(request, json_array_get(entries, i), decision_text(request, &body, i),
                         rows, NULL, err))
            return error_wrap(err, "entry %zu", i);
    }
    return true;
}

static bool take_all(ServerRequest *request, ReviewRows *rows, Error *err)
{
    static const char *const KEYS[] = {"decisions", NULL};
    const json_t *entries = json_object_get(request->body, "decisions");
    if (!request_body_keys(request, KEYS, err))
        return false;
    if (!json_is_array(entries) || json_array_size(entries) == 0 ||
        json_array_size(entries) > BOUND_REVIEW_PAGE)
        return error_set(err, ERROR_INPUT, "\"decisions\" is a list of 1 to %d entries",
                         (int)BOUND_REVIEW_PAGE);
    return take_entries(request, entries, rows, err);
}

bool post_review(ServerRequest *request, json_t **ret_body, Error *err)
{
    int64_t run = 0;
    int64_t decided = -1;
    if (!request_run(request, &run, err) || !review_decided(request, run, &decided, err))
        return false;
    AUTO(review_rows_done) ReviewRows rows = {0};
    if (decided < 0 &&
        (!review_rows_open(request, run, &rows, err) || !take_all(request, &rows, err) ||
         !review_write(request, &rows, &decided, err)))
        return false;
    launch_wake(request->server);
    *ret_body = json_object();
    json_set_int(*ret_body, "decided", decided);
    return true;
}
