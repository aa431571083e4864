/* Cursor bounds: keys as text[] come back as they were, and any text that PostgreSQL would not send
 * is refused or read in one way only. First a line as an array's text, then the items of a key,
 * one a line. */
#include "fuzz.h"

#include "data/job.h"
#include "sql/parse.h"

#include <stdlib.h>
#include <string.h>

enum { ITEMS_MAX = 40 };

static void check_same(Arena *arena, const char *text, const char *const *items, size_t count)
{
    Error err = {0};
    char **again = NULL;
    size_t count_again = 0;
    bool ok = db_array_parse(arena, text, &again, &count_again, &err);
    invariant(ok && count_again == count);
    for (size_t i = 0; i < count; i++)
        invariant(text_equal(items[i], again[i]));
}

static void check_text(Arena *arena, const char *text)
{
    Error err = {0};
    char **items = NULL;
    size_t count = 0;
    if (!db_array_parse(arena, text, &items, &count, &err)) {
        fuzz_check_error(&err);
        return;
    }
    const char *const *parsed = (const char *const *)items;
    check_same(arena, db_array_text(arena, parsed, count), parsed, count);
}

static void one_constant(json_t *stmts, void *ctx)
{
    const char **ret_text = ctx;
    const json_t *select =
        json_object_get(json_object_get(json_array_get(stmts, 0), "stmt"), "SelectStmt");
    const json_t *target = json_array_get(json_object_get(select, "targetList"), 0);
    const json_t *value = json_object_get(json_object_get(target, "ResTarget"), "val");
    const json_t *constant = json_object_get(value, "A_Const");
    const json_t *string = json_object_get(constant, "sval");
    const char *text = json_get_string(string, "sval", "");
    if (json_array_size(stmts) == 1 && json_object_size(select) <= 3 && string != NULL)
        *ret_text = base_strdup(text);
}

/* In SQL a literal is one constant, and nothing gets out of it. */
static void check_literal(Arena *arena, const char *text)
{
    SqlFault fault = {0};
    AUTO(base_free) char *seen = NULL;
    if (!fuzz_is_text(text, strlen(text)))
        return;
    const char *literal = data_job_literal(arena, text);
    AUTO(base_free) char *sql = base_printf("SELECT %s", literal);
    bool ok = sql_parse(sql, one_constant, &seen, &fault);
    invariant(ok && text_equal(seen, text));
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    FuzzInput input = {bytes, size};
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(base_free) char *text = fuzz_line(&input);
    char *items[ITEMS_MAX];
    size_t count = 0;
    while (input.left > 0 && count < ITEMS_MAX)
        items[count++] = fuzz_line(&input);
    const char *const *key = (const char *const *)items;
    check_text(arena, text);
    check_same(arena, data_job_key_text(arena, key, count), key, count);
    if (count > 0)
        invariant(data_job_key_shown(arena, key, count)[0] != '\0' || count == 1);
    for (size_t i = 0; i < count; i++) {
        check_literal(arena, items[i]);
        free(items[i]);
    }
}
