/* What was said about a gate, as far as it is believed: rows whose signature verifies, and whose
 * answers are complete. */
#include "access/sign.h"
#include "base/log.h"
#include "plan/param.h"
#include "rollout/gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rows as access_quorum() takes them, without those that are not believed. */
typedef struct Counted {
    AccessApproval approvals[ACCESS_APPROVALS_MAX];
    const char *roles[ACCESS_APPROVALS_MAX][ACCESS_ROLES_MAX];
    const json_t *rows[ACCESS_APPROVALS_MAX];
    const char *approvers[ACCESS_ROLES_MAX];
    size_t count;
} Counted;

static size_t strings_of(const json_t *list, const char **out, size_t max)
{
    size_t count = json_array_size(list) < max ? json_array_size(list) : max;
    for (size_t i = 0; i < count; i++)
        out[i] = json_string_value(json_array_get(list, i));
    return count;
}

GateRun rollout_gate_run(Run *run)
{
    return (GateRun){.id = run->id,
                     .started_by = run->started_by,
                     .author = run->author,
                     .key_folder = run->options.hooks->key_folder,
                     .run = run};
}

static bool is_signed(const GateRun *of, const AccessVerifier *verifier, const char *path,
                      const json_t *row)
{
    const AccessRecord record = {.run = of->id,
                                 .gate = path,
                                 .digest = json_get_string(row, "digest", ""),
                                 .person = json_get_string(row, "person", ""),
                                 .roles = json_object_get(row, "roles"),
                                 .decision = json_get_string(row, "decision", ""),
                                 .comment = json_get_string(row, "comment", ""),
                                 .fields = json_object_get(row, "fields"),
                                 .nth = (int)json_get_int(row, "nth", 0),
                                 .at = json_get_string(row, "at", "")};
    return access_verify(verifier, &record, json_get_string(row, "signature", ""));
}

/* What the row of the gate asked may have been changed: what the plan asks must be answered. */
static bool answers(const json_t *row, const GateAsks *asks)
{
    Error unanswered = {0};
    AUTO(json_auto) json_t *values = NULL;
    return !text_equal(json_get_string(row, "decision", ""), access_verb_name(ACCESS_APPROVE)) ||
           plan_param_answers(asks->fields, json_object_get(row, "fields"), &values, &unanswered);
}

static bool believed(const GateRun *of, const AccessVerifier *verifier, const char *path,
                     const GateAsks *asks, const json_t *row)
{
    const char *person = json_get_string(row, "person", "");
    const char *why = !is_signed(of, verifier, path, row) ? "has no valid signature"
                      : !answers(row, asks)               ? "does not answer what is asked"
                                                          : NULL;
    static const char TOLD[] = "an approval in the name of %s %s: it does not count";
    if (why != NULL && of->run != NULL)
        run_log(of->run, path, "error", TOLD, person, why);
    else if (why != NULL)
        log_error(TOLD, person, why);
    return why == NULL;
}

static void count_rows(const GateRun *of, const AccessVerifier *verifier, const char *path,
                       const GateAsks *asks, const json_t *rows, Counted *counted)
{
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach ((json_t *)(uintptr_t)rows, i, row) {
        if (counted->count == ACCESS_APPROVALS_MAX || !believed(of, verifier, path, asks, row))
            continue;
        const char **roles = counted->roles[counted->count];
        counted->rows[counted->count] = row;
        counted->approvals[counted->count++] = (AccessApproval){
            .person = json_get_string(row, "person", ""),
            .decision = json_get_string(row, "decision", ""),
            .digest = json_get_string(row, "digest", ""),
            .nth = (int)json_get_int(row, "nth", 0),
            .roles = roles,
            .roles_count = strings_of(json_object_get(row, "roles"), roles, ACCESS_ROLES_MAX)};
    }
}

/* Who let it pass, when the last of them said so, and what they answered: the newest answer
 * stands. Times are compared as texts: all are spelled alike. */
static void gather(const AccessGate *gate, const Counted *counted, GateFound *found)
{
    AccessVerb wanted = found->quorum.glass ? ACCESS_BREAK_GLASS : ACCESS_APPROVE;
    for (size_t i = 0; i < counted->count; i++) {
        const AccessApproval *approval = &counted->approvals[i];
        const char *at = json_get_string(counted->rows[i], "at", "");
        if (access_said(gate, approval->person) != approval ||
            access_verb_parse(approval->decision) != wanted)
            continue;
        json_array_append_new(found->people, json_string(approval->person));
        json_object_update(found->answers, json_object_get(counted->rows[i], "fields"));
        if (strcmp(at, found->since) > 0)
            snprintf(found->since, sizeof(found->since), "%s", at);
    }
}

void rollout_gate_found_done(GateFound *found)
{
    json_decref(found->people);
    json_decref(found->answers);
    *found = (GateFound){0};
}

bool rollout_gate_count(const GateRun *of, const char *path, const json_t *row,
                        const GateAsks *asks, GateFound *ret, Error *err)
{
    AccessVerifier verifier;
    GateFound found = {.people = json_array(), .answers = json_object()};
    *ret = found;
    if (json_get_int(row, "gone", 0) > 0) {
        error_set(err, ERROR_REFUSED,
                  "what somebody said about gate \"%s\" is gone from the ledger", path);
        return error_hint(err, "headgate audit verify %" PRId64, of->id);
    }
    if (json_array_size(json_object_get(row, "approvals")) == 0)
        return true;
    if (!access_verifier_open(of->key_folder, &verifier, err))
        return error_wrap(err, "reading the key that approvals are verified with");
    Counted *counted = base_alloc(sizeof(*counted));
    counted->count = 0;
    count_rows(of, &verifier, path, asks, json_object_get(row, "approvals"), counted);
    AccessGate view = {.state = json_get_string(row, "state", ""),
                       .of_plan = asks->of_plan,
                       .digest = json_get_string(row, "digest", ""),
                       .expired = json_get_bool(row, "expired", false),
                       .approvers = counted->approvers,
                       .approvers_count =
                           strings_of(asks->approvers, counted->approvers, ACCESS_ROLES_MAX),
                       .need = asks->need,
                       .starter = of->started_by,
                       .author = of->author,
                       .approvals = counted->approvals,
                       .approvals_count = counted->count};
    found.quorum = access_quorum(&view);
    found.quorum.missing = NULL;
    gather(&view, counted, &found);
    *ret = found;
    free(counted);
    return true;
}
