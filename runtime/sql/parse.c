/* Parsing on a stack that is large enough. libpg_query writes its tree recursively and without a
 * limit: "1+1+1+..." of 100,000 terms takes 13 MB of stack, and a fiber has 256 KB. */
#include "sql/parse.h"

#include "base/bounds.h"
#include "sql/position.h"

#include <pg_query.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum {
    SMALL_BYTES = 512,          /* cannot nest deep enough to need more than the caller's stack */
    STACK_BASE_BYTES = 4 << 20, /* jansson and the reader of the tree, 2,048 levels at the most */
    STACK_BYTES_PER_BYTE =
        256, /* measured: 128 a level, and a level takes at least two characters */
};

typedef struct Parse {
    const char *text;
    SqlParseUse *use;
    void *ctx;
    SqlFault *fault;
    bool parsed;
} Parse;

void sql_parse_fault(const char *text, const void *pg_query_error, SqlFault *ret_fault)
{
    const PgQueryError *error = pg_query_error;
    *ret_fault = (SqlFault){.at_bytes = sql_position_bytes(text, error->cursorpos)};
    snprintf(ret_fault->message, sizeof ret_fault->message, "%s", error->message);
    for (char *c = ret_fault->message; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ')
            *c = ' ';
    }
}

static void read_tree(Parse *parse, const char *tree)
{
    json_error_t error;
    AUTO(json_auto) json_t *root = json_loads(tree, 0, &error);
    if (root == NULL) {
        *parse->fault = (SqlFault){.message = "nested too deeply", .too_deep = true};
        return;
    }
    parse->parsed = true;
    parse->use(json_object_get(root, "stmts"), parse->ctx);
}

static void *parse_now(void *ctx)
{
    Parse *parse = ctx;
    PgQueryParseResult result = pg_query_parse(parse->text);
    if (result.error != NULL)
        sql_parse_fault(parse->text, result.error, parse->fault);
    else
        read_tree(parse, result.parse_tree);
    pg_query_free_parse_result(result);
    return NULL;
}

/* Pages of the stack that are not touched cost nothing, so it is sized for the worst text of this
 * length. */
static void parse_on_thread(Parse *parse, size_t text_bytes)
{
    size_t stack_bytes = (STACK_BASE_BYTES + text_bytes * STACK_BYTES_PER_BYTE) & ~(size_t)0xFFFF;
    void *stack = mmap(NULL, stack_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    bool started = stack != MAP_FAILED &&
                   pthread_attr_setstack(&attributes, stack, stack_bytes) == 0 &&
                   pthread_create(&thread, &attributes, parse_now, parse) == 0;
    pthread_attr_destroy(&attributes);
    if (started)
        pthread_join(thread, NULL);
    else
        *parse->fault = (SqlFault){.message = "no memory to parse it", .too_deep = true};
    if (stack != MAP_FAILED)
        munmap(stack, stack_bytes);
}

bool sql_parse(const char *text, SqlParseUse *use, void *ctx, SqlFault *ret_fault)
{
    Parse parse = {.text = text, .use = use, .ctx = ctx, .fault = ret_fault};
    size_t bytes = strlen(text);
    if (bytes <= SMALL_BYTES)
        parse_now(&parse);
    else
        parse_on_thread(&parse, bytes);
    return parse.parsed;
}

bool sql_parse_accepts(const char *text, Error *err)
{
    size_t bytes = strlen(text);
    if (bytes > BOUND_SQL_BYTES)
        return error_set(err, ERROR_INPUT, "the SQL is %zu bytes long; at most %d are read", bytes,
                         BOUND_SQL_BYTES);
    AUTO(json_auto) json_t *checked = json_stringn(text, bytes); /* NULL unless it is UTF-8 */
    if (checked == NULL)
        return error_set(err, ERROR_INPUT, "the SQL is not UTF-8 text");
    return true;
}
