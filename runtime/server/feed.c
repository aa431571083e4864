/* The feed: one fiber that reads what is new in the state database and gives it to the viewers. One
 * query a turn for all heads, one for each watched run with news, however many viewers it has; a
 * viewer that comes later is brought up to date by pages. It is woken by NOTIFY and looks once a
 * second anyway.
 *
 * The order within a run is that of seq, without gaps: event_append() holds the run's row until it
 * commits, so whoever sees seq n sees all before it. */
#include "server/resume.h"
#include "server/rewind.h"
#include "server/view.h"
#include "server/view_run.h"
#include "server/viewer.h"
#include "server/watch.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/sql.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LOOK_MS = 1000,
    TURN_US = BOUND_WS_FLUSH_MS * 1000, ///< turns are at least this far apart: a page a flush
    EAGER_MS = 30,          ///< while events come, NOTIFY (ten a second) is not waited for
    EAGER_LOOKS = 4,        ///< so many such looks after the last event that somebody watched
    HEAD_EVERY_US = 250000, ///< a run's head is told at most four times a second
    RECONNECT_MS = 500,
    RECONNECT_MAX_MS = 5000,
    CATCH_UP_EVENTS = 200,
    SECOND_US = 1000000,
};

typedef struct FeedRun {
    int64_t run;
    int64_t seq; ///< newest event that was read, or that nobody needed
    Rewind rewind;
    int64_t version;
    int64_t last_seq;
    bool alive;
    bool dirty; ///< its head has changed since it was told
    bool seen;  ///< in the present turn
    int64_t told_at_us;
} FeedRun;

struct ServerFeed {
    Server *server;
    DbConn *conn;
    Fiber *fiber;
    Fiber *listener;
    int fibers; ///< alive
    FiberEvent notified;
    FiberEvent accessed;  ///< somebody's session, token or role has changed
    unsigned access_seen; ///< as many broadcasts of it were acted upon
    FiberEvent news;
    bool woken;           ///< something happened since the last turn began
    bool behind;          ///< a page of that turn was not all there is
    int64_t turned_at_us; ///< when that was
    int eager;            ///< quick looks left
    bool primed;          ///< heads were read once: from now on an unknown run is a new one
    FeedRun *runs;
    size_t runs_count;
    size_t runs_capacity;
    bool is_away;
    char away[sizeof(((Error *)NULL)->message) + 40];
    int64_t timeline;        ///< of the state database; another one after a failover
    int64_t clock_offset_us; ///< database's clock minus our monotonic one
};

/* ------------------------------------------------------------------ what others ask */

static FeedRun *find_run(const ServerFeed *feed, int64_t run)
{
    for (size_t i = 0; i < feed->runs_count; i++) {
        if (feed->runs[i].run == run)
            return &feed->runs[i];
    }
    return NULL;
}

void feed_now(const ServerFeed *feed, char *out, size_t size)
{
    int64_t now_us =
        feed->clock_offset_us == 0 ? clock_wall_us() : clock_monotonic_us() + feed->clock_offset_us;
    time_t seconds = (time_t)(now_us / SECOND_US);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t used = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + used, size - used, ".%06dZ", (int)(now_us % SECOND_US));
}

const char *feed_away(const ServerFeed *feed)
{
    return feed->is_away ? feed->away : NULL;
}

void feed_wake(ServerFeed *feed)
{
    feed->woken = true;
    fiber_event_broadcast(&feed->news);
}

/* ------------------------------------------------------------------ heads */

static FeedRun *add_run(ServerFeed *feed, int64_t run, int64_t last_seq)
{
    if (feed->runs_count == feed->runs_capacity) {
        feed->runs_capacity = feed->runs_capacity == 0 ? 16 : feed->runs_capacity * 2;
        feed->runs = base_realloc(feed->runs, feed->runs_capacity * sizeof(FeedRun));
    }
    FeedRun *added = &feed->runs[feed->runs_count++];
    *added = (FeedRun){.run = run, .seq = last_seq, .last_seq = last_seq, .dirty = feed->primed};
    return added;
}

/* A new timeline: the database failed over. An asynchronous standby may lack what was told, and may
 * have events of its own under the same numbers by now, so whoever was told of anything fetches the
 * run again. */
static void take_timeline(ServerFeed *feed, int64_t timeline)
{
    bool moved = feed->timeline != 0 && timeline != 0 && timeline != feed->timeline;
    if (timeline != 0)
        feed->timeline = timeline;
    for (size_t i = 0; moved && i < feed->runs_count; i++) {
        feed->runs[i].rewind.doubtful = true;
        resume_reset_all(feed->server, feed->runs[i].run, feed->runs[i].seq, 0,
                         "the database failed over");
    }
}

/* Columns: id, version, last_seq, alive. */
static void take_head(ServerFeed *feed, const DbResult *heads, int row)
{
    int64_t run = db_int(heads, row, 0);
    int64_t version = db_int(heads, row, 1);
    int64_t last_seq = db_int(heads, row, 2);
    bool alive = db_bool(heads, row, 3);
    FeedRun *known = find_run(feed, run);
    bool is_new = known == NULL;
    if (is_new)
        known = add_run(feed, run, last_seq);
    else if (known->version != version || known->last_seq != last_seq || known->alive != alive)
        known->dirty = true;
    if (last_seq < known->seq) { /* an asynchronous failover: the ledger fell back */
        known->seq = last_seq;
        rewind_note(&known->rewind, last_seq);
        resume_reset_all(feed->server, run, last_seq, last_seq, "the ledger went back");
    }
    known->version = version;
    known->last_seq = last_seq;
    known->alive = alive;
    known->seen = true;
}

static bool tell_rewinds(ServerFeed *feed, Error *err)
{
    for (size_t i = 0; i < feed->runs_count; i++) {
        FeedRun was = feed->runs[i];
        if (!rewind_tell(&was.rewind, feed->conn, &(RewindRun){was.run, was.seq, feed->timeline},
                         err))
            return false;
        feed->runs[i].rewind = was.rewind;
    }
    return true;
}

static void forget_unseen(ServerFeed *feed)
{
    size_t kept = 0;
    for (size_t i = 0; i < feed->runs_count; i++) {
        if (feed->runs[i].seen || feed->runs[i].dirty)
            feed->runs[kept++] = feed->runs[i];
    }
    feed->runs_count = kept;
    for (size_t i = 0; i < kept; i++)
        feed->runs[i].seen = false;
}

static bool read_heads(ServerFeed *feed, Error *err)
{
    AUTO(db_result_auto) DbResult *heads = NULL;
    if (!db_query_prepared(feed->conn, db_sql("server_heads"), DB_PARAMS(watch_ids(feed->server)),
                           &heads, err))
        return false;
    feed->clock_offset_us = db_int(heads, 0, 4) - clock_monotonic_us();
    take_timeline(feed, db_int(heads, 0, 5));
    for (int row = 0; row < db_rows(heads); row++) {
        if (!db_is_null(heads, row, 0))
            take_head(feed, heads, row);
    }
    feed->primed = true;
    forget_unseen(feed);
    return tell_rewinds(feed, err);
}

static void tell_heads(ServerFeed *feed, const json_t *heads)
{
    size_t i = 0;
    json_t *head = NULL;
    json_array_foreach (heads, i, head) {
        AUTO(json_auto) json_t *message = json_object();
        view_hide(head);
        json_set_string(message, "t", "run");
        json_object_set(message, "run", head);
        AUTO(base_free) char *text = json_text(message);
        ServerNote *note = note_new(text, strlen(text));
        for (ServerViewer *viewer = feed->server->viewers; viewer != NULL; viewer = viewer->next) {
            for (size_t w = 0; viewer->ready && w < viewer->watches_count; w++) {
                ViewerWatch *watch = &viewer->watches[w];
                if (watch->run == 0 && watch->live)
                    watch->live = viewer_tell(viewer, note);
            }
        }
        note_drop(note);
    }
}

/* *ret_later: some head has changed, but was told a moment ago. */
static bool send_heads(ServerFeed *feed, bool *ret_later, Error *err)
{
    AUTO(text_done) Text ids;
    text_init(&ids, BOUND_JSON_BYTES);
    int64_t now_us = clock_monotonic_us();
    bool wanted = watch_all(feed->server);
    *ret_later = false;
    for (size_t i = 0; i < feed->runs_count; i++) {
        FeedRun *run = &feed->runs[i];
        bool early = wanted && now_us - run->told_at_us < HEAD_EVERY_US;
        *ret_later = *ret_later || (run->dirty && early);
        if (!run->dirty || early)
            continue;
        run->dirty = false;
        run->told_at_us = now_us;
        text_printf(&ids, "%s%" PRId64, ids.length_bytes == 0 ? "{" : ",", run->run);
    }
    if (!wanted || ids.length_bytes == 0)
        return true;
    text_append_char(&ids, '}');
    AUTO(json_auto) json_t *heads = NULL;
    const ServerFilter filter = {.ids = text_string(&ids), .limit = BOUND_REVIEW_PAGE};
    if (!server_view_heads(feed->conn, &filter, &heads, err))
        return false;
    tell_heads(feed, heads);
    return true;
}

/* ------------------------------------------------------------------ events */

typedef struct FeedPage {
    int64_t run;
    int64_t since; ///< seq > since
    int64_t until; ///< seq <= until
    int64_t limit;
} FeedPage;

static bool read_page(ServerFeed *feed, const FeedPage *page, DbResult **ret_page, Error *err)
{
    char texts[4][24];
    const int64_t numbers[] = {page->run, page->since, page->until, page->limit};
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        snprintf(texts[i], sizeof(texts[i]), "%" PRId64, numbers[i]);
    return db_query_prepared(feed->conn, db_sql("server_feed_events"),
                             DB_PARAMS(texts[0], texts[1], texts[2], texts[3]), ret_page, err);
}

/* A note for each row: what all viewers of the page share. */
static ServerNote **notes_of(const DbResult *page, Arena *arena)
{
    ServerNote **notes = arena_alloc(arena, ((size_t)db_rows(page) + 1) * sizeof(ServerNote *));
    for (int row = 0; row < db_rows(page); row++)
        notes[row] = note_new(db_value(page, row, 1), (size_t)db_value_bytes(page, row, 1));
    return notes;
}

static void drop_notes(const DbResult *page, ServerNote **notes)
{
    for (int row = 0; row < db_rows(page); row++)
        note_drop(notes[row]);
}

/* The new events of a run, for one who watches it; from the newest that it was told. */
static void tell_live_one(ServerViewer *viewer, ViewerWatch *watch, const DbResult *page,
                          ServerNote *const *notes)
{
    for (int row = 0; row < db_rows(page) && watch->live; row++) {
        int64_t seq = db_int(page, row, 0);
        if (watch->seq >= seq)
            continue;
        watch->live = viewer_tell(viewer, notes[row]);
        watch->fell = !watch->live;
        if (watch->live)
            watch->seq = seq;
    }
}

/* since: the event before the page. Most viewers have just that, and get the page by one send. */
static void tell_live(Server *server, int64_t run, int64_t since, const DbResult *page)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    ServerNote **notes = notes_of(page, arena);
    int rows = db_rows(page);
    int64_t newest = db_int(page, rows - 1, 0);
    ServerFrames frames;
    bool packed = frame_pack(server, notes, (size_t)rows, arena, &frames);
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        for (size_t i = 0; viewer->ready && i < viewer->watches_count; i++) {
            ViewerWatch *watch = &viewer->watches[i];
            if (watch->run != run || !watch->live)
                continue;
            if (packed && watch->seq == since && frame_send(viewer, &frames))
                watch->seq = newest;
            else
                tell_live_one(viewer, watch, page, notes);
        }
    }
    drop_notes(page, notes);
}

/* A page a turn: what is more waits in the database, and does not fill the queues of viewers. */
static bool send_page(ServerFeed *feed, FeedRun *known, Error *err)
{
    AUTO(db_result_auto) DbResult *page = NULL;
    const FeedPage news = {known->run, known->seq, INT64_MAX, BOUND_EVENT_PAGE};
    if (!read_page(feed, &news, &page, err))
        return false;
    if (db_rows(page) == 0) { /* pruned meanwhile */
        known->seq = known->last_seq;
        return true;
    }
    known->seq = db_int(page, db_rows(page) - 1, 0);
    rewind_told(&known->rewind, db_value(page, db_rows(page) - 1, 2));
    feed->eager = EAGER_LOOKS;
    feed->behind = feed->behind || known->seq < known->last_seq;
    tell_live(feed->server, news.run, news.since, page);
    return true;
}

static bool send_live(ServerFeed *feed, Error *err)
{
    for (size_t i = 0; i < feed->runs_count; i++) {
        FeedRun *known = &feed->runs[i];
        if (!watch_has(feed->server, known->run)) {
            known->seq = known->last_seq;
            rewind_told(&known->rewind, "");
        } else if (known->seq < known->last_seq && !send_page(feed, known, err)) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------ catching up */

static void tell_caught_up(ServerViewer *viewer, ViewerWatch *watch)
{
    watch->live = true;
    json_t *message = json_object();
    json_set_string(message, "t", "caught_up");
    json_set_id(message, "run", watch->run);
    json_set_id(message, "seq", watch->seq);
    viewer_tell_json(viewer, message);
}

/* The events behind it are told as ever. */
static void pass_over(ServerViewer *viewer, ViewerWatch *watch, int64_t seq)
{
    resume_reset(viewer, watch, seq, "an event is too large for the stream");
    watch->live = false;
}

/* Where there is no room for the reset, it comes when there is. */
static void tell_rows(ServerViewer *viewer, ViewerWatch *watch, const DbResult *page,
                      ServerNote *const *notes)
{
    for (int row = 0; row < db_rows(page); row++) {
        int64_t seq = db_int(page, row, 0);
        if (!note_fits(notes[row]) && viewer->queue.bytes <= VIEWER_ROOM_BYTES)
            pass_over(viewer, watch, seq);
        else if (!viewer_tell(viewer, notes[row]))
            return;
        watch->seq = seq;
    }
}

/* Behind, at this place, and the place is known to be one of this ledger. */
static bool waits_at(const ViewerWatch *watch, int64_t run, int64_t since)
{
    return watch->run == run && !watch->live && watch->seq == since && watch->at[0] == '\0';
}

/* Whoever watches run from since gets the page: usually several that reconnected together. */
static void tell_page(Server *server, int64_t run, int64_t since, const DbResult *page)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    ServerNote **notes = notes_of(page, arena);
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        for (size_t i = 0; viewer->ready && i < viewer->watches_count; i++) {
            ViewerWatch *watch = &viewer->watches[i];
            if (waits_at(watch, run, since))
                tell_rows(viewer, watch, page, notes);
        }
    }
    drop_notes(page, notes);
}

/* The events of a run that ended long ago were deleted. */
static void tell_pruned(Server *server, const FeedPage *past)
{
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        for (size_t i = 0; viewer->ready && i < viewer->watches_count; i++) {
            ViewerWatch *watch = &viewer->watches[i];
            if (waits_at(watch, past->run, past->since))
                resume_reset(viewer, watch, past->until, "older events were deleted");
        }
    }
}

/* One watch that is behind gets further, or is told why not. False with an error when the database
 * failed. */
static bool catch_up_one(ServerFeed *feed, ServerViewer *viewer, ViewerWatch *watch, Error *err)
{
    const FeedRun *known = find_run(feed, watch->run);
    if (watch->run == 0) {
        resume_reset(viewer, watch, 0, "fell behind");
    } else if (known == NULL) {
        resume_reset(viewer, watch, 0, "there is no such run");
    } else if (watch->seq > known->seq) {
        resume_reset(viewer, watch, known->seq, "the ledger went back");
    } else if (watch->at[0] != '\0') {
        const ViewerWatch point = *watch;
        return resume_check(feed->server, feed->conn, &point, known->seq, err);
    } else if (watch->fell && known->seq - watch->seq > BOUND_EVENT_PAGE) {
        resume_reset(viewer, watch, known->seq, "fell behind");
    } else if (watch->seq == known->seq) {
        tell_caught_up(viewer, watch);
    } else {
        const FeedPage past = {watch->run, watch->seq, known->seq, CATCH_UP_EVENTS};
        AUTO(db_result_auto) DbResult *page = NULL;
        if (!read_page(feed, &past, &page, err))
            return false;
        if (db_rows(page) > 0)
            tell_page(feed->server, past.run, past.since, page);
        else
            tell_pruned(feed->server, &past);
    }
    return true;
}

static bool catch_up(ServerFeed *feed, Error *err)
{
    ServerViewer *viewer = NULL;
    for (ViewerWatch *watch = watch_next_behind(feed->server, &viewer); watch != NULL;
         watch = watch_next_behind(feed->server, &viewer)) {
        if (watch->run != 0 && find_run(feed, watch->run) == NULL && feed->woken)
            return true; /* it came after the heads were read: the next turn knows the run */
        if (!catch_up_one(feed, viewer, watch, err))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ turns */

/* Who may not look any more gets nothing more. */
static bool check_sessions(ServerFeed *feed, Error *err)
{
    unsigned broadcasts = feed->accessed.broadcasts;
    if (!ws_check_sessions(feed->server, feed->conn, broadcasts != feed->access_seen, err))
        return false;
    feed->access_seen = broadcasts;
    return true;
}

static bool turn(ServerFeed *feed, bool *ret_later, Error *err)
{
    feed->woken = false;
    feed->behind = false;
    feed->turned_at_us = clock_monotonic_us();
    return check_sessions(feed, err) && read_heads(feed, err) && send_live(feed, err) &&
           catch_up(feed, err) && send_heads(feed, ret_later, err);
}

static void came_back(ServerFeed *feed)
{
    if (feed->is_away)
        log_info("the state database answers again");
    feed->is_away = false;
}

static void went_away(ServerFeed *feed, const Error *err)
{
    if (!feed->is_away)
        log_warn("the feed stops until the state database answers again: %s", err->message);
    feed->is_away = true;
    snprintf(feed->away, sizeof(feed->away), "%s: %s",
             err->kind == ERROR_UNREACHABLE ? "state database unreachable" : "state database",
             err->message);
    db_close(feed->conn);
    feed->conn = NULL;
}

static bool connect_feed(ServerFeed *feed, Error *err)
{
    return db_open(feed->server->loop, &feed->server->state, &feed->conn, err) &&
           db_listen(feed->conn, "headgate", &feed->notified, err) &&
           db_listen(feed->conn, "headgate_access", &feed->notified, err) &&
           db_listen(feed->conn, "headgate_access", &feed->accessed, err);
}

/* Until the next turn may begin: what its page brings may leave at once. */
static int64_t pause_ms(const ServerFeed *feed)
{
    int64_t sent_at_us = feed->server->flushed_at_us;
    int64_t last_us = sent_at_us > feed->turned_at_us ? sent_at_us : feed->turned_at_us;
    int64_t left_us = last_us + TURN_US - clock_monotonic_us();
    return left_us <= 0 ? 0 : (left_us + 999) / 1000;
}

/* Waits for news, or until it is time to look anyway. */
static bool rest(ServerFeed *feed, bool later, Error *err)
{
    if (!fiber_sleep(pause_ms(feed), err))
        return false;
    if (!feed->woken && !feed->behind)
        fiber_event_wait(&feed->news, feed->eager > 0 ? EAGER_MS
                                      : later         ? HEAD_EVERY_US / 1000
                                                      : LOOK_MS);
    if (feed->eager > 0)
        feed->eager--;
    return !fiber_cancelled() || error_set(err, ERROR_CANCELLED, "the server stops");
}

static void feed_main(void *arg)
{
    ServerFeed *feed = arg;
    Error err = {0};
    int retry_ms = RECONNECT_MS;
    while (err.kind != ERROR_CANCELLED) {
        bool later = false;
        bool ok = (feed->conn != NULL || connect_feed(feed, &err)) && turn(feed, &later, &err);
        if (ok) {
            came_back(feed);
            retry_ms = RECONNECT_MS;
            ok = rest(feed, later, &err);
            continue;
        }
        if (err.kind == ERROR_CANCELLED)
            break;
        went_away(feed, &err);
        err = (Error){0};
        if (!fiber_sleep(retry_ms, &err))
            break;
        retry_ms = retry_ms * 2 > RECONNECT_MAX_MS ? RECONNECT_MAX_MS : retry_ms * 2;
    }
    db_close(feed->conn);
    feed->conn = NULL;
    feed->fibers--;
    fiber_event_broadcast(&feed->server->ended);
}

/* A broadcast reaches only who waits: this fiber always does, and remembers it for the other. */
static void listener_main(void *arg)
{
    ServerFeed *feed = arg;
    while (!fiber_cancelled()) {
        if (fiber_event_wait(&feed->notified, -1))
            feed_wake(feed);
    }
    feed->fibers--;
    fiber_event_broadcast(&feed->server->ended);
}

ServerFeed *feed_start(Server *server)
{
    ServerFeed *feed = base_alloc(sizeof(*feed));
    feed->server = server;
    feed->fibers = 2;
    feed->fiber = fiber_start(server->loop, "feed", feed_main, feed);
    feed->listener = fiber_start(server->loop, "feed listener", listener_main, feed);
    return feed;
}

void feed_stop(ServerFeed *feed)
{
    if (feed == NULL)
        return;
    fiber_cancel(feed->fiber);
    fiber_cancel(feed->listener);
    while (feed->fibers > 0) {
        if (!fiber_event_wait(&feed->server->ended, -1) && feed->fibers > 0)
            fiber_yield();
    }
    free(feed->runs);
    free(feed);
}
