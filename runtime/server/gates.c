/* Gates: reading them, and what people say about them. It is decided, signed, written and told in
 * one transaction (P11). */
#include "access/sign.h"
#include "base/log.h"
#include "db/sql.h"
#include "ledger/call.h"
#include "plan/param.h"
#include "server/handlers.h"
#include "server/private.h"
#include "server/view_gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COMMENT_BYTES = 4000 };

static bool missing(ServerRequest *request, const Error *err)
{
    if (err->kind == ERROR_INPUT && request->answer.status == 0)
        request->answer.status = STATUS_NOT_FOUND;
    return false;
}

static bool show(ServerRequest *request, int64_t run, json_t **ret_body, Error *err)
{
    const char *path = request_value(request, "gate");
    const ServerReader reader = {.config = request->server->config,
                                 .person = request->who.person,
                                 .role = request->who.role};
    if (!server_view_gate(request->conn, run, path, &reader, ret_body, err))
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

/* ------------------------------------------------------------------ deciding */

typedef struct Decision {
    int64_t run;
    const char *path;
    const char *decision;
    const char *comment;
    const char *digest;   ///< what the person saw
    const json_t *fields; ///< what they answered, as they spelled it; NULL = nothing
} Decision;

static bool read_decision(ServerRequest *request, Decision *decision, Error *err)
{
    static const char *const KEYS[] = {"comment", "fields", NULL};
    const json_t *comment = json_object_get(request->body, "comment");
    decision->path = request_value(request, "gate");
    decision->comment = comment == NULL ? "" : json_string_value(comment);
    if (!request_run(request, &decision->run, err) ||
        !request_if_match(request, &decision->digest, err) ||
        !request_body_keys(request, KEYS, err))
        return false;
    decision->fields = json_object_get(request->body, "fields");
    if (decision->comment == NULL)
        return error_set(err, ERROR_INPUT, "\"comment\" is a text");
    if (decision->fields != NULL && !json_is_object(decision->fields))
        return error_set(err, ERROR_INPUT, "\"fields\" is an object: answers by name");
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
                           const AccessAnswer *answer, const json_t *fields, Error *err)
{
    AUTO(db_result_auto) DbResult *now = NULL;
    if (!db_query_prepared(request->conn, db_sql("server_now"), NULL, &now, err))
        return false;
    AUTO(json_auto) json_t *roles = roles_json(answer);
    AUTO(json_auto) json_t *via = door_of(request);
    const AccessRecord record = {.run = decision->run,
                                 .gate = decision->path,
                                 .digest = decision->digest,
                                 .person = request->who.person,
                                 .roles = roles,
                                 .decision = decision->decision,
                                 .comment = decision->comment,
                                 .fields = fields,
                                 .nth = answer->nth,
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
    ledger_param_json(&params, fields);
    ledger_param_int(&params, record.nth);
    ledger_param_json(&params, via);
    return ledger_call(request->conn, "server_approval_add", &params, NULL, err);
}

/* What an approve answers; of every other word nothing. *unanswered says what is missing. */
static json_t *fields_of(const Decision *decision, const json_t *gate, Error *unanswered)
{
    json_t *fields = NULL;
    if (text_equal(decision->decision, access_verb_name(ACCESS_APPROVE)) &&
        plan_param_answers(json_object_get(gate, "fields"), decision->fields, &fields, unanswered))
        return fields;
    return json_object();
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
    Error unanswered = {0};
    view_gate_parts(gate, &parts);
    const char *environment = json_get_string(json_object_get(gate, "about"), "environment", "");
    AUTO(json_auto) json_t *fields = fields_of(decision, gate, &unanswered);
    const AccessQuestion question = {.gate = &parts.gate,
                                     .person = request->who.person,
                                     .role = request->who.role,
                                     .decision = decision->decision,
                                     .comment = decision->comment,
                                     .digest = decision->digest,
                                     .unanswered =
                                         unanswered.kind == ERROR_NONE ? NULL : unanswered.message,
                                     .environment = request_environment(request, environment)};
    AccessAnswer answer = access_decide(&question);
    if (!answer.allowed)
        return error_set(err, answer.kind, "%s", answer.why);
    return answer.repeated || write_approval(request, decision, &answer, fields, err);
}

static bool decide(ServerRequest *request, AccessVerb verb, json_t **ret_body, Error *err)
{
    const char *word = access_verb_name(verb);
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
    return decide(request, ACCESS_APPROVE, ret_body, err);
}

bool post_reject(ServerRequest *request, json_t **ret_body, Error *err)
{
    return decide(request, ACCESS_REJECT, ret_body, err);
}

bool post_revoke(ServerRequest *request, json_t **ret_body, Error *err)
{
    return decide(request, ACCESS_REVOKE, ret_body, err);
}

bool post_break_glass(ServerRequest *request, json_t **ret_body, Error *err)
{
    return decide(request, ACCESS_BREAK_GLASS, ret_body, err);
}

/* ------------------------------------------------------------------ evidence */

/* It asks the target again, which takes of its time: for operators and those who may decide. */
bool post_recheck(ServerRequest *request, json_t **ret_body, Error *err)
{
    static const char *const KEYS[] = {NULL};
    int64_t run = 0;
    AUTO(json_auto) json_t *gate = NULL;
    const char *path = request_value(request, "gate");
    if (!request_run(request, &run, err) || !request_body_keys(request, KEYS, err))
        return false;
    if (!view_gate_read(request->conn, run, path, &gate, err))
        return missing(request, err);
    const char *environment = json_get_string(json_object_get(gate, "about"), "environment", "");
    if (request->who.role < ACCESS_OPERATOR &&
        !view_gate_role(gate, request_environment(request, environment), request->who.person))
        return error_set(err, ERROR_REFUSED, "this needs a role of the gate, or operator");
    LedgerParams params = {0};
    AUTO(db_result_auto) DbResult *asked = NULL;
    ledger_param_int(&params, run);
    ledger_param_text(&params, path);
    ledger_param_text(&params, request->who.person);
    AUTO(json_auto) json_t *via = door_of(request);
    ledger_param_json(&params, via);
    if (!ledger_call(request->conn, "server_gate_ask", &params, &asked, err))
        return false;
    if (db_rows(asked) == 0)
        return error_set(err, ERROR_CONFLICT, "the gate is %s already",
                         json_get_string(gate, "state", ""));
    launch_wake(request->server);
    request->answer.status = STATUS_ACCEPTED;
    return show(request, run, ret_body, err);
}
