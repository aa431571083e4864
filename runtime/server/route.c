/* The table of addresses, and finding the one that is meant. */
#include "server/route.h"

#include "server/handlers.h"
#include "server/server.h"

#include <string.h>

const ServerRoute SERVER_ROUTES[] = {
    {METHOD_POST, "/api/login", post_login, ACCESS_NOBODY,
     "Turns a password, a one-time log-in token or an API token into a session cookie."},
    {METHOD_POST, "/api/logout", post_logout, ACCESS_VIEWER, "Ends the session."},
    {METHOD_GET, "/api/me", get_me, ACCESS_VIEWER,
     "Who you are, what you may do, and the CSRF token of the session."},
    {METHOD_GET, "/api/runs", get_runs, ACCESS_VIEWER,
     "Runs, newest first, and what needs a person. Arguments: state, plan, env, q, limit, before."},
    {METHOD_POST, "/api/runs", post_runs, ACCESS_OPERATOR,
     "Starts a run of a plan. Answers 201 with its id."},
    {METHOD_GET, "/api/settings", get_settings, ACCESS_VIEWER,
     "The environments of headgate.yaml without secrets, and what guards measured last."},
    {METHOD_GET, "/api/flags", get_flags, ACCESS_VIEWER,
     "The flags and weights that rollouts set, with the newest run of each."},
    {METHOD_GET, "/api/tokens", get_tokens, ACCESS_VIEWER, "Your API tokens and log-in links."},
    {METHOD_POST, "/api/tokens", post_tokens, ACCESS_VIEWER,
     "Makes an API token of yours; only from a log-in. Answers 201 with the token, once."},
    {METHOD_POST, "/api/tokens/:token/revoke", post_token_revoke, ACCESS_VIEWER,
     "Revokes a token of yours."},
    {METHOD_GET, "/api/plans", get_plans, ACCESS_VIEWER, "Plans that can be started."},
    {METHOD_GET, "/api/plans/:plan", get_plan, ACCESS_VIEWER,
     "One plan: its graph, what check says of it, its files."},
    {METHOD_POST, "/api/plans/:plan/preview", post_preview, ACCESS_OPERATOR,
     "What a run of the plan would do, asked in READ ONLY transactions: headgate plan."},
    {METHOD_POST, "/api/runs/:run/preview", post_run_preview, ACCESS_OPERATOR,
     "The same for what the run was started with, as the database is now."},
    {METHOD_GET, "/api/runs/:run", get_run, ACCESS_VIEWER,
     "One run with its graph, steps, gates, rollouts, review counts and times."},
    {METHOD_GET, "/api/runs/:run/events", get_events, ACCESS_VIEWER,
     "Events of a run, oldest first. Arguments: since, before, limit, type, path, level, q, "
     "count."},
    {METHOD_GET, "/api/runs/:run/log", get_log, ACCESS_VIEWER,
     "The log of a run: what of its events is to be read, oldest first. Arguments: since, before, "
     "limit, path, level, q, count."},
    {METHOD_GET, "/api/runs/:run/audit", get_run_audit, ACCESS_VIEWER,
     "Whether the audit chain of a run is whole; kept for a minute while nothing new is told."},
    {METHOD_GET, "/api/audit", get_audit, ACCESS_VIEWER,
     "What people did, newest first. Arguments: person, what, run, plan, q, since, until, limit, "
     "after."},
    {METHOD_GET, "/api/runs/:run/report", get_report, ACCESS_VIEWER,
     "The report of a run. Argument: format (text, md, html, json, junit), to download it."},
    {METHOD_GET, "/api/runs/:run/checklist", get_checklist, ACCESS_VIEWER,
     "The boxes of the plan's document with what ticks them, and the budgets."},
    {METHOD_GET, "/api/runs/:run/rollout", get_rollout, ACCESS_VIEWER,
     "Rollouts of a run: stages, guards, samples."},
    {METHOD_GET, "/api/runs/:run/kept", get_kept, ACCESS_OPERATOR,
     "What a rollback would copy first: rows that the application wrote into what it removes."},
    {METHOD_GET, "/api/runs/:run/review", get_review, ACCESS_VIEWER,
     "The review queue. Arguments: state, step, reason, limit, after, format (csv: the open rows "
     "as a file to fill in)."},
    {METHOD_POST, "/api/runs/:run/review", post_review, ACCESS_OPERATOR,
     "Decides rows of the review queue."},
    {METHOD_POST, "/api/runs/:run/review/file", post_review_file, ACCESS_OPERATOR,
     "Decides rows as a filled-in file says, all or none; without apply, says what it would do."},
    {METHOD_POST, "/api/runs/:run/requests", post_request, ACCESS_OPERATOR,
     "Asks a run to pause, resume, retry, roll back or abort, to skip or repair a failed "
     "undo, to change its pace, or to end the watch of a stage. Needs If-Match with the run's "
     "version. Answers 202."},
    {METHOD_POST, "/api/runs/:run/answers", post_answer, ACCESS_VIEWER,
     "Says that a manual step, or one box of a check-list, is done. Needs the step's role, or "
     "operator."},
    {METHOD_GET, "/api/runs/:run/gates/*gate", get_gate, ACCESS_VIEWER,
     "A gate: question, evidence, what follows, approvals, and whether you may approve it."},
    {METHOD_POST, "/api/runs/:run/gates/*gate/approve", post_approve, ACCESS_VIEWER,
     "Approves a gate. Needs If-Match with its digest, and one of its roles in headgate.yaml."},
    {METHOD_POST, "/api/runs/:run/gates/*gate/reject", post_reject, ACCESS_VIEWER,
     "Rejects a gate, with a comment that says why."},
    {METHOD_POST, "/api/runs/:run/gates/*gate/revoke", post_revoke, ACCESS_VIEWER,
     "Takes one's own approval of a gate back, until what follows it begins."},
    {METHOD_POST, "/api/runs/:run/gates/*gate/break-glass", post_break_glass, ACCESS_VIEWER,
     "Two administrators together pass a gate without its approvers, with a comment that says why. "
     "Somebody else has to look at it afterwards."},
    {METHOD_POST, "/api/runs/:run/gates/*gate/recheck", post_recheck, ACCESS_VIEWER,
     "Looks at the evidence of a gate again. Needs one of its roles, or operator. Answers 202."},
};
const size_t SERVER_ROUTES_COUNT = COUNT_OF(SERVER_ROUTES);

const char *route_method_name(ServerMethod method)
{
    static const char *const NAMES[] = {"GET", "POST", "?"};
    return NAMES[method];
}

static size_t segment(const char *text)
{
    return strcspn(text, "/");
}

/* A "*name" takes as much as leaves the rest of the pattern its segments. */
static size_t wild(const char *rest_of_pattern, const char *path)
{
    size_t length = strlen(path);
    for (const char *slash = strchr(rest_of_pattern, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        while (length > 0 && path[length - 1] != '/')
            length--;
        if (length == 0)
            return 0;
        length--;
    }
    return length;
}

bool route_match(const char *pattern, const char *path, Arena *arena, const char **values)
{
    size_t count = 0;
    while (*pattern != '\0' && *path != '\0') {
        if (*pattern != ':' && *pattern != '*') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t name = segment(pattern);
        size_t taken = *pattern == ':' ? segment(path) : wild(pattern + name, path);
        if (taken == 0)
            return false;
        invariant(count < ROUTE_VALUES_MAX);
        values[count++] = arena_strndup(arena, path, taken);
        pattern += name;
        path += taken;
    }
    return *pattern == '\0' && *path == '\0';
}

const ServerRoute *route_find(ServerMethod method, const char *path, Arena *arena,
                              const char **values, const char **ret_allow)
{
    *ret_allow = NULL;
    for (size_t i = 0; i < SERVER_ROUTES_COUNT; i++) {
        const ServerRoute *route = &SERVER_ROUTES[i];
        if (!route_match(route->pattern, path, arena, values))
            continue;
        if (route->method == method)
            return route;
        const char *name = route_method_name(route->method);
        *ret_allow = *ret_allow == NULL ? name : arena_printf(arena, "%s, %s", *ret_allow, name);
    }
    return NULL;
}

static const char *needs_text(const ServerRoute *route)
{
    return route->needs == ACCESS_NOBODY ? "nobody in particular" : access_role_name(route->needs);
}

void server_routes_docs(Text *out)
{
    text_append(out, "# HTTP routes\n\nWritten by `headgate docs routes` from the table in "
                     "runtime/server/route.c. "
                     "What goes in and out is in protocol.md.\n\n"
                     "| method | path | who | what |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < SERVER_ROUTES_COUNT; i++) {
        const ServerRoute *route = &SERVER_ROUTES[i];
        text_printf(out, "| %s | `%s` | %s | %s |\n", route_method_name(route->method),
                    route->pattern, needs_text(route), route->doc);
    }
    text_append(out,
                "| GET | `/api/stream` | viewer | WebSocket, subprotocol `headgate.v1`: runs and "
                "events as they "
                "happen. |\n| GET | every other path | nobody in particular | The dashboard. |\n");
}
