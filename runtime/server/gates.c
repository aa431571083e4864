/* Gates: reading, approving, rejecting; and the answers to manual steps. An approval is decided,
 * signed, written and told in one transaction (P11). */
#include "access/sign.h"
#include "base/log.h"
#include "db/sql.h"
#include "ledger/call.h"
#include "server/handlers.h"
#include "server/private.h"
#include "server/view_gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COMMENT_BYTES = 4000, PATH_BYTES = 4 * BOUND_NAME_BYTES };

static bool missing(ServerRequest *request, const Error *err)
{
    if (err->kind == ERROR_INPUT && request->answer.status == 0)
        request->answer.status = STATUS_NOT_FOUND;
    return false;
}

static bool show(ServerRequest *request, int64_t run, json_t **ret_body, Error *err)
{
    const char *path = request_value(request, "gate");
    if (!server_view_gate(request->conn, run, path, request->server->config, request->who.person,
                          ret_body, err))
        return missing(request, err);
    request->answer.etag =
        arena_printf(request->arena, "\"%s\"", json_get_string(*ret_body, "digest", ""));
    return true;
}

bool get_gate(ServerRequest *request, json_t **ret_body, Error *err)
{
    int64_t run = 0;
    return request_run(request, &run, err) && show(request, run, ret_body, err);
}

/* ------------------------------------------------------------------ approving */

typedef struct Decision {
    int64_t run;
    const char *path;
    const char *decision;
    const char *comment;
    const char *digest; ///< what the person saw
} Decision;

static bool read_decision(ServerRequest *request, Decision *decision, Error *err)
{
    static const char *const KEYS[] = {"comment", NULL};
    const json_t *comment = json_object_get(request->body, "comment");
    decision->path = request_value(request, "gate");
    decision->comment = comment == NULL ? "" : json_string_value(comment);
    if (!request_run(request, &decision->run, err) ||
        !request_if_match(request, &decision->digest, err) ||
        !request_body_keys(request, KEYS, err))
        return false;
    if (decision->comment == NULL)
        return error_set(err, ERROR_INPUT, "\"comment\" is a text");
    return strlen(decision->comment) <= COMMENT_BYTES ||
           error_set(err, ERROR_INPUT, "\"comment\" is longer than %d bytes", (int)COMMENT_BYTES);
}

static json_t *roles_json(const AccessAnswer *answer)
{
    json_t *roles = json_array();
    for (size_t i = 0; i < answer->roles_count; i++)
        json_array_append_new(roles, json_string(answer->roles[i]));
    return roles;
}

static bool write_approval(ServerRequest *request, const Decision *decision,
                           const AccessAnswer *answer, Error *err)
{
    AUTO(db_result_auto) DbResult *now = NULL;
    if (!db_query_prepared(request->conn, db_sql("server_now"), NULL, &now, err))
        return false;
    AUTO(json_auto) json_t *roles = roles_json(answer);
    const AccessRecord record = {.run = decision->run,
                                 .gate = decision->path,
                                 .digest = decision->digest,
                                 .person = request->who.person,
                                 .roles = roles,
                                 .decision = decision->decision,
                                 .comment = decision->comment,
                                 .at = db_value(now, 0, 0)};
    char signature[ACCESS_SIGNATURE_TEXT];
    access_sign(&request->server->signer, &record, signature);
    LedgerParams params = {0};
    ledger_param_int(&params, record.run);
    ledger_param_text(&params, record.gate);
    ledger_param_text(&params, record.digest);
    ledger_param_text(&params, record.person);
    ledger_param_json(&params, roles);
    ledger_param_text(&params, record.decision);
    ledger_param_text(&params, record.comment);
    ledger_param_text(&params, record.at);
    ledger_param_text(&params, signature);
    return ledger_call(request->conn, "server_approval_add", &params, NULL, err);
}

/* In the open transaction: the gate's row is locked, so that two decisions about it come one after
 * the other. */
static bool decide_locked(ServerRequest *request, const Decision *decision, Error *err)
{
    LedgerParams lock = {0};
    ledger_param_int(&lock, decision->run);
    ledger_param_text(&lock, decision->path);
    AUTO(json_auto) json_t *gate = NULL;
    if (!ledger_call(request->conn, "server_gate_lock", &lock, NULL, err))
        return false;
    if (!view_gate_read(request->conn, decision->run, decision->path, &gate, err))
        return missing(request, err);
    GateParts parts;
    view_gate_parts(gate, &parts);
    const char *environment = json_get_string(json_object_get(gate, "about"), "environment", "");
    const AccessQuestion question = {.gate = &parts.gate,
                                     .person = request->who.person,
                                     .decision = decision->decision,
                                     .comment = decision->comment,
                                     .digest = decision->digest,
                                     .environment = request_environment(request, environment)};
    AccessAnswer answer = access_decide(&question);
    if (!answer.allowed)
        return error_set(err, answer.kind, "%s", answer.why);
    return answer.repeated || write_approval(request, decision, &answer, err);
}

static bool decide(ServerRequest *request, const char *word, json_t **ret_body, Error *err)
{
    Decision decision = {.decision = word};
    if (!read_decision(request, &decision, err) || !db_begin(request->conn, err))
        return false;
    bool ok = decide_locked(request, &decision, err);
    if (!ok)
        db_rollback(request->conn);
    else
        ok = db_commit(request->conn, err);
    if (ok) {
        log_info("run %" PRId64 ", gate \"%s\": %s by %s", decision.run, decision.path, word,
                 request->who.person);
        launch_wake(request->server);
        return show(request, decision.run, ret_body, err);
    }
    Error ignored = {0};
    if (err->kind == ERROR_CONFLICT && !show(request, decision.run, ret_body, &ignored))
        log_debug("the gate could not be shown: %s", ignored.message);
    return false;
}

bool post_approve(ServerRequest *request, json_t **ret_body, Error *err)
{
    return decide(request, "approve", ret_body, err);
}

bool post_reject(ServerRequest *request, json_t **ret_body, Error *err)
{
    return decide(request, "reject", ret_body, err);
}

/* ------------------------------------------------------------------ manual steps */

typedef struct Answer {
    int64_t run;
    const char *path;
    int64_t item;
    const char *note;
} Answer;

static bool read_answer(ServerRequest *request, Answer *answer, Error *err)
{
    static const char *const KEYS[] = {"path", "item", "note", NULL};
    const json_t *item = json_object_get(request->body, "item");
    answer->item = item == NULL ? 0 : json_integer_value(item);
    answer->note = json_get_string(request->body, "note", "");
    if (!request_run(request, &answer->run, err) || !request_body_keys(request, KEYS, err) ||
        !request_body_text(request, "path", PATH_BYTES, &answer->path, err))
        return false;
    if ((item != NULL && !json_is_integer(item)) || answer->item < 0)
        return error_set(err, ERROR_INPUT, "\"item\" is a number from 0");
    return strlen(answer->note) <= COMMENT_BYTES ||
           error_set(err, ERROR_INPUT, "\"note\" is longer than %d bytes", (int)COMMENT_BYTES);
}

/* Who may: the roles that the step names, otherwise operators. */
static bool may_answer(const ServerRequest *request, const json_t *node, const char *environment)
{
    const json_t *wanted = json_object_get(json_object_get(node, "keys"), "role");
    if (wanted == NULL)
        return request->who.role >= ACCESS_OPERATOR;
    const char *roles[ACCESS_ROLES_MAX];
    size_t count = access_roles(request_environment(request, environment), request->who.person,
                                roles, COUNT_OF(roles));
    for (size_t i = 0; i < count; i++) {
        if (text_equal(json_string_value(wanted), roles[i]))
            return true;
        for (size_t n = 0; n < json_array_size(wanted); n++) {
            if (text_equal(json_string_value(json_array_get(wanted, n)), roles[i]))
                return true;
        }
    }
    return false;
}

/* The answer to "did it happen?" (run/once.h): for what acts outside the database. */
static bool check_happened(const ServerRequest *request, const Answer *answer, const json_t *reason,
                           Error *err)
{
    const char *note = answer->note;
    size_t word = strcspn(note, ": ");
    bool said = (word == 3 && text_starts(note, "yes")) || (word == 2 && text_starts(note, "no"));
    if (request->who.role < ACCESS_OPERATOR)
        return error_set(err, ERROR_REFUSED, "this needs the role operator");
    if (answer->item != json_get_int(reason, "item", -1))
        return error_set(err, ERROR_CONFLICT, "the run asks something else now");
    return said || error_set(err, ERROR_INPUT,
                             "\"note\" begins with yes (it has happened) or no (do it again)");
}

static bool check_answer(ServerRequest *request, const Answer *answer, const json_t *graph,
                         const json_t *head, Error *err)
{
    const json_t *node = server_view_node(graph, answer->path);
    const json_t *reason = json_object_get(head, "reason");
    const char *kind = json_get_string(node, "kind", "");
    if (text_equal(json_get_string(reason, "kind", ""), "did_it_happen") &&
        text_equal(json_get_string(reason, "path", ""), answer->path))
        return check_happened(request, answer, reason, err);
    bool list = text_equal(kind, "checklist");
    if (!list && !text_equal(kind, "manual"))
        return request_fail(request, STATUS_NOT_FOUND, err, ERROR_INPUT,
                            "the plan has no manual step \"%.200s\"", answer->path);
    size_t items =
        list ? json_array_size(json_object_get(json_object_get(node, "keys"), "items")) : 1;
    if ((size_t)answer->item >= items)
        return error_set(err, ERROR_INPUT, "\"%s\" has %zu item%s", answer->path, items,
                         items == 1 ? "" : "s");
    if (!may_answer(request, node, json_get_string(head, "environment", "")))
        return error_set(err, ERROR_REFUSED, "this needs the role of the step, or operator");
    if (!list && json_object_get(json_object_get(node, "keys"), "evidence") != NULL &&
        answer->note[0] == '\0')
        return error_set(err, ERROR_INPUT, "\"note\" is missing: the step asks for evidence");
    if (text_equal(json_get_string(head, "node", ""), answer->path))
        return true;
    return error_set(err, ERROR_CONFLICT, "the run does not wait for \"%s\" now", answer->path);
}

static bool head_of(ServerRequest *request, int64_t run, json_t **ret_head, Error *err)
{
    AUTO(json_auto) json_t *heads = NULL;
    const ServerFilter filter = {.ids = arena_printf(request->arena, "{%" PRId64 "}", run),
                                 .limit = 1};
    if (!server_view_heads(request->conn, &filter, &heads, err))
        return false;
    *ret_head = json_incref(json_array_get(heads, 0));
    return true;
}

bool post_answer(ServerRequest *request, json_t **ret_body, Error *err)
{
    Answer answer = {0};
    AUTO(json_auto) json_t *graph = NULL;
    AUTO(json_auto) json_t *head = NULL;
    if (!read_answer(request, &answer, err))
        return false;
    if (!server_view_graph(request->conn, answer.run, &graph, err))
        return missing(request, err);
    if (!head_of(request, answer.run, &head, err) ||
        !check_answer(request, &answer, graph, head, err))
        return false;
    LedgerParams params = {0};
    ledger_param_int(&params, answer.run);
    ledger_param_text(&params, answer.path);
    ledger_param_int(&params, answer.item);
    ledger_param_text(&params, answer.note);
    ledger_param_text(&params, request->who.person);
    if (!ledger_call(request->conn, "server_answer_add", &params, NULL, err))
        return false;
    launch_wake(request->server);
    *ret_body = json_object();
    json_set_string(*ret_body, "path", answer.path);
    json_set_int(*ret_body, "item", answer.item);
    return true;
}
