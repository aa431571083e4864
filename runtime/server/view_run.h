/* What the views of lists and of one run share. */
#ifndef HEADGATE_SERVER_VIEW_RUN_H
#define HEADGATE_SERVER_VIEW_RUN_H

#include "server/view.h"

/// A TargetLook: adds steps_done to runs.
NODISCARD bool view_steps_done(void *ctx, DbConn *conn, json_t *runs, Error *err);
/// Takes away what a head has for finding its target only.
void view_hide(json_t *run);
/// The head of one run, as the only item of a list. ERROR_INPUT when there is no such run.
NODISCARD bool view_head(DbConn *state, int64_t run, json_t **ret_heads, Error *err);

#endif
