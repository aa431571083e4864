/* One timer, wound up rarely: a deadline that is moved leaves it as it is, and a signal that comes
 * too early winds it up for what is left. So a call that takes a microsecond costs no system call.
 */
#include "script/deadline.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { SIGNAL = SIGVTALRM, AGAIN_US = 5000 };

/* Shared with the signal, which comes between any two instructions of the same thread. */
static struct {
    timer_t timer;
    bool made;
    pthread_t thread; ///< that runs Lua
    lua_Hook hook;
    lua_State *volatile running; ///< NULL: the signal has nothing to do
    lua_State *volatile main;
    volatile int64_t at_us;
    volatile int64_t fires_at_us; ///< of the timer; INT64_MAX: it is not wound up
} deadline;

static void wind(int64_t now_us, int64_t in_us)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = in_us / 1000000, .tv_nsec = in_us % 1000000 * 1000}};
    deadline.fires_at_us = now_us + in_us;
    timer_settime(deadline.timer, 0, &when, NULL);
}

/* lua_sethook may be called from a signal (lua.c does for Ctrl-C). Once is not enough: a function
 * that was just being entered may not see it. */
static void on_signal(int signum)
{
    int saved = errno;
    if (!pthread_equal(pthread_self(), deadline.thread)) {
        pthread_kill(deadline.thread, signum);
    } else if (deadline.running == NULL) {
        deadline.fires_at_us = INT64_MAX;
    } else {
        int64_t now_us = clock_monotonic_us();
        int64_t left_us = deadline.at_us - now_us;
        if (left_us <= 0) {
            lua_sethook(deadline.running, deadline.hook, LUA_MASKCOUNT, 1);
            lua_sethook(deadline.main, deadline.hook, LUA_MASKCOUNT, 1);
        }
        wind(now_us, left_us > 0 ? left_us : AGAIN_US);
    }
    errno = saved;
}

static void make_timer(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGNAL};
    deadline.made = true;
    deadline.thread = pthread_self();
    deadline.fires_at_us = INT64_MAX;
    sigemptyset(&action.sa_mask);
    bool made = sigaction(SIGNAL, &action, NULL) == 0 &&
                timer_create(CLOCK_MONOTONIC, &event, &deadline.timer) == 0;
    invariant(made);
}

void script_deadline_set(lua_State *running, lua_State *main, int64_t at_us, lua_Hook hook)
{
    if (!deadline.made)
        make_timer();
    deadline.at_us = at_us;
    deadline.hook = hook;
    deadline.main = main;
    atomic_signal_fence(memory_order_seq_cst);
    deadline.running = running;
    atomic_signal_fence(memory_order_seq_cst);
    if (deadline.fires_at_us <= at_us)
        return; /* the signal winds it up for the rest */
    int64_t now_us = clock_monotonic_us();
    wind(now_us, at_us > now_us ? at_us - now_us : 1);
}

void script_deadline_clear(void)
{
    deadline.running = NULL;
}
