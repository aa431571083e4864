/* Going on where a viewer stopped. */
#include "server/resume.h"

#include "db/sql.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void resume_reset(ServerViewer *viewer, ViewerWatch *watch, int64_t seq, const char *why)
{
    *watch = (ViewerWatch){.run = watch->run, .seq = seq, .live = true};
    json_t *message = json_object();
    json_set_string(message, "t", "reset");
    if (watch->run == 0)
        json_set_string(message, "run", "*");
    else
        json_set_id(message, "run", watch->run);
    json_set_id(message, "seq", seq);
    json_set_string(message, "why", why);
    /* What comes after a reset means nothing without it: whoever comes again says where it was. */
    if (!viewer_tell_json(viewer, message))
        viewer_close(viewer, VIEWER_COME_AGAIN, "fell behind");
}

void resume_reset_all(Server *server, int64_t run, int64_t seq, int64_t after, const char *why)
{
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        for (size_t i = 0; viewer->ready && i < viewer->watches_count; i++) {
            ViewerWatch *watch = &viewer->watches[i];
            if (watch->run == run && watch->seq > after)
                resume_reset(viewer, watch, seq, why);
        }
    }
}

static bool is_at(const ViewerWatch *watch, const ViewerWatch *point)
{
    return watch->run == point->run && !watch->live && watch->seq == point->seq &&
           text_equal(watch->at, point->at);
}

bool resume_check(Server *server, DbConn *conn, const ViewerWatch *point, int64_t newest,
                  Error *err)
{
    char run[24];
    char seq[24];
    snprintf(run, sizeof(run), "%" PRId64, point->run);
    snprintf(seq, sizeof(seq), "%" PRId64, point->seq);
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!db_query_prepared(conn, db_sql("server_event_at"), DB_PARAMS(run, seq), &found, err))
        return false;
    /* None: deleted with all the others of its run, which is told apart from this. */
    bool same = db_rows(found) == 0 || text_equal(db_value(found, 0, 0), point->at);
    for (ServerViewer *viewer = server->viewers; viewer != NULL; viewer = viewer->next) {
        for (size_t i = 0; viewer->ready && i < viewer->watches_count; i++) {
            ViewerWatch *watch = &viewer->watches[i];
            if (!is_at(watch, point))
                continue;
            if (same)
                watch->at[0] = '\0';
            else
                resume_reset(viewer, watch, newest, "the ledger went back");
        }
    }
    return true;
}
