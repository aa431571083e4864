/* One walk over the viewers a change, in place of several a turn. */
#include "server/watch.h"
#include "server/viewer.h"

#include "base/bounds.h"

#include <inttypes.h>

void watch_start(ServerWatches *watches)
{
    text_init(&watches->ids, BOUND_JSON_BYTES);
    watches->changed = true;
}

void watch_done(ServerWatches *watches)
{
    text_done(&watches->ids);
}

void watch_changed(Server *server)
{
    server->watches.changed = true;
    server->watches.behind = true;
}

void watch_fell(Server *server)
{
    server->watches.behind = true;
}

/* Most viewers watch what the one before them does; a number may be named twice. */
static const ServerWatches *summary(Server *server)
{
    ServerWatches *watches = &server->watches;
    if (!watches->changed)
        return watches;
    int64_t last = 0;
    watches->changed = false;
    watches->all = false;
    text_clear(&watches->ids);
    text_append_char(&watches->ids, '{');
    for (const ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        for (size_t i = 0; viewer->ready && i < viewer->watches_count; i++) {
            int64_t run = viewer->watches[i].run;
            watches->all = watches->all || run == 0;
            if (run == 0 || run == last)
                continue;
            last = run;
            text_printf(&watches->ids, "%s%" PRId64, watches->ids.length_bytes > 1 ? "," : "", run);
        }
    }
    text_append_char(&watches->ids, '}');
    return watches;
}

const char *watch_ids(Server *server)
{
    return text_string(&summary(server)->ids);
}

bool watch_all(Server *server)
{
    return summary(server)->all;
}

bool watch_has(const Server *server, int64_t run)
{
    for (const ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        for (size_t i = 0; viewer->ready && i < viewer->watches_count; i++) {
            if (viewer->watches[i].run == run)
                return true;
        }
    }
    return false;
}

ViewerWatch *watch_next_behind(Server *server, ServerViewer **ret_viewer)
{
    bool any = false;
    if (!server->watches.behind)
        return NULL;
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        if (!viewer->ready || viewer->close_status != 0)
            continue;
        for (size_t i = 0; i < viewer->watches_count; i++) {
            if (viewer->watches[i].live)
                continue;
            any = true;
            if (viewer->queue.bytes > VIEWER_ROOM_BYTES)
                break;
            *ret_viewer = viewer;
            return &viewer->watches[i];
        }
    }
    server->watches.behind = any;
    return NULL;
}
