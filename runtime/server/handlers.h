/* The handlers that the table of routes names. */
#ifndef HEADGATE_SERVER_HANDLERS_H
#define HEADGATE_SERVER_HANDLERS_H

#include "server/route.h"

ServerHandler get_me;                                           /* session.c */
ServerHandler post_login, post_logout;                          /* login.c */
ServerHandler get_runs, get_run, get_report;                    /* runs.c */
ServerHandler get_events, get_log;                              /* events.c */
ServerHandler get_audit, get_run_audit;                         /* audit.c */
ServerHandler get_checklist;                                    /* runs.c */
ServerHandler post_runs, post_request, get_plans, get_rollout;  /* runs.c, launch.c */
ServerHandler get_plan, post_preview, post_run_preview;         /* preview.c */
ServerHandler get_settings, get_flags;                          /* settings.c */
ServerHandler get_tokens, post_tokens, post_token_revoke;       /* settings.c */
ServerHandler get_kept;                                         /* runs.c */
ServerHandler get_gate, post_approve, post_reject, post_answer; /* gates.c, answers.c */
ServerHandler post_revoke, post_break_glass, post_recheck;      /* gates.c */
ServerHandler get_review, post_review;                          /* review.c */
ServerHandler post_review_file;                                 /* review_csv.c */

#endif
