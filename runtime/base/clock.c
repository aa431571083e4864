/* Clocks, randomness and durations. */
#include "base/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

/* xorshift64*: https://en.wikipedia.org/wiki/Xorshift#xorshift* */
uint32_t clock_random(uint32_t below)
{
    static uint64_t state;
    if (state == 0) {
        const char *seed = getenv("HEADGATE_SEED");
        state = seed != NULL ? strtoull(seed, NULL, 10)
                             : (uint64_t)clock_monotonic_us() ^ ((uint64_t)getpid() << 32);
        state |= 1;
    }
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * UINT64_C(2685821657736338717)) >> 33) % below;
}

static const struct Unit {
    const char *name;
    int64_t us;
} UNITS[] = {
    {"ms", 1000},
    {"s", 1000000},
    {"m", INT64_C(60) * 1000000},
    {"h", INT64_C(3600) * 1000000},
    {"d", INT64_C(86400) * 1000000},
    {"w", INT64_C(604800) * 1000000},
    {"min",
     INT64_C(60) * 1000000}, /* as PostgreSQL writes it; the others are for duration_text too */
};

static const struct Unit *unit_find(const char *text, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(UNITS); i++) {
        if (strlen(UNITS[i].name) == length && strncmp(UNITS[i].name, text, length) == 0)
            return &UNITS[i];
    }
    return NULL;
}

/* Added to a time of day it still fits. */
static const int64_t DURATION_MAX_US = INT64_MAX / 4;

bool duration_parse(const char *text, int64_t *ret_us, Error *err)
{
    int64_t total = 0;
    const char *at = text;
    while (*at != '\0') {
        if (!isdigit((unsigned char)*at))
            break;
        char *end = NULL;
        unsigned long long number = strtoull(at, &end, 10);
        size_t length = 0;
        while (isalpha((unsigned char)end[length]))
            length++;
        const struct Unit *unit = unit_find(end, length);
        if (unit == NULL || number > (unsigned long long)((DURATION_MAX_US - total) / unit->us))
            break;
        total += (int64_t)number * unit->us;
        at = end + length;
    }
    if (*at != '\0' || at == text)
        return error_set(err, ERROR_INPUT,
                         "\"%s\" is not a duration (examples: 300ms, 5s, 10m, 24h, 7d)", text);
    *ret_us = total;
    return true;
}

const char *duration_text(int64_t us, char *out, size_t size)
{
    size_t used = 0;
    int parts = 0;
    out[0] = '\0';
    int64_t left = us < 0 ? 0 : us;
    for (int i = 4; i >= 0 && parts < 2; i--) {
        int64_t count = left / UNITS[i].us;
        if (count == 0)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%" PRId64 "%s", count, UNITS[i].name);
        left %= UNITS[i].us;
        parts++;
        if (used >= size)
            break;
    }
    if (parts == 0)
        snprintf(out, size, "0s");
    return out;
}
