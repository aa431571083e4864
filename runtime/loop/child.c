/* Child processes on libuv, seen from the parent: start, output, silence, end. The child's own side
 * of the beat pipe stands in beat.c. */
#include "loop/child.h"

#include "base/arena.h"
#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "loop/private.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BEAT_FD = 3,             ///< the first descriptor after the standard three
    START_SILENCE_MS = 5000, ///< until the first beat: loading a program takes its time
    OUTPUT_GRACE_MS = 1000,  ///< a grandchild may hold the output open after the child's end
};

struct Child {
    Loop *loop;
    uv_process_t process;
    uv_pipe_t input;
    uv_pipe_t output[2]; ///< standard output and error, when captured
    uv_pipe_t beat;
    uv_timer_t timer; ///< while it runs: its silence; afterwards: the grace of its output
    size_t open_handles;
    bool running; ///< not reaped yet
    bool freed;   ///< child_free() was called: the last closed handle frees the memory
    bool warned;  ///< the deadline has passed, the margin after it runs
    int silence_ms;
    uint8_t beat_bytes[sizeof(int32_t)]; ///< a message that arrives in pieces
    size_t beat_have;
    uv_write_t write;
    char *input_copy;
    Text text[2];
    char buffer[16 * 1024];
    ChildExit exit;
    FiberEvent changed;
};

/* -- handles -- */

static void destroy_if_done(Child *child)
{
    if (!child->freed || child->open_handles > 0)
        return;
    text_done(&child->text[0]);
    text_done(&child->text[1]);
    free(child->input_copy);
    free(child);
}

static void on_closed(uv_handle_t *handle)
{
    Child *child = handle->data;
    child->open_handles--;
    fiber_event_broadcast(&child->changed);
    destroy_if_done(child);
}

static void handle_opened(Child *child, void *handle)
{
    ((uv_handle_t *)handle)->data = child;
    child->open_handles++;
}

/* Handles that were never opened have no data: closing them does nothing. */
static void handle_close(void *handle)
{
    uv_handle_t *h = handle;
    if (h->data != NULL && !uv_is_closing(h))
        uv_close(h, on_closed);
}

static bool handle_is_open(const uv_pipe_t *pipe)
{
    return pipe->data != NULL && !uv_is_closing((const uv_handle_t *)pipe);
}

static bool output_open(const Child *child)
{
    return handle_is_open(&child->output[0]) || handle_is_open(&child->output[1]);
}

static void close_all(Child *child)
{
    handle_close(&child->process);
    handle_close(&child->input);
    handle_close(&child->output[0]);
    handle_close(&child->output[1]);
    handle_close(&child->beat);
    handle_close(&child->timer);
}

/* -- what comes from the child -- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    UNUSED(suggested);
    Child *child = handle->data;
    *buffer = uv_buf_init(child->buffer, sizeof(child->buffer));
}

static void on_output(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer)
{
    Child *child = stream->data;
    Text *text = &child->text[stream == (uv_stream_t *)&child->output[0] ? 0 : 1];
    if (bytes < 0) {
        handle_close(stream);
        fiber_event_broadcast(&child->changed);
    } else if (!text->overflowed) {
        text_append_bytes(text, buffer->base, (size_t)bytes);
    }
}

static void on_silence(uv_timer_t *timer)
{
    Child *child = timer->data;
    if (!child->running) {
        handle_close(&child->output[0]);
        handle_close(&child->output[1]);
        fiber_event_broadcast(&child->changed);
    } else if (!child->warned) {
        /* Perhaps it was us who did not get to read: the loop polls before the margin is over. */
        child->warned = true;
        uv_timer_start(timer, on_silence, BOUND_SCRIPT_KILL_MARGIN_MS, 0);
    } else {
        child->exit.silent = true;
        uv_process_kill(&child->process, SIGKILL);
    }
}

static void silence_start(Child *child, int ms)
{
    child->warned = false;
    uv_update_time(loop_uv(child->loop));
    uv_timer_start(&child->timer, on_silence, (uint64_t)ms, 0);
}

/* A message is the longest silence to come in ms, 0 for the usual one; little-endian. */
static void on_beat(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer)
{
    Child *child = stream->data;
    if (bytes < 0) {
        handle_close(stream);
        return;
    }
    bool complete = false;
    for (ssize_t i = 0; i < bytes; i++) {
        child->beat_bytes[child->beat_have++ % sizeof(child->beat_bytes)] =
            (uint8_t)buffer->base[i];
        complete = complete || child->beat_have % sizeof(child->beat_bytes) == 0;
    }
    if (!complete || !child->running)
        return;
    const uint8_t *b = child->beat_bytes;
    uint32_t allowed =
        (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    silence_start(child, allowed > 0 && allowed <= INT32_MAX ? (int)allowed : child->silence_ms);
}

static void on_exit_seen(uv_process_t *process, int64_t code, int signum)
{
    Child *child = process->data;
    child->running = false;
    child->exit.code = signum != 0 ? -1 : (int)code;
    child->exit.signum = signum;
    uv_timer_stop(&child->timer);
    handle_close(&child->process);
    handle_close(&child->input);
    handle_close(&child->beat);
    if (child->freed)
        close_all(child);
    else if (output_open(child))
        uv_timer_start(&child->timer, on_silence, OUTPUT_GRACE_MS, 0);
    fiber_event_broadcast(&child->changed);
}

/* -- starting -- */

static bool is_beat_variable(const char *entry)
{
    return text_starts(entry, "HEADGATE_BEAT_");
}

/* The environment without our own beat pipe, which is not the child's, and with the child's. */
static const char **build_env(Arena *arena, const ChildOptions *options)
{
    const char *const *from = options->env != NULL ? options->env : (const char *const *)environ;
    size_t count = 0;
    while (from[count] != NULL)
        count++;
    const char **env = arena_alloc(arena, (count + 3) * sizeof(*env));
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_beat_variable(from[i]))
            env[used++] = from[i];
    }
    if (options->beats) {
        env[used++] = arena_printf(arena, "HEADGATE_BEAT_FD=%d", BEAT_FD);
        env[used++] = arena_printf(arena, "HEADGATE_BEAT_MS=%d", options->silence_ms);
    }
    return env;
}

static void add_pipe(Child *child, uv_pipe_t *pipe, uv_stdio_container_t *stdio, int direction)
{
    invariant(uv_pipe_init(loop_uv(child->loop), pipe, 0) == 0);
    handle_opened(child, pipe);
    stdio->flags = (uv_stdio_flags)(UV_CREATE_PIPE | direction);
    stdio->data.stream = (uv_stream_t *)pipe;
}

static void choose_stdio(Child *child, const ChildOptions *options,
                         uv_stdio_container_t stdio[BEAT_FD + 1])
{
    stdio[0].flags = UV_IGNORE;
    if (options->input != NULL)
        add_pipe(child, &child->input, &stdio[0], UV_READABLE_PIPE);
    for (int i = 0; i < 2; i++) {
        stdio[1 + i].flags = options->output == CHILD_INHERIT ? UV_INHERIT_FD : UV_IGNORE;
        if (options->output == CHILD_INHERIT)
            stdio[1 + i].data.fd = 1 + i;
        if (options->output == CHILD_CAPTURE)
            add_pipe(child, &child->output[i], &stdio[1 + i], UV_WRITABLE_PIPE);
    }
    if (options->beats)
        add_pipe(child, &child->beat, &stdio[BEAT_FD], UV_WRITABLE_PIPE);
}

static void choose_user(uv_process_options_t *spawn, int user_id)
{
    if (user_id <= 0)
        return;
    const struct passwd *user = getpwuid((uid_t)user_id);
    spawn->flags |= UV_PROCESS_SETUID | UV_PROCESS_SETGID;
    spawn->uid = (uid_t)user_id;
    spawn->gid = user != NULL ? user->pw_gid : (gid_t)user_id;
}

static void on_written(uv_write_t *write, int status)
{
    UNUSED(status); /* a child that ends without reading everything says so by its exit code */
    handle_close(write->handle);
}

static void begin_streams(Child *child, const ChildOptions *options)
{
    if (options->input != NULL) {
        child->input_copy = base_alloc(options->input_bytes);
        memcpy(child->input_copy, options->input, options->input_bytes);
        uv_buf_t buffer = uv_buf_init(child->input_copy, (unsigned)options->input_bytes);
        if (uv_write(&child->write, (uv_stream_t *)&child->input, &buffer, 1, on_written) != 0)
            handle_close(&child->input);
    }
    for (int i = 0; i < 2; i++) {
        if (options->output == CHILD_CAPTURE)
            uv_read_start((uv_stream_t *)&child->output[i], on_alloc, on_output);
    }
    if (!options->beats)
        return;
    uv_read_start((uv_stream_t *)&child->beat, on_alloc, on_beat);
    child->silence_ms = options->silence_ms;
    silence_start(child,
                  options->silence_ms > START_SILENCE_MS ? options->silence_ms : START_SILENCE_MS);
}

bool child_start(Loop *loop, const ChildOptions *options, Child **ret_child, Error *err)
{
    invariant(!options->beats || options->silence_ms > 0);
    Child *child = base_alloc(sizeof(*child));
    child->loop = loop;
    text_init(&child->text[0], options->capture_max_bytes);
    text_init(&child->text[1], options->capture_max_bytes);
    invariant(uv_timer_init(loop_uv(loop), &child->timer) == 0);
    handle_opened(child, &child->timer);
    uv_stdio_container_t stdio[BEAT_FD + 1] = {0};
    choose_stdio(child, options, stdio);
    AUTO(arena_auto) Arena *arena = arena_new();
    uv_process_options_t spawn = {
        .exit_cb = on_exit_seen,
        .file = options->argv[0],
        .args = (char **)(uintptr_t)options->argv,
        .env = (char **)(uintptr_t)build_env(arena, options),
        .cwd = options->directory,
        .flags = options->own_group ? UV_PROCESS_DETACHED : 0,
        .stdio_count = options->beats ? BEAT_FD + 1 : BEAT_FD,
        .stdio = stdio,
    };
    choose_user(&spawn, options->user_id);
    FAULT("child.start");
    int failed = uv_spawn(loop_uv(loop), &child->process, &spawn);
    handle_opened(child, &child->process); /* also when spawning failed */
    if (failed != 0) {
        child->freed = true;
        close_all(child);
        return error_set(err, ERROR_INTERNAL, "cannot start %s: %s", options->argv[0],
                         uv_strerror(failed));
    }
    FAULT("child.started");
    child->running = true;
    begin_streams(child, options);
    *ret_child = child;
    return true;
}

/* -- waiting and ending -- */

bool child_wait(Child *child, int64_t timeout_ms, ChildExit *ret_exit, Error *err)
{
    int64_t until = clock_monotonic_us() + timeout_ms * 1000;
    while (child->running || output_open(child)) {
        int64_t left = timeout_ms < 0 ? -1 : (until - clock_monotonic_us() + 999) / 1000;
        if (timeout_ms >= 0 && left <= 0)
            return error_set(err, ERROR_CANCELLED, "the process has not ended within %lld ms",
                             (long long)timeout_ms);
        (void)fiber_event_wait(&child->changed, left);
        if (fiber_cancelled() && (child->running || output_open(child)))
            return error_set(err, ERROR_CANCELLED, "%s was asked to stop",
                             fiber_name(fiber_current()));
    }
    if (ret_exit != NULL)
        *ret_exit = child->exit;
    return true;
}

bool child_running(const Child *child)
{
    return child->running;
}

void child_kill(Child *child, int signum)
{
    if (child->running)
        uv_process_kill(&child->process, signum);
}

int child_pid(const Child *child)
{
    return uv_process_get_pid(&child->process);
}

const char *child_stdout(const Child *child)
{
    return text_string(&child->text[0]);
}

const char *child_stderr(const Child *child)
{
    return text_string(&child->text[1]);
}

void child_free(Child *child)
{
    if (child == NULL)
        return;
    child->freed = true;
    if (child->running)
        uv_process_kill(&child->process, SIGKILL);
    else
        close_all(child);
}
