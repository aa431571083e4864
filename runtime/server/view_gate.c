/* A gate as a person sees it: with what follows and whether they may approve it. */
#include "server/view_gate.h"

#include "ledger/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static size_t strings_of(const json_t *list, const char **out, size_t max)
{
    size_t count = json_array_size(list) < max ? json_array_size(list) : max;
    for (size_t i = 0; i < count; i++)
        out[i] = json_string_value(json_array_get(list, i));
    return count;
}

void view_gate_parts(const json_t *gate, GateParts *parts)
{
    const json_t *about = json_object_get(gate, "about");
    const json_t *approvals = json_object_get(about, "said");
    size_t count = json_array_size(approvals) < ACCESS_APPROVALS_MAX ? json_array_size(approvals)
                                                                     : ACCESS_APPROVALS_MAX;
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(approvals, i);
        parts->approvals[i] = (AccessApproval){.person = json_get_string(row, "person", ""),
                                               .decision = json_get_string(row, "decision", ""),
                                               .nth = (int)json_get_int(row, "nth", 0),
                                               .digest = json_get_string(gate, "digest", "")};
    }
    parts->gate = (AccessGate){
        .state = json_get_string(gate, "state", ""),
        .of_plan = json_get_bool(about, "of_plan", false),
        .digest = json_get_string(gate, "digest", ""),
        .expired = json_get_bool(about, "expired", false),
        .approvers = parts->approvers,
        .approvers_count =
            strings_of(json_object_get(gate, "approvers"), parts->approvers, ACCESS_ROLES_MAX),
        .need = (int)json_get_int(gate, "need", 1),
        .starter = json_get_string(about, "starter", ""),
        .author = json_get_string(about, "author", ""),
        .approvals = parts->approvals,
        .approvals_count = count,
    };
}

static const ConfigEnvironment *environment_of(const json_t *gate, const ServerReader *reader)
{
    const char *name = json_get_string(json_object_get(gate, "about"), "environment", "");
    return reader->config == NULL ? NULL : config_environment(reader->config, name);
}

bool view_gate_role(const json_t *gate, const ConfigEnvironment *environment, const char *person)
{
    const char *roles[ACCESS_ROLES_MAX];
    size_t count = access_roles(environment, person, roles, COUNT_OF(roles));
    size_t i = 0;
    json_t *wanted = NULL;
    json_array_foreach (json_object_get(gate, "approvers"), i, wanted) {
        for (size_t n = 0; n < count; n++) {
            if (text_equal(json_string_value(wanted), roles[n]))
                return true;
        }
    }
    return false;
}

bool view_gate_may_answer(const json_t *gate, const ServerReader *reader, Error *err)
{
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (json_object_get(gate, "approvals"), i, row) {
        if (text_equal(json_get_string(row, "person", ""), reader->person) &&
            text_equal(json_get_string(row, "decision", ""), access_verb_name(ACCESS_BREAK_GLASS)))
            return error_set(err, ERROR_REFUSED, "you broke the glass: somebody else looks at it");
    }
    return reader->role >= ACCESS_ADMINISTRATOR ||
           view_gate_role(gate, environment_of(gate, reader), reader->person) ||
           error_set(err, ERROR_REFUSED, "this needs a role of the gate, or administrator");
}

/* What this person's words would meet; not allowed twice, though repeating one does no harm. */
static json_t *may_json(const json_t *gate, const ServerReader *reader)
{
    GateParts parts;
    view_gate_parts(gate, &parts);
    json_t *object = json_object();
    for (AccessVerb verb = 0; verb < ACCESS_VERBS; verb++) {
        const AccessQuestion question = {.gate = &parts.gate,
                                         .person = reader->person,
                                         .role = reader->role,
                                         .decision = access_verb_name(verb),
                                         .comment = "?", /* it is not written yet */
                                         .digest = parts.gate.digest,
                                         .environment = environment_of(gate, reader)};
        AccessAnswer answer = access_decide(&question);
        bool may = answer.allowed && !answer.repeated;
        json_object_set_new(object, access_verb_name(verb), json_boolean(may));
        if (verb == ACCESS_APPROVE)
            json_set_string(object, "why",
                            answer.repeated ? "you have already approved this gate" : answer.why);
    }
    Error why_not = {0};
    bool owed = json_get_bool(json_object_get(gate, "obligation"), "open", false);
    json_object_set_new(object, "answer",
                        json_boolean(owed && view_gate_may_answer(gate, reader, &why_not)));
    return object;
}

/* The words on the button: the first thing that follows says it, or its kind does. */
static void add_then(json_t *gate)
{
    const json_t *first = json_array_get(json_object_get(gate, "next"), 0);
    const char *then = json_get_string(first, "then", NULL);
    if (then == NULL)
        then = json_get_string(first, "text", "go on");
    json_set_string(gate, "then", then);
}

bool view_gate_read(DbConn *state, int64_t run, const char *path, json_t **ret_gate, Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run);
    ledger_param_text(&params, path);
    ledger_param_text(&params, "true");
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(state, "server_gates", &params, &rows, err))
        return false;
    if (json_array_size(rows) == 0)
        return error_set(err, ERROR_INPUT, "run %" PRId64 " has no gate \"%.200s\" (yet)", run,
                         path);
    *ret_gate = json_incref(json_array_get(rows, 0));
    return true;
}

bool server_view_gate(DbConn *state, int64_t run, const char *path, const ServerReader *reader,
                      json_t **ret_gate, Error *err)
{
    AUTO(json_auto) json_t *gate = NULL;
    if (!view_gate_read(state, run, path, &gate, err))
        return false;
    json_object_set_new(gate, "may", may_json(gate, reader));
    json_object_del(gate, "about");
    add_then(gate);
    *ret_gate = json_incref(gate);
    return true;
}
