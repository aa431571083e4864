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
    DIRECT_BYTES = 8 * 1024,
    UNPROVEN_BYTES = 4 * 1024,
    FLUSH_US = BOUND_WS_FLUSH_MS * 1000,
};

static bool is_behind(const ServerViewer *viewer)
{
    for (size_t i = 0; i < viewer->watches_count; i++) {
        if (!viewer->watches[i].live)
            return true;
    }
    return false;
}

static void was_written(ServerViewer *viewer)
{
    viewer->flushed_at_us = clock_monotonic_us();
    viewer->moved_at_us = viewer->flushed_at_us;
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

/* Everything that was sent, but for a little, has reached the other side: so the socket has room
 * for a whole frame, and no frame of lws can come into the middle of ours. The kernel is asked once
 * in so many bytes. */
static bool is_clear(ServerViewer *viewer)
{
    int unsent = 0;
    if (viewer->server->tls || lws_partial_buffered(viewer->wsi))
        return false;
    if (viewer->unproven_bytes <= UNPROVEN_BYTES)
        return true;
    if (ioctl(lws_get_socket_fd(viewer->wsi), SIOCOUTQ, &unsent) != 0 || unsent != 0)
        return false;
    viewer->unproven_bytes = 0;
    return true;
}

/* lws would ask to be told that the socket is writable, wait for the next turn, and do so for every
 * frame of every viewer: where it is known that the socket is, a plain send costs a fraction.
 * False: this is something for lws. */
static bool send_directly(ServerViewer *viewer)
{
    unsigned char *text = viewer->server->frame + LWS_PRE;
    if (viewer->close_status != 0 || !is_clear(viewer))
        return false;
    size_t size = queue_frame(&viewer->queue, (char *)text, DIRECT_BYTES);
    if (size == 0)
        return viewer->queue.count == 0;
    size_t head = size < 126 ? 2 : 4;
    unsigned char *frame = text - head;
    frame[0] = 0x81; /* final, opcode text */
    frame[1] = (unsigned char)(size < 126 ? size : 126);
    if (head == 4) {
        frame[2] = (unsigned char)(size >> 8);
        frame[3] = (unsigned char)(size & 0xFF);
    }
    FAULT("ws.send");
    ssize_t sent =
        send(lws_get_socket_fd(viewer->wsi), frame, head + size, MSG_DONTWAIT | MSG_NOSIGNAL);
    viewer->unproven_bytes += head + size;
    if (sent == (ssize_t)(head + size))
        was_written(viewer);
    else
        http_end_connection(viewer->wsi); /* the viewer comes again and goes on where it was */
    return true;
}

void frame_want(ServerViewer *viewer)
{
    if (viewer->wsi == NULL)
        return;
    viewer->due = true;
    fiber_event_broadcast(&viewer->server->unsent);
}

bool frame_flush(Server *server)
{
    bool more = false;
    int64_t now_us = clock_monotonic_us();
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        if (viewer->due && now_us - viewer->flushed_at_us >= FLUSH_US) {
            bool sent = send_directly(viewer);
            viewer->due = sent && viewer->queue.count > 0;
            if (!sent)
                lws_callback_on_writable(viewer->wsi);
        }
        more = more || viewer->due;
    }
    return more;
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
    viewer->unproven_bytes += size;
    was_written(viewer);
    if (viewer->queue.count > 0)
        lws_callback_on_writable(wsi);
    return 0;
}
