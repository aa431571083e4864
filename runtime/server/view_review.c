/* The review queue: rows in the TARGET's ledger, what people decided about them in the state
 * database. */
#include "server/view_run.h"

#include "base/bounds.h"
#include "db/sql.h"
#include "ledger/call.h"

#include <stdio.h>
#include <string.h>

enum { LIMIT_DEFAULT = 100 };

typedef struct Cursor {
    const char *step;
    const char *key; ///< array text
} Cursor;

/* A cursor is the step and key of the last row: ["step",["k1"]]. */
static bool read_cursor(Arena *arena, const char *text, Cursor *cursor, Error *err)
{
    *cursor = (Cursor){0};
    if (text == NULL)
        return true;
    Error ignored = {0};
    AUTO(json_auto) json_t *value = json_parse(text, strlen(text), &ignored);
    const char *step = json_string_value(json_array_get(value, 0));
    const json_t *key = json_array_get(value, 1);
    size_t count = json_array_size(key);
    if (step == NULL || count == 0)
        return error_set(err, ERROR_INPUT, "\"after\" is the \"next\" of the page before");
    const char **items = arena_alloc(arena, count * sizeof(char *));
    for (size_t i = 0; i < count; i++)
        items[i] = json_string_value(json_array_get(key, i));
    cursor->step = arena_strdup(arena, step);
    cursor->key = db_array_text(arena, items, count);
    return true;
}

static char *write_cursor(const json_t *row)
{
    AUTO(json_auto) json_t *cursor = json_array();
    json_array_append(cursor, json_object_get(row, "step"));
    json_array_append(cursor, json_object_get(row, "key"));
    return json_text(cursor);
}

static const char *key_text(Arena *arena, const json_t *key)
{
    size_t count = json_array_size(key);
    const char **items = arena_alloc(arena, (count + 1) * sizeof(char *));
    for (size_t i = 0; i < count; i++)
        items[i] = json_string_value(json_array_get(key, i));
    return db_array_text(arena, items, count);
}

static const json_t *find_decision(const json_t *decisions, const json_t *row)
{
    size_t i = 0;
    json_t *decision = NULL;
    json_array_foreach (decisions, i, decision) {
        if (json_equal(json_object_get(decision, "step"), json_object_get(row, "step")) &&
            json_equal(json_object_get(decision, "key"), json_object_get(row, "key")))
            return decision;
    }
    return NULL;
}

/* Each row gets its decision, or null. */
static bool add_decisions(DbConn *state, int64_t run, Arena *arena, json_t *rows, Error *err)
{
    size_t count = json_array_size(rows);
    const char **steps = arena_alloc(arena, (count + 1) * sizeof(char *));
    const char **keys = arena_alloc(arena, (count + 1) * sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        steps[i] = json_get_string(json_array_get(rows, i), "step", "");
        keys[i] = key_text(arena, json_object_get(json_array_get(rows, i), "key"));
    }
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, db_array_text(arena, steps, count));
    ledger_param_text(&params, db_array_text(arena, keys, count));
    AUTO(json_auto) json_t *decisions = NULL;
    if (!ledger_call_json(state, "server_decisions", &params, &decisions, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        json_t *row = json_array_get(rows, i);
        const json_t *decision = find_decision(decisions, row);
        json_object_set(row, "decision",
                        decision == NULL ? json_null() : json_object_get(decision, "decision"));
        json_object_set(row, "decided_by",
                        decision == NULL ? json_null() : json_object_get(decision, "decided_by"));
    }
    return true;
}

static bool read_rows(DbConn *conn, const ServerReview *page, Arena *arena, int limit,
                      json_t **ret_rows, Error *err)
{
    Cursor cursor;
    if (!read_cursor(arena, page->after, &cursor, err))
        return false;
    LedgerParams params = {0};
    ledger_param_int(&params, page->run);
    ledger_param_text(&params, page->state);
    ledger_param_text(&params, page->step);
    ledger_param_text(&params, page->reason);
    ledger_param_text(&params, cursor.step);
    ledger_param_text(&params, cursor.key);
    ledger_param_int(&params, limit);
    return ledger_call_json(conn, "server_review", &params, ret_rows, err);
}

static bool read_total(DbConn *conn, const ServerReview *page, int64_t *ret_total, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, page->run);
    ledger_param_text(&params, page->state);
    ledger_param_text(&params, page->step);
    ledger_param_text(&params, page->reason);
    AUTO(db_result_auto) DbResult *total = NULL;
    if (!ledger_call(conn, "server_review_total", &params, &total, err))
        return false;
    *ret_total = db_int(total, 0, 0);
    return true;
}

static bool read_reasons(DbConn *conn, const ServerReview *page, json_t **ret_reasons, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, page->run);
    ledger_param_text(&params, page->state);
    return ledger_call_json(conn, "server_review_reasons", &params, ret_reasons, err);
}

/* What the target says about one page. */
typedef struct Page {
    const ServerReview *asked;
    Arena *arena;
    int limit;
    int64_t total;
    json_t *rows;
    json_t *reasons;
} Page;

static bool look_page(void *ctx, DbConn *conn, json_t *runs, Error *err)
{
    Page *page = ctx;
    AUTO(json_auto) json_t *rows = NULL;
    AUTO(json_auto) json_t *reasons = NULL;
    UNUSED(runs);
    if (!read_rows(conn, page->asked, page->arena, page->limit, &rows, err) ||
        !read_total(conn, page->asked, &page->total, err) ||
        !read_reasons(conn, page->asked, &reasons, err))
        return false;
    page->rows = json_incref(rows);
    page->reasons = json_incref(reasons);
    return true;
}

static json_t *page_json(const Page *page, const json_t *head)
{
    json_t *review = json_object();
    bool known = page->rows != NULL;
    bool more = known && json_array_size(page->rows) == (size_t)page->limit;
    AUTO(base_free)
    char *next = more ? write_cursor(json_array_get(page->rows, (size_t)page->limit - 1)) : NULL;
    json_object_set_new(review, "total", known ? json_integer(page->total) : json_null());
    json_object_set_new(review, "reasons", known ? json_incref(page->reasons) : json_array());
    json_object_set_new(review, "rows", known ? json_incref(page->rows) : json_array());
    json_set_string(review, "next", next);
    json_object_set(review, "unavailable", json_object_get(head, "unavailable"));
    return review;
}

bool server_view_review(DbConn *state, ServerTargets *targets, const ServerReview *asked,
                        json_t **ret_review, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *heads = NULL;
    Cursor cursor;
    Page page = {.asked = asked,
                 .arena = arena,
                 .limit = asked->limit <= 0                  ? LIMIT_DEFAULT
                          : asked->limit > BOUND_REVIEW_PAGE ? BOUND_REVIEW_PAGE
                                                             : asked->limit};
    if (!read_cursor(arena, asked->after, &cursor, err) ||
        !view_head(state, asked->run, &heads, err) ||
        !targets_each(targets, state, heads, look_page, &page, err))
        return false;
    bool ok = page.rows == NULL || add_decisions(state, asked->run, arena, page.rows, err);
    if (ok)
        *ret_review = page_json(&page, json_array_get(heads, 0));
    json_decref(page.rows);
    json_decref(page.reasons);
    return ok;
}
