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
    VIEWER_COME_AGAIN = 1013,     ///< a WebSocket's status
};

/// A run a viewer watches, or "*".
typedef struct ViewerWatch {
    int64_t run;               ///< 0: every run's head ("*")
    int64_t seq;               ///< newest event that was queued for the viewer
    bool live;                 ///< all that is known was queued
    bool fell;                 ///< it was live and its viewer did not keep up
    char at[MESSAGE_AT_BYTES]; ///< when that happened, as the viewer says it; "" = checked, or not
                               ///< said
} ViewerWatch;

/// What every turn looks at comes first: with 500 viewers the walk costs what it touches.
struct ServerViewer {
    ServerViewer *next;
    Server *server;
    struct lws *wsi;
    int socket;
    bool ready; ///< logged in, hello was queued
    bool due;   ///< something waits for the next flush
    bool close_sent;
    bool by_lws;      ///< a frame went by lws, which may keep a part of it
    bool checking;    ///< the database is being asked whether its session still is good
    int close_status; ///< 0 = stays; otherwise the WebSocket status it is being closed with
    size_t watches_count;
    size_t filled_bytes; ///< of the socket's room at most, by what may not have left it yet
    size_t room_bytes;
    int64_t moved_at_us; ///< when a frame last left, or its closing began; a viewer that reads
                         ///< nothing is ended
    ServerQueue queue;
    ViewerWatch *watches;  ///< at most VIEWER_WATCHES_MAX; most viewers have one
    int64_t checked_at_us; ///< when its session was last seen to be good
    ServerViewer *previous;
    char *token;           ///< until it was looked up
    char *proxied;         ///< who it is according to a trusted proxy; NULL = it does not say
    AccessIdentity who;    ///< known once ready
    bool asking;           ///< a fiber looks the token up and will need this record
    bool gone;             ///< the connection has ended while asking
    const char *close_why; ///< at most 123 bytes
    Text incoming;         ///< a message comes in fragments
    int64_t minute_us;     ///< start of the minute that messages are counted in
    int messages;
};

/// Queues a message; false when the viewer's queue is full.
bool viewer_tell(ServerViewer *viewer, ServerNote *note);
/// Formats and queues one message; false when the queue is full. Consumes message.
bool viewer_tell_json(ServerViewer *viewer, json_t *message);
void viewer_close(ServerViewer *viewer, int status, const char *why);

/* frame.c */
/// A viewer has come: looks how much its socket holds.
void frame_start(ServerViewer *viewer);
/// Messages packed once for many viewers: as few frames as hold them, behind each other.
typedef struct ServerFrames {
    const unsigned char *bytes;
    size_t size_bytes;
    int64_t packed_at_us;
} ServerFrames;

/// False: one of them is too large for it, or the pause after the last frames is not over.
/// ret_frames lives as long as arena.
bool frame_pack(Server *server, ServerNote *const *notes, size_t count, Arena *arena,
                ServerFrames *ret_frames);
/// Sends them now. False: the viewer has something else to get before, or its socket may be full.
bool frame_send(ServerViewer *viewer, const ServerFrames *frames);
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
