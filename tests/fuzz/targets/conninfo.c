/* Connection strings: what is shown holds no password that libpq finds in them, and the log knows
 * the password. Lines: the string, a text with ${VARIABLES}. */
#include "fuzz.h"

#include "plan/conninfo.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

/* Where a password holds this word, and nothing else does, nothing that is shown may hold it. */
static const char MARK[] = "hunter2";

enum { SHORTEST = 6 }; /* as in base/log.c */

static bool is_password(const char *keyword)
{
    return strcmp(keyword, "password") == 0 || strcmp(keyword, "sslpassword") == 0;
}

static size_t count_marks(const char *text)
{
    size_t count = 0;
    for (const char *at = strstr(text, MARK); at != NULL; at = strstr(at + 1, MARK))
        count++;
    return count;
}

static void check_shown(const char *url, const char *shown)
{
    bool nothing_shown = text_starts(shown, "(a connection string");
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL;
         option++) {
        if (option->val == NULL || !is_password(option->keyword))
            continue;
        invariant(nothing_shown || strlen(option->val) < SHORTEST || fuzz_was_secret(option->val));
        bool marked = count_marks(option->val) > 0 && count_marks(url) <= 1;
        invariant(!marked || count_marks(shown) == 0);
    }
    PQconninfoFree(options);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    FuzzInput input = {bytes, size};
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(base_free) char *url = fuzz_line(&input);
    AUTO(base_free) char *text = fuzz_line(&input);
    const char *expanded = NULL;
    const char *missing = NULL;
    const char *shown = plan_conninfo_shown(arena, url);
    invariant(shown != NULL);
    if (url[0] != '\0')
        check_shown(url, shown);
    if (plan_conninfo_expand(arena, text, &expanded, &missing))
        invariant(expanded != NULL && strstr(expanded, "${HOME}") == NULL);
    else
        invariant(missing != NULL);
}
