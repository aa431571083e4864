/* Viewers: browsers and scripts on the WebSocket. ws.c talks to libwebsockets, feed.c fills their
 * queues. */
#ifndef HEADGATE_SERVER_VIEWER_H
#define HEADGATE_SERVER_VIEWER_H

#include "server/message.h"
#include "server/private.h"
#include "server/queue.h"

enum {
    VIEWER_WATCHES_MAX = 32,
    VIEWER_ROOM_BYTES =
        BOUND_WS_QUEUE_BYTES / 2, ///< with more than this in its queue nothing older is fetched
};

/// A run a viewer watches, or "*".
typedef struct ViewerWatch {
    int64_t run;               ///< 0: every run's head ("*")
    int64_t seq;               ///< newest event that was queued for the viewer
    char at[MESSAGE_AT_BYTES]; ///< when that happened, as the viewer says it; "" = checked, or not
                               ///< said
    bool live;                 ///< all that is known was queued
    bool fell;                 ///< it was live and its viewer did not keep up
} ViewerWatch;

struct ServerViewer {
    Server *server;
    struct lws *wsi;
    ServerViewer *next;
    ServerViewer *previous;
    char *token;           ///< until it was looked up
    char *proxied;         ///< who it is according to a trusted proxy; NULL = it does not say
    AccessIdentity who;    ///< known once ready
    bool ready;            ///< logged in, hello was queued
    bool asking;           ///< a fiber looks the token up and will need this record
    bool gone;             ///< the connection has ended while asking
    int close_status;      ///< 0 = stays; otherwise the WebSocket status it is being closed with
    const char *close_why; ///< at most 123 bytes
    bool close_sent;
    Text incoming;     ///< a message comes in fragments
    int64_t minute_us; ///< start of the minute that messages are counted in
    int messages;
    ServerQueue queue;
    int64_t flushed_at_us;
    size_t unproven_bytes; ///< sent since all had last reached the other side
    bool due;              ///< something waits for the pause after the last frame to end
    int64_t moved_at_us;   ///< when a frame last left; a viewer that reads nothing is ended
    int64_t checked_at_us; ///< when its session was last seen to be good
    bool checking;         ///< the database is being asked whether it still is
    ViewerWatch watches[VIEWER_WATCHES_MAX];
    size_t watches_count;
};

/// Queues a message; false when the viewer's queue is full.
bool viewer_tell(ServerViewer *viewer, ServerNote *note);
/// Formats and queues one message. Consumes message.
void viewer_tell_json(ServerViewer *viewer, json_t *message);
void viewer_close(ServerViewer *viewer, int status, const char *why);

/* frame.c */
/// A frame soon: in the next turn, or when the pause after the last one is over.
void frame_want(ServerViewer *viewer);
/// The socket is writable. -1: it is lost.
int frame_write(ServerViewer *viewer, struct lws *wsi);

/* feed.c */
ServerFeed *feed_start(Server *server);
void feed_stop(ServerFeed *feed); ///< Waits.
/// A viewer began, changed or ended its watches.
void feed_wake(ServerFeed *feed);
/// The database's clock now, as far as it is known, as RFC 3339. size >= 40.
void feed_now(const ServerFeed *feed, char *out, size_t size);
/// NULL while the state database answers; otherwise why it does not.
const char *feed_away(const ServerFeed *feed);

#endif
