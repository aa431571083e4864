/* Reading steps where they are. */
#include "cli/steps.h"

#include "ledger/call.h"
#include "ledger/step.h"
#include "server/target.h"

bool cli_steps(const Cli *cli, const CliContext *context, DbConn *state, const json_t *head,
               json_t **ret_steps, Error *ret_why, Error *err)
{
    AUTO(json_auto) json_t *graphs = NULL;
    LedgerParams params = {0};
    ledger_param_text(&params, json_get_string(head, "plan", ""));
    *ret_steps = NULL;
    if (!ledger_call_json(state, "server_plan_graph", &params, &graphs, err))
        return false;
    const json_t *keys = json_object_get(json_array_get(graphs, 0), "keys");
    const ServerPlace place = {.environment = json_get_string(head, "environment", ""),
                               .target = json_get_string(keys, "target", "app"),
                               .system = json_get_string(head, "system_identifier", ""),
                               .database = json_get_string(head, "database", "")};
    const DbTarget here = {.conninfo = context->state->url};
    ServerTarget target = {0};
    ServerTargets *targets = targets_new(cli->loop, &here, context->config);
    bool ok = target_take(targets, state, &place, &target, ret_why) &&
              ledger_step_list(target.conn, json_get_int(head, "id", 0), ret_steps, ret_why);
    bool own = target.pool != NULL || target.conn == NULL;
    target_put(&target);
    targets_free(targets);
    if (ok || (own && ret_why->kind != ERROR_CANCELLED))
        return true;
    *err = *ret_why;
    return false;
}
