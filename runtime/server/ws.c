/* The WebSocket: upgrade, messages in. Facts about libwebsockets 4.1.6: a client that
 * names no subprotocol lands on protocols[0] (refused there); CLOSED comes for connections that the
 * filter refused; messages come in fragments; one write per turn. */
#include "server/message.h"
#include "server/viewer.h"
#include "server/watch.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum {
    MESSAGES_PER_MINUTE = 100,
    MINUTE_US = 60 * 1000000,
    STUCK_US = 30 * 1000000,
    SESSION_CHECK_US = 60 * 1000000,
    SESSION_LOOK_US = 1000000, ///< whose check is due is looked for so often
    CLOSE_POLICY = 1008,
    CLOSE_TOO_BIG = 1009,
    CLOSE_NOT_LOGGED_IN = 4401,
    VIEWERS_MAX = 1000,
};

static const char STREAM[] = "/api/stream";
static const char SUBPROTOCOL[] = "headgate.v1";

/* ------------------------------------------------------------------ the upgrade */

/* Everything that can be known without the database. */
static bool check_upgrade(Server *server, struct lws *wsi, Arena *arena, int *ret_status,
                          Error *err)
{
    const char *upgrade = read_header(wsi, arena, WSI_TOKEN_UPGRADE);
    *ret_status = STATUS_BAD_REQUEST;
    if (upgrade == NULL || strcasecmp(upgrade, "websocket") != 0)
        return error_set(err, ERROR_INPUT, "the only upgrade is to websocket");
    ServerHead head;
    read_upgrade(wsi, arena, &head);
    if (!head_is_ours(&head, &server->guard, ret_status, err))
        return false;
    const char *proxied = NULL;
    *ret_status = STATUS_FORBIDDEN;
    if (!read_proxied(wsi, arena, &proxied, err))
        return false;
    *ret_status = STATUS_NOT_FOUND;
    if (strcmp(head.path, STREAM) != 0)
        return error_set(err, ERROR_INPUT, "the stream is at %s", STREAM);
    *ret_status = STATUS_BAD_REQUEST;
    if (!head_names_subprotocol(read_header(wsi, arena, WSI_TOKEN_PROTOCOL), SUBPROTOCOL))
        return error_set(err, ERROR_INPUT, "the subprotocol is %s", SUBPROTOCOL);
    bool by_cookie = false;
    const char *token = head_token(&head, server->guard.secure, arena, &by_cookie);
    *ret_status = STATUS_UNAUTHORIZED;
    if (!access_token_plausible(token))
        return error_set(err, ERROR_REFUSED, "you are not logged in (any more)");
    *ret_status = STATUS_FORBIDDEN;
    if (by_cookie && !head.has_origin)
        return error_set(err, ERROR_REFUSED,
                         "a stream with a session cookie needs the header Origin");
    *ret_status = STATUS_UNAVAILABLE;
    if (server->viewers_count >= VIEWERS_MAX || server->stopping)
        return error_set(err, ERROR_UNREACHABLE, "there are too many viewers");
    return true;
}

bool ws_may_upgrade(struct lws *wsi)
{
    Server *server = server_of(wsi);
    AUTO(arena_auto) Arena *arena = arena_new();
    Error err = {0};
    int status = 0;
    if (connection_of(wsi) == NULL)
        return false;
    if (check_upgrade(server, wsi, arena, &status, &err))
        return true;
    /* After an upgrade nobody knows, lws has answered already and dropped the headers. */
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HOST) > 0)
        write_refusal(wsi, status, &err);
    return false;
}

/* ------------------------------------------------------------------ life of a viewer */

static ServerViewer *viewer_new(ServerConnection *connection, struct lws *wsi)
{
    Server *server = connection->server;
    ServerViewer *viewer = base_alloc(sizeof(*viewer));
    int64_t now_us = clock_monotonic_us();
    *viewer = (ServerViewer){.server = server,
                             .wsi = wsi,
                             .socket = lws_get_socket_fd(wsi),
                             .next = server->viewers,
                             .minute_us = now_us,
                             .moved_at_us = now_us,
                             /* at once: it may end between the look-up and the hello */
                             .checked_at_us = now_us - SESSION_CHECK_US - 1};
    text_init(&viewer->incoming, BOUND_WS_MESSAGE_BYTES + 1);
    frame_start(viewer);
    if (server->viewers != NULL)
        server->viewers->previous = viewer;
    server->viewers = viewer;
    server->viewers_count++;
    connection->viewer = viewer;
    return viewer;
}

static void viewer_free(ServerViewer *viewer)
{
    queue_done(&viewer->queue);
    text_done(&viewer->incoming);
    free(viewer->watches);
    free(viewer->token);
    free(viewer->proxied);
    free(viewer);
}

/* Off the list at once; the record stays while a fiber asks the database about it. */
static void viewer_leave(ServerConnection *connection)
{
    ServerViewer *viewer = connection->viewer;
    if (viewer == NULL)
        return;
    Server *server = viewer->server;
    connection->viewer = NULL;
    if (viewer->previous != NULL)
        viewer->previous->next = viewer->next;
    else
        server->viewers = viewer->next;
    if (viewer->next != NULL)
        viewer->next->previous = viewer->previous;
    server->viewers_count--;
    watch_changed(server);
    viewer->wsi = NULL;
    viewer->gone = true;
    if (!viewer->asking)
        viewer_free(viewer);
}

void viewer_close(ServerViewer *viewer, int status, const char *why)
{
    if (viewer->close_status != 0 || viewer->wsi == NULL)
        return;
    viewer->close_status = status;
    viewer->close_why = why;
    viewer->moved_at_us = clock_monotonic_us();
    queue_clear(&viewer->queue);
    lws_callback_on_writable(viewer->wsi);
}

bool viewer_tell(ServerViewer *viewer, ServerNote *note)
{
    if (viewer->close_status != 0 || viewer->wsi == NULL)
        return true; /* nobody is there to miss it */
    bool was_empty = viewer->queue.count == 0;
    if (!queue_push(&viewer->queue, note)) {
        watch_fell(viewer->server);
        return false;
    }
    if (was_empty) {
        viewer->moved_at_us = clock_monotonic_us();
        frame_want(viewer);
    }
    return true;
}

bool viewer_tell_json(ServerViewer *viewer, json_t *message)
{
    char *text = json_text(message);
    ServerNote *note = note_new(text, strlen(text));
    bool told = viewer_tell(viewer, note);
    if (!told)
        log_debug("a viewer's queue is full: %s was dropped", json_get_string(message, "t", "?"));
    note_drop(note);
    free(text);
    json_decref(message);
    return told;
}

/* ------------------------------------------------------------------ logging in */

static void say_hello(ServerViewer *viewer)
{
    char now[40];
    feed_now(viewer->server->feed, now, sizeof(now));
    json_t *hello = json_object();
    json_set_string(hello, "t", "hello");
    json_set_string(hello, "version", HEADGATE_VERSION);
    json_set_string(hello, "now", now);
    json_set_string(hello, "person", viewer->who.person);
    viewer->ready = true;
    viewer->server->sessions_at_us = 0;
    watch_changed(viewer->server);
    viewer_tell_json(viewer, hello);
    feed_wake(viewer->server->feed);
}

static size_t streams_of(const Server *server, const char *person)
{
    size_t count = 0;
    for (const ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next)
        count +=
            viewer->ready && viewer->close_status == 0 && strcmp(viewer->who.person, person) == 0;
    return count;
}

static void ask_who(void *arg)
{
    ServerViewer *viewer = arg;
    Server *server = viewer->server;
    Error err = {0};
    DbConn *conn = NULL;
    bool ok = pool_take(server->pool, &conn, &err);
    if (ok) {
        ok = access_identify(conn, viewer->token, &viewer->who, &err);
        pool_put(server->pool, conn);
    }
    if (ok && viewer->proxied != NULL && !text_equal(viewer->proxied, viewer->who.person))
        ok = error_set(&err, ERROR_REFUSED, "the proxy says that this is somebody else");
    free(viewer->token);
    viewer->token = NULL;
    viewer->asking = false;
    server->working--;
    if (viewer->gone)
        viewer_free(viewer);
    else if (ok && streams_of(server, viewer->who.person) >= BOUND_WS_PER_PERSON)
        viewer_close(viewer, CLOSE_POLICY, "at most 20 streams a person");
    else if (ok)
        say_hello(viewer);
    else if (err.kind == ERROR_REFUSED)
        viewer_close(viewer, CLOSE_NOT_LOGGED_IN, "not logged in");
    else
        viewer_close(viewer, VIEWER_COME_AGAIN, "state database unreachable");
    fiber_event_broadcast(&server->ended);
}

static int established(ServerConnection *connection, struct lws *wsi)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    ServerHead head;
    bool by_cookie = false;
    read_upgrade(wsi, arena, &head);
    Server *server = connection->server;
    const char *token = head_token(&head, server->guard.secure, arena, &by_cookie);
    const char *proxied = NULL;
    Error err = {0};
    if (token == NULL || server->working >= SERVER_REQUESTS_MAX || server->stopping ||
        !read_proxied(wsi, arena, &proxied, &err))
        return -1;
    ServerViewer *viewer = viewer_new(connection, wsi);
    viewer->token = base_strdup(token);
    viewer->proxied = by_cookie && proxied != NULL ? base_strdup(proxied) : NULL;
    viewer->asking = true;
    server->working++;
    fiber_start(server->loop, "viewer", ask_who, viewer);
    return 0;
}

/* ------------------------------------------------------------------ messages in */

static ViewerWatch *find_watch(ServerViewer *viewer, int64_t run)
{
    for (size_t i = 0; i < viewer->watches_count; i++) {
        if (viewer->watches[i].run == run)
            return &viewer->watches[i];
    }
    return NULL;
}

static const char *watch(ServerViewer *viewer, const ServerMessage *message)
{
    ViewerWatch *found = find_watch(viewer, message->run);
    if (found == NULL && viewer->watches_count == VIEWER_WATCHES_MAX)
        return "too many runs are watched";
    if (found == NULL) {
        size_t count = ++viewer->watches_count;
        viewer->watches = base_realloc(viewer->watches, count * sizeof(ViewerWatch));
        found = &viewer->watches[count - 1];
    }
    *found = (ViewerWatch){.run = message->run, .seq = message->since, .live = message->run == 0};
    memcpy(found->at, message->at, sizeof(found->at));
    watch_changed(viewer->server);
    return NULL;
}

static void unwatch(ServerViewer *viewer, int64_t run)
{
    ViewerWatch *found = find_watch(viewer, run);
    if (found != NULL)
        *found = viewer->watches[--viewer->watches_count];
    watch_changed(viewer->server);
}

/* NULL, or what is wrong with it. */
static const char *obey(ServerViewer *viewer, const ServerMessage *message)
{
    if (message->kind == MESSAGE_WATCH)
        return watch(viewer, message);
    unwatch(viewer, message->run);
    return NULL;
}

static bool too_many(ServerViewer *viewer)
{
    int64_t now_us = clock_monotonic_us();
    if (now_us - viewer->minute_us > MINUTE_US) {
        viewer->minute_us = now_us;
        viewer->messages = 0;
    }
    return ++viewer->messages > MESSAGES_PER_MINUTE;
}

static void received(ServerViewer *viewer)
{
    ServerMessage message;
    const char *wrong =
        message_read(text_string(&viewer->incoming), viewer->incoming.length_bytes, &message);
    text_clear(&viewer->incoming);
    if (wrong == NULL)
        wrong = obey(viewer, &message);
    if (wrong != NULL)
        viewer_close(viewer, CLOSE_POLICY, wrong);
    else
        feed_wake(viewer->server->feed);
}

static int receive(ServerViewer *viewer, struct lws *wsi, const void *bytes, size_t size)
{
    if (viewer->close_status != 0)
        return 0;
    if (lws_frame_is_binary(wsi)) {
        viewer_close(viewer, CLOSE_POLICY, "a message is text");
        return 0;
    }
    text_append_bytes(&viewer->incoming, bytes, size);
    if (viewer->incoming.length_bytes > BOUND_WS_MESSAGE_BYTES) {
        viewer_close(viewer, CLOSE_TOO_BIG, "a message has at most 64 KiB");
        return 0;
    }
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0)
        return 0;
    if (too_many(viewer))
        viewer_close(viewer, CLOSE_POLICY, "at most 100 messages a minute");
    else
        received(viewer);
    return 0;
}

int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                size_t bytes)
{
    UNUSED(user);
    ServerConnection *connection = connection_of(wsi);
    ServerViewer *viewer = connection == NULL ? NULL : connection->viewer;
    switch (reason) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: {
        AUTO(arena_auto) Arena *arena = arena_new();
        int status = 0;
        Error err = {0};
        return connection != NULL && check_upgrade(connection->server, wsi, arena, &status, &err)
                   ? 0
                   : -1;
    }
    case LWS_CALLBACK_ESTABLISHED:
        return established(connection, wsi);
    case LWS_CALLBACK_RECEIVE:
        return viewer == NULL ? -1 : receive(viewer, wsi, in, bytes);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return viewer == NULL ? -1 : frame_write(viewer, wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: /* or it answers ours: lws would close once more, and
                                                  a browser would then forget the status */
        return viewer != NULL && viewer->close_sent ? -1 : 0;
    case LWS_CALLBACK_CLOSED:
        if (connection != NULL)
            viewer_leave(connection);
        return 0;
    default:
        return 0;
    }
}

/* ------------------------------------------------------------------ time */

/* The same text for all. */
static ServerNote *tick_note(Server *server)
{
    char now[40];
    feed_now(server->feed, now, sizeof(now));
    const char *away = feed_away(server->feed);
    AUTO(json_auto) json_t *tick = json_object();
    json_set_string(tick, "t", "tick");
    json_set_string(tick, "now", now);
    if (away != NULL)
        json_set_string(tick, "away", away);
    AUTO(base_free) char *text = json_text(tick);
    return note_new(text, strlen(text));
}

void ws_tick(Server *server, int64_t now_us)
{
    ServerNote *tick = tick_note(server);
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        bool waits = viewer->queue.count > 0 || viewer->close_status != 0;
        if (waits && now_us - viewer->moved_at_us > STUCK_US)
            http_end_connection(viewer->wsi);
        else if (viewer->ready && !viewer_tell(viewer, tick))
            log_debug("a viewer's queue is full: a tick was dropped");
    }
    note_drop(tick);
}

void ws_end_session(Server *server, const char *hash)
{
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        if (viewer->ready && strcmp(viewer->who.hash, hash) == 0)
            viewer_close(viewer, CLOSE_NOT_LOGGED_IN, "logged out");
    }
}

static bool is_in(const json_t *list, const char *text)
{
    size_t i = 0;
    json_t *value = NULL;
    json_array_foreach (list, i, value) {
        if (text_equal(json_string_value(value), text))
            return true;
    }
    return false;
}

static bool due_for_check(const ServerViewer *viewer, bool all, int64_t now_us)
{
    return viewer->ready && (all || now_us - viewer->checked_at_us > SESSION_CHECK_US);
}

/* Two array texts, one entry a viewer; false when nobody is due. */
static bool list_due(Server *server, Arena *arena, bool all, int64_t now_us,
                     const char **ret_hashes, const char **ret_roles)
{
    size_t room = (server->viewers_count + 1) * sizeof(char *);
    const char **hashes = arena_alloc(arena, room);
    const char **roles = arena_alloc(arena, room);
    size_t count = 0;
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        viewer->checking = due_for_check(viewer, all, now_us);
        if (!viewer->checking)
            continue;
        hashes[count] = arena_strdup(arena, viewer->who.hash);
        roles[count++] = access_role_name(viewer->who.role);
    }
    if (count == 0)
        return false;
    *ret_hashes = db_array_text(arena, hashes, count);
    *ret_roles = db_array_text(arena, roles, count);
    return true;
}

bool ws_check_sessions(Server *server, DbConn *conn, bool all, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    int64_t now_us = clock_monotonic_us();
    const char *hashes = NULL;
    const char *roles = NULL;
    if (!all && now_us < server->sessions_at_us)
        return true;
    server->sessions_at_us = now_us + SESSION_LOOK_US;
    if (!list_due(server, arena, all, now_us, &hashes, &roles))
        return true;
    AUTO(json_auto) json_t *good = NULL;
    if (!access_still_good(conn, hashes, roles, &good, err))
        return false;
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        if (!viewer->checking) /* it came while the database was asked */
            continue;
        viewer->checking = false;
        const char *named =
            arena_printf(arena, "%s %s", viewer->who.hash, access_role_name(viewer->who.role));
        if (is_in(good, named))
            viewer->checked_at_us = now_us;
        else
            viewer_close(viewer, CLOSE_NOT_LOGGED_IN, "the session has ended, or the role changed");
    }
    return true;
}
