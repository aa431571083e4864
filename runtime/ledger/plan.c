/* Registered plans: bundle and graph by hash. */
#include "ledger/run.h"

#include "plan/shown.h"

#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

/* bytea in its hex form: "\x0102". */
static char *bytea_text(const void *bytes, size_t size)
{
    char *text = base_alloc(2 * size + 3);
    memcpy(text, "\\x", 2);
    sodium_bin2hex(text + 2, 2 * size + 1, bytes, size);
    return text;
}

bool ledger_plan_register(DbConn *state, const Bundle *bundle, const Plan *plan, const char *person,
                          Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t size = 0;
    const void *packed = bundle_pack(bundle, arena, &size);
    AUTO(base_free) char *bytes = bytea_text(packed, size);
    AUTO(json_auto) json_t *shown = plan_shown(plan);
    LedgerParams params = {0};
    ledger_param_text(&params, bundle->hash);
    ledger_param_text(&params, plan->root->name);
    ledger_param_text(&params, bytes);
    ledger_param_json(&params, shown);
    ledger_param_json(&params, plan->graph);
    ledger_param_text(&params, plan->hash);
    ledger_param_int(&params, LEDGER_LANGUAGE);
    ledger_param_text(&params, person);
    return ledger_call(state, "plan_register", &params, NULL, err);
}

bool ledger_plan_graph(DbConn *state, const char *hash, json_t **ret_graph, Error *err)
{
    *ret_graph = NULL;
    LedgerParams params = {0};
    ledger_param_text(&params, hash);
    ledger_param_int(&params, LEDGER_LANGUAGE);
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!ledger_call(state, "plan_graph", &params, &found, err))
        return false;
    if (db_rows(found) == 0)
        return true;
    *ret_graph = json_parse(db_value(found, 0, 0), (size_t)db_value_bytes(found, 0, 0), err);
    return *ret_graph != NULL || error_wrap(err, "plan %.12s", hash);
}

/* The row of a plan that this binary may run; language is the number of the column that says so. */
static bool call_for_plan(DbConn *state, const char *sql, const char *hash, int language,
                          DbResult **ret_found, Error *err)
{
    LedgerParams params = {0};
    AUTO(db_result_auto) DbResult *found = NULL;
    ledger_param_text(&params, hash);
    if (!ledger_call(state, sql, &params, &found, err))
        return false;
    if (db_rows(found) == 0)
        return error_set(err, ERROR_INPUT, "no plan is registered under %.12s", hash);
    if (db_int(found, 0, language) != LEDGER_LANGUAGE)
        return error_set(err, ERROR_REFUSED,
                         "the plan was registered by a binary with language %s, this one has %d: "
                         "resume with that binary",
                         db_value(found, 0, language), LEDGER_LANGUAGE);
    *ret_found = found;
    found = NULL;
    return true;
}

bool ledger_plan_target(DbConn *state, const char *hash, Arena *arena, const char **ret_target,
                        Error *err)
{
    enum { TARGET, LANGUAGE };
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!call_for_plan(state, "plan_target", hash, LANGUAGE, &found, err))
        return false;
    *ret_target =
        db_is_null(found, 0, TARGET) ? NULL : arena_strdup(arena, db_value(found, 0, TARGET));
    return true;
}

bool ledger_plan_load(DbConn *state, const char *hash, Bundle **ret_bundle, json_t **ret_graph,
                      Error *err)
{
    enum { BYTES, GRAPH, LANGUAGE };
    AUTO(db_result_auto) DbResult *found = NULL;
    if (!call_for_plan(state, "plan_load", hash, LANGUAGE, &found, err))
        return false;
    size_t length = (size_t)db_value_bytes(found, 0, BYTES);
    AUTO(base_free) unsigned char *packed = base_alloc(length + 1);
    size_t size = 0;
    if (sodium_base642bin(packed, length + 1, db_value(found, 0, BYTES), length, "\n", &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return error_set(err, ERROR_INTERNAL, "the bundle of plan %.12s is not base64", hash);
    AUTO(json_auto)
    json_t *graph =
        json_parse(db_value(found, 0, GRAPH), (size_t)db_value_bytes(found, 0, GRAPH), err);
    if (graph == NULL || !bundle_unpack(packed, size, ret_bundle, err))
        return error_wrap(err, "plan %.12s", hash);
    *ret_graph = json_incref(graph);
    return true;
}
