/* The child's side of the beat pipe: a message at each loop turn says "still alive". */
#include "loop/child.h"

#include "base/bounds.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

enum { TURN_MS = 100, LEAST_INTERVAL_US = 50 * 1000 };
/* Asked for on top, so that thousands of short calls in a row need one message, not one each. */
enum { ALLOW_SLACK_MS = 50 };
/* The parent kills BOUND_SCRIPT_KILL_MARGIN_MS after the silence it was promised. It is promised
 * this much less than what is meant, so that the process is gone, and not only signalled, when the
 * margin is over. */
enum { KILL_EARLY_MS = 200 };

static struct {
    int fd; ///< -1 = nobody watches us
    int silence_ms;
    int64_t sent_at_us;
    int promised_ms; ///< the silence that the last message asked for
    bool started;
    bool orphaned;
} beat = {.fd = -1};

/* Nobody kills an orphan that hangs, so the kernel does: SIGALRM keeps its default action, and each
 * beat winds the clock up again. */
static void wind_alarm(int allowed_ms)
{
    int ms =
        (allowed_ms > beat.silence_ms ? allowed_ms : beat.silence_ms) + BOUND_SCRIPT_KILL_MARGIN_MS;
    struct itimerval timer = {
        .it_value = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void send_beat(int allowed_ms)
{
    uint32_t value = (uint32_t)allowed_ms;
    const uint8_t message[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                                (uint8_t)(value >> 24)};
    beat.sent_at_us = clock_monotonic_us();
    beat.promised_ms = allowed_ms > 0 ? allowed_ms : beat.silence_ms;
    /* A full pipe means that the parent has unread beats of ours, which do as well. */
    if (!beat.orphaned && write(beat.fd, message, sizeof(message)) < 0 && errno != EAGAIN &&
        errno != EINTR) {
        beat.orphaned = true;
        signal(SIGALRM, SIG_DFL);
    }
    if (beat.orphaned)
        wind_alarm(allowed_ms);
}

static void on_turn(void *ctx)
{
    UNUSED(ctx);
    if (clock_monotonic_us() - beat.sent_at_us >= LEAST_INTERVAL_US)
        send_beat(0);
}

void child_beat_start(Loop *loop)
{
    const char *fd = getenv("HEADGATE_BEAT_FD");
    const char *silence = getenv("HEADGATE_BEAT_MS");
    if (fd == NULL || silence == NULL)
        return;
    if (!beat.started) {
        beat.fd = (int)strtol(fd, NULL, 10);
        beat.silence_ms = (int)strtol(silence, NULL, 10);
        beat.started = true;
        fcntl(beat.fd, F_SETFD, FD_CLOEXEC);
        fcntl(beat.fd, F_SETFL, O_NONBLOCK);
    }
    send_beat(0);
    loop_on_turn(loop, TURN_MS, on_turn, NULL);
}

void child_beat_allow(int ms)
{
    if (!beat.started)
        return;
    int64_t until_us = clock_monotonic_us() + (int64_t)ms * 1000;
    int64_t promised_us = beat.sent_at_us + (int64_t)beat.promised_ms * 1000;
    if (until_us <= promised_us && promised_us - until_us <= (int64_t)ALLOW_SLACK_MS * 1000)
        return;
    send_beat(ms > KILL_EARLY_MS ? ms + ALLOW_SLACK_MS - KILL_EARLY_MS : ms);
    beat.promised_ms = ms + ALLOW_SLACK_MS;
}

bool child_beat_orphaned(void)
{
    return beat.orphaned;
}
