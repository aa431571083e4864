/* Frames to viewers, and the close frame. */
#include "server/tls.h"
#include "server/viewer.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    CLOSE_ACK_S = 2,
    CLOSE_BYTES = 127,
    DIRECT_BYTES = 64 * 1024 - 1, ///< of a frame with a head of HEAD_BYTES
    HEAD_BYTES = 4,
    SMALL_FRAMES = 16,           ///< the kernel may need so many times the bytes of short frames
    SEND_ROOM_BYTES = 4 * 1024,  ///< what it needs for a send() besides its bytes,
    SEND_ROOM_PART = 8,          ///< and this part of them
    ROOM_MAX_BYTES = 512 * 1024, ///< of a socket, whatever the kernel would hold
    FLUSH_US = BOUND_WS_FLUSH_MS * 1000,
};

void frame_start(ServerViewer *viewer)
{
    int room = 0;
    socklen_t size = sizeof(room);
    if (getsockopt(viewer->socket, SOL_SOCKET, SO_SNDBUF, &room, &size) == 0)
        viewer->room_bytes = room < ROOM_MAX_BYTES ? (size_t)room : ROOM_MAX_BYTES;
}

static bool is_behind(const ServerViewer *viewer)
{
    for (size_t i = 0; i < viewer->watches_count; i++) {
        if (!viewer->watches[i].live)
            return true;
    }
    return false;
}

static void was_written(ServerViewer *viewer, int64_t now_us)
{
    viewer->moved_at_us = now_us;
    if (viewer->queue.bytes <= VIEWER_ROOM_BYTES && is_behind(viewer))
        feed_wake(viewer->server->feed);
}

/* The close frame is sent here: Debian's build closes a connection twice when a callback asks for
 * it (a left-over self-test), so that lws's own close frame never leaves. The client answers by
 * closing, or is cut. */
static void send_close(ServerViewer *viewer, struct lws *wsi)
{
    unsigned char frame[CLOSE_BYTES];
    size_t length = strlen(viewer->close_why);
    if (viewer->close_sent)
        return;
    invariant(length + 4 <= sizeof(frame));
    viewer->close_sent = true;
    frame[0] = 0x88; /* final, opcode close */
    frame[1] = (unsigned char)(length + 2);
    frame[2] = (unsigned char)(viewer->close_status >> 8);
    frame[3] = (unsigned char)(viewer->close_status & 0xFF);
    memcpy(frame + 4, viewer->close_why, length);
    ssize_t sent = viewer->server->tls ? tls_send(wsi, frame, length + 4)
                                       : send(lws_get_socket_fd(wsi), frame, length + 4,
                                              MSG_DONTWAIT | MSG_NOSIGNAL);
    lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_ACK,
                    sent == (ssize_t)length + 4 ? CLOSE_ACK_S : LWS_TO_KILL_ASYNC);
}

/* Of a socket's room, that a send() of size bytes may take. */
static size_t room_of(size_t size)
{
    return size + size / SEND_ROOM_PART + SEND_ROOM_BYTES;
}

/* The socket has room for a whole send() of size bytes, and no frame of lws can come into the
 * middle of ours. What was sent is taken to fill the socket until the kernel says what of it has
 * not reached the other side; it is asked only when there would be no room else. */
static bool has_room(ServerViewer *viewer, size_t size)
{
    size_t wanted = room_of(size);
    int unsent = 0;
    if (viewer->server->tls || (viewer->by_lws && lws_partial_buffered(viewer->wsi)))
        return false;
    viewer->by_lws = false;
    if (viewer->filled_bytes + wanted <= viewer->room_bytes)
        return true;
    if (ioctl(viewer->socket, SIOCOUTQ, &unsent) != 0)
        return false;
    viewer->filled_bytes = (size_t)unsent * SMALL_FRAMES;
    return viewer->filled_bytes + wanted <= viewer->room_bytes;
}

/* Writes the head of a text frame before text; returns where the frame begins. */
static unsigned char *put_head(unsigned char *text, size_t size)
{
    size_t head = size < 126 ? 2 : HEAD_BYTES;
    unsigned char *frame = text - head;
    invariant(size <= DIRECT_BYTES);
    frame[0] = 0x81; /* final, opcode text */
    frame[1] = (unsigned char)(size < 126 ? size : 126);
    if (head == HEAD_BYTES) {
        frame[2] = (unsigned char)(size >> 8);
        frame[3] = (unsigned char)(size & 0xFF);
    }
    return frame;
}

/* lws would ask to be told that the socket is writable, wait for the next turn, and do so for every
 * frame of every viewer: where it is known that the socket is, a plain send costs a fraction. */
static void send_plain(ServerViewer *viewer, const unsigned char *frame, size_t size,
                       int64_t now_us)
{
    FAULT("ws.send");
    ssize_t sent = send(viewer->socket, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    viewer->filled_bytes += room_of(size);
    if (sent == (ssize_t)size)
        was_written(viewer, now_us);
    else
        http_end_connection(viewer->wsi); /* the viewer comes again and goes on where it was */
}

/* False: this is something for lws. */
static bool send_directly(ServerViewer *viewer, int64_t now_us)
{
    unsigned char *text = viewer->server->frame + LWS_PRE;
    if (viewer->close_status != 0 || !has_room(viewer, viewer->queue.bytes + viewer->queue.count))
        return false;
    size_t size = queue_frame(&viewer->queue, (char *)text, DIRECT_BYTES);
    if (size == 0)
        return viewer->queue.count == 0;
    unsigned char *frame = put_head(text, size);
    send_plain(viewer, frame, (size_t)(text + size - frame), now_us);
    return true;
}

/* As many notes as one frame holds, from *next on. */
static unsigned char *put_frame(unsigned char *at, ServerNote *const *notes, size_t count,
                                size_t *next)
{
    unsigned char *text = at + HEAD_BYTES;
    size_t size = 1; /* the bracket behind; each note has one or a comma before */
    for (; *next < count && size + 1 + notes[*next]->size_bytes <= DIRECT_BYTES; (*next)++) {
        text[size - 1] = size == 1 ? '[' : ',';
        memcpy(text + size, notes[*next]->text, notes[*next]->size_bytes);
        size += 1 + notes[*next]->size_bytes;
    }
    text[size - 1] = ']';
    unsigned char *frame = put_head(text, size);
    memmove(at, frame, (size_t)(text + size - frame)); /* a short frame has a shorter head */
    return at + (text + size - frame);
}

bool frame_pack(Server *server, ServerNote *const *notes, size_t count, Arena *arena,
                ServerFrames *ret_frames)
{
    int64_t now_us = clock_monotonic_us();
    size_t size = 0;
    bool small = true;
    for (size_t i = 0; i < count; i++) {
        size += notes[i]->size_bytes + 1 + HEAD_BYTES + 1;
        small = small && notes[i]->size_bytes + 2 <= DIRECT_BYTES;
    }
    if (count == 0 || !small || now_us - server->flushed_at_us < FLUSH_US)
        return false;
    unsigned char *bytes = arena_alloc(arena, size);
    unsigned char *at = bytes;
    for (size_t next = 0; next < count;)
        at = put_frame(at, notes, count, &next);
    *ret_frames = (ServerFrames){bytes, (size_t)(at - bytes), now_us};
    return true;
}

bool frame_send(ServerViewer *viewer, const ServerFrames *frames)
{
    if (viewer->queue.count > 0 || viewer->close_status != 0 ||
        !has_room(viewer, frames->size_bytes))
        return false;
    viewer->server->flushed_at_us = frames->packed_at_us;
    send_plain(viewer, frames->bytes, frames->size_bytes, frames->packed_at_us);
    return true;
}

void frame_want(ServerViewer *viewer)
{
    if (viewer->wsi == NULL)
        return;
    viewer->due = true;
    if (!viewer->server->frames_due)
        fiber_event_broadcast(&viewer->server->unsent);
    viewer->server->frames_due = true;
}

int frame_flush(Server *server)
{
    int64_t now_us = clock_monotonic_us();
    int64_t left_us = server->flushed_at_us + FLUSH_US - now_us;
    if (!server->frames_due)
        return -1;
    if (left_us > 0)
        return (int)(left_us / 1000) + 1;
    server->frames_due = false;
    server->flushed_at_us = now_us;
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        if (!viewer->due)
            continue;
        viewer->due = false;
        if (!send_directly(viewer, now_us))
            lws_callback_on_writable(viewer->wsi);
        else if (viewer->queue.count > 0)
            frame_want(viewer);
    }
    return server->frames_due ? BOUND_WS_FLUSH_MS : -1;
}

int frame_write(ServerViewer *viewer, struct lws *wsi)
{
    Server *server = viewer->server;
    if (viewer->close_status != 0) {
        send_close(viewer, wsi);
        return 0;
    }
    size_t size = queue_frame(&viewer->queue, (char *)server->frame + LWS_PRE, SERVER_FRAME_BYTES);
    if (size == 0)
        return 0;
    FAULT("ws.send");
    if (lws_write(wsi, server->frame + LWS_PRE, size, LWS_WRITE_TEXT) < 0)
        return -1;
    viewer->by_lws = true;
    viewer->filled_bytes += room_of(size);
    was_written(viewer, clock_monotonic_us());
    if (viewer->queue.count > 0)
        lws_callback_on_writable(wsi);
    return 0;
}
