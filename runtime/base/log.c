/* The log sink. */
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SECRETS_MAX = 64, SECRET_MIN_BYTES = 6, LINE_BYTES = 4096 };

static struct {
    LogLevel least;
    char process[64];
    char *secrets[SECRETS_MAX];
    size_t secrets_count;
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
    if (secret == NULL || strlen(secret) < SECRET_MIN_BYTES || sink.secrets_count == SECRETS_MAX)
        return;
    for (size_t i = 0; i < sink.secrets_count; i++) {
        if (strcmp(sink.secrets[i], secret) == 0)
            return;
    }
    sink.secrets[sink.secrets_count++] = base_strdup(secret);
}

void log_redact(char *text)
{
    for (size_t i = 0; i < sink.secrets_count; i++) {
        size_t length = strlen(sink.secrets[i]);
        for (char *hit = strstr(text, sink.secrets[i]); hit != NULL;
             hit = strstr(hit, sink.secrets[i])) {
            memcpy(hit, "***", 3);
            memmove(hit + 3, hit + length, strlen(hit + length) + 1);
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
