/* One step a "/"; "~1" is "/" and "~0" is "~". */
#include "base/pointer.h"

#include <string.h>

enum { PART_BYTES = 1024, DIGITS_MAX = 9 };

/* Copies the part at *at, decoded; moves *at behind it. */
static bool take_part(const char **at, char out[PART_BYTES])
{
    size_t used = 0;
    const char *from = *at + 1;
    for (; *from != '\0' && *from != '/'; from++) {
        char c = *from;
        if (c == '~' && (from[1] == '0' || from[1] == '1'))
            c = *++from == '0' ? '~' : '/';
        if (used + 1 == PART_BYTES)
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    *at = from;
    return true;
}

/* Digits without a leading zero; what is no index finds nothing. */
static const json_t *item_of(const json_t *list, const char *part)
{
    size_t length = strspn(part, "0123456789");
    size_t index = 0;
    if (length == 0 || length > DIGITS_MAX || part[length] != '\0' ||
        (part[0] == '0' && length > 1))
        return NULL;
    for (size_t i = 0; i < length; i++)
        index = index * 10 + (size_t)(part[i] - '0');
    return json_array_get(list, index);
}

const json_t *pointer_find(const json_t *value, const char *pointer)
{
    char part[PART_BYTES];
    const char *at = pointer;
    while (value != NULL && *at == '/') {
        if (!take_part(&at, part))
            return NULL;
        value = json_is_array(value) ? item_of(value, part) : json_object_get(value, part);
    }
    return *at == '\0' ? value : NULL;
}
