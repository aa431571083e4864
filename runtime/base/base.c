/* The allocation and invariant helpers behind base.h. */
#include "base/base.h"

#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

void invariant_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "headgate: %s:%d: broken invariant: %s\n", file, line, condition);
    abort();
}

static void *must(void *block)
{
    if (block == NULL) {
        fputs("headgate: out of memory\n", stderr);
        abort();
    }
    return block;
}

void *base_alloc(size_t bytes)
{
    return must(FAULT_ALLOC_FAILS() ? NULL : calloc(1, bytes == 0 ? 1 : bytes));
}

void *base_realloc(void *block, size_t bytes)
{
    return must(FAULT_ALLOC_FAILS() ? NULL : realloc(block, bytes == 0 ? 1 : bytes));
}

char *base_strdup(const char *text)
{
    return text == NULL ? NULL : must(FAULT_ALLOC_FAILS() ? NULL : strdup(text));
}

char *base_strndup(const char *text, size_t bytes)
{
    return text == NULL ? NULL : must(FAULT_ALLOC_FAILS() ? NULL : strndup(text, bytes));
}

char *base_printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *result = NULL;
    int length = vasprintf(&result, format, args);
    va_end(args);
    return must(length < 0 || FAULT_ALLOC_FAILS() ? NULL : result);
}

void base_free(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

bool text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t end = strlen(suffix);
    return length >= end && strcmp(text + length - end, suffix) == 0;
}

void base_seal_memory(void)
{
    invariant(prctl(PR_SET_DUMPABLE, 0) == 0);
}
