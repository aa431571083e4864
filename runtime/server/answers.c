/* Answers: to manual steps and check-lists, to "did it happen?", and to what somebody owes who
 * broke the glass of a gate. */
#include "ledger/call.h"
#include "server/handlers.h"
#include "server/private.h"
#include "server/view_gate.h"

#include <inttypes.h>
#include <string.h>

enum { COMMENT_BYTES = 4000, PATH_BYTES = 4 * BOUND_NAME_BYTES };

static bool missing(ServerRequest *request, const Error *err)
{
    if (err->kind == ERROR_INPUT && request->answer.status == 0)
        request->answer.status = STATUS_NOT_FOUND;
    return false;
}

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

/* Two people passed a gate without its approvers: one of those, or another administrator, says that
 * what was owed is done. */
static bool check_obligation(ServerRequest *request, const Answer *answer, Error *err)
{
    AUTO(json_auto) json_t *gate = NULL;
    if (!view_gate_read(request->conn, answer->run, answer->path, &gate, err))
        return missing(request, err);
    const ServerReader reader = {.config = request->server->config,
                                 .person = request->who.person,
                                 .role = request->who.role};
    if (!json_get_bool(gate, "glass", false))
        return request_fail(request, STATUS_NOT_FOUND, err, ERROR_INPUT,
                            "the plan has no manual step \"%.200s\"", answer->path);
    if (!view_gate_may_answer(gate, &reader, err))
        return false;
    return answer->note[0] != '\0' ||
           error_set(err, ERROR_INPUT, "\"note\" is missing: it says what was looked at");
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
    if (text_equal(kind, "gate") && answer->item == 0)
        return check_obligation(request, answer, err);
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
    AUTO(json_auto) json_t *via = door_of(request);
    ledger_param_json(&params, via);
    if (!ledger_call(request->conn, "server_answer_add", &params, NULL, err))
        return false;
    launch_wake(request->server);
    *ret_body = json_object();
    json_set_string(*ret_body, "path", answer.path);
    json_set_int(*ret_body, "item", answer.item);
    return true;
}
