/* Random names through both of our ways to quote them, and back from the server: as they were, or
 * refused; never cut, never another, never a second statement. */
#include "../db/with_cluster.h"

#include "base/text.h"
#include "sql/name.h"

#include <stdio.h>

enum {
    NAMES = 1000000,
    AT_ONCE = 1000, /* columns of one SELECT; the server takes 1,664 */
    CREATED = 200,  /* as tables, too */
    LONGEST = 80,
    SEED = 20261121,
};

static uint64_t random_state = SEED;

/* xorshift64*: the same names at every run. */
static size_t random_below(size_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (size_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % bound;
}

static const char *const PIECES[] = {
    "\"",
    "\"\"",
    "\"; DROP TABLE victim; --",
    "'",
    "''",
    "\\",
    "\\\"",
    "\\'",
    "\n",
    "\r\n",
    "\t",
    "\x01",
    "\x1b",
    "\x7f",
    ";",
    "--",
    "/*",
    "*/",
    "$$",
    "$1",
    "%I",
    "%s",
    ".",
    " ",
    "(",
    ")",
    ",",
    "select",
    "TABLE",
    "user",
    "order",
    "public",
    "pg_catalog",
    "NULL",
    "U&",
    "U&\"",
    "E'",
    "a",
    "Z",
    "_",
    "0",
    "\xc3\xa4",
    "\xc3\x9f",
    "\xe2\x82\xac",
    "\xe2\x80\xae",
    "\xef\xbb\xbf",
    "\xf0\x9f\x98\x80",
    "\xcc\x81",
    "\xef\xbc\x82" /* a wide quotation mark */,
};

/* What is no UTF-8: halves, overlong forms of " and ', surrogates, what is beyond Unicode. */
static const char *const BROKEN[] = {
    "\x80",         "\xbf",         "\xc0",           "\xc0\xa2",         "\xc0\xa7",
    "\xc3",         "\xc3\"",       "\xe2\x82",       "\xe2\x82\"",       "\xe0\x80\xa2",
    "\xed\xa0\x80", "\xf0\x9f\x98", "\xf0\x9f\x98\"", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
    "\xfe",         "\xff",
};

typedef struct Name {
    char text[LONGEST + 8];
    bool broken;
} Name;

static void append(Name *name, const char *piece, size_t most)
{
    size_t length = strlen(name->text);
    if (length + strlen(piece) <= most)
        memcpy(name->text + length, piece, strlen(piece) + 1);
}

/* A third is as long as a name can be, or a byte longer. */
static void make_name(Name *name)
{
    static const size_t LENGTHS[] = {1, 3, 8, 20, 62, 63, 64, LONGEST};
    size_t most = LENGTHS[random_below(COUNT_OF(LENGTHS))];
    *name = (Name){0};
    size_t at = random_below(8) == 0 ? random_below(most) : most;
    for (size_t pieces = 0; strlen(name->text) < most && pieces < most; pieces++) {
        if (strlen(name->text) >= at && !name->broken) {
            append(name, BROKEN[random_below(COUNT_OF(BROKEN))], LONGEST);
            name->broken = true;
        }
        append(name, PIECES[random_below(COUNT_OF(PIECES))], most);
    }
    while (!name->broken && strlen(name->text) < most)
        append(name, "x", most);
}

/* Both ways agree, or the one that knows the connection refuses. */
static const char *quote(DbConn *conn, Arena *arena, const Name *name)
{
    Error err = {0};
    size_t length = strlen(name->text);
    bool good = !name->broken && length > 0 && length <= DB_IDENTIFIER_MAX_BYTES;
    const char *quoted = db_quote_identifier(conn, arena, name->text, &err);
    if ((quoted != NULL) != good)
        fail_msg("%s: <%s> (%zu bytes)", good ? err.message : "not refused", name->text, length);
    if (quoted == NULL)
        assert_int_equal(err.kind, ERROR_INPUT);
    else
        assert_string_equal(quoted, sql_name_quoted(arena, name->text));
    return quoted;
}

/* As the names of columns, through the server's own scanner. */
static void there_and_back(DbConn *conn, Arena *arena, const char **names, size_t count)
{
    AUTO(text_done) Text sql;
    text_init(&sql, AT_ONCE * (2 * LONGEST + 16));
    for (size_t i = 0; i < count; i++)
        text_printf(&sql, "%s1 AS %s", i == 0 ? "SELECT " : ", ", sql_name_quoted(arena, names[i]));
    AUTO(db_result_auto) DbResult *result = NULL;
    must(db_query(conn, text_string(&sql), NULL, &result, &err));
    assert_int_equal(db_columns(result), count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(db_column_name(result, (int)i), names[i]);
}

DB_CASE(a_million_names_come_back_as_they_were)
{
    AUTO(db_close_auto) DbConn *conn = open_as("names");
    size_t refused = 0;
    for (size_t asked = 0; asked < NAMES;) {
        AUTO(arena_auto) Arena *arena = arena_new();
        const char *names[AT_ONCE];
        size_t count = 0;
        for (; count < AT_ONCE && asked < NAMES; asked++) {
            Name name;
            make_name(&name);
            if (quote(conn, arena, &name) == NULL)
                refused++;
            else
                names[count++] = arena_strdup(arena, name.text);
        }
        there_and_back(conn, arena, names, count);
    }
    print_message("%d names, %zu of them refused\n", NAMES, refused);
    assert_in_range(refused, NAMES / 10, NAMES / 2);
}

DB_CASE(what_is_created_has_the_name_that_was_asked_for)
{
    AUTO(db_close_auto) DbConn *conn = open_as("names");
    must(db_exec(conn, "CREATE TEMP TABLE victim ()", NULL, NULL, &err));
    for (int i = 0; i < CREATED; i++) {
        AUTO(arena_auto) Arena *arena = arena_new();
        AUTO(db_result_auto) DbResult *result = NULL;
        Name name;
        make_name(&name);
        const char *quoted = quote(conn, arena, &name);
        if (quoted == NULL)
            continue;
        must(db_exec(conn, arena_printf(arena, "CREATE TEMP TABLE %s ()", quoted), NULL, NULL,
                     &err));
        must(db_query(conn,
                      "SELECT count(*) FROM pg_class WHERE relname = $1 AND oid = $2::regclass",
                      DB_PARAMS(name.text, quoted), &result, &err));
        assert_int_equal(db_int(result, 0, 0), 1);
        must(db_exec(conn, arena_printf(arena, "DROP TABLE %s", quoted), NULL, NULL, &err));
    }
    must(db_exec(conn, "DROP TABLE victim", NULL, NULL, &err));
}

/* Names out of a parse tree are quoted without a connection: what is no UTF-8 the server refuses.
 */
DB_CASE(the_server_takes_no_broken_name)
{
    AUTO(db_close_auto) DbConn *conn = open_as("names");
    for (size_t i = 0; i < COUNT_OF(BROKEN); i++) {
        AUTO(arena_auto) Arena *arena = arena_new();
        Error err = {0};
        const char *name = arena_printf(arena, "a%s\"; SELECT 1; --", BROKEN[i]);
        const char *sql = arena_printf(arena, "SELECT 1 AS %s", sql_name_quoted(arena, name));
        assert_false(db_query(conn, sql, NULL, NULL, &err));
        assert_string_equal(err.sqlstate, "22021");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_names_come_back_as_they_were),
        cmocka_unit_test(what_is_created_has_the_name_that_was_asked_for),
        cmocka_unit_test(the_server_takes_no_broken_name),
    };
    return cmocka_run_group_tests_name("data/names", tests, group_setup, group_teardown);
}
