/* The log sink. */
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SECRET_MIN_BYTES = 6, LINE_BYTES = 4096 };

/* As many as there are: one left out would be one that leaves. */
typedef struct Secret Secret;
struct Secret {
    Secret *next;
    size_t bytes;
    char text[];
};

static struct {
    LogLevel least;
    char process[64];
    Secret *secrets;
} sink = {.least = LOG_INFO, .process = "headgate"};

void log_set_level(LogLevel least)
{
    sink.least = least;
}

void log_set_process(const char *name)
{
    snprintf(sink.process, sizeof(sink.process), "%s", name);
}

void log_secret(const char *secret)
{
    size_t bytes = secret == NULL ? 0 : strlen(secret);
    if (bytes < SECRET_MIN_BYTES)
        return;
    Secret **place = &sink.secrets;
    /* The longest first: one that holds another is replaced as a whole. */
    for (; *place != NULL && (*place)->bytes >= bytes; place = &(*place)->next) {
        if (strcmp((*place)->text, secret) == 0)
            return;
    }
    Secret *added = base_alloc(sizeof(*added) + bytes + 1);
    added->bytes = bytes;
    memcpy(added->text, secret, bytes);
    added->next = *place;
    *place = added;
}

void log_redact(char *text)
{
    for (const Secret *secret = sink.secrets; secret != NULL; secret = secret->next) {
        for (char *hit = strstr(text, secret->text); hit != NULL; hit = strstr(hit, secret->text)) {
            memcpy(hit, "***", 3);
            memmove(hit + 3, hit + secret->bytes, strlen(hit + secret->bytes) + 1);
            hit += 3;
        }
    }
}

void log_line(LogLevel level, const char *format, ...)
{
    static const char *const NAMES[] = {"debug", "info", "warn", "error"};
    if (level < sink.least)
        return;
    char message[LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    log_redact(message);
    int64_t now = clock_wall_us();
    time_t seconds = (time_t)(now / 1000000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    char stamp[32];
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
    fprintf(stderr, "%s.%03dZ %s %s: %s\n", stamp, (int)(now / 1000 % 1000), NAMES[level],
            sink.process, message);
}
