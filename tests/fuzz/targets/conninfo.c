/* Connection strings: what is shown holds no password that libpq finds in them, and the log knows
 * the password. Lines: the string, a text with ${VARIABLES}. */
#include "fuzz.h"

#include "plan/conninfo.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum { SHORTEST = 4 }; /* shorter ones turn up by chance */

static bool is_password(const char *keyword)
{
    return strcmp(keyword, "password") == 0 || strcmp(keyword, "sslpassword") == 0;
}

/* Does another value say the same, as in user=admin password=admin? */
static bool said_elsewhere(const PQconninfoOption *options, const char *password)
{
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        bool other = option->val != NULL && !is_password(option->keyword);
        if (strstr(option->keyword, password) != NULL ||
            (other && strstr(option->val, password) != NULL))
            return true;
    }
    return strstr("postgresql://", password) != NULL;
}

static void check_shown(const char *url, const char *shown)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL;
         option++) {
        bool secret =
            option->val != NULL && is_password(option->keyword) && strlen(option->val) >= SHORTEST;
        if (!secret)
            continue;
        bool nothing_shown = text_starts(shown, "(a connection string");
        invariant(nothing_shown || fuzz_was_secret(option->val));
        invariant(said_elsewhere(options, option->val) || strstr(shown, option->val) == NULL);
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
