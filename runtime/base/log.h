/* The single log sink: one line per record on stderr, logfmt, secrets redacted here and only here.
 * Nothing below run/ logs above debug (STYLE 5.3). */
#ifndef HEADGATE_BASE_LOG_H
#define HEADGATE_BASE_LOG_H

#include "base/base.h"

typedef enum LogLevel { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } LogLevel;

void log_set_level(LogLevel least);
/// The word that leads each line: "supervisor", "runner 42", "worker 42".
void log_set_process(const char *name);
void log_line(LogLevel level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

/// Remembers a secret: from now on it is written as "***" wherever it occurs. Short ones (< 6) are
/// ignored; there is no limit to how many.
void log_secret(const char *secret);
/// Replaces every remembered secret in text (in place, never longer).
void log_redact(char *text);

#endif
