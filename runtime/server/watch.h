/* What the viewers watch, taken together. The feed asks several times a turn; the viewers are
 * walked only after one of them has changed its watches. */
#ifndef HEADGATE_SERVER_WATCH_H
#define HEADGATE_SERVER_WATCH_H

#include "base/text.h"

typedef struct Server Server;
typedef struct ServerViewer ServerViewer;
typedef struct ViewerWatch ViewerWatch;

typedef struct ServerWatches {
    bool changed; ///< since it was taken together
    bool all;     ///< somebody watches every run's head
    Text ids;     ///< "{42,43}": runs that are watched by number
    bool behind;  ///< some watch may be behind
} ServerWatches;

void watch_start(ServerWatches *watches);
void watch_done(ServerWatches *watches);
/// A viewer became ready, went, or watches something else.
void watch_changed(Server *server);
/// A viewer's queue had no room: its watch has to catch up.
void watch_fell(Server *server);
/// An array's text; good until viewers change.
const char *watch_ids(Server *server);
bool watch_all(Server *server);
bool watch_has(const Server *server, int64_t run);
/// A watch that is behind and whose viewer has room; NULL = none. Viewers may go while anybody
/// waits, so it is good until then.
ViewerWatch *watch_next_behind(Server *server, ServerViewer **ret_viewer);

#endif
