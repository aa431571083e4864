/* Child processes: start, beat, deadline, end. */
#ifndef HEADGATE_LOOP_CHILD_H
#define HEADGATE_LOOP_CHILD_H

#include "loop/fiber.h"

typedef struct Child Child;

/// What a child does on standard output and error.
typedef enum ChildOutput {
    CHILD_INHERIT, ///< goes where ours goes
    CHILD_CAPTURE, ///< collected, up to capture_max_bytes each; the rest is read and dropped
    CHILD_DISCARD,
} ChildOutput;

typedef struct ChildOptions {
    const char *const *argv; ///< NULL-terminated; argv[0] is the path
    const char *const *env;  ///< NULL-terminated "NAME=value"; NULL = inherit ours
    const char *directory;   ///< NULL = ours
    ChildOutput output;
    size_t capture_max_bytes;
    const char *input; ///< written to its standard input; NULL = /dev/null
    size_t input_bytes;
    bool beats;     ///< gives it a pipe (its number in HEADGATE_BEAT_FD) and kills it when it falls
                    ///< silent
    int silence_ms; ///< with beats: longest silence before SIGKILL; the child may lengthen it per
                    ///< beat
    bool own_group; ///< own process group, so that Ctrl-C on a terminal does not reach it
    int user_id;    ///< > 0: setuid/setgid to it in the child (we are root)
} ChildOptions;

typedef struct ChildExit {
    int code;    ///< exit code; -1 when ended by a signal
    int signum;  ///< 0 when it exited
    bool silent; ///< we killed it because it did not beat
} ChildExit;

/// Starts a child. Everything we hold open is CLOEXEC. The caller ends it with child_free() after
/// child_wait().
NODISCARD bool child_start(Loop *loop, const ChildOptions *options, Child **ret_child, Error *err);
/// Waits for its end; timeout_ms < 0: for ever. False with ERROR_CANCELLED or (timeout)
/// ERROR_CANCELLED.
NODISCARD bool child_wait(Child *child, int64_t timeout_ms, ChildExit *ret_exit, Error *err);
bool child_running(const Child *child);
void child_kill(Child *child, int signum);
int child_pid(const Child *child);
/// Captured output, NUL-terminated, owned by child.
const char *child_stdout(const Child *child);
const char *child_stderr(const Child *child);
/// Kills it if it still runs and frees it once the loop has reaped it. NULL is fine.
void child_free(Child *child);

/// In the child: beats on HEADGATE_BEAT_FD at loop turns (at least every 100 ms). Does nothing
/// without that variable. A process whose parent has died goes on (a runner outlives its
/// supervisor), but then the kernel ends it by SIGALRM when it falls silent.
void child_beat_start(Loop *loop);
/// In the child: the next silence may last up to ms, be that longer or shorter than the usual one
/// (before entering Lua, whose deadline that is). It is killed within BOUND_SCRIPT_KILL_MARGIN_MS
/// after that.
void child_beat_allow(int ms);
/// In the child: has the watching parent died? Known one beat later; for those that end with it
/// (worker).
bool child_beat_orphaned(void);

#endif
